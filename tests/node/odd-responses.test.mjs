// Responses as mocks, polyfills and service workers make them: each is used, or named, and none gives a key away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { attention, FAKE_KEY, rejection } from "./fixture.mjs";

const JSON_TYPE = { "content-type": "application/json" };

/** The result of a call whose `fetch` returns that: its value or its error, within a second. */
async function outcome(make, options) {
  const client = new attention.Client({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    timeout: 1_000,
    fetch: async () => make(),
    ...options,
  });
  const come = await client.get("/things").then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  client.close();
  return come;
}

const shape = (members) => ({
  headers: new Headers(JSON_TYPE),
  body: null,
  bodyUsed: false,
  type: "basic",
  ...members,
});

test("Response.error() is a network error: it is retried, and the cause says where it came from", async () => {
  for (const make of [
    () => Response.error(),
    () => runInNewContext("({ status: 0, type: 'error', headers: { get: () => null }, body: null })"),
  ]) {
    const { error } = await outcome(make);
    assert.deepEqual(
      [error.name, error.code, error.status, error.attempts],
      ["ConnectionError", "connection", undefined, 1],
    );
    assert.match(error.cause.message, /Response\.error\(\)/);
    assert.doesNotMatch(error.message, /redirect/);
  }
  let calls = 0;
  const { value, error } = await outcome(() => (++calls === 1 ? Response.error() : Response.json({ ok: true })), {
    maxRetries: 1,
    timeout: 10_000,
  });
  assert.deepEqual([value, error, calls], [{ ok: true }, undefined, 2]);
});

test("a status that no server sends is named; a redirect that a page hides is one", async () => {
  const statuses = [
    0,
    -1,
    1,
    99,
    100,
    101,
    103,
    199,
    199.9,
    1000,
    65_736,
    2 ** 32 + 200,
    Number.NaN,
    Infinity,
    -Infinity,
  ];
  for (const status of statuses) {
    for (const type of ["basic", "opaque"]) {
      const { error } = await outcome(() => shape({ status, type }));
      assert.ok(error instanceof TypeError, `${status}: ${error}`);
      const expected =
        status >= 0 && status < 1000
          ? `a Response with the status ${status}, which no server sends`
          : "an Object, not a Response";
      assert.equal(error.message, `fetch returned ${expected}; a mock may return Response.json(…)`);
    }
  }
  for (const status of [600, 999]) {
    const { error } = await outcome(() => shape({ status }));
    assert.deepEqual([error.kind, error.status], ["protocol", status]);
  }
  const { error } = await outcome(() => shape({ status: 0, type: "opaqueredirect" }));
  assert.deepEqual([error.kind, error.code], ["protocol", "protocol"]);
  assert.match(error.message, /redirects are not followed/);
  const client = new attention.Client({ apiKey: FAKE_KEY, fetch: () => assert.fail("no call") });
  client.use(async () => Response.error());
  const own = await rejection(client.get("/things"));
  assert.ok(own instanceof TypeError);
  assert.match(
    own.message,
    /^a middleware returned a Response with the status 0, .*: return the result of `next\(\)`$/,
  );
});

class Subclass extends Response {}
const answered = (status) => new Response('{"message":"said"}', { status, headers: JSON_TYPE });
const bytes = (text) => new TextEncoder().encode(text);
const streamed = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const bound = (response) =>
  new Proxy(response, {
    get(target, name) {
      const held = Reflect.get(target, name, target);
      return typeof held === "function" ? held.bind(target) : held;
    },
  });

/** Ways to make the same response. */
const MADE = {
  "a Response": answered,
  "a subclass": (status) => new Subclass('{"message":"said"}', { status, headers: JSON_TYPE }),
  "a Proxy": (status) => new Proxy(answered(status), {}),
  "a Proxy with bound methods": (status) => bound(answered(status)),
  "a clone": (status) => answered(status).clone(),
  "one that was cloned": (status) => {
    const response = answered(status);
    response.clone();
    return response;
  },
  // biome-ignore lint/suspicious/noThenProperty: a mock's promise.
  "a promise-like": (status) => ({ then: (resolve) => resolve(answered(status)) }),
  "another realm's text": (status) =>
    runInNewContext('(status, headers) => ({ status, headers, text: async () => \'{"message":"said"}\' })')(
      status,
      new Headers(JSON_TYPE),
    ),
  "headers that are a Map": (status) => ({
    status,
    headers: new Map(Object.entries(JSON_TYPE)),
    text: async () => '{"message":"said"}',
  }),
};
/** Bodies that only errors read as streams; a success asks for the text. */
const OF_ERRORS = {
  "a stream of text": () => new Response(streamed('{"mess', 'age":"said"}'), { status: 422 }),
  "an iterable of text": () =>
    shape({
      status: 422,
      body: (async function* () {
        yield '{"message":';
        yield '"said"}';
      })(),
    }),
  "a list of bytes": () => shape({ status: 422, body: [bytes('{"message":'), bytes('"said"}')] }),
  "bytes and text": () => shape({ status: 422, body: streamed(bytes('{"message"'), ':"said"}') }),
};

