/** A server and the credentials for it: what a client and those derived from it share. */

import type { KeysInfo } from "#binding";
import { type Place, Semaphore } from "../call/semaphore.js";
import { type Defaults, defaults, isLost, loading, Slot, Upstream } from "../runtime/rules.js";
import { ask, type Credential } from "./provider.js";

/** Keeps the place of a credential that a function has yet to give; never sent. */
const PENDING = "credential-not-yet-asked-for";

/** Credentials of former times that foreign errors may still hold. */
const MOST_SECRETS = 16;

export class SharedUpstream {
  #upstream: Upstream | undefined;
  #defaults: Defaults | undefined;
  #baseURL: string | undefined;
  readonly #isToken: boolean;
  readonly #sources: readonly [current: Credential, next: Credential | undefined];
  readonly #dynamic: boolean;
  /** `Authorization` of each place: from here it goes into requests and nowhere else. */
  #authorizations: readonly (string | undefined)[] = [];
  #secrets: string[] = [];
  #given: readonly [string, string | undefined] | undefined;
  #loading: Promise<boolean> | undefined;
  #generation = 0;
  #users = 1;
  readonly #semaphore = new Semaphore();
  readonly #claimed = new Set<string>();
  /** When the first of the keys that nobody was told of expires; Infinity when none does. */
  expiresAt = Infinity;

  /** Throws an `AttentionError` when the base URL or a credential is refused. */
  constructor(baseURL: string | undefined, current: Credential, next: Credential | undefined, token: boolean) {
    this.#sources = [current, next];
    this.#dynamic = typeof current === "function" || typeof next === "function";
    this.#baseURL = baseURL;
    this.#isToken = token;
    // So that what is refused is refused here; else at the first call.
    if (loading() === undefined) this.#make();
  }

  /** Made again, with the credentials that there are, when a trap has taken it. */
  get upstream(): Upstream {
    return this.#upstream === undefined || isLost(this.#upstream) ? this.#make() : this.#upstream;
  }

  #make(): Upstream {
    const [current, next] = this.#given ?? this.#sources;
    const isKnown = typeof current === "string" && typeof next !== "function";
    this.#upstream = new Upstream(
      this.#baseURL,
      typeof current === "string" ? current : PENDING,
      typeof next === "string" ? next : undefined,
      this.#isToken,
    );
    this.#baseURL = this.#upstream.baseUrl();
    this.#defaults ??= defaults();
    if (isKnown) this.#remember(current, next);
    return this.#upstream;
  }

  /** Where calls go, as core writes it; as it was given where core is still being compiled. */
  get baseURL(): string {
    return this.#baseURL ?? "";
  }

  /** What applies to calls that say nothing. */
  get defaults(): Defaults {
    this.#defaults ??= defaults();
    return this.#defaults;
  }

  /** Whether the credentials have yet to be asked for. */
  get isPending(): boolean {
    return this.#dynamic && this.#generation === 0;
  }

  /** Counts how often the credentials were replaced. */
  get generation(): number {
    return this.#generation;
  }

  /** Every credential that may stand in a foreign error. */
  readonly secrets = (): readonly string[] => this.#secrets;

  /** The `Authorization` header for a place. */
  authorization(slot: Slot): string {
    return this.#authorizations[slot]!;
  }

  /** How many calls are under way at once, and who is next. `end` must follow each turn. */
  get semaphore(): Semaphore {
    return this.#semaphore;
  }

  /** A call is over. */
  end(place: Place): void {
    this.#semaphore.leave(place);
    this.#freeWhenIdle();
  }

  /** Asks for the credentials that functions give; one question at a time. Tells whether they changed. */
  load(): Promise<boolean> {
    this.#loading ??= this.#ask().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** The credentials of that generation were refused: are there others now? */
  async refresh(generation: number): Promise<boolean> {
    if (!this.#dynamic) return false;
    return generation !== this.#generation || this.load();
  }

  /** What is known of the credentials. */
  info(): KeysInfo {
    if (loading() !== undefined)
      return { kind: this.#isToken ? "caller_token" : "api_key", inUse: "current", keys: [] };
    const info = this.upstream.keys();
    return this.isPending ? { ...info, keys: [] } : info;
  }

  /** Notes that somebody is told of this key's end; false when somebody was. */
  claimExpiryNotice(fingerprint: string): boolean {
    if (this.#claimed.has(fingerprint)) return false;
    this.#claimed.add(fingerprint);
    this.#watchExpiry();
    return true;
  }

  /** One more client uses it. */
  share(): this {
    this.#users++;
    return this;
  }

  /** One client less. The last one takes the credentials with it, once no call is under way. */
  close(): void {
    this.#users--;
    this.#freeWhenIdle();
  }

  async #ask(): Promise<boolean> {
    const [current, next] = await Promise.all([
      ask(this.#sources[0]),
      this.#sources[1] === undefined ? undefined : ask(this.#sources[1]),
    ]);
    if (this.#given?.[0] === current && this.#given[1] === next) return false;
    this.upstream.replaceKeys(current, next);
    this.#given = [current, next];
    this.#generation++;
    this.#remember(current, next);
    return true;
  }

  #remember(...given: readonly (string | undefined)[]): void {
    this.#authorizations = [this.upstream.authorization(Slot.Current), this.upstream.authorization(Slot.Next)];
    for (const held of given) {
      // Without the blanks around it, which are not sent.
      if (held !== undefined) this.#secrets = [...new Set([held.trim(), ...this.#secrets])].slice(0, MOST_SECRETS);
    }
    this.#watchExpiry();
  }

  #watchExpiry(): void {
    const untold = this.info().keys.filter(({ fingerprint }) => !this.#claimed.has(fingerprint));
    this.expiresAt = Math.min(...untold.map(({ expiresAt = Infinity }) => expiresAt));
  }

  #freeWhenIdle(): void {
    if (this.#users > 0 || !this.#semaphore.isIdle) return;
    this.#users = Infinity;
    this.#upstream?.free();
    this.#authorizations = [];
    this.#given = undefined;
  }
}
