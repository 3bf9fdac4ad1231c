// No value is lost silently: it is written by its `toJSON`, else completely, or refused with the name of its part. The
// generator makes values together with their meaning, so that the expectation never reads the value.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { library } from "../runtimes/tools.mjs";
import { attention, FAKE_KEY } from "./fixture.mjs";

const { default: fc } = await library("properties", "fast-check");
const { default: dayjs } = await library("dates", "dayjs");
const { DateTime } = await library("dates", "luxon");
const { default: moment } = await library("dates", "moment");
const { Temporal } = await library("dates", "temporal-polyfill");

/** The meaning of a value: plain data, nothing, or that it cannot be written. */
const ABSENT = Symbol("absent");
const REFUSED = Symbol("refused");
const is = (value, meaning) => ({ value, meaning });
const refused = (value) => is(value, REFUSED);
const foreign = (code) => runInNewContext(code, { URL });

class Fields {
  constructor(fields) {
    Object.assign(this, fields);
  }
}
class Secretive {
  #cents = 5;
  get cents() {
    return this.#cents;
  }
}
const saying = (meaning) => ({ hidden: 1, toJSON: () => meaning });
const failing = () => {
  throw new RangeError("of a getter");
};
const WHEN = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
const ISO = "2026-02-03T04:05:06.789Z";

const LEAVES = [
  ...["", "text", "ünï", "\u2028", "💥", true, false, 0, 1, -1.5, 1e21, Number.MAX_VALUE].map((plain) =>
    is(plain, plain),
  ),
  is(-0, 0),
  is(null, null),
  is(undefined, ABSENT),
  ...[NaN, Infinity, -Infinity, Symbol("s"), Symbol.iterator, () => 1, class {}, async () => 1].map(refused),
  // Values that a query can represent, and JSON cannot.
  is(12345678901234567890n, 12345678901234567890n),
  is(Object(5n), 5n),
  is(new Number(5), 5),
  is(new String("boxed"), "boxed"),
  is(new Boolean(false), false),
  ...[new Number(NaN), Object(Symbol("s"))].map(refused),
  // JSON drops members whose names are symbols; those that are not enumerable are a class's own business.
  ...[{ [Symbol("s")]: 1 }, { a: 1, [Symbol.for("s")]: undefined }, { *[Symbol.iterator]() {} }].map(refused),
  ...["a1".match(/\d/), Object.assign([1], { "": 2, more: 3 }), Object.assign([], { [Symbol("s")]: 1 })].map(refused),
  is(Object.defineProperty([1], "hidden", { value: 2, enumerable: false }), [1]),
  is(Object.defineProperty({ a: 1 }, Symbol("s"), { value: 1, enumerable: false }), { a: 1 }),
  is(new Date(WHEN), ISO),
  is(dayjs(WHEN), ISO),
  is(DateTime.fromMillis(WHEN, { zone: "utc" }), ISO),
  is(moment(WHEN), ISO),
  is(Temporal.Instant.from(ISO), ISO),
  is(Temporal.PlainDate.from("2026-02-03"), "2026-02-03"),
  ...[new Date(NaN), dayjs("x"), DateTime.invalid("x"), moment.invalid()].map(refused),
  is(new URL("https://example.test/a?b"), "https://example.test/a?b"),
  is(Buffer.from([1, 2]), { type: "Buffer", data: [1, 2] }),
  is(saying("said"), "said"),
  is(saying(null), null),
  is(saying(undefined), ABSENT),
  is(saying({ a: [1] }), { a: [1] }),
  is(
    Object.assign(() => 1, { toJSON: () => "of a function" }),
    "of a function",
  ),
  ...[saying(NaN), saying(new Date(0)), { toJSON: failing }].map(refused),
  is(new Fields({ a: 1, b: undefined }), { a: 1 }),
  is(new Fields({ a: undefined }), {}),
  is(Object.assign(Object.create(null), { a: 1 }), { a: 1 }),
  is(Object.create(null), {}),
  is({}, {}),
  is([], []),
  is(JSON.parse('{"__proto__":1,"constructor":2}'), JSON.parse('{"__proto__":1,"constructor":2}')),
  is(new Proxy({ a: 1 }, {}), { a: 1 }),
  is(new Proxy([1, 2], {}), [1, 2]),
  ...[new Secretive(), new (class Empty {})(), Object.create({ inherited: 1 })].map(refused),
  ...[new Set([1]), new Set(), new Map([["a", 1]]), new WeakMap(), new WeakRef({}), Promise.resolve(1)].map(refused),
  ...[new Uint8Array(2), new Float64Array(1), new ArrayBuffer(2), new DataView(new ArrayBuffer(1))].map(refused),
  ...[new Blob(["a"]), new File(["a"], "a"), new FormData(), new Headers({ a: "b" }), new Response()].map(refused),
  ...[new URLSearchParams("a=b"), new AbortController().signal, /a/, new Error("a"), new DOMException("a")].map(
    refused,
  ),
  ...[[1].values(), new Map().entries(), (function* () {})(), new Intl.NumberFormat(), Math, globalThis].map(refused),
  refused((() => arguments_(1, 2))()),
  refused({ get broken() { return failing(); } }), // biome-ignore format: one line for each value
  refused(new Proxy({}, { ownKeys: failing })),
  refused(revoked()),
  is(foreign("({ a: [1, 'b'] })"), { a: [1, "b"] }),
  is(foreign(`new Date(${WHEN})`), ISO),
  is(foreign("new Number(7)"), 7),
  is(foreign("new URL('https://example.test/')"), "https://example.test/"),
  ...["new Date(NaN)", "new Set([1])", "new Map()", "new Uint8Array(1)", "/a/", "new Error('a')", "() => 1"].map(
    (code) => refused(foreign(`(${code})`)),
  ),
];

