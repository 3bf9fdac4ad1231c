// The operator's page, drawn by a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startChromium } from "../browser/chromium.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { CALLERS, fingerprint, KEY, MODULES, sha256, TOKEN } from "./worker.mjs";

const OPERATOR = "fake-operator-token-of-the-status-tests";

let upstream;
let workerd;
let browser;

before(async () => {
  upstream = await startUpstream({
    handler: (request) => {
      const path = new URL(request.url).pathname;
      if (path.endsWith("/broken")) return new Response("no", { status: 500 });
      if (path.endsWith("/limited")) return new Response("no", { status: 429 });
      return Response.json({ data: [] });
    },
  });
  const bindings = {
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `${upstream.url}/v2`,
    ATTENTION_CALLERS: CALLERS,
    ATTENTION_MAX_RETRIES: "0",
    ATTENTION_LOG: "silent",
  };
  const admin = { ATTENTION_ADMIN_SHA256: sha256(OPERATOR) };
  workerd = await startWorkerd({
    services: [
      { name: "alone", modules: MODULES, bindings: { ...bindings, ...admin } },
      {
        name: "first",
        modules: MODULES,
        durableObjects: ["Gate"],
        bindings: { ...bindings, ...admin, ATTENTION_GATE: { durableObject: "Gate" } },
      },
      {
        name: "second",
        modules: MODULES,
        bindings: { ...bindings, ...admin, ATTENTION_GATE: { durableObject: { className: "Gate", service: "first" } } },
      },
      { name: "closed", modules: MODULES, bindings },
    ],
    startMs: 60_000,
  });
  browser = await startChromium();
});

after(async () => {
  await browser?.close();
  await workerd?.close();
  await upstream?.close();
});

const call = (service, path) =>
  fetch(`${workerd.urls[service]}/v2/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } }).then((r) => r.text());

async function look(service, name) {
  const context = await browser.newContext({
    httpCredentials: { username: "operator", password: OPERATOR },
    viewport: { width: 1000, height: 760 },
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const response = await page.goto(`${workerd.urls[service]}/status`);
  if (process.env.ATTENTION_SHOTS) await page.screenshot({ path: `${process.env.ATTENTION_SHOTS}/${name}.png` });
  const facts = await page
    .locator("dl > div")
    .evaluateAll((all) =>
      Object.fromEntries(all.map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent])),
    );
  const bars = await page
    .locator("svg[role=img] rect")
    .evaluateAll((all) =>
      all.map((bar) => [bar.getAttribute("class"), bar.getBoundingClientRect().height > 0, getComputedStyle(bar).fill]),
    );
  const html = await page.content();
  await context.close();
  return { response, facts, bars, html, complaints, asked };
}

test("the page draws calls, failures, 429s, latency and keys, without a script or a request elsewhere", async () => {
  for (let i = 0; i < 6; i += 1) await call("alone", "conversations");
  await call("alone", "broken");
  await call("alone", "limited");
  const { response, facts, bars, html, complaints, asked } = await look("alone", "status");
  assert.equal(response.status(), 200);
  assert.equal(facts.calls, "8");
  assert.equal(facts["failed (5xx)"], "12.5 %");
  assert.equal(facts["too many (429)"], "12.5 %");
  assert.match(facts.median, /^\d+ ms$/);
  for (const sort of ["calls", "errors", "limited"]) {
    const bar = bars.find(([name]) => name === sort);
    assert.ok(bar?.[1], `${sort} is drawn`);
    assert.notEqual(bar[2], "rgb(0, 0, 0)", `${sort} has a colour of its own: the style was let in`);
  }
  assert.match(html, new RegExp(fingerprint(KEY)));
  for (const secret of [KEY, TOKEN, OPERATOR]) assert.ok(!html.includes(secret));
  assert.doesNotMatch(html, /<script/);
  assert.deepEqual(complaints, []);
  assert.deepEqual(
    asked.map((url) => new URL(url).pathname).filter((path) => path !== "/favicon.ico"),
    ["/status"],
  );
  const policy = response.headers()["content-security-policy"];
  assert.match(policy, /^default-src 'none'; style-src 'nonce-/);
});

test("isolates that share a gate share the page", async () => {
  await Promise.all([call("first", "conversations"), call("second", "conversations"), call("second", "broken")]);
  // Each isolate tells the ledger when its own page is asked for.
  await look("first", "status-first");
  const { facts } = await look("second", "status-shared");
  assert.equal(facts.calls, "3");
});

test("nobody but the operator sees it", async () => {
  const ask = (service, authorization) =>
    fetch(`${workerd.urls[service]}/status`, { headers: authorization ? { authorization } : {} });
  const basic = (token) => `Basic ${Buffer.from(`operator:${token}`).toString("base64")}`;
  for (const authorization of [
    undefined,
    `Bearer ${TOKEN}`,
    basic(TOKEN),
    basic(""),
    "Basic",
    "Basic !!!",
    `Basic ${Buffer.from(OPERATOR).toString("base64")}`,
  ]) {
    const response = await ask("alone", authorization);
    assert.equal(response.status, 401, authorization);
    assert.match(response.headers.get("www-authenticate"), /^Basic realm=/);
    assert.equal((await response.json()).code, "operator_only");
  }
  for (const authorization of [basic(OPERATOR), `Bearer ${OPERATOR}`])
    assert.equal((await ask("alone", authorization)).status, 200);
  // The operator's token opens nothing else, and without one there is no page.
  const elsewhere = await fetch(`${workerd.urls.alone}/v2/conversations`, {
    headers: { authorization: `Bearer ${OPERATOR}` },
  });
  assert.equal(elsewhere.status, 401);
  assert.equal((await ask("closed", basic(OPERATOR))).status, 404);
});
