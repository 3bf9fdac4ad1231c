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
 * It runs wherever the Fetch API exists: Node, browsers, Workers. Nothing leaves
 * the process. For calls that follow the API's description in openapi/, its
 * responses follow it too. Its people, companies and conversations are invented.
 * Where the documentation is silent, as about error bodies and most success
 * codes, `requests` marks the response as a guess, and the option `guesses`
 * changes it. A guess says nothing about the real API.
 *
 * @module
 */

import { splitBase } from "./base-path.js";
import { control } from "./control.js";
import { mockFetch } from "./fetch.js";
import { Engine, type MockAttention } from "./mock.js";
import { type MockOptions, settings } from "./options.js";

export type { MockErrorBody, MockFaults } from "./faults.js";
export type { MockGuess, MockGuesses } from "./guesses.js";
export type { MockKey, MockKeyLevel, MockKeyOptions, MockKeys, MockRefusal } from "./keys.js";
export { MOCK_API_KEY, MOCK_ORGANIZATION, MOCK_USER_API_KEY } from "./keys.js";
export { type MockAttention, MockNetworkError } from "./mock.js";
export type { MockOptions } from "./options.js";
export type { MockRate } from "./rate.js";
export type { MockRequest } from "./record.js";

/** Makes a mock. Throws a TypeError that names an invalid option. */
export function mockAttention(options: MockOptions = {}): MockAttention {
  const checked = settings(options);
  const engine = new Engine(checked);
  const mock: MockAttention = {
    fetch: (input, init) => mockFetch(mock.handle, input, init),
    handle: async (request) => {
      if (typeof (request as Request | undefined)?.url !== "string")
        throw new TypeError("mockAttention: handle expects a Request; `fetch` takes a URL");
      const path = splitBase(new URL(request.url).pathname, checked.basePath)?.rest ?? "";
      return (await control(mock, request, path)) ?? engine.handle(request);
    },
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
