/**
 * The rules of a call (attention-core), for programs with a driver of their own.
 *
 * ```js
 * import { Action, errorOf, Failure, Slot, Upstream } from "attention-wasm/core";
 *
 * const upstream = new Upstream(undefined, key, undefined, false);
 * const request = { method: "GET", path: "/users", timeout: 60_000 };
 * const now = Date.now();
 * for (let step = upstream.begin(request, now, now), response; ; ) {
 *   switch (step.action) {
 *     case Action.Send:
 *       try {
 *         const headers = { authorization: upstream.authorization(step.slot) };
 *         response = await fetch(step.url, { headers, redirect: "manual" });
 *       } catch {
 *         step = upstream.onFailure(step.call, Failure.Connection, Date.now(), Math.random());
 *         break;
 *       }
 *       step = upstream.onResponse(step.call, response.status, response.headers, Date.now(), Math.random());
 *       break;
 *     case Action.Wait:
 *       await new Promise((resolve) => setTimeout(resolve, step.duration));
 *       step = upstream.onWaited(step.call, Date.now());
 *       break;
 *     case Action.Success:
 *       return response;
 *     case Action.Rejected:
 *       throw errorOf(upstream.error(step.call, (await response.text()).slice(0, step.limit), Date.now()));
 *     case Action.Failed:
 *       throw errorOf(step.error);
 *   }
 * }
 * ```
 *
 * It performs no IO and reads no clock. The client of this package is one such
 * driver, and shares its wasm instance.
 *
 * @module
 */

export * from "./errors/errors.js";
export * from "./runtime/rules.js";
