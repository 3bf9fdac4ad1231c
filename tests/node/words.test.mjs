// An error has the server's body, headers and issues, without credentials.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { inspect } from "node:util";
import { library } from "../runtimes/tools.mjs";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";

const JSON_TYPE = ["content-type", "application/json"];

/** A key with each character that some escaping changes. */
const KEY = "an-obviously.fake_key~0123+456/789=";
const percent = (text, of) => [...text].map((c) => (of(c) ? `%${c.charCodeAt(0).toString(16)}` : c)).join("");

/** Spellings of the key in a JSON string. */
const SPELLINGS = [
  KEY,
  `Bearer ${KEY}`,
  encodeURIComponent(KEY),
  percent(KEY, () => true),
  percent(KEY, (c) => c < "a"),
  KEY.replaceAll("/", "\\/"),
  [...KEY].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  [...KEY].map((c, at) => (at % 3 ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)).join(""),
];

/** The error of a call with this response. */
async function failed(t, entry, options) {
  const { upstream, client } = await served(t, { maxRetries: 0, ...options });
  upstream.script([entry]);
  return rejection(client.post("/things", { body: {} }));
}

test("a 422 with two field errors, headers and the key has everything except the key", async (t) => {
  const error = await failed(
    t,
    {
      status: 422,
      headers: [
        JSON_TYPE,
        ["x-ratelimit-remaining", "7"],
        ["set-cookie", "session=obviously-fake"],
        ["x-echo", `you sent Bearer ${KEY}`],
        ["x-two", "1"],
        ["x-two", "2"],
      ],
      body: JSON.stringify({
        errors: [
          { detail: "is too long", source: { pointer: "/data/attributes/title" }, code: "too_long" },
          { detail: `has no place for ${KEY}`, source: { parameter: "size" } },
        ],
        [KEY]: [KEY],
      }),
    },
    { apiKey: KEY },
  );
  assert.deepEqual(error.issues, [
    { field: "/data/attributes/title", message: "is too long", code: "too_long" },
    { field: "size", message: "has no place for [redacted]", code: undefined },
  ]);
  assert.deepEqual(error.body["[redacted]"], ["[redacted]"]);
  assert.deepEqual(
    ["x-ratelimit-remaining", "set-cookie", "x-echo", "x-two"].map((name) => error.headers.get(name)),
    ["7", null, "you sent Bearer [redacted]", "1, 2"],
  );
  assert.ok(error.headers instanceof Headers);
  const shown = [inspect(error), inspect(error, { showHidden: true, getters: true, depth: 9 }), JSON.stringify(error)];
  for (const text of [...shown, JSON.stringify(error.body), error.message, error.stack])
    assert.ok(!text.includes(KEY) && !text.includes("obviously-fake"), text);
  assert.match(shown[0], /\n {2}issue {3}\/data\/attributes\/title: is too long\n/);
});

test("the key is found however it is spelt, in JSON and in text", async (t) => {
  for (const spelt of SPELLINGS) {
    for (const [type, body] of [
      ["application/json", `{"message":"you sent ${spelt}","${spelt}":{"deep":["${spelt}"]}}`],
      ["text/plain", `you sent ${spelt} and {`],
    ]) {
      const error = await failed(t, { status: 400, headers: [["content-type", type]], body }, { apiKey: KEY });
      const text = JSON.stringify(error.body) + error.message;
      const isText = type === "text/plain";
      // In plain text, JSON escapes have no meaning.
      if (isText && spelt.includes("\\")) continue;
      assert.ok(!decodeURIComponent(text).includes(KEY), text);
      assert.ok(text.includes("[redacted]"), text);
      assert.equal(typeof error.body, isText ? "string" : "object");
    }
  }
});

test("every credential that the client has had is removed, including next and former ones", async (t) => {
  const keys = [`${FAKE_KEY}-a`, `${FAKE_KEY}-b`];
  const { upstream, client } = await served(t, {
    apiKey: () => keys.shift() ?? FAKE_KEY,
    nextApiKey: () => FAKE_NEXT_KEY,
  });
  upstream.script([{ status: 401 }, { status: 401 }]);
  await client.get("/things");
  const body = JSON.stringify({ seen: [FAKE_KEY, FAKE_NEXT_KEY, `${FAKE_KEY}-a`, `${FAKE_KEY}-b`] });
  upstream.script([{ status: 404, headers: [JSON_TYPE], body }]);
  const error = await rejection(client.get("/things"));
  assert.deepEqual(error.body.seen.slice(1), ["[redacted]", "[redacted]", "[redacted]"]);
});

