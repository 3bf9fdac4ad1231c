/** The options of a mock. */

import { call, checkOptions, flag, object } from "../src/call/check.js";
import { basePath, list, oneOf, whole } from "./check.js";
import { chosen, type Guesses, type MockGuesses } from "./guesses.js";
import type { MockKeyOptions } from "./keys.js";
import type { MockRate } from "./rate.js";
import { type Wait, wait } from "./stream.js";

/** The options of a mock; each has a default. */
export interface MockOptions {
  /** Additional keys, beside the two that every mock accepts. */
  readonly keys?: readonly MockKeyOptions[];
  /** The rate limit. Default: none. */
  readonly rate?: MockRate;
  /** The clock, in Unix milliseconds; pass your own to control time. Default: `Date.now`. */
  readonly now?: () => number;
  /**
   * Resolves after this many milliseconds; together with `now`, it controls the time of delays. It should reject with
   * the signal's reason if that fires first. Default: `setTimeout`, faked or not.
   */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /**
   * The path before the operations, such as `/proxy/v2`; any other path is 404. Default: any path that ends in `v2` or
   * precedes an operation.
   */
  readonly basePath?: string;
  /**
   * Whether an undocumented parameter is a 400 that names it. Default: false; it is then ignored, but a warning on the
   * console names it once, and `requests` each time.
   */
  readonly strict?: boolean | undefined;
  /** The mock's behaviour where the documentation is silent. */
  readonly guesses?: MockGuesses;
  /** The number of conversations. Default: 137. */
  readonly conversations?: number;
  /** The super agent's time to answer; above 0 it returns 202 and must be polled. Default: 0. */
  readonly superAgentMs?: number;
  /** The number of calls in `requests`. Default: 1000. */
  readonly recordRequests?: number;
  /** The recorded bytes of each body. Default: 65536. */
  readonly recordBodyBytes?: number;
}

/** The same with the defaults filled in. */
export interface Settings {
  readonly keys: readonly MockKeyOptions[];
  readonly rate: MockRate | null;
  readonly now: () => number;
  readonly wait: Wait;
  readonly basePath: string | undefined;
  readonly strict: boolean;
  readonly guesses: Guesses;
  readonly conversations: number;
  readonly superAgentMs: number;
  readonly recordRequests: number;
  readonly recordBodyBytes: number;
}

export function settings(options: MockOptions): Settings {
  checkOptions("mockAttention", options, {
    keys: list,
    rate: object,
    now: call,
    wait: call,
    basePath,
    strict: flag,
    guesses: object,
    conversations: whole(0, 100_000),
    superAgentMs: whole(0),
    recordRequests: whole(0),
    recordBodyBytes: whole(0),
  });
  if (options.rate !== undefined) checkRate("mockAttention.rate", options.rate);
  return {
    keys: options.keys ?? [],
    rate: options.rate ?? null,
    now: options.now ?? (() => Date.now()),
    wait: options.wait ?? wait,
    basePath: options.basePath?.replace(/\/+$/, ""),
    strict: options.strict ?? false,
    guesses: chosen(options.guesses ?? {}),
    conversations: options.conversations ?? 137,
    superAgentMs: options.superAgentMs ?? 0,
    recordRequests: options.recordRequests ?? 1000,
    recordBodyBytes: options.recordBodyBytes ?? 64 * 1024,
  };
}

export function checkRate(owner: string, rate: MockRate): void {
  checkOptions(owner, rate, {
    limit: whole(0),
    windowMs: whole(1),
    retryAfter: oneOf("seconds", "date", "none"),
    headers: oneOf("none", "ratelimit", "x-ratelimit"),
  });
  for (const name of ["limit", "windowMs"] as const) {
    if (rate[name] === undefined) throw new TypeError(`${owner}.${name}: missing`);
  }
}
