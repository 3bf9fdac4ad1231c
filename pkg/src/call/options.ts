/** The options of a call. */

import type { CallLimits } from "#binding";
import type { Body } from "./body.js";
import * as check from "./check.js";
import type { FetchOptions } from "./fetch-options.js";
import type { HeaderOptions } from "./headers.js";
import type { Query } from "./query.js";

/** What sets one call apart; a limit takes the place of the client's. */
export interface CallOptions extends CallLimits {
  readonly query?: Query | undefined;
  /** An object or array is sent as JSON. */
  readonly body?: Body | undefined;
  readonly headers?: HeaderOptions | undefined;
  /** Handed on to `fetch`; a name takes the place of the client's `fetchOptions`. */
  readonly fetchOptions?: FetchOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Sent as `Idempotency-Key`, with the call that changes something. No page of the API knows this header, so it is
   * not taken as leave to send anything twice; `idempotent: true` is.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Whether sending twice is harmless. Default: what the method and the operation's description say. What was
   * certainly not processed, as with a 429, is sent again all the same.
   */
  readonly idempotent?: boolean | undefined;
}

export const CALL_OPTIONS: Readonly<Record<keyof CallOptions, check.Rule>> = {
  query: check.object,
  body: check.anything,
  headers: check.object,
  signal: check.signal,
  timeout: check.milliseconds,
  attemptTimeout: check.milliseconds,
  maxRetries: check.count,
  idempotencyKey: check.text,
  idempotent: check.flag,
  fetchOptions: check.members,
};
