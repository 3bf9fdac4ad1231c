// The methods of operations.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { resources } from "../../openapi/describe.mjs";
import { fill, identifiers, operations, requests } from "../mock/calls.mjs";
import { packageFolder } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, rejection, served, testing } from "./fixture.mjs";

const { Attention, Client } = attention;
const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;

const named = resources.flatMap(({ operations }) => operations);

test("every operation of the description has a name of its own", () => {
  assert.deepEqual(
    named.map(({ operationId }) => operationId).sort(),
    operations.map(({ operationId }) => operationId).sort(),
  );
  assert.equal(new Set(named.map(({ resource, name }) => `${resource}.${name}`)).size, named.length);
});

for (const { operationId, resource, name, method, path, ids: parameters, params } of named) {
  test(`${resource}.${name} is ${operationId}`, async () => {
    const mock = mockAttention();
    const ids = await identifiers(mock, MOCK_USER_API_KEY);
    const level = operations.find((each) => each.operationId === operationId)["x-key-level"];
    const client = new Attention({ apiKey: level === "user" ? MOCK_USER_API_KEY : MOCK_API_KEY, fetch: mock.fetch });
    const { body, query = "" } = requests[operationId]?.(ids) ?? {};
    const filled = fill(path, ids);
    const pieces = filled.split("/").filter((_, index) => path.split("/")[index].startsWith("{"));
    assert.equal(pieces.length, parameters.length);
    const given =
      params === "body" ? body : params === "query" ? Object.fromEntries(new URLSearchParams(query)) : undefined;
    const options = params !== "query" && query !== "" ? { query: Object.fromEntries(new URLSearchParams(query)) } : {};
    mock.clearRequests();
    await client[resource][name](...pieces, ...(params === undefined ? [] : [given]), options);
    assert.equal(mock.requests.length, 1);
    const [sent] = mock.requests;
    assert.equal(`${sent.method} ${sent.path}`, `${method} /v2${filled}`);
    assert.equal(new URLSearchParams(sent.query).toString(), new URLSearchParams(query).toString());
    assert.deepEqual(
      sent.body === null || sent.body === "" ? undefined : JSON.parse(sent.body),
      params === "body" ? body : undefined,
    );
    client.close();
  });
}

test("api.md marks the lists, and these alone are async iterables", async () => {
  const lines = (await readFile(new URL("../../pkg/api.md", import.meta.url), "utf8")).split("\n");
  const fetch = async () => Response.json({ data: [] });
  const client = new Attention({ apiKey: FAKE_KEY, fetch });
  let lists = 0;
  for (const { resource, name, ids, params, method, path } of named) {
    const isMarked = lines.find((line) => line.includes(`: \`${method} ${path}\``)).includes("`, list, ");
    const result = client[resource][name](...ids.map(() => "id"), ...(params === "body" ? [{}] : []));
    const isList = Symbol.asyncIterator in result && typeof result.pages === "function";
    assert.equal(isList, isMarked, `${resource}.${name}`);
    await result;
    if (isList) lists++;
  }
  assert.ok(lists > 5, `${lists}`);
});

test("options go with the call, and pieces of a path are encoded", async (t) => {
  const { upstream, client } = await served(t);
  await client.labels.get("a b&c", { headers: { "x-one": "1" }, query: { more: true } });
  assert.equal(upstream.records[0].target, "/v2/labels/a%20b%26c?more=true");
  assert.deepEqual(upstream.records[0].all("x-one"), ["1"]);
});

test("an identifier that would change the path is refused before anything is sent", async (t) => {
  const { upstream, client } = await served(t);
  for (const id of ["..", ".", "a/b", "a\\b", "%2e%2e"]) {
    const outcome = await client.labels.get(id).then(
      () => upstream.records.at(-1).target,
      (error) => error,
    );
    if (typeof outcome === "string") assert.equal(decodeURIComponent(outcome), `/v2/labels/${id}`);
    else assert.equal(outcome.name, "ValidationError", String(outcome));
  }
  for (const id of [undefined, "", 5, null, {}]) {
    assert.throws(
      () => client.labels.get(id),
      (error) => error instanceof TypeError && error.message === "labels.get: id must be a non-empty string",
    );
  }
  assert.throws(() => client.scorecards.getItem("a"), /scorecards\.getItem: itemId must be/);
});

