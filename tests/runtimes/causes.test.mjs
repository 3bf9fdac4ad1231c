// Reasons for a missing response in each real server runtime, and in a page.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { openPage } from "../browser/page.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { workerdModules } from "./edge.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { bun, deno, needs, newerNode } from "./tools.mjs";

const KEY = "an-obviously-fake-key-0123456789";

/** Calls each address once and prints what each call failed with. */
const PROGRAM = `import { Attention, AttentionError } from "attention-wasm";
const told = {};
for (const [name, baseURL] of Object.entries(JSON.parse(process.env.ADDRESSES))) {
  const attention = new Attention({ apiKey: "${KEY}", baseURL, maxRetries: 0, timeout: 20_000 });
  const error = await attention.get("/things").then(() => undefined, (reason) => reason);
  told[name] = error instanceof AttentionError ? error.code : String(error);
}
const attention = new Attention({ apiKey: "${KEY}", baseURL: "https://127.0.0.1:1/v2" });
const kept = (promise) => promise.then(() => "sent", (error) => error.name + ": " + error.message);
told.header = await kept(attention.get("/things", { headers: { "x-user": "\\u5c71" } }));
told.body = await kept(attention.get("/things", { body: "x" }));
told.aborted = await kept(attention.get("/things", { signal: AbortSignal.abort() }));
async function* text() { yield "text"; }
told.part = await kept(attention.withOptions({ baseURL: JSON.parse(process.env.ADDRESSES).cut }).post("/things", { body: text() }));
console.log(JSON.stringify(told));
`;

const EXPECTED = {
  name: "name_not_resolved",
  refused: "connection_refused",
  tls: "tls_failed",
  garbage: "not_http",
  reset: "connection_reset",
  cut: "body_broken",
  header: "TypeError: headers: x-user has a character that headers cannot contain: a line break, or one beyond Latin-1",
  body: "TypeError: GET: body: a GET request has no body",
  aborted: "AbortError: the call was aborted by its caller",
  part: "TypeError: body: a part of the stream is a string; expected a Uint8Array",
};

async function addresses(t) {
  const listening = async (server) => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  };
  const plain = createHttpServer();
  const vacant = createServer();
  const refused = await listening(vacant);
  vacant.close();
  // It answers as Redis does.
  const garbage = createServer((socket) =>
    socket.on("error", () => {}).once("data", () => socket.write("-ERR unknown command\r\n")),
  );
  t.after(() => [plain, garbage].map((server) => server.close()));
  const [reset, cut] = await Promise.all([startUpstream(), startUpstream()]);
  t.after(() => Promise.all([reset.close(), cut.close()]));
  // Bun tries a connection that was reset once more by itself.
  reset.script([{ reset: true, times: 9 }]);
  cut.script([{ headers: [["content-type", "application/json"]], body: "[1,2]", cutAfter: 2, times: 9 }]);
  return {
    name: "https://no-such-host.invalid/v2",
    refused: `http://127.0.0.1:${refused}/v2`,
    tls: `https://127.0.0.1:${await listening(plain)}/v2`,
    garbage: `http://127.0.0.1:${await listening(garbage)}/v2`,
    reset: `${reset.url}/v2`,
    cut: `${cut.url}/v2`,
  };
}

for (const [runtime, program, args, options] of [
  [`Node ${process.versions.node}`, () => process.execPath, [], {}],
  ["a newer Node", newerNode, [], needs("node")],
  ["Deno", deno, ["run", "--no-prompt", "--allow-net", "--allow-env"], needs("deno")],
  ["Bun", bun, ["run"], needs("bun")],
]) {
  test(`${runtime}: each cause has its code, and a mistake in the call is a TypeError`, options, async (t) => {
    const cwd = await makeProject(t, { "app.mjs": PROGRAM });
    const env = { ADDRESSES: JSON.stringify(await addresses(t)) };
    const { output } = await run(await program(), [...args, "app.mjs"], { cwd, env, timeoutMs: 60_000 });
    assert.deepEqual(JSON.parse(output.trim().split("\n").at(-1)), EXPECTED, output);
  });
}

test("a page: CORS and a dead server look alike and are named both; a stream over http is a TypeError", async (t) => {
  const upstream = await startUpstream({ handler: () => Response.json({}) });
  t.after(() => upstream.close());
  const { refused } = await addresses(t);
  const { page, url } = await openPage(t);
  const told = await page.evaluate(
    async ([at, key, addresses]) => {
      const { Attention } = await import(`${at}/attention/index.js`);
      const kept = (promise) =>
        promise.then(
          () => "sent",
          (error) => [error.name, error.code, error.message],
        );
      const told = [];
      for (const baseURL of addresses) {
        const attention = new Attention({ token: key, baseURL, maxRetries: 0 });
        told.push(await kept(attention.get("/things")));
      }
      const attention = new Attention({ token: key, baseURL: addresses[0], maxRetries: 0 });
      told.push(await kept(attention.post("/things", { body: new Blob(["x"]).stream() })));
      told.push(await kept(attention.get("/things", { headers: { "x-user": "\u5c71" } })));
      return told;
    },
    [url, KEY, [`${upstream.url}/v2`, refused]],
  );
  for (const [name, code, message] of told.slice(0, 2)) {
    assert.deepEqual([name, code], ["ConnectionError", "network_or_cors"]);
    assert.match(message, /no network.*CORS.*`connect-src`.*`fetchOptions`.*console/);
  }
  assert.deepEqual(told[2], [
    "TypeError",
    undefined,
    "POST: body is a stream; browsers send streams only over HTTP/2, which needs https: pass a Blob",
  ]);
  assert.equal(told[3][0], "TypeError");
});

test("workerd: one sentence for a server that is not there and for one that breaks off", async (t) => {
  const ways = await addresses(t);
  const worker = `import { Attention } from "./index.workerd.js";
    export default {
      async fetch() {
        const told = {};
        for (const [name, baseURL] of Object.entries(${JSON.stringify(ways)})) {
          const attention = new Attention({ apiKey: "${KEY}", baseURL, maxRetries: 0 });
          const error = await attention.get("/things").then(() => undefined, (reason) => reason);
          told[name] = error.code;
        }
        const header = await new Attention({ apiKey: "${KEY}" }).get("/x", { headers: { "x-user": "\\u5c71" } }).catch(String);
        return Response.json({ ...told, header });
      },
    };`;
  const workerd = await startWorkerd({ services: [{ name: "app", modules: await workerdModules(worker) }] });
  t.after(() => workerd.close());
  const told = await (await fetch(workerd.url)).json();
  assert.deepEqual(told, {
    name: "connection",
    refused: "connection",
    tls: "connection",
    garbage: "connection",
    reset: "connection",
    cut: "body_broken",
    header: EXPECTED.header,
  });
});
