// Further options of `fetch`: passed on unchanged, or refused by name if the client sets them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../random.mjs";
import { attention, FAKE_KEY, testing } from "./fixture.mjs";

const { Attention } = attention;

/** A value that `fetch` would accept, for each. */
const FOREIGN = {
  dispatcher: { dispatch() {} },
  agent: {},
  cf: { cacheTtl: 60 },
  next: { revalidate: 60, tags: ["users"] },
  proxy: "http://127.0.0.1:1",
  tls: { ca: "…" },
  client: {},
  credentials: "include",
  cache: "no-store",
  keepalive: true,
  mode: "cors",
  priority: "low",
  referrer: "",
  referrerPolicy: "no-referrer",
  integrity: "",
  somethingThatComesLater: 1,
};
const OURS = {
  method: "GET",
  headers: { authorization: "Bearer obviously-fake" },
  body: "x",
  signal: AbortSignal.abort(),
  redirect: "follow",
  duplex: "half",
  window: null,
};

function recording(options) {
  const sent = [];
  const fetch = async (url, init) => {
    sent.push({ url: String(url), ...init });
    return Response.json([]);
  };
  return { sent, client: new Attention({ apiKey: FAKE_KEY, fetch, ...options }) };
}

test("options of the client and of a call reach fetch in all combinations; the call's override, and ours stay", async () => {
  const next = random(7);
  const names = Object.keys(FOREIGN);
  const some = () =>
    Object.fromEntries(
      names.flatMap((name) => (next() < 0.4 ? [[name, next() < 0.2 ? undefined : FOREIGN[name]]] : [])),
    );
  const defined = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { sent: bare, client: plain } = recording();
  await plain.post("/labels", { body: { name: "x" } });
  const [ours] = bare;
  for (let round = 0; round < 300; round++) {
    const [ofClient, ofDerived, ofCall] = [some(), some(), some()];
    // Another option tells the same.
    for (const name of names) if (next() < 0.1) ofCall[name] = { of: "the call" };
    if (ofCall.mode !== undefined) ofCall.mode = "same-origin";
    const { sent, client } = recording({ fetchOptions: ofClient });
    const derived = client.withOptions({ fetchOptions: ofDerived });
    const before = JSON.stringify([ofClient, ofDerived, ofCall]);
    await client.post("/labels", { body: { name: "x" }, fetchOptions: ofCall });
    await derived.post("/labels", { body: { name: "x" } });
    const expected = [{ ...defined(ofClient), ...defined(ofCall) }, { ...defined(ofDerived) }];
    for (const [at, { signal, ...given }] of sent.entries()) {
      const { signal: _, ...rest } = ours;
      assert.deepEqual(given, { ...expected[at], ...rest });
      assert.ok(signal instanceof AbortSignal);
    }
    assert.equal(JSON.stringify([ofClient, ofDerived, ofCall]), before, "what was given is as it was");
  }
});

for (const [name, value] of Object.entries(OURS)) {
  test(`${name} is refused by its name, of the client, one derived from it and a call, and nothing is sent`, async () => {
    const expected = (error) =>
      error instanceof TypeError && error.message.startsWith(`fetchOptions: ${name} cannot be set, as`);
    assert.throws(() => recording({ fetchOptions: { [name]: value } }), expected);
    const { sent, client } = recording({ fetchOptions: { [name]: undefined } });
    assert.throws(() => client.withOptions({ fetchOptions: { [name]: value } }), expected);
    await assert.rejects(client.get("/users", { fetchOptions: { cache: "no-store", [name]: value } }), expected);
    await assert.rejects(client.users.list({}, { fetchOptions: { [name]: value } }), expected);
    assert.equal(sent.length, 0);
    await client.get("/users");
    assert.equal(sent[0].redirect, "manual");
    assert.equal(sent[0].headers.authorization, `Bearer ${FAKE_KEY}`);
  });
}

test("options that print the key or hide the response are refused", () => {
  for (const fetchOptions of [{ verbose: true }, { verbose: "curl" }, { mode: "no-cors" }]) {
    const [name] = Object.keys(fetchOptions);
    assert.throws(() => recording({ fetchOptions }), {
      name: "TypeError",
      message: new RegExp(`^fetchOptions: ${name} `),
    });
  }
  for (const fetchOptions of ["dispatcher", 1, null, () => {}])
    assert.throws(() => recording({ fetchOptions }), { name: "TypeError", message: /fetchOptions must be an object/ });
});

test("inherited options reach fetch like its own, and are refused like them", async () => {
  class Settings {
    get cache() {
      return "no-store";
    }
  }
  const ways = [{ cache: "no-store" }, Object.create({ cache: "no-store" }), new Settings()];
  for (const fetchOptions of [...ways, Object.assign(Object.create(null), ways[0]), Object.freeze(ways[0])]) {
    for (const [ofClient, ofCall] of [
      [{ fetchOptions }, {}],
      [{}, { fetchOptions }],
    ]) {
      const { sent, client } = recording(ofClient);
      await client.get("/users", ofCall);
      const { method, headers, redirect, signal, url, ...rest } = sent[0];
      assert.deepEqual(rest, { cache: "no-store" });
    }
  }
  const message = /^fetchOptions: redirect cannot be set/;
  assert.throws(() => recording({ fetchOptions: Object.create({ redirect: "follow" }) }), { message });
});

test("a fetch that changes its arguments, own or patched, changes those of its request only", async (t) => {
  const { fetch: real } = globalThis;
  t.after(() => {
    globalThis.fetch = real;
  });
  const seen = [];
  const tracing = async (_, init) => {
    seen.push(JSON.stringify(init.headers));
    init.headers[`x-trace-${seen.length}`] = "1";
    delete init.headers.accept;
    return Response.json([]);
  };
  globalThis.fetch = tracing;
  for (const options of [{}, { fetch: tracing }]) {
    const client = new Attention({ apiKey: FAKE_KEY, ...options });
    for (let call = 0; call < 3; call++) await client.get("/users");
  }
  assert.equal(new Set(seen).size, 1, seen.join("\n"));
});

test("file transfers use the same proxy", async () => {
  const mock = testing.mockAttention();
  const sent = [];
  const fetch = (url, init) => {
    sent.push([String(url), init]);
    return mock.fetch(url, init);
  };
  const { dispatcher } = FOREIGN;
  const client = new Attention({ apiKey: testing.MOCK_API_KEY, fetch, fetchOptions: { dispatcher } });
  await client.knowledgeBase.upload({ title: "x", file: new Blob(["# x"], { type: "text/markdown" }) });
  const put = sent.filter(([, { method }]) => method === "PUT");
  assert.equal(put.length, 1);
  for (const [, init] of sent) assert.equal(init.dispatcher, dispatcher);
});

test("a client with fetchOptions shows nothing of them", async () => {
  const { client } = recording({ fetchOptions: { headersOfProxy: "Basic obviously-fake" } });
  const { inspect } = await import("node:util");
  for (const shown of [String(client), JSON.stringify(client), inspect(client, { depth: 9, showHidden: true })])
    assert.doesNotMatch(shown, /obviously-fake/);
});
