/**
 * The rules themselves: attention-core, for people who write their own driver.
 *
 * ```js
 * import { Upstream } from "attention-wasm/core";
 *
 * const upstream = new Upstream("https://api.attention.tech/v2", key, undefined, false);
 * const number = upstream.begin("GET", "/users", "", 0, 2, 60_000, -1, Date.now());
 * // upstream.action() says what to do next: 0 send, 1 wait, 2 success, 3 rejected, 4 failed.
 * ```
 *
 * It performs no IO and reads no clock. What it throws is the JSON of an error.
 * The client of this package is one driver of it; both share one instance.
 *
 * @module
 */

import * as glue from "#glue";
import { Upstream as Generated } from "#binding";
import { compile } from "#module";

let loaded = false;

/** At the first use and not at the import, which therefore costs nothing and can be dropped. */
function load(): void {
  if (loaded) return;
  const { exports } = new WebAssembly.Instance(compile(), { "./attention_bg.js": glue as unknown as WebAssembly.ModuleImports });
  glue.__wbg_set_wasm(exports);
  (exports["__wbindgen_start"] as () => void)();
  loaded = true;
}

/** A server, the credentials for it, and the calls under way. */
export class Upstream extends Generated {
  /**
   * Checks the base URL and the credentials.
   *
   * @param base the base URL
   * @param current the API key, or the caller token of a Worker
   * @param next the key that is to replace it, during a rotation
   * @param token whether `current` is a caller token
   * @throws the JSON of an error, as a string
   */
  constructor(...args: ConstructorParameters<typeof Generated>) {
    load();
    super(...args);
  }
}
