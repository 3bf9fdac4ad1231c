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
import { compile, instantiate } from "#module";
import { type AttentionError, errorOf } from "../errors/errors.js";
import { isError } from "./realms.js";

export type { CallRequest, Defaults, Failed, Rejected, Send, Step, Success, Wait } from "#binding";
export { Action, Failure, Slot } from "#binding";

/** The instance that there is. A trap leaves it in an unknown state: then there is none, and the next use makes another. */
let instance: WebAssembly.Exports | undefined;

/** Frees what nobody freed. Not wasm-bindgen's own, which would free in another instance after a trap. */
let forgotten: FinalizationRegistry<() => void> | undefined;

/** Not at the import, which therefore costs nothing and can be dropped. */
function load(): WebAssembly.Exports {
  if (instance !== undefined) return instance;
  const missing = ["TextDecoder", "TextEncoder"].filter((name) => !(name in globalThis));
  if (missing.length > 0) {
    const message = `there is no ${missing.join(" and no ")} here, which every runtime has but ${BARE}`;
    throw errorOf({ kind: "config", code: "globals_missing", attempts: 0, message });
  }
  const module = compile();
  return use(new WebAssembly.Instance(module, imports()));
}

const BARE =
  "Jest's jsdom: use its environment `node`, or one that keeps Node's own globals, such as `jest-fixed-jsdom`";

function use({ exports }: WebAssembly.Instance): WebAssembly.Exports {
  // Absent in Workers whose compatibility date is before 2025-05-05. There, what is forgotten stays.
  if (typeof FinalizationRegistry === "function") forgotten ??= new FinalizationRegistry((free) => free());
  guardMethods();
  __wbg_set_wasm(exports);
  (exports.__wbindgen_start as () => void)();
  instance = exports;
  return exports;
}

/**
 * Undefined where the core can be used at once: everywhere but on the main thread of a page in Chromium before 115, which
 * compiles a module of this size only asynchronously. There it is a promise until that is done. What is called before
 * throws a ConfigError with the code `wasm_compiling`.
 */
export function loading(): Promise<unknown> | undefined {
  if (instance !== undefined) return undefined;
  try {
    load();
    return undefined;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "wasm_compiling") throw error;
    compiling ??= instantiate(imports())
      .then(use)
      .finally(() => {
        compiling = undefined;
      });
    return compiling;
  }
}

let compiling: Promise<unknown> | undefined;

/** Runs what calls into wasm. */
function run<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw told(error);
  }
}

/** What a caller is told of an exception: a trap and a refusal as an `AttentionError`, an `Error` of JavaScript's as it is. */
function told(error: unknown): unknown {
  if (isTrap(error)) return trapped(error);
  return isError(error) ? error : errorOf(error as ErrorFacts);
}

/** A trap is a RuntimeError. A stack that is used up in the middle of Rust counts: destructors have not run. */
function isTrap(error: unknown): boolean {
  return /^(Runtime|Range|Internal)Error$/.test((error as Error | undefined)?.name ?? "");
}

function trapped(cause: unknown): AttentionError {
  if (instance !== undefined) {
    // The glue keeps views of the memory, and looks whether they have been detached: this detaches them.
    (instance.memory as WebAssembly.Memory).grow(0);
    instance = undefined;
  }
  return lost(cause);
}

function lost(cause?: unknown): AttentionError {
  return errorOf({ kind: "protocol", code: "wasm_trap", attempts: 0, message: TRAPPED }, cause);
}

const TRAPPED =
  "the WebAssembly of this package has failed, which is a fault in it: please report it. A call that was under way may " +
  "have been done; the next one starts anew";

/** Which instance each upstream is in. */
const homes = new WeakMap<object, WebAssembly.Exports>();

let isGuarded = false;

/** Of an upstream whose instance is gone, methods throw, and freeing it is done: its address is another's by now. */
function guardMethods(): void {
  if (isGuarded) return;
  isGuarded = true;
  const prototype = Generated.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method = prototype[name]!;
    if (name === "constructor" || name.startsWith("__")) continue;
    prototype[name] = function (this: Upstream, ...args: unknown[]) {
      if (!isLost(this)) return run(() => method.apply(this, args));
      if (name === "free" || name === "abandon") return undefined;
      throw lost();
    };
  }
}

/** Whether a trap has taken it, since it was made. */
export function isLost(upstream: Upstream): boolean {
  return homes.get(upstream) !== instance;
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
    const home = load();
    try {
      super(base, current, next, token);
    } catch (error) {
      throw told(error);
    }
    homes.set(this, home);
    forgotten?.register(this, freeing(home, this), this);
  }

  override free(): void {
    forgotten?.unregister(this);
    super.free();
  }

  /** As `free`, for `using`. */
  override [Symbol.dispose](): void {
    this.free();
  }
}

/** Frees it when it is gone. A function of its own, so that it does not hold the upstream. */
function freeing(home: WebAssembly.Exports, upstream: Upstream): () => void {
  const { __wbg_ptr: address } = upstream as unknown as { readonly __wbg_ptr: number };
  const free = home.__wbg_upstream_free as (address: number, isForgotten: number) => void;
  return () => {
    try {
      if (home === instance) run(() => free(address, 1));
    } catch {
      // Nobody can be told of a trap here: the next use makes another instance.
    }
  };
}

/** What applies when a caller says nothing. */
export function defaults(): Defaults {
  load();
  return run(defaultsOf);
}

/** The id under which the server knows the exchange that these headers belong to. */
export function requestId(headers: Pick<Headers, "get">): string | undefined {
  load();
  return run(() => idOf(headers));
}

/** A text without these credentials, in whichever way they are written, and without what looks like one. */
export function scrub(text: string, secrets: readonly string[]): string {
  load();
  return scrubbed(text, secrets.join("\n"));
}

/** The error of a call that ended without a response, after so many requests. `cause` must hold no credential. */
export function errorOfFailure(failure: Failure, attempts: number, cause?: unknown): AttentionError {
  load();
  return errorOf(
    run(() => factsOfFailure(failure, attempts)),
    cause,
  );
}
