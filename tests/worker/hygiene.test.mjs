// Forwarded headers in both directions, from the recorded bytes of the upstream
// and of the client.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { requestBytes, send } from "./wire.mjs";
import { assertNoSecret, KEY, SECRETS, TOKEN, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const plain = workers.with({ ATTENTION_POLICY: "allow * /v2/**" });
/** What goes up of the Worker's own: its key, and that Cloudflare is to store and to take nothing on the way. */
const OWN = ["authorization", "cache-control", "host", "pragma"];
const names = (message) => message.headers.map(([name]) => name.toLowerCase()).sort();

describe("up", () => {
  test("a bare GET has the key, two header lines that bypass caches, and nothing about the caller", async () => {
    workers.begin();
    await workers.call(plain);
    const [record] = await workers.received(1);
    assert.equal(
      record.head,
      `GET /v2/conversations HTTP/1.1\r\nHost: 127.0.0.1:${workers.upstream.port}\r\nAuthorization: Bearer ${KEY}\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n`,
    );
  });

  const passed = [
    ["Accept", "application/json"],
    ["Accept-Encoding", "gzip"],
    ["Accept-Language", "de"],
    ["Content-Encoding", "identity"],
    ["Content-Language", "en"],
    ["Content-Type", "application/json"],
    ["Idempotency-Key", "fake-1"],
    ["If-Match", '"a"'],
    ["If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ["If-None-Match", 'W/"b"'],
    ["If-Range", '"c"'],
    ["If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ["Prefer", "return=minimal"],
    ["Range", "bytes=0-1"],
    ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["tracestate", "a=1"],
  ];
  test("headers that a call needs are forwarded unchanged", async () => {
    workers.begin();
    assert.equal((await workers.call(plain, { method: "PUT", headers: passed, body: "{}" })).status, 200);
    const [record] = await workers.received(1);
    for (const [name, value] of passed) assert.deepEqual(record.all(name), [value], name);
    assert.deepEqual(names(record), [...OWN, "content-length", ...passed.map(([name]) => name.toLowerCase())].sort());
  });

  const kept = {
    credentials: [
      ["Cookie", "session=1"],
      ["Proxy-Authorization", "Basic eDp5"],
      ["X-Api-Key", "x"],
      ["X-Forwarded-Authorization", "Bearer x"],
      ["X-Authorization", "Bearer x"],
      ["X-Original-Authorization", "Bearer x"],
      ["Authorization2", "Bearer x"],
      ["X_Authorization", "x"],
    ],
    "where it came from": [
      ["Origin", "http://worker.example"],
      ["Referer", "https://app.example/secret"],
      ["User-Agent", "curl/8"],
      ["Forwarded", "for=1.2.3.4"],
      ["X-Forwarded-For", "1.2.3.4"],
      ["X-Forwarded-Host", "evil.example"],
      ["X-Forwarded-Proto", "http"],
      ["X-Real-IP", "1.2.3.4"],
      ["Via", "1.1 x"],
      ["True-Client-IP", "1.2.3.4"],
      ["Sec-Fetch-Site", "cross-site"],
      ["Sec-CH-UA", "x"],
      ["DNT", "1"],
      ["X-Request-Id", "caller-id-1"],
    ],
    "Cloudflare's own": [
      ["CF-Connecting-IP", "1.2.3.4"],
      ["CF-Ray", "x"],
      ["CF-Visitor", "{}"],
      ["CF-IPCountry", "XX"],
      ["CF-Worker", "x"],
      ["CF-EW-Via", "15"],
      ["CF-Access-Jwt-Assertion", "x.y.z"],
      ["CF-Access-Client-Secret", "x"],
      ["CDN-Loop", "cloudflare"],
    ],
    rewriting: [
      ["X-HTTP-Method-Override", "DELETE"],
      ["X-Original-URL", "/v2/api_keys"],
      ["X-Rewrite-URL", "/v2/api_keys"],
      ["X-Forwarded-Prefix", "/x"],
      ["X-Forwarded-Path", "/v2/api_keys"],
      ["Destination", "/x"],
    ],
    "hop by hop": [
      ["Keep-Alive", "timeout=5"],
      ["Proxy-Connection", "keep-alive"],
      ["TE", "trailers"],
      ["Trailer", "X-T"],
      ["Expect", "100-continue"],
      ["Max-Forwards", "1"],
      ["Upgrade-Insecure-Requests", "1"],
    ],
    unknown: [
      ["X-Anything", "1"],
      ["Secret", "1"],
      ["Content-MD5", "x"],
      ["Digest", "x"],
      ["Accept-Charset", "x"],
      ["Cache-Control", "max-age=3600"],
      ["Pragma", "x"],
      ["__proto__", "x"],
      ["constructor", "x"],
    ],
  };
  for (const [kind, headers] of Object.entries(kept)) {
    test(`these headers are removed: ${kind}`, async () => {
      workers.begin();
      const answer = await workers.call(plain, { method: "POST", headers, body: "{}" });
      assert.equal(answer.status, 200, answer.text);
      const [record] = await workers.received(1);
      assert.deepEqual(names(record), [...OWN, "content-length"].sort());
      assert.deepEqual([record.all("cache-control"), record.all("pragma")], [["no-cache"], ["no-cache"]]);
    });
  }

  test("headers that Connection names are removed too", async () => {
    workers.begin();
    await workers.call(plain, {
      headers: [
        ["Connection", "close, X-Secret, Keep-Alive"],
        ["X-Secret", "1"],
        ["Keep-Alive", "1"],
      ],
    });
    assert.deepEqual(names((await workers.received(1))[0]), OWN);
  });

  test("naming Authorization in Connection does not remove the key, and Host is not the caller's", async () => {
    workers.begin();
    await workers.call(plain, { host: "evil.example", headers: [["Connection", "close, Authorization, Host"]] });
    const [record] = await workers.received(1);
    assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
    assert.deepEqual(record.all("host"), [`127.0.0.1:${workers.upstream.port}`]);
  });

  test("a repeated header is forwarded as one list, in order", async () => {
    workers.begin();
    await workers.call(plain, {
      headers: [
        ["Accept", "a/b"],
        ["accept", "c/d"],
        ["If-None-Match", '"a"'],
        ["IF-NONE-MATCH", '"b"'],
      ],
    });
    const [record] = await workers.received(1);
    assert.deepEqual(record.all("accept"), ["a/b, c/d"]);
    assert.deepEqual(record.all("if-none-match"), ['"a", "b"']);
  });

  for (const [name, value] of [
    ["obs-fold", "a\r\n X-Injected: b"],
    ["CR", "a\rX-Injected: b"],
    ["NUL", "a\0b"],
  ]) {
    test(`a value with ${name} is refused by workerd, nothing sent`, async () => {
      workers.begin();
      assert.equal((await workers.call(plain, { headers: [["Accept", value]] })).status, 400);
      assert.deepEqual(workers.upstream.records, []);
    });
  }

  for (const [asked, up] of [
    ["gzip, deflate, br, zstd", "gzip, br"],
    ["zstd", "identity"],
    ["*", "identity"],
    ["br;q=0.5, gzip", "br;q=0.5, gzip"],
  ]) {
    test(`the API is asked for encodings that the runtime decodes: ${asked}`, async () => {
      workers.begin();
      await workers.call(plain, { headers: [["Accept-Encoding", asked]] });
      assert.deepEqual((await workers.received(1))[0].all("accept-encoding"), [up]);
    });
  }

  test("no encoding is requested that the caller did not accept", async () => {
    workers.begin();
    await workers.call(plain);
    assert.deepEqual((await workers.received(1))[0].all("accept-encoding"), []);
  });
});

describe("down", () => {
  const always = ["server-timing", "vary", "x-content-type-options", "x-request-id"];
  const body = '{"ok":true}';
  const answerWith = (headers, more = {}) => workers.begin({ body, headers, ...more });

  test("a bare response has exactly these headers", async () => {
    answerWith([]);
    const answer = await workers.call(plain);
    assert.deepEqual(names(answer), ["cache-control", "connection", "content-length", ...always].sort());
    assert.equal(answer.get("cache-control"), "private, no-store");
    assert.equal(answer.get("vary"), "Origin, Authorization");
    assert.equal(answer.get("x-content-type-options"), "nosniff");
  });

  const passed = [
    ["Accept-Ranges", "bytes"],
    ["Cache-Control", "max-age=60"],
    ["Content-Disposition", "attachment; filename=a.json"],
    ["Content-Language", "en"],
    ["Content-Type", "application/json"],
    ["Deprecation", "@1"],
    ["ETag", 'W/"x"'],
    ["Expires", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ["Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ["Link", '</v2/x?page=2>; rel="next"'],
    ["RateLimit", '"d";r=1;t=2'],
    ["RateLimit-Policy", '"d";q=9;w=9'],
    ["X-RateLimit-Remaining", "3"],
    ["Retry-After", "3"],
    ["Sunset", "Sun, 06 Nov 2044 08:49:37 GMT"],
  ];
  test("useful headers are passed on unchanged", async () => {
    answerWith(passed);
    const answer = await workers.call(plain);
    for (const [name, value] of passed) assert.deepEqual(answer.all(name), [value], name);
    assert.deepEqual(
      names(answer),
      ["connection", "content-length", ...always, ...passed.map(([name]) => name.toLowerCase())].sort(),
    );
  });

  const kept = {
    "cookies and challenges": [
      ["Set-Cookie", "a=1; Domain=attention.tech"],
      ["Set-Cookie", "b=2"],
      ["Set-Cookie2", "x"],
      ["WWW-Authenticate", 'Bearer realm="upstream"'],
      ["Authentication-Info", "x"],
      ["Proxy-Authenticate", "Basic"],
    ],
    "what serves it": [
      ["Server", "nginx/1.2"],
      ["X-Powered-By", "Express"],
      ["Via", "1.1 x"],
      ["X-AspNet-Version", "1"],
      ["CF-Ray", "x"],
      ["CF-Cache-Status", "HIT"],
      ["Alt-Svc", 'h3=":443"'],
      ["X-Backend", "10.0.0.1"],
      ["X-Amzn-Trace-Id", "x"],
      ["Age", "1"],
      ["X-Debug", "1"],
      ["X-Request-Id", "upstream-id-1"],
      ["Server-Timing", "db;dur=1"],
      ["Date", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ],
    "what speaks to a browser": [
      ["Access-Control-Allow-Origin", "*"],
      ["Access-Control-Allow-Credentials", "true"],
      ["Access-Control-Expose-Headers", "*"],
      ["Content-Security-Policy", "default-src *"],
      ["Strict-Transport-Security", "max-age=0"],
      ["Clear-Site-Data", '"*"'],
      ["Refresh", "0; url=https://evil.example"],
      ["Location", "https://evil.example"],
      ["X-Frame-Options", "ALLOWALL"],
      ["Service-Worker-Allowed", "/"],
      ["NEL", "{}"],
      ["Report-To", "{}"],
      ["X-Content-Type-Options", "none"],
      ["SourceMap", "/x.map"],
    ],
    "hop by hop": [
      ["Keep-Alive", "timeout=5"],
      ["Proxy-Connection", "x"],
      ["Trailer", "X-T"],
      ["Upgrade", "h2c"],
    ],
    "caching by others": [
      ["Surrogate-Control", "max-age=9"],
      ["CDN-Cache-Control", "max-age=9"],
      ["Cloudflare-CDN-Cache-Control", "max-age=9"],
    ],
  };
  for (const [kind, headers] of Object.entries(kept)) {
    test(`these headers are removed: ${kind}`, async () => {
      answerWith(headers);
      const answer = await workers.call(plain);
      assert.equal(answer.status, 200);
      assert.deepEqual(names(answer), ["cache-control", "connection", "content-length", ...always].sort());
      assert.deepEqual(answer.all("vary"), ["Origin, Authorization"]);
      assert.deepEqual(answer.all("x-content-type-options"), ["nosniff"]);
      assert.equal(answer.text, body);
    });
  }

  for (const [theirs, all] of [
    ["Accept-Language", "Origin, Authorization, Accept-Language"],
    ["accept, ORIGIN,Accept", "Origin, Authorization, accept"],
    ["*", "Origin, Authorization, *"],
  ]) {
    test(`the API's Vary is merged with the Worker's: ${theirs}`, async () => {
      answerWith([
        ["Vary", theirs],
        ["Cache-Control", "max-age=600"],
      ]);
      const answer = await workers.call(plain);
      assert.deepEqual(answer.all("vary"), [all]);
      assert.equal(answer.get("cache-control"), "max-age=600");
    });
  }

  test("a response for shared caches is passed on as private", async () => {
    answerWith([["Cache-Control", "public, s-maxage=600, max-age=60"]]);
    assert.equal((await workers.call(plain)).get("cache-control"), "private, max-age=60");
  });

  test("a response's age is passed on with its freshness", async () => {
    const fresh = ["Cache-Control", "max-age=600"];
    const age = async (...headers) => {
      answerWith(headers);
      return (await workers.call(plain)).get("age");
    };
    const hourAgo = new Date(Date.now() - 3_600_000).toUTCString();
    assert.equal(await age(fresh, ["Age", "500"]), "500");
    assert.ok(Number(await age(fresh, ["Age", "500"], ["Date", hourAgo])) >= 3600);
    assert.equal(await age(fresh), null);
    assert.equal(await age(["Age", "500"]), null);
    answerWith([fresh, ["Age", "soon"]]);
    const unreadable = await workers.call(plain);
    assert.deepEqual([unreadable.get("age"), unreadable.get("cache-control")], [null, "private, no-store"]);
  });

  test("Expires without a date to count from is told as a time", async () => {
    const at = Date.now();
    const later = (millis) => new Date(at + millis).toUTCString();
    answerWith([
      ["Cache-Control", "private"],
      ["Expires", later(900_000)],
      ["Date", later(0)],
    ]);
    assert.equal((await workers.call(plain)).get("cache-control"), "private, max-age=900");
  });

  const base = () => `http://127.0.0.1:${workers.upstream.port}`;
  for (const [name, value, down] of [
    ["a path", "/v2/things/1", "/v2/things/1"],
    ["a relative path", "things/1", "things/1"],
    ["the API's own address", () => `${base()}/v2/things/1?a=b`, "/v2/things/1?a=b"],
    ["the API's address without its scheme", () => `//127.0.0.1:${workers.upstream.port}/v2/x`, "/v2/x"],
    ["another place at the API", () => `${base()}/admin`, null],
    ["another port of the API's host", "http://127.0.0.1:1/v2/x", null],
    ["another host", "https://evil.example/v2/x", null],
  ]) {
    test(`where a new thing is: ${name}`, async () => {
      const location = typeof value === "string" ? value : value();
      answerWith([["Location", location]], { status: 201 });
      const answer = await workers.call(plain, { method: "POST", body: "{}" });
      assert.deepEqual([answer.status, answer.get("location")], [201, down]);
    });
  }

  test("links to the API lead to the Worker, others are unchanged", async () => {
    answerWith([["Link", `<${base()}/v2/x?page=2>; rel="next", <https://docs.example/>; rel=help`]]);
    const link = (await workers.call(plain)).get("link");
    assert.equal(link, '</v2/x?page=2>; rel="next", <https://docs.example/>; rel=help');
  });

  test("a 405 has Allow", async () => {
    answerWith([["Allow", "GET, POST"]], { status: 405 });
    assert.equal((await workers.call(plain, { method: "DELETE" })).get("allow"), "GET, POST");
  });

  for (const [value, down] of [
    ["120", "120"],
    ["Sun, 06 Nov 2044 08:49:37 GMT", "Sun, 06 Nov 2044 08:49:37 GMT"],
    ["soon", null],
    ["-1", null],
  ]) {
    test(`Retry-After: ${value}`, async () => {
      answerWith([["Retry-After", value]], { status: 413 });
      assert.equal((await workers.call(plain)).get("retry-after"), down);
    });
  }

  test("the headers of a part are passed on only with a part", async () => {
    answerWith([["Content-Range", "bytes 0-1/2"]]);
    assert.equal((await workers.call(plain)).get("content-range"), null);
  });

  test("headers that Connection names are removed", async () => {
    answerWith([
      ["Connection", "X-Hop"],
      ["X-Hop", "1"],
    ]);
    assert.deepEqual((await workers.call(plain)).all("x-hop"), []);
  });

  test("the other headers of an error are removed too", async () => {
    answerWith(
      [
        ["Set-Cookie", "a=1"],
        ["Server", "nginx"],
        ["WWW-Authenticate", "Bearer"],
        ["Content-Type", "application/json"],
      ],
      { status: 404 },
    );
    const answer = await workers.call(plain);
    assert.equal(answer.status, 404);
    assert.deepEqual(
      names(answer),
      ["cache-control", "connection", "content-length", "content-type", ...always].sort(),
    );
  });

  test("an interim response is not the response", async () => {
    answerWith([], { interim: ["HTTP/1.1 103 Early Hints\r\nLink: </x>", "HTTP/1.1 100 Continue"] });
    const answer = await workers.call(plain);
    assert.deepEqual([answer.status, answer.text, answer.all("link")], [200, body, []]);
  });

  test("the status text is not passed on", async () => {
    answerWith([], { reason: `OK ${KEY}` });
    assertNoSecret((await workers.call(plain)).head);
  });

  for (const [name, value] of [
    ["as it is", KEY],
    ["in a list", `a, ${KEY}; b`],
    ["behind Bearer", `Bearer ${KEY}`],
  ]) {
    test(`a header that echoes the key is left out: ${name}`, async () => {
      for (const status of [200, 404]) {
        answerWith(
          [
            ["ETag", `"${value}"`],
            ["Link", `<https://x.example/?k=${value}>`],
            ["Content-Language", "en"],
          ],
          { status },
        );
        const answer = await workers.call(plain);
        assertNoSecret(answer.head);
        assert.deepEqual([answer.all("etag"), answer.all("link"), answer.get("content-language")], [[], [], "en"]);
      }
    });
  }
});

const odd = workers.with({ ATTENTION_API_KEY: "fake+key/with~all._-of-it==" });
test("a header that echoes the key percent-encoded is left out", async () => {
  for (const value of [
    "fake%2Bkey%2Fwith~all._-of-it%3D%3D",
    "%66ake+key/with~all._-of-it==",
    "100%&k=fake%2bkey/with~all._-of-it==",
  ]) {
    workers.begin({
      body: "{}",
      headers: [
        ["Link", `<https://x.example/?k=${value}>`],
        ["ETag", '"100%"'],
      ],
    });
    const answer = await workers.call(odd);
    assert.deepEqual([answer.status, answer.all("link"), answer.get("etag")], [200, [], '"100%"']);
  }
});

test("Authorization is sent exactly once in each of three hundred calls, fifty at a time", async () => {
  workers.begin();
  const port = workers.port(plain);
  const head = requestBytes({ target: "/v2/x", headers: [["Authorization", `Bearer ${TOKEN}`]] });
  for (let round = 0; round < 6; round++) await Promise.all(Array.from({ length: 50 }, () => send(port, head)));
  const records = await workers.received(300);
  assert.equal(records.length, 300);
  for (const record of records) {
    assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
    assert.deepEqual(names(record), OWN);
  }
});

test("the log has none of it", () => assertNoSecret(workers.workerd.output, SECRETS));
