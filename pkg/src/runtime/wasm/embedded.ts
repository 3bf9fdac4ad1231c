/** The module out of the bundle itself: for every runtime that may compile wasm from bytes. */

import { singles, size, text } from "#bytes";
import { errorOf } from "../../errors/errors.js";
import { bytes } from "./text.js";

/**
 * Compiles it, synchronously: it is small enough for every engine's limit on the main thread.
 *
 * @throws an `AttentionError` where the runtime forbids it
 */
export function compile(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes(text, singles, size));
  } catch (error) {
    throw errorOf({
      kind: "config",
      code: "wasm_refused",
      attempts: 0,
      message: `${REFUSED} (${String(error)})`,
    });
  }
}

const REFUSED =
  "this runtime refuses to compile WebAssembly: " +
  "a page's Content-Security-Policy has to allow it with `script-src 'self' 'wasm-unsafe-eval'`; " +
  "a bundler for an edge runtime has to resolve this package with the condition `workerd` or `edge-light`";
