// The packed package in a real browser, from a plain module script.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startGateway, TOKEN } from "../runtimes/api.mjs";
import { openPage } from "./page.mjs";

test("a plain module script: one import, no set-up, a call with a token", async (t) => {
  const { options } = await startGateway(t);
  const { page, printed, url } = await openPage(t, {
    "/app.html": `<!doctype html><title>app</title><link rel=icon href=data:,>
      <script type="module">
        import { Attention } from "/attention/index.js";
        const attention = new Attention(${options});
        const { data } = await attention.get("/conversations/list", { query: { size: 3 } });
        document.title = "got " + data.length;
      </script>`,
  });
  await page.goto(`${url}/app.html`);
  await page.waitForFunction(() => document.title !== "app");
  assert.equal(await page.title(), "got 3");
  assert.deepEqual(printed, []);
});

test("verbs, errors, signals and streams as elsewhere", async (t) => {
  const { upstream } = await startGateway(t);
  const { page, printed, url } = await openPage(t);
  const told = await page.evaluate(
    async ([at, baseURL, token]) => {
      const { Attention, AttentionError, NotFoundError, AbortedError, UnauthorizedError } = await import(
        `${at}/attention/index.js`
      );
      const { Upstream } = await import(`${at}/attention/core.js`);
      const attention = new Attention({ token, baseURL });
      const failure = (promise) =>
        promise.then(
          () => null,
          (error) => error,
        );
      const missing = await failure(attention.get("/nothing-here"));
      const aborted = await failure(attention.get("/_mock/slow/5000", { signal: AbortSignal.timeout(50) }));
      const refused = await failure(new Attention({ token: `${token}-wrong`, baseURL }).get("/users"));
      const sent = await attention.post("/_mock/echo", { body: { a: 1 } });
      const events = await attention.get("/_mock/sse/3").asResponse();
      const retried = await attention.get("/_mock/flaky/1/status/503").withResponse();
      const raw = new Upstream(undefined, token, undefined, true);
      return {
        missing: missing instanceof NotFoundError && missing instanceof AttentionError && missing.status,
        aborted: aborted instanceof AbortedError && aborted.cause.name,
        refused: refused instanceof UnauthorizedError && refused.diagnosis.nextStep,
        bytes: sent.body.bytes,
        events: (await events.text()).split("data: ").length - 1,
        attempts: retried.attempts,
        base: raw.baseUrl(),
      };
    },
    [url, `${upstream.url}/v2`, TOKEN],
  );
  assert.deepEqual(told, {
    missing: 404,
    aborted: "TimeoutError",
    refused: "ask the operator of the Worker for a valid caller token",
    bytes: 7,
    events: 3,
    attempts: 2,
    base: "https://api.attention.tech/v2",
  });
  assert.deepEqual(
    printed.filter((line) => !line.includes("Failed to load resource")),
    [],
  );
});

test("an API key is refused in a page and in its worker, with advice", async (t) => {
  const worker = `import { Attention } from "/attention/index.js";
    try { new Attention({ apiKey: "an-obviously-fake-key-0001" }); postMessage("allowed"); } catch (error) { postMessage(error.code); }`;
  const { page, url } = await openPage(t, { "/worker.js": worker });
  const told = await page.evaluate(async (at) => {
    const { Attention } = await import(`${at}/attention/index.js`);
    const options = { apiKey: "an-obviously-fake-key-0001" };
    let page;
    try {
      new Attention(options);
    } catch (error) {
      page = `${error.name} ${error.code} ${error.message}`;
    }
    const inWorker = await new Promise((resolve, reject) => {
      const worker = new Worker(`${at}/worker.js`, { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
    });
    return { page, inWorker, allowed: new Attention({ ...options, dangerouslyAllowBrowser: true }).baseURL };
  }, url);
  assert.match(told.page, /^ConfigError key_in_browser .*deploy the Worker/);
  assert.deepEqual([told.inWorker, told.allowed], ["key_in_browser", "https://api.attention.tech/v2"]);
});

test("a relative base URL is the page's own origin", async (t) => {
  const { page, url } = await openPage(t, { "/api/v2/things": '"text"' });
  const told = await page.evaluate(
    async ([at, token]) => {
      const { Attention } = await import(`${at}/attention/index.js`);
      const attention = new Attention({ token, baseURL: "/api/v2" });
      return [attention.baseURL, await attention.get("/things")];
    },
    [url, TOKEN],
  );
  assert.deepEqual(told, [`${url}/api/v2`, '"text"']);
});

test("the wasm compiles synchronously on the main thread, and only when a client is made", async (t) => {
  const { page, url } = await openPage(t);
  const compiled = await page.evaluate(
    async ([at, token]) => {
      const sizes = [];
      WebAssembly.Module = new Proxy(WebAssembly.Module, {
        construct: (Module, [bytes]) => {
          sizes.push(bytes.length);
          return new Module(bytes);
        },
      });
      const { Attention } = await import(`${at}/attention/index.js`);
      const before = sizes.length;
      new Attention({ token, baseURL: "/api" });
      new Attention({ token, baseURL: "/api" });
      return { before, after: sizes.length, bytes: sizes[0] };
    },
    [url, TOKEN],
  );
  assert.deepEqual([compiled.before, compiled.after], [0, 1]);
  assert.ok(compiled.bytes < 8 * 1024 * 1024);
});
