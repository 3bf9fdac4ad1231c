// What the caller did wrong is named in the caller's own words, which may be the key: pasted as a name, an id, a class.
// Every place, with every spelling of the key, for values that are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { importPacked } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, rejection, testing } from "./fixture.mjs";

const jobs = await importPacked("attention-wasm/jobs");

const SPELLINGS = {
  plain: FAKE_KEY,
  header: `Authorization: Bearer ${FAKE_KEY}`,
  percent: [...FAKE_KEY].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(""),
  base64: Buffer.from(`Bearer ${FAKE_KEY}`).toString("base64"),
};

const throwing = (key) => () => {
  throw new Error(`no: ${key}`);
};
const named = (key) => Object.defineProperty(class {}, "name", { value: key });

/** Calls that are refused because of what is in them. */
const CALLS = {
  "a name in a query": (client, key) => client.get("/things", { query: { [key]: Number.NaN } }),
  "a name in a query's member": (client, key) => client.get("/things", { query: { filter: { [key]: Symbol("x") } } }),
  "an unknown name of an operation's query": (client, key) => client.users.list({ [key]: 1 }),
  "a name in a body": (client, key) => client.post("/things", { body: { [key]: () => 1 } }),
  "a name deep in a body": (client, key) => client.post("/things", { body: { list: [{ [key]: Number.NaN }] } }),
  "a class in a body": (client, key) => client.post("/things", { body: { held: new (named(key))() } }),
  "a tag in a body": (client, key) =>
    client.post("/things", { body: { held: Object.create({ [Symbol.toStringTag]: key }) } }),
  "a header's name": (client, key) => client.get("/things", { headers: { [`${key}: x`]: "x" } }),
  "a header's name, with a bad value": (client, key) => client.get("/things", { headers: [[key, "\n\u{2603}"]] }),
  "an option": (client, key) => client.get("/things", { [key]: true }),
  "an option of an operation": (client, key) => client.users.list({}, { [key]: true }),
  "a method": (client, key) => client.request(key, "/things"),
  "a path": (client, key) => client.get(`/${key}/../x`),
  "an id": (client, key) => client.conversations.get(`${key}/..`),
  "an id to wait for": (client, key) => client.conversations.waitUntil(key, { timeout: 20 }),
  "an id to wait for, of a source": (client, key) => client.knowledgeBase.waitUntilIndexed(key, { timeout: 20 }),
  "an id to download": (client, key) => client.conversations.downloadMedia(key),
  "a getter in a body": (client, key) =>
    client.post("/things", { body: Object.defineProperty({}, "a", { get: throwing(key), enumerable: true }) }),
  "a toJSON in a query": (client, key) => client.get("/things", { query: { a: { toJSON: throwing(key) } } }),
  "an iterable query": (client, key) => client.get("/things", { query: { [Symbol.iterator]: throwing(key) } }),
  "a getter of headers": (client, key) =>
    client.get("/things", { headers: Object.defineProperty({}, "a", { get: throwing(key), enumerable: true }) }),
  "an option that is a getter": (client, key) =>
    client.users.list({}, Object.defineProperty({}, "query", { get: throwing(key), enumerable: true })),
};

/** Clients that are refused. */
const CLIENTS = {
  "a default header's name": (key) => ({ defaultHeaders: { [`${key}: x`]: "x" } }),
  "a default header's name, with a bad value": (key) => ({ defaultHeaders: [[key, "\u{2603}"]] }),
  "a name in the default query": (key) => ({ defaultQuery: { [key]: Number.NaN } }),
};

function assertHidden(what, error) {
  const shown = [
    inspect(error, { depth: 9, showHidden: true, getters: true, maxStringLength: null }),
    String(error?.stack),
    JSON.stringify(error),
    String(error?.message),
    inspect(error?.cause),
  ].join("\n");
  for (const [spelling, key] of Object.entries(SPELLINGS))
    assert.ok(!shown.includes(key), `${what}: ${spelling}: ${shown}`);
}

