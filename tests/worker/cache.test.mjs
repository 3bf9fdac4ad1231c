// Cached responses: for whom, for how long, and when not. Each test has its own
// path, so that none gets another's cached response.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { limit } from "./rust-limits.mjs";
import { assertNoSecret, assertProblem, KEY, OTHER_TOKEN, sha256, TOKEN, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const POLICY = "allow * /v2/** cache=1h\nallow * /mcp cache=1h";
const kept = workers.with({ ATTENTION_POLICY: POLICY });
const short = workers.with({ ATTENTION_POLICY: "allow * /v2/** cache=1s" });
const plain = workers.with({ ATTENTION_POLICY: "allow * /v2/**" });
const redacting = workers.with({
  ATTENTION_POLICY: "allow GET /v2/** cache=1h redact=secret\n[all]\nallow GET /v2/** cache=1h",
  ATTENTION_CALLERS: JSON.stringify([
    { name: "app", sha256: sha256(TOKEN) },
    { name: "other", sha256: sha256(OTHER_TOKEN), policy: "all" },
  ]),
});
const BACKEND = "fake-backend-token-of-the-cache-tests";
const pages = workers.with({
  ATTENTION_POLICY: POLICY,
  ATTENTION_ALLOWED_ORIGINS: "https://app.example,https://other.example",
});
const sessions = workers.with({
  ATTENTION_POLICY: POLICY,
  ATTENTION_SESSION_SECRET: "fake-session-secret-of-the-cache-tests",
  ATTENTION_CALLERS: JSON.stringify([{ name: "backend", sha256: sha256(BACKEND), mintsSessions: true }]),
});

const FRESH = { "Cache-Control": "max-age=600", "Content-Type": "application/json" };
const get = (service, target, { headers = [], ...request } = {}) =>
  workers.call(service, { target, headers, ...request });
const sent = () => workers.upstream.records.length;

/** Calls until the response is a cached one: it is stored when it is complete, which the caller may notice first. */
async function hit(service, target, request) {
  for (let tries = 0; ; tries++) {
    const answer = await get(service, target, request);
    if (answer.get("age") !== null) return answer;
    assert.ok(tries < 20, `${target} is not kept: ${answer.head}`);
  }
}

/** Fails if the response is cached. */
async function neverKept(service, target, request) {
  for (let tries = 0; tries < 3; tries++) {
    const before = sent();
    const answer = await get(service, target, request);
    assert.equal(answer.get("age"), null, answer.head);
    assert.equal(sent(), before + 1);
    // The next one comes when what could be kept has been.
    await get(service, "/v2/in-between");
  }
}

/** Each call is answered with a new number, with these headers. */
function counting(headers = FRESH, status = 200) {
  let count = 0;
  workers.begin();
  workers.respond = async (request) => {
    await request.arrayBuffer();
    return new URL(request.url).pathname === "/v2/in-between"
      ? Response.json({})
      : new Response(status === 304 || status === 204 ? null : JSON.stringify({ count: ++count }), { status, headers });
  };
}

describe("a cacheable response", () => {
  test("is served again with its age, without a call, until it changes", async () => {
    counting({ ...FRESH, ETag: '"one"', "X-RateLimit-Remaining": "7", "X-Powered-By": "nobody" });
    const first = await get(kept, "/v2/again?a=1");
    assert.equal(first.get("age"), null);
    assert.equal(first.get("x-ratelimit-remaining"), "7");
    const again = await hit(kept, "/v2/again?a=1");
    assert.equal(again.status, 200);
    assert.deepEqual(again.json(), first.json());
    assert.ok(Number(again.get("age")) < 60);
    for (const name of ["cache-control", "content-type", "etag", "vary", "x-content-type-options"])
      assert.equal(again.get(name), first.get(name), name);
    // Said of one request: not of the next.
    assert.equal(again.get("x-ratelimit-remaining"), null);
    assert.equal(again.get("server-timing"), null);
    assert.notEqual(again.get("x-request-id"), first.get("x-request-id"));
    const before = sent();
    await hit(kept, "/v2/again?a=1");
    assert.equal(sent(), before);
    const line = await workers.log(again);
    assert.equal(line.cache, "hit");
    assert.equal(line.caller, "app");
    assert.equal(line.tries, undefined);
    assert.equal((await workers.log(first)).cache, "miss");
  });

  test("belongs to one caller; another makes its own call", async () => {
    counting();
    const mine = await hit(kept, "/v2/mine");
    const other = await get(kept, "/v2/mine", { token: OTHER_TOKEN });
    assert.equal(other.get("age"), null);
    assert.notEqual(other.json().count, mine.json().count);
    // An unknown token gets nothing, cached or not.
    assertProblem(await get(kept, "/v2/mine", { token: "fake-unknown-token" }), 401, "invalid_token");
  });

  test("belongs to one session, not to its backend or another session", async () => {
    counting();
    const mint = async () =>
      (await workers.call(sessions, { method: "POST", target: "/sessions", token: BACKEND, body: "{}" })).json().token;
    const tokens = [await mint(), await mint(), BACKEND];
    const counts = [];
    for (const token of tokens) counts.push((await hit(sessions, "/v2/of-a-session", { token })).json().count);
    assert.equal(new Set(counts).size, 3);
  });

  test("depends on the headers by which servers select a representation", async () => {
    counting({ ...FRESH, Vary: "Accept-Language, Accept" });
    const german = { headers: [["Accept-Language", "de"]] };
    const french = { headers: [["Accept-Language", "fr"]] };
    const counts = [
      await hit(kept, "/v2/language", german),
      await hit(kept, "/v2/language", french),
      await hit(kept, "/v2/language"),
    ].map((answer) => answer.json().count);
    assert.equal(new Set(counts).size, 3);
    const again = await hit(kept, "/v2/language", german);
    assert.equal(again.json().count, counts[0]);
    // The caller's own cache has to tell them apart as well.
    assert.equal(again.get("vary"), "Origin, Authorization, Accept-Language, Accept");
  });

  test("has the API's age, and is private", async () => {
    const headers = { ...FRESH, "Cache-Control": "public, max-age=600", Age: "100" };
    counting(headers);
    const first = await get(kept, "/v2/aged");
    assert.deepEqual([first.get("age"), first.get("cache-control")], ["100", "private, max-age=600"]);
    const before = sent();
    await get(kept, "/v2/in-between");
    const again = await get(kept, "/v2/aged");
    assert.equal(sent(), before + 1);
    assert.ok(Number(again.get("age")) >= 100, again.head);
    assert.equal(again.get("cache-control"), "private, max-age=600");
  });

  test("has the CORS headers of the current page, not of the first one", async () => {
    counting();
    for (const origin of ["https://app.example", "https://other.example", null]) {
      const answer = await hit(pages, "/v2/pages", { headers: origin === null ? [] : [["Origin", origin]] });
      assert.equal(answer.get("access-control-allow-origin"), origin);
    }
    assertProblem(
      await get(pages, "/v2/pages", { headers: [["Origin", "https://evil.example"]] }),
      403,
      "origin_not_allowed",
    );
  });

  test("depends on the exact query", async () => {
    counting();
    const counts = [];
    for (const query of ["", "?", "?a=1", "?a=2", "?a=1&", "?A=1"])
      counts.push((await hit(kept, `/v2/query${query}`)).json().count);
    // An empty query is the same as none, and is not forwarded.
    assert.equal(new Set(counts).size, 5);
  });

  test("is served decoded if it was compressed", async () => {
    workers.begin();
    const text = JSON.stringify({ long: "x".repeat(5000) });
    workers.respond = () =>
      new Response(gzipSync(text), { headers: { ...FRESH, "Content-Encoding": "gzip", ETag: '"gz"' } });
    const headers = [["Accept-Encoding", "gzip"]];
    const first = await get(kept, "/v2/gzip", { headers });
    assert.equal(first.get("content-encoding"), "gzip");
    assert.equal(first.body.length, gzipSync(text).length);
    const again = await hit(kept, "/v2/gzip", { headers });
    assert.equal(again.get("content-encoding"), null);
    assert.equal(again.text, text);
    assert.equal(again.get("etag"), 'W/"gz"');
    assert.equal((await get(kept, "/v2/gzip", { headers: [...headers, ["If-None-Match", '"gz"']] })).status, 304);
  });

  test("is stored redacted, for its caller", async () => {
    workers.begin();
    workers.respond = () => Response.json({ name: "a", secret: "sentinel" }, { headers: { ...FRESH, ETag: '"r"' } });
    const again = await hit(redacting, "/v2/redacted");
    assert.deepEqual(again.json(), { name: "a" });
    assert.equal(again.get("etag"), null);
    const whole = await hit(redacting, "/v2/redacted", { token: OTHER_TOKEN });
    assert.deepEqual(whole.json(), { name: "a", secret: "sentinel" });
    assert.ok(!(await hit(redacting, "/v2/redacted")).text.includes("sentinel"));
  });

  test("contains no key, even if the API echoes it in every header", async () => {
    workers.begin();
    workers.respond = () =>
      Response.json(
        { a: 1 },
        {
          headers: {
            ...FRESH,
            ETag: `"${KEY}"`,
            Link: `<https://a.example/?k=${KEY}>`,
            "Last-Modified": `Sun, 06 Nov 1994 08:49:37 GMT`,
          },
        },
      );
    const again = await hit(kept, "/v2/echo");
    assertNoSecret(again.head + again.text);
    assert.equal(again.get("etag"), null);
  });

  test("beyond the size of the cache, the least recently used entries are removed", async () => {
    workers.begin();
    const body = "x".repeat(200 * 1024);
    workers.respond = () => new Response(body, { headers: { "Cache-Control": "max-age=600" } });
    await hit(kept, "/v2/large/0");
    // A tenth more than all of it.
    const last = Math.ceil((limit("cache/index.rs", "ALL_BYTES") / body.length) * 1.1);
    for (let number = 1; number <= last; number++) {
      await get(kept, `/v2/large/${number}`);
      // What is asked for is used.
      if (number === last >> 1) await hit(kept, "/v2/large/0");
    }
    const before = sent();
    assert.equal((await hit(kept, `/v2/large/${last}`)).body.length, body.length);
    assert.notEqual((await get(kept, "/v2/large/0")).get("age"), null);
    assert.equal(sent(), before);
    assert.equal((await get(kept, "/v2/large/1")).get("age"), null);
    assert.equal(sent(), before + 1);
  });
});

describe("revalidation", () => {
  /** An API that has one version of everything, and counts the bodies that it sends. */
  function versioned(headers = { "Cache-Control": "no-cache" }) {
    const state = { etag: '"v1"', bodies: 0 };
    workers.begin();
    workers.respond = (request) => {
      const held = request.headers.get("if-none-match");
      if (held === state.etag) return new Response(null, { status: 304, headers: { ...headers, ETag: state.etag } });
      state.bodies++;
      return Response.json({ etag: state.etag }, { headers: { ...headers, ETag: state.etag } });
    };
    return state;
  }

  test("a caller's matching If-None-Match gets 304 without a call", async () => {
    counting({ ...FRESH, ETag: '"held"', Link: "<https://a.example>" });
    await hit(kept, "/v2/held");
    const before = sent();
    for (const tags of ['"held"', 'W/"held"', '"x", "held"']) {
      const answer = await get(kept, "/v2/held", { headers: [["If-None-Match", tags]] });
      assert.equal(answer.status, 304);
      assert.equal(answer.text, "");
      assert.equal(answer.get("etag"), '"held"');
      assert.equal(answer.get("content-type"), null);
      assert.equal(answer.get("cache-control"), "max-age=600");
    }
    assert.equal((await get(kept, "/v2/held", { headers: [["If-None-Match", '"other"']] })).status, 200);
    assert.equal(sent(), before);
  });

  test("a stored response is revalidated by its ETag, and served if it is unchanged", async () => {
    const api = versioned();
    await get(kept, "/v2/versioned");
    const again = await hit(kept, "/v2/versioned");
    assert.deepEqual(again.json(), { etag: '"v1"' });
    assert.equal((await workers.log(again)).cache, "revalidated");
    assert.equal((await workers.log(again)).upstreamStatus, 304);
    assert.equal(workers.upstream.records.at(-1).all("if-none-match")[0], '"v1"');
    const bodies = api.bodies;
    await get(kept, "/v2/versioned");
    assert.equal(api.bodies, bodies);
    api.etag = '"v2"';
    const changed = await get(kept, "/v2/versioned");
    assert.deepEqual(changed.json(), { etag: '"v2"' });
    assert.equal(changed.get("age"), null);
  });

  test("the caller's own ETag is compared with the API's answer about the stored one", async () => {
    versioned();
    await hit(kept, "/v2/both");
    const same = await get(kept, "/v2/both", { headers: [["If-None-Match", '"v1"']] });
    assert.equal(same.status, 304);
    const older = await get(kept, "/v2/both", {
      headers: [
        ["If-None-Match", '"v0"'],
        ["If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"],
      ],
    });
    assert.equal(older.status, 200);
    assert.deepEqual(older.json(), { etag: '"v1"' });
    const record = workers.upstream.records.at(-1);
    assert.deepEqual(record.all("if-none-match"), ['"v1"']);
    assert.deepEqual(record.all("if-modified-since"), []);
  });

  test("without an ETag, by its date", async () => {
    workers.begin();
    const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    workers.respond = (request) =>
      new Response(request.headers.get("if-modified-since") === date ? null : "{}", {
        status: request.headers.get("if-modified-since") === date ? 304 : 200,
        headers: { "Last-Modified": date, "Cache-Control": "no-cache" },
      });
    assert.equal((await hit(kept, "/v2/dated")).text, "{}");
  });

  test("a 304 may extend its freshness", async () => {
    workers.begin();
    workers.respond = (request) =>
      request.headers.get("if-none-match") === null
        ? Response.json({ a: 1 }, { headers: { "Cache-Control": "max-age=0", ETag: '"l"' } })
        : new Response(null, { status: 304, headers: { "Cache-Control": "max-age=600", ETag: '"l"' } });
    await hit(kept, "/v2/longer");
    const before = sent();
    const again = await get(kept, "/v2/longer");
    assert.equal(again.get("cache-control"), "max-age=600");
    assert.equal(sent(), before);
  });

  test("a 304 about another response is invalid: 502, and the next call is unconditional", async () => {
    workers.begin();
    let confused = false;
    workers.respond = (request) =>
      confused && request.headers.has("if-none-match")
        ? new Response(null, { status: 304, headers: { ETag: '"other"' } })
        : Response.json({ a: 1 }, { headers: { "Cache-Control": "no-cache", ETag: '"mine"' } });
    await hit(kept, "/v2/confused").catch(() => {});
    confused = true;
    for (let tries = 0; tries < 20; tries++) {
      const answer = await get(kept, "/v2/confused");
      if (answer.status === 200) continue;
      assertProblem(answer, 502, "upstream_protocol");
      confused = false;
      assert.equal((await get(kept, "/v2/confused")).status, 200);
      return;
    }
    assert.fail("the API's 304 was believed");
  });

  test("a 304 to the caller's own condition is passed on", async () => {
    workers.begin();
    workers.respond = () =>
      new Response(null, { status: 304, headers: { ETag: '"c"', "Cache-Control": "max-age=600" } });
    for (let tries = 0; tries < 2; tries++) {
      const before = sent();
      const answer = await get(kept, "/v2/not-kept", { headers: [["If-None-Match", '"c"']] });
      assert.equal(answer.status, 304);
      assert.equal(answer.get("age"), null);
      assert.equal(sent(), before + 1);
    }
  });

  test("a stale response is requested again, also by the policy's time", async () => {
    counting();
    const first = await hit(short, "/v2/short");
    const end = Date.now() + 10_000;
    for (;;) {
      const { count } = (await get(short, "/v2/short")).json();
      if (count !== first.json().count) return;
      assert.ok(Date.now() < end, "a second has no end");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test("a caller may request a fresh response", async () => {
    counting();
    const first = (await hit(kept, "/v2/new")).json().count;
    for (const control of ["no-cache", "no-store", "max-age=0, no-cache"]) {
      assert.ok((await get(kept, "/v2/new", { headers: [["Cache-Control", control]] })).json().count > first, control);
    }
  });
});

describe("nothing is stored", () => {
  const heads = {
    "of what the API says no-store to": { ...FRESH, "Cache-Control": "no-store, max-age=600" },
    "of what it says nothing of": { "Content-Type": "application/json" },
    "of what varies by anything": { ...FRESH, Vary: "*" },
    "of what varies by a header that is not in the key": { ...FRESH, Vary: "traceparent" },
    "of what sets a cookie": { ...FRESH, "Set-Cookie": "a=1" },
    "of event streams": { ...FRESH, "Content-Type": "text/event-stream" },
  };
  for (const [index, [name, headers]] of Object.entries(heads).entries()) {
    test(name, async () => {
      counting(headers);
      await neverKept(kept, `/v2/never/${index}`);
    });
  }

  for (const status of [201, 203, 204, 206]) {
    test(`of a ${status}`, async () => {
      counting(FRESH, status);
      await neverKept(kept, `/v2/status/${status}`);
    });
  }

  test("of errors, the API's and the Worker's", async () => {
    for (const status of [400, 404, 410, 500, 503]) {
      counting({ "Cache-Control": "public, max-age=600" }, status);
      await neverKept(kept, `/v2/error/${status}`);
    }
    counting();
    assert.equal((await hit(kept, "/v2/error/404")).status, 200);
  });

  test("where the policy does not allow it", async () => {
    counting();
    await neverKept(plain, "/v2/plain");
  });

  test("of parts, nor is a part served from a stored whole", async () => {
    counting();
    await hit(kept, "/v2/range");
    await neverKept(kept, "/v2/range", { headers: [["Range", "bytes=0-1"]] });
  });

  test("of HEAD, nor is HEAD answered by a stored GET", async () => {
    counting();
    for (let tries = 0; tries < 2; tries++) {
      const before = sent();
      const head = await get(kept, "/v2/head", { method: "HEAD" });
      assert.deepEqual([head.status, head.text, head.get("age"), sent()], [200, "", null, before + 1]);
    }
    assert.ok((await hit(kept, "/v2/head")).text.length > 0);
    const before = sent();
    await get(kept, "/v2/head", { method: "HEAD" });
    assert.equal(sent(), before + 1);
  });

  test("of /mcp, whatever the policy says", async () => {
    counting();
    await neverKept(kept, "/mcp");
  });

  test("of bodies larger than 256 KiB, with or without Content-Length; they stream", async () => {
    workers.begin();
    for (const headers of [{ "Content-Length": String(300 * 1024) }, {}]) {
      workers.respond = () => new Response("x".repeat(300 * 1024), { headers: { ...FRESH, ...headers } });
      const target = `/v2/too-large/${Object.keys(headers).length}`;
      await neverKept(kept, target);
      assert.equal((await get(kept, target)).body.length, 300 * 1024);
    }
  });

  test("of an incomplete response", async () => {
    workers.begin(...Array.from({ length: 3 }, () => ({ headers: FRESH, body: "x".repeat(5000), cutAfter: 1000 })));
    for (let tries = 0; tries < 3; tries++) assert.equal((await get(kept, "/v2/cut")).complete, false);
    counting();
    assert.equal((await get(kept, "/v2/cut")).get("age"), null);
  });
});

describe("a change", () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    test(`by ${method} invalidates its path and the paths above and below, for all callers`, async () => {
      counting();
      const paths = ["", "/7", "/7/x"].map((rest) => `/v2/changed-${method.toLowerCase()}${rest}`);
      for (const path of paths) {
        await hit(kept, `${path}?a=1`);
        await hit(kept, path, { token: OTHER_TOKEN });
      }
      await hit(kept, `/v2/changed-${method.toLowerCase()}ish`);
      // Spelt otherwise it is the same path.
      await get(kept, paths[1].replace("changed", "%63hanged"), { method });
      for (const path of paths) {
        assert.equal((await get(kept, `${path}?a=1`)).get("age"), null);
        assert.equal((await get(kept, path, { token: OTHER_TOKEN })).get("age"), null);
      }
      assert.notEqual((await get(kept, `/v2/changed-${method.toLowerCase()}ish`)).get("age"), null);
    });
  }

  test("during a call prevents storing its response, which may be outdated", async () => {
    counting();
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    workers.respond = async (request) => {
      if (request.method === "GET") await held;
      return Response.json({}, { headers: FRESH });
    };
    const slow = get(kept, "/v2/raced");
    await workers.upstream.settled(0);
    while (sent() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await get(kept, "/v2/raced", { method: "POST", body: "{}" });
    release();
    await slow;
    await get(kept, "/v2/in-between");
    assert.equal((await get(kept, "/v2/raced")).get("age"), null);
  });
});

test("the whole log holds no key and no token", () => {
  assertNoSecret(workers.workerd.output);
});