function arguments_() {
  // biome-ignore lint/complexity/noArguments: the object itself is what is written.
  return arguments;
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const leaf = fc.oneof(
  fc.constantFrom(...LEAVES),
  fc.string({ unit: "grapheme" }).map((text) => is(text, text)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => is(number, number === 0 ? 0 : number)),
);
const name = fc.stringMatching(/^[a-z$_][a-z ."\][é_$-]{0,5}$/);

/** An object with these members; as a class's instance, without a prototype or behind a proxy. */
function object([members, made]) {
  const value = made === "null" ? Object.create(null) : made === "instance" ? new Fields({}) : {};
  const meaning = {};
  for (const [key, held] of members) {
    const get = made === "getters" ? { get: () => held.value } : { value: held.value };
    Object.defineProperty(value, key, { enumerable: true, configurable: true, ...get });
    meaning[key] = held.meaning;
  }
  if (made === "instance" && members.length === 0) return refused(value);
  return { value: made === "proxy" ? new Proxy(value, {}) : value, meaning };
}

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: "small", maxDepth: 4 }, leaf, tie("object"), tie("list")),
  object: fc
    .tuple(
      fc.uniqueArray(fc.tuple(name, tie("tree")), { selector: ([key]) => key, maxLength: 4 }),
      fc.constantFrom("literal", "null", "instance", "getters", "proxy"),
    )
    .map(object),
  list: fc.array(tie("tree"), { maxLength: 4 }).map((items) =>
    is(
      items.map(({ value }) => value),
      items.map(({ meaning }) => meaning),
    ),
  ),
}));

