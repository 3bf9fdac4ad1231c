/** The module out of the bundle itself: for every runtime that may compile wasm from bytes. */

import { singles, size, text } from "#bytes";
import { type AttentionError, errorOf } from "../../errors/errors.js";
import { bytes } from "./text.js";

/**
 * Compiles it, synchronously.
 *
 * @throws an `AttentionError` where there is no WebAssembly (`wasm_missing`), where the runtime forbids it
 *   (`wasm_refused`), and where it wants more time for a module of this size (`wasm_compiling`): see `instantiate`
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
  "this runtime has no WebAssembly, which this package is made of (React Native's Hermes and a browser's lockdown mode " +
  "have none): make the call on a server and ask that one, or call the Worker of this project with `fetch`";

const COMPILING =
  "this browser compiles WebAssembly of this size only in the background, which the first call waits for: " +
  "until one has ended, keys are unknown here; Chromium 115 and later compile at once";

const REFUSED =
  "this runtime refuses to compile WebAssembly: " +
  "a page's Content-Security-Policy has to allow it with `script-src 'self' 'wasm-unsafe-eval'`; " +
  "a bundler for an edge runtime has to resolve this package with the condition `workerd` or `edge-light`";
