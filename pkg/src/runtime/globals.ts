/** Globals that every supported runtime has, and that a context of one's own (node:vm, jsdom) may lack. */

import { errorOf } from "../errors/errors.js";

/** Throws an `AttentionError` that names the missing ones; not without WebAssembly, whose lack has an error of its own. */
export function mustHave(names: readonly string[]): void {
  if (!("WebAssembly" in globalThis)) return;
  const missing = names.filter((name) => !(name in globalThis));
  if (missing.length === 0) return;
  const message = `this runtime lacks ${missing.join(" and ")}${ADVICE}`;
  throw errorOf({ kind: "config", code: "globals_missing", attempts: 0, message });
}

const ADVICE =
  ": give its context the globals that Node and browsers have; instead of Jest's jsdom use its environment `node`, or " +
  "one that keeps Node's own globals, such as `jest-fixed-jsdom`";