test("a response is read whoever made it, as a success and as an error", async () => {
  for (const [what, make] of Object.entries(MADE)) {
    assert.deepEqual((await outcome(() => make(200))).value, { message: "said" }, what);
    const { error } = await outcome(() => make(422));
    assert.deepEqual([error.status, error.body], [422, { message: "said" }], what);
    assert.match(error.message, /it says: said$/, what);
  }
  for (const [what, make] of Object.entries(OF_ERRORS))
    assert.deepEqual((await outcome(make)).error.body, { message: "said" }, what);
});

test("a body that cannot be read is named as a success, and costs an error only its words", async () => {
  const used = async (status) => {
    const response = answered(status);
    await response.text();
    return response;
  };
  const locked = (status) => {
    const response = answered(status);
    response.body.getReader();
    return response;
  };
  const texts = [5, undefined, null, {}, new String("x")];
  for (const [make, expected] of [
    [used, /already read/],
    [locked, /cannot be read: .*(unusable|locked|disturbed)/],
    [(status) => shape({ status, body: undefined }), /cannot be read: .*text is not a function/],
    [(status) => new Response(streamed("text"), { status, headers: JSON_TYPE }), /cannot be read: .*Uint8Array/],
    ...texts.map((text) => [(status) => shape({ status, body: {}, text: async () => text }), /whose text\(\) is /]),
  ]) {
    const { error } = await outcome(() => make(200));
    assert.ok(error instanceof TypeError, String(error));
    assert.match(error.message, expected);
    assert.equal((await outcome(() => make(422))).error.status, 422);
  }
});

test("a response that throws when it is looked at, wherever that is, gives nothing away", async () => {
  const kinds = new Set();
  const throwing = (target, name, thrown) =>
    new Proxy(target, {
      get(_, asked) {
        if (asked === name) throw thrown;
        const held = Reflect.get(target, asked, target);
        return typeof held === "function" ? held.bind(target) : held;
      },
    });
  const names = ["status", "headers", "type", "bodyUsed", "body", "text", "blob", "ok", "url", Symbol.toStringTag];
  for (const status of [0, 200, 302, 422, 429, 500]) {
    for (const thrown of [new Error(`no: ${FAKE_KEY}`), FAKE_KEY, { held: FAKE_KEY }, new TypeError(FAKE_KEY)]) {
      const made = () => (status === 0 ? Response.error() : answered(status));
      const ways = [
        ...names.map((name) => () => throwing(made(), name, thrown)),
        ...["get", Symbol.iterator].map((name) => () => {
          const response = made();
          const headers = throwing(response.headers, name, thrown);
          return new Proxy(response, { get: (target, asked) => (asked === "headers" ? headers : target[asked]) });
        }),
        ...["getReader", "cancel", Symbol.asyncIterator].map((name) => () => {
          const response = made();
          const body = response.body && throwing(response.body, name, thrown);
          return bound(Object.defineProperty(response, "body", { value: body }));
        }),
        () => new Proxy(Object.assign(class {}, { status }), { get: () => assert.fail("looked at"), has: () => false }),
      ];
      for (const [at, make] of ways.entries()) {
        const { error } = await outcome(make);
        kinds.add(error?.name);
        if (error === undefined) continue;
        const shown = `${inspect(error, { depth: 9, showHidden: true, getters: true })}${error.stack}${JSON.stringify(error)}`;
        assert.ok(!shown.includes(FAKE_KEY), `${status}, ${at}: ${shown}`);
        assert.ok(error instanceof Error, shown);
      }
    }
  }
  assert.ok(
    ["TypeError", "ValidationError", undefined].every((kind) => kinds.has(kind)),
    [...kinds].join(),
  );
});
