// Wrong options, in plain JavaScript, are explained by name.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inspect } from "node:util";
import { importPacked } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served, testing } from "./fixture.mjs";

const { Attention, ConfigError } = attention;
const { Attention: Jobs } = await importPacked("attention-wasm/jobs");
const says = (pattern) => (error) =>
  error instanceof TypeError && pattern.test(error.message) && !error.message.includes(FAKE_KEY);

test("the error of an unknown option lists the known ones", () => {
  assert.throws(
    () => new Attention({ apikey: FAKE_KEY }),
    says(/^new Attention\(\): unknown option apikey; the options are apiKey, nextApiKey, token, /),
  );
  assert.throws(() => new Attention(FAKE_KEY), says(/^new Attention\(\): expected an object with options$/));
  assert.throws(() => new Attention({ apiKey: FAKE_KEY, __proto__: { more: 1 } }), says(/unknown option more/));
});

test("the error of a wrong type names the option and its valid values", () => {
  for (const [options, pattern] of [
    [{ apiKey: 5 }, /apiKey must be a string or a function that returns one/],
    [{ token: {} }, /token must be a string or a function/],
    [{ baseURL: 5 }, /baseURL must be a string or a URL/],
    [{ timeout: "60s" }, /timeout must be a number of milliseconds above 0, or Infinity/],
    [{ timeout: 0 }, /timeout must be/],
    [{ timeout: NaN }, /timeout must be/],
    [{ attemptTimeout: -1 }, /attemptTimeout must be/],
    [{ maxRetries: 1.5 }, /maxRetries must be a whole number from 0/],
    [{ fetch: {} }, /fetch must be a function/],
    [{ fetchOptions: "no-store" }, /fetchOptions must be an object/],
    [{ defaultHeaders: "a: b" }, /defaultHeaders must be an object/],
    [{ defaultHeaders: { authorization: "x" } }, /defaultHeaders: the client sets Authorization/],
    [{ defaultQuery: "a=b" }, /defaultQuery must be an object/],
    [{ onRetry: 1 }, /onRetry must be a function/],
    [{ logger: { debug() {} } }, /logger must be an object with the functions debug, info, warn and error/],
    [{ maxConcurrency: 0 }, /maxConcurrency must be a whole number from 1, or Infinity/],
    [{ maxConcurrency: 1.5 }, /maxConcurrency must be/],
    [{ nextApiKey: 5 }, /nextApiKey must be a string or a function/],
    [{ maxRetries: Infinity }, /maxRetries must be a whole number from 0/],
    [{ onRequest: "log" }, /onRequest must be a function/],
    [{ onResponse: {} }, /onResponse must be a function/],
    [{ onKeySwitch: [] }, /onKeySwitch must be a function/],
    [{ onKeyExpiring: true }, /onKeyExpiring must be a function/],
    [{ onStart: {} }, /onStart must be a function/],
    [{ onWait: 1 }, /onWait must be a function/],
    [{ onEnd: null }, /onEnd must be a function/],
    [{ onRenewalFailed: "warn" }, /onRenewalFailed must be a function/],
    [{ logger: null }, /logger must be an object/],
    [{ logLevel: "verbose" }, /logLevel must be debug, info, warn, error or off/],
    [{ dangerouslyAllowBrowser: "yes" }, /dangerouslyAllowBrowser must be true or false/],
  ]) {
    assert.throws(() => new Attention({ apiKey: FAKE_KEY, ...options }), says(pattern));
  }
});

test("the same for options of a call and of withOptions", async (t) => {
  const { upstream, client } = await served(t);
  for (const [options, pattern] of [
    [{ params: {} }, /^GET: unknown option params; the options are query, body, headers, signal, /],
    [{ query: "a=b" }, /^GET: query must be an object/],
    [{ signal: {} }, /^GET: signal must be an AbortSignal/],
    [{ headers: "a: b" }, /^GET: headers must be an object/],
    [{ headers: { Authorization: "x" } }, /^headers: the client sets Authorization/],
    [{ timeout: "60" }, /^GET: timeout must be a number of milliseconds above 0, or Infinity/],
    [{ attemptTimeout: -1 }, /^GET: attemptTimeout must be a number of milliseconds above 0/],
    [{ maxRetries: -1 }, /^GET: maxRetries must be a whole number from 0/],
    [{ query: { at: new Date(NaN) } }, /^query\.at is an invalid Date/],
    [{ query: { f: () => 1 } }, /^query\.f is a function/],
    [{ body: { a: [{ b: 1n }] } }, /^body\.a\[0\]\.b is a BigInt, which JSON cannot contain/],
    [{ body: { "a b": new Map() } }, /^body\["a b"\] is a Map/],
    [{ body: 5 }, /^body is a number; expected/],
    [{ fetchOptions: 7 }, /^GET: fetchOptions must be an object/],
    [null, /^GET: expected an object with options/],
    [{ idempotencyKey: 7 }, /^GET: idempotencyKey must be a string/],
    ["things", /^GET: expected an object with options/],
  ]) {
    assert.ok(says(pattern)(await rejection(client.get("/things", options))), String(pattern));
  }
  assert.throws(() => client.withOptions({ retries: 1 }), says(/^withOptions\(\): unknown option retries/));
  assert.equal(upstream.records.length, 0);
});

