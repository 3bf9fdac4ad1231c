// Wrong names are detected: of a query's parameters, and of options that belong in the next argument.
import assert from "node:assert/strict";
import { test } from "node:test";
import { operations } from "../../openapi/describe.mjs";
import { attention, FAKE_KEY, rejection, testing } from "./fixture.mjs";

const { Attention } = attention;
const OPTIONS = [
  "query",
  "body",
  "headers",
  "signal",
  "timeout",
  "attemptTimeout",
  "maxRetries",
  "idempotencyKey",
  "idempotent",
  "limit",
];

const sent = [];
const client = new Attention({
  apiKey: FAKE_KEY,
  fetch: async (url) => {
    sent.push(new URL(url).search.slice(1));
    return Response.json({ data: [] });
  },
});

/** What a call by name sends with this query, or its error. */
async function called({ resource, name, ids, params }, query) {
  sent.length = 0;
  const given = ids.map(() => "id");
  const args = params === "query" ? [query] : params === "body" ? [{}, { query }] : [{ query }];
  const error = await (async () => client[resource][name](...given, ...args))().then(
    () => undefined,
    (reason) => reason,
  );
  assert.equal(sent.length, error === undefined ? 1 : 0);
  return error ?? sent[0];
}

test("every described name is accepted, and a similar one is refused with a suggestion", async () => {
  let names = 0;
  for (const operation of operations) {
    const owner = `${operation.resource}.${operation.name}`;
    for (const { name } of operation.query) {
      names++;
      assert.equal(await called(operation, { [name]: "x" }), `${encodeURIComponent(name)}=x`, owner);
      assert.equal(await called(operation, [[name, "x"]]), `${encodeURIComponent(name)}=x`, owner);
      // Two letters swapped; one letter too many.
      const [, before, a, b, after] = /^(.*)([a-z])([a-z])(.*)$/i.exec(name);
      for (const wrong of [`${before}${b}${a}${after}`, `${name}s`]) {
        if (operation.query.some((other) => other.name === wrong)) continue;
        const error = await called(operation, { [wrong]: "x" });
        assert.ok(error instanceof TypeError, `${owner}: ${wrong}`);
        assert.ok(error.message.startsWith(`${owner}: unknown query parameter ${wrong}`), error.message);
        if (name.length < 4) continue;
        // Of two equally similar names, either is fine.
        const [, meant] = / \(did you mean (.*?)\?\); the parameters are /.exec(error.message);
        assert.ok(operation.query.some((other) => other.name === meant));
        assert.ok(error.message.includes(name), error.message);
      }
    }
  }
  assert.ok(names > 50, String(names));
});

test("an option in place of the query is refused with advice, unless the operation has such a parameter", async () => {
  const owned = [];
  for (const operation of operations) {
    for (const option of OPTIONS) {
      const result = await called(operation, { [option]: 7 });
      if (operation.query.some(({ name }) => name === option)) {
        owned.push(`${operation.resource}.${operation.name} ${option}`);
        assert.equal(result, `${option}=7`);
      } else {
        assert.ok(result instanceof TypeError, `${operation.resource}.${operation.name} ${option}`);
        assert.match(result.message, new RegExp(`: ${option} is an option, not a query parameter`));
      }
    }
  }
  assert.ok(owned.length >= 3, owned.join());
  for (const call of [
    () => client.conversations.list({ signal: AbortSignal.timeout(1) }),
    () => client.conversations.list({ limit: 7 }),
    () => client.conversations.get("id", { headers: { "x-a": "b" } }),
  ])
    await assert.rejects(async () => call(), /is an option, not a query parameter: pass it in the last argument$/);
});

test("mistakes of newcomers", async () => {
  for (const [query, near] of [
    [{ filtre: { title: "x" } }, "filter[title]"],
    [{ title: "x" }, "filter[title]"],
    [{ filter: { ownerEmail: "x" } }, "filter[owner.email]"],
    [{ filter: { owner_email: "x" } }, "filter[owner.email]"],
    [{ fromDate: "x" }, "fromDateTime"],
    [new URLSearchParams("Page=1"), "page"],
    [{ pages: 1 }, "page"],
  ]) {
    const error = await rejection((async () => client.conversations.list(query))());
    assert.ok(error instanceof TypeError);
    if (near !== "fromDateTime") assert.ok(error.message.includes(`did you mean ${near}?`), error.message);
    else assert.ok(error.message.includes(near), error.message);
  }
  const nothing = await rejection((async () => client.conversations.list({ xyzzyxyzzy: 1 }))());
  assert.ok(!nothing.message.includes("did you mean"), nothing.message);
});

test("absent names are not checked; calls by path accept anything; arrays may have brackets", async () => {
  sent.length = 0;
  await client.conversations.list({
    limit: undefined,
    signal: undefined,
    filtre: undefined,
    "filter[owner.id][]": ["a"],
  });
  await client.get("/conversations/list", { query: { filtre: 1, limit: 7 } });
  await client.users.list(undefined, undefined);
  assert.deepEqual(sent, ["filter%5Bowner.id%5D%5B%5D=a", "filtre=1&limit=7", ""]);
});

test("a query or body among the options is refused if it is an argument; undefined counts as absent", async () => {
  await assert.rejects(
    async () => client.conversations.list({}, { query: { size: 1 } }),
    /conversations\.list: query is a separate argument/,
  );
  await assert.rejects(
    async () => client.labels.create({}, { body: {} }),
    /labels\.create: body is a separate argument/,
  );
  sent.length = 0;
  await client.conversations.list({ size: 1 }, { query: undefined, signal: undefined });
  assert.deepEqual(sent, ["size=1"]);
});

test("withOptions: undefined changes nothing", async () => {
  const tries = [];
  const failing = new Attention({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    fetch: async () => {
      tries.push(1);
      throw new TypeError("fetch failed");
    },
  });
  await rejection(failing.withOptions({ maxRetries: undefined, fetch: undefined, timeout: undefined }).get("/things"));
  assert.equal(tries.length, 1);
});

test("the mock ignores unknown parameters like the API, or refuses them by name if it is strict", async () => {
  for (const strict of [undefined, false, true]) {
    const mock = testing.mockAttention({ strict });
    const over = new Attention({ apiKey: testing.MOCK_API_KEY, fetch: mock.fetch });
    const call = over.get("/conversations/list", { query: { size: 2, filtre: "x", "filter[owner.id][]": "a" } });
    if (strict !== true) {
      await call;
      continue;
    }
    const error = await rejection(call);
    assert.equal(error.status, 400);
    assert.match(error.message, /no parameter filtre; its parameters are fromDateTime, /);
    await over.get("/conversations/list", { query: { size: 2, "filter[owner.id][]": "a" } });
    await over.get("/users");
    await rejection(over.get("/users", { query: { sort: "name" } }));
  }
});
