// Contexts that lack a global: each is named by the first client, or is not needed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { project } from "../runtimes/packed.mjs";
import { FAKE_KEY } from "./fixture.mjs";

/** The globals that come from the runtime; the others are the language's, which every context has. */
const OF_THE_LANGUAGE = new Set(runInContext("Object.getOwnPropertyNames(globalThis)", createContext()));
const NAMES = Object.getOwnPropertyNames(globalThis).filter((name) => !OF_THE_LANGUAGE.has(name));

/** Without each in turn: uses the package, whose `fetch` answers by plain objects, which need nothing. */
const STORY = `
const { Attention, NotFoundError } = await import("attention-wasm");
const answer = (status, text) => {
  const headers = { "content-type": "application/json" };
  return { status, headers: { get: (name) => headers[name] ?? null }, text: async () => text };
};
let sent = 0;
const fetch = async (url, { headers }) => {
  sent++;
  if (url.endsWith("/slow")) return new Promise(() => {});
  if (url.endsWith("/none")) return answer(404, '{"error":{"message":"none"}}');
  // A retry waits, so there is one alone.
  return sent === 1 ? answer(503, "") : answer(200, '{"data":[]}');
};
const key = process.env.ATTENTION_API_KEY;
async function story() {
  const told = [];
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const hooks = { onRequest: ({ headers }) => headers.set("x-a", "b"), onEnd: ({ outcome }) => told.push(outcome), logger };
  const attention = new Attention({ apiKey: async () => key, fetch, baseURL: "https://api.example.test/v2", ...hooks });
  attention.use((_, next) => next());
  told.push((await attention.get("/users", { query: { a: [1] } })).data.length);
  for await (const _ of attention.users.list());
  told.push((await attention.post("/labels", { body: { name: "x" }, idempotent: true })).data.length);
  const controller = typeof AbortController === "function" && new AbortController();
  const aborted = controller && attention.get("/slow", { signal: controller.signal }).catch(({ name }) => told.push(name));
  if (controller) controller.abort();
  await aborted;
  await attention.get("/slow", { timeout: 10 }).catch(({ name }) => told.push(name));
  await attention.get("/none").catch((error) => told.push(error instanceof NotFoundError));
  await attention.refreshCredentials();
  return told.join();
}
const expected = await story();
const found = { expected };
const { log } = console;
for (const name of NAMES) {
  const held = Object.getOwnPropertyDescriptor(globalThis, name);
  if (!held.configurable) continue;
  delete globalThis[name];
  const end = await story().catch(({ name, code, message }) => [name, code, message].join(" "));
  Object.defineProperty(globalThis, name, held);
  if (end !== expected) found[name] = end;
}
log(JSON.stringify(found));
`;

test("a context without one of Node's globals: all works, or the first client names it", async () => {
  const source = STORY.replace("of NAMES", `of ${JSON.stringify(NAMES)}`).replaceAll(
    "process.env.ATTENTION_API_KEY",
    JSON.stringify(FAKE_KEY),
  );
  const args = ["--no-warnings", "--input-type=module", "--eval", source];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: await project(), timeout: 60_000 });
  const { expected, ...others } = JSON.parse(stdout);
  assert.match(expected, /^success,0,.*AbortError.*TimeoutError.*true/);
  for (const [name, end] of Object.entries(others))
    assert.match(end, new RegExp(`^ConfigError globals_missing this runtime lacks ${name}: give its context`), name);
  assert.ok(Object.keys(others).length >= 8, Object.keys(others).join());
});

test("a window of Electron, which has Node's globals and a page's, is a page: it takes no key, and a token works", async () => {
  const source = `
const { Attention } = await import("attention-wasm");
const page = { document: {}, location: { origin: "null" }, origin: "null", navigator: { userAgent: "Mozilla/5.0 Electron/38.0.0" } };
for (const [name, value] of Object.entries({ window: globalThis, ...page }))
  Object.defineProperty(globalThis, name, { value, configurable: true });
const failure = (act) => { try { return act() && "made"; } catch ({ code }) { return code; } };
const fetch = async () => Response.json([]);
const attention = new Attention({ token: ${JSON.stringify(FAKE_KEY)}, baseURL: "https://worker.example/v2", fetch });
console.log(JSON.stringify([
  failure(() => new Attention({ apiKey: ${JSON.stringify(FAKE_KEY)} })),
  failure(() => new Attention({ apiKey: ${JSON.stringify(FAKE_KEY)}, dangerouslyAllowBrowser: true })),
  failure(() => new Attention({ token: ${JSON.stringify(FAKE_KEY)}, baseURL: "/v2" })),
  await attention.get("/users"),
]));
`;
  const args = ["--input-type=module", "--eval", source];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: await project(), timeout: 60_000 });
  assert.deepEqual(JSON.parse(stdout), ["key_in_browser", "made", "base_url_relative", []]);
});
