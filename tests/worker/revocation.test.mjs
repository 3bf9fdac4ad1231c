// One session revoked by its id: by a setting, and by the operator at once for all isolates that ask the gate's object.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { now, SESSION_SECRET, session } from "./issuer.mjs";
import { assertNoSecret, KEY, MODULES, sha256, TOKEN } from "./worker.mjs";

const OPERATOR = "fake-operator-token-of-the-revocation-tests";

/** A gate's object that can be made silent, and one that answers nonsense. */
const BROKEN = `
import { DurableObject } from "cloudflare:workers";
let how = "good";
export class Gate extends DurableObject {
  async standing(id) {
    if (id === "set") return how;
    if (how === "silent") await new Promise(() => {});
    if (how === "throws") throw new Error("away");
    return how;
  }
  set(value) { how = value; }
  async revoke() { throw new Error("away"); }
  admit() { return 0; }
  limited() {}
  ledger(counted) { return counted; }
}
export default { async fetch(request, env) {
  const id = env.GATE.idFromName("upstream");
  await env.GATE.get(id).set(new URL(request.url).searchParams.get("how"));
  return new Response("set");
} };
`;

let upstream;
let workerd;
let folder;
let made = 0;
/** A session with an id of its own. */
const fresh = (payload = {}) => {
  const id = `session-${++made}`;
  return { id, token: session({ jti: id, org: undefined, ...payload }) };
};

const usual = () => ({
  ATTENTION_API_KEY: KEY,
  ATTENTION_BASE_URL: `${upstream.url}/v2`,
  ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN), mintsSessions: true }]),
  ATTENTION_SESSION_SECRET: SESSION_SECRET,
  ATTENTION_ADMIN_SHA256: sha256(OPERATOR),
});

async function start() {
  const gate = (service) => ({ ATTENTION_GATE: { durableObject: { className: "Gate", service } } });
  return startWorkerd({
    services: [
      {
        name: "one",
        modules: MODULES,
        durableObjects: ["Gate"],
        storage: folder,
        bindings: { ...usual(), ATTENTION_GATE: { durableObject: "Gate" } },
      },
      { name: "two", modules: MODULES, bindings: { ...usual(), ...gate("one") } },
      { name: "alone", modules: MODULES, bindings: { ...usual(), ATTENTION_REVOKED_SESSIONS: "listed, other\nthird" } },
      {
        name: "broken",
        modules: [{ name: "broken.js", text: BROKEN }],
        durableObjects: ["Gate"],
        bindings: { GATE: { durableObject: "Gate" } },
      },
      { name: "leaning", modules: MODULES, bindings: { ...usual(), ...gate("broken") } },
      {
        name: "unasked",
        modules: MODULES,
        bindings: { ...usual(), ...gate("broken"), ATTENTION_ADMIN_SHA256: "" },
      },
    ],
    startMs: 60_000,
  });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "attention-revoked-"));
  upstream = await startUpstream({ handler: () => Response.json({}) });
  workerd = await start();
});

