// Several copies of the package in a program: modules and CommonJS, two node_modules folders, two versions. Each works,
// and each recognizes the others' errors.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { importPacked, packageFolder, requirePacked } from "../runtimes/packed.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { FAKE_KEY, rejection } from "./fixture.mjs";

const folder = await mkdtemp(join(tmpdir(), "attention-copies-"));
after(() => rm(folder, { recursive: true }));

/** Another copy, whose CommonJS has another name for a kind of error. */
async function otherVersion() {
  const copy = join(folder, "node_modules/attention-wasm");
  await cp(await packageFolder(), copy, { recursive: true });
  const core = join(copy, "dist/core.cjs");
  const text = await readFile(core, "utf8");
  await writeFile(core, text.replaceAll('"not_found"', '"gone_for_good"').replaceAll("not_found:", "gone_for_good:"));
  return copy;
}

async function copies() {
  const copy = await otherVersion();
  const load = async (one) => ({
    main: await one("attention-wasm"),
    jobs: await one("attention-wasm/jobs"),
    testing: await one("attention-wasm/testing"),
  });
  return {
    modules: await load(importPacked),
    CommonJS: await load(requirePacked),
    "another folder": await load((name) => {
      const { resolve } = createRequire(join(folder, "index.cjs"));
      const file = resolve(name).replace(/\.cjs$/, ".js");
      assert.ok(file.startsWith(copy));
      return import(pathToFileURL(file));
    }),
    "another version": await load(createRequire(join(folder, "index.cjs"))),
  };
}
const COPIES = await copies();
const pairs = Object.entries(COPIES).flatMap(([a, one]) =>
  Object.entries(COPIES).map(([b, other]) => [`${a}, ${b}`, one, other]),
);

test("they are copies", () => {
  const classes = new Set(Object.values(COPIES).map(({ main }) => main.Attention));
  assert.equal(classes.size, 4);
});

test("an error of one is of the same class in every other, and of no other class", async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  for (const [name, one, other] of pairs) {
    const client = new one.main.Attention({ apiKey: FAKE_KEY, baseURL: `${upstream.url}/v2`, maxRetries: 0 });
    for (const [status, expected] of [
      [401, "UnauthorizedError"],
      // That version knows its kind by another name, and whoever does not know a kind has no class for it.
      [404, name.endsWith(", another version") ? undefined : "NotFoundError"],
      [429, "RateLimitedError"],
      [500, "ServerError"],
    ]) {
      upstream.script([{ status }]);
      const error = await rejection(client.get("/things"));
      assert.ok(error instanceof other.main.AttentionError && error instanceof Error, `${name}: ${error}`);
      const classes = Object.entries(other.main)
        .filter(([, made]) => typeof made === "function" && Object.getPrototypeOf(made) === other.main.AttentionError)
        .filter(([, made]) => error instanceof made)
        .map(([made]) => made);
      assert.deepEqual(classes, expected === undefined ? [] : [expected], `${name}: ${error}`);
    }
    client.close();
  }
});

test("a mock of one serves the others, and a job's client is one of all", async () => {
  for (const [name, one, other] of pairs) {
    const mock = one.testing.mockAttention({ conversations: 2 });
    const client = new other.jobs.Attention({ apiKey: one.testing.MOCK_API_KEY, fetch: mock.fetch });
    assert.equal((await client.conversations.list()).data.length, 2, name);
    const wrong = new other.main.Attention({ apiKey: FAKE_KEY, fetch: mock.fetch });
    assert.ok((await rejection(wrong.users.list())) instanceof one.main.UnauthorizedError, name);
  }
});

test("a session's failure keeps its code in a client of another copy; what others throw is the function's failure", async (t) => {
  t.after(() => delete globalThis.location);
  globalThis.location = { origin: "http://127.0.0.1:9" };
  for (const [name, one, other] of pairs) {
    const token = one.main.sessionToken("/api/attention-session");
    const client = new other.main.Attention({ token, baseURL: "http://127.0.0.1:9/v2" });
    assert.equal((await rejection(client.get("/users"))).code, "session_unreachable", name);
    const inner = new one.main.Attention({ apiKey: FAKE_KEY, maxRetries: 0, fetch: async () => Response.error() });
    const nested = new other.main.Attention({ apiKey: () => inner.get("/vault") });
    assert.equal((await rejection(nested.get("/users"))).code, "key_provider_failed", name);
  }
});

test("clients that give each other keys know when they go in a circle", async () => {
  for (const [name, one, other] of pairs) {
    const fetch = async () => Response.json(FAKE_KEY);
    const first = new one.main.Attention({ apiKey: () => second.get("/key"), fetch });
    const second = new other.main.Attention({ apiKey: () => first.get("/key"), fetch, timeout: 5000 });
    assert.equal((await rejection(first.get("/users"))).code, "key_provider_recursive", name);
  }
});

test("one signal for calls of all of them: a listener each at the most, and none afterwards", async () => {
  const { signal } = new AbortController();
  const fetch = () => new Promise((resolve) => setTimeout(() => resolve(Response.json({})), 20));
  const clients = Object.values(COPIES).map(({ main }) => new main.Client({ apiKey: FAKE_KEY, fetch }));
  const calls = clients.flatMap((client) => Array.from({ length: 20 }, () => client.get("/things", { signal })));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(getEventListeners(signal, "abort").length <= clients.length);
  await Promise.all(calls);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("calls of one and of another have ids of their own", async () => {
  const ids = [];
  for (const { main } of Object.values(COPIES)) {
    const fetch = async () => Response.json({});
    const client = new main.Client({ apiKey: FAKE_KEY, fetch, onEnd: ({ callId }) => ids.push(callId) });
    for (let call = 0; call < 5; call++) await client.get("/things");
  }
  assert.equal(new Set(ids).size, 20);
});
