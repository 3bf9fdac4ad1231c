// The test beds themselves must record and send exactly.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { text } from "./capnp.mjs";
import { startUpstream } from "./server.mjs";
import { startWorkerd } from "./workerd.mjs";

/** Sends bytes on a fresh connection; what came back until it closed, or until `enough` came. */
function raw(port, bytes, enough) {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (data) => {
      got += data.toString("latin1");
      if (enough !== undefined && got.includes(enough)) socket.destroy();
    });
    socket.on("error", (error) => {
      got += `<${error.code}>`;
    });
    socket.on("close", () => resolve(got));
  });
}

async function upstreamFor(t, options) {
  const upstream = await startUpstream(options);
  t.after(() => upstream.close());
  return upstream;
}

test("records the head byte by byte: order, case, duplicates, odd values", async (t) => {
  const upstream = await upstreamFor(t);
  const head =
    "GET /a/../%2e%2e//b?x=1 HTTP/1.1\r\nhOsT: x\r\nX-Dup: 1\r\nx-dup:  2 \r\nX-Latin: \xe9\r\nConnection: close\r\n\r\n";
  await raw(upstream.port, Buffer.from(head, "latin1"));
  const [record] = await upstream.settled(1);
  assert.equal(record.head, head);
  assert.equal(record.target, "/a/../%2e%2e//b?x=1");
  assert.deepEqual(record.headers.slice(0, 3), [
    ["hOsT", "x"],
    ["X-Dup", "1"],
    ["x-dup", "2"],
  ]);
  assert.deepEqual(record.all("x-DUP"), ["1", "2"]);
  assert.equal(record.status, 200);
});

test("records bodies of both framings, and one that broke off", async (t) => {
  const upstream = await upstreamFor(t);
  await fetch(upstream.url, { method: "POST", body: "hé" });
  await fetch(upstream.url, { method: "POST", body: new Blob(["stream"]).stream(), duplex: "half" });
  const half = connect(upstream.port, "127.0.0.1", () =>
    half.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", () => half.end()),
  );
  half.on("error", () => {});
  const [sized, chunked, broken] = await upstream.settled(3);
  assert.deepEqual(
    [sized.body.framing, sized.body.text, sized.body.bytes, sized.body.complete],
    ["length", "hé", 3, true],
  );
  assert.deepEqual([chunked.body.framing, chunked.body.text], ["chunked", "stream"]);
  assert.equal(chunked.body.sha256.length, 64);
  assert.deepEqual([broken.body.complete, broken.body.bytes, broken.status], [false, 3, null]);
  assert.match(broken.error, /7 bytes of the body to come/);
});

