/** The module out of the bundle itself: for every runtime that may compile wasm from bytes. */

import { packed, size } from "#bytes";
import { inflate } from "./inflate.js";

/** Node's own modules, without an import that a bundler would trip over. */
interface Builtins {
  readonly process?: { getBuiltinModule?(name: "node:zlib"): { inflateRawSync(input: Uint8Array): Uint8Array<ArrayBuffer> } | undefined };
}

/**
 * Compiles it, synchronously: it is small enough for every engine's limit on the main thread.
 *
 * @throws the JSON of an error, as all of the binding does, where the runtime forbids it
 */
export function compile(): WebAssembly.Module {
  const zlib = (globalThis as Builtins).process?.getBuiltinModule?.("node:zlib");
  const input = bytes(packed);
  const wasm = zlib?.inflateRawSync(input) ?? inflate(input, size);
  try {
    return new WebAssembly.Module(wasm);
  } catch (error) {
    throw JSON.stringify({ kind: "config", code: "wasm_refused", attempts: 0, message: `${REFUSED} (${String(error)})` });
  }
}

const REFUSED =
  "this runtime refuses to compile WebAssembly: a page's Content-Security-Policy has to allow it with `script-src 'self' 'wasm-unsafe-eval'`; a bundler for an edge runtime has to resolve this package with the condition `workerd` or `edge-light`";

function bytes(base64: string): Uint8Array {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let at = 0; at < out.length; at++) out[at] = text.charCodeAt(at);
  return out;
}
