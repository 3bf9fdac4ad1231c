// The error classes, and their members.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { attention, rejection, served } from "./fixture.mjs";

const { AttentionError } = attention;

const BY_STATUS = [
  [400, "ValidationError", "validation"],
  [401, "UnauthorizedError", "unauthorized"],
  [403, "ForbiddenError", "forbidden"],
  [404, "NotFoundError", "not_found"],
  [409, "ConflictError", "conflict"],
  [413, "PayloadTooLargeError", "payload_too_large"],
  [418, "ValidationError", "validation"],
  [422, "ValidationError", "validation"],
  [429, "RateLimitedError", "rate_limited"],
  [500, "ServerError", "server"],
  [302, "ProtocolError", "protocol"],
];

test("each status has its class, and no other", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  for (const [status, name, kind] of BY_STATUS) {
    upstream.script([
      {
        status,
        headers: { "content-type": "application/json", "x-request-id": "req-1" },
        body: '{"error":{"code":"odd","message":"The server says so"}}',
      },
    ]);
    // A client for each, because the next call of a client waits after a 429.
    const error = await rejection(client.withOptions({ baseURL: client.baseURL }).get("/things"));
    assert.deepEqual(
      [error.name, error.kind, error.status, error.code, error.requestId, error.attempts],
      [name, kind, status, "odd", "req-1", 1],
    );
    assert.match(error.message, /The server says so/);
    for (const [other, made] of Object.entries(attention)) {
      if (!other.endsWith("Error")) continue;
      assert.equal(error instanceof made, other === name || other === "AttentionError", `${name} instanceof ${other}`);
    }
  }
});

test("instanceof: another realm, a custom subclass, and values that are not errors", async (t) => {
  const { client } = await served(t);
  const error = await rejection(client.get("/../x"));
  const branded = runInNewContext('({ get [Symbol.for("attention-wasm.error")]() { return "server"; } })');
  assert.ok(
    branded instanceof AttentionError &&
      branded instanceof attention.ServerError &&
      !(branded instanceof attention.ConflictError),
  );
  class Mine extends AttentionError {}
  assert.ok(!(error instanceof Mine));
  assert.ok(new Mine({ kind: "server", code: "x", message: "x", attempts: 0 }) instanceof Mine);
  for (const value of [undefined, null, 1, "x", {}, new Error("x"), Object.create(null)])
    assert.ok(!(value instanceof AttentionError));
});

test("every kind leads to a page: the API's own, or the heading of the README that is the package's page", async (t) => {
  const readme = await readFile(new URL("../../pkg/README.md", import.meta.url), "utf8");
  const { name: pkg } = JSON.parse(await readFile(new URL("../../pkg/package.json", import.meta.url), "utf8"));
  const headings = new Map([...readme.matchAll(/^#### (\w+)\n`(\w+)`/gm)].map(([, kind, name]) => [name, kind]));
  const classes = Object.keys(attention).filter((name) => /.Error$/.test(name) && name !== "AttentionError");
  assert.deepEqual([...headings.keys()].sort(), classes.sort());
  for (const [name, kind] of headings) {
    const { documentation } = new attention[name]({ kind, code: "x", message: "x", attempts: 0 });
    assert.equal(documentation, `https://www.npmjs.com/package/${pkg}#${kind}`);
  }
  const { upstream, client } = await served(t, { maxRetries: 0 });
  for (const [status, page] of [
    [401, "api"],
    [403, "api"],
    [404, "own"],
    [409, "own"],
    [500, "own"],
    [429, "api"],
  ]) {
    upstream.script([{ status }]);
    const { documentation, kind } = await rejection(client.get("/things"));
    assert.equal(
      documentation,
      page === "api" ? "https://docs.attention.com/api-authentication" : `https://www.npmjs.com/package/${pkg}#${kind}`,
    );
  }
});

test("toJSON is complete and plain", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ status: 401 }]);
  const error = await rejection(client.get("/things"));
  const plain = JSON.parse(JSON.stringify(error));
  assert.deepEqual(Object.keys(plain), [
    "name",
    "kind",
    "code",
    "message",
    "status",
    "attempts",
    "diagnosis",
    "documentation",
  ]);
  assert.equal(plain.name, "UnauthorizedError");
  assert.ok(!("stack" in plain) && !("cause" in plain));
});

test("the console shows the diagnosis and the next step", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ status: 401 }]);
  const text = inspect(await rejection(client.get("/things")));
  assert.match(text, /^UnauthorizedError: the credentials were refused \(401\)/);
  assert.match(text, /\n {2}LIKELY {2}revoked_or_expired: /);
  assert.match(text, /\n {2}no {6}header_missing: /);
  assert.match(text, /\n {2}next {4}\S/);
  assert.match(text, /\n {2}see {5}https:\/\/docs\.attention\.com\//);
});

test("the console shows a cause", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  upstream.script([{ reset: true }]);
  const error = await rejection(client.get("/things"));
  assert.match(inspect(error), /ConnectionError: [\s\S]*\n {2}cause {3}TypeError: fetch failed/);
});

test("a response with the content type of JSON that is not JSON", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ headers: { "content-type": "application/json" }, body: "<html>" }]);
  const error = await rejection(client.get("/things"));
  assert.deepEqual([error.name, error.code, error.status], ["ProtocolError", "invalid_json", 200]);
  assert.ok(error.cause instanceof SyntaxError);
});