test("two requests in one write are two records on one connection", async (t) => {
  const upstream = await upstreamFor(t);
  const get = (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n`;
  await raw(upstream.port, `${get("/1")}\r\n${get("/2")}Connection: close\r\n\r\n`);
  assert.deepEqual(
    (await upstream.settled(2)).map(({ target, connection }) => [target, connection]),
    [
      ["/1", 1],
      ["/2", 1],
    ],
  );
});

test("scripts: raw status and headers, lies, cuts, silence", async (t) => {
  const upstream = await upstreamFor(t);
  const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const play = async (entry, enough) => {
    upstream.script([entry]);
    return raw(upstream.port, get, enough);
  };
  assert.equal(
    await play({
      status: 418,
      reason: "Teapot",
      headers: [
        ["Set-Cookie", "a=1"],
        ["set-cookie", "b=2"],
      ],
      body: "tea",
    }),
    "HTTP/1.1 418 Teapot\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntea",
  );
  assert.match(await play({ body: "abcdef", cutAfter: 2 }), /Content-Length: 6\r\n.*\r\n\r\nab$/s);
  assert.match(await play({ body: "abc", contentLength: 99 }), /Content-Length: 99\r\n.*\r\n\r\nabc$/s);
  assert.match(await play({ body: "abc", chunked: true }), /\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
  assert.match(await play({ body: "abc", chunked: true, cutAfter: 2 }), /\r\n\r\n2\r\nab\r\n$/);
  assert.match(await play({ body: { zeros: 100_000 }, drip: { bytes: 50_000, ms: 1 } }), /\0{100000}$/);
  assert.equal(await play({ close: true }), "");
  assert.equal(await play({ reset: true }), "<ECONNRESET>");
  assert.equal(await play({ raw: "NOT HTTP\r\n\r\n" }), "NOT HTTP\r\n\r\n");
  assert.match(
    await play({ interim: ["HTTP/1.1 103 Early Hints\r\nLink: </x>"], body: "" }),
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/x>\r\n\r\nHTTP\/1\.1 200/,
  );
  assert.throws(() => upstream.script([{ statsu: 1 }]), /unknown field statsu/);
});

test("scripts: times, then the handler again; a call that is never answered", async (t) => {
  const upstream = await upstreamFor(t, { handler: () => new Response("handler") });
  upstream.script([{ status: 503, times: 2, keepAlive: true }]);
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await fetch(upstream.url)).status);
  assert.deepEqual(statuses, [503, 503, 200]);
  upstream.script([{ hang: true }]);
  await assert.rejects(fetch(upstream.url, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  await upstream.settled(4);
  assert.equal(upstream.records[3].status, null);
});

test("early: answers before the body has arrived", async (t) => {
  const upstream = await upstreamFor(t);
  upstream.script([{ status: 413, early: true }]);
  const got = await raw(upstream.port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  assert.match(got, /^HTTP\/1\.1 413/);
});

test("Expect: 100-continue is granted before the body", async (t) => {
  const upstream = await upstreamFor(t);
  const got = await raw(
    upstream.port,
    "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
    "100 Continue",
  );
  assert.equal(got, "HTTP/1.1 100 Continue\r\n\r\n");
});

test("CORS for pages, when asked for", async (t) => {
  const upstream = await upstreamFor(t, { cors: true });
  const origin = { origin: "https://page.example" };
  const preflight = await fetch(upstream.url, {
    method: "OPTIONS",
    headers: { ...origin, "access-control-request-headers": "authorization" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-headers"), "authorization");
  assert.equal(
    (await fetch(upstream.url, { headers: origin })).headers.get("access-control-allow-origin"),
    "https://page.example",
  );
});

test("Cap'n Proto text literals", () => {
  assert.equal(text('a"b\\c\n\té\u0000'), '"a\\"b\\\\c\\x0a\\x09é\\x00"');
});

const ENTRY = `
import data from "data.json";
import note from "note.txt";
import module from "one.wasm";
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  count = 0;
  fetch() { return new Response(String(++this.count)); }
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/counter") return env.COUNTER.get(env.COUNTER.idFromName("one")).fetch(request);
    if (pathname === "/other") return env.OTHER.fetch(request);
    if (pathname === "/out") return fetch(searchParams.get("to"));
    console.log(JSON.stringify({ event: "call", pathname }));
    console.error("to stderr");
    const { one } = new WebAssembly.Instance(module).exports;
    return Response.json({ data, note, wasm: one(), text: env.TEXT, json: env.JSON, secret: env.SECRET, absent: env.ABSENT ?? null });
  },
};`;
// (module (func (export "one") (result i32) i32.const 1))
const WASM = Buffer.from("0061736d010000000105016000017f0302010007070103" + "6f6e6500000a06010400" + "41010b", "hex");
const ODD = "quotes \" \\ newline \n tab \t é 你 \u0001 $ ' ( .x";

test("workerd: modules, bindings, services, Durable Objects, logs, and nothing left behind", async (t) => {
  const upstream = await upstreamFor(t, { handler: () => new Response("from upstream") });
  const workerd = await startWorkerd({
    services: [
      {
        name: "main",
        modules: [
          { name: "main.mjs", text: ENTRY },
          { name: "data.json", type: "json", text: '{"from":"json"}' },
          { name: "note.txt", type: "text", text: "a note" },
          { name: "one.wasm", type: "wasm", text: WASM },
        ],
        bindings: {
          TEXT: ODD,
          JSON: { json: { nested: [1, ODD] } },
          SECRET: { fromEnvironment: "ATTENTION_TEST_SECRET" },
          ABSENT: { fromEnvironment: "ATTENTION_TEST_ABSENT" },
          OTHER: { service: "other" },
          COUNTER: { durableObject: "Counter" },
        },
        durableObjects: ["Counter"],
      },
      {
        name: "other",
        port: false,
        modules: [{ name: "o.mjs", text: 'export default { fetch: () => new Response("other") };' }],
      },
      { name: "third", modules: [{ name: "t.mjs", text: 'export default { fetch: () => new Response("third") };' }] },
    ],
    env: { ATTENTION_TEST_SECRET: "fake secret" },
  });
  t.after(() => workerd.close());
  assert.deepEqual(Object.keys(workerd.urls), ["main", "third"]);
  const get = async (url) => (await fetch(url)).text();
  assert.deepEqual(JSON.parse(await get(workerd.url)), {
    data: { from: "json" },
    note: "a note",
    wasm: 1,
    text: ODD,
    json: { nested: [1, ODD] },
    secret: "fake secret",
    absent: null,
  });
  await workerd.line(/to stderr/);
  assert.deepEqual(workerd.logs, [{ event: "call", pathname: "/" }]);
  assert.deepEqual([await get(`${workerd.url}/counter`), await get(`${workerd.url}/counter`)], ["1", "2"]);
  assert.equal(await get(`${workerd.url}/other`), "other");
  assert.equal(await get(workerd.urls.third), "third");
  assert.equal(await get(`${workerd.url}/out?to=${upstream.url}/`), "from upstream");
  const { pid } = workerd;
  await workerd.close();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

test("workerd: a Worker that does not load fails with workerd's message", async () => {
  await assert.rejects(
    startWorkerd({ services: [{ name: "bad", modules: [{ name: "bad.mjs", text: "export default {" }] }] }),
    /SyntaxError/,
  );
});

test("workerd: a missing binary is reported", async () => {
  const before = process.env.WORKERD;
  process.env.WORKERD = "/nonexistent/workerd";
  try {
    await assert.rejects(startWorkerd({ services: [{ name: "a", modules: [{ name: "a.mjs", text: "" }] }] }), /ENOENT/);
  } finally {
    if (before === undefined) delete process.env.WORKERD;
    else process.env.WORKERD = before;
  }
});
