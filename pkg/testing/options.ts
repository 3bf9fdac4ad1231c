/** How a mock is set up. */

import { call, checkOptions, flag, object } from "../src/call/check.js";
import { basePath, list, oneOf, whole } from "./check.js";
import { chosen, type Guesses, type MockGuesses } from "./guesses.js";
import type { MockKeyOptions } from "./keys.js";
import type { MockRate } from "./rate.js";
import { type Wait, wait } from "./stream.js";

/** How a mock is set up; every option has a default. */
export interface MockOptions {
  /** Keys beside the two that every mock accepts. */
  readonly keys?: readonly MockKeyOptions[];
  /** The rate limit. Default: none. */
  readonly rate?: MockRate;
  /** Unix milliseconds: give a clock of your own to make time pass. Default: `Date.now`. */
  readonly now?: () => number;
  /**
   * Resolves after so many milliseconds, for delays that a test asks for: the other half of a clock of your own. It
   * should reject with the signal's reason when that fires first. Default: `setTimeout`, faked or not.
   */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /**
   * The path that the operations are below, such as `/proxy/v2`; anything else is answered 404. Default: any path
   * that ends in `v2` or stands before an operation.
   */
  readonly basePath?: string;
  /**
   * Whether a parameter that no public page knows is a 400 that names it. Default: false; then it is ignored, a
   * warning on the console names it once, and `requests` does each time.
   */
  readonly strict?: boolean | undefined;
  /** What the mock does where the public pages leave it open. */
  readonly guesses?: MockGuesses;
  /** How many conversations the mock organisation has. Default: 137. */
  readonly conversations?: number;
  /** How long the super agent thinks: above 0 it answers 202 and is polled. Default: 0. */
  readonly superAgentMs?: number;
  /** How many of the last calls `requests` keeps. Default: 1000. */
  readonly recordRequests?: number;
  /** How much of each body `requests` keeps. Default: 65536. */
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
