// The Worker traps: the requests in progress in its isolate are answered with a 500, and the next ones are served. An
// exception of the runtime fails only its own request. Callers who disconnect hold no memory.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { BREAKABLE, trapping } from "./recovery/trapping.mjs";
import { requestBytes } from "./wire.mjs";
import { assertNoSecret, CALLERS, KEY, OTHER_TOKEN, TOKEN } from "./worker.mjs";

const UNDER_WAY = 20;
const TIMES = 300;

const { modules, exported, functions } = trapping();
let upstream;
let workerd;
/** Answers all requests that wait at `/v2/held`. */
let release = () => {};
let held = [];

before(async () => {
  upstream = await startUpstream({
    keepRecords: 100,
    handler: async (request) => {
      const { pathname } = new URL(request.url);
      // Its caller is still sending.
      if (pathname.endsWith("/uploading")) await new Promise((resolve) => held.push(resolve));
      else await request.arrayBuffer();
      if (pathname.endsWith("/held")) await new Promise((resolve) => held.push(resolve));
      if (pathname.endsWith("/refused")) return Response.json({ message: "no" }, { status: 400 });
      return Response.json({ ok: true });
    },
  });
  release = () => {
    for (const answer of held) answer();
    held = [];
  };
  const bindings = {
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `${upstream.url}/v2`,
    ATTENTION_CALLERS: CALLERS,
    ATTENTION_MAX_RETRIES: "0",
    ATTENTION_POLICY: "allow * /v2/**",
  };
  workerd = await startWorkerd({
    services: [
      ...["main", "panicking", "throwing", "leaving"].map((name) => ({ name, modules, bindings })),
      {
        name: "gated",
        modules,
        durableObjects: ["Gate"],
        bindings: {
          ...bindings,
          ATTENTION_GATE: { durableObject: "Gate" },
          // A limit and no budget: of a budget, a gate made anew hands out nothing before the last lease is over, a
          // second.
          ATTENTION_CALLERS: JSON.stringify(JSON.parse(CALLERS).map((caller) => ({ ...caller, limit: "100000/s" }))),
        },
      },
      {
        name: "limiting",
        modules,
        durableObjects: ["Gate"],
        bindings: {
          ...bindings,
          ATTENTION_GATE: { durableObject: "Gate" },
          ATTENTION_CALLERS: JSON.stringify([{ ...JSON.parse(CALLERS)[0], limit: "10/min" }]),
        },
      },
    ],
    startMs: 60_000,
  });
});
after(async () => {
  release();
  await workerd?.close();
  await upstream?.close();
});

