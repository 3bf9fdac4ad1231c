// Sessions in a real browser: the page's backend requests them from the Worker, and the client renews them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../until.mjs";
import { sha256, TOKEN, Workers } from "../worker/worker.mjs";
import { openPage } from "./page.mjs";

/** A page, its backend and the Worker. `answer` replaces the backend's response, if given. */
async function startPage(t) {
  const workers = new Workers();
  const backend = { asked: [], answer: undefined };
  const session = async (request, response) => {
    const { method, headers } = request;
    backend.asked.push({ method, cookie: headers.cookie, csrf: headers["x-csrf"], cache: headers["cache-control"] });
    if (backend.answer !== undefined) return backend.answer(response);
    const minted = await fetch(`http://127.0.0.1:${workers.port(name)}/sessions`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ minutes: 1, origin: headers.origin ?? url, routes: ["GET /v2/conversations"] }),
    });
    // The client tells the browser not to store anything, even if the backend does not.
    response.setHeader("cache-control", "max-age=600");
    response.setHeader("content-type", "application/json");
    response.end(await minted.text());
  };
  const { page, printed, url } = await openPage(t, { "/api/attention-session": session, "/login": "<h1>Log in</h1>" });
  await page.context().addCookies([{ name: "user", value: "ada", url }]);
  const name = workers.with({
    ATTENTION_ALLOWED_ORIGINS: url,
    ATTENTION_CALLERS: JSON.stringify([{ name: "backend", sha256: sha256(TOKEN), mintsSessions: true }]),
    ATTENTION_SESSION_SECRET: "obviously-fake-session-secret-of-these-tests",
  });
  t.after(() => workers.close());
  await workers.start();
  await page.clock.install();
  await page.evaluate(
    async ([at, baseURL]) => {
      const { Client, sessionToken } = await import(`${at}/attention/index.js`);
      globalThis.made = (address, options) => new Client({ token: sessionToken(address, options), baseURL });
      globalThis.end = (promise) =>
        promise.then(
          () => "ok",
          ({ name, code, status, message }) => ({ name, code, status, message }),
        );
      globalThis.attention = made("/api/attention-session");
    },
    [url, `http://127.0.0.1:${workers.port(name)}/v2`],
  );
  const call = () => page.evaluate(() => end(attention.get("/conversations")));
  /** The sessions of calls, and their statuses. */
  const sent = [];
  page.on("response", async (response) => {
    if (response.url().endsWith("/v2/conversations") && response.request().method() === "GET")
      sent.push({ session: response.request().headers().authorization, status: response.status() });
  });
  return { page, printed, url, workers, backend, call, sent };
}

test("a session is requested once, with the page's cookies, and renewed before it ends", async (t) => {
  const { page, backend, call, sent, printed } = await startPage(t);
  assert.deepEqual(
    await page.evaluate(() => Promise.all([1, 2, 3].map(() => end(attention.get("/conversations"))))),
    Array(3).fill("ok"),
  );
  assert.equal(backend.asked.length, 1);
  assert.deepEqual([backend.asked[0].method, backend.asked[0].cookie], ["POST", "user=ada"]);
  // In the last fifth of its minute, the call uses the old session, and the next one the new session.
  await page.clock.fastForward(50_000);
  assert.equal(await call(), "ok");
  while (backend.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await call(), "ok");
  // Expired, so the call waits.
  await page.clock.fastForward(3_600_000);
  assert.equal(await call(), "ok");
  assert.equal(backend.asked.length, 3);
  assert.deepEqual(new Set(sent.map(({ status }) => status)), new Set([200]));
  assert.ok(sent.every(({ session }) => /^Bearer s1\./.test(session)));
  assert.deepEqual(printed, []);
});

test("a session that the Worker refuses is silently replaced, and another user's session is no longer used", async (t) => {
  const { page, backend, call, sent } = await startPage(t);
  backend.answer = (response) => {
    backend.answer = undefined;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ token: "s1.e30.revoked", expiresAt: Date.now() + 900_000 }));
  };
  assert.equal(await call(), "ok");
  assert.deepEqual(
    sent.map(({ status }) => status),
    [401, 200],
  );
  await page.context().addCookies([{ name: "user", value: "grace", url: page.url() }]);
  assert.equal(await page.evaluate(() => attention.refreshCredentials()), true);
  assert.equal(await call(), "ok");
  assert.equal(backend.asked.at(-1).cookie, "user=grace");
  assert.notEqual(sent.at(-1).session, sent.at(-2).session);
});

