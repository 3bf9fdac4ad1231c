// The client's wasm traps: the instance is dropped with everything in it, the calls in progress report that they may
// have been processed, and the next one works. The bytes are the published ones, with a trap in each function.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { patched } from "../worker/recovery/trapping.mjs";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");
const collect = async () => {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 5));
};

const KEY = "obviously-fake-key-of-the-trap-tests";
const NEXT = "obviously-fake-next-key-of-the-trap-tests";

const { bytes, functions, exported } = patched(new URL("../../pkg/dist/attention.wasm", import.meta.url));
const trapping = new WebAssembly.Module(bytes);
const { Instance } = WebAssembly;
let made = 0;
let last;
// The first client compiles the embedded module and makes its instance.
WebAssembly.Module = class {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: it stands in for the runtime's.
    return trapping;
  }
};
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    made += 1;
    last = this;
  }
};
const arm = (number) => {
  // An export that is renamed would arm nothing.
  assert.ok(Number.isInteger(number));
  last.exports.armed.value = number;
};

const { Attention, AttentionError, ProtocolError } = await import("../../pkg/dist/index.js");
const { Failure, Upstream } = await import("../../pkg/dist/core.js");

/** A client of a server that answers on demand. */
function held(options = {}) {
  const waiting = [];
  let isHeld = true;
  const fetch = (_url, { headers }) => {
    const respond = () => Response.json({ key: headers.authorization });
    if (!isHeld) return Promise.resolve(respond());
    return new Promise((resolve) => waiting.push(() => resolve(respond())));
  };
  const release = () => {
    isHeld = false;
    for (const answer of waiting.splice(0)) answer();
  };
  return { client: new Attention({ apiKey: KEY, fetch, ...options }), waiting, release, hold: () => (isHeld = true) };
}

const settled = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );

function assertLost({ error }, attempts) {
  assert.ok(error instanceof AttentionError && error instanceof ProtocolError, String(error?.stack ?? error));
  assert.equal(error.code, "wasm_trap");
  assert.match(error.message, /may have been processed/);
  if (attempts !== undefined) assert.equal(error.attempts, attempts);
}

test("after a trap in each function, the call succeeds or fails, and the next one works", async () => {
  const { client, release } = held({ nextApiKey: NEXT });
  release();
  let lost = 0;
  for (let number = 1; number <= functions; number++) {
    arm(number);
    const outcome = await settled(client.get("/users", { query: { a: "é".repeat(50) } }));
    if (outcome.error !== undefined) {
      assertLost(outcome);
      lost += 1;
    }
    arm(0);
    assert.deepEqual(await client.get("/users"), { key: `Bearer ${KEY}` }, `function ${number}`);
  }
  assert.ok(lost > 5, `${lost} of ${functions}`);
  assert.equal(made, lost + 1);
});

test("the calls in progress of every client fail with their attempts counted, and none hangs", async () => {
  const clients = [held(), held({ apiKey: () => KEY, nextApiKey: NEXT }), held({ maxConcurrency: 3 })];
  for (let round = 0; round < 20; round++) {
    for (const { hold } of clients) hold();
    const calls = clients.map(({ client }) => Array.from({ length: 5 }, () => settled(client.get("/users"))));
    while (clients.some(({ waiting }, at) => waiting.length < (at === 2 ? 3 : 5)))
      await new Promise((resolve) => setImmediate(resolve));
    const other = held();
    other.release();
    const before = made;
    arm(exported.upstream_beginCall);
    assertLost(await settled(other.client.get("/users")), 0);
    assert.equal(made, before);
    for (const { release } of clients) release();
    for (const [at, group] of calls.entries()) {
      const outcomes = await Promise.all(group);
      // Waiting calls were not sent, so they use the new instance.
      const sent = at === 2 ? 3 : 5;
      for (const outcome of outcomes.slice(0, sent)) assertLost(outcome, 1);
      for (const { value } of outcomes.slice(sent)) assert.deepEqual(value, { key: `Bearer ${KEY}` });
    }
    for (const { client } of [...clients, other]) {
      assert.deepEqual(await client.get("/users"), { key: `Bearer ${KEY}` });
      assert.equal(client.keys.keys.length >= 1, true);
    }
    assert.equal(made, before + 1);
  }
});

test("an earlier client can be closed, printed and derived from as usual", async () => {
  const { client, release } = held();
  const shown = String(client);
  release();
  arm(exported.upstream_beginCall);
  assertLost(await settled(client.get("/users")), 0);
  assert.equal(String(client), shown);
  assert.deepEqual(await client.withOptions({ timeout: 1000 }).get("/users"), { key: `Bearer ${KEY}` });
  client.close();
  await assert.rejects(client.get("/users"), { code: "closed" });
});

test("an upstream of the former instance throws, and frees nothing in the new one", () => {
  const make = () => new Upstream(undefined, KEY, NEXT, false);
  const old = make();
  const now = Date.now();
  const { call } = old.begin({ method: "GET", path: "/users", timeout: 1000 }, now, now);
  arm(exported.upstream_baseUrl);
  assert.throws(() => old.baseUrl(), { code: "wasm_trap" });
  // At the old one's address.
  const next = Array.from({ length: 10 }, make);
  for (const act of [
    () => old.keys(),
    () => old.begin({ method: "GET", path: "/users" }, now, now),
    () => old.onResponse(call, 200, new Headers(), now, 0),
    () => old.onFailure(call, Failure.Timeout, now, 0),
  ]) {
    assert.throws(act, { code: "wasm_trap" });
  }
  old.abandon(call);
  old.free();
  for (const upstream of next) {
    assert.equal(upstream.baseUrl(), "https://api.attention.tech/v2");
    assert.equal(upstream.keys().keys.length, 2);
    upstream.free();
  }
});

test("collected upstreams are freed only in their own instance", async () => {
  for (let round = 0; round < 5; round++) {
    for (let n = 0; n < 200; n++) new Upstream(undefined, KEY, undefined, false);
    const kept = new Upstream(undefined, KEY, undefined, false);
    arm(exported.upstream_baseUrl);
    assert.throws(() => kept.baseUrl(), { code: "wasm_trap" });
    const next = Array.from({ length: 50 }, () => new Upstream(undefined, NEXT, undefined, false));
    await collect();
    for (const upstream of next) {
      assert.equal(upstream.keys().keys.length, 1);
      upstream.free();
    }
  }
});

test("collected upstreams do not grow the memory", async () => {
  const forget = async () => {
    for (let n = 0; n < 2000; n++) new Upstream(undefined, KEY.repeat(20), undefined, false);
    await collect();
  };
  for (let round = 0; round < 3; round++) await forget();
  const before = last.exports.memory.buffer.byteLength;
  for (let round = 0; round < 10; round++) await forget();
  assert.equal(last.exports.memory.buffer.byteLength, before);
});

test("a caller's mistake is not a trap", () => {
  const upstream = new Upstream(undefined, KEY, undefined, false);
  const before = made;
  assert.throws(() => new Upstream(undefined, "Bearer x", undefined, false), { code: "key_has_scheme" });
  const freed = new Upstream(undefined, KEY, undefined, false);
  freed.free();
  assert.throws(() => freed.baseUrl());
  assert.equal(upstream.baseUrl(), "https://api.attention.tech/v2");
  assert.equal(made, before);
});
