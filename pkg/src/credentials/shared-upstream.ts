/** A server and its credentials, shared by a client and the clients derived from it. */

import type { KeyInfo, KeysInfo } from "#binding";
import { type Place, Semaphore } from "../call/semaphore.js";
import { AttentionError, about, InvalidKeyError } from "../errors/errors.js";
import { type Defaults, defaults, isLost, loading, Slot, Upstream } from "../runtime/rules.js";
import { ask, type Credential, type Given, ofEnvironment } from "./provider.js";
import { isAsked } from "./recursion.js";
import { Renewal, type Taken } from "./renewal.js";

/** A placeholder for a credential that a function has not returned yet; never sent. */
const PENDING = "credential-not-yet-asked-for";

/** The number of former credentials that foreign errors may still contain. */
const MOST_SECRETS = 16;

const BEFORE_THE_LAST_FIFTH = 0.8;

/** The names of the settings: options, or environment variables. */
export interface Settings {
  readonly baseURL: string;
  readonly current: string;
  readonly next: string;
}

export class SharedUpstream {
  #upstream: Upstream | undefined;
  #defaults: Defaults | undefined;
  #baseURL: string | undefined;
  readonly #isToken: boolean;
  readonly #sources: readonly [current: Credential, next: Credential | undefined];
  readonly #settings: Settings;
  /** Whether a function provides one of them. */
  readonly isDynamic: boolean;
  /** Decides when functions are called. */
  readonly renewal = new Renewal(
    () => this.#askAll(),
    (given) => this.#take(given),
    () => this.#sources[0] === ofEnvironment,
  );
  /** `Authorization` for each slot; it is used only in requests. */
  #authorizations: readonly (string | undefined)[] = [];
  #secrets: string[] = [];
  #given: readonly Given[] = [];
  /** The failure of the last request for the next key alone. */
  #lost: { readonly error: unknown } | undefined;
  #generation = 0;
  #users = 1;
  #isFreed = false;
  readonly #semaphore = new Semaphore();
  readonly #claimed = new Set<string>();
  /** The earliest expiry that was not reported yet; Infinity if there is none. */
  expiresAt = Infinity;

  /** Throws an `AttentionError` that names the setting if the base URL or a credential is refused. */
  constructor(
    baseURL: string | undefined,
    current: Credential,
    next: Credential | undefined,
    token: boolean,
    settings: Settings = { baseURL: "baseURL", current: "apiKey", next: "nextApiKey" },
  ) {
    this.#settings = settings;
    this.#sources = [current, next];
    this.isDynamic = typeof current === "function" || typeof next === "function";
    this.#baseURL = baseURL;
    this.#isToken = token;
    // Static settings are checked here; others at the first call.
    if (loading() === undefined) this.#make();
  }

  /** The upstream; made again with the same credentials after a trap. */
  get upstream(): Upstream {
    return this.#upstream === undefined || isLost(this.#upstream) ? this.#make() : this.#upstream;
  }