test("body is JSON as its value, text, or undefined; at most 64 KiB, without a piece of a key at the end", async (t) => {
  const limit = 64 * 1024;
  const filling = "x ".repeat(limit / 2);
  for (const [entry, expected] of [
    [{ headers: [JSON_TYPE], body: "[1]" }, [1]],
    [{ headers: [JSON_TYPE], body: '"text"' }, "text"],
    [{ headers: [JSON_TYPE], body: "null" }, null],
    [{ headers: [JSON_TYPE], body: "{broken" }, "{broken"],
    [{ body: '{"a":1}' }, { a: 1 }],
    [{ body: "plain words" }, "plain words"],
    [{ body: "" }, undefined],
    [{ body: `${filling}more` }, filling],
    [{ body: `${filling.slice(0, -20)}${FAKE_KEY}` }, filling.slice(0, -20)],
    [{ body: `what came: ${FAKE_KEY}`, cutAfter: 30 }, "what came: "],
    [{ headers: [JSON_TYPE], body: '{"__proto__":{"a":1}}' }, JSON.parse('{"__proto__":{"a":1}}')],
  ]) {
    const error = await failed(t, { status: 400, ...entry });
    assert.deepEqual(error.body, expected);
    assert.equal(error.body, error.body);
  }
});

test("not enumerable, not in toJSON; issues are, when there are any", async (t) => {
  const body = '{"errors":{"title":["is too short"]}}';
  for (const [entry, issues] of [
    [{ status: 400, body }, [{ field: "title", message: "is too short", code: undefined }]],
    [{ status: 404, body: "{}" }, []],
  ]) {
    const error = await failed(t, entry);
    assert.deepEqual(error.issues, issues);
    const names = [Object.keys(error), Object.keys(JSON.parse(JSON.stringify(error)))];
    for (const list of names) {
      assert.ok(!list.includes("body") && !list.includes("headers"), list.join());
      assert.equal(list.includes("issues"), issues.length > 0);
    }
  }
});

test("an error without a response has no body", async (t) => {
  const { client } = await served(t);
  const error = await rejection(client.get("/../x"));
  assert.deepEqual([error.body, error.headers, error.issues], [undefined, undefined, []]);
});

test("a response that is a success in name only has its body too", async (t) => {
  const page = "<!doctype html><title>Sign in</title>";
  for (const [headers, body, code, kept] of [
    [[["content-type", "text/html; charset=utf-8"]], page, "html_answer", page],
    [[["content-type", "text/html"]], "<p>fragment</p>", "html_answer", "<p>fragment</p>"],
    [[["content-type", "text/plain"]], ` \n<HTML><body>`, "html_answer", " \n<HTML><body>"],
    [[JSON_TYPE], page, "invalid_json", page],
    [[JSON_TYPE], `{"token": ${FAKE_KEY}`, "invalid_json", '{"token": [redacted]'],
  ]) {
    const { upstream, client } = await served(t);
    upstream.script([{ headers: [...headers, ["x-request-id", "r-1"]], body }]);
    const error = await rejection(client.get("/things"));
    assert.deepEqual([error.name, error.code, error.status, error.requestId], ["ProtocolError", code, 200, "r-1"]);
    assert.equal(error.body, kept);
    assert.equal(error.headers.get("x-request-id"), "r-1");
    if (code === "html_answer") assert.match(error.message, /web page.*`baseURL`/);
  }
  const { upstream, client } = await served(t);
  upstream.script([{ headers: [["content-type", "text/plain"]], body: "<3 no page" }]);
  assert.equal(await client.get("/things"), "<3 no page");
  // Labelled as HTML by a careless server.
  upstream.script([{ headers: [["content-type", "text/html"]], body: '"text"' }]);
  assert.equal(await client.get("/things"), '"text"');
  upstream.script([{ headers: [["content-type", "text/html"]], body: page }]);
  assert.equal(await (await client.get("/things").asResponse()).text(), page);
});

