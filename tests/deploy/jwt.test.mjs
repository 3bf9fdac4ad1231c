// Callers with a JWT: real keys, a key set over HTTP, the built Worker. Refusals
// are in tests/attack/rows.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { AUDIENCE, ec, ed, ISSUER, jwt, rsa } from "../worker/issuer.mjs";
import { assertProblem, KEY, sha256, TOKEN, useWorkers } from "../worker/worker.mjs";

const ACCESS = "Cf-Access-Jwt-Assertion";
const sign = (key, more) => jwt(more, {}, key);

// The issuer's responses by path; a function answers by itself.
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
/** A Worker that accepts the issuer's keys at a path. */
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
    test(`${key.alg} is accepted under the name in its claim, and is not forwarded`, async () => {
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

  test("the policy applies: unnamed routes and keys are refused", async () => {
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
        emailVerified: "issuer",
        grants: [{ claim: "email", endsWith: "@corp.example" }],
      },
    },
    ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN) }]),
  });

  test("the assertion is accepted without an Authorization header, and is not forwarded", async () => {
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

  test("without an assertion, a static token is accepted", async () => {
    workers.begin();
    const answer = await call(access, TOKEN);
    assert.deepEqual([answer.status, (await workers.log(answer)).caller], [200, "app"]);
  });
});

describe("groups select policies", () => {
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
  test("many simultaneous first calls are all accepted", async () => {
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

describe("an issuer that does not answer", () => {
  published["/away"] = (response) => response.writeHead(503).end();
  const away = believing("/away");
  test("callers get 503 with Retry-After instead of 401, and later the same token is accepted", async () => {
    workers.begin();
    const token = sign(rsa);
    const answer = await call(away, token);
    assertProblem(answer, 503, "issuer_unavailable");
    assert.deepEqual([answer.get("retry-after"), answer.get("www-authenticate")], ["1", null]);
    const line = await workers.log(answer);
    assert.match(line.fault, /key set could not be fetched/);
    assert.match(line.hint, /`jwks`/);
    published["/away"] = [rsa.jwk];
    const until = Date.now() + 10_000;
    let status;
    do {
      await new Promise((resolve) => setTimeout(resolve, 200));
      ({ status } = await call(away, token));
    } while (status !== 200 && Date.now() < until);
    assert.equal(status, 200);
  });
});

describe("bad tokens of one source", () => {
  const flooded = believing(
    "/all",
    {},
    { ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN) }]) },
  );
  const from = (address, token) => call(flooded, token, { headers: [["CF-Connecting-IP", address]] });

  test("bad tokens of one source get a few log lines, then 429; a valid token from there is accepted, and another source still gets 401", async () => {
    workers.begin();
    const before = workers.workerd.lines.length;
    const answers = [];
    for (let index = 0; index < 100; index++) answers.push(await from("192.0.2.77", `fake-token-${index}`));
    const statuses = answers.map(({ status }) => status);
    assert.deepEqual([...new Set(statuses)], [401, 429]);
    assert.equal(statuses.indexOf(429), 30);
    const limited = answers.at(-1);
    assertProblem(limited, 429, "too_many_refusals");
    const wait = Number(limited.get("retry-after"));
    assert.ok(wait >= 1 && wait <= 60, limited.head);

    assert.equal((await from("192.0.2.77", TOKEN)).status, 200);
    assert.equal((await from("192.0.2.77", sign(rsa))).status, 200);
    const other = await from("192.0.2.78", "fake-token");
    assertProblem(other, 401, "invalid_token");
    const otherLine = await workers.log(other);

    const lines = workers.workerd.lines.slice(before).map(({ text }) => text);
    const refusals = lines.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text));
    const own = refusals.filter(({ source, refusals: told }) => told !== undefined && source !== otherLine.source);
    assert.equal(own.length, 5);
    assert.equal(new Set(own.map(({ source }) => source)).size, 1);
    assert.match(own[0].source, /^[0-9a-f]{16}$/);
    assert.ok(!lines.some((text) => text.includes("192.0.2.7")), "an address stands in the log");
  });

  test("IPv6 addresses count by their network", async () => {
    workers.begin();
    const [one, same, other] = await Promise.all(
      ["2001:db8:7:7::1", "2001:db8:7:7:ffff::2", "2001:db8:7:8::1"].map(async (address) =>
        workers.log(await from(address, "fake-token")),
      ),
    );
    assert.equal(one.source, same.source);
    assert.notEqual(one.source, other.source);
  });
});

describe("several claims, names and hints", () => {
  const both = believing("/all", {
    nameClaim: "sub",
    grants: [
      {
        all: [
          { claim: "email", domain: "corp.example" },
          { claim: "scope", is: "attention.read" },
        ],
      },
    ],
  });
  test("all claims must match; the log names the one that does not, without its value", async () => {
    workers.begin();
    const good = await call(
      both,
      sign(rsa, { sub: "auth0|5f7c", scope: "openid attention.read", email_verified: true }),
    );
    assert.equal(good.status, 200);
    assert.equal((await workers.log(good)).caller, "auth0|5f7c");
    const bad = await call(both, sign(rsa, { scope: "openid attention.write" }));
    assertProblem(bad, 403, "token_not_granted");
    const line = await workers.log(bad);
    assert.equal(line.fault, "the JWT was refused: no grant: [0] `scope` has another value");
    assert.ok(!JSON.stringify(line).includes("attention.write"));
  });
});