after(async () => {
  await workerd?.close();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(service, token, path = "/v2/users", method = "GET") {
  const response = await fetch(workerd.urls[service] + path, { method, headers: { authorization: `Bearer ${token}` } });
  const said = await response.json();
  return { status: response.status, said, id: response.headers.get("x-request-id"), headers: response.headers };
}
const outcome = async (service, token) => {
  const { status, said } = await call(service, token);
  return status === 200 ? 200 : `${status} ${said.code}`;
};
const revoke = (service, id, token = OPERATOR, method = "POST") =>
  call(service, token, `/admin/sessions/${id}/revoke`, method);
const line = async (id) => JSON.parse(await workerd.line((text) => text.includes(`"requestId":"${id}"`)));

describe("by the operator", () => {
  test("a revocation takes effect at once in every isolate, for that session only", async () => {
    const [bad, good] = [fresh(), fresh()];
    for (const service of ["one", "two"])
      for (const { token } of [bad, good]) assert.equal(await outcome(service, token), 200);
    const answer = await revoke("one", bad.id);
    assert.equal(answer.status, 200);
    assert.deepEqual([answer.said.id, answer.said.standing], [bad.id, "revoked"]);
    assert.ok(answer.said.until > Date.now() + 3_600_000);
    const told = await line(answer.id);
    assert.deepEqual([told.level, told.session, told.fault], ["warn", bad.id, "the operator has revoked the session"]);
    for (const service of ["one", "two"]) {
      const refused = await call(service, bad.token);
      assert.deepEqual([refused.status, refused.said.code], [401, "session_revoked"]);
      assert.match(refused.headers.get("www-authenticate"), /error="invalid_token", error_description="revoked"/);
      const { session: id, fault } = await line(refused.id);
      assert.deepEqual([id, fault], [bad.id, "the operator has revoked the session"]);
      assert.equal(await outcome(service, good.token), 200);
      assert.equal(await outcome(service, TOKEN), 200, "its backend goes on");
    }
  });

  test("an unknown session can be revoked, and a revoked one again", async () => {
    const one = fresh();
    assert.equal((await revoke("two", one.id)).status, 200);
    assert.equal((await revoke("one", one.id)).status, 200);
    assert.equal(await outcome("one", one.token), "401 session_revoked");
  });

  test("a revocation survives a restart", async () => {
    const [bad, good] = [fresh(), fresh()];
    assert.equal((await revoke("one", bad.id)).status, 200);
    await workerd.close();
    workerd = await start();
    assert.equal(await outcome("two", bad.token), "401 session_revoked");
    assert.equal(await outcome("two", good.token), 200);
  });

  test("only the operator may revoke, and an invalid id is reported", async () => {
    const { id, token } = fresh();
    for (const who of [TOKEN, token, "somebody-elses-token"]) assert.equal((await revoke("one", id, who)).status, 401);
    assert.equal((await revoke("one", id, OPERATOR, "GET")).status, 405);
    for (const odd of ["a%20b", "", "x".repeat(65), "a,b", "%D1%96d"]) {
      const { status } = await revoke("one", odd);
      assert.ok([400, 404].includes(status), `${odd}: ${status}`);
    }
    assert.equal(await outcome("one", token), 200);
    assert.equal((await call("unasked", OPERATOR, `/admin/sessions/${id}/revoke`, "POST")).status, 404);
  });

  test("without a gate, the answer says what to do instead", async () => {
    const { status, said } = await revoke("alone", "any");
    assert.deepEqual([status, said.code], [501, "session_not_revoked"]);
    assert.match(said.detail, /ATTENTION_REVOKED_SESSIONS/);
  });
});

describe("by the setting", () => {
  for (const id of ["listed", "other", "third"])
    test(id, async () => {
      assert.equal(await outcome("alone", session({ jti: id, org: undefined })), "401 session_revoked");
    });
  test("a session whose id differs by one letter is not revoked", async () => {
    for (const id of ["Listed", "liste", "listedd", "listed.", "x"])
      assert.equal(await outcome("alone", session({ jti: id, org: undefined })), 200, id);
  });
});

describe("when the object does not answer", () => {
  const set = (how) => fetch(`${workerd.urls.broken}/?how=${how}`).then((response) => response.text());

  test("only sessions that it confirmed within the last minute are accepted; callers without a session are not affected", async () => {
    await set("good");
    const [known, unknown, bad] = [fresh(), fresh(), fresh()];
    assert.equal(await outcome("leaning", known.token), 200);
    await set("revoked");
    assert.equal(await outcome("leaning", bad.token), "401 session_revoked");
    for (const how of ["throws", "unknown", "nonsense"]) {
      await set(how);
      assert.equal(await outcome("leaning", known.token), 200, how);
      const refused = await call("leaning", unknown.token);
      assert.deepEqual([refused.status, refused.said.code], [503, "session_unchecked"], how);
      assert.equal(refused.headers.get("retry-after"), "1");
      assert.equal(await outcome("leaning", bad.token), "401 session_revoked", how);
      assert.equal(await outcome("leaning", TOKEN), 200, "static tokens are not asked about");
      // Without an operator there is nobody who could have revoked it.
      assert.equal(await outcome("unasked", unknown.token), 200);
    }
  });

  test("the operator learns that the revocation may have failed; here it succeeded", async () => {
    await set("good");
    const { id, token } = fresh();
    const { status, said } = await revoke("leaning", id);
    assert.deepEqual([status, said.code], [503, "session_not_revoked"]);
    assert.equal(await outcome("leaning", token), "401 session_revoked");
  });
});

test("an expired one is expired, revoked or not", async () => {
  const { id, token } = fresh({ exp: now() - 1 });
  assert.equal((await revoke("one", id)).status, 200);
  assert.equal(await outcome("one", token), "401 token_expired");
});

test("the whole output holds no key and no token", () =>
  assertNoSecret(workerd.output, [KEY, TOKEN, OPERATOR, SESSION_SECRET]));