// Shapes in use elsewhere; the API documents none.
for (const [shape, body, expected] of [
  [
    "JSON:API",
    { errors: [{ title: "Bad", detail: "too long", source: { pointer: "/data/title" } }] },
    [["/data/title", "too long"]],
  ],
  [
    "RFC 9457",
    { type: "about:blank", title: "Bad", errors: [{ detail: "is needed", pointer: "#/age" }] },
    [["#/age", "is needed"]],
  ],
  ["RFC 7807", { title: "Bad", "invalid-params": [{ name: "age", reason: "is negative" }] }, [["age", "is negative"]]],
  [
    "FastAPI",
    { detail: [{ loc: ["body", "items", 0], msg: "field required", type: "missing" }] },
    [["body.items.0", "field required", "missing"]],
  ],
  [
    "Laravel",
    { message: "Bad", errors: { email: ["is taken", "is odd"], name: ["is needed"] } },
    [
      ["email", "is taken"],
      ["email", "is odd"],
      ["name", "is needed"],
    ],
  ],
  ["a map of texts", { errors: { email: "is taken" } }, [["email", "is taken"]]],
  [
    "express-validator",
    { errors: [{ msg: "Invalid value", path: "email", location: "body", type: "field" }] },
    [["email", "Invalid value", "field"]],
  ],
  [
    "Google",
    { error: { code: 400, message: "Bad", details: [{ fieldViolations: [{ field: "a.b", description: "is odd" }] }] } },
    [["a.b", "is odd"]],
  ],
  [
    "Zod",
    { issues: [{ path: ["a", 1], message: "Required", code: "invalid_type" }] },
    [["a.1", "Required", "invalid_type"]],
  ],
  [
    "Stripe",
    { error: { message: "No such card", param: "card", code: "missing" } },
    [["card", "No such card", "missing"]],
  ],
  [
    "texts",
    { errors: ["one", "two"] },
    [
      [undefined, "one"],
      [undefined, "two"],
    ],
  ],
  [
    "Salesforce, a list alone",
    [{ message: "is odd", errorCode: "ODD", fields: ["a"] }, { message: "is needed" }],
    [
      [undefined, "is odd"],
      [undefined, "is needed"],
    ],
  ],
  ["texts alone", ["one"], [[undefined, "one"]]],
  ["NestJS", { statusCode: 400, error: "Bad Request", message: ["a is odd"] }, [[undefined, "a is odd"]]],
  [
    "Django REST framework",
    { name: ["Required.", "Odd."], non_field_errors: ["Bad."] },
    [
      ["name", "Required."],
      ["name", "Odd."],
      ["non_field_errors", "Bad."],
    ],
  ],
  [
    "GraphQL",
    { errors: [{ message: "Bad", path: ["user", 0, "name"], extensions: { code: "BAD_USER_INPUT" } }] },
    [["user.0.name", "Bad", "BAD_USER_INPUT"]],
  ],
  ["Ajv", { errors: [{ instancePath: "/a/0", message: "must be string" }] }, [["/a/0", "must be string"]]],
  ["Symfony", { violations: [{ propertyPath: "a[0]", message: "Blank." }] }, [["a[0]", "Blank."]]],
  ["Spring", { errors: [{ field: "a", defaultMessage: "blank", code: "NotBlank" }] }, [["a", "blank", "NotBlank"]]],
  ["OData", { error: { message: "Bad", details: [{ target: "a", message: "odd", code: "x" }] } }, [["a", "odd", "x"]]],
  ["Google, older", { error: { errors: [{ location: "max", message: "odd" }] } }, [["max", "odd"]]],
  ["Valibot", { issues: [{ path: [{ key: "a" }, { key: 0 }], message: "odd" }] }, [["a.0", "odd"]]],
  ["Zod, flattened", { error: { fieldErrors: { a: ["Required"] }, formErrors: [] } }, [["a", "Required"]]],
  ["Strapi", { error: { message: "Bad", details: { errors: [{ path: ["a"], message: "odd" }] } } }, [["a", "odd"]]],
  ["Marshmallow", { messages: { a: ["Missing data."] } }, [["a", "Missing data."]]],
  ["codes alone", { errors: [{ code: "odd" }] }, [[undefined, "odd", "odd"]]],
  ["one sentence", { message: "Bad" }, []],
  ["an error by name", { error: "not_found" }, []],
  ["nothing", {}, []],
  ["a list", [1], []],
  ["odd things", { errors: [null, 5, [], {}, { message: 5 }], detail: "text" }, [[undefined, "5"]]],
]) {
  // biome-ignore format: a shape is a line.
  test(`issues: ${shape}`, async (t) => {
    const error = await failed(t, { status: 422, headers: [JSON_TYPE], body: JSON.stringify(body) });
    assert.deepEqual(
      error.issues.map(({ field, message, code }) => (code === undefined ? [field, message] : [field, message, code])),
      expected,
    );
  });
}