/** Where JSON differs from the meaning, else undefined. */
function jsonFault(meaning, path, isItem) {
  if (meaning === REFUSED || typeof meaning === "bigint" || (meaning === ABSENT && isItem)) return path;
  if (typeof meaning !== "object" || meaning === null) return undefined;
  for (const [key, inner] of Object.entries(meaning)) {
    const plain = Array.isArray(meaning) ? `[${key}]` : /^[\w$]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    const fault = jsonFault(inner, path + plain, Array.isArray(meaning));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The expected pairs, or REFUSED. */
function pairsOf(meaning, field, isItem = false) {
  if (meaning === REFUSED) return REFUSED;
  if (meaning === ABSENT || meaning === null) return [];
  if (typeof meaning !== "object") return [[field, String(meaning)]];
  if (isItem) return REFUSED;
  const list = Array.isArray(meaning);
  const inner = Object.entries(meaning).map(([key, held]) => pairsOf(held, list ? field : `${field}[${key}]`, list));
  return inner.includes(REFUSED) ? REFUSED : inner.flat();
}

const absentLeftOut = (_, held) => (held === ABSENT ? undefined : held);

const sent = [];
const client = new attention.Client({
  apiKey: FAKE_KEY,
  fetch: async (url, init) => {
    sent.push({ query: new URL(url).search.slice(1), body: init.body });
    return Response.json({});
  },
});

/** The request that is sent with these options, or the error before it. */
async function request(options) {
  sent.length = 0;
  const error = await client.post("/things", options).then(
    () => undefined,
    (reason) => reason,
  );
  assert.equal(sent.length, error === undefined ? 1 : 0);
  return error === undefined ? sent[0] : { error };
}

test("a body is sent completely, or refused with the path of the part", async () => {
  const check = async ({ value, meaning }) => {
    const fault = jsonFault(meaning, "body.held", false);
    const { body, error } = await request({ body: { held: value } });
    if (fault === undefined) {
      assert.equal(error, undefined, inspect(value));
      assert.equal(body, JSON.stringify({ held: meaning }, absentLeftOut));
    } else {
      assert.ok(error instanceof TypeError, inspect(value));
      assert.ok(error.message.startsWith(fault), `${error.message} does not begin with ${fault}`);
      assert.match(error.message.slice(fault.length), /^[^ ]* (is .*, which JSON cannot contain|cannot be read: )/);
    }
  };
  for (const each of LEAVES) await check(each);
  await fc.assert(fc.asyncProperty(tree, check), { numRuns: 2000 });
});

test("a query is sent completely, or refused with the name of the part", async () => {
  const check = async ({ value, meaning }) => {
    const pairs = pairsOf(meaning, "held");
    const { query, error } = await request({ query: { held: value } });
    if (pairs === REFUSED) {
      assert.ok(error instanceof TypeError, inspect(value));
      assert.match(error.message, /^query\.held.* (is .*, which a query cannot contain|cannot be read: )/s);
    } else {
      assert.equal(error, undefined);
      assert.deepEqual([...new URLSearchParams(query)], pairs);
    }
  };
  for (const each of LEAVES) await check(each);
  await fc.assert(fc.asyncProperty(tree, check), { numRuns: 2000 });
});

test("lone surrogates are escaped in JSON and refused elsewhere", async () => {
  const half = "a\ud800b";
  assert.equal((await request({ body: { [half]: half } })).body, '{"a\\ud800b":"a\\ud800b"}');
  for (const [options, pattern] of [
    [{ query: { q: half } }, /^query\.q is text with a lone surrogate, which a query cannot contain$/],
    [{ query: { [half]: 1 } }, /^query\..* is text with a lone surrogate/],
    [{ query: { q: ["a", half] } }, /^query\.q\[1\] is text/],
    [{ body: half }, /^body is text with a lone surrogate, which UTF-8 cannot encode$/],
    [{ headers: { "x-half": half } }, /^headers: x-half has a character/],
  ]) {
    const { error } = await request(options);
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
  const { labels } = new attention.Attention({ apiKey: FAKE_KEY });
  await assert.rejects(async () => labels.get(half), new TypeError("labels.get: id is text with a lone surrogate"));
});

test("cycles, holes and depth are refused; a repeated object is not a cycle", async () => {
  const shared = { a: 1 };
  assert.equal((await request({ body: [shared, { shared }] })).body, '[{"a":1},{"shared":{"a":1}}]');
  const cyclic = { list: [{}] };
  cyclic.list[0].top = cyclic;
  const deep = Array.from({ length: 100_000 }).reduce((inner) => [inner], []);
  const holes = [1];
  holes[2] = 3;
  for (const [options, pattern] of [
    [{ body: cyclic }, /^body\.list\[0\]\.top is an object that contains it: a cycle, which JSON cannot contain$/],
    [{ query: { a: (() => ({ get b() { return this; } }))() } }, /^query\.a\[b\] is an object that contains it/], // biome-ignore format: one line
    [{ body: holes }, /^body\[1\] is undefined/],
    [{ body: [undefined] }, /^body\[0\] is undefined/],
    [{ body: deep }, /^body is nested too deeply/],
    [{ body: { toJSON: () => undefined } }, /^body is undefined, which JSON cannot contain/],
  ]) {
    const { error } = await request(options);
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
});

test("toJSON is called once, with its member's name, and getters are read once", async () => {
  const asked = [];
  const value = {
    toJSON(key) {
      asked.push(key);
      return "said";
    },
  };
  let read = 0;
  const getter = {
    get once() {
      return ++read;
    },
  };
  const { body } = await request({ body: { a: value, b: [value], getter } });
  assert.equal(body, '{"a":"said","b":["said"],"getter":{"once":1}}');
  assert.deepEqual(asked, ["a", "0"]);
});

test("values that are not a query or headers are refused", async () => {
  class Empty {}
  for (const given of [
    new Set(["ab"]),
    ["ab"],
    [["a"]],
    [["a", "b", "c"]],
    [[1, 2]],
    Promise.resolve({}),
    new Date(),
    new Empty(),
    [],
  ]) {
    const isEmpty = Array.isArray(given) && given.length === 0;
    for (const [name, options] of [
      ["query", { query: given }],
      ["headers", { headers: given }],
    ]) {
      const { error } = await request(options);
      if (isEmpty) assert.equal(error, undefined);
      else assert.ok(error instanceof TypeError && error.message.startsWith(name), `${name}: ${error}`);
    }
  }
});

test("a header that is not text is refused by name, before anything is sent", async (t) => {
  for (const [headers, pattern] of [
    [{ "x-user": "山田" }, /^headers: x-user has a character that headers cannot contain/],
    [{ "x-user": "a\nb" }, /^headers: x-user has a character/],
    [{ "x-user": "a\0b" }, /^headers: x-user has a character/],
    [{ "x-user": { a: 1 } }, /^headers: x-user is an Object; expected a string/],
    [{ "x-user": ["a", "b"] }, /^headers: x-user is an Array; expected a string/],
    [{ "x-user": Symbol("s") }, /^headers: x-user is a symbol/],
    [{ "x user": "a" }, /^headers: "x user" is not a header name/],
    [{ "": "a" }, /^headers: "" is not a header name/],
    [[["__proto__", "a"]], /^headers: "__proto__" is not a header name/],
  ]) {
    const { error } = await request({ headers });
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
    assert.throws(() => new attention.Client({ apiKey: FAKE_KEY, defaultHeaders: headers }), TypeError);
  }
  const { error } = await request({ idempotencyKey: "山田" });
  assert.ok(error instanceof TypeError && /^POST: idempotencyKey has a character/.test(error.message), String(error));
  const seen = t.mock.fn(async () => Response.json({}));
  await new attention.Client({ apiKey: FAKE_KEY, fetch: seen }).get("/things", {
    headers: { "x-number": 5, "x-flag": false, "x-latin": "\u00e9", "x-trimmed": " a\t \r\n", "x-gone": undefined },
  });
  const { headers } = seen.mock.calls[0].arguments[1];
  assert.deepEqual(Object.fromEntries(Object.entries(headers).filter(([key]) => key.startsWith("x-"))), {
    "x-number": "5",
    "x-flag": "false",
    "x-latin": "\u00e9",
    "x-trimmed": "a",
  });
});

test("headers arrive as `Headers` has them, whatever their names, how often, and in whichever form", async () => {
  const names = ["x-a", "X-A", "x-b", "constructor", "toString", "hasOwnProperty", "X-Odd_~!#$%&'*+.^`|"];
  const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom("", "1", "two", "a, b", " 5 ", "\u00e9"));
  let sent;
  const fetch = async (_, init) => {
    sent = new Headers(init.headers);
    return Response.json({});
  };
  await fc.assert(
    fc.asyncProperty(fc.array(pair, { maxLength: 6 }), fc.array(pair, { maxLength: 3 }), async (given, defaults) => {
      // The reference: the platform's own. A call's header overrides a default.
      const expected = new Headers(defaults);
      for (const name of new Headers(given).keys()) expected.delete(name);
      for (const [name, value] of given) expected.append(name, value);
      const client = new attention.Client({ apiKey: FAKE_KEY, fetch, defaultHeaders: defaults });
      for (const headers of [given, new Headers(given), new Set(given)]) {
        await client.get("/things", { headers });
        for (const name of ["authorization", "accept", "user-agent"]) sent.delete(name);
        // The blanks around a value are not sent.
        assert.deepEqual(
          [...sent],
          Array.from(expected, ([name, value]) => [name, value.trim()]),
        );
      }
      client.close();
    }),
    { numRuns: 200 },
  );
});
