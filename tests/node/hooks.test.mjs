// A call awaits its hooks within its timeout, and fails with their exceptions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { importPacked } from "../runtimes/packed.mjs";
import { AT_ONCE, attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";

const { AbortedError, TimeoutError } = attention;
const DAY = 24 * 3600 * 1000;

/** A fake JWT that ends tomorrow. */
function expiringKey() {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp: Math.floor((Date.now() + DAY) / 1000) })}.not-a-signature`;
}

/** Every hook, with a server that triggers it. */
const HOOKS = {
  onRequest: { script: [{}] },
  onResponse: { script: [{}] },
  onRetry: { script: [{ status: 503, headers: [AT_ONCE] }] },
  onKeySwitch: { script: [{ status: 401 }], options: { nextApiKey: FAKE_NEXT_KEY } },
  onKeyExpiring: { script: [], options: { apiKey: expiringKey() } },
};

/** A client that calls this hook once. */
async function hooked(t, name, hook, more) {
  const { script, options } = HOOKS[name];
  const served_ = await served(t, { ...options, ...more, [name]: hook });
  served_.upstream.script(script.map((entry) => ({ ...entry })));
  return served_;
}

// node:test fails the file for unhandled rejections.
for (const name of Object.keys(HOOKS)) {
  test(`${name} is awaited`, async (t) => {
    const order = [];
    const { client } = await hooked(t, name, async () => {
      order.push("begins");
      await later(20);
      order.push("ends");
    });
    await client.get("/things").then(() => order.push("answer"));
    assert.deepEqual(order, ["begins", "ends", "answer"]);
  });

  test(`${name}: the call fails with its exception, synchronous or not`, async (t) => {
    const hooks = [
      () => {
        throw new RangeError("of the hook");
      },
      async () => {
        await later(1);
        throw new RangeError("of the hook");
      },
    ];
    for (const hook of hooks) {
      const { client } = await hooked(t, name, hook);
      await assert.rejects(client.get("/things"), new RangeError("of the hook"));
    }
  });

  test(`${name} that never settles ends with the call's timeout, or with its signal`, async (t) => {
    const { client } = await hooked(t, name, () => new Promise(() => {}), { timeout: 1_000 });
    const late = await rejection(client.get("/things"));
    assert.ok(late instanceof TimeoutError, String(late));
    assert.equal(late.code, "hook_timeout");
    const controller = new AbortController();
    const { client: other } = await hooked(t, name, () => controller.abort("enough") ?? new Promise(() => {}));
    const gone = await rejection(other.get("/things", { signal: controller.signal }));
    assert.ok(gone instanceof AbortedError, String(gone));
    assert.equal(gone.cause, "enough");
  });
}

test("a hook that rejects after the call has ended causes no unhandled rejection", async (t) => {
  let rejects;
  const { client } = await served(t, {
    timeout: 50,
    onRequest: () => new Promise((_, reject) => (rejects = () => reject(new RangeError("too late")))),
  });
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));
  assert.equal((await rejection(client.get("/things"))).code, "hook_timeout");
  rejects();
  await later(20);
  assert.equal(unhandled.mock.callCount(), 0);
});

test("an async onRequest still changes headers after its first await", async (t) => {
  const { upstream, client } = await served(t, {
    onRequest: async ({ headers }) => {
      await later(5);
      headers.set("x-trace", "1");
    },
  });
  await client.get("/things");
  assert.deepEqual(upstream.records[0].all("x-trace"), ["1"]);
});

test("a hook cannot set Authorization, and is told so", async (t) => {
  const { upstream, client } = await served(t, { onRequest: ({ headers }) => headers.set("authorization", "mine") });
  await assert.rejects(
    client.get("/things"),
    (error) => error instanceof TypeError && /^onRequest's headers: the client sets Authorization/.test(error.message),
  );
  assert.equal(upstream.records.length, 0);
});

test("a hook's time counts towards the call's timeout, not the attempt's", async (t) => {
  const { upstream, client } = await served(t, {
    attemptTimeout: 400,
    maxRetries: 0,
    onRequest: () => later(500),
    onResponse: () => later(500),
  });
  await client.get("/things");
  assert.equal(upstream.records.length, 1);
});

test("onRetry is called once for each failed attempt, and never for a wait before the first", async (t) => {
  const tries = [];
  const lines = [];
  const logger = { debug: (line) => lines.push(line), info: (line) => lines.push(line), warn() {}, error() {} };
  const { upstream, client } = await served(t, {
    maxRetries: 3,
    logger,
    onRetry: ({ attempt, status }) => tries.push([attempt, status]),
  });
  upstream.script([{ status: 429, headers: [["retry-after", "1"]] }]);
  const first = client.get("/things");
  while (client.keys.keys.length === 0 || tries.length === 0) await later(5);
  // The gate is closed now, so these wait before anything is sent.
  await Promise.all([first, client.get("/others"), client.get("/others")]);
  assert.deepEqual(tries, [[1, 429]]);
  assert.ok(
    lines.some((line) => /GET \S+\/others, waits \d+ ms for its turn$/.test(line)),
    lines.join("\n"),
  );
  assert.ok(lines.every((line) => !line.includes("try 0")));
});

test("the call fails if a logger rejects later", async (t) => {
  const logger = { debug: () => Promise.reject(new RangeError("of the logger")), info() {}, warn() {}, error() {} };
  const { client } = await served(t, { logger });
  await assert.rejects(client.get("/things"), new RangeError("of the logger"));
});

test("superAgent.send awaits onProgress, and fails with its exception", async (t) => {
  const session = { session_id: "s", messages: [{ role: "user", id: "1" }] };
  const { client } = await served(t, {}, { handler: () => Response.json(session) });
  const options = { pollInterval: 1, timeout: 300 };
  const failing = client.superAgent.send({ content: "?" }, { ...options, onProgress: async () => assert.fail("mine") });
  await assert.rejects(failing, { message: "mine" });
  const stuck = client.superAgent.send({ content: "?" }, { ...options, onProgress: () => new Promise(() => {}) });
  const error = await rejection(stuck);
  assert.ok(error instanceof TimeoutError && error.code === "hook_timeout", String(error));
});

test("a job awaits onProgress, and fails with its exception", async (t) => {
  const { Attention } = await importPacked("attention-wasm/jobs");
  const { upstream } = await served(t, {}, { handler: () => Response.json({ data: { attributes: {} } }) });
  const client = new Attention({ apiKey: FAKE_KEY, baseURL: `${upstream.url}/v2` });
  const options = { pollInterval: 1, timeout: 300 };
  const failing = client.conversations.waitUntil("id", { ...options, onProgress: async () => assert.fail("mine") });
  await assert.rejects(failing, { message: "mine" });
  const stuck = client.conversations.waitUntil("id", { ...options, onProgress: () => new Promise(() => {}) });
  const error = await rejection(stuck);
  assert.ok(error instanceof TimeoutError && error.code === "hook_timeout", String(error));
});
