// The Worker applies the limits of the gateway's source exactly, and has none of its own.
// tests/worker/halved.test.mjs runs this file against a build in which each of them is half as large.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { limit, ROOT } from "./rust-limits.mjs";
import { KEY, NEXT_KEY, sha256, useWorkers } from "./worker.mjs";

const MODULES = [
  { name: "index.js", file: join(ROOT, "worker/build/index.js") },
  { name: "index_bg.wasm", type: "wasm", file: join(ROOT, "worker/build/index_bg.wasm") },
];
const BACKEND = "fake-backend-token-of-the-tests-of-bounds";
const SECRET = { ATTENTION_SESSION_SECRET: "an-obviously-fake-secret-".repeat(4) };
const MINTS = JSON.stringify([{ name: "backend", sha256: sha256(BACKEND), mintsSessions: true }]);

const workers = useWorkers();
const own = (bindings = {}) => workers.with({ ATTENTION_POLICY: "allow * /v2/**", ...bindings }, MODULES);
// Two: the first one prefers the other key once it has met a 401.
const [twoKeys, twoKeysAgain] = [1, 2].map(() => own({ ATTENTION_API_KEY_NEXT: NEXT_KEY }));
const mcp = own({ ATTENTION_POLICY: "allow * /mcp" });
const minting = own({ ATTENTION_CALLERS: MINTS, ...SECRET });
const nobody = own({ ATTENTION_BASE_URL: "http://127.0.0.1:9/v2" });
const strangers = own();
const keeping = own({ ATTENTION_POLICY: "allow GET /v2/** cache=1min" });
const redacting = own({ ATTENTION_POLICY: "allow GET /v2/** redact=email" });

/** Configurations at the limit of a setting, and one beyond. */
const settings = Object.entries({
  ATTENTION_MAX_RETRIES: ["MOST_RETRIES", 1],
  ATTENTION_TIMEOUT_MS: ["LONGEST_TIMEOUT_MS", 1],
}).map(([name, [most, step]]) => {
  const largest = limit("deployment/config.rs", most);
  return { name, within: own({ [name]: `${largest}` }), beyond: own({ [name]: `${largest + step}` }) };
});
const least = limit("authorize/sessions/mod.rs", "LEAST_SECRET_CHARS");
const secret = (length) => own({ ATTENTION_CALLERS: MINTS, ATTENTION_SESSION_SECRET: fake(length) });
const [longEnough, tooShort] = [secret(least), secret(least - 1)];

/** This many characters, without repeated pairs. */
function fake(length) {
  return Array.from({ length }, (_, at) => "abcdefghijklmnopqrstuvwxyz0123456789"[(at * 7 + (at % 5)) % 36]).join("");
}

test("a body up to the bound is stored, and sent again with the other key", async () => {
  const most = limit("exchange/preparing.rs", "HELD_BODY_BYTES");
  for (const [length, sent] of [
    [most, 2],
    [most + 1, 1],
  ]) {
    workers.begin();
    const status = (record) => (record.all("authorization").includes(`Bearer ${KEY}`) ? 401 : 200);
    workers.respond = async (request, record) => {
      await request.arrayBuffer();
      return new Response("{}", { status: status(record) });
    };
    const service = length === most ? twoKeys : twoKeysAgain;
    const { status: answer } = await workers.call(service, {
      method: "POST",
      target: "/v2/x",
      body: "x".repeat(length),
    });
    assert.equal(answer === 200, sent === 2, `${length}: ${answer}`);
    assert.equal((await workers.received(sent)).length, sent, `${length}`);
  }
});

test("an MCP message is read up to the bound", async () => {
  const most = limit("exchange/preparing.rs", "MESSAGE_BYTES");
  const headers = [
    ["Content-Type", "application/json"],
    ["Accept", "application/json, text/event-stream"],
  ];
  const [start, end] = ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":"', '"}}}'];
  for (const [length, passes] of [
    [most, true],
    [most + 1, false],
  ]) {
    workers.begin();
    workers.respond = () => Response.json({ jsonrpc: "2.0", id: 1, result: {} });
    const body = start + "x".repeat(length - start.length - end.length) + end;
    const { status } = await workers.call(mcp, { method: "POST", target: "/mcp", headers, body });
    assert.equal(status === 200, passes, `${length}: ${status}`);
  }
});

test("a request for a session is read up to the bound", async () => {
  const most = limit("exchange/identifying.rs", "SESSION_REQUEST_BYTES");
  for (const [length, status] of [
    [most, 201],
    [most + 1, 400],
  ]) {
    const call = { method: "POST", target: "/sessions", token: BACKEND, body: "{}".padEnd(length) };
    assert.equal((await workers.call(minting, call)).status, status, `${length}`);
  }
});

test("after this many consecutive failures, nothing is sent", async () => {
  const most = limit("limits/breaker.rs", "FAILURES");
  for (let failed = 0; failed < most; failed++) {
    assert.notEqual((await workers.call(nobody, {})).json().code, "upstream_down", `${failed}`);
  }
  assert.equal((await workers.call(nobody, {})).json().code, "upstream_down");
});

test("this many bad tokens of one address are answered in a minute", async () => {
  const most = limit("authorize/sources.rs", "REFUSALS_A_MINUTE");
  const bad = { token: "an-obviously-fake-token-of-nobody", headers: [["CF-Connecting-IP", "192.0.2.7"]] };
  const statuses = [];
  for (let refused = 0; refused <= most; refused++) statuses.push((await workers.call(strangers, bad)).status);
  assert.deepEqual(statuses, [...Array(most).fill(401), 429]);
});

test("a response is cached up to the bound", async () => {
  const most = limit("cache/index.rs", "ENTRY_BYTES");
  for (const [length, asked] of [
    [most, 1],
    [most + 1, 2],
  ]) {
    workers.begin();
    const headers = { "cache-control": "max-age=60", "content-type": "text/plain" };
    workers.respond = () => new Response("x".repeat(length), { headers });
    for (let times = 0; times < 2; times++) {
      const answer = await workers.call(keeping, { target: `/v2/of-${length}` });
      assert.equal(answer.body.length, length);
    }
    assert.equal((await workers.received(asked)).length, asked, `${length}`);
  }
});

test("a response is redacted up to the bound", async () => {
  const most = limit("exchange/answering.rs", "REDACTABLE_BYTES");
  for (const [length, status] of [
    [most, 200],
    [most + 1, 502],
  ]) {
    workers.begin();
    workers.respond = () => Response.json({ a: "x".repeat(length - '{"a":""}'.length) });
    assert.equal((await workers.call(redacting, { target: "/v2/x" })).status, status, `${length}`);
  }
});

for (const { name, within, beyond } of settings) {
  test(`${name} goes so far`, async () => {
    assert.equal((await workers.call(within, { target: "/readyz" })).status, 200);
    assert.notEqual((await workers.call(beyond, { target: "/readyz" })).status, 200);
  });
}

test("the session secret has at least this length", async () => {
  assert.equal((await workers.call(longEnough, { target: "/readyz" })).status, 200);
  assert.notEqual((await workers.call(tooShort, { target: "/readyz" })).status, 200);
});
