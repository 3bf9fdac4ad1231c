/** Compiles the module that is embedded in the bundle, for runtimes that may compile wasm from bytes. */

import { singles, size, text } from "#bytes";
import { type AttentionError, errorOf } from "../../errors/errors.js";
import { bytes } from "./text.js";

/**
 * Compiles it, synchronously.
 *
 * @throws an `AttentionError` if the runtime has no WebAssembly (`wasm_missing`), forbids compiling it
 *   (`wasm_refused`), or compiles a module of this size only asynchronously (`wasm_compiling`): see `instantiate`
 */
export function compile(): WebAssembly.Module {
  if (typeof WebAssembly === "undefined") throw failed("wasm_missing", MISSING);
  try {
    return new WebAssembly.Module(bytes(text, singles, size));
  } catch (error) {
    // A page's main thread in Chromium before 115, whose limit is 4 KB.
    throw error instanceof RangeError ? failed("wasm_compiling", COMPILING) : refused(error);
  }
}

/** Compiles it in the background. */
export async function instantiate(imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  try {
    return (await WebAssembly.instantiate(bytes(text, singles, size), imports)).instance;
  } catch (error) {
    throw refused(error);
  }
}

function refused(error: unknown): AttentionError {
  return failed("wasm_refused", `${REFUSED} (${String(error)})`);
}

function failed(code: string, message: string): AttentionError {
  return errorOf({ kind: "config", code, message, attempts: 0 });
}

const MISSING =
  "this runtime has no WebAssembly, which this package needs (React Native's Hermes and a browser's lockdown mode " +
  "have none): make the call on a server, or call this project's Worker with `fetch`";

const COMPILING =
  "this browser compiles WebAssembly of this size only in the background: keys are unknown until the first call " +
  "has ended; Chromium 115 and later compile at once";

const REFUSED =
  "this runtime refuses to compile WebAssembly: " +
  "a page's Content-Security-Policy must have `script-src 'self' 'wasm-unsafe-eval'`; " +
  "a bundler for an edge runtime must resolve this package with the condition `workerd` or `edge-light`";
