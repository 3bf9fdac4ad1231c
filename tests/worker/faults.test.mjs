// The Worker's surroundings fail or are slow: the gate's object, the vault,
// analytics, clients. No call waits forever.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../until.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { requestBytes, send, Wire } from "./wire.mjs";
import { assertNoSecret, assertProblem, CALLERS, KEY, MODULES, sha256, TOKEN } from "./worker.mjs";

const OPERATOR = "fake-operator-token-of-the-fault-tests";

/** The upstream's behaviour, by the last part of the path. */
const answers = {
  well: async (request) => {
    await request.arrayBuffer();
    return Response.json({ ok: true });
  },
  // It says that the key's quota is used up.
  limited: () =>
    new Response("slow down", { status: 429, headers: { "retry-after": "250", "x-ratelimit-remaining": "0" } }),
  endless: (_, record) => {
    record.made = 0;
    return new Response(
      new ReadableStream(
        {
          pull(controller) {
            record.made += 65_536;
            controller.enqueue(Buffer.alloc(65_536));
          },
        },
        { highWaterMark: 0 },
      ),
    );
  },
};
let upstream;
before(async () => {
  upstream = await startUpstream({
    handler: (request, record) => answers[record.target.split("/").at(-1)](request, record),
  });
});
after(() => upstream.close());
/** The number of requests for it. */
const asked = (target) => upstream.records.filter((record) => record.target === target).length;

const bindings = (more) => ({
  ATTENTION_API_KEY: KEY,
  ATTENTION_BASE_URL: `${upstream.url}/v2`,
  ATTENTION_CALLERS: CALLERS,
  ATTENTION_MAX_RETRIES: "0",
  ATTENTION_ADMIN_SHA256: sha256(OPERATOR),
  ...more,
});
const bytes = ({ token = TOKEN, target = "/v2/well", headers = [], ...request } = {}) =>
  requestBytes({ target, ...request, headers: [["Authorization", `Bearer ${token}`], ...headers] });
const call = (workerd, service, request) => send(workerd.ports[service], bytes(request));
const operator = [["Authorization", `Basic ${Buffer.from(`operator:${OPERATOR}`).toString("base64")}`]];

describe("the shared gate's object", { concurrency: true }, () => {
  const gates = {
    "throws at each question":
      "admit() { throw new Error('no'); } limited() { throw new Error('no'); } ledger() { throw new Error('no'); }",
    "never answers":
      "admit() { return new Promise(() => {}); } limited() { return new Promise(() => {}); } ledger() { return new Promise(() => {}); }",
    "cannot be made": "constructor(context, env) { super(context, env); throw new Error('no'); }",
    "is never ready":
      "constructor(context, env) { super(context, env); context.blockConcurrencyWhile(() => new Promise(() => {})); }",
    "has no such methods": "",
  };
  let workerd;
  before(async () => {
    workerd = await startWorkerd({
      services: Object.entries(gates).flatMap(([name, body], index) => [
        {
          name: `gate-${index}`,
          port: false,
          durableObjects: ["Gate"],
          modules: [
            {
              name: "gate.js",
              text: `import { DurableObject } from "cloudflare:workers"; export class Gate extends DurableObject { ${body} } export default { fetch: () => new Response() };`,
            },
          ],
        },
        {
          name,
          modules: MODULES,
          bindings: bindings({
            ATTENTION_GATE: { durableObject: { className: "Gate", service: `gate-${index}` } },
            ATTENTION_BUDGET: "50/s",
            ATTENTION_TIMEOUT_MS: "20000",
          }),
        },
      ]),
      startMs: 60_000,
    });
  });
  after(() => workerd?.close());

  for (const [index, name] of Object.keys(gates).entries()) {
    test(`${name}: calls continue without it, a 429 is still respected, and the status page shows this isolate's counts`, async () => {
      for (const { status, text, complete } of await Promise.all([call(workerd, name), call(workerd, name)]))
        assert.deepEqual([status, text, complete], [200, '{"ok":true}', true]);
      const target = `/v2/${index}/limited`;
      for (let times = 0; times < 2; times++) assertProblem(await call(workerd, name, { target }), 429, "rate_limited");
      assert.equal(asked(target), 1);
      const page = await send(workerd.ports[name], requestBytes({ target: "/status", headers: operator }));
      assert.deepEqual([page.status, page.complete], [200, true]);
      assert.match(page.text, /<dd>4<\/dd>/);
    });
  }
});