test("a refused call names the part, without the key that it was given", async () => {
  const mock = testing.mockAttention();
  for (const [spelling, key] of Object.entries(SPELLINGS)) {
    for (const [place, call] of Object.entries(CALLS)) {
      const what = `${place}, ${spelling}`;
      const client = new jobs.Attention({ apiKey: FAKE_KEY, fetch: mock.fetch, maxRetries: 0 });
      const error = await (async () => call(client, key))().then(
        () => undefined,
        (thrown) => thrown,
      );
      client.close();
      // A path is refused if it holds the key as the server would read it.
      if (error === undefined) continue;
      assert.ok(error instanceof Error, what);
      assertHidden(what, error);
      if (/^(a name|a class|a tag|a header)/.test(place)) {
        assert.ok(error instanceof TypeError, `${what}: ${error}`);
        assert.match(error.message, /\[redacted\]/, what);
      }
    }
  }
});

test("an exception of the application that holds the key loses it; any other is passed on as it is", async () => {
  const signal = (members) => ({ aborted: false, addEventListener() {}, removeEventListener() {}, ...members });
  /** Calls into which the application throws. */
  const places = {
    "a hook": (client, fail) => client.use({ onRequest: fail }).get("/users"),
    "an async hook": (client, fail) => client.use({ onResponse: async () => fail() }).get("/users"),
    "a middleware": (client, fail) => client.use(fail).get("/users"),
    "a logger": (client, fail) => {
      const logger = { debug: fail, info: fail, warn: fail, error: fail };
      return client.withOptions({ logger, logLevel: "debug" }).get("/users");
    },
    "a signal": (client, fail) => client.get("/users", { signal: signal({ addEventListener: fail }) }),
    "the source of a body": (client, fail) =>
      client.post("/users", { body: { [Symbol.asyncIterator]: () => ({ next: fail }) } }),
    "an upload": (client, fail) => client.knowledgeBase.upload({ get file() { return fail(); } }), // biome-ignore format: one line
  };
  for (const [place, call] of Object.entries(places)) {
    for (const text of ["nothing to hide", ...Object.values(SPELLINGS)]) {
      const thrown = Object.assign(new RangeError(`no: ${text}`), { held: { text } });
      const fail = () => {
        throw thrown;
      };
      // Node reports the failure of a body's source as its own.
      const fetch = async (_, { body } = {}) => (body && (await new Response(body).text())) ?? Response.json({});
      const client = new attention.Attention({ apiKey: FAKE_KEY, fetch, maxRetries: 0 });
      const error = await rejection((async () => call(client, fail))());
      client.close();
      if (text === "nothing to hide") assert.equal(error, thrown, place);
      else assertHidden(place, error);
      assert.match(error.message, /^no: /, place);
    }
  }
});

test("a client whose base URL has the key is printed without it", () => {
  for (const [spelling, key] of Object.entries(SPELLINGS)) {
    if (spelling === "header") continue;
    const baseURL = `https://proxy.example/${key}/v2`;
    const client = new attention.Attention({ apiKey: FAKE_KEY, baseURL, fetch: async () => Response.json({}) });
    for (const text of [String(client), JSON.stringify(client), inspect(client), inspect([client])]) {
      assert.ok(!text.includes(key), `${spelling}: ${text}`);
      assert.match(text, /proxy\.example/);
    }
    client.close();
    assert.ok(!`${client}${inspect(client)}${JSON.stringify(client)}`.includes(key));
  }
});

test("so does a refused client", () => {
  for (const [spelling, key] of Object.entries(SPELLINGS)) {
    for (const [place, options] of Object.entries(CLIENTS)) {
      const what = `${place}, ${spelling}`;
      let error;
      try {
        new attention.Attention({ apiKey: FAKE_KEY, ...options(key) });
      } catch (thrown) {
        error = thrown;
      }
      assert.ok(error instanceof TypeError, what);
      assertHidden(what, error);
      assert.match(error.message, /\[redacted\]/, what);
    }
  }
});
