/** attention-core as wasm: wasm-bindgen's output for crates/wasm, loaded on first use. */

import type { CallRequest, Defaults, ErrorFacts, Failure, Method, Step } from "#binding";
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
import { mustHave } from "./globals.js";
import { isError } from "./realms.js";

export type { CallRequest, Defaults, Failed, Rejected, Send, Step, Success, Wait } from "#binding";
export { Action, Failure, Slot } from "#binding";

/** The current instance. A trap leaves it in an unknown state, so it is dropped, and the next use makes another. */
let instance: WebAssembly.Exports | undefined;

/** Frees collected upstreams. wasm-bindgen's own registry would free in the wrong instance after a trap. */
let forgotten: FinalizationRegistry<() => void> | undefined;

/** Not run by the import, which therefore costs nothing and can be dropped by bundlers. */
function load(): WebAssembly.Exports {
  if (instance !== undefined) return instance;
  mustHave(["TextDecoder", "TextEncoder"]);
  const module = compile();
  return use(new WebAssembly.Instance(module, imports()));
}

function use({ exports }: WebAssembly.Instance): WebAssembly.Exports {
  // Missing in Workers with a compatibility date before 2025-05-05. There, upstreams that are not freed leak.
  if (typeof FinalizationRegistry === "function") forgotten ??= new FinalizationRegistry((free) => free());
  guardMethods();
  __wbg_set_wasm(exports);
  (exports.__wbindgen_start as () => void)();
  instance = exports;
  return exports;
}

/**
 * Undefined if core can be used at once: everywhere except on a page's main thread in Chromium before 115, which
 * compiles a module of this size only asynchronously. There it is a promise until that is done, and earlier calls throw
 * a ConfigError with the code `wasm_compiling`.
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

/** Runs a function that calls into wasm. */
function run<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw told(error);
  }
}

/**
 * Converts an exception for the caller: traps and refusals to an `AttentionError`; a JavaScript `Error` stays as it is.
 */
function told(error: unknown): unknown {
  if (isTrap(error)) return trapped(error);
  return isError(error) ? error : errorOf(error as ErrorFacts);
}

/** A trap is a RuntimeError. A stack overflow within Rust counts too, because destructors have not run. */
function isTrap(error: unknown): boolean {
  return /^(Runtime|Range|Internal)Error$/.test((error as Error | undefined)?.name ?? "");
}

function trapped(cause: unknown): AttentionError {
  if (instance !== undefined) {
    // The glue caches views of the memory and checks whether they are detached; this detaches them.
    (instance.memory as WebAssembly.Memory).grow(0);
    instance = undefined;
  }
  return lost(cause);
}

function lost(cause?: unknown): AttentionError {
  return errorOf({ kind: "protocol", code: "wasm_trap", attempts: 0, message: TRAPPED }, cause);
}

const TRAPPED =
  "the WebAssembly of this package crashed, which is a bug: please report it. A call in progress may have been " +
  "processed; the next call uses a new instance";

/** The instance of each upstream. */
const homes = new WeakMap<object, WebAssembly.Exports>();

let isGuarded = false;

/** If an upstream's instance is gone, its methods throw, and freeing it does nothing: its address may be reused. */
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

/** Whether a trap has discarded its instance. */
export function isLost(upstream: Upstream): boolean {
  return homes.get(upstream) !== instance;
}

/** A server, its credentials and the calls in progress. Times are Unix milliseconds. */
export class Upstream extends Generated {
  /**
   * @param base the base URL; undefined for the API's own
   * @param current the API key, or the caller token of a Worker
   * @param next during a rotation, the key that will replace it
   * @param token whether `current` is a caller token
   * @throws an `AttentionError` if one of them is refused
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

  /**
   * Begins a call whose timeout runs from `started`. A request that is refused before it is sent fails at once.
   *
   * @throws TypeError if its path or query is not a string
   */
  begin(request: CallRequest, started: number, now: number): Step {
    const { method, path, query, idempotent, isOneShot = false, maxRetries, timeout, attemptTimeout } = request;
    const { remember = false, keyLevel } = request;
    // The binding would read bytes of anything else.
    if (typeof path !== "string" || (query !== undefined && typeof query !== "string"))
      throw new TypeError("path and query must be strings");
    return this.beginCall(
      method as Method,
      path,
      query,
      idempotent,
      isOneShot,
      maxRetries,
      timeout ?? Infinity,
      attemptTimeout ?? Infinity,
      remember,
      keyLevel,
      started,
      now,
    );
  }

  override free(): void {
    forgotten?.unregister(this);
    super.free();
  }

  /** Same as `free`, for `using`. */
  override [Symbol.dispose](): void {
    this.free();
  }
}

/** Frees it when it is collected. A separate function, so that no closure holds the upstream. */
function freeing(home: WebAssembly.Exports, upstream: Upstream): () => void {
  const { __wbg_ptr: address } = upstream as unknown as { readonly __wbg_ptr: number };
  const free = home.__wbg_upstream_free as (address: number, isForgotten: number) => void;
  return () => {
    try {
      if (home === instance) run(() => free(address, 1));
    } catch {
      // A trap cannot be reported here; the next use makes another instance.
    }
  };
}

/** The defaults. */
export function defaults(): Defaults {
  load();
  return run(defaultsOf);
}

/** The server's request id in these headers. */
export function requestId(headers: Pick<Headers, "get">): string | undefined {
  load();
  return run(() => idOf(headers));
}

/** Removes these credentials from a text, in every spelling, and anything that looks like one. */
export function scrub(text: string, secrets: readonly string[]): string {
  load();
  return scrubbed(text, secrets.join("\n"));
}

/** The error of a call without a response, after this many requests. `cause` must be redacted. */
export function errorOfFailure(failure: Failure, attempts: number, cause?: unknown): AttentionError {
  load();
  return errorOf(
    run(() => factsOfFailure(failure, attempts)),
    cause,
  );
}