test("each mistake of a backend has its code; GET and custom headers work for frameworks that need them", async (t) => {
  const { page, backend, url } = await startPage(t);
  const json = (response, status, body) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const fresh = (...given) =>
    page.evaluate(
      (args) => end(made(...args).get("/conversations")),
      given.length > 0 ? given : ["/api/attention-session"],
    );
  for (const [answer, name, code, status] of [
    [(response) => json(response, 401, { token: "not this one" }), "UnauthorizedError", "session_unauthorized", 401],
    [
      (response) => response.writeHead(302, { location: "/login" }).end(),
      "UnauthorizedError",
      "session_unauthorized",
      undefined,
    ],
    [(response) => json(response, 403, {}), "ForbiddenError", "session_forbidden", 403],
    [(response) => json(response, 404, {}), "ConfigError", "session_refused", 404],
    [(response) => json(response, 503, {}), "ServerError", "session_refused", 503],
    [(response) => response.end("<!doctype html><title>app</title>"), "ProtocolError", "session_invalid", undefined],
    [(response) => json(response, 200, { id: "no token" }), "ProtocolError", "session_invalid", 200],
    [(response) => json(response, 200, null), "ProtocolError", "session_invalid", 200],
    [
      (response) => json(response, 200, { token: "s1.e30.x", expiresAt: 1_700_000_000 }),
      "ConfigError",
      "key_provider_failed",
      undefined,
    ],
    [(response) => response.destroy(), "ConnectionError", "session_unreachable", undefined],
  ]) {
    backend.answer = answer;
    const error = await fresh();
    assert.deepEqual([error.name, error.code, error.status ?? undefined], [name, code, status], JSON.stringify(error));
  }
  for (const answer of [() => {}, (response) => response.writeHead(200).write("{")]) {
    backend.answer = answer;
    const before = backend.asked.length;
    await page.evaluate(() => {
      globalThis.hanging = end(made("/api/attention-session").get("/conversations"));
    });
    await until(() => backend.asked.length > before, "the backend is asked");
    await page.clock.runFor(9500);
    const { name, code } = await page.evaluate(() => hanging);
    assert.deepEqual([name, code, backend.asked.length], ["TimeoutError", "session_timeout", before + 1]);
  }
  backend.answer = undefined;
  for (const address of ["https://other.example/session", "//other.example/session", "/\\other.example/session"]) {
    assert.equal((await fresh(address)).code, "session_other_origin", address);
  }
  assert.equal(await fresh(`${url}/api/attention-session`), "ok");
  const asked = backend.asked.length;
  const options = { method: "GET", headers: { "x-csrf": "fake" } };
  assert.equal(await fresh("/api/attention-session", options), "ok");
  // From a store that is asked each time, as `cookieStore` is.
  const stored = "made('/api/attention-session', { method: 'GET', headers: async () => ({ 'x-csrf': 'fake' }) })";
  assert.equal(await page.evaluate(`end(${stored}.get("/conversations"))`), "ok");
  assert.deepEqual(
    backend.asked.slice(asked).map(({ method, csrf }) => [method, csrf]),
    Array(2).fill(["GET", "fake"]),
  );
});

/** Reports where a session is requested from a frame or worker: the backend's path, or the error's code. */
const ASK = (at) => `
import { Client, sessionToken } from "${at}/attention/index.js";
const attention = new Client({ token: sessionToken("/api/attention-session"), baseURL: "https://worker.example/v2", fetch: async () => Response.json([]) });
const told = await attention.get("/conversations").then(() => "ok", ({ code }) => code);
`;

test("a frame without an origin of its own is told so; one that has its page's, and a worker of a blob, get sessions", async (t) => {
  const session = (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ token: "obviously-fake-session-of-a-frame", expiresAt: Date.now() + 900_000 }));
  };
  const asked = [];
  const { page, url } = await openPage(t, {
    "/api/attention-session": (request, response) => {
      asked.push(request.headers.origin);
      session(request, response);
    },
    "/frame.html": (request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(
        `<!doctype html><script type="module">${ASK(`http://${request.headers.host}`)}parent.postMessage(told, "*");</script>`,
      );
    },
  });
  const inFrame = (attributes) =>
    page.evaluate(
      (given) =>
        new Promise((resolve) => {
          const frame = document.createElement("iframe");
          for (const [name, value] of Object.entries(given)) frame.setAttribute(name, value);
          addEventListener("message", ({ data }) => resolve(data), { once: true });
          document.body.append(frame);
        }),
      attributes,
    );
  const html = `<!doctype html><script type="module">${ASK(url)}parent.postMessage(told, "*");</script>`;
  assert.equal(await inFrame({ src: "/frame.html" }), "ok");
  assert.equal(await inFrame({ srcdoc: html }), "ok");
  assert.equal(await inFrame({ src: "/frame.html", sandbox: "allow-scripts allow-same-origin" }), "ok");
  assert.deepEqual(asked, Array(3).fill(url));
  assert.equal(await inFrame({ src: "/frame.html", sandbox: "allow-scripts" }), "session_no_page");
  assert.equal(await inFrame({ srcdoc: html, sandbox: "allow-scripts" }), "session_no_page");
  assert.equal(await inFrame({ src: `data:text/html,${encodeURIComponent(html)}` }), "session_no_page");
  const inWorker = (script) =>
    page.evaluate(
      (text) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), {
            type: "module",
          });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        }),
      script,
    );
  assert.equal(await inWorker(`${ASK(url)}postMessage(told);`), "ok");
  assert.deepEqual(asked, Array(4).fill(url));
});
