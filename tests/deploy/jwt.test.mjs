// Callers with a JWT: real keys, a key set over HTTP, the built Worker. What is
// refused stands in tests/attack/rows.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { AUDIENCE, ec, ed, ISSUER, jwt, rsa } from "../worker/issuer.mjs";
import { assertProblem, KEY, sha256, TOKEN, useWorkers } from "../worker/worker.mjs";

const ACCESS = "Cf-Access-Jwt-Assertion";
const sign = (key, more) => jwt(more, {}, key);

// What the issuer publishes, by path; a function answers itself.
const published = {};
const asked = {};
const issuer = createServer((request, response) => {
  asked[request.url] = (asked[request.url] ?? 0) + 1;
  const keys = published[request.url];
  if (typeof keys === "function") return keys(response);
  response
    .writeHead(keys ? 200 : 404, { "content-type": "application/json" })
    .end(JSON.stringify({ keys: keys ?? [] }));
});
await new Promise((resolve) => issuer.listen(0, "127.0.0.1", resolve));
const keysUrl = (path) => `http://127.0.0.1:${issuer.address().port}${path}`;
after(() => {
  issuer.closeAllConnections();
  issuer.close();
});

const workers = useWorkers();
/** A Worker that believes the issuer's keys at a path. */
function believing(path, terms = {}, bindings = {}) {
  const jwt = {
    issuer: ISSUER,
    audience: [AUDIENCE],
    jwks: keysUrl(path),
    algorithms: ["RS256", "ES256", "EdDSA"],
    nameClaim: "email",
    grants: [{ claim: "email", endsWith: "@corp.example" }],
    ...terms,
  };
  return workers.with({ ATTENTION_JWT: JSON.stringify(jwt), ATTENTION_CALLERS: undefined, ...bindings });
}
const call = (service, token, request = {}) => workers.call(service, { token, ...request });

const all = [rsa, ec, ed];
published["/all"] = all.map(({ jwk }) => jwk);
const main = believing("/all");

describe("a token of the issuer", () => {
  for (const key of all) {
    test(`${key.alg} is let in, under the name in its claim, and goes no further than the Worker`, async () => {
      workers.begin();
      const token = sign(key);
      const answer = await call(main, token);
      assert.equal(answer.status, 200, answer.text);
      const [record] = await workers.received(1);
      assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
      assert.ok(!record.head.includes(token.split(".")[1]));
      assert.equal((await workers.log(answer)).caller, "ann@corp.example");
    });
  }

  test("the policy holds: what it does not name is refused, keys are refused", async () => {
    workers.begin();
    const token = sign(rsa);
    assertProblem(await call(main, token, { method: "DELETE" }), 403, "route_denied");
    assertProblem(await call(main, token, { target: "/v2/api_keys" }), 403, "route_denied");
    assert.deepEqual(workers.upstream.records, []);
  });
});

describe("Cloudflare Access: its header, its issuer, its audience tag", () => {
  published["/cdn-cgi/access/certs"] = [rsa.jwk];
  // As in docs/deploying.md: a table of variables, which is a JSON binding.
  const access = workers.with({
    ATTENTION_JWT: {
      json: {
        issuer: ISSUER,
        jwks: keysUrl("/cdn-cgi/access/certs"),
        audience: AUDIENCE,
        header: ACCESS,
        nameClaim: "email",
        grants: [{ claim: "email", endsWith: "@corp.example" }],
      },
    },
    ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN) }]),
  });

  test("the assertion lets in, without an Authorization header, and does not go up", async () => {
    workers.begin();
    const answer = await call(access, null, {
      headers: [
        [ACCESS, sign(rsa)],
        ["Cookie", "CF_Authorization=fake"],
      ],
    });
    assert.equal(answer.status, 200, answer.text);
    const [record] = await workers.received(1);
    assert.deepEqual(
      [record.all(ACCESS), record.all("cookie"), record.all("authorization")],
      [[], [], [`Bearer ${KEY}`]],
    );
    assert.equal((await workers.log(answer)).caller, "ann@corp.example");
  });

  test("a static token still does, where no assertion is", async () => {
    workers.begin();
    const answer = await call(access, TOKEN);
    assert.deepEqual([answer.status, (await workers.log(answer)).caller], [200, "app"]);
  });
});

describe("groups lead to policies", () => {
  published["/groups"] = [rsa.jwk];
  const grouped = believing(
    "/groups",
    {
      grants: [
        { claim: "groups", is: ["admins", "owners"], policy: "wide" },
        { claim: "groups", is: "staff" },
      ],
    },
    { ATTENTION_POLICY: "allow GET /v2/labels\n[wide]\nallow * /v2/labels/**" },
  );
  for (const [groups, statuses] of [
    [["admins"], [200, 200]],
    ["owners", [200, 200]],
    [["staff"], [200, 403]],
    [
      ["staff", "owners"],
      [200, 200],
    ],
    [["others"], [403, 403]],
    [{ admins: true }, [403, 403]],
  ]) {
    test(JSON.stringify(groups), async () => {
      workers.begin();
      const token = sign(rsa, { groups });
      const answers = [
        await call(grouped, token, { target: "/v2/labels" }),
        await call(grouped, token, { method: "DELETE", target: "/v2/labels/1" }),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        statuses,
      );
    });
  }
});

describe("the key set", () => {
  test("many first calls at once: all are let in", async () => {
    workers.begin();
    published["/slow"] = (response) => setTimeout(() => response.end(JSON.stringify({ keys: [rsa.jwk] })), 300);
    const token = sign(rsa);
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(slow, token)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      answers.map(() => 200),
    );
    assert.equal(asked["/slow"], 1);
  });
  const slow = believing("/slow");
});
