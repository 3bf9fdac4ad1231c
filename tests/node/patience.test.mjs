// Signals and timeouts, at every point of a call.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const { AbortedError, Attention, ConnectionError, TimeoutError } = attention;

/** Every call must remove its listener. */
function assertQuiet(signal) {
  assert.deepEqual(getEventListeners(signal, "abort"), []);
}

test("aborted before: nothing is sent", async (t) => {
  const { upstream, client } = await served(t);
  const reason = new Error("changed my mind");
  const error = await rejection(client.get("/things", { signal: AbortSignal.abort(reason) }));
  assert.ok(error instanceof AbortedError);
  assert.deepEqual([error.cause, error.attempts, upstream.records.length], [reason, 0, 0]);
});

test("aborted while the server thinks", async (t) => {
  for (const timeout of [undefined, Infinity]) {
    const { upstream, client } = await served(t, { timeout });
    upstream.script([{ hang: true }]);
    const controller = new AbortController();
    const call = rejection(client.get("/things", { signal: controller.signal }));
    while (upstream.records.length === 0) await sleep(5);
    controller.abort("enough");
    const error = await call;
    assert.ok(error instanceof AbortedError);
    assert.deepEqual([error.cause, error.attempts], ["enough", 1]);
    assertQuiet(controller.signal);
  }
});

test("aborted during the wait before a retry", async (t) => {
  const controller = new AbortController();
  const { upstream, client } = await served(t, { onRetry: () => setTimeout(() => controller.abort("enough"), 20) });
  upstream.script([{ status: 429, headers: { "retry-after": "30" } }]);
  const error = await rejection(client.get("/things", { signal: controller.signal }));
  assert.ok(error instanceof AbortedError);
  assert.deepEqual([error.cause, error.attempts, upstream.records.length], ["enough", 1, 1]);
  assertQuiet(controller.signal);
});

test("aborted while the response arrives", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ headers: { "content-type": "text/plain" }, body: "x".repeat(1000), drip: { bytes: 1, ms: 50 } }]);
  const controller = new AbortController();
  const call = rejection(client.get("/things", { signal: controller.signal }));
  while (upstream.records.length === 0) await sleep(5);
  await sleep(120);
  controller.abort("enough");
  const error = await call;
  assert.ok(error instanceof AbortedError);
  assert.equal(error.cause, "enough");
  assertQuiet(controller.signal);
});

test("aborted while an error's body arrives", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  upstream.script([{ status: 500, body: "x".repeat(1000), drip: { bytes: 1, ms: 50 } }]);
  const controller = new AbortController();
  const call = rejection(client.get("/things", { signal: controller.signal }));
  while (upstream.records.length === 0) await sleep(5);
  await sleep(120);
  controller.abort("enough");
  assert.ok((await call) instanceof AbortedError);
  assertQuiet(controller.signal);
});

test("a signal still aborts a body that was handed out", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ body: "x".repeat(1000), drip: { bytes: 1, ms: 50 } }]);
  const controller = new AbortController();
  const response = await client.get("/things", { signal: controller.signal }).asResponse();
  controller.abort();
  await assert.rejects(response.text(), { name: "AbortError" });
});

test("no listener is left after success, failure and refusal", async (t) => {
  const { upstream, client } = await served(t);
  const { signal } = new AbortController();
  await client.get("/things", { signal });
  await client.get("/things", { signal, timeout: Infinity });
  upstream.script([{ status: 404 }, { close: true, times: 3 }]);
  await rejection(client.get("/things", { signal }));
  await rejection(client.get("/things", { signal }));
  await rejection(client.get("/a/../b", { signal }));
  upstream.script([{ status: 204 }]);
  await client.get("/things", { signal }).asResponse();
  assertQuiet(signal);
});

test("the total timeout ends a hanging call", async (t) => {
  const { upstream, client } = await served(t, { timeout: 100 });
  upstream.script([{ hang: true, times: 5 }]);
  const error = await rejection(client.get("/things"));
  assert.ok(error instanceof TimeoutError);
  assert.deepEqual([error.code, error.attempts], ["timeout", 1]);
});

test("a call's own timeout wins", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ hang: true, times: 5 }]);
  assert.ok((await rejection(client.get("/things", { timeout: 80 }))) instanceof TimeoutError);
});

test("the timeout of an attempt leads to a retry", async (t) => {
  const { upstream, client } = await served(t, { attemptTimeout: 1000 });
  upstream.script([{ hang: true }]);
  const { data, attempts } = await client.get("/things").withResponse();
  assert.deepEqual([data, attempts], [{ ok: true }, 2]);
});

test("the call's timeout applies while the body arrives, but not the attempt's", async (t) => {
  const slow = { headers: { "content-type": "text/plain" }, body: "x".repeat(8), drip: { bytes: 1, ms: 200 } };
  const { upstream, client } = await served(t);
  upstream.script([slow]);
  assert.equal(await client.get("/things", { attemptTimeout: 1000 }), "xxxxxxxx");
  for (const options of [{ timeout: 1000 }, { timeout: 1000, attemptTimeout: 900 }]) {
    upstream.script([slow]);
    const error = await rejection(client.get("/things", options));
    assert.ok(error instanceof TimeoutError, String(error));
    assert.equal(error.status, 200);
  }
});

test("a response that breaks off is a ConnectionError", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ headers: { "content-type": "application/json" }, body: '{"a":1234567890}', cutAfter: 5 }]);
  const error = await rejection(client.get("/things"));
  assert.ok(error instanceof ConnectionError);
  assert.equal(error.code, "body_broken");
});

test("many calls with one signal, in whatever order they end, have one listener while any is in progress, then none", async (t) => {
  const warnings = [];
  const warn = (warning) => warnings.push(warning.name);
  process.on("warning", warn);
  t.after(() => process.off("warning", warn));
  // A separate client, because the upstream of these tests has many listeners on a signal.
  let [count, isHanging] = [0, false];
  const server = createServer((_request, response) => {
    const at = count++;
    if (isHanging) return;
    response.writeHead(at % 5 === 0 ? 503 : 200, { "content-type": "application/json" });
    setTimeout(() => response.end("{}"), (at * 37) % 120);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseURL = `http://127.0.0.1:${server.address().port}/v2`;
  const client = new Attention({ apiKey: FAKE_KEY, baseURL, maxRetries: 0, maxConcurrency: 100 });
  const controller = new AbortController();
  const { signal } = controller;
  const calls = Array.from({ length: 60 }, () => client.get("/things", { signal }).then(String, String));
  let isOver = false;
  const all = Promise.all(calls).then(() => {
    isOver = true;
  });
  let most = 0;
  while (!isOver) {
    most = Math.max(most, getEventListeners(signal, "abort").length);
    await sleep(2);
  }
  await all;
  assert.equal(most, 1);
  assertQuiet(signal);
  // One that ends all of them.
  isHanging = true;
  const hanging = Array.from({ length: 40 }, () => rejection(client.get("/things", { signal })));
  while (count < 100) await sleep(5);
  controller.abort("enough");
  for (const error of await Promise.all(hanging)) {
    assert.ok(error instanceof AbortedError);
    assert.equal(error.cause, "enough");
  }
  assertQuiet(signal);
  await sleep(0);
  assert.deepEqual(warnings, []);
});