async function call(service, { path = "/v2/well", headers = {}, ...rest } = {}) {
  const response = await fetch(workerd.urls[service] + path, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...rest,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
const instances = async (service) => JSON.parse((await call(service, { path: "/instances" })).text);

/** Calls that the upstream does not answer, once it has all of them. */
async function underWay(service, count = UNDER_WAY) {
  const calls = Array.from({ length: count }, () => call(service, { path: "/v2/held" }));
  while (held.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  return calls;
}

function assertLost(answer, requestId = answer.headers.get("x-request-id")) {
  assert.equal(answer.status, 500, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.equal(answer.headers.get("x-request-id"), requestId);
  const problem = JSON.parse(answer.text);
  assert.deepEqual(
    { code: problem.code, status: problem.status, requestId: problem.requestId },
    { code: "internal", status: 500, requestId },
  );
  assert.match(problem.detail, /the call may have been done/);
}

async function assertServed(service) {
  const { status, text } = await call(service);
  assert.deepEqual([status, text], [200, '{"ok":true}']);
}

/** A request traps in this function while others are in progress; afterwards everything works as before. */
async function trapIn(service, number, token = TOKEN) {
  const others = await underWay(service);
  const requestId = `own-${number}-${Math.random().toString(36).slice(2)}`;
  const headers = { authorization: `Bearer ${token}`, "x-arm": String(number), "x-request-id": requestId };
  assertLost(await call(service, { headers }), requestId);
  for (const other of await Promise.all(others)) assertLost(other);
  await assertServed(service);
  release();
}

describe("a trap", () => {
  const EACH = 4;
  /** Functions that every request calls. */
  const met = [];

  test("in any function, the request is answered as usual or with a 500, and the next one is served", async () => {
    const tried = Array.from({ length: functions }, (_, index) => index + 1).filter((number) => number % EACH === 0);
    // Where Rust is entered: for a request, for the end of a wait, for the queue of its futures.
    const entries = Object.entries(exported).filter(([name]) => /^(fetch|settle)$|closures.*invoke/.test(name));
    for (const number of new Set([...entries.map(([, number]) => number), ...tried])) {
      const answers = [];
      for (let time = 0; time < 2; time++) {
        const answer = await call("main", { headers: { "x-arm": String(number) } });
        if (answer.status !== 200) assertLost(answer);
        answers.push(answer.status);
        await call("main", { path: "/instances", headers: { "x-arm": "0" } });
        await assertServed("main");
      }
      if (answers[1] === 500) met.push(number);
    }
    assert.ok(met.length > functions / EACH / 20, `${met.length} of ${functions} / ${EACH}`);
  });

  test(`${TIMES} times in a row with ${UNDER_WAY} requests under way`, async () => {
    const before = await instances("main");
    for (let time = 0; time < TIMES; time++) await trapIn("main", met[time % met.length]);
    const afterwards = await instances("main");
    assert.equal(afterwards.made - before.made, TIMES);
  });

  test(`${TIMES} times in a row in the gate, with ${UNDER_WAY} requests under way`, async () => {
    await assertServed("gated");
    // Another caller's call, which has no lease and asks.
    for (let time = 0; time < TIMES; time++) await trapIn("gated", exported.sharedgate_admit, OTHER_TOKEN);
  });

  after(() => assertNoSecret(workerd.output));
});

describe("a panic", () => {
  test("the log has its place but not its message, and the next request is served", async () => {
    await assertServed("panicking");
    const { text } = await call("panicking", { path: "/v2/refused" });
    assert.equal(text, '{"message":"no"}');
    assertLost(await call("panicking", { path: "/v2/refused", headers: { "x-panic": "1" } }));
    await assertServed("panicking");
    await workerd.line(/"event":"panic"/);
    const told = workerd.logs.filter(({ event }) => event === "panic");
    assert.equal(told.length, 1);
    assert.match(told[0].at, /^crates\/.+\.rs:\d+$/);
    assert.doesNotMatch(workerd.output, /Rust panic|panicked at|assertion `/);
  });
});

describe("an exception of the runtime", () => {
  for (const name of BREAKABLE) {
    test(`${name}: only its own request fails`, async () => {
      await assertServed("throwing");
      const others = await underWay("throwing");
      const before = await instances("throwing");
      const body = { method: "POST", body: "{}" };
      const answer = await call("throwing", { headers: { "x-break": name }, ...body });
      assertLost(answer);
      const { made, broken } = await instances("throwing");
      assert.deepEqual([made, broken], [before.made, null]);
      await assertServed("throwing");
      release();
      for (const { status, text } of await Promise.all(others)) assert.deepEqual([status, text], [200, '{"ok":true}']);
    });
  }
});

describe("callers who disconnect", () => {
  const LEAVING = 10_000;
  const TOGETHER = 100;
  const authorization = ["Authorization", `Bearer ${TOKEN}`];
  /** One waits for its answer, the other one is in the middle of its body. */
  const requests = [
    requestBytes({ target: "/v2/held", headers: [authorization] }),
    requestBytes({
      method: "POST",
      target: "/v2/uploading",
      headers: [authorization, ["Transfer-Encoding", "chunked"]],
      body: "4\r\nhalf\r\n",
    }),
  ];

  /** Sends a request and disconnects once the upstream has it. */
  async function leave(gone) {
    const request = requests[(gone / TOGETHER) % requests.length];
    const sockets = Array.from({ length: TOGETHER }, () => {
      const socket = connect(workerd.ports.leaving, "127.0.0.1").on("error", () => {});
      socket.write(request);
      return socket;
    });
    while (held.length < TOGETHER) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const socket of sockets) socket.resetAndDestroy();
    release();
  }

  test(`${LEAVING} of them do not grow the memory`, async () => {
    // Until garbage collections are regular.
    for (let gone = 0; gone < LEAVING * 1.5; gone += TOGETHER) await leave(gone);
    const before = await instances("leaving");
    for (let gone = 0; gone < LEAVING; gone += TOGETHER) await leave(gone);
    const afterwards = await instances("leaving");
    await assertServed("leaving");
    assert.equal(afterwards.made, before.made);
    // They are freed when JavaScript collects its garbage; all of them together hold some 30 MB.
    assert.ok(afterwards.memory - before.memory < 8 * 2 ** 20, `${before.memory} bytes, then ${afterwards.memory}`);
  });
});

test("twenty calls at once at the gate: it counts each of them", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => call("limiting")));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [...Array(10).fill(200), ...Array(10).fill(429)]);
});
