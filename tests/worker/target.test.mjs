// The request target: what the policy judged is what the upstream is sent, byte
// by byte, or nothing is.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const plain = workers.with();
const mounted = workers.with({ ATTENTION_BASE_URL: ({ url }) => `${url}/proxy/v2` });
const bare = workers.with({ ATTENTION_BASE_URL: ({ url }) => url, ATTENTION_POLICY: "allow GET /**" });

describe("sent with the bytes they came with", () => {
  const targets = [
    "/v2/conversations",
    "/v2/conversations/",
    "/v2/x?",
    "/v2/x??",
    "/v2/x?@evil.example",
    "/v2/x?a=../..",
    "/v2/x?a=//evil.example/",
    "/v2/x?a=%zz",
    "/v2/x?a=%2e%2E%2f",
    "/v2/x?a=b&a=b&&=",
    "/v2/x?filter[title]=a+b",
    "/v2/x?a={b}|c^`",
    "/v2/x?a=%0d%0aX-Injected:1",
    "/v2/%41%6c",
    "/v2/%61b%2Bc%20d",
    "/v2/%ef%bc%8e%ef%bc%8e/x",
    "/v2/%E2%80%AE",
    "/v2/a:b@c",
    "/v2/a,b=c!$&'()*+",
    "/v2/~x/-/_/.x/..x/x..",
    "/v2/...",
    "/v2/x?a;b",
    `/v2/${"a".repeat(8000)}`,
    `/v2/x?${"a".repeat(8000)}`,
  ];
  for (const target of targets) {
    test(target.slice(0, 60), async () => {
      workers.begin();
      assert.equal((await workers.call(plain, { target })).status, 200);
      // An empty query and none are the same URL to fetch.
      assert.deepEqual(
        (await workers.received(1)).map(({ requestLine }) => requestLine),
        [`GET ${target === "/v2/x?" ? "/v2/x" : target} HTTP/1.1`],
      );
    });
  }

  test("an apostrophe in the query goes up as %27: fetch's URL parser writes it so", async () => {
    workers.begin();
    assert.equal((await workers.call(plain, { target: "/v2/x?a='b'" })).status, 200);
    assert.equal((await workers.received(1))[0].target, "/v2/x?a=%27b%27");
  });

  test("a fragment never reaches the Worker: workerd cuts it off, and what is judged and sent is the rest", async () => {
    workers.begin();
    assert.equal((await workers.call(plain, { target: "/v2/x#/../api_keys" })).status, 200);
    assert.equal((await workers.received(1))[0].target, "/v2/x");
  });

  test("the absolute form is judged by its path, and goes to the upstream whatever host it names", async () => {
    for (const target of [
      "http://evil.example/v2/x?y",
      "https://evil.example:1/v2/x?y",
      "http://user:pass@evil.example/v2/x?y",
    ]) {
      workers.begin();
      assert.equal((await workers.call(plain, { target })).status, 200);
      const [record] = await workers.received(1);
      assert.equal(record.target, "/v2/x?y");
      assert.deepEqual(record.all("host"), [`127.0.0.1:${workers.upstream.port}`]);
    }
  });
});