test("every option of the client is in the tables above", async () => {
  const source = await readFile(new URL(import.meta.url), "utf8");
  const { message } = await rejection((async () => new Attention({ unknown: 1 }))());
  for (const name of message.split("the options are ")[1].split(", "))
    assert.match(source, new RegExp(`\\[\\{ ${name}: `), name);
});

test("options may be inherited, frozen or without a prototype: the same requests", async () => {
  const requests = async (shape) => {
    const mock = testing.mockAttention();
    const sent = [];
    const fetch = (url, init) => {
      sent.push([
        init.method,
        new URL(url).pathname.replace(/[0-9a-f-]{20,}/, "…"),
        new Headers(init.headers).get("x-mine"),
      ]);
      return mock.fetch(url, init);
    };
    const client = new Jobs(shape({ apiKey: testing.MOCK_API_KEY, fetch, defaultHeaders: { "x-mine": "client" } }));
    const derived = client.withOptions(shape({ defaultHeaders: { "x-mine": "derived" } }));
    const own = (more) => shape({ headers: { "x-mine": "call" }, ...more });
    const text = { title: "x", file: new Blob(["# x"], { type: "text/markdown" }) };
    const [{ uuid: userID }] = (await client.users.list({})).data;
    const sound = { file: new Blob(["x"], { type: "audio/mpeg" }), userID };
    await derived.get("/users");
    await client.get("/users", own());
    await derived.users.list({}, own());
    for await (const _ of client.conversations.list({ size: 1 }, own({ limit: 2 })));
    await client.knowledgeBase.upload(text, own());
    const { uuid } = await client.conversations.importMedia(sound, own());
    await client.conversations.waitUntil(uuid, own({ status: ["FINISHED", "PENDING", "IN_PROGRESS"] }));
    await client.superAgent.send({ content: "?" }, own()).catch(({ status }) => assert.equal(status, 403));
    return sent;
  };
  const expected = await requests((options) => options);
  assert.ok(expected.length > 10 && expected.some(([, , mine]) => mine === "derived"));
  for (const shape of [
    (options) => Object.create(options),
    (options) => Object.create(Object.freeze(options)),
    Object.freeze,
    (options) => Object.assign(Object.create(null), options),
  ])
    assert.deepEqual(await requests(shape), expected);
});

test("options may be an instance of a class; its hooks stay its methods in clients that withOptions makes", async (t) => {
  class Settings {
    #names = [];
    constructor(baseURL) {
      this.baseURL = baseURL;
    }
    get apiKey() {
      return FAKE_KEY;
    }
    get names() {
      return this.#names;
    }
    onStart({ method }) {
      this.#names.push(method);
    }
  }
  const { upstream } = await served(t);
  const settings = new Settings(`${upstream.url}/v2`);
  const client = new Attention(settings);
  const derived = client.withOptions({ timeout: 5000 }).withOptions({ maxRetries: 0 });
  for (const one of [client, derived]) await one.get("/things");
  assert.deepEqual(settings.names, ["GET", "GET"]);
  // One for each request of a server, each made from the last one.
  let last = derived;
  for (let made = 0; made < 20_000; made++) {
    const next = last.withOptions({ timeout: 5000 + made });
    last.close();
    last = next;
  }
  await last.get("/things");
  assert.equal(settings.names.length, 3);
});

