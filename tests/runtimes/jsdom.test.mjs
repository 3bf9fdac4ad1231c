// A page that is played by jsdom: scripts that run in its window, which has little of what a browser has, and programs
// that put its window's globals beside Node's, as test runners other than Jest do.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAKE_KEY } from "../node/fixture.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { library, tool } from "./tools.mjs";

const { JSDOM, VirtualConsole } = await library("vitest", "jsdom");

const APP = `
import { Attention, AttentionError, NotFoundError } from "attention-wasm";
import { mockAttention, MOCK_API_KEY } from "attention-wasm/testing";
window.app = {
  call: () => new Attention({ token: "obviously-fake-token-of-a-page", baseURL: "/v2" }).get("/things"),
  missing: () => new Attention({ token: "obviously-fake-token-of-a-page", baseURL: "/v2" }).get("/missing"),
  post: () => new Attention({ token: "obviously-fake-token-of-a-page", baseURL: "/v2" }).post("/things", { body: { a: [1] } }),
  keyed: () => new Attention({ apiKey: "${FAKE_KEY}" }),
  is: (error) => [error instanceof AttentionError, error instanceof NotFoundError],
  mocked: async () => {
    const mock = mockAttention({ conversations: 3 });
    const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch, dangerouslyAllowBrowser: true });
    return (await attention.conversations.list()).data.length;
  },
};
`;

/** The app as a script for a page. */
async function script(t) {
  const cwd = await makeProject(t, { "app.js": APP });
  const { outputFiles } = await build({
    entryPoints: ["app.js"],
    absWorkingDir: cwd,
    bundle: true,
    format: "iife",
    target: "es2022",
    write: false,
  });
  return outputFiles[0].text;
}

/** A page with these of Node's globals, in which the script has run; and what its console was told. */
function play(text, url, given) {
  const errors = [];
  const virtualConsole = new VirtualConsole().on("jsdomError", (error) => errors.push(error));
  const { window } = new JSDOM(`<!doctype html><script>${text.replaceAll("</script", "<\\/script")}</script>`, {
    url,
    runScripts: "dangerously",
    virtualConsole,
    beforeParse: (window) => Object.assign(window, given),
  });
  assert.deepEqual(errors, []);
  return window.app;
}

const FETCH = { fetch: undefined, Headers, Request, Response, ReadableStream, FormData, Blob };
const TEXT = { TextDecoder, TextEncoder };

/** `fetch` of Node, for addresses of the page. */
const fetchAt = (url) => (address, init) => fetch(new URL(address, url), init);

test("a script in jsdom's window, given what a browser has: it calls, fails by its classes, and takes no key", async (t) => {
  const upstream = await startUpstream({
    handler: async (request) =>
      request.url.endsWith("/missing")
        ? Response.json({ message: "none" }, { status: 404 })
        : Response.json({ sent: await request.text() }),
  });
  t.after(() => upstream.close());
  const app = play(await script(t), upstream.url, { ...FETCH, ...TEXT, fetch: fetchAt(upstream.url) });
  assert.deepEqual({ ...(await app.call()) }, { sent: "" });
  assert.equal((await app.post()).sent, '{"a":[1]}');
  const error = await app.missing().catch((thrown) => thrown);
  assert.deepEqual([...app.is(error), error.status, error.name], [true, true, 404, "NotFoundError"]);
  assert.deepEqual([error.body.message, error.headers.get("content-type")], ["none", "application/json"]);
  assert.throws(app.keyed, { code: "key_in_browser" });
  assert.equal(await app.mocked(), 3);
});

test("a script in jsdom's window as it is: the import works, and what is missing is named", async (t) => {
  const text = await script(t);
  for (const [given, code] of [
    [{}, "globals_missing"],
    [TEXT, "fetch_missing"],
  ]) {
    const app = play(text, "http://localhost/", given);
    const error = await (async () => app.call())().catch((thrown) => thrown);
    assert.deepEqual([error.name, error.code], ["ConfigError", code], String(error));
    assert.ok(app.is(error)[0]);
  }
});

test("a program with the globals of jsdom's window beside Node's is a test, no page: a key works", async (t) => {
  const { resolve } = createRequire(join(await tool("vitest"), "index.cjs"));
  const app = `
import { JSDOM } from "${pathToFileURL(resolve("jsdom"))}";
const { window } = new JSDOM("", { url: "http://localhost:9/", pretendToBeVisual: true });
for (const name of Object.getOwnPropertyNames(window)) {
  if (OVERRIDE.includes(name) || !(name in globalThis))
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true, writable: true });
}
const { Attention, NotFoundError } = await import("attention-wasm");
const { mockAttention, MOCK_API_KEY } = await import("attention-wasm/testing");
const mock = mockAttention({ conversations: 3 });
const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
const controller = new AbortController();
const list = await attention.conversations.list({}, { signal: controller.signal });
const { id } = await attention.knowledgeBase.upload({ title: "x", file: new Blob(["# x"], { type: "text/markdown" }) }).then(({ data }) => data);
const missing = await attention.get("/no-such-thing").catch((error) => error);
const gone = await attention.get("/users", { signal: AbortSignal.abort() }).catch((error) => error);
console.log(list.data.length, typeof id, missing instanceof NotFoundError, gone.name);
window.close();
`;
  // As global-jsdom has it, and as runners have it that prefer all of the window's own.
  const all = ["window", "document", "navigator", "location", "Event", "EventTarget", "AbortController", "AbortSignal"];
  for (const override of [
    ["window", "document", "navigator", "location"],
    [...all, "Blob", "File", "FormData", "Headers", "DOMException"],
  ]) {
    const cwd = await makeProject(t, { "app.js": app.replace("OVERRIDE", JSON.stringify(override)) });
    const { stdout } = await run(process.execPath, ["app.js"], { cwd });
    assert.equal(stdout, "3 string true AbortError\n", `${override}`);
  }
});
