// Authentication of callers, and their permissions.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  assertNoSecret,
  assertProblem,
  CALLERS,
  callers,
  KEY,
  OTHER_TOKEN,
  sha256,
  TOKEN,
  useWorkers,
} from "./worker.mjs";

const workers = useWorkers();
const plain = workers.with();

describe("caller tokens", () => {
  const authorized = (...values) => ({ token: null, headers: values.map((value) => ["Authorization", value]) });

  const allowed = {
    "as RFC 6750 writes it": `Bearer ${TOKEN}`,
    "the scheme in lower case": `bearer ${TOKEN}`,
    "the scheme in capitals": `BEARER ${TOKEN}`,
    "several spaces": `Bearer   ${TOKEN}`,
    "blanks around it": `\t Bearer ${TOKEN} \t`,
  };
  for (const [name, value] of Object.entries(allowed)) {
    test(`accepted: ${name}`, async () => {
      workers.begin();
      assert.equal((await workers.call(plain, authorized(value))).status, 200);
      const [record] = await workers.received(1);
      assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
      assert.ok(!record.head.includes(TOKEN));
    });
  }

  const realm = 'Bearer realm="attention"';
  const missing = { status: 401, challenge: realm };
  const wrong = { status: 401, code: "invalid_token", challenge: `${realm}, error="invalid_token"` };
  const malformed = { status: 400, code: "authorization_malformed", challenge: `${realm}, error="invalid_request"` };
  const refused = {
    none: [[], { ...missing, code: "authorization_missing" }],
    "an empty one": [[""], { ...missing, code: "authorization_missing" }],
    "the scheme alone": [["Bearer"], { ...missing, code: "authorization_no_token" }],
    "the scheme and blanks": [["Bearer   "], { ...missing, code: "authorization_no_token" }],
    "the token alone": [[TOKEN], { ...missing, code: "authorization_scheme" }],
    Basic: [[`Basic ${Buffer.from(`app:${TOKEN}`).toString("base64")}`], { ...missing, code: "authorization_scheme" }],
    "a tab behind the scheme": [[`Bearer\t${TOKEN}`], { ...missing, code: "authorization_scheme" }],
    "a colon behind the scheme": [[`Bearer: ${TOKEN}`], { ...missing, code: "authorization_scheme" }],
    "another token": [["Bearer fake-token-of-nobody"], wrong],
    "a token with another last letter": [[`Bearer ${TOKEN.slice(0, -1)}t`], wrong],
    "a token with one letter less": [[`Bearer ${TOKEN.slice(0, -1)}`], wrong],
    "a token with one letter more": [[`Bearer ${TOKEN}x`], wrong],
    "a token in capitals": [[`Bearer ${TOKEN.toUpperCase()}`], wrong],
    "the digest instead of the token": [[`Bearer ${sha256(TOKEN)}`], wrong],
    "the name instead of the token": [["Bearer app"], wrong],
    "the API key itself": [[`Bearer ${KEY}`], wrong],
    "two words": [[`Bearer ${TOKEN} ${TOKEN}`], malformed],
    "a tab inside": [[`Bearer ${TOKEN.slice(0, 5)}\t${TOKEN.slice(5)}`], malformed],
    "in quotes": [[`Bearer "${TOKEN}"`], malformed],
    "only padding": [["Bearer ===="], malformed],
    "no ASCII": [[`Bearer ${TOKEN}\xe9`], malformed],
    "9 KiB": [[`Bearer ${"a".repeat(9 * 1024)}`], { ...malformed, code: "authorization_too_long" }],
    "the header twice, both good": [
      [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`],
      { ...malformed, code: "authorization_repeated" },
    ],
    "the header twice, a good one first": [
      [`Bearer ${TOKEN}`, "Bearer x"],
      { ...malformed, code: "authorization_repeated" },
    ],
    "the header twice, a good one last": [
      ["Bearer x", `Bearer ${TOKEN}`],
      { ...malformed, code: "authorization_repeated" },
    ],
    "two values in one header": [
      [`Bearer ${TOKEN}, Bearer ${TOKEN}`],
      { ...malformed, code: "authorization_repeated" },
    ],
  };
  for (const [name, [values, { status, code, challenge }]] of Object.entries(refused)) {
    test(`refused: ${name}`, async () => {
      workers.begin();
      const answer = await workers.call(plain, authorized(...values));
      assertProblem(answer, status, code);
      assert.deepEqual(answer.all("www-authenticate"), [challenge]);
      assert.deepEqual(workers.upstream.records, []);
      const line = await workers.log(answer);
      assert.deepEqual([line.code, line.caller], [code, undefined]);
      assertNoSecret(answer.head + answer.text + JSON.stringify(line));
    });
  }

  for (const name of ["X-Authorization", "X-Forwarded-Authorization", "Proxy-Authorization", "X-Api-Key", "Cookie"]) {
    test(`refused: a token in ${name}`, async () => {
      workers.begin();
      assertProblem(
        await workers.call(plain, { token: null, headers: [[name, `Bearer ${TOKEN}`]] }),
        401,
        "authorization_missing",
      );
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  test("refused: a token in the query", async () => {
    workers.begin();
    assertProblem(
      await workers.call(plain, { token: null, target: `/v2/users?access_token=${TOKEN}` }),
      401,
      "authorization_missing",
    );
    assert.deepEqual(workers.upstream.records, []);
  });

  test("the log names the caller", async () => {
    workers.begin();
    for (const [token, caller] of [
      [TOKEN, "app"],
      [OTHER_TOKEN, "other"],
    ]) {
      assert.equal((await workers.log(await workers.call(plain, { token }))).caller, caller);
    }
  });

  test("a caller of one Worker is unknown to another", async () => {
    workers.begin();
    assertProblem(await workers.call(plain, { token: "fake-token-of-one-worker" }), 401, "invalid_token");
    assert.equal((await workers.call(elsewhere, { token: "fake-token-of-one-worker" })).status, 200);
    assertProblem(await workers.call(elsewhere), 401, "invalid_token");
  });
  const elsewhere = workers.with({ ATTENTION_CALLERS: callers({ one: "fake-token-of-one-worker" }) });
});

describe("the default policy allows reading, but never keys", () => {
  for (const method of ["GET", "HEAD"]) {
    test(`${method} is allowed`, async () => {
      workers.begin();
      const answer = await workers.call(plain, { method });
      assert.equal(answer.status, 200);
      assert.equal((await workers.received(1))[0].requestLine, `${method} /v2/conversations HTTP/1.1`);
      assert.equal((await workers.log(answer)).route, "/v2/**");
    });
  }

  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    test(`${method} is refused`, async () => {
      workers.begin();
      assertProblem(
        await workers.call(plain, { method, ...(method !== "DELETE" && { body: "{}" }) }),
        403,
        "route_denied",
      );
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  for (const header of ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]) {
    test(`${header} has no effect, and is not forwarded`, async () => {
      workers.begin();
      assert.equal((await workers.call(plain, { headers: [[header, "DELETE"]] })).status, 200);
      const [record] = await workers.received(1);
      assert.equal(record.method, "GET");
      assert.deepEqual(record.all(header), []);
    });
  }

  const spellings = [
    "/v2/api_keys",
    "/v2/api_keys/",
    "/v2/api_keys/1",
    "/v2/api_keys/1/value",
    "/v2/API_KEYS",
    "/v2/Api_Keys/1",
    "/v2/api%5Fkeys",
    "/v2/api%5fkeys",
    "/v2/%61pi_keys",
    "/v2/%61%70%69%5f%6b%65%79%73",
    "/v2/api_key%73/",
    "/v2/API%5FKEYS?x=1",
    "/v2/api_keys?",
    "/v2/api_keys?a=/v2/users",
    "/v2/api_keys#x",
    "http://worker.example/v2/api_keys",
  ];
  const open = workers.with({ ATTENTION_POLICY: "allow * /v2/**\nallow * /v2/api_keys\nallow * /v2/api_keys/**" });
  for (const [policy, service] of [
    ["by default", plain],
    ["whatever a policy allows", open],
  ]) {
    for (const target of spellings) {
      test(`keys are refused ${policy}: ${target}`, async () => {
        workers.begin();
        for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
          const answer = await workers.call(service, { method, target });
          assert.equal(answer.status, 403);
          if (method !== "HEAD") assertProblem(answer, 403, "route_denied");
        }
        assert.deepEqual(workers.upstream.records, []);
      });
    }
  }

  for (const [target, code, status] of [
    ["/v2/users/../api_keys", "path_dot_segment", 400],
    ["/v2/api_keys;x", "path_delimiter", 400],
    ["/v2/api_keys%2f1", "path_encoded_separator", 400],
    ["/v2//api_keys", "path_empty_segment", 400],
    ["/v2/api_keys%00", "path_invalid_character", 400],
    ["/V2/api_keys", "no_such_route", 404],
    ["/api_keys", "no_such_route", 404],
    ["/v2/api%255Fkeys", "path_double_encoding", 400],
    ["/v2/api_keys\\", "path_backslash", 400],
  ]) {
    test(`no spelling evades the denial: ${target}`, async () => {
      workers.begin();
      assertProblem(await workers.call(open, { target }), status, code);
      assert.deepEqual(workers.upstream.records, []);
    });
  }
});

describe("a policy of one's own", () => {
  const own = workers.with({
    ATTENTION_POLICY: `
      # What the dashboard needs.
      allow GET    /v2/conversations
      allow GET    /v2/conversations/*
      allow *      /v2/labels/**
      deny  DELETE /v2/labels/locked/**
      allow POST   /v2/calls/*/notes`,
  });
  const cases = [
    ["GET", "/v2/conversations", "/v2/conversations"],
    ["GET", "/v2/conversations?page=1", "/v2/conversations"],
    ["GET", "/v2/conversations/", null],
    ["GET", "/v2/conversations/1", "/v2/conversations/*"],
    ["GET", "/v2/conversations/1/x", null],
    ["HEAD", "/v2/conversations", null],
    ["POST", "/v2/conversations", null],
    ["GET", "/v2/Conversations", null],
    ["GET", "/v2/%63onversations", "/v2/conversations"],
    ["GET", "/v2/labels", "/v2/labels/**"],
    ["PATCH", "/v2/labels/a/b/c", "/v2/labels/**"],
    ["GET", "/v2/labelsx", null],
    ["GET", "/v2/labels/locked", "/v2/labels/**"],
    ["DELETE", "/v2/labels/open", "/v2/labels/**"],
    ["DELETE", "/v2/labels/locked", null],
    ["DELETE", "/v2/labels/LOCKED/1", null],
    ["DELETE", "/v2/labels/%6cocked/1", null],
    ["POST", "/v2/calls/7/notes", "/v2/calls/*/notes"],
    ["POST", "/v2/calls//notes", "400"],
    ["POST", "/v2/calls/7/8/notes", null],
    ["GET", "/v2/users", null],
  ];
  for (const [method, target, route] of cases) {
    test(`${method} ${target}: ${route ?? "refused"}`, async () => {
      workers.begin();
      const answer = await workers.call(own, { method, target });
      const line = await workers.log(answer);
      if (route === null || route === "400") {
        assert.deepEqual([answer.status, workers.upstream.records.length], [route === null ? 403 : 400, 0]);
      } else {
        assert.equal(answer.status, 200);
        assert.equal((await workers.received(1))[0].requestLine, `${method} ${target} HTTP/1.1`);
        // The pattern and not the path: a path is a caller's text.
        assert.equal(line.route, route);
      }
      assert.equal(line.caller, route === "400" ? undefined : "app");
    });
  }
});

test("an unauthenticated caller cannot probe the policy", async () => {
  workers.begin();
  for (const target of ["/v2/users", "/v2/api_keys", "/elsewhere"]) {
    assertProblem(await workers.call(plain, { target, token: "fake-token-of-nobody" }), 401, "invalid_token");
  }
});

test("the whole log holds no key, no token and no digest", () => {
  assertNoSecret(workers.workerd.output);
  for (const { sha256: digest } of JSON.parse(CALLERS))
    assert.ok(!workers.workerd.output.includes(digest.slice(0, 16)));
});
