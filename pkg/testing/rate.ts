/** A rate limit of so many calls in a fixed window, counted for each key apart. */

import type { HeaderList } from "./answer.js";

/** How many calls a key may make. The real limits are by contract and undocumented. */
export interface MockRate {
  /** Calls in one window. */
  readonly limit: number;
  /** The window's length in milliseconds; it begins with its first call. */
  readonly windowMs: number;
  /** How `Retry-After` is written: whole seconds (the default), an HTTP date, or not at all. */
  readonly retryAfter?: "seconds" | "date" | "none";
  /** Which other headers tell the state: none (the default), the IETF draft's, or the `X-` ones. */
  readonly headers?: "none" | "ratelimit" | "x-ratelimit";
}

interface Window {
  endsAt: number;
  used: number;
}

/** What the limiter says of one call. */
export interface Verdict {
  readonly allowed: boolean;
  /** For the answer, allowed or not. */
  readonly headers: HeaderList;
}

export class RateLimiter {
  private readonly windows = new Map<string, Window>();

  take(key: string, rate: MockRate, now: number): Verdict {
    let window = this.windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt: now + rate.windowMs, used: 0 };
      this.windows.set(key, window);
    }
    const allowed = window.used < rate.limit;
    if (allowed) window.used++;
    const state = { rate, left: rate.limit - window.used, endsAt: window.endsAt, now };
    return { allowed, headers: [...stateHeaders(state), ...(allowed ? [] : retryAfter(state))] };
  }

  reset(): void {
    this.windows.clear();
  }
}

interface State {
  readonly rate: MockRate;
  readonly left: number;
  readonly endsAt: number;
  readonly now: number;
}

function retryAfter({ rate, endsAt, now }: State): HeaderList {
  switch (rate.retryAfter ?? "seconds") {
    case "none":
      return [];
    case "seconds":
      return [["retry-after", String(seconds(endsAt - now))]];
    case "date":
      // Rounded up: a date has whole seconds, and one too early would be a lie.
      return [["retry-after", new Date(Math.ceil(endsAt / 1000) * 1000).toUTCString()]];
  }
}

function stateHeaders({ rate, left, endsAt, now }: State): HeaderList {
  const reset = seconds(endsAt - now);
  switch (rate.headers ?? "none") {
    case "none":
      return [];
    case "ratelimit":
      return [
        ["ratelimit-policy", `"default";q=${rate.limit};w=${seconds(rate.windowMs)}`],
        ["ratelimit", `"default";r=${left};t=${reset}`],
      ];
    case "x-ratelimit":
      return [
        ["x-ratelimit-limit", String(rate.limit)],
        ["x-ratelimit-remaining", String(left)],
        ["x-ratelimit-reset", String(reset)],
      ];
  }
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
