/** The options of a call. */

import type { CallLimits } from "#binding";
import type { Body } from "./body.js";
import * as check from "./check.js";
import type { FetchOptions } from "./fetch-options.js";
import type { HeaderOptions } from "./headers.js";
import type { Query } from "./query.js";

/** The options of one call; its limits override the client's. */
export interface CallOptions extends CallLimits {
  readonly query?: Query | undefined;
  /** The request body; an object or array is sent as JSON. */
  readonly body?: Body | undefined;
  readonly headers?: HeaderOptions | undefined;
  /** Passed to `fetch`; each name overrides the client's `fetchOptions`. */
  readonly fetchOptions?: FetchOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Sent as `Idempotency-Key`. The API does not document this header, so it does not permit the client to send a
   * request twice; `idempotent: true` does.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Whether sending the request twice is harmless. Default: according to the method and the operation's description. A
   * request that was certainly not processed (429, for instance) is retried in any case.
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
