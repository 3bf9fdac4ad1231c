// Every example works as its README says, with the packed package and the
// built Worker.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import { startChromium } from "../browser/chromium.mjs";
import { importPacked, project } from "../runtimes/packed.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { buildGloo, buildNative, buildWorkersRs } from "./build.mjs";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const build = fileURLToPath(new URL("../../worker/build/", import.meta.url));
const TOKEN = "obviously-fake-caller-token-of-the-examples";
const SHA256 = createHash("sha256").update(TOKEN).digest("hex");

let key;
let mock;
let upstream;

before(async () => {
  const testing = await importPacked("attention-wasm/testing");
  key = testing.MOCK_API_KEY;
  mock = testing.mockAttention();
  upstream = await startUpstream({ mock });
});

after(() => upstream?.close());

test("every folder of examples/ is tested here", async () => {
  const entries = await readdir(examples, { withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  assert.deepEqual(folders, [
    "browser-session",
    "browser-through-worker",
    "curl",
    "node-first-call",
    "rotate-a-key",
    "rust-gloo",
    "rust-native",
    "vite", // Walked in tests/journeys/page.test.mjs, by the README's commands.
    "webhooks-next",
    "webhooks-node",
    "webhooks-worker",
    "workers-rs",
  ]);
});

describe("rust-native", () => {
  let program;
  before(async () => (program = await buildNative()));
  const start = (env) => run(program, [], { ATTENTION_BASE_URL: `${upstream.url}/v2`, ...env });

  test("prints three conversations", async () => {
    const { status, stdout, stderr } = await start({ ATTENTION_API_KEY: key });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(stdout.trim().split("\n").length, 3);
  });

  test("switches to the next key, and names the likely cause of a 401", async () => {
    const wrong = "obviously-fake-wrong-key-0123456789";
    const over = await start({ ATTENTION_API_KEY: wrong, ATTENTION_API_KEY_NEXT: key });
    assert.deepEqual([over.status, over.stderr], [0, ""]);
    const refused = await start({ ATTENTION_API_KEY: wrong });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /401.*most likely/);
    assert.match(refused.stderr, /^ {2}LIKELY {2}revoked_or_expired: /m);
    assert.ok(!refused.stderr.includes(wrong));
  });

  test("follows no redirect, retries a 503, and has no key in an error", async (t) => {
    t.after(() => upstream.script([]));
    upstream.clear();
    upstream.script([{ status: 503 }, { status: 302, headers: { location: `${upstream.url}/elsewhere` } }]);
    const { status, stderr } = await start({ ATTENTION_API_KEY: key });
    assert.equal(status, 1);
    assert.match(stderr, /302/);
    await upstream.settled(2);
    assert.equal(upstream.records.length, 2);
    assert.ok(!stderr.includes(key));
  });

  test("reads the first 64 KiB of an error and no more, and has the server's words of them", async (t) => {
    t.after(() => upstream.script([]));
    // The connection ends in the middle of the body.
    const body = `no such conversation${" ".repeat(70 * 1024)}`;
    upstream.script([{ status: 404, headers: [["content-type", "text/plain"]], body, contentLength: 1 << 20 }]);
    const { status, stderr } = await start({ ATTENTION_API_KEY: key });
    assert.equal(status, 1);
    assert.match(stderr, /^Error: not found \(404\); it says: no such conversation\n {2}code: not_found, status: 404/);
  });
});

describe("node-first-call", () => {
  test("prints three conversations", async (t) => {
    const { status, stdout, stderr } = await node(t, "node-first-call", "index.mjs", { ATTENTION_API_KEY: key });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(stdout.trim().split("\n").length, 3);
  });

  test("with a wrong key it prints the problem and never the key", async (t) => {
    const wrong = "obviously-fake-wrong-key-0123456789";
    const { status, stdout, stderr } = await node(t, "node-first-call", "index.mjs", { ATTENTION_API_KEY: wrong });
    assert.equal(status, 1);
    assert.match(stderr, /401|refused/);
    assert.ok(!`${stdout}${stderr}`.includes(wrong));
  });
});

test("rotate-a-key: no call fails, and the old key is gone", async (t) => {
  const { status, stdout, stderr } = await node(t, "rotate-a-key", "rotate.mjs", { ATTENTION_API_KEY: key });
  t.after(() => mock.reset());
  assert.deepEqual([status, stderr], [0, ""], stdout);
  assert.match(stdout, /5 delete the old key\n.*jobs went over to the next key/);
  assert.match(stdout, /\d+ calls, 0 failed\n$/);
  assert.equal(mock.keys.get(key), undefined);
  for (const { value } of mock.keys.list()) assert.ok(!stdout.includes(value));
});

describe("through the Worker", () => {
  let worker;
  let page;
  let folder;

  before(async () => {
    folder = await folderOf("browser-through-worker");
    page = await servePages(folder, await buildGloo());
    worker = await startWorker(build, page.url);
  });

  after(async () => {
    await worker?.close();
    await page?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("curl: conversations with a token, 22 without the right one", async () => {
    const script = join(examples, "curl/curl.sh");
    const good = await run("sh", [script], { WORKER: worker.url, TOKEN });
    assert.equal(good.status, 0, good.stderr);
    assert.equal(JSON.parse(good.stdout).data.length, 3);
    const wrong = await run("sh", [script], { WORKER: worker.url, TOKEN: "wrong" });
    assert.equal(wrong.status, 22);
    assert.equal(JSON.parse(wrong.stdout).code, "invalid_token");
    assert.notEqual((await run("sh", [script], {})).status, 0);
  });

  test("browser-through-worker: the page shows conversations, or the problem", async (t) => {
    const { tab, printed } = await openTab(t);
    await tab.goto(`${page.url}/index.html`);
    await tab.fill("[name=worker]", worker.url);
    await tab.fill("[name=token]", TOKEN);
    await tab.click("button");
    await tab.waitForFunction(() => document.querySelectorAll("li").length === 5);
    assert.deepEqual(printed, []);
    await tab.fill("[name=token]", "wrong-token");
    await tab.click("button");
    await tab.waitForFunction(() => document.querySelector("[role=status]").textContent !== "");
    assert.match(await tab.textContent("[role=status]"), /token/);
  });

  test("rust-gloo: plain objects in JavaScript, an Error with a message", async (t) => {
    const { tab } = await openTab(t);
    await tab.goto(`${page.url}/gloo/index.html`);
    const told = await tab.evaluate(
      async ([base, token]) => {
        const { default: init, conversations } = await import("/gloo/client.js");
        await init();
        const found = (await conversations(base, token, 2)).data;
        const error = await conversations(base, "wrong-token", 2).catch((error) => error);
        return { found, isError: error instanceof Error, message: error.message };
      },
      [`${worker.url}/v2`, TOKEN],
    );
    assert.equal(told.found.length, 2);
    assert.equal(typeof told.found[0].attributes.title, "string");
    assert.ok(told.isError);
    assert.match(told.message, /token/);
  });
});

describe("browser-session", () => {
  let folder;
  let worker;
  let server;

  before(async () => {
    folder = await folderOf("browser-session");
    const port = await freePort();
    worker = await startWorker(build, `http://localhost:${port}`);
    server = spawn(process.execPath, [join(folder, "server.mjs")], {
      env: { PATH: process.env.PATH, WORKER: worker.url, PROXY_TOKEN: TOKEN, PORT: String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(server.stdout, "data");
    server.url = `http://localhost:${port}`;
  });

  after(async () => {
    server?.kill();
    await worker?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("without a login there is a button; then conversations, with a session and no token of the backend", async (t) => {
    const { tab, printed } = await openTab(t);
    const sent = [];
    tab.on("request", (request) => sent.push(request));
    await tab.goto(server.url);
    await tab.click("#show");
    await tab.waitForSelector("#log-in:not([hidden])");
    assert.match(await tab.textContent("[role=status]"), /nobody is logged in/);
    await tab.click("#log-in");
    await tab.waitForFunction(() => document.querySelectorAll("li").length === 5);
    const calls = sent.filter((request) => request.url().startsWith(`${worker.url}/v2/`) && request.method() === "GET");
    assert.equal(calls.length, 1);
    assert.match(calls[0].headers().authorization, /^Bearer s1\./);
    assert.deepEqual(
      printed.filter((line) => !line.includes("401")),
      [],
    );
  });
});

describe("workers-rs", () => {
  let worker;
  before(async () => (worker = await startWorker(await buildWorkersRs(), "https://app.example")));
  after(() => worker?.close());
  const call = (path, init) =>
    fetch(`${worker.url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` }, ...init });

  test("a known caller gets conversations, and the key replaces the token", async () => {
    upstream.clear();
    const answer = await call("/v2/conversations/list?size=2");
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).data.length, 2);
    const [record] = await upstream.settled(1);
    assert.deepEqual(record.all("authorization"), [`Bearer ${key}`]);
  });

  test("nobody else gets anything, and nothing is sent", async () => {
    upstream.clear();
    const refusals = [
      [401, call("/v2/users", { headers: {} })],
      [401, call("/v2/users", { headers: { authorization: "Bearer wrong" } })],
      [403, call("/v2/api_keys")],
      [403, call("/v2/users", { method: "DELETE" })],
      [403, call("/v2/users", { headers: { authorization: `Bearer ${TOKEN}`, origin: "https://evil.example" } })],
      [400, call("/v2/x%2f..%2fapi_keys")],
    ];
    for (const [status, sent] of refusals) {
      const answer = await sent;
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal((await answer.json()).requestId, answer.headers.get("x-request-id"));
    }
    assert.equal(upstream.records.length, 0);
  });

  test("errors of the API are reported in the Worker's words", async () => {
    upstream.script([{ status: 401 }, { status: 404 }]);
    assert.equal((await call("/v2/users")).status, 502);
    assert.equal((await call("/v2/users")).status, 404);
  });
});

describe("webhooks", () => {
  const SECRET = "obviously-fake-secret-of-the-examples";
  let id;
  let title;

  before(async () => {
    const { Attention } = await importPacked();
    const attention = new Attention({ apiKey: key, baseURL: `${upstream.url}/v2` });
    [{ id }] = (await attention.conversations.list({ size: 1 })).data;
    title = (await attention.conversations.get(id)).attributes.title;
    attention.close();
  });

  /** A workflow's event. Its title differs from the API's, which exposes a receiver that trusts it. */
  const sent = (more = {}) => ({
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id, type: "conversations", attributes: { title: "Forged" }, ...more }),
  });

  /** Polls until a log has this many lines of a kind. */
  async function printed(log, wanted) {
    for (let tries = 0; !wanted.test(log()); tries++) {
      assert.ok(tries < 200, log());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The behaviour of each of them. */
  async function assertReceives(at, log, dropsRepeats) {
    const statuses = [];
    for (const [secret, init] of [
      ["somebody-elses-guess", sent()],
      [SECRET, { method: "GET" }],
      [SECRET, { ...sent(), body: JSON.stringify("x".repeat(2 * 1024 * 1024)) }],
      [SECRET, sent()],
      [SECRET, sent()],
      [SECRET, sent({ links: {} })],
    ])
      statuses.push((await fetch(at(secret), init)).status);
    assert.deepEqual(statuses, [401, 405, 413, 204, 204, 204]);
    const line = `conversation.analyzed: ${title}`;
    const events = dropsRepeats ? 2 : 3;
    await printed(log, new RegExp(`(${line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}[^]*){${events}}`));
    assert.equal(log().split(line).length - 1, events, log());
    for (const secret of [SECRET, key, "Forged"]) assert.ok(!log().includes(secret), log());
  }

  test("webhooks-node: a repeated event is handled once, with the API's title", async (t) => {
    const folder = await folderOf("webhooks-node");
    t.after(() => rm(folder, { recursive: true, force: true }));
    const child = spawn(process.execPath, [join(folder, "server.mjs")], {
      env: {
        PATH: process.env.PATH,
        ATTENTION_API_KEY: key,
        ATTENTION_BASE_URL: `${upstream.url}/v2`,
        WEBHOOK_SECRET: "another-obviously-fake-secret",
        WEBHOOK_SECRET_OLD: SECRET,
        PORT: "0",
      },
    });
    t.after(() => child.kill());
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    await printed(() => text, /listening on (http:\S+)\/attention/);
    const [, url] = /listening on (http:\S+)\/attention/.exec(text);
    await assertReceives(
      (secret) => `${url}/attention/${secret}`,
      () => text,
      true,
    );
    assert.match(text, /refused secret_wrong\nrefused method\nrefused body_too_large\n/);
    assert.match(text, /repeat/);
  });

  test("webhooks-worker: the same in workerd, with a Durable Object that recognizes repeats", async (t) => {
    const folder = await folderOf("webhooks-worker");
    t.after(() => rm(folder, { recursive: true, force: true }));
    const { outputFiles } = await bundle({
      absWorkingDir: folder,
      entryPoints: ["worker.mjs"],
      bundle: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd"],
      external: ["cloudflare:workers", "*.wasm"],
      write: false,
    });
    const worker = await startWorkerd({
      services: [
        {
          name: "worker",
          modules: [
            { name: "worker.js", text: outputFiles[0].text },
            {
              name: "attention.wasm",
              type: "wasm",
              file: join(await project(), "node_modules/attention-wasm/dist/attention.wasm"),
            },
          ],
          bindings: {
            ATTENTION_API_KEY: key,
            ATTENTION_BASE_URL: `${upstream.url}/v2`,
            WEBHOOK_SECRET: SECRET,
            SEEN: { durableObject: "Seen" },
          },
          durableObjects: ["Seen"],
        },
      ],
    });
    t.after(() => worker.close());
    await assertReceives(
      (secret) => `${worker.url}/${secret}`,
      () => worker.output,
      true,
    );
  });

  test("webhooks-next: its route handler, called as Next.js calls it", async (t) => {
    const folder = await folderOf("webhooks-next");
    t.after(() => rm(folder, { recursive: true, force: true }));
    const route = pathToFileURL(join(folder, "app/api/attention/[secret]/route.js"));
    const script = `
      const { POST } = await import(${JSON.stringify(route.href)});
      const { createServer } = await import("node:http");
      const server = createServer(async (request, response) => {
        // Next.js itself answers methods without a handler.
        if (request.method !== "POST") return response.writeHead(405).end();
        const body = new ReadableStream({ start(c) {
          request.on("data", (chunk) => c.enqueue(chunk)).on("end", () => c.close());
        } });
        const { url, method, headers } = request;
        const answer = await POST(new Request("http://app.example" + url, { method, headers, body, duplex: "half" }));
        response.writeHead(answer.status).end();
      });
      server.listen(0, "127.0.0.1", () => console.log("at http://127.0.0.1:" + server.address().port + "/"));
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        ATTENTION_API_KEY: key,
        ATTENTION_BASE_URL: `${upstream.url}/v2`,
        WEBHOOK_SECRET: SECRET,
      },
    });
    t.after(() => child.kill());
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    await printed(() => text, /at (http:\S+)\n/);
    const [, url] = /at (http:\S+)\n/.exec(text);
    await assertReceives(
      (secret) => `${url}api/attention/${secret}`,
      () => text,
      false,
    );
  });
});

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The example in a separate folder, with the package installed. */
async function folderOf(example) {
  const folder = await mkdtemp(join(tmpdir(), "attention-example-"));
  await cp(join(examples, example), folder, { recursive: true });
  await symlink(join(await project(), "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function node(t, example, script, env) {
  const folder = await folderOf(example);
  t.after(() => rm(folder, { recursive: true, force: true }));
  return run(process.execPath, [join(folder, script)], { ATTENTION_BASE_URL: `${upstream.url}/v2`, ...env });
}

function run(program, args, env) {
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

function startWorker(folder, origin) {
  return startWorkerd({
    services: [
      {
        name: "worker",
        modules: [
          { name: "index.js", file: join(folder, "index.js") },
          { name: "index_bg.wasm", type: "wasm", file: join(folder, "index_bg.wasm") },
        ],
        bindings: {
          ATTENTION_API_KEY: key,
          ATTENTION_BASE_URL: `${upstream.url}/v2`,
          ATTENTION_CALLERS: JSON.stringify([{ name: "examples", sha256: SHA256, mintsSessions: true }]),
          ATTENTION_SESSION_SECRET: "obviously-fake-session-secret-of-the-examples",
          CALLER_SHA256: SHA256,
          ATTENTION_ALLOWED_ORIGINS: origin,
        },
      },
    ],
  });
}

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** A file server for the page's folder, and for the Rust client's under /gloo. */
async function servePages(folder, gloo) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    const path = pathname.startsWith("/gloo/") ? join(gloo, pathname.slice("/gloo".length)) : join(folder, pathname);
    const bytes =
      pathname === "/gloo/index.html"
        ? "<!doctype html><title>gloo</title>"
        : await readFile(path).catch(() => undefined);
    response
      .writeHead(bytes === undefined ? 404 : 200, { "content-type": TYPES[extname(pathname)] ?? "text/plain" })
      .end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function openTab(t) {
  const browser = await startChromium();
  t.after(() => browser.close());
  const tab = await browser.newPage();
  const printed = [];
  tab.on("console", (message) => printed.push(`${message.type()}: ${message.text()}`));
  tab.on("pageerror", (error) => printed.push(`uncaught: ${error.stack}`));
  return { tab, printed };
}
