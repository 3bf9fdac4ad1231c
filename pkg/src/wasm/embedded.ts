/** The module out of the bundle itself: for every runtime that may compile wasm from bytes. */

import { packed, size } from "#bytes";
import { inflate } from "./inflate.js";

/** Compiles it, synchronously: small enough for every engine's limit on the main thread. */
export function compile(): WebAssembly.Module {
  return new WebAssembly.Module(inflate(bytes(packed), size));
}

function bytes(base64: string): Uint8Array {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let at = 0; at < out.length; at++) out[at] = text.charCodeAt(at);
  return out;
}
