// A program may throw or return anything, wherever the client calls it, and abort for any reason: the call fails with
// exactly that, or with an error of ours, and ends once.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { assertNoOpenCalls, attention, FAKE_KEY, FAKE_NEXT_KEY } from "./fixture.mjs";

const { Attention, AttentionError } = attention;

after(assertNoOpenCalls);

const fail = () => {
  throw new Error("of the value itself");
};

/** Values of every sort, and objects that do not let themselves be looked at. */
const VALUES = {
  undefined: undefined,
  null: null,
  "a number": 0,
  NaN: Number.NaN,
  "a string": "text",
  "an empty string": "",
  "a symbol": Symbol("thrown"),
  "a bigint": 1n,
  "a function": () => {},
  "an array": [1],
  "an object without a prototype": Object.create(null),
  "a frozen error": Object.freeze(new Error("frozen")),
  "a proxy that refuses everything": new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail }),
  "getters that throw": Object.defineProperties(
    {},
    Object.fromEntries(
      ["name", "message", "code", "attempts", "response", "kind"].map((name) => [name, { get: fail }]),
    ),
  ),
  "members of other types": Object.assign(new Error("odd"), { attempts: "many", kind: 5, code: {}, status: "x" }),
  "an error of another call": new AttentionError({ kind: "server", code: "server", message: "other", attempts: 7 }),
};

const good = async () => Response.json([]);
const once = (status) => {
  let count = 0;
  return async () => (count++ > 0 ? Response.json([]) : new Response("", { status, headers: { "retry-after": "0" } }));
};

/** Each place where the client calls a function of the program: the options, and perhaps a middleware. */
const PLACES = {
  onStart: (thrower) => [{ onStart: thrower }],
  onRequest: (thrower) => [{ onRequest: thrower }],
  onResponse: (thrower) => [{ onResponse: thrower }],
  onRetry: (thrower) => [{ onRetry: thrower, fetch: once(503) }],
  onWait: (thrower) => [{ onWait: thrower, fetch: once(503) }],
  onKeySwitch: (thrower) => [{ onKeySwitch: thrower, nextApiKey: FAKE_NEXT_KEY, fetch: once(401) }],
  "a logger": (thrower) => [{ logger: { debug: thrower, info: thrower, warn: thrower, error: thrower } }],
  "a middleware": (thrower) => [{}, thrower],
  "a hook within a middleware": (thrower) => [{ onRequest: thrower }, (_, next) => next()],
  "a hook within a middleware that calls again": (thrower) => [
    { onRequest: thrower },
    async (_, next) => {
      try {
        return await next();
      } catch {
        return next();
      }
    },
  ],
};

/** Places whose exception has its own error. */
const WRAPPED = {
  "a function that provides the key": [(thrower) => [{ apiKey: thrower }], "key_provider_failed"],
  fetch: [(thrower) => [{ fetch: thrower, maxRetries: 0 }], "connection"],
  "fetch within a middleware": [(thrower) => [{ fetch: thrower, maxRetries: 0 }, (_, next) => next()], "connection"],
};

/** Makes a call; returns its end, and the events. */
async function made([options, middleware], callOptions) {
  const ends = [];
  const baseURL = "https://api.example.test/v2";
  const client = new Attention({ apiKey: FAKE_KEY, baseURL, fetch: good, maxRetries: 1, ...options });
  client.use({ onEnd: (event) => ends.push(event) });
  if (middleware !== undefined) client.use(middleware);
  const end = await client.get("/users", callOptions).then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  // Its last event may follow its promise.
  await later(0);
  client.close();
  return { ...end, ends };
}

const WAYS = {
  synchronously: (value) => () => {
    throw value;
  },
  later: (value) => async () => {
    await null;
    throw value;
  },
};

// node:test fails the file for unhandled rejections.
for (const [place, options] of Object.entries(PLACES)) {
  test(`whatever ${place} throws is the call's error, unchanged`, async () => {
    for (const [what, value] of Object.entries(VALUES)) {
      for (const [how, way] of Object.entries(WAYS)) {
        const { error, ends, ...rest } = await made(options(way(value)));
        assert.ok(!("value" in rest), `${what}, ${how}`);
        assert.ok(Object.is(error, value), `${what}, ${how}`);
        assert.equal(ends.length, 1, `${what}, ${how}`);
        assert.ok(Object.is(ends[0].error, value), `${what}, ${how}`);
        assert.ok(Number.isInteger(ends[0].attempt), `${what}, ${how}: ${ends[0].attempt}`);
      }
    }
  });
}

