// The client's limits are Rust's: they are read from the binding, and compared with the client's behaviour.
// `halved.test.mjs` runs this file on a build in which they are halved.
import assert from "node:assert/strict";
import { test } from "node:test";
import { importPacked } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, rejection } from "./fixture.mjs";

const { Client, ServerError } = attention;
const { defaults } = await importPacked("attention-wasm/core");
const { timeout, maxRetries, maxErrorBody, apiKeysPage } = defaults();

/** A client with a `fetch` that logs its calls. */
function before(fetch, options) {
  const sent = [];
  const client = new Client({
    apiKey: FAKE_KEY,
    ...options,
    fetch: async (_url, init) => {
      sent.push(init);
      return fetch(init);
    },
  });
  return { client, sent };
}

/** Lets all pending promises settle. */
async function settle() {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Never answers; ends as `fetch` does when its signal is aborted. */
const silence = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

test("the default number of retries is Rust's", async (t) => {
  t.mock.method(Math, "random", () => 0);
  const { client, sent } = before(() => new Response("", { status: 503 }));
  const error = await rejection(client.get("/x"));
  assert.ok(error instanceof ServerError);
  assert.deepEqual([sent.length, error.attempts], [1 + maxRetries, 1 + maxRetries]);
});

test("the default timeout is Rust's", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { client } = before(silence, { maxRetries: 0 });
  let error;
  client.get("/x").catch((thrown) => {
    error = thrown;
  });
  await settle();
  t.mock.timers.tick(timeout - 1);
  await settle();
  assert.equal(error, undefined);
  t.mock.timers.tick(1);
  await settle();
  assert.equal(error?.kind, "timeout");
});

test("an error's body is read up to Rust's limit, in chunks of every size", async () => {
  for (const size of [1000, 4096, maxErrorBody - 1, maxErrorBody, maxErrorBody + 1, 4 * maxErrorBody]) {
    let given = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          controller.enqueue(new Uint8Array(size).fill(32));
          given += size;
        },
      },
      { highWaterMark: 0 },
    );
    const { client } = before(() => new Response(body, { status: 400 }));
    await rejection(client.get("/x"));
    assert.equal(given, Math.ceil(maxErrorBody / size) * size, `chunks of ${size} bytes`);
  }
});

test("the last byte of it is read, and the one after it is not", async () => {
  const says = async (bytes) => {
    const { client } = before(() => new Response("the last words".padStart(bytes), { status: 400 }));
    return (await rejection(client.get("/x"))).message.split("it says: ")[1];
  };
  assert.deepEqual([await says(maxErrorBody), await says(maxErrorBody + 1)], ["the last words", "the last word"]);
});

test("errors about keys link to the page that Rust names, wherever they are made", async () => {
  const { client } = before(() => new Response("", { status: 401 }));
  const errors = [await rejection(client.get("/x"))];
  for (const options of [{ apiKey: "Bearer fake" }, { apiKey: "" }]) {
    errors.push(await rejection((async () => new Client(options))()));
  }
  const { client: failing } = before(() => assert.fail(), { apiKey: () => 5 });
  errors.push(await rejection(failing.get("/x")));
  assert.deepEqual(
    errors.map(({ documentation }) => documentation),
    errors.map(() => apiKeysPage),
  );
});

test("an aborted call has the same message at every stage", async () => {
  const stages = {
    "before it": () => assert.fail(),
    "at the head": silence,
    "while it waits": () => new Response("", { status: 503, headers: { "retry-after": "9" } }),
  };
  for (const [stage, fetch] of Object.entries(stages)) {
    const controller = new AbortController();
    const abort = () => controller.abort("enough");
    if (stage === "before it") abort();
    const answer = (init) => {
      setTimeout(abort, 20);
      return fetch(init);
    };
    const error = await rejection(before(answer).client.get("/x", { signal: controller.signal }));
    assert.deepEqual(
      [error.kind, error.code, error.message, error.cause],
      ["aborted", "aborted", "the call was aborted by its caller", "enough"],
      stage,
    );
  }
});

test("a request id is the same for a response and an error, and is safe for logs", async () => {
  const names = ["x-request-id", "request-id", "x-correlation-id", "cf-ray"];
  const values = ["fake-1", "a:b/c=d_e.f", "", "two words", "é", "x".repeat(128), "x".repeat(129), "a,b", "<b>"];
  for (const name of [...names, "x-other-id"]) {
    for (const value of values) {
      const ids = [];
      for (const status of [200, 404]) {
        const { client } = before(() => new Response("", { status, headers: { [name]: encodeURI(value) } }));
        const ended = await client
          .get("/x")
          .withResponse()
          .catch((error) => error);
        ids.push(ended.requestId);
      }
      assert.equal(ids[0], ids[1], `${name}: ${value}`);
      const plain = names.includes(name) && /^[\w.:/=-]{1,128}$/.test(encodeURI(value));
      assert.equal(ids[0], plain ? value : undefined, `${name}: ${value}`);
    }
  }
});