describe("refused with a reason, nothing sent", () => {
  // workerd hands request.url on as it came, so that these can be seen at all.
  const refused = {
    path_dot_segment: [
      "/v2/../admin",
      "/v2/..",
      "/v2/.",
      "/v2/./x",
      "/v2/x/.",
      "/v2/x/..",
      "/v2/%2e%2e/x",
      "/v2/.%2e/x",
      "/v2/%2E./x",
      "/v2/%2e/x",
      "/../v2/x",
      "/a/../v2/x",
      "/v2/x/../api_keys",
      "http://evil.example/v2/../x",
    ],
    path_double_encoding: [
      "/v2/%252e%252e/x",
      "/v2/%252fx",
      "/v2/%25%32%65%25%32%65/x",
      "/v2/%25%32e",
      "/v2/%252%65",
      "/v2/api%25%35Fkeys",
    ],
    path_encoded_separator: ["/v2/..%2fx", "/v2/..%2Fx", "/v2/a%2Fb", "/v2/a%5Cb", "/v2/%2f", "/v2%2fx"],
    path_empty_segment: ["/v2//x", "//v2/x", "//evil.example/v2/x", "///v2/x", "/v2/x//", "http://evil.example//v2/x"],
    path_backslash: ["/v2\\x", "/v2/x\\..\\y", "/\\evil.example/v2/x", "\\\\evil.example/v2/x"].filter((target) =>
      target.startsWith("/"),
    ),
    path_delimiter: ["/v2;a=b/x", "/v2/x;", "/v2/x%3f", "/v2/x%23y", "/v2/x%3Ba=b", "/v2/..;/x"],
    path_invalid_character: [
      "/v2/x%00",
      "/v2/x%0d%0aHost:evil",
      "/v2/%7f",
      "/v2/%1b[31m",
      "/v2/a|b",
      '/v2/a"b',
      "/v2/a{b}",
      "/v2/[x]",
      "/v2/\u00ef\u00bc\u008e",
    ],
    path_invalid_encoding: [
      "/v2/%",
      "/v2/%4",
      "/v2/%zz",
      "/v2/%u002e",
      "/v2/%c0%ae%c0%ae/x",
      "/v2/%e0%80%af",
      "/v2/%ff",
      "/v2/%ed%a0%80",
    ],
    path_too_long: [`/v2/${"a".repeat(9000)}`],
    path_not_absolute: ["*"],
    query_too_long: [`/v2/x?${"a".repeat(9000)}`],
    query_invalid_character: ["/v2/x?a\\b"],
    url_repeats_base: ["/v2/v2/x"],
  };
  for (const [code, targets] of Object.entries(refused)) {
    for (const target of targets) {
      test(`${code}: ${target.slice(0, 60)}`, async () => {
        workers.begin();
        assertProblem(await workers.call(plain, { target }), 400, code);
        assert.deepEqual(workers.upstream.records, []);
      });
    }
  }

  for (const target of ["/", "/v1/x", "/V2/x", "/v2", "/v20/x", "/x/v2/x", "/healthz/", "/readyz/x"]) {
    test(`404: ${target}`, async () => {
      workers.begin();
      assertProblem(await workers.call(plain, { target }), 404, "no_such_route");
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  test("the URL may not hold the key itself, plain or encoded", async () => {
    const { KEY } = await import("./worker.mjs");
    for (const target of [`/v2/x?key=${KEY}`, `/v2/${KEY}`, `/v2/x?key=%66${KEY.slice(1)}`]) {
      workers.begin();
      assertProblem(await workers.call(plain, { target }), 400, "url_holds_secret");
      assert.deepEqual(workers.upstream.records, []);
    }
  });
});

describe("refused by workerd itself, before the Worker", () => {
  const targets = [
    "v2/x",
    "",
    "@evil.example/v2/x",
    ":80/v2/x",
    "javascript:/v2/x",
    "http:/v2/x",
    "/v2/a b",
    "/v2/a\tb",
    "/v2/a\0b",
    "/v2/a\rb",
    "/v2/\xff",
    "/v2/a^b",
    '/v2/x?a="b"',
    "/v2/x?a=<b>",
    "/v2/x?a=\xe9",
    "/v2/x?a=\x01",
    "\\\\evil.example\\v2",
    `/v2/${"a".repeat(100_000)}`,
  ];
  for (const target of targets) {
    test(JSON.stringify(target.slice(0, 40)), async () => {
      workers.begin();
      const answer = await workers.call(plain, { target });
      assert.ok(answer === null || [400, 414].includes(answer.status), answer?.head);
      assert.deepEqual(workers.upstream.records, []);
    });
  }
});

describe("a Host that is more than a host shifts the URL in workerd; what is judged is what is sent all the same", () => {
  for (const [host, expected] of [
    ["h/v2/api_keys?", 403],
    ["h/v2/api_keys#", 400],
    ["h/v2/users?", "/v2/users?/v2/conversations"],
    ["h?", 400],
    ["h://e/v2/api_keys", 400],
    ["h/..", 400],
    ["h\\", "/v2/conversations"],
    ["user:pass@h", "/v2/conversations"],
    ["evil.example", "/v2/conversations"],
    ["[::1]:1", "/v2/conversations"],
  ]) {
    test(host, async () => {
      workers.begin();
      const answer = await workers.call(plain, { host });
      if (typeof expected === "number") {
        assert.equal(answer.status, expected);
        assert.deepEqual(workers.upstream.records, []);
      } else {
        assert.equal(answer.status, 200);
        const [record] = await workers.received(1);
        assert.equal(record.target, expected);
        assert.deepEqual(record.all("host"), [`127.0.0.1:${workers.upstream.port}`]);
      }
    });
  }
});

describe("the base URL's own path is where the Worker is mounted", () => {
  test("a caller writes it, and it goes up once", async () => {
    workers.begin();
    // Policies speak of the API's paths, here under a prefix.
    assert.equal((await workers.call(prefixed, { target: "/proxy/v2/x?y" })).status, 200);
    assert.equal((await workers.received(1))[0].target, "/proxy/v2/x?y");
  });
  const prefixed = workers.with({
    ATTENTION_BASE_URL: ({ url }) => `${url}/proxy/v2`,
    ATTENTION_POLICY: "allow GET /proxy/v2/**",
  });

  test("the default policy speaks of /v2 alone", async () => {
    workers.begin();
    assertProblem(await workers.call(mounted, { target: "/v2/x" }), 404, "no_such_route");
    assertProblem(await workers.call(mounted, { target: "/proxy/v2/x" }), 403, "route_denied");
    assert.deepEqual(workers.upstream.records, []);
  });

  test("a base URL without a path: everything may be mounted, keys are refused all the same", async () => {
    workers.begin();
    assert.equal((await workers.call(bare, { target: "/v3/x" })).status, 200);
    assert.equal((await workers.received(1))[0].target, "/v3/x");
    assertProblem(await workers.call(bare, { target: "/v2/api_keys" }), 403, "route_denied");
    assertProblem(await workers.call(bare, { target: "//evil.example/x" }), 400, "path_empty_segment");
    assert.equal(workers.upstream.records.length, 1);
  });
});

describe("methods", () => {
  for (const method of ["TRACE", "PROPFIND", "PURGE"]) {
    test(`${method}: 405 with Allow`, async () => {
      workers.begin();
      const answer = await workers.call(plain, { method });
      assertProblem(answer, 405, "method_not_allowed");
      assert.equal(answer.get("allow"), "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  for (const [method, target] of [
    ["CONNECT", "evil.example:443"],
    ["TRACK", "/v2/x"],
    ["get", "/v2/x"],
    ["GETGET", "/v2/x"],
    ["", "/v2/x"],
  ]) {
    test(`${method || "none"}: refused by workerd, before the Worker`, async () => {
      workers.begin();
      const answer = await workers.call(plain, { method, target });
      assert.ok([400, 500, 501].includes(answer.status), answer.head);
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  test("OPTIONS that is no preflight: 405", async () => {
    workers.begin();
    assertProblem(await workers.call(plain, { method: "OPTIONS" }), 405, "method_not_allowed");
    assert.deepEqual(workers.upstream.records, []);
  });
});
