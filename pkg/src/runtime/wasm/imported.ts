/** The module as the runtime compiled it: for edge runtimes, which forbid compiling from bytes. */

import module from "#runtime-module";

/** Gives it. */
export function compile(): WebAssembly.Module {
  return module;
}
