// Nothing outlives its caller's credential: a session, an issuer's token, a caller token with an expiry.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AUDIENCE, ISSUER, jwt, KEYS, now, SESSION_SECRET, session } from "./issuer.mjs";
import { assertNoSecret, assertProblem, sha256, TOKEN, useWorkers } from "./worker.mjs";

const SHORT = "fake-token-of-a-caller-that-ends-soon";
/** Long enough for a slow machine to start, and short enough to wait for. */
const SECONDS = 3;

const workers = useWorkers();
const service = workers.with({
  ATTENTION_CALLERS: () =>
    JSON.stringify([
      { name: "app", sha256: sha256(TOKEN), mintsSessions: true },
      { name: "short", sha256: sha256(SHORT), expires: new Date(Date.now() + 8_000).toISOString() },
    ]),
  ATTENTION_SESSION_SECRET: SESSION_SECRET,
  ATTENTION_POLICY: "allow * /v2/**\n[shown]\nallow GET /v2/** redact=email",
  ATTENTION_JWT: (upstream) =>
    JSON.stringify({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: `${upstream.url}/keys`,
      leewaySeconds: 0,
      grants: [
        { claim: "sub", is: "user-2", policy: "shown" },
        { claim: "sub", is: "user-1" },
      ],
    }),
});

/** The call's token, which expires soon. */
const TOKENS = {
  "a session": () => session({ org: undefined, exp: now() + SECONDS }),
  "an issuer's token": () => jwt({ exp: now() + SECONDS }),
};
/** Of which there is one, with one end. */
const ALL = { ...TOKENS, "a caller's own token": () => SHORT };

function answering(respond) {
  workers.respond = (request, record) =>
    new URL(request.url).pathname === "/keys" ? Response.json(KEYS) : respond(request, record);
}

/** A body that continues until its reader is gone. */
function endless() {
  let timer;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new TextEncoder().encode("a line\n")), 50);
    },
    cancel: () => clearInterval(timer),
  });
}

describe("a streamed response is aborted, and does not look complete", { concurrency: true }, () => {
  answeringInAll();
  for (const [name, token] of Object.entries(ALL))
    test(name, async () => {
      const wire = await workers.open(service, { target: "/v2/endless", token: token() });
      const head = await wire.head();
      assert.equal(head.status, 200, head.head);
      let bytes = 0;
      await assert.rejects(async () => {
        for await (const piece of wire.body(head)) bytes += piece.length;
      });
      assert.ok(bytes > 0);
      const line = JSON.parse(
        await workers.workerd.line(
          (text) => text.includes('"event":"cut"') && text.includes(`"requestId":"${head.get("x-request-id")}"`),
        ),
      );
      assert.match(line.fault, /expired before the response was complete/);
      assert.equal(line.caller, { "a session": "app", "an issuer's token": "user-1" }[name] ?? "short");
    });
});

describe("a call without a response yet is refused", { concurrency: true }, () => {
  for (const [name, token] of Object.entries(TOKENS)) {
    test(`${name}: a reading call may be repeated`, async () => {
      const answer = await workers.call(service, { target: "/v2/never", token: token() });
      assertProblem(answer, 401, "token_expired");
      assert.match((await workers.log(answer)).fault, /expired before the response was complete/);
    });

    test(`${name}: a call that may have changed something is told so`, async () => {
      const answer = await workers.call(service, { target: "/v2/never", method: "POST", body: "{}", token: token() });
      assertProblem(answer, 502, "token_expired_midway");
    });

    test(`${name}: an upload is aborted`, async () => {
      const wire = await workers.open(service, {
        target: `/v2/upload/${name.at(-1)}`,
        method: "POST",
        headers: [["Transfer-Encoding", "chunked"]],
        token: token(),
      });
      const answer = wire.answer("POST");
      let over = false;
      void answer.finally(() => {
        over = true;
      });
      // The caller goes on for as long as it is heard.
      while (!over) {
        await wire.write("3\r\nabc\r\n").catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assertProblem(await answer, 502, "token_expired_midway");
      assert.equal(await broken[`/v2/upload/${name.at(-1)}`], true);
    });
  }

  test("a redacted response that arrives late", async () => {
    const answer = await workers.call(service, {
      target: "/v2/late",
      token: jwt({ sub: "user-2", exp: now() + SECONDS }),
    });
    assertProblem(answer, 401, "token_expired");
  });
});

/** Path → whether the upload broke off. */
const broken = {};

function answeringInAll() {
  answering(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v2/endless") return new Response(endless());
    if (pathname === "/v2/never") return new Promise(() => {});
    if (pathname === "/v2/late") {
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('{"name":'));
          await new Promise((resolve) => setTimeout(resolve, 1000 * (SECONDS + 1)));
          controller.enqueue(new TextEncoder().encode('"ann"}'));
          controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "application/json" } });
    }
    if (pathname.startsWith("/v2/upload/")) {
      broken[pathname] = request.arrayBuffer().then(
        () => false,
        () => true,
      );
      await broken[pathname];
    }
    return new Response("x".repeat(1000), {
      headers: { "content-type": "text/plain", "content-length": "1000" },
    });
  });
}

test("a response in time is complete, with its length, however close the expiry", async () => {
  answeringInAll();
  for (const token of [session({ org: undefined }), jwt()]) {
    const answer = await workers.call(service, { target: "/v2/soon", token });
    assert.equal(answer.status, 200);
    assert.equal(answer.get("content-length"), "1000");
    assert.equal(answer.text.length, 1000);
    assert.ok(answer.complete);
  }
});

test("afterwards the caller's own token is refused", async () => {
  answeringInAll();
  assertProblem(await workers.call(service, { token: SHORT }), 401, "token_expired");
});

test("the whole output holds no key and no token", () => assertNoSecret(workers.workerd.output));