test("after a restart during a 429's wait, the gate's object reads it from storage, and lets no call through before", async () => {
  const storage = await mkdtemp(join(tmpdir(), "attention-gate-"));
  const start = () =>
    startWorkerd({
      services: ["first", "second"].map((name) => ({
        name,
        modules: MODULES,
        ...(name === "first" && { durableObjects: ["Gate"], storage }),
        bindings: bindings({
          ATTENTION_GATE: { durableObject: { className: "Gate", service: "first" } },
          // With a budget each call has a place, and so asks; without one, isolates hear of a 429 beside their calls.
          ATTENTION_BUDGET: "50/s",
        }),
      })),
      startMs: 60_000,
    });
  let workerd = await start();
  try {
    assertProblem(await call(workerd, "first", { target: "/v2/restart/limited" }), 429, "rate_limited");
    // The other isolate has met no 429. That it is held back means that the object knows, and it says nothing before
    // its storage has it.
    await until(async () => (await call(workerd, "second")).status === 429, "the object knows");
    await workerd.close();
    workerd = await start();
    for (const name of ["first", "second"]) {
      const told = await call(workerd, name, { target: "/v2/restarted/well" });
      assertProblem(told, 429, "rate_limited");
      assert.ok(Number(told.get("retry-after")) > 60, told.head);
    }
    assert.equal(asked("/v2/restarted/well"), 0);
  } finally {
    await workerd.close();
    await rm(storage, { recursive: true, force: true });
  }
});

describe("bindings", { concurrency: true }, () => {
  const service = (text) => ({
    modules: [
      {
        name: "other.js",
        text: `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { fetch() { return new Response("no"); } ${text} }`,
      },
    ],
  });
  let workerd;
  before(async () => {
    workerd = await startWorkerd({
      services: [
        { name: "silent-vault", port: false, ...service("get() { return scheduler.wait(3_600_000); }") },
        { name: "odd-vault", port: false, ...service("get() { return { key: 'no text' }; }") },
        { name: "throwing", port: false, ...service("writeDataPoint() { throw new Error('no'); }") },
        {
          name: "vault that never answers",
          modules: MODULES,
          bindings: bindings({ ATTENTION_API_KEY: { service: "silent-vault" } }),
        },
        {
          name: "vault that gives no text",
          modules: MODULES,
          bindings: bindings({ ATTENTION_API_KEY: { service: "odd-vault" } }),
        },
        {
          name: "vault of another kind",
          modules: MODULES,
          bindings: bindings({ ATTENTION_API_KEY: { service: "throwing" } }),
        },
        {
          name: "a key that is JSON",
          modules: MODULES,
          bindings: bindings({ ATTENTION_API_KEY: { json: { key: "fake" } } }),
        },
        {
          name: "a base URL that is a service",
          modules: MODULES,
          bindings: bindings({ ATTENTION_BASE_URL: { service: "throwing" } }),
        },
        {
          name: "callers that are a service",
          modules: MODULES,
          bindings: bindings({ ATTENTION_CALLERS: { service: "throwing" } }),
        },
        { name: "a gate that is a text", modules: MODULES, bindings: bindings({ ATTENTION_GATE: "Gate" }) },
        {
          name: "a gate that is JSON",
          modules: MODULES,
          bindings: bindings({ ATTENTION_GATE: { json: { name: "Gate" } } }),
        },
        {
          name: "a gate that is a service",
          modules: MODULES,
          bindings: bindings({ ATTENTION_GATE: { service: "throwing" } }),
        },
        {
          name: "analytics that throw",
          modules: MODULES,
          bindings: bindings({ ATTENTION_ANALYTICS: { service: "throwing" } }),
        },
        { name: "analytics that are a text", modules: MODULES, bindings: bindings({ ATTENTION_ANALYTICS: "dataset" }) },
        {
          name: "analytics that are JSON",
          modules: MODULES,
          bindings: bindings({ ATTENTION_ANALYTICS: { json: { dataset: "x" } } }),
        },
      ],
      startMs: 60_000,
    });
  });
  after(() => workerd?.close());

  for (const name of [
    "vault that never answers",
    "vault that gives no text",
    "vault of another kind",
    "a key that is JSON",
    "a base URL that is a service",
    "callers that are a service",
    "a gate that is a text",
    "a gate that is JSON",
  ]) {
    test(`${name}: 503, and nothing is sent`, async () => {
      const target = `/v2/${name.replaceAll(" ", "-")}/well`;
      for (const problem of await Promise.all([call(workerd, name, { target }), call(workerd, name, { target })]))
        assertProblem(problem, 503, "misconfigured");
      assert.equal(asked(target), 0);
    });
  }

  for (const name of [
    "a gate that is a service",
    "analytics that throw",
    "analytics that are a text",
    "analytics that are JSON",
  ]) {
    test(`${name}: the call does not fail`, async () => {
      const made = await call(workerd, name);
      assert.deepEqual([made.status, made.text], [200, '{"ok":true}']);
    });
  }

  after(() => assertNoSecret(workerd.output));
});

