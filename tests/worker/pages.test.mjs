// Web pages: which may read responses, and preflights.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const ALLOWED = "https://app.example";
const pages = workers.with({
  ATTENTION_ALLOWED_ORIGINS: `${ALLOWED}, https://other.example:8443,http://localhost:5173`,
  ATTENTION_POLICY: "allow * /v2/**",
});
const none = workers.with();
const CORS = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
  "access-control-expose-headers",
];
const cors = (answer) =>
  answer.headers
    .filter(([name]) => CORS.includes(name.toLowerCase()))
    .map(([name]) => name.toLowerCase())
    .sort();
const varies = (answer) => assert.deepEqual(answer.all("vary"), ["Origin, Authorization"]);

describe("an allowed page", () => {
  for (const origin of [ALLOWED, "https://other.example:8443", "http://localhost:5173"]) {
    test(`${origin} may read the response`, async () => {
      workers.begin({
        body: "{}",
        headers: [
          ["Access-Control-Allow-Origin", "*"],
          ["Access-Control-Allow-Credentials", "true"],
        ],
      });
      const answer = await workers.call(pages, { headers: [["Origin", origin]] });
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.all("access-control-allow-origin"), [origin]);
      assert.deepEqual(cors(answer), ["access-control-allow-origin", "access-control-expose-headers"]);
      varies(answer);
      // The upstream is not asked on behalf of pages.
      assert.deepEqual((await workers.received(1))[0].all("origin"), []);
    });
  }

  test("may read errors too", async () => {
    for (const [request, status] of [
      [{ token: "fake-token-of-nobody" }, 401],
      [{ token: null }, 401],
      [{ target: "/v2/api_keys" }, 403],
      [{ target: "/x" }, 404],
    ]) {
      workers.begin();
      const answer = await workers.call(pages, { ...request, headers: [["Origin", ALLOWED]] });
      assert.equal(answer.status, status);
      assert.deepEqual(answer.all("access-control-allow-origin"), [ALLOWED]);
      varies(answer);
    }
  });

  test("may read the upstream's errors and the Worker's own", async () => {
    // `times`: workerd makes a GET again by itself when a kept connection turns out to be dead.
    for (const [entry, status] of [
      [{ status: 404, body: "{}" }, 404],
      [{ status: 500 }, 502],
      [{ close: true, times: 20 }, 502],
    ]) {
      workers.begin(entry);
      const answer = await workers.call(pages, { headers: [["Origin", ALLOWED]] });
      assert.equal(answer.status, status);
      assert.deepEqual(answer.all("access-control-allow-origin"), [ALLOWED]);
      varies(answer);
    }
  });

  test("still needs a token: an origin is no credential", async () => {
    workers.begin();
    assertProblem(
      await workers.call(pages, { token: null, headers: [["Origin", ALLOWED]] }),
      401,
      "authorization_missing",
    );
  });
});

describe("any other page is refused, and nothing is sent", () => {
  const others = [
    "null",
    "https://evil.example",
    "http://app.example",
    "https://app.example:444",
    "https://app.example:443",
    "https://sub.app.example",
    "https://app.example.evil.example",
    "https://evilapp.example",
    "https://app.example/",
    "https://APP.example",
    "https://app.example.",
    "https://app.example https://evil.example",
    "https://evil.example, https://app.example",
    "https://other.example",
    "file://",
    "https://app.example%00.evil.example",
    "*",
    "app.example",
    "https://аpp.example",
    "chrome-extension://abcdef",
    "https://localhost:5173",
    "http://localhost:5174",
  ];
  for (const origin of others) {
    test(JSON.stringify(origin), async () => {
      workers.begin();
      const answer = await workers.call(pages, { headers: [["Origin", Buffer.from(origin).toString("latin1")]] });
      assertProblem(answer, 403, "origin_not_allowed");
      assert.deepEqual(cors(answer), []);
      varies(answer);
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  test("an allowed and another Origin header", async () => {
    workers.begin();
    const answer = await workers.call(pages, {
      headers: [
        ["Origin", ALLOWED],
        ["Origin", "https://evil.example"],
      ],
    });
    assertProblem(answer, 403, "origin_not_allowed");
    assert.deepEqual(workers.upstream.records, []);
  });

  test("every page, when none is allowed", async () => {
    workers.begin();
    assertProblem(await workers.call(none, { headers: [["Origin", ALLOWED]] }), 403, "origin_not_allowed");
  });
});

test("without a page, there are no CORS headers, but there is Vary", async () => {
  workers.begin();
  const answer = await workers.call(pages);
  assert.equal(answer.status, 200);
  assert.deepEqual(cors(answer), []);
  varies(answer);
});

test("the Worker's own pages need no permission", async () => {
  workers.begin();
  const answer = await workers.call(none, { headers: [["Origin", "http://worker.example"]] });
  assert.equal(answer.status, 200);
  assert.deepEqual(cors(answer), []);
});

describe("preflights", () => {
  const preflight = (origin, method = "POST", headers = "authorization, content-type") => ({
    method: "OPTIONS",
    token: null,
    headers: [
      ["Origin", origin],
      ["Access-Control-Request-Method", method],
      ["Access-Control-Request-Headers", headers],
    ],
  });

  test("an allowed page gets its preflight answered, and nothing is sent", async () => {
    workers.begin();
    const answer = await workers.call(pages, preflight(ALLOWED));
    assert.deepEqual([answer.status, answer.body.length], [204, 0]);
    assert.equal(answer.get("access-control-allow-origin"), ALLOWED);
    const list = (name) => answer.get(name).toLowerCase().split(/, */);
    assert.deepEqual(list("access-control-allow-methods").sort(), ["delete", "get", "head", "patch", "post", "put"]);
    for (const name of ["authorization", "content-type", "idempotency-key", "x-request-id"])
      assert.ok(list("access-control-allow-headers").includes(name), name);
    for (const name of ["cookie", "x-http-method-override", "*"])
      assert.ok(!list("access-control-allow-headers").includes(name), name);
    assert.deepEqual(answer.all("access-control-allow-credentials"), []);
    assert.ok(Number(answer.get("access-control-max-age")) <= 7200);
    varies(answer);
    assert.deepEqual(workers.upstream.records, []);
  });

  test("a method that the Worker refuses is never in the list", async () => {
    for (const method of ["TRACE", "CONNECT", "PROPFIND", "x\u0001y"]) {
      workers.begin();
      const answer = await workers.call(pages, preflight(ALLOWED, method));
      const told = answer.get("access-control-allow-methods") ?? "";
      assert.ok(!told.includes(method) && !told.includes("*"), told);
    }
  });

  for (const origin of ["null", "https://evil.example", "http://app.example"]) {
    test(`${origin} is refused`, async () => {
      workers.begin();
      const answer = await workers.call(pages, preflight(origin));
      assertProblem(answer, 403, "origin_not_allowed");
      assert.deepEqual(cors(answer), []);
      varies(answer);
    });
  }

  test("the list of keys is closed to pages too", async () => {
    workers.begin();
    await workers.call(pages, { ...preflight(ALLOWED), target: "/v2/api_keys" });
    assertProblem(
      await workers.call(pages, { target: "/v2/api_keys", headers: [["Origin", ALLOWED]] }),
      403,
      "route_denied",
    );
    assert.deepEqual(workers.upstream.records, []);
  });

  test("an invalid path is refused first", async () => {
    workers.begin();
    assertProblem(await workers.call(pages, { ...preflight(ALLOWED), target: "/v2/../x" }), 400, "path_dot_segment");
  });
});
