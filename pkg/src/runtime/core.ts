/** The binding with names for its numbers, loaded at its first use. */

import { Upstream as Generated } from "#binding";
import * as glue from "#glue";
import { compile } from "#module";

let loaded = false;

/** At the first use and not at the import, which therefore costs nothing and can be dropped. */
function load(): void {
  if (loaded) return;
  const { exports } = new WebAssembly.Instance(compile(), {
    "./attention_bg.js": glue as unknown as WebAssembly.ModuleImports,
  });
  glue.__wbg_set_wasm(exports);
  (exports.__wbindgen_start as () => void)();
  loaded = true;
}

const decoder = new TextDecoder();

/** The binding wants headers at each step, and reads them when a response has come. */
const NO_HEADERS = undefined as unknown as Headers;

/** A server, the credentials for it, and the calls under way. */
export class Upstream {
  readonly #rules: Generated;
  readonly #token: number;
  #url = "";
  /** As the binding packs it: action, slot, milliseconds. */
  #step = 0;

  /**
   * Checks the base URL and the credentials.
   *
   * @param base the base URL; the API's own when there is none
   * @param current the API key, or the caller token of a Worker
   * @param next the key that is to replace it, during a rotation
   * @param token whether `current` is a caller token
   * @throws the JSON of an error, as a string
   */
  constructor(base: string | null | undefined, current: string, next: string | null | undefined, token: boolean) {
    load();
    this.#rules = new Generated();
    this.#token = token ? 4 : 0;
    this.#open(base, current, next);
  }

  /** Puts other credentials in place of the ones there. Throws as the constructor does. */
  replaceKeys(current: string, next: string | null | undefined): void {
    this.#open(undefined, current, next);
  }

  /** The base URL. */
  baseUrl(): string {
    return this.#rules.text(2, 0, "", 0);
  }

  /**
   * Begins a call and gives its number; the first action and the URL can be read then.
   *
   * @param flags 1: sending twice is harmless; 2: the body can be sent once only; 4: sending twice is not harmless,
   * whatever the method
   * @param timeout in milliseconds, negative for none; as `attemptTimeout`
   * @param now Unix milliseconds
   * @throws the JSON of an error, when the request is refused before it is sent
   */
  begin(
    method: string,
    target: string,
    query: string,
    flags: number,
    maxRetries: number,
    timeout: number,
    attemptTimeout: number,
    now: number,
  ): number {
    this.#url = this.#rules.start(method, target, query, flags, maxRetries, timeout, attemptTimeout, now);
    if (this.#url === "") throw this.error(-1, "", 0);
    this.#step = this.#rules.read(0, 0);
    return this.#rules.read(1, 0);
  }

  /** The URL of the call begun last. */
  url(): string {
    return this.#url;
  }

  /** A response's head has come; gives the next action. `unit` is a random number from 0 to 1. */
  onResponse(number: number, status: number, headers: Headers, now: number, unit: number): number {
    return this.#on(number, 1, status, headers, now, unit);
  }

  /** No response came: 0 the connection failed, 1 it took too long, 2 the caller gave up. Gives the next action. */
  onFailure(number: number, failure: number, now: number, unit: number): number {
    return this.#on(number, 2 + failure, 0, NO_HEADERS, now, unit);
  }

  /** The wait is over; gives the next action. */
  onWaited(number: number, now: number): number {
    return this.#on(number, 0, 0, NO_HEADERS, now, 0);
  }

  /** The next action: 0 send, 1 wait, 2 success, 3 rejected, 4 failed. */
  action(): number {
    return this.#step & 7;
  }

  /** For a send: whose `Authorization` it takes, 0 current, 1 next. */
  slot(): number {
    return (this.#step >> 3) & 1;
  }

  /** For a wait: its length in milliseconds. */
  waitMillis(): number {
    return Math.floor(this.#step / 16);
  }

  /** For a send: the timeout up to the response's head in milliseconds, or -1. */
  timeoutMillis(): number {
    return this.waitMillis() - 1;
  }

  /** The `Authorization` header of a slot. The one method that gives a key away. */
  authorization(slot: number): string | undefined {
    return this.#rules.text(slot, 0, "", 0) || undefined;
  }

  /**
   * The JSON of the error that a rejected or failed call ended with; its number is free afterwards.
   *
   * @param body what was read of a rejected call's body
   */
  error(number: number, body: Uint8Array | string, now: number): string {
    return this.#rules.text(4, number, typeof body === "string" ? body : decoder.decode(body), now);
  }

  /** The switch of keys that the last response brought about, once: 0 none, 1 to current, 2 to next. */
  takeSwitch(): number {
    return this.#rules.read(2, 0);
  }

  /** What is known of the credentials, as JSON, without the credentials. */
  keys(): string {
    return this.#rules.text(3, 0, "", 0);
  }

  /** How many requests a call has sent so far. */
  attempts(number: number): number {
    return this.#rules.read(4, number);
  }

  /** How many calls are under way; for tests of leaks. */
  openCalls(): number {
    return this.#rules.read(3, 0);
  }

  /** Lets go of the credentials. Whatever is called afterwards throws. */
  free(): void {
    this.#rules.free();
  }

  /** As `free`, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }

  #open(base: string | null | undefined, current: string, next: string | null | undefined): void {
    const flags = (base == null ? 0 : 1) | (next == null ? 0 : 2) | this.#token;
    if (!this.#rules.open(base ?? "", current, next ?? "", flags)) throw this.error(-1, "", 0);
  }

  #on(number: number, event: number, status: number, headers: Headers, now: number, unit: number): number {
    this.#step = this.#rules.step(number, event, status, headers, now, unit);
    return this.action();
  }
}
