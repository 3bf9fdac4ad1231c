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

const SCRIPT = (options) => `${CALL(options)}document.title = await told();`;

test("script-src 'self' 'wasm-unsafe-eval' is sufficient", async (t) => {
  const { upstream, options } = await startGateway(t);
  const { page, printed, url } = await openPage(t, {
    "/app.html": STRICT(`default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${upstream.url}`),
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
