/** Uses the module that the runtime compiled, for edge runtimes, which forbid compiling from bytes. */

import module from "#runtime-module";
import { errorOf } from "../../errors/errors.js";

/**
 * Returns it.
 *
 * @throws an `AttentionError` if a bundler replaced the module by something else
 */
export function compile(): WebAssembly.Module {
  if (Object.prototype.toString.call(module) === "[object WebAssembly.Module]") return module;
  throw errorOf({
    kind: "config",
    code: "wasm_not_a_module",
    attempts: 0,
    message:
      `the bundler made ${module === undefined ? "nothing" : `a ${typeof module}`} of \`attention.wasm\`, not the ` +
      "compiled module that an edge runtime gives for it: keep the import of that file as it is (`external`), or use " +
      "the bundler's plugin for this runtime",
  });
}

/** A compiled module is always available at once. */
export function instantiate(imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  return WebAssembly.instantiate(compile(), imports);
}
