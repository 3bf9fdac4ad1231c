/**
 * A mock of the Attention API, for tests of code that calls it.
 *
 * ```js
 * import { mockAttention, MOCK_API_KEY } from "attention-wasm/testing";
 *
 * const mock = mockAttention();
 * const response = await mock.fetch("https://api.attention.tech/v2/users", {
 *   headers: { authorization: `Bearer ${MOCK_API_KEY}` },
 * });
 * ```
 *
 * It runs wherever the Fetch API is: Node, browsers, Workers. Nothing leaves
 * the process. Its people, companies and conversations are invented, and so is
 * whatever the public documentation leaves open: the shape of error bodies,
 * rate-limit headers, most success codes. Do not conclude from it to the API.
 *
 * @module
 */

import { control } from "./control.js";
import { mockFetch } from "./fetch.js";
import type { MockFaults } from "./faults.js";
import type { MockKeys } from "./keys.js";
import { Engine } from "./mock.js";
import { settings, type MockOptions } from "./options.js";
import type { MockRate } from "./rate.js";
import type { MockRequest } from "./record.js";

export { MOCK_API_KEY, MOCK_ORGANIZATION, MOCK_USER_API_KEY } from "./keys.js";
export { MockNetworkError } from "./mock.js";
export type { MockErrorBody, MockFaults } from "./faults.js";
export type { MockKey, MockKeyLevel, MockKeyOptions, MockKeys, MockRefusal } from "./keys.js";
export type { MockOptions } from "./options.js";
export type { MockRate } from "./rate.js";
export type { MockRequest } from "./record.js";

/** An Attention API in memory. */
export interface MockAttention {
  /** A drop-in `fetch` that answers as the API does, whatever the host. Bound: pass it as it is. */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /** The same for a server: one request in, one response out, redirects and all. Bound. */
  readonly handle: (request: Request) => Promise<Response>;
  /** The keys it accepts. */
  readonly keys: MockKeys;
  /**
   * What it received, the oldest first. Authorization stands there as sent:
   * the keys of a mock are fake, so call it with no other.
   */
  readonly requests: readonly MockRequest[];
  /** Forgets `requests`, and nothing else. */
  clearRequests(): void;
  /** Switches faults on, instead of those before; `null` switches them off. */
  set(faults: MockFaults | null): void;
  /** Changes the rate limit and forgets what was counted; `null` lifts it. */
  setRate(rate: MockRate | null): void;
  /** As new: data, keys, faults, limits and `requests`. */
  reset(): void;
}

/** A new mock. Throws a TypeError that names the option, when one is wrong. */
export function mockAttention(options: MockOptions = {}): MockAttention {
  const engine = new Engine(settings(options));
  const mock: MockAttention = {
    fetch: (input, init) => mockFetch(mock.handle, input, init),
    handle: async (request) =>
      (await control(mock, request, new URL(request.url).pathname)) ?? engine.handle(request),
    keys: engine.keys,
    get requests() {
      return engine.recorder.requests;
    },
    clearRequests: () => engine.recorder.clear(),
    set: (faults) => engine.set(faults),
    setRate: (rate) => engine.setRate(rate),
    reset: () => engine.reset(),
  };
  return mock;
}
