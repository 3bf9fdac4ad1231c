// A call crosses into wasm twice: at its beginning, and for its response.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attention, FAKE_KEY, FAKE_NEXT_KEY } from "./fixture.mjs";

const { Attention, Client } = attention;

/**
 * The names of all functions of the instance that were called, in order: getters, destructors and the allocator too.
 */
const called = [];
/** The number of objects in a FinalizationRegistry. */
let registered = 0;

// The first client makes the instance, so this is early enough.
const { Instance } = WebAssembly;
WebAssembly.Instance = class {
  constructor(...given) {
    const { exports } = new Instance(...given);
    this.exports = Object.fromEntries(Object.entries(exports).map(([name, held]) => [name, counted(name, held)]));
  }
};

function counted(name, held) {
  if (typeof held !== "function") return held;
  return (...args) => {
    called.push(name);
    return held(...args);
  };
}

const { register } = FinalizationRegistry.prototype;
FinalizationRegistry.prototype.register = function (...given) {
  registered++;
  return register.apply(this, given);
};

const json = { "content-type": "application/json" };

/** A client whose calls are answered one after the other with these statuses, and then with 200. */
function answering(...statuses) {
  const fetch = async () => new Response("{}", { status: statuses.shift() ?? 200, headers: json });
  const client = new Attention({ apiKey: FAKE_KEY, nextApiKey: FAKE_NEXT_KEY, fetch });
  called.length = registered = 0;
  return client;
}

/** The calls of rules; the other functions only copy strings. */
const asked = () => called.filter((name) => !name.startsWith("__wbindgen_") && !name.startsWith("__externref_"));

test("a plain GET makes at most three calls into wasm, of whatever kind, and leaves nothing to finalize", async () => {
  const client = answering();
  await client.get("/users");
  assert.deepEqual(called, ["__wbindgen_malloc", "upstream_beginCall", "upstream_onResponse"]);
  assert.equal(registered, 0);
  client.close();
  assert.equal(called.at(-1), "__wbg_upstream_free", "what is counted are the exports");
});

test("so does a call of any sort that succeeds at once", async () => {
  const query = { page: 1, filter: { title: "é" } };
  const options = [
    undefined,
    { query },
    { timeout: Infinity },
    { timeout: 50_000, attemptTimeout: 40_000, maxRetries: 9 },
  ];
  const bodies = [undefined, { body: { a: 1 } }, { body: new Blob(["x"]).stream(), idempotencyKey: "k" }];
  for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) {
    for (const option of options) {
      for (const body of method === "GET" || method === "HEAD" ? [undefined] : bodies) {
        const client = answering();
        await client.request(method, "/things/1", { ...option, ...body });
        assert.deepEqual(asked(), ["upstream_beginCall", "upstream_onResponse"], `${method} ${JSON.stringify(option)}`);
        assert.equal(registered, 0);
        client.close();
      }
    }
  }
});

test("a further try costs one call for its response and one for the wait before it", async () => {
  const client = answering(401, 503, 404);
  await client.get("/users").catch(() => {});
  assert.deepEqual(asked(), [
    "upstream_beginCall",
    "upstream_onResponse",
    "upstream_onResponse",
    "upstream_onWaited",
    "upstream_onResponse",
    "upstream_error",
  ]);
  client.close();
});

test("setting a client up crosses a few times, whatever is done with it later", async () => {
  called.length = 0;
  const client = new Client({ apiKey: FAKE_KEY });
  assert.deepEqual(asked().toSorted(), [
    "defaults",
    "upstream_authorization",
    "upstream_authorization",
    "upstream_baseUrl",
    "upstream_keys",
    "upstream_new",
  ]);
  client.close();
});
