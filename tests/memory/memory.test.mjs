// The module has its own allocator (crates/wasm/src/bare.rs). Calls free their
// memory, so that a million of them need no more memory than the first few
// thousand.
import assert from "node:assert/strict";
import { test } from "node:test";

const WARM_UP = 5_000;
const CALLS = 1_000_000;
const NOW = 1_700_000_000_000;

/** The package's core, an upstream, and the instance that its first use makes. */
async function load() {
  const { Instance } = WebAssembly;
  let exports;
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given);
      exports = this.exports;
    }
  };
  const core = await import("../../pkg/dist/core.js");
  const upstream = new core.Upstream(undefined, "fake-current-key-0123456789", "fake-next-key-0123456789", false);
  WebAssembly.Instance = Instance;
  return { core, upstream, exports };
}

/** Calls of all kinds: successes, errors with bodies of all sizes, refused targets, replaced keys, several at once. */
class Calls {
  #open = [];

  constructor({ core, upstream }) {
    this.core = core;
    this.upstream = upstream;
  }

  /** The n-th call. Up to 7 are in progress together, and end out of order. */
  begin(n) {
    const { upstream, core } = this;
    const query = `page=${n}&text=${"x".repeat(n % 300)}`;
    const now = NOW + n * 10;
    const get = (path) => upstream.begin({ method: "GET", path, query, maxRetries: 0, timeout: 60_000 }, now, now);
    if (n % 97 === 0) assert.equal(get(`/a/../${n}`).action, core.Action.Failed);
    if (n % 1009 === 0) upstream.replaceKeys(`fake-key-${"k".repeat(n % 50)}-0123456789`, undefined);
    const { action, call } = get(`/conversations/${n}`);
    assert.equal(action, core.Action.Send);
    this.#open.push({ call, begun: n });
    if (this.#open.length >= 7) this.#finish(this.#open.splice(n % 7, 1)[0], now);
  }

  finishAll(n) {
    for (const open of this.#open.splice(0)) this.#finish(open, NOW + n * 10);
  }

  #finish({ call, begun }, now) {
    const { upstream, core } = this;
    if (begun % 10 !== 0) {
      const { action } = upstream.onResponse(call, 200, new Headers(), now, 0.5);
      return assert.equal(action, core.Action.Success);
    }
    if (begun % 30 === 0) return upstream.abandon(call);
    if (begun % 20 !== 0) {
      const step = upstream.onFailure(call, core.Failure.Connection, now, 0.5);
      return assert.deepEqual([step.action, step.error.kind], [core.Action.Failed, "connection"]);
    }
    const headers = new Headers({ "x-request-id": `id-${begun}`, "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" });
    assert.equal(upstream.onResponse(call, 404, headers, now, 0.5).action, core.Action.Rejected);
    const body = JSON.stringify({ error: { message: `no ${"é\n".repeat(begun % 2000)}`, code: "odd" } });
    assert.equal(upstream.error(call, body, now).kind, "not_found");
  }
}

/** The memory, and the table of JavaScript objects that wasm references. */
const size = ({ memory, __wbindgen_externrefs: held }) => ({ memory: memory.buffer.byteLength, held: held.length });

test("a million calls do not grow the memory", async () => {
  const loaded = await load();
  const calls = new Calls(loaded);
  let n = 0;
  while (n < WARM_UP) calls.begin(n++);
  const before = size(loaded.exports);
  while (n < CALLS) calls.begin(n++);
  calls.finishAll(n);
  assert.equal(loaded.upstream.openCalls(), 0);
  assert.deepEqual(size(loaded.exports), before, "something has grown");
});
