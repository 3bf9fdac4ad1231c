// The packed package in web workers and service workers of pages, and under a
// Content-Security-Policy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../browser/page.mjs";
import { startGateway } from "./api.mjs";

const HTML = (script) =>
  `<!doctype html><title>app</title><link rel=icon href=data:,><script type="module">${script}</script>`;
/** A policy, and no script in the page itself, which it would forbid. */
const STRICT = (policy) =>
  `<!doctype html><title>app</title><meta http-equiv="Content-Security-Policy" content="${policy}"><script type="module" src="/app.js"></script>`;

/** Reports the number of conversations, or the error. */
const CALL = (options) => `
import { Attention } from "/attention/index.js";
const told = async () => {
  try {
    const attention = new Attention(${options});
    return "got " + (await attention.get("/conversations/list", { query: { size: 3 } })).data.length;
  } catch (error) {
    return error.name + " " + error.code + ": " + error.message;
  }
};
`;

async function titleOf(page, address) {
  await page.goto(address);
  await page.waitForFunction(() => document.title !== "app");
  return page.title();
}

test("a dedicated worker", async (t) => {
  const { upstream, options } = await startGateway(t);
  const { page, printed, url } = await openPage(t, {
    "/app.html": HTML(
      'new Worker("/worker.js", { type: "module" }).onmessage = ({ data }) => { document.title = data; };',
    ),
    "/worker.js": `${CALL(options)}told().then(postMessage);`,
  });
  assert.equal(await titleOf(page, `${url}/app.html`), "got 3");
  assert.deepEqual(printed, []);
  assert.equal(upstream.records.filter(({ method }) => method === "GET").length, 1);
});

test("a service worker answers the page by its own calls, and only it has the token", async (t) => {
  const { options } = await startGateway(t);
  const { page, printed, url } = await openPage(t, {
    "/app.html": HTML(`
      await navigator.serviceWorker.register("/service-worker.js", { type: "module" });
      await navigator.serviceWorker.ready;
      if (!navigator.serviceWorker.controller) await new Promise((resolve) => { navigator.serviceWorker.oncontrollerchange = resolve; });
      document.title = await (await fetch("/from-the-worker")).text();`),
    "/service-worker.js": `${CALL(options)}
      addEventListener("install", () => skipWaiting());
      addEventListener("activate", (event) => event.waitUntil(clients.claim()));
      addEventListener("fetch", (event) => {
        if (new URL(event.request.url).pathname === "/from-the-worker") event.respondWith(told().then((text) => new Response(text)));
      });`,
  });
  assert.equal(await titleOf(page, `${url}/app.html`), "got 3");
  assert.deepEqual(printed, []);
});

test("a shared worker, whose pages have neither client nor token", async (t) => {
  const { upstream, options } = await startGateway(t);
  const { page, printed, url } = await openPage(t, {
    "/app.html": HTML(`
      const { port } = new SharedWorker("/worker.js", { type: "module" });
      port.onmessage = ({ data }) => { document.title = data; };`),
    "/worker.js": `${CALL(options)}onconnect = ({ ports: [port] }) => told().then((text) => port.postMessage(text));`,
  });
  assert.equal(await titleOf(page, `${url}/app.html`), "got 3");
  assert.deepEqual(printed, []);
  assert.equal(upstream.records.filter(({ method }) => method === "GET").length, 1);
});

const SCRIPT = (options) => `${CALL(options)}document.title = await told();`;