test("a class of the application's own, whatever its constructor takes: withOptions keeps its key, its gate and its fields", async (t) => {
  const { upstream } = await served(t);
  const given = { apiKey: FAKE_KEY, baseURL: `${upstream.url}/v2` };
  class None extends Attention {
    team = "revenue";
    constructor() {
      super({ ...given, maxRetries: 1 });
    }
  }
  class Other extends Attention {
    team = "revenue";
    constructor(url, key) {
      // One more, before its own.
      new Attention({ apiKey: FAKE_NEXT_KEY }).close();
      super({ baseURL: url, apiKey: key });
    }
  }
  class Same extends Jobs {
    team = "revenue";
  }
  for (const client of [new None(), new Other(given.baseURL, FAKE_KEY), new Same(given)]) {
    const derived = client.withOptions({ defaultHeaders: { "x-mine": "yes" } }).withOptions({ timeout: 5000 });
    assert.ok(derived instanceof client.constructor && derived.team === "revenue");
    await derived.get("/things");
    const record = upstream.records.at(-1);
    assert.deepEqual([record.all("x-mine"), record.all("authorization")], [["yes"], [`Bearer ${FAKE_KEY}`]]);
    // They share what the server said about the key.
    assert.deepEqual(client.keys, derived.keys);
    const other = derived.withOptions({ apiKey: FAKE_NEXT_KEY });
    await other.get("/things");
    assert.deepEqual(upstream.records.at(-1).all("authorization"), [`Bearer ${FAKE_NEXT_KEY}`]);
    for (const one of [client, derived, other]) one.close();
  }
});

test("every call after close() fails and says so", async () => {
  const client = new Attention({ apiKey: FAKE_KEY });
  const { labels } = client;
  client[Symbol.dispose]();
  client.close();
  for (const call of [
    () => client.get("/things"),
    () => labels.list(),
    () => client.conversations.list(),
    () => client.withOptions({}),
    () => client.keys,
    () => client.superAgent.send({ content: "?" }),
    () => client.knowledgeBase.upload({ file: "x" }),
  ]) {
    const error = await rejection((async () => call())());
    assert.ok(
      error instanceof ConfigError && error.code === "closed" && /was closed/.test(error.message),
      String(error),
    );
  }
});

test("undefined options count as absent", async (t) => {
  const { client } = await served(t, {
    timeout: undefined,
    logger: undefined,
    nextApiKey: undefined,
    fetch: undefined,
  });
  assert.deepEqual(await client.get("/things", { query: undefined, signal: undefined, body: undefined }), { ok: true });
});

test("a base URL that would betray the key is refused", () => {
  for (const baseURL of [
    "http://api.attention.tech/v2",
    "/api/v2",
    "ftp://x",
    "https://user:password@x.example",
    "https://x.example/?a",
  ]) {
    assert.throws(
      () => new Attention({ apiKey: FAKE_KEY, baseURL }),
      (error) => error instanceof ConfigError && error.code.startsWith("base_url_"),
    );
  }
});

test("a custom fetch gets the same arguments as fetch, and may change them", async (t) => {
  const seen = [];
  const { upstream, client } = await served(t, {
    fetch(url, init) {
      seen.push([this, url, init.method, init.redirect]);
      init.headers["x-added"] = String(seen.length);
      return fetch(url, init);
    },
  });
  await client.get("/things");
  await client.get("/things");
  assert.deepEqual(seen[0], [undefined, `${upstream.url}/v2/things`, "GET", "manual"]);
  assert.deepEqual(
    upstream.records.map((record) => record.all("x-added")),
    [["1"], ["2"]],
  );
});

test("a later replacement of the global fetch is used", async (t) => {
  const { client } = await served(t);
  const original = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = original;
  });
  globalThis.fetch = async () => Response.json({ patched: true });
  assert.deepEqual(await client.get("/things"), { patched: true });
});

test("in a page a key is refused, with the reason and advice", (t) => {
  globalThis.window = globalThis;
  globalThis.document = {};
  globalThis.location = { origin: "https://app.example" };
  t.after(() => {
    delete globalThis.window;
    delete globalThis.document;
    delete globalThis.location;
  });
  assert.throws(
    () => new Attention({ apiKey: FAKE_KEY }),
    (error) =>
      error instanceof ConfigError && error.code === "key_in_browser" && /deploy the Worker/.test(error.message),
  );
  new Attention({ apiKey: FAKE_KEY, dangerouslyAllowBrowser: true }).close();
  const client = new Attention({ token: FAKE_KEY, baseURL: "/api/v2" });
  assert.equal(client.baseURL, "https://app.example/api/v2");
  client.close();
});

test("a client shows where it goes and which key it has, by fingerprint", () => {
  const client = new Attention({ apiKey: FAKE_KEY });
  const { fingerprint } = client.keys.keys[0];
  assert.match(fingerprint, /^[0-9a-f]{8}$/);
  assert.equal(String(client), `Attention(https://api.attention.tech/v2, current key ${fingerprint})`);
  assert.equal(inspect(client), String(client));
  assert.equal(JSON.parse(JSON.stringify(client)).keys.keys[0].fingerprint, fingerprint);
  client.close();
});
