// The operator's page, drawn by a real browser.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startChromium } from "../browser/chromium.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { CALLERS, fingerprint, KEY, MODULES, sha256, TOKEN } from "./worker.mjs";

const OPERATOR = "fake-operator-token-of-the-status-tests";

let upstream;
let workerd;
let browser;
let folder;
let services;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "attention-status-"));
  upstream = await startUpstream({
    handler: (request) => {
      const path = new URL(request.url).pathname;
      if (path.endsWith("/broken")) return new Response("no", { status: 500 });
      if (path.endsWith("/unauthorized")) return new Response("no", { status: 401 });
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
  services = [
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
    { name: "refused", modules: MODULES, bindings: { ...bindings, ...admin } },
    {
      name: "stored",
      modules: MODULES,
      durableObjects: ["Gate"],
      storage: folder,
      bindings: {
        ...bindings,
        ...admin,
        ATTENTION_GATE: { durableObject: "Gate" },
        CF_VERSION_METADATA: { json: { id: "fake-version", tag: "7.7" } },
      },
    },
  ];
  workerd = await startWorkerd({ services, startMs: 60_000 });
  browser = await startChromium();
});

after(async () => {
  await browser?.close();
  await workerd?.close();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
});

const call = (service, path) =>
  fetch(`${workerd.urls[service]}/v2/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } }).then((r) => r.text());

async function look(service, name, { width = 1000, colorScheme = "light" } = {}) {
  const context = await browser.newContext({
    httpCredentials: { username: "operator", password: OPERATOR },
    viewport: { width, height: 760 },
    colorScheme,
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
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  /** Elements that are higher than one line, or leave the page on the right. */
  const outside = await page
    .locator("body *")
    .evaluateAll((all) =>
      all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80)),
    );
  const legend = await page
    .locator(".swatch")
    .evaluateAll((all) =>
      all.map((one) => [one.querySelector("rect").getAttribute("class"), one.getBoundingClientRect().left]),
    );
  const left = await page.locator("h1").evaluate((one) => one.getBoundingClientRect().left);
  const labels = await page.locator("dt").evaluateAll((all) => all.map((one) => one.getClientRects().length));
  const times = await page
    .locator("svg[role=img] text")
    .evaluateAll((all) => all.map((one) => [one.textContent, one.getBoundingClientRect().height]));
  // As it is laid out: a line each.
  // biome-ignore lint/performance/useDomNodeTextContent: the lines are what is read
  const text = await page.locator("body").innerText();
  await context.close();
  return { response, facts, bars, html, complaints, asked, wide, outside, labels, times, text, legend, left };
}

test("the page draws calls, failures, 429s, latency and keys, without a script or a request elsewhere", async () => {
  for (let i = 0; i < 6; i += 1) await call("alone", "conversations");
  await call("alone", "broken");
  await call("alone", "limited");
  const { response, facts, bars, html, complaints, asked, legend, left } = await look("alone", "status");
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
  // The legend begins where everything does, and has the order of the bars: failures are at the bottom.
  assert.equal(legend[0][1], left);
  assert.deepEqual(
    legend.map(([name]) => name),
    ["calls", "limited", "errors"],
  );
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

test("the first line says whether it is ready, and lists show callers, failures and key events", async () => {
  await call("refused", "conversations");
  const before = await look("refused", "ready");
  assert.match(before.text, /^Attention proxy\n+ready\n/);
  await call("refused", "broken");
  await call("refused", "unauthorized");
  const { text } = await look("refused", "not-ready");
  const key = fingerprint(KEY);
  assert.match(text, new RegExp(`^Attention proxy\\n+not ready: the API refuses key ${key}\\n`));
  assert.match(text, /As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; calls counted since/);
  assert.match(text, new RegExp(`\\d\\d:\\d\\d:\\d\\d: the API refused key ${key}\n`));
  assert.match(text, /\n502 upstream_error at \d\d:\d\d:\d\d, app on \/v2\/\*\*\n[0-9a-f-]{36}\n/);
  assert.match(text, /Callers\n+caller\s+calls\s+5xx, 429\s+app\s+3\s+2\n/);
  assert.match(text, /upstream_error\s+1\s+1/);
});

for (const [width, colorScheme] of [
  [400, "light"],
  [400, "dark"],
  [320, "dark"],
])
  test(`at ${width} pixels, ${colorScheme}: nothing leaves the page, and the chart's times can be read`, async () => {
    for (const path of ["broken", "limited", "conversations"]) await call("alone", path);
    const { wide, outside, labels, times } = await look("alone", `narrow-${width}-${colorScheme}`, {
      width,
      colorScheme,
    });
    assert.equal(wide, width);
    assert.deepEqual(outside, []);
    // No label of a figure takes two lines.
    assert.deepEqual([...new Set(labels)], [1]);
    const [most, ...hours] = times;
    assert.match(most[0], /^\d+ a minute$/);
    assert.ok(hours.length >= 2 && hours.length <= 7, JSON.stringify(hours));
    for (const [hour, height] of hours) {
      assert.match(hour, /^\d\d:\d\d$/);
      assert.ok(height >= 8, `${height}`);
    }
  });

test("counts survive a restart, and a bound version is shown", async () => {
  for (const path of ["conversations", "conversations", "broken"]) await call("stored", path);
  const { facts, text } = await look("stored", "stored");
  assert.equal(facts.calls, "3");
  assert.match(text, /version 7\.7 \(fake-version\)/);
  // It is stored at once: the object's first write is long ago.
  const written = async () => (await readdir(folder, { recursive: true })).some((name) => name.endsWith(".sqlite"));
  while (!(await written())) await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await workerd.close();
  workerd = await startWorkerd({ services, startMs: 60_000 });
  const after = await look("stored", "restarted");
  assert.equal(after.facts.calls, "3");
  assert.match(after.text, /502 upstream_error at/);
  await call("stored", "conversations");
  assert.equal((await look("stored", "and-on")).facts.calls, "4");
});

test("only the operator sees it", async () => {
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