test("a body in another charset is read in it; an unknown one is UTF-8", async (t) => {
  const words = "Schlüssel ungültig";
  for (const [charset, bytes] of [
    ["iso-8859-1", Buffer.from(words, "latin1")],
    ['"Windows-1252"', Buffer.from(words, "latin1")],
    ["utf-16le", Buffer.from(words, "utf16le")],
    ["utf-16be", Buffer.from(words, "utf16le").swap16()],
    ["UTF-8", Buffer.from(words)],
    ["no-such-charset", Buffer.from(words)],
    ["utf-8", Buffer.from(`\ufeff${words}`)],
  ]) {
    const headers = [["content-type", `text/plain; x=y; charset=${charset}`]];
    const error = await failed(t, { status: 400, headers, body: bytes });
    assert.equal(error.body, words, charset);
    assert.ok(error.message.endsWith(`it says: ${words}`), error.message);
  }
});

test("no character of the server moves a terminal's cursor, ends a line or turns a text around", async (t) => {
  const evil = "\u001b[31m\u001b]0;x\u0007\r\n2026 INFO forged\u0085\u009b1m\u2028\u202e\u2066";
  for (const entry of [
    { status: 400, headers: [JSON_TYPE], body: JSON.stringify({ message: evil }) },
    {
      status: 422,
      headers: [JSON_TYPE],
      body: JSON.stringify({ errors: [{ field: evil, message: evil, code: evil }] }),
    },
    { status: 422, headers: [JSON_TYPE], body: JSON.stringify({ [evil]: [evil], b: ["c"] }) },
    { status: 503, headers: [["content-type", "text/plain"]], body: evil },
    { status: 200, headers: [JSON_TYPE], body: `${evil}{` },
  ]) {
    const error = await failed(t, entry);
    const lines = [
      error.message,
      error.cause?.message ?? "",
      ...inspect(error).split("\n"),
      ...`${error.stack}`.split("\n"),
    ];
    for (const line of lines) {
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u202e\u2066]/u, `${entry.status}: ${JSON.stringify(line)}`);
      assert.doesNotMatch(line, /^\s*2026 INFO/);
    }
    assert.ok(JSON.stringify(error.body).includes("forged"), "body has what came");
  }
});

test("a flood of issues is printed as ten short lines; all of it is in issues", async (t) => {
  const errors = Array.from({ length: 500 }, (_, at) => ({
    field: `f${at}`,
    message: "x".repeat(at === 0 ? 40_000 : 10),
  }));
  const error = await failed(t, { status: 422, headers: [JSON_TYPE], body: JSON.stringify({ errors }) });
  assert.equal(error.issues.length, 500);
  assert.equal(error.issues[0].message.length, 40_000);
  assert.ok(inspect(error).length < 6_000, String(inspect(error).length));
  assert.equal(inspect(error).match(/^ {2}issue/gm).length, 10);
});

