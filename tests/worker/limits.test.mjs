// A caller's own limit: the API's view of a caller that uses several isolates, with
// each kind of shared counter, and without one.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { AUDIENCE, ISSUER, jwt, KEYS } from "./issuer.mjs";
import { assertNoSecret, KEY, MODULES, OTHER_TOKEN, sha256, TOKEN } from "./worker.mjs";

const ISOLATES = ["one", "two", "three", "four"];
const LIMIT = 12;
// Per hour, so that almost nothing is refilled during a test.
const CALLERS = JSON.stringify([
  { name: "app", sha256: sha256(TOKEN), limit: `${LIMIT}/h` },
  { name: "other", sha256: sha256(OTHER_TOKEN) },
]);
const JWT = (jwks) =>
  JSON.stringify({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks,
    nameClaim: "sub",
    grants: [
      { claim: "email", is: "many@corp.example" },
      { everybody: true, limit: `${LIMIT}/h` },
    ],
  });

// The tests' own gates and counters, which replace the real ones.
const OTHERS = `
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
const never = () => new Promise(() => {});
export class Broken extends DurableObject { admit() { throw new Error("broken"); } limited() {} ledger() {} }
export class Silent extends DurableObject { admit() { return never(); } limited() {} ledger() {} }
export class BrokenCounter extends WorkerEntrypoint { limit() { throw new Error("broken"); } }
export class SilentCounter extends WorkerEntrypoint { limit() { return never(); } }
const counts = new Map();
export class Counter extends WorkerEntrypoint {
  limit({ key, ...more }) {
    if (Object.keys(more).length > 0) throw new Error("unknown options");
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return { success: count <= ${LIMIT / 2} };
  }
}
export default { fetch() { return Response.json(Object.fromEntries(counts)); } };
`;

let upstream;
let workerd;
let issuer;