test("script-src 'self' 'wasm-unsafe-eval' is sufficient, and no trusted type is needed", async (t) => {
  const { upstream, options } = await startGateway(t);
  const { page, printed, url } = await openPage(t, {
    "/app.html": STRICT(
      `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${upstream.url}; ` +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    "/app.js": SCRIPT(options),
  });
  assert.equal(await titleOf(page, `${url}/app.html`), "got 3");
  assert.deepEqual(printed, []);
});

test("without 'wasm-unsafe-eval' the error says what to allow", async (t) => {
  const { options } = await startGateway(t);
  const { page, url } = await openPage(t, {
    "/app.html": STRICT("script-src 'self'"),
    "/app.js": SCRIPT(options),
  });
  const title = await titleOf(page, `${url}/app.html`);
  assert.match(
    title,
    /^ConfigError wasm_refused: .*`script-src 'self' 'wasm-unsafe-eval'`.*\(CompileError: .*Content Security Policy/,
  );
});

/** Functions that browsers got after the oldest versions that README names: Chromium 96, Firefox 92, Safari 15.4. */
const YOUNGER = `
for (const name of ["Iterator", "SuppressedError", "Float16Array"]) delete globalThis[name];
const remove = (from, names) => { for (const name of names.split(" ")) if (from) delete from[name]; };
remove(AbortSignal, "timeout any");
remove(AbortSignal.prototype, "throwIfAborted reason");
remove(URL, "canParse parse");
remove(Response, "json");
remove(globalThis, "structuredClone");
remove(Array, "fromAsync");
remove(Array.prototype, "findLast findLastIndex toSorted toReversed toSpliced with");
remove(Object.getPrototypeOf(Uint8Array.prototype), "findLast findLastIndex toSorted toReversed with");
remove(Uint8Array, "fromBase64 fromHex");
remove(Uint8Array.prototype, "toBase64 toHex setFromBase64 setFromHex");
remove(ArrayBuffer.prototype, "transfer transferToFixedLength resize resizable detached");
remove(Object, "groupBy");
remove(Map, "groupBy");
remove(Map.prototype, "getOrInsert getOrInsertComputed");
remove(Promise, "withResolvers try");
remove(Error, "isError");
remove(RegExp, "escape");
remove(Math, "f16round sumPrecise");
remove(Set.prototype, "union intersection difference symmetricDifference isSubsetOf isSupersetOf isDisjointFrom");
remove(String.prototype, "isWellFormed toWellFormed");
remove(ReadableStream, "from");
remove(ReadableStream.prototype, "values");
delete ReadableStream.prototype[Symbol.asyncIterator];
remove(Headers.prototype, "getSetCookie");
for (const one of [Blob, Request, Response]) remove(one.prototype, "bytes");
`;

test("the oldest browsers: calls, lists, errors, aborts, uploads and sessions without what came later", async (t) => {
  const session = (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ token: "obviously-fake-session-of-an-old-browser", expiresAt: Date.now() + 900_000 }),
    );
  };
  const { page, printed, url } = await openPage(t, { "/session": session });
  await page.addInitScript(YOUNGER);
  await page.goto(url);
  const told = await page.evaluate(async () => {
    const { Attention } = await import("/attention/jobs.js");
    const { sessionToken } = await import("/attention/index.js");
    const json = (body, init) =>
      new Response(JSON.stringify(body), {
        ...init,
        headers: { "content-type": "application/json", ...init?.headers },
      });
    const sent = [];
    const answers = {
      "GET /v2/users": () => json({ data: [{ id: "1" }] }),
      "GET /v2/conversations/list": (query) =>
        json({ data: (query.get("page") ?? "1") === "1" ? [{ id: "1" }] : [], meta: { totalRecords: 1 } }),
      "GET /v2/failing": () => json({ error: { message: "no" } }, { status: 404 }),
      "GET /v2/flaky": () => (sent.length % 2 ? json({}, { status: 503, headers: { "retry-after": "0" } }) : json([])),
      "POST /v2/knowledge-base/sources/upload": () =>
        json({ source_id: "s-1", upload_url: "https://storage.example/put?x=1" }),
      "PUT /put": () => new Response(null),
      "POST /v2/knowledge-base/sources/s-1/confirm-upload": () => json({ id: "s-1" }),
      "GET /v2/slow": () => new Promise(() => {}),
    };
    const fetch = async (address, { method }) => {
      const { pathname, searchParams } = new URL(address);
      sent.push(`${method} ${pathname}`);
      return answers[`${method} ${pathname}`](searchParams);
    };
    const attention = new Attention({ token: sessionToken("/session"), baseURL: "/v2", fetch });
    const failure = (promise) =>
      promise.then(
        (value) => ({ value }),
        ({ name, code }) => [name, code],
      );
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const ids = [];
    for await (const { id } of attention.conversations.list()) ids.push(id);
    const file = new Blob(["# x"], { type: "text/markdown" });
    return {
      users: (await attention.users.list()).data.length,
      ids,
      failing: await failure(attention.get("/failing")),
      flaky: await attention.get("/flaky"),
      aborted: await failure(attention.get("/slow", { signal: controller.signal })),
      late: await failure(attention.get("/slow", { timeout: 50 })),
      uploaded: await attention.knowledgeBase.upload({ title: "x", file }),
      unstored: await (() => {
        answers["PUT /put"] = () => new Response(null, { status: 403 });
        return failure(attention.knowledgeBase.upload({ title: "x", file }));
      })(),
      refused: await failure(attention.get("/users", { body: {} })),
      streamed: await (await attention.get("/users").asResponse()).text(),
      refreshed: await attention.refreshCredentials(),
    };
  });
  assert.deepEqual(told, {
    users: 1,
    ids: ["1"],
    failing: ["NotFoundError", "not_found"],
    flaky: [],
    aborted: ["AbortError", "aborted"],
    late: ["TimeoutError", "timeout"],
    uploaded: { id: "s-1" },
    unstored: ["ServerError", "upload_refused"],
    refused: ["TypeError", undefined],
    streamed: '{"data":[{"id":"1"}]}',
    refreshed: false,
  });
  assert.deepEqual(printed, []);
});
