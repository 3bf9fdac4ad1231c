// A `fetch` that ignores its signal, like some mocks and wrappers: a call still ends at its timeout or abort, and a
// later response is cancelled.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, test } from "node:test";
import { importPacked } from "../runtimes/packed.mjs";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection } from "./fixture.mjs";

const jobs = await importPacked("attention-wasm/jobs");

after(assertNoOpenCalls);

const never = () => new Promise(() => {});
const TYPE = { "content-type": "application/json" };

/** A body of which only the beginning arrives. */
function endless(text = "") {
  return new ReadableStream({
    start: (controller) => text && controller.enqueue(new TextEncoder().encode(text)),
    pull: never,
  });
}

/** Where it hangs, and the expected error of a timeout there, by the number of attempts. */
const PLACES = {
  "before the head": { fetch: never, timeout: "timeout" },
  // biome-ignore lint/suspicious/noThenProperty: it is one that never settles.
  "a promise of another make": { fetch: () => ({ then() {} }), timeout: "timeout" },
  "in the body": { fetch: async () => new Response(endless('{"a":'), { headers: TYPE }), timeout: "timeout" },
  "in a body of bytes": { fetch: async () => new Response(endless("a")), timeout: "timeout" },
  "in the body of a mock": {
    fetch: async () => ({ status: 200, headers: new Headers(TYPE), text: never }),
    timeout: "timeout",
  },
  // The status is known, and matters most.
  "in the body of an error": {
    fetch: async () => new Response(endless("begun "), { status: 404 }),
    timeout: "not_found",
  },
};

const clientOf = (fetch, more) =>
  new attention.Attention({ apiKey: FAKE_KEY, baseURL: "https://api.example.test/v2", fetch, maxRetries: 0, ...more });

for (const [place, { fetch, timeout }] of Object.entries(PLACES)) {
  test(`${place}: a timeout, that of a try, and a signal end the call`, async () => {
    const late = await rejection(clientOf(fetch, { timeout: 400 }).get("/things"));
    assert.deepEqual([late.code, late.attempts], [timeout, 1], String(late));
    if (timeout === "not_found") assert.equal(late.body, "begun ");
    if (place === "before the head") {
      const tries = await rejection(clientOf(fetch, { attemptTimeout: 100, maxRetries: 2 }).get("/things"));
      assert.deepEqual([tries.code, tries.attempts], [timeout, 3], String(tries));
    }
    const controller = new AbortController();
    const going = rejection(clientOf(fetch).get("/things", { signal: controller.signal }));
    setTimeout(() => controller.abort("enough"), 50);
    const gone = await going;
    assert.deepEqual([gone.name, gone.cause], ["AbortError", "enough"]);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  test(`${place}: the same inside a middleware, and as a middleware's own answer`, async () => {
    const client = clientOf(fetch, { timeout: 400 });
    client.use((_, next) => next());
    const late = await rejection(client.get("/things"));
    assert.ok(late.code === timeout, String(late));
    const answering = clientOf(async () => Response.json({}), { timeout: 400 });
    answering.use(() => fetch());
    const own = await rejection(answering.get("/things"));
    assert.ok([timeout, "middleware_timeout"].includes(own.code), String(own));
  });
}

test("a response that comes too late is given up, and one that fails then is nobody's loss", async (t) => {
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));
  for (const settle of ["resolve", "reject"]) {
    let isCancelled = false;
    const body = new ReadableStream({
      pull: never,
      cancel() {
        isCancelled = true;
      },
    });
    let end;
    const fetch = () =>
      new Promise((resolve, reject) => {
        end = { resolve: () => resolve(new Response(body)), reject: () => reject(new Error("late")) };
      });
    assert.equal((await rejection(clientOf(fetch, { timeout: 200 }).get("/things"))).code, "timeout");
    end[settle]();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(isCancelled, settle === "resolve");
  }
  assert.equal(unhandled.mock.callCount(), 0);
});

test("an answer that is in memory is read, though all timers of a test have run", async () => {
  for (const [body, expected] of [
    ["{}", {}],
    [JSON.stringify("x".repeat(100_000)), "x".repeat(100_000)],
  ]) {
    const call = clientOf(async () => new Response(body, { headers: TYPE }), { timeout: 300 }).get("/things");
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual(await call, expected);
  }
});

test("a download from a storage that does not go on ends with its timeout", async () => {
  const client = new jobs.Attention({
    apiKey: FAKE_KEY,
    baseURL: "https://api.example.test/v2",
    fetch: async (url) =>
      new URL(url).host === "storage.example.test"
        ? new Response(endless("begun"))
        : Response.json({ url: "https://storage.example.test/file" }),
  });
  const { body } = await client.conversations.downloadMedia("c-1", { timeout: 400 });
  const reader = body.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "begun");
  assert.equal((await rejection(reader.read())).code, "download_timeout");
});

test("half a mock is named, and not taken for a broken connection", async () => {
  for (const given of [
    { status: 200, headers: new Headers(TYPE), json: async () => ({}) },
    { status: 200, headers: new Headers(), json: async () => ({}), text: async () => "{}" },
  ]) {
    const error = await rejection(clientOf(async () => given).get("/things"));
    assert.ok(error instanceof TypeError, String(error));
    assert.match(error.message, /^fetch returned a Response that cannot be read: response.\w+ is not a function/);
  }
});
