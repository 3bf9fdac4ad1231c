// Callers with a JWT: real keys, a key set over HTTP, the built Worker.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { after, describe, mock, test } from "node:test";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { verifier } from "../../worker/jwt.mjs";
import { assertProblem, KEY, sha256, TOKEN, useWorkers } from "../worker/worker.mjs";

const ISSUER = "https://fake-team.example";
const AUDIENCE = "fake-audience-tag-of-the-application";
const ACCESS = "Cf-Access-Jwt-Assertion";

async function pair(alg, kid) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}
const rsa = await pair("RS256", "rsa");
const ec = await pair("ES256", "ec");
const ed = await pair("EdDSA", "ed");
const stranger = await pair("RS256", "rsa");
const next = await pair("RS256", "next");

const now = () => Math.floor(Date.now() / 1000);
/** A token; claims that are `undefined` are left out. */
function sign(key, claims = {}, header = {}) {
  const all = { iss: ISSUER, aud: [AUDIENCE], exp: now() + 300, nbf: now() - 1, sub: "user-1", email: "ann@corp.example", ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey, { crit: { "fake-extension": true } });
}
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

// What the issuer publishes, by path; a function answers itself.
const published = {};
const asked = {};
const issuer = createServer((request, response) => {
  asked[request.url] = (asked[request.url] ?? 0) + 1;
  const keys = published[request.url];
  if (typeof keys === "function") return keys(response);
  response.writeHead(keys ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify({ keys: keys ?? [] }));
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
  const jwt = { issuer: ISSUER, audience: [AUDIENCE], jwks: keysUrl(path), algorithms: ["RS256", "ES256", "EdDSA"], nameClaim: "email", grants: [{ claim: "email", endsWith: "@corp.example" }], ...terms };
  return workers.with({ ATTENTION_JWT: JSON.stringify(jwt), ATTENTION_CALLERS: undefined, ...bindings });
}
const call = (service, token, request = {}) => workers.call(service, { token, ...request });
const refusal = async (service, token, request) => {
  const answer = await call(service, token, request);
  assertProblem(answer, 401, "invalid_token");
  assert.equal(answer.get("www-authenticate"), 'Bearer realm="attention", error="invalid_token"');
  return (await workers.log(answer)).fault;
};

const all = [rsa, ec, ed];
published["/all"] = all.map(({ jwk }) => jwk);
const main = believing("/all");

describe("a token of the issuer", () => {
  for (const key of all) {
    test(`${key.alg} is let in, under the name in its claim, and goes no further than the Worker`, async () => {
      workers.begin();
      const token = await sign(key);
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
    const token = await sign(rsa);
    assertProblem(await call(main, token, { method: "DELETE" }), 403, "route_denied");
    assertProblem(await call(main, token, { target: "/v2/api_keys" }), 403, "route_denied");
    assert.deepEqual(workers.upstream.records, []);
  });

  test("good, but nothing is granted to it: 403 token_not_granted", async () => {
    workers.begin();
    for (const claims of [{ email: "eve@other.example" }, { email: "eve@corp.example.evil.example" }, { email: undefined }, { email: "a b@corp.example" }]) {
      assertProblem(await call(main, await sign(rsa, claims)), 403, "token_not_granted");
    }
    assert.deepEqual(workers.upstream.records, []);
  });

  test("it mints no sessions", async () => {
    assertProblem(await call(main, await sign(rsa), { method: "POST", target: "/sessions", body: "{}" }), 403, "route_denied");
  });
});

describe("a token that is refused: 401, the reason in the log alone, nothing sent", () => {
  const cases = {
    "another audience": [() => sign(rsa, { aud: ["another-application"] }), "ERR_JWT_CLAIM_VALIDATION_FAILED (aud)"],
    "no audience": [() => sign(rsa, { aud: undefined }), "ERR_JWT_CLAIM_VALIDATION_FAILED (aud)"],
    "another issuer": [() => sign(rsa, { iss: "https://other-team.example" }), "ERR_JWT_CLAIM_VALIDATION_FAILED (iss)"],
    "the issuer with a slash": [() => sign(rsa, { iss: `${ISSUER}/` }), "ERR_JWT_CLAIM_VALIDATION_FAILED (iss)"],
    "expired longer ago than the leeway": [() => sign(rsa, { exp: now() - 31 }), "ERR_JWT_EXPIRED (exp)"],
    "no expiry": [() => sign(rsa, { exp: undefined }), "ERR_JWT_CLAIM_VALIDATION_FAILED (exp)"],
    "not valid yet": [() => sign(rsa, { nbf: now() + 60 }), "ERR_JWT_CLAIM_VALIDATION_FAILED (nbf)"],
    "another's key under a known name": [() => sign(stranger), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    "a key name that nobody has": [() => sign(rsa, {}, { kid: "nobody" }), "ERR_JWKS_NO_MATCHING_KEY"],
    "alg none": [() => `${part({ alg: "none", kid: "rsa" })}.${part({ iss: ISSUER, aud: AUDIENCE, exp: now() + 300, email: "ann@corp.example" })}.`, "ERR_JOSE_ALG_NOT_ALLOWED"],
    "alg None": [() => `${part({ alg: "None" })}.${part({ iss: ISSUER, aud: AUDIENCE, exp: now() + 300 })}.`, "ERR_JOSE_ALG_NOT_ALLOWED"],
    "HS256 with the public key for a secret": [
      async () => {
        const signed = `${part({ alg: "HS256", kid: "rsa" })}.${part({ iss: ISSUER, aud: AUDIENCE, exp: now() + 300, email: "ann@corp.example" })}`;
        return `${signed}.${createHmac("sha256", await exportSPKI(rsa.publicKey)).update(signed).digest("base64url")}`;
      },
      "ERR_JOSE_ALG_NOT_ALLOWED",
    ],
    "the signature of another token": [async () => `${(await sign(rsa, { email: "eve@corp.example" })).split(".", 2).join(".")}.${(await sign(rsa)).split(".")[2]}`, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    "no signature": [async () => `${(await sign(rsa)).split(".", 2).join(".")}.`, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    "a key that the token brings along": [async () => sign(stranger, {}, { kid: "own", jwk: stranger.jwk }), "ERR_JWKS_NO_MATCHING_KEY"],
    "a key set that the token names": [async () => sign(stranger, {}, { kid: "own", jku: keysUrl("/evil") }), "ERR_JWKS_NO_MATCHING_KEY"],
    "an extension that must be understood": [() => sign(rsa, {}, { crit: ["fake-extension"], "fake-extension": 1 }), "ERR_JOSE_NOT_SUPPORTED"],
  };
  for (const [name, [make, reason]] of Object.entries(cases)) {
    test(name, async () => {
      workers.begin();
      const token = await make();
      const fault = await refusal(main, token);
      assert.equal(fault, `the JWT was refused: ${reason}`);
      assert.deepEqual(workers.upstream.records, []);
      assert.ok(!workers.workerd.output.includes(token.split(".")[1]));
    });
  }

  test("an algorithm that is not listed, though its key is published", async () => {
    assert.equal((await call(rsaOnly, await sign(rsa))).status, 200);
    assert.match(await refusal(rsaOnly, await sign(ec)), /ERR_JOSE_ALG_NOT_ALLOWED/);
  });
  const rsaOnly = believing("/all", { algorithms: undefined });

  test("expired within the leeway is let in", async () => {
    workers.begin();
    assert.equal((await call(main, await sign(rsa, { exp: now() - 5 }))).status, 200);
  });

  test("a made-up key name is no look-up each: the issuer is asked once for many", async () => {
    const before = asked["/all"];
    for (let i = 0; i < 20; i += 1) await refusal(main, await sign(rsa, {}, { kid: `made-up-${i}` }));
    assert.ok(asked["/all"] - before <= 1, `${asked["/all"] - before} look-ups`);
  });
});

describe("Cloudflare Access: its header, its issuer, its audience tag", () => {
  published["/cdn-cgi/access/certs"] = [rsa.jwk];
  // As in docs/deploying.md: a table of variables, which is a JSON binding.
  const access = workers.with({
    ATTENTION_JWT: {
      json: {
        issuer: ISSUER, jwks: keysUrl("/cdn-cgi/access/certs"), audience: AUDIENCE, header: ACCESS, nameClaim: "email",
        grants: [{ claim: "email", endsWith: "@corp.example" }],
      },
    },
    ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN) }]),
  });

  test("the assertion lets in, without an Authorization header, and does not go up", async () => {
    workers.begin();
    const answer = await call(access, null, { headers: [[ACCESS, await sign(rsa)], ["Cookie", "CF_Authorization=fake"]] });
    assert.equal(answer.status, 200, answer.text);
    const [record] = await workers.received(1);
    assert.deepEqual([record.all(ACCESS), record.all("cookie"), record.all("authorization")], [[], [], [`Bearer ${KEY}`]]);
    assert.equal((await workers.log(answer)).caller, "ann@corp.example");
  });

  test("a forged or foreign assertion does not, not even beside a good token", async () => {
    workers.begin();
    for (const assertion of [await sign(stranger), await sign(rsa, { aud: ["another"] }), "x", "a.b.c", ""]) {
      const answer = await call(access, TOKEN, { headers: [[ACCESS, assertion]] });
      assertProblem(answer, 401, "invalid_token");
    }
    assert.deepEqual(workers.upstream.records, []);
  });

  test("the assertion counts in its header alone", async () => {
    workers.begin();
    assertProblem(await call(access, await sign(rsa)), 401, "invalid_token");
    assertProblem(await call(access, null, { headers: [["Cookie", `CF_Authorization=${await sign(rsa)}`]] }), 401, "authorization_missing");
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
    { grants: [{ claim: "groups", is: ["admins", "owners"], policy: "wide" }, { claim: "groups", is: "staff" }] },
    { ATTENTION_POLICY: "allow GET /v2/labels\n[wide]\nallow * /v2/labels/**" },
  );
  for (const [groups, statuses] of [[["admins"], [200, 200]], ["owners", [200, 200]], [["staff"], [200, 403]], [["staff", "owners"], [200, 200]], [["others"], [403, 403]], [{ admins: true }, [403, 403]]]) {
    test(JSON.stringify(groups), async () => {
      workers.begin();
      const token = await sign(rsa, { groups });
      const answers = [await call(grouped, token, { target: "/v2/labels" }), await call(grouped, token, { method: "DELETE", target: "/v2/labels/1" })];
      assert.deepEqual(answers.map(({ status }) => status), statuses);
    });
  }
});

describe("the key set", () => {
  test("many first calls at once: all are let in", async () => {
    workers.begin();
    published["/slow"] = (response) => setTimeout(() => response.end(JSON.stringify({ keys: [rsa.jwk] })), 300);
    const token = await sign(rsa);
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(slow, token)));
    assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 200));
    assert.equal(asked["/slow"], 1);
  });
  const slow = believing("/slow");

  test("stays in use while the issuer is down", async () => {
    workers.begin();
    published["/down"] = [rsa.jwk];
    assert.equal((await call(down, await sign(rsa))).status, 200);
    published["/down"] = (response) => response.destroy();
    assert.equal((await call(down, await sign(rsa))).status, 200);
    await refusal(down, await sign(next));
    assert.equal((await call(down, await sign(rsa))).status, 200);
  });
  const down = believing("/down");

  const useless = {
    "a redirect": (response) => response.writeHead(302, { location: keysUrl("/all") }).end(),
    "10 MB": (response) => {
      response.on("error", () => {});
      response.write(`{"keys":[${JSON.stringify(rsa.jwk)}],"more":"`);
      response.end(`${"x".repeat(10 * 1024 * 1024)}"}`);
    },
    "no JSON": (response) => response.end("<html>"),
    "no key set": (response) => response.end("[]"),
    "a failure": (response) => response.writeHead(500).end(JSON.stringify({ keys: [rsa.jwk] })),
    "nothing there": undefined,
  };
  for (const [name, keys] of Object.entries(useless)) {
    const path = `/useless-${encodeURIComponent(name)}`;
    published[path] = keys;
    const service = believing(path, {}, { ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN) }]) });
    test(`${name}: no key, so nobody with a JWT; others go on`, async () => {
      workers.begin();
      const followed = asked["/all"];
      assert.match(await refusal(service, await sign(rsa)), name === "nothing there" ? /ERR_JWKS/ : /ERR_JWKS_TIMEOUT/);
      assert.equal((await call(service, TOKEN)).status, 200);
      assert.equal(asked["/all"], followed, "the redirect was followed");
      assert.equal(workers.upstream.records.length, 1);
    });
  }

  test("an issuer that says nothing holds a call up for five seconds at most, and does not let it in", async () => {
    workers.begin();
    published["/silent"] = () => {};
    const started = Date.now();
    await refusal(silent, await sign(rsa));
    assert.ok(Date.now() - started < 8_000);
  });
  const silent = believing("/silent");
});