before(async () => {
  upstream = await startUpstream({
    handler: async (request) =>
      new URL(request.url).pathname === "/v2/retried" && upstream.records.length === 1
        ? new Response("", { status: 503 })
        : Response.json({}),
  });
  issuer = createServer((_, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(KEYS)),
  );
  await new Promise((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  const bindings = {
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `${upstream.url}/v2`,
    ATTENTION_CALLERS: CALLERS,
    ATTENTION_JWT: JWT(`http://127.0.0.1:${issuer.address().port}/keys`),
    ATTENTION_POLICY: "allow * /v2/**",
  };
  const group = (prefix, gateOf) =>
    ISOLATES.map((name, index) => ({
      name: `${prefix}-${name}`,
      modules: MODULES,
      durableObjects: index === 0 && prefix === "shared" ? ["Gate"] : [],
      bindings: { ...bindings, ...gateOf(index) },
    }));
  const counter = (entrypoint) => ({ ATTENTION_RATE_LIMIT: { service: { name: "others", entrypoint } } });
  const broken = (className) => ({ ATTENTION_GATE: { durableObject: { className, service: "others" } } });
  workerd = await startWorkerd({
    services: [
      ...group("shared", (index) => ({
        ATTENTION_GATE: { durableObject: index === 0 ? "Gate" : { className: "Gate", service: "shared-one" } },
      })),
      ...group("alone", () => ({})),
      ...group("broken", () => broken("Broken")),
      { name: "silent", modules: MODULES, bindings: { ...bindings, ...broken("Silent") } },
      ...group("counted", () => counter("Counter")),
      { name: "counter-broken", modules: MODULES, bindings: { ...bindings, ...counter("BrokenCounter") } },
      { name: "counter-silent", modules: MODULES, bindings: { ...bindings, ...counter("SilentCounter") } },
      { name: "others", modules: [{ name: "others.js", text: OTHERS }], durableObjects: ["Broken", "Silent"] },
    ],
    startMs: 60_000,
  });
});

after(async () => {
  await workerd?.close();
  await upstream?.close();
  issuer?.closeAllConnections();
  issuer?.close();
});

const call = (service, token, path = "/v2/conversations", init = {}) =>
  fetch(workerd.urls[service] + path, { ...init, headers: { authorization: `Bearer ${token}` } });
/** Makes this many calls at once over all isolates of a group; returns how many were forwarded. */
async function flood(prefix, token, calls) {
  upstream.clear();
  const responses = await Promise.all(
    Array.from({ length: calls }, (_, i) =>
      call(prefix.includes("*") ? prefix.replace("*", ISOLATES[i % ISOLATES.length]) : prefix, token),
    ),
  );
  for (const response of responses.filter(({ status }) => status !== 200)) {
    assert.equal(response.status, 429);
    const problem = await response.json();
    assert.equal(problem.code, "caller_rate_limited");
    assert.ok(Number(response.headers.get("retry-after")) >= 1);
    assert.equal(response.headers.get("cache-control"), "no-store");
  }
  const passed = responses.filter(({ status }) => status === 200).length;
  assert.equal(upstream.records.length, passed);
  return passed;
}

describe("with the gate, four isolates together", () => {
  test("allow a caller with a limit exactly that many calls, and others continue", async () => {
    assert.equal(await flood("shared-*", TOKEN, 4 * LIMIT), LIMIT);
    assert.equal(await flood("shared-*", OTHER_TOKEN, 4 * LIMIT), 4 * LIMIT);
  });

  test("count each person of an issuer separately, and separately from a caller of that name", async () => {
    for (const sub of ["ann", "bob", "app"]) assert.equal(await flood("shared-*", jwt({ sub }), 3 * LIMIT), LIMIT, sub);
    // Another token of the same person is the same person.
    assert.equal(await flood("shared-*", jwt({ sub: "ann", jti: "other" }), LIMIT), 0);
  });

  test("apply the grant's limit: without one, there is none", async () => {
    assert.equal(await flood("shared-*", jwt({ sub: "many", email: "many@corp.example" }), 3 * LIMIT), 3 * LIMIT);
  });

  test("count a call once, however often it is retried", async () => {
    const token = jwt({ sub: "retried" });
    upstream.clear();
    assert.equal((await call("shared-one", token, "/v2/retried")).status, 200);
    assert.equal(upstream.records.length, 2);
    assert.equal(await flood("shared-*", token, 3 * LIMIT), LIMIT - 1);
  });
});

describe("without a shared counter", () => {
  test("each isolate applies the limit", async () => {
    assert.equal(await flood("alone-*", TOKEN, 8 * LIMIT), 4 * LIMIT);
    assert.equal(await flood("alone-*", jwt({ sub: "ann" }), 8 * LIMIT), 4 * LIMIT);
  });

  test("a gate that fails or does not answer neither disables a limit nor delays a call", async () => {
    assert.equal(await flood("broken-*", TOKEN, 8 * LIMIT), 4 * LIMIT);
    assert.equal(await flood("broken-*", OTHER_TOKEN, LIMIT), LIMIT);
    assert.equal(await flood("silent", TOKEN, 3 * LIMIT), LIMIT);
  });

  test("neither does a Rate Limiting binding", async () => {
    for (const service of ["counter-broken", "counter-silent"])
      assert.equal(await flood(service, TOKEN, 3 * LIMIT), LIMIT, service);
  });
});

describe("a Rate Limiting binding (here of the same shape; the real one in tests/deploy)", () => {
  test("decides for each caller", async () => {
    assert.equal(await flood("counted-*", TOKEN, 2 * LIMIT), LIMIT / 2);
    assert.equal(await flood("counted-*", OTHER_TOKEN, 2 * LIMIT), LIMIT / 2);
    assert.equal(await flood("counted-*", jwt({ sub: "app" }), 2 * LIMIT), LIMIT / 2);
  });

  test("is not asked about unknown callers or refused requests", async () => {
    for (const token of ["fake-unknown-token", jwt({ exp: 1 })])
      assert.equal((await call("counted-one", token)).status, 401);
    assert.equal((await call("counted-one", jwt({ sub: "refused" }), "/v2/api_keys")).status, 403);
    const keys = Object.keys(await (await fetch(workerd.urls.others)).json());
    assert.deepEqual(keys.sort(), ["app", "jwt:app", "other"]);
  });

  test("sets Retry-After to its longest period, since it does not report its own", async () => {
    const answer = await call("counted-one", OTHER_TOKEN);
    assert.equal(answer.headers.get("retry-after"), "60");
  });
});

test("the log has no key and no token", () => {
  assertNoSecret(workerd.output);
});
