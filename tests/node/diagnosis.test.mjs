// The diagnosis of a 401 and a 403 through the client: by earlier successes of the key, and by the required level.
import assert from "node:assert/strict";
import { test } from "node:test";
import { operations } from "../../openapi/describe.mjs";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served, testing } from "./fixture.mjs";

const likely = ({ diagnosis }) => diagnosis.findings.find(({ likelihood }) => likelihood === "likely")?.cause;

test("for a key that is revoked while in use, an operation that worked before says so, and another cannot", async () => {
  const mock = testing.mockAttention();
  const client = new attention.Attention({ apiKey: testing.MOCK_API_KEY, fetch: mock.fetch });
  const { data } = await client.conversations.list({ size: 2 });
  await client.conversations.get(data[0].id);
  await client.users.list();
  mock.keys.revoke(testing.MOCK_API_KEY);
  for (const again of [
    () => client.users.list(),
    () => client.get("/users"),
    () => client.conversations.list({ page: 2 }),
    () => client.conversations.get(data[1].id),
  ]) {
    const error = await rejection(again());
    assert.equal(likely(error), "revoked_or_expired");
    assert.match(error.message, /accepted for this very operation, and last \d+ seconds? ago: probably revoked/);
    assert.match(error.diagnosis.nextStep, /list of API keys in the Attention app/);
  }
  const other = await rejection(client.labels.list());
  assert.doesNotMatch(other.message, /this very operation/);
});

test("a key that lacks a permission is not called revoked", async (t) => {
  const { upstream, client } = await served(t);
  await client.get("/users");
  upstream.script([{ status: 401 }]);
  const error = await rejection(client.get("/labels"));
  assert.equal(likely(error), "no_permission");
});

test("with two keys, the diagnosis is about the last one sent", async (t) => {
  const refused = new Set();
  const { client } = await served(
    t,
    { apiKey: FAKE_KEY, nextApiKey: FAKE_NEXT_KEY },
    {
      handler: (request) => {
        const key = request.headers.get("authorization").slice("Bearer ".length);
        return refused.has(key) ? new Response(null, { status: 401 }) : Response.json({});
      },
    },
  );
  await client.get("/users");
  refused.add(FAKE_KEY).add(FAKE_NEXT_KEY);
  const error = await rejection(client.get("/users"));
  assert.equal(error.attempts, 2);
  // The next key never worked.
  assert.match(error.message, /has never been accepted/);
});

test("operations that accept one level of key name it in a 401's diagnosis and in a 403", async (t) => {
  const bound = operations.filter(({ keyLevel }) => ["user", "organization"].includes(keyLevel));
  assert.ok(bound.length >= 8);
  const { upstream, client } = await served(t, { maxRetries: 0 });
  for (const { resource, name, ids, params, keyLevel } of bound) {
    const given = [...ids.map(() => "id"), ...(params === "body" ? [{}] : [])];
    const needs = new RegExp(`this operation takes ${keyLevel}-level keys only`);
    upstream.script([{ status: 401 }, { status: 403 }]);
    const refused = await rejection(client[resource][name](...given));
    assert.match(refused.diagnosis.findings.find(({ cause }) => cause === "no_permission").reason, needs);
    assert.match((await rejection(client[resource][name](...given))).message, needs);
  }
  upstream.script([{ status: 403 }]);
  assert.doesNotMatch((await rejection(client.labels.list())).message, /level/);
});

test("a 429 of the API says who can raise the limit; one of a Worker does not", async (t) => {
  for (const [options, isOfApi] of [
    [{}, true],
    [{ apiKey: undefined, token: FAKE_KEY }, false],
  ]) {
    const { upstream, client } = await served(t, { ...options, maxRetries: 0 });
    upstream.script([{ status: 429 }]);
    const { message } = await rejection(client.get("/things"));
    assert.equal(/account manager/.test(message), isOfApi, message);
  }
});

test("a 404 below a base URL without a path says that it has none", async (t) => {
  const { upstream, client } = await served(t);
  for (const [baseURL, says] of [
    [upstream.url, true],
    [`${upstream.url}/v2`, false],
  ]) {
    upstream.script([{ status: 404 }]);
    const { message } = await rejection(client.withOptions({ baseURL }).get("/users"));
    assert.equal(/the base URL has no path; that of the API is \/v2/.test(message), says, message);
  }
});
