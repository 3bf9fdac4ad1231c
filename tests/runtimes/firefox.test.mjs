// The packed package in Firefox, where there is one: the page itself tells what
// it found, so that no driver is needed.
//
// FIREFOX names the program. With ATTENTION_FIREFOX=1 its absence is a failure.
import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { startGateway } from "./api.mjs";
import { packageFolder } from "./packed.mjs";
import { start } from "./run.mjs";

const firefox = process.env.FIREFOX || onPath("firefox-esr") || onPath("firefox");
const wanted = process.env.ATTENTION_FIREFOX === "1";
const options = firefox || wanted ? {} : { skip: "there is no Firefox here (Debian: apt install firefox-esr)" };

const APP = (options) => `
import { Attention, NotFoundError } from "/attention/index.js";
const tell = (told) => fetch("/told", { method: "POST", body: JSON.stringify(told) });
try {
  const attention = new Attention(${options});
  const { data } = await attention.get("/conversations/list", { query: { size: 3 } });
  const missing = await attention.get("/nothing-here").catch((error) => error);
  const sent = await attention.post("/_mock/echo", { body: { a: 1 } });
  const events = await (await attention.get("/_mock/sse/3").asResponse()).text();
  let key;
  try { new Attention({ apiKey: "an-obviously-fake-key-0001" }); } catch (error) { key = error.code; }
  await tell({ count: data.length, missing: missing instanceof NotFoundError, bytes: sent.body.bytes, events: events.split("data: ").length - 1, key });
} catch (error) {
  await tell({ error: String(error), stack: error.stack });
}`;

/** A policy, under which it must fail. */
const REFUSED = (options) => APP(options).replace("/told", "/told-refused");

const told = (page) => new Promise((resolve) => (page.resolve = resolve));

test("Firefox: a plain module script, and what it says when a policy forbids wasm", options, async (t) => {
  assert.ok(firefox, "ATTENTION_FIREFOX=1, but there is no Firefox on PATH and none in FIREFOX");
  const gateway = await startGateway(t);
  const pages = { "/told": {}, "/told-refused": {} };
  const answers = Promise.all(Object.values(pages).map(told));
  const url = await serve(t, pages, {
    "/": [
      "text/html",
      '<!doctype html><title>a</title><script type="module" src="/app.js"></script><iframe src="/refused.html"></iframe>',
    ],
    "/app.js": ["text/javascript", APP(gateway.options)],
    "/refused.html": [
      "text/html",
      `<!doctype html><meta http-equiv="Content-Security-Policy" content="script-src 'self'"><script type="module" src="/refused.js"></script>`,
    ],
    "/refused.js": ["text/javascript", REFUSED(gateway.options)],
  });
  const profile = await mkdtemp(join(tmpdir(), "attention-firefox-"));
  // Nothing of its own on the network.
  await writeFile(
    join(profile, "user.js"),
    [
      "app.update.enabled",
      "app.normandy.enabled",
      "datareporting.policy.dataSubmissionEnabled",
      "browser.aboutwelcome.enabled",
      "network.captive-portal-service.enabled",
    ]
      .map((name) => `user_pref("${name}", false);\n`)
      .join(""),
  );
  const browser = start(firefox, ["--headless", "--no-remote", "--profile", profile, url], { cwd: profile });
  t.after(async () => {
    browser.kill("SIGKILL");
    await browser.ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`Firefox told nothing in 40 s\n${browser.output()}`)), 40_000).unref(),
  );
  const [plain, refused] = await Promise.race([answers, late]);
  assert.deepEqual(plain, { count: 3, missing: true, bytes: 7, events: 3, key: "key_in_browser" });
  assert.match(refused.error, /^ConfigError: .*'wasm-unsafe-eval'.*\(CompileError: /);
});

async function serve(t, pages, files) {
  const dist = join(await packageFolder(), "dist");
  const server = createServer(async ({ url }, response) => {
    const [, name] = /^\/attention\/([\w.-]+)$/.exec(url) ?? [];
    const [type, text] =
      name === undefined ? (files[url] ?? ["text/plain", ""]) : ["text/javascript", await readFile(join(dist, name))];
    response.setHeader("content-type", type).end(text);
  });
  server.on("request", async (request) => {
    if (request.method !== "POST") return;
    let text = "";
    for await (const chunk of request) text += chunk;
    pages[request.url].resolve(JSON.parse(text));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

function onPath(name) {
  return process.env.PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
