/** attention-core in wasm: what wasm-bindgen made of crates/wasm, loaded at its first use. */

import type { Defaults, ErrorFacts, Failure } from "#binding";
import {
  defaults as defaultsOf,
  errorOfFailure as factsOfFailure,
  Upstream as Generated,
  requestId as idOf,
  scrub as scrubbed,
} from "#binding";
import { __wbg_set_wasm } from "#glue";
import { imports } from "#imports";
import { compile } from "#module";
import { type AttentionError, errorOf } from "../errors/errors.js";

export type { CallRequest, Defaults, Failed, Rejected, Send, Step, Success, Wait } from "#binding";
export { Action, Failure, Slot } from "#binding";

let isLoaded = false;

/** Not at the import, which therefore costs nothing and can be dropped. */
function load(): void {
  if (isLoaded) return;
  const { exports } = new WebAssembly.Instance(compile(), imports());
  __wbg_set_wasm(exports);
  (exports.__wbindgen_start as () => void)();
  isLoaded = true;
}

/** A server, the credentials for it, and the calls under way. Times are Unix milliseconds. */
export class Upstream extends Generated {
  /**
   * @param base the base URL; the API's own when there is none
   * @param current the API key, or the caller token of a Worker
   * @param next the key that is to replace it, during a rotation
   * @param token whether `current` is a caller token
   * @throws an `AttentionError` when one of them is refused
   */
  constructor(base: string | null | undefined, current: string, next: string | null | undefined, token: boolean) {
    load();
    try {
      super(base, current, next, token);
    } catch (refusal) {
      throw asError(refusal);
    }
  }

  /** As `free`, for `using`. */
  override [Symbol.dispose](): void {
    this.free();
  }

  /** Puts other credentials in place of the ones there. Throws as the constructor does. */
  override replaceKeys(current: string, next: string | null | undefined): void {
    try {
      super.replaceKeys(current, next);
    } catch (refusal) {
      throw asError(refusal);
    }
  }
}

/** What the binding throws is the facts of a refusal; all else is an `Error` of JavaScript's. */
function asError(refusal: unknown): unknown {
  return refusal instanceof Error ? refusal : errorOf(refusal as ErrorFacts);
}

/** What applies when a caller says nothing. */
export function defaults(): Defaults {
  load();
  return defaultsOf();
}

/** The id under which the server knows the exchange that these headers belong to. */
export function requestId(headers: Pick<Headers, "get">): string | undefined {
  load();
  return idOf(headers);
}

/** A text without these credentials, in whichever way they are written, and without what looks like one. */
export function scrub(text: string, secrets: readonly string[]): string {
  load();
  return scrubbed(text, secrets.join("\n"));
}

/** The error of a call that ended without a response, after so many requests. `cause` must hold no credential. */
export function errorOfFailure(failure: Failure, attempts: number, cause?: unknown): AttentionError {
  load();
  return errorOf(factsOfFailure(failure, attempts), cause);
}