test("wrong options are named", async (t) => {
  const { upstream, client } = await served(t);
  for (const [call, pattern] of [
    [() => client.labels.get("a", { retries: 1 }), /unknown option retries/],
    [() => client.labels.get("a", "b"), /labels\.get: options must be an object/],
    [() => client.users.list("b"), /query must be an object/],
    [() => client.labels.create("b", { timeout: "1" }), /timeout must be/],
    [() => client.labels.get("a", { limit: 1 }), /unknown option limit/],
  ]) {
    const error = await rejection((async () => call())());
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
  assert.equal(upstream.records.length, 0);
});

test("operations that could undo themselves are not repeated", async (t) => {
  const { upstream, client } = await served(t, {
    fetch: async () => {
      throw new TypeError("cut");
    },
  });
  let sent = 0;
  const counting = client.withOptions({
    fetch: async () => {
      sent++;
      throw new TypeError("cut");
    },
  });
  await rejection(counting.conversations.changePrivacy("a"));
  assert.equal(sent, 1);
  await rejection(counting.conversations.changePrivacy("a", { idempotent: true, maxRetries: 1 }));
  assert.equal(sent, 3);
  await rejection(counting.put("/conversations/a/change_privacy", { idempotent: false }));
  assert.equal(sent, 4);
  counting.close();
  assert.equal(upstream.records.length, 0);
});

test("an operation is repeated if its method allows it and its description does not forbid it", async (t) => {
  // No back-off.
  t.mock.method(Math, "random", () => 0);
  // RFC 9110, section 9.2.2; the rule itself is in Rust.
  const repeatable = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
  for (const { resource, name, method, ids, params, isRepeatable } of named) {
    let sent = 0;
    const fetch = async () => {
      sent++;
      throw new TypeError("cut");
    };
    const count = async (options) => {
      sent = 0;
      const client = new Attention({ apiKey: FAKE_KEY, fetch, maxRetries: 1 });
      const rest = params === undefined ? [] : [params === "body" ? {} : undefined];
      await rejection((async () => client[resource][name](...ids.map(() => "a"), ...rest, options))());
      client.close();
      return sent;
    };
    const usual = repeatable.includes(method) && isRepeatable ? 2 : 1;
    assert.deepEqual(
      [
        await count(),
        await count({ idempotent: undefined }),
        await count({ idempotencyKey: "a" }),
        await count({ idempotent: false, idempotencyKey: "a" }),
        await count({ idempotent: true }),
      ],
      [usual, usual, usual, 1, 2],
      `${resource}.${name}`,
    );
  }
});

test("resources belong to their client, and derived clients have them too", () => {
  const one = new Attention({ apiKey: FAKE_KEY });
  assert.equal(one.labels, one.labels);
  const two = one.withOptions({ maxRetries: 0 });
  assert.ok(two instanceof Attention);
  assert.notEqual(one.labels, two.labels);
  class Own extends Attention {}
  const own = new Own({ apiKey: FAKE_KEY });
  assert.ok(own.withOptions({}) instanceof Own && own.labels.get);
  assert.equal(new Client({ apiKey: FAKE_KEY }).labels, undefined);
});

test("a bundle with only the plain client has none of them", async () => {
  const folder = await packageFolder();
  const bundle = async (name) => {
    const { outputFiles } = await build({
      stdin: { contents: `export { ${name} } from "${join(folder, "dist/index.js")}"`, resolveDir: folder },
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    });
    return outputFiles[0].text;
  };
  assert.match(await bundle("Attention"), /knowledge-base/);
  const lean = await bundle("Client");
  assert.doesNotMatch(lean, /knowledge-base|nextCursor/);
});
