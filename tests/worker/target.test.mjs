// The request target: the upstream receives exactly the bytes that the policy
// judged, or nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const plain = workers.with();
const mounted = workers.with({ ATTENTION_BASE_URL: ({ url }) => `${url}/proxy/v2` });
const bare = workers.with({ ATTENTION_BASE_URL: ({ url }) => url, ATTENTION_POLICY: "allow GET /**" });

describe("paths are forwarded byte by byte", () => {
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

describe("ambiguous paths are refused with a reason, and nothing is sent", () => {
  // workerd does not change request.url, so the Worker sees these.
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
      // Dots in other forms, and dots among blanks.
      "/v2/%ef%bc%8e%ef%bc%8e/x",
      "/v2/%E2%80%A5/x",
      "/v2/%EF%B9%92/x",
      "/v2/..%20/x",
      "/v2/%C2%A0.+/x",
      "/v2/.%E2%80%8B./x",
    ],
    path_double_encoding: [
      "/v2/%252e%252e/x",
      "/v2/%252fx",
      "/v2/%25%32%65%25%32%65/x",
      "/v2/%25%32e",
      "/v2/%252%65",
      "/v2/api%25%35Fkeys",
      "/v2/%EF%BC%852e/x",
    ],
    path_encoded_separator: [
      "/v2/..%2fx",
      "/v2/..%2Fx",
      "/v2/a%2Fb",
      "/v2/a%5Cb",
      "/v2/%2f",
      "/v2%2fx",
      "/v2/a%EF%BC%8Fb",
      "/v2/a%E2%88%95b",
      "/v2/a%EF%BC%BCb",
      "/v2/%E2%84%85",
    ],
    path_empty_segment: ["/v2//x", "//v2/x", "//evil.example/v2/x", "///v2/x", "/v2/x//", "http://evil.example//v2/x"],
    path_backslash: ["/v2\\x", "/v2/x\\..\\y", "/\\evil.example/v2/x", "\\\\evil.example/v2/x"].filter((target) =>
      target.startsWith("/"),
    ),
    path_delimiter: [
      "/v2;a=b/x",
      "/v2/x;",
      "/v2/x%3f",
      "/v2/x%23y",
      "/v2/x%3Ba=b",
      "/v2/..;/x",
      "/v2/x%CD%BEa",
      "/v2/x%EF%BC%9Fa",
    ],
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

  test("a URL with the key in it, plain or encoded, is refused", async () => {
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
  test("a caller writes the base path, and it is forwarded once", async () => {
    workers.begin();
    // Policies speak of the API's paths, here under a prefix.
    assert.equal((await workers.call(prefixed, { target: "/proxy/v2/x?y" })).status, 200);
    assert.equal((await workers.received(1))[0].target, "/proxy/v2/x?y");
  });
  const prefixed = workers.with({
    ATTENTION_BASE_URL: ({ url }) => `${url}/proxy/v2`,
    ATTENTION_POLICY: "allow GET /proxy/v2/**",
  });

  test("the default policy covers only /v2", async () => {
    workers.begin();
    assertProblem(await workers.call(mounted, { target: "/v2/x" }), 404, "no_such_route");
    assertProblem(await workers.call(mounted, { target: "/proxy/v2/x" }), 403, "route_denied");
    assert.deepEqual(workers.upstream.records, []);
  });

  test("with a base URL without a path, every path may be allowed, but keys are refused", async () => {
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

  test("an OPTIONS request that is not a preflight gets 405", async () => {
    workers.begin();
    assertProblem(await workers.call(plain, { method: "OPTIONS" }), 405, "method_not_allowed");
    assert.deepEqual(workers.upstream.records, []);
  });
});

describe("another spelling of a request does not evade a rule", () => {
  const ruled = workers.with({
    ATTENTION_POLICY: `
      allow GET  /v2/conversations/list query=page,filter[title]
      allow GET  /v2/conversations/*    redact=transcript,email
      allow POST /v2/ask                body=1kb
      allow HEAD /v2/**
      allow *    /v2/**
      deny  *    /v2/users/
      deny  GET  /v2/labels/*/`,
  });
  const SHOWS_ALL = {
    headers: [["Content-Type", "application/json"]],
    body: '{"id":7,"email":"ann@corp.example","transcript":"fake"}',
  };

  test("as documented: judged by its rule", async () => {
    workers.begin(SHOWS_ALL);
    assert.deepEqual((await workers.call(ruled, { target: "/v2/conversations/7" })).json(), { id: 7 });
    for (const target of [
      "/v2/conversations/list?page=1&filter%5Btitle%5D=Q4+%26+more",
      "/v2/conversations/%6cist?p%61ge=1",
      "/v2/conversations/ann.smith@corp.example",
      "/v2/conversations/Gespr%C3%A4ch%20%E6%97%A5%E6%9C%AC",
      "/v2/users/7?anything;goes",
    ]) {
      workers.begin();
      assert.equal((await workers.call(ruled, { target })).status, 200, target);
      assert.equal((await workers.received(1))[0].target, target);
    }
  });

  const spellings = (path) => [
    `${path}/`,
    path.replace(/[a-z]([^/]*)$/, (name) => name.toUpperCase()),
    path.replace(/s/g, "%C5%BF"),
    path.replace(/i/g, "%C4%B1"),
    path.replace(/[a-z](?=[^/]*$)/, (letter) => encodeURIComponent(String.fromCharCode(letter.charCodeAt(0) + 0xfee0))),
    path.replace(/.$/, "$&%CC%81"),
    path.replace(/.$/, "%C2%AD$&"),
    ...[
      ".json",
      ".JSON",
      ".csv.gz",
      ":list",
      ",v=1",
      ".",
      "%20",
      "+",
      "%C2%A0",
      "%E2%80%8B",
      "/...",
      "/.json",
      "/%20",
    ].map((end) => path + end),
    path.replace(/\/(?=[^/]*$)/, "/%20"),
    path.replace(/\/(?=[^/]*$)/, "/.xml/"),
    path.replace(/\/(?=[^/]*$)/, "//"),
    path.replace(/\/(?=[^/]*$)/, "/./"),
    path.replace(/\/(?=[^/]*$)/, "/x/../"),
    `${path};x=1`,
    `${path}%2f`,
    path.replace(/.$/, (letter) => `%25${letter.charCodeAt(0).toString(16)}`),
  ];
  for (const target of ["/v2/users", "/v2/labels/list", "/v2/conversations/list?secret=1", "/v2/api_keys"]) {
    test(`in every spelling: ${target}`, async () => {
      const [path, query] = target.split("?");
      workers.begin();
      for (const spelling of new Set([path, ...spellings(path)])) {
        const answer = await workers.call(ruled, { target: query ? `${spelling}?${query}` : spelling });
        // A label's id may be in capitals; with more than an id behind it, it is another path.
        if (target === "/v2/labels/list" && answer.status === 200) {
          assert.match(spelling, /\/labels\/(\.xml\/|list\/(\.{3}|\.json|%20))/);
          continue;
        }
        assert.ok([400, 403].includes(answer.status), `${spelling}: ${answer.status}`);
      }
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  const refused = [
    ["/v2/conversations/7/", 403, "route_denied"],
    ["/v2/Conversations/7", 403, "route_denied"],
    ["/v2/conversations/list?page=1;secret=2", 403, "query_denied"],
    ["/v2/conversations/list?page=1?secret=2", 403, "query_denied"],
    ["/v2/conversations/list?page=1%26secret%3D2", 403, "query_denied"],
    ["/v2/conversations/list?page[]=1", 403, "query_denied"],
    ["/v2/conversations/list?PAGE=1", 403, "query_denied"],
    ["/v2/conversations/list?page%00=1", 403, "query_denied"],
    ["/v2/teams?_method=DELETE", 400, "method_override"],
    ["/v2/teams?page=1;%5FMETHOD=DELETE", 400, "method_override"],
    ["/v2/ask/", 403, "route_denied", { method: "POST", body: "x".repeat(2048) }],
    ["/v2/ask", 413, "body_too_large", { method: "POST", body: "x".repeat(2048) }],
    ["/v2/ask", 415, "body_coded", { method: "POST", body: "x", headers: [["Content-Encoding", "gzip"]] }],
    ["/v2/teams?X-HTTP-Method-Override=DELETE", 400, "method_override", { method: "POST", body: "{}" }],
    ["/v2/teams?_method=POST", 400, "method_override", { method: "PUT", body: "{}" }],
  ];
  for (const [target, status, code, request] of refused) {
    test(`${request?.method ?? "GET"} ${target}: ${code}`, async () => {
      workers.begin();
      assertProblem(await workers.call(ruled, { target, ...request }), status, code);
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  test("HEAD is denied like GET, and needs the same conditions", async () => {
    workers.begin();
    for (const target of ["/v2/labels/7", "/v2/labels/7/", "/v2/conversations/list?secret=1", "/v2/users"]) {
      assert.equal((await workers.call(ruled, { method: "HEAD", target })).status, 403, target);
    }
    assert.deepEqual(workers.upstream.records, []);
    assert.equal((await workers.call(ruled, { method: "HEAD", target: "/v2/conversations/list?page=1" })).status, 200);
  });

  const anywhere = workers.with({ ATTENTION_BASE_URL: ({ url }) => url, ATTENTION_POLICY: "allow * /**" });
  test("/mcp has one spelling, and no path that a server could take for it is forwarded unread", async () => {
    workers.begin();
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_api_keys"}}';
    for (const target of ["/%6dcp", "/mcp/", "/MCP", "/mcp.json", "/mcp%20", "/mcp/...", "/%EF%BD%8Dcp", "/.x/mcp"]) {
      assertProblem(await workers.call(anywhere, { method: "POST", target, body }), 404, "no_such_route");
    }
    assertProblem(await workers.call(anywhere, { method: "POST", target: "/mcp", body }), 403, "mcp_tool_denied");
    assert.deepEqual(workers.upstream.records, []);
  });
});
