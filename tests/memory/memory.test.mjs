// The module brings an allocator of its own (crates/wasm/src/bare.rs): what calls
// take they give back, so that a million of them need no more memory than the
// first few thousand.
import assert from "node:assert/strict";
import { test } from "node:test";

const WARM_UP = 5_000;
const CALLS = 1_000_000;
const NOW = 1_700_000_000_000;
const REJECTED = 3;
const FAILED = 4;

/** The package's own class, and the memory of the instance that it makes at its first use. */
async function load() {
  const { Instance } = WebAssembly;
  let memory;
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given);
      memory = this.exports.memory;
    }
  };
  const { Upstream } = await import("../../pkg/dist/core.js");
  const upstream = new Upstream(undefined, "fake-current-key-0123456789", "fake-next-key-0123456789", false);
  WebAssembly.Instance = Instance;
  return { upstream, memory };
}

/** The n-th call: successes, errors with bodies of all sizes, refused targets, replaced keys, several at once. */
function call(upstream, n, open) {
  const query = `page=${n}&text=${"x".repeat(n % 300)}`;
  if (n % 97 === 0) assert.throws(() => upstream.begin("GET", `/a/../${n}`, query, 0, 2, -1, -1, NOW, 0));
  if (n % 1009 === 0) upstream.replaceKeys(`fake-key-${"k".repeat(n % 50)}-0123456789`, undefined);
  const number = upstream.begin("GET", `/conversations/${n}`, query, 0, 0, 60_000, -1, NOW + n * 10);
  upstream.url();
  open.push({ number, n });
  // Up to 7 are under way together, and end out of order.
  if (open.length < 7) return;
  const { number: done, n: begun } = open.splice(n % 7, 1)[0];
  finish(upstream, done, begun, n);
}

function finish(upstream, number, begun, n) {
  const now = NOW + n * 10;
  if (begun % 10 !== 0) return void upstream.onResponse(number, 200, new Headers(), now, 0.5);
  const headers = new Headers({ "x-request-id": `id-${begun}`, "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" });
  const action =
    begun % 20 === 0 ? upstream.onResponse(number, 404, headers, now, 0.5) : upstream.onFailure(number, 0, now, 0.5);
  assert.equal(action, begun % 20 === 0 ? REJECTED : FAILED);
  const body = new TextEncoder().encode(
    JSON.stringify({ error: { message: `no ${"é\n".repeat(begun % 2000)}`, code: "odd" } }),
  );
  const error = JSON.parse(upstream.error(number, action === REJECTED ? body : new Uint8Array(), now));
  assert.equal(error.kind, action === REJECTED ? "not_found" : "connection");
}

test("a million calls leave the memory as large as it was", async () => {
  const { upstream, memory } = await load();
  const open = [];
  let n = 0;
  while (n < WARM_UP) call(upstream, n++, open);
  const before = memory.buffer.byteLength;
  while (n < CALLS) call(upstream, n++, open);
  for (const { number, n: begun } of open) finish(upstream, number, begun, n);
  assert.equal(upstream.openCalls(), 0);
  assert.equal(memory.buffer.byteLength, before, "the memory has grown");
});