for (const [place, [options, code]] of Object.entries(WRAPPED)) {
  test(`whatever ${place} throws, the call's error is ${code}`, async () => {
    for (const [what, value] of Object.entries(VALUES)) {
      for (const [how, way] of Object.entries(WAYS)) {
        const { error, ends } = await made(options(way(value)));
        assert.ok(error instanceof AttentionError && error.code === code, `${what}, ${how}`);
        assert.deepEqual([ends.length, ends[0].error], [1, error], `${what}, ${how}`);
      }
    }
  });
}

test("whatever onEnd throws, the call succeeds, and a logger that throws then changes nothing", async () => {
  for (const [what, value] of Object.entries(VALUES)) {
    for (const [how, way] of Object.entries(WAYS)) {
      const logger = { debug() {}, info() {}, warn() {}, error: way(value) };
      const { value: answer, ends } = await made([{ onEnd: way(value), logger }]);
      assert.deepEqual([answer, ends.length], [[], 1], `${what}, ${how}`);
    }
  }
});

// biome-ignore lint/suspicious/noThenProperty: a promise has one.
const thenable = (descriptor) => Object.defineProperty({}, "then", descriptor);

/** Promises of other libraries, good and bad. */
const PROMISES = {
  "a promise whose then throws": thenable({ get: fail }),
  "a promise that never settles": thenable({ value() {} }),
  "a promise that settles twice": thenable({
    value(resolve) {
      resolve(5);
      resolve(6);
    },
  }),
};

test("whatever is returned instead of a key, a Response or nothing, the call ends once, with a result or an error", async () => {
  const places = {
    "a function that provides the key": (value) => [{ apiKey: () => value }],
    "a middleware": (value) => [{}, () => value],
    fetch: (value) => [{ fetch: () => value, maxRetries: 0 }],
    onRequest: (value) => [{ onRequest: () => value }],
    "a logger": (value) => [{ logger: { debug: () => value, info() {}, warn() {}, error() {} } }],
    onEnd: (value) => [{ onEnd: () => value }],
  };
  const cases = Object.entries(places).flatMap(([place, options]) =>
    Object.entries({ ...VALUES, ...PROMISES }).map(([what, value]) => [`${place}: ${what}`, options(value)]),
  );
  const check = async ([what, [options, middleware]]) => {
    const { value, error, ends } = await made([{ timeout: 300, ...options }, middleware]);
    assert.equal(ends.length, 1, what);
    assert.ok(Array.isArray(value) || error instanceof Error, what);
  };
  // Some wait for their timeout.
  await Promise.all(cases.map(check));
});

/** The point at which the caller aborts. */
const MOMENTS = {
  "before the call": (abort) => abort() ?? {},
  "while fetch waits": (abort) => ({
    fetch: (_, { signal }) => {
      setTimeout(abort, 1);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  }),
  "while fetch, which is deaf, waits": (abort) => ({
    fetch: () => {
      setTimeout(abort, 1);
      return new Promise(() => {});
    },
  }),
  "while the key is requested": (abort) => ({
    apiKey: () => {
      setTimeout(abort, 1);
      return new Promise(() => {});
    },
  }),
  "in a hook": (abort) => ({ onRequest: abort }),
  "before a retry": (abort) => ({
    fetch: async () => {
      setTimeout(abort, 1);
      return new Response("", { status: 503, headers: { "retry-after": "5" } });
    },
  }),
  "while the body arrives": (abort) => ({
    fetch: async () => {
      setTimeout(abort, 1);
      return new Response(new ReadableStream({}), { headers: { "content-type": "application/json" } });
    },
  }),
};

test("whatever the reason of an abort is, at whatever point, it is an AbortError whose cause is the reason", async () => {
  const cases = Object.entries(MOMENTS).flatMap(([when, options]) =>
    Object.entries(VALUES).map(([what, reason]) => [`${when}: ${what}`, options, reason]),
  );
  const check = async ([what, options, reason]) => {
    const controller = new AbortController();
    const { signal } = controller;
    const more = options(() => void controller.abort(reason));
    const { error, ends } = await made([more], { signal });
    assert.ok(error instanceof AttentionError && error.name === "AbortError" && error.code === "aborted", what);
    assert.deepEqual([ends.length, ends[0].outcome], [1, "aborted"], what);
    // One that cannot be searched for the key is left out.
    assert.ok(Object.is(error.cause, signal.reason) || error.cause === "[redacted]", what);
  };
  await Promise.all(cases.map(check));
});