  #make(): Upstream {
    const held = this.#sources.map((source, at) => this.#given[at]?.text ?? source);
    const [current, next] = held.map((text) => (typeof text === "string" ? text : undefined));
    try {
      this.#upstream = new Upstream(this.#baseURL, current ?? PENDING, next, this.#isToken);
    } catch (refusal) {
      throw this.#refusal(refusal, current ?? PENDING);
    }
    this.#baseURL = this.#upstream.baseUrl();
    this.#defaults ??= defaults();
    if (!held.some((text) => typeof text === "function")) this.#remember(current, next);
    this.#noteExpiries(this.#upstream);
    return this.#upstream;
  }

  #noteExpiries(upstream: Upstream): void {
    for (const [at, slot] of [Slot.Current, Slot.Next].entries()) {
      const expiresAt = this.#given[at]?.expiresAt;
      if (expiresAt !== undefined) upstream.noteExpiry(slot, expiresAt);
    }
  }

  /** The base URL as core normalizes it; as it was passed while core is still being compiled. */
  get baseURL(): string {
    return this.#baseURL ?? "";
  }

  /** The default limits of calls. */
  get defaults(): Defaults {
    this.#defaults ??= defaults();
    return this.#defaults;
  }

  /** Whether the credentials must still be requested. */
  get isPending(): boolean {
    return this.isDynamic && this.#generation === 0;
  }

  /** Increases whenever the credentials are replaced. */
  get generation(): number {
    return this.#generation;
  }

  /** Every credential that a foreign error may contain. */
  readonly secrets = (): readonly string[] => this.#secrets;

  /** The `Authorization` header for a slot. */
  authorization(slot: Slot): string {
    return this.#authorizations[slot]!;
  }

  /** Limits the concurrent calls. `end` must follow each turn. */
  get semaphore(): Semaphore {
    return this.#semaphore;
  }

  /** Ends a call. */
  end(place: Place): void {
    this.#semaphore.leave(place);
    this.#freeWhenIdle();
  }

  /** Whether a credential function made this call, which would wait for itself. */
  get isAsked(): boolean {
    return isAsked(this.#sources);
  }

  /** The state of the credentials. */
  info(): KeysInfo {
    if (loading() !== undefined)
      return { kind: this.#isToken ? "caller_token" : "api_key", inUse: "current", keys: [] };
    const info = this.upstream.keys();
    return this.isPending ? { ...info, keys: [] } : info;
  }

  /** Notes that a key's expiry is reported; false if it already was. */
  claimExpiryNotice(fingerprint: string): boolean {
    if (this.#claimed.has(fingerprint)) return false;
    this.#claimed.add(fingerprint);
    this.#watchExpiry();
    return true;
  }

  /** Adds a client that uses it. */
  share(): this {
    this.#users++;
    return this;
  }

  /** Removes a client. After the last one and its calls, the credentials are released. */
  close(): void {
    this.#users--;
    this.#freeWhenIdle();
  }

  /** Returns the failure of a request for the next key, once. Calls continue with the current one. */
  takeFailure(): { readonly error: unknown } | undefined {
    const lost = this.#lost;
    this.#lost = undefined;
    return lost;
  }

  /**
   * Both at once. The next key is needed only when the current one is refused, so if only its function fails, the former
   * one stays; but not the first time, when a mistake in it would go unnoticed.
   */
  async #askAll(): Promise<readonly Given[]> {
    const [current, next] = this.#sources;
    if (next === undefined) return [await this.#ask(current, 0)];
    let lost: { readonly error: unknown } | undefined;
    const asked = this.#ask(next, 1).catch((error: unknown) => {
      if (this.isPending || !(error instanceof AttentionError) || error.code !== "key_provider_failed") throw error;
      lost = { error };
      return this.#given[1];
    });
    const given = await Promise.all([this.#ask(current, 0), asked]);
    this.#lost = lost;
    return given.filter((one) => one !== undefined);
  }

  #ask(source: Credential, at: number): Promise<Given> {
    return ask(source, this.#secrets).catch((error: unknown) => {
      const { current, next } = this.#settings;
      throw about(at === 0 ? current : next, error, "key_provider_failed");
    });
  }

  /** Adds the setting's name to a refusal: of two keys, the one that is refused by itself. */
  #refusal(refusal: unknown, current: string): unknown {
    const { baseURL, ...names } = this.#settings;
    if (!(refusal instanceof InvalidKeyError)) return about(baseURL, refusal);
    try {
      new Upstream(undefined, current, undefined, this.#isToken).free();
    } catch {
      return about(names.current, refusal);
    }
    return about(names.next, refusal);
  }

  #take(given: readonly Given[]): Taken {
    // Closed while the request was in progress.
    if (this.#isFreed) return { changed: false, isPartial: false, due: Infinity, end: Infinity };
    const changed = given.some(({ text }, at) => text !== this.#given[at]?.text);
    const isPartial = this.#lost !== undefined;
    const [current, next] = given as [Given, Given?];
    if (changed) {
      try {
        this.upstream.replaceKeys(current.text, next?.text);
      } catch (refusal) {
        throw this.#refusal(refusal, current.text);
      }
      this.#generation++;
    }
    this.#given = given;
    this.#noteExpiries(this.upstream);
    if (changed) this.#remember(current.text, next?.text);
    else this.#watchExpiry();
    return { changed, isPartial, ...this.#life() };
  }

  /** Milliseconds from now. */
  #life(): Pick<Taken, "due" | "end"> {
    const now = Date.now();
    let [due, end] = [Infinity, 0];
    for (const { slot, expiresAt = Infinity } of this.info().keys) {
      const isStatic = typeof this.#sources[slot === "next" ? 1 : 0] === "string";
      const left = expiresAt - now;
      // A credential that is already expired when it is returned suggests a wrong clock: the server decides.
      const life = left > 0 || isStatic ? left : Infinity;
      if (!isStatic) due = Math.min(due, life * BEFORE_THE_LAST_FIFTH);
      end = Math.max(end, life);
    }
    return { due, end };
  }

  #remember(...given: readonly (string | undefined)[]): void {
    this.#authorizations = [this.upstream.authorization(Slot.Current), this.upstream.authorization(Slot.Next)];
    for (const held of given) {
      // Without surrounding blanks, which are not sent.
      if (held !== undefined) this.#secrets = [...new Set([held.trim(), ...this.#secrets])].slice(0, MOST_SECRETS);
    }
    this.#watchExpiry();
  }

  /** Keys whose expiry was not reported yet and matters; short-lived ones are renewed silently. */
  expiring(): readonly KeyInfo[] {
    const { kind, keys } = this.info();
    return keys.filter(({ slot, fingerprint }) => {
      const at = slot === "next" ? 1 : 0;
      const isRenewed = typeof this.#sources[at] === "function";
      const isIssued = kind === "caller_token" || this.#given[at]?.expiresAt !== undefined;
      return !(isRenewed && isIssued) && !this.#claimed.has(fingerprint);
    });
  }

  #watchExpiry(): void {
    const untold = this.expiring();
    this.expiresAt = Math.min(...untold.map(({ expiresAt = Infinity }) => expiresAt));
  }

  #freeWhenIdle(): void {
    if (this.#users > 0 || !this.#semaphore.isIdle) return;
    this.#users = Infinity;
    this.#isFreed = true;
    this.#upstream?.free();
    this.#authorizations = [];
    this.#given = [];
  }
}
