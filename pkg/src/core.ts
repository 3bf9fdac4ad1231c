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

export { Upstream } from "./runtime/core.js";