describe("slow clients", () => {
  let workerd;
  before(async () => {
    workerd = await startWorkerd({
      services: [
        {
          name: "main",
          modules: MODULES,
          bindings: bindings({ ATTENTION_POLICY: "allow * /v2/**", ATTENTION_LOG: "silent" }),
        },
      ],
      startMs: 60_000,
    });
  });
  after(() => workerd?.close());
  const memory = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${workerd.pid}/status`, "utf8"))[1]) / 1024;

  test("with readers of a byte at a time, the upstream waits, nothing accumulates, and others are served", async () => {
    const READERS = 20;
    await call(workerd, "main");
    const before = memory();
    upstream.clear();
    const readers = [];
    for (let index = 0; index < READERS; index++) {
      const socket = connect(workerd.ports.main, "127.0.0.1").on("error", () => {});
      socket.write(bytes({ target: `/v2/${index}/endless` }));
      readers.push(socket);
    }
    /** A byte for each of them, when there is one. */
    const read = () =>
      Promise.all(readers.map(async (socket) => socket.read(1) ?? once(socket, "readable").then(() => socket.read(1))));
    let made = -1;
    await until(async () => {
      await read();
      const last = made;
      made = upstream.records.reduce((sum, record) => sum + (record.made ?? 0), 0);
      return upstream.records.length === READERS && made === last;
    }, "the upstream stands still");
    // What the system's own buffers hold on the way, for each of them.
    assert.ok(made < READERS * 20_000_000, `${made} bytes were taken for ${READERS} readers`);
    assert.ok(memory() - before < READERS * 2, `${memory() - before} MB more`);
    assert.equal((await call(workerd, "main")).status, 200);
    for (const socket of readers) socket.resetAndDestroy();
    await until(() => upstream.records.every(({ done }) => done), "the upstream is told that they are gone");
  });

  test("writers of a byte at a time delay nobody else, and their unfinished uploads never look complete", async () => {
    upstream.clear();
    const kinds = [
      ["held", "Content-Length: 1000"],
      ["streamed", "Content-Length: 1000000"],
      ["chunked", "Transfer-Encoding: chunked"],
    ];
    const writers = await Promise.all(
      kinds.map(async ([name, header]) => {
        const wire = await Wire.open(workerd.ports.main);
        await wire.write(
          `POST /v2/${name}/well HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${TOKEN}\r\n${header}\r\n\r\n`,
        );
        return wire;
      }),
    );
    for (let byte = 0; byte < 50; byte++) {
      for (const [index, wire] of writers.entries())
        await wire.write(kinds[index][0] === "chunked" ? "1\r\nx\r\n" : "x");
      assert.equal((await call(workerd, "main")).status, 200);
    }
    for (const wire of writers) wire.reset();
    const theirs = () => upstream.records.filter(({ method }) => method === "POST");
    await until(
      () => theirs().length === 2 && theirs().every(({ done }) => done),
      "the upstream is told that they are gone",
    );
    assert.deepEqual(
      theirs()
        .map(({ target, body }) => [target, body.complete])
        .sort(),
      [
        ["/v2/chunked/well", false],
        ["/v2/streamed/well", false],
      ],
    );
  });
});