test("whatever a program makes of stacks, an error is printed with its message", async (t) => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  t.after(() => Object.assign(Error, { prepareStackTrace, stackTraceLimit }));
  for (const made of [() => ({ odd: true }), () => undefined, () => 5, (_, sites) => sites, undefined]) {
    Error.prepareStackTrace = made;
    for (const limit of [0, 10]) {
      Error.stackTraceLimit = limit;
      const error = await failed(t, { status: 422, headers: [JSON_TYPE], body: '{"message":"is odd"}' });
      assert.match(inspect(error), /^ValidationError: the server .*it says: is odd\n/);
    }
  }
});

test("an abort is an AbortError by name, in the class AbortedError, with the signal's reason as its cause", async (t) => {
  const { upstream, client } = await served(t, {}, { handler: () => new Promise(() => {}) });
  const controller = new AbortController();
  const call = rejection(client.get("/things", { signal: controller.signal }));
  while (upstream.records.length === 0) await later(5);
  const reason = new Error("enough");
  controller.abort(reason);
  for (const [error, cause] of [
    [await call, reason],
    [await rejection(client.get("/things", { signal: AbortSignal.abort() })), AbortSignal.abort().reason],
    [await rejection(client.get("/things", { signal: AbortSignal.timeout(20) })), new DOMException("", "TimeoutError")],
  ]) {
    assert.ok(error instanceof attention.AbortedError);
    assert.deepEqual(
      [error.name, error.kind, error.code, error.toJSON().name],
      ["AbortError", "aborted", "aborted", "AbortError"],
    );
    assert.equal(error.cause.name, cause.name);
    assert.match(error.stack, /^AbortError: /);
  }
});

test("whatever JSON a response has, it becomes an AttentionError", async () => {
  const { default: fc } = await library("properties", "fast-check");
  let body = "";
  const fetch = async () => new Response(body, { status: 422, headers: { "content-type": "application/json" } });
  const client = new attention.Client({ apiKey: KEY, fetch, maxRetries: 0 });
  const names = [
    "errors",
    "error",
    "detail",
    "details",
    "issues",
    "path",
    "loc",
    "field",
    "message",
    "code",
    "source",
    "fieldViolations",
    "toString",
    "__proto__",
    KEY,
  ];
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: "medium" },
      fc.constantFrom(null, true, 5, "", "text", KEY, `Bearer ${KEY}`),
      fc.array(tie("json"), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom(...names), tie("json")), { maxLength: 5 })
        .map((members) =>
          JSON.parse(`{${members.map(([name, held]) => `${JSON.stringify(name)}:${JSON.stringify(held)}`).join()}}`),
        ),
    ),
  }));
  const holds = (value) => JSON.stringify(value)?.includes(KEY) ?? false;
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      body = JSON.stringify(value);
      const error = await rejection(client.get("/things"));
      assert.equal(error.name, "ValidationError", String(error));
      // The only difference is the replacement of the key.
      const expected = JSON.parse(body.replaceAll(KEY, "[redacted]"));
      assert.deepEqual(error.body, expected);
      assert.ok(![error.body, error.issues, error, error.message].some(holds));
      for (const issue of error.issues) {
        assert.equal(typeof issue.message, "string");
        for (const part of [issue.field, issue.code]) assert.ok(["string", "undefined"].includes(typeof part));
      }
    }),
    { numRuns: 1000 },
  );
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ]) {
    const depth = 9_000;
    body = open.repeat(depth) + (open === "[" ? "" : "1") + close.repeat(depth);
    const error = await rejection(client.get("/things"));
    assert.equal(error.status, 422);
    assert.ok(error.body !== undefined);
    assert.deepEqual(error.issues, []);
  }
});

test("a truncated body takes linear time", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  upstream.script([{ status: 400, body: `${"x".repeat(64 * 1024 - 1)} more` }]);
  const { body } = await rejection(client.get("/things"));
  assert.equal(body.length, 64 * 1024);
});

test("a cause with more text than the search limit is redacted", async () => {
  const cause = Object.assign(new Error(`${"x".repeat(2_000_000)}${KEY}`), { held: KEY.repeat(100_000) });
  const client = new attention.Client({ apiKey: KEY, fetch: () => Promise.reject(cause), maxRetries: 0 });
  const error = await rejection(client.get("/things"));
  assert.equal(error.cause.message, "[redacted]");
  assert.ok(!inspect(error, { depth: 9 }).includes(KEY));
});
