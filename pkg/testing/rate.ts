/** A rate limit: calls per fixed window, counted separately for each key. */

import type { HeaderList } from "./answer.js";

/** The rate limit of a key. The real limits depend on the contract and are undocumented. */
export interface MockRate {
  /** The calls per window. */
  readonly limit: number;
  /** The window's length in milliseconds; it begins with its first call. */
  readonly windowMs: number;
  /** The form of `Retry-After`: whole seconds (the default), an HTTP date, or none. */
  readonly retryAfter?: "seconds" | "date" | "none";
  /** Further headers with the state: none (the default), the IETF draft's, or the `X-` ones. */
  readonly headers?: "none" | "ratelimit" | "x-ratelimit";
}

interface Window {
  endsAt: number;
  used: number;
}

/** The limiter's verdict on a call. */
export interface Verdict {
  readonly allowed: boolean;
  /** Headers for the response, allowed or not. */
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
      // Rounded up, because a date has whole seconds and must not be too early.
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
