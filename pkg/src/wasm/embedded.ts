/** The module out of the bundle itself: for every runtime that may compile wasm from bytes. */

import { packed, size } from "#bytes";
import { inflate } from "./inflate.js";

/** Node's own modules, without an import that a bundler would trip over. */
interface Builtins {
  readonly process?: { getBuiltinModule?(name: "node:zlib"): { inflateRawSync(input: Uint8Array): Uint8Array<ArrayBuffer> } | undefined };
}

/** Compiles it, synchronously: it is small enough for every engine's limit on the main thread. */
export function compile(): WebAssembly.Module {
  const zlib = (globalThis as Builtins).process?.getBuiltinModule?.("node:zlib");
  const input = bytes(packed);
  return new WebAssembly.Module(zlib?.inflateRawSync(input) ?? inflate(input, size));
}

function bytes(base64: string): Uint8Array {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let at = 0; at < out.length; at++) out[at] = text.charCodeAt(at);
  return out;
}