// The clock of workerd cannot be moved, so this is the Worker's module in Node.
describe("rollover", () => {
  const terms = { issuer: ISSUER, audience: [AUDIENCE], algorithms: ["RS256"], leewaySeconds: 30 };
  const headersOf = (token) => new Headers({ authorization: `Bearer ${token}` });

  test("a new key name has the set fetched again, half a minute after the last time at the earliest", async () => {
    published["/roll"] = [rsa.jwk];
    const verify = verifier({ ...terms, jwks: keysUrl("/roll") });
    const old = headersOf(await sign(rsa, { exp: now() + 3600 }));
    const fresh = headersOf(await sign(next, { exp: now() + 3600 }));
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    try {
      assert.ok((await verify(old)).claims);
      published["/roll"] = [rsa.jwk, next.jwk];
      assert.equal((await verify(fresh)).refusal, "ERR_JWKS_NO_MATCHING_KEY");
      mock.timers.tick(29_000);
      assert.equal((await verify(fresh)).refusal, "ERR_JWKS_NO_MATCHING_KEY");
      assert.equal(asked["/roll"], 1);
      mock.timers.tick(2_000);
      const both = await Promise.all([verify(fresh), verify(fresh), verify(old)]);
      assert.deepEqual(both.map(({ claims }) => claims !== undefined), [true, true, true]);
      assert.equal(asked["/roll"], 2);
      // The old key is taken out: ten minutes later at most it is worth nothing.
      published["/roll"] = [next.jwk];
      assert.ok((await verify(old)).claims);
      mock.timers.tick(11 * 60_000);
      assert.equal((await verify(old)).refusal, "ERR_JWKS_NO_MATCHING_KEY");
      assert.ok((await verify(fresh)).claims);
    } finally {
      mock.timers.reset();
    }
  });
});
