// Retries, as the upstream sees them: which requests, when, and how often.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AT_ONCE, attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const again = { status: 503, headers: [AT_ONCE] };

test("two retries by default, then the error says how many requests there were", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ ...again, times: 5 }]);
  const error = await rejection(client.get("/things"));
  assert.ok(error instanceof attention.ServerError);
  assert.deepEqual([error.status, error.attempts, upstream.records.length], [503, 3, 3]);
});

test("maxRetries: of the client, and of a call", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  upstream.script([{ ...again, times: 9 }]);
  assert.equal((await rejection(client.get("/things"))).attempts, 1);
  assert.equal((await rejection(client.get("/things", { maxRetries: 1 }))).attempts, 2);
});

test("a broken connection is retried if that is harmless", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ reset: true }]);
  assert.deepEqual(await client.get("/things"), { ok: true });
  upstream.clear();
  upstream.script([{ reset: true }]);
  const error = await rejection(client.post("/things", { body: {} }));
  assert.ok(error instanceof attention.ConnectionError);
  assert.ok(error.cause instanceof Error);
  assert.equal(upstream.records.length, 1);
});

test("a body in memory is sent again, a stream never", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([again]);
  await client.put("/things", { body: { a: "b".repeat(100_000) } });
  const [first, second] = await upstream.settled(2);
  assert.equal(first.body.sha256, second.body.sha256);
  upstream.clear();
  upstream.script([again]);
  const error = await rejection(client.put("/things", { body: new Blob(["once"]).stream() }));
  assert.deepEqual([error.status, upstream.records.length], [503, 1]);
});

test("after a 429 every call of the client waits as long as the server asked", async (t) => {
  let told;
  const refusal = new Promise((resolve) => {
    told = resolve;
  });
  const { upstream, client } = await served(t, { onRetry: () => told() });
  upstream.script([{ status: 429, headers: { "retry-after": "1" } }]);
  const first = client.get("/first");
  await refusal;
  await Promise.all([first, client.get("/second"), client.withOptions({ maxRetries: 1 }).get("/third")]);
  const [refused, ...others] = upstream.records;
  assert.equal(others.length, 3);
  for (const { at } of others) assert.ok(at - refused.at >= 950, `${at - refused.at} ms`);
});

test("the body of a refused attempt is cancelled, which frees its connection", async (t) => {
  const responses = [];
  const { upstream, client } = await served(t, {
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      responses.push(response);
      return response;
    },
  });
  upstream.script([{ ...again, body: { zeros: 1024 * 1024 } }]);
  await client.get("/things").asResponse();
  assert.deepEqual(
    responses.map(({ bodyUsed }) => bodyUsed),
    [true, false],
  );
});

test("an error's body is read up to a limit", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  upstream.script([{ status: 500, headers: { "content-type": "text/plain" }, body: { zeros: 1024 ** 3 } }]);
  const error = await rejection(client.get("/things"));
  assert.equal(error.status, 500);
  assert.ok(error.message.length < 2000);
  const [record] = await upstream.settled(1);
  assert.match(record.error, /gone/);
});

test("retries end when the total timeout leaves no time", async (t) => {
  const { upstream, client } = await served(t, { timeout: 5000 });
  upstream.script([{ status: 503, headers: { "retry-after": "20" }, times: 5 }]);
  const error = await rejection(client.get("/things"));
  // At once; reaching the timeout would be another kind of error.
  assert.deepEqual([error.status, error.retryAfter, upstream.records.length], [503, 20_000, 1]);
});

test("a Retry-After of more than a minute fails the call at once, whatever the timeout allows", async () => {
  for (const [status, seconds] of [
    [429, 61],
    [503, 120],
  ]) {
    const client = new attention.Client({
      apiKey: FAKE_KEY,
      timeout: Infinity,
      maxRetries: 5,
      fetch: async () => Response.json({}, { status, headers: { "retry-after": String(seconds) } }),
    });
    const error = await rejection(client.get("/things"));
    assert.deepEqual([error.status, error.retryAfter, error.attempts], [status, seconds * 1000, 1]);
    // After a 429, nothing else is sent meanwhile.
    const next = await rejection(client.get("/things"));
    assert.equal(next.attempts, status === 429 ? 0 : 1);
    assert.ok(next.retryAfter > (seconds - 10) * 1000, `${next.retryAfter} ms`);
    client.close();
  }
});
