// The Worker's treatment of the upstream's responses and failures: keys, limits,
// errors, timeouts, redirects, echoes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { testing } from "../mock/bundle.mjs";
import { operations } from "../mock/calls.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { assertNoSecret, assertProblem, fingerprint, KEY, NEXT_KEY, SECRETS, useWorkers } from "./worker.mjs";

const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;
const workers = useWorkers();
const ANY = { ATTENTION_POLICY: "allow * /v2/**" };
const plain = workers.with(ANY);
const authorizations = () => workers.upstream.records.map((record) => record.all("authorization").join());
const [WITH_KEY, WITH_NEXT] = [`Bearer ${KEY}`, `Bearer ${NEXT_KEY}`];

describe("a key that the upstream refuses", () => {
  const ring = { ...ANY, ATTENTION_API_KEY_NEXT: NEXT_KEY };
  /** Refuses one key, and echoes it as careless servers do. */
  const refusing =
    (...keys) =>
    async (request, record) => {
      await request.arrayBuffer();
      const [value] = record.all("authorization");
      if (!keys.some((key) => value === `Bearer ${key}`)) return Response.json({ ok: true });
      return Response.json(
        { message: `refused: ${value}` },
        { status: 401, headers: { "www-authenticate": `Bearer error="${value}"`, "x-request-id": "up-1" } },
      );
    };

  const alone = workers.with(ANY);
  test("the only key: the caller, whose token is valid, gets 502", async () => {
    workers.begin();
    workers.respond = refusing(KEY);
    const answer = await workers.call(alone);
    assertProblem(answer, 502, "upstream_unauthorized");
    assert.deepEqual(answer.all("www-authenticate"), []);
    assert.deepEqual(authorizations(), [WITH_KEY]);
    const line = await workers.log(answer);
    assert.deepEqual(
      [line.upstreamStatus, line.upstreamError, line.key, line.tries, line.upstreamRequestId],
      [401, "unauthorized", fingerprint(KEY), 1, "up-1"],
    );
    assertNoSecret(answer.head + answer.text + JSON.stringify(line));
  });

  const first = workers.with(ring);
  test("the next key is tried at once, and stays", async () => {
    workers.begin();
    workers.respond = refusing(KEY);
    const answer = await workers.call(first);
    assert.equal(answer.status, 200);
    assert.deepEqual(authorizations(), [WITH_KEY, WITH_NEXT]);
    const line = await workers.log(answer);
    assert.deepEqual(
      [line.keySwitchedFrom, line.keySwitchedTo, line.tries],
      [fingerprint(KEY), fingerprint(NEXT_KEY), 2],
    );
    assert.equal((await workers.call(first)).status, 200);
    assert.deepEqual(authorizations(), [WITH_KEY, WITH_NEXT, WITH_NEXT]);
    const ready = (await workers.call(first, { target: "/readyz", token: null })).json();
    assert.deepEqual(
      ready.keys.map(({ slot, inUse, lastVerdict }) => [slot, inUse, lastVerdict]),
      [
        ["current", false, "refused"],
        ["next", true, "accepted"],
      ],
    );
  });

  test("if the other key is refused too, the caller gets 502, without a loop", async () => {
    workers.begin();
    workers.respond = refusing(NEXT_KEY);
    const statuses = [(await workers.call(first)).status, (await workers.call(first)).status];
    assert.ok(authorizations().length <= 4, "no loop");
    assert.ok(
      statuses.every((status) => [200, 502].includes(status)),
      `${statuses}`,
    );
  });

  const both = workers.with(ring);
  test("both keys: each is tried once, and every call gets 502", async () => {
    workers.begin();
    workers.respond = refusing(KEY, NEXT_KEY);
    const answer = await workers.call(both);
    assertProblem(answer, 502, "upstream_unauthorized");
    assert.deepEqual(authorizations(), [WITH_KEY, WITH_NEXT]);
    for (let count = 0; count < 5; count++) assertProblem(await workers.call(both), 502, "upstream_unauthorized");
    assert.ok(authorizations().length <= 2 + 2 * 5, `${authorizations().length} requests for six calls`);
    const ready = await workers.call(both, { target: "/readyz", token: null });
    assert.deepEqual([ready.status, ready.json().status], [503, "not_ready"]);
    assertNoSecret(ready.text);
  });

  const posts = workers.with(ring);
  test("a POST with a stored body is sent again, complete, with the next key", async () => {
    workers.begin();
    workers.respond = refusing(KEY);
    const answer = await workers.call(posts, { method: "POST", body: '{"name":"fake"}' });
    assert.equal(answer.status, 200);
    assert.deepEqual(authorizations(), [WITH_KEY, WITH_NEXT]);
    assert.deepEqual(
      workers.upstream.records.map(({ body }) => body.text),
      ['{"name":"fake"}', '{"name":"fake"}'],
    );
  });

  const streams = workers.with(ring);
  test("a POST with a streamed body cannot be sent again: 502, and the next call uses the next key", async () => {
    workers.begin();
    workers.respond = refusing(KEY);
    const answer = await workers.call(streams, {
      method: "POST",
      headers: [["Transfer-Encoding", "chunked"]],
      body: "2\r\n{}\r\n0\r\n\r\n",
    });
    assertProblem(answer, 502, "upstream_unauthorized");
    assert.deepEqual(authorizations(), [WITH_KEY]);
    assert.equal((await workers.log(answer)).keySwitchedTo, fingerprint(NEXT_KEY));
    assert.equal(
      (
        await workers.call(streams, {
          method: "POST",
          headers: [["Transfer-Encoding", "chunked"]],
          body: "2\r\n{}\r\n0\r\n\r\n",
        })
      ).status,
      200,
    );
    assert.deepEqual(authorizations(), [WITH_KEY, WITH_NEXT]);
  });

  const crowd = workers.with(ring);
  test("a key revoked under load: no call is lost while the other is valid", async () => {
    workers.begin();
    let revoked = false;
    workers.respond = (request, record) => (revoked ? refusing(KEY)(request, record) : Response.json({ ok: true }));
    const calls = Array.from({ length: 60 }, async (_, index) => {
      if (index === 20) revoked = true;
      return (await workers.call(crowd)).status;
    });
    assert.deepEqual([...new Set(await Promise.all(calls))], [200]);
  });

  const revoked = workers.with({ ...ANY, ATTENTION_API_KEY: MOCK_API_KEY, ATTENTION_API_KEY_NEXT: MOCK_USER_API_KEY });
  test("rotation against the mock API: the old key deleted there, calls go on", async () => {
    workers.begin();
    const mock = mockAttention();
    workers.respond = (request) => mock.handle(request);
    assert.equal((await workers.call(revoked, { target: "/v2/users" })).status, 200);
    mock.keys.revoke(MOCK_API_KEY);
    const answer = await workers.call(revoked, { target: "/v2/users" });
    assert.equal(answer.status, 200);
    assert.deepEqual(authorizations().slice(1), [`Bearer ${MOCK_API_KEY}`, `Bearer ${MOCK_USER_API_KEY}`]);
  });
});

describe("limits", () => {
  const problem429 = (answer) => assertProblem(answer, 429, "rate_limited");
  for (const [name, value, expected] of [
    ["seconds", "7", "7"],
    ["zero", "0", "0"],
    ["a wish that is none", "soon", null],
    ["a fraction", "1.5", null],
    ["negative", "-1", null],
    ["none", null, null],
  ]) {
    const own = workers.with(ANY);
    test(`Retry-After in ${name}`, async () => {
      workers.begin({
        status: 429,
        headers: value === null ? [] : [["Retry-After", value]],
        body: '{"message":"slow down"}',
      });
      const answer = await workers.call(own);
      problem429(answer);
      assert.equal(answer.get("retry-after"), expected);
    });
  }

  const dated = workers.with(ANY);
  test("Retry-After as a date comes down as whole seconds", async () => {
    workers.begin({ status: 429, headers: [["Retry-After", new Date(Date.now() + 40_000).toUTCString()]] });
    const answer = await workers.call(dated);
    problem429(answer);
    assert.match(answer.get("retry-after"), /^(3[0-9]|40)$/);
  });

  const short = workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "2" });
  test("a short Retry-After is awaited and the call retried, a POST too", async () => {
    for (const request of [{}, { method: "POST", body: "{}" }]) {
      workers.begin({ status: 429, headers: [["Retry-After", "0"]] });
      const answer = await workers.call(short, request);
      assert.equal(answer.status, 200);
      assert.equal((await workers.received(2)).length, 2);
      assert.equal((await workers.log(answer)).tries, 2);
    }
  });

  const second = workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "1" });
  test("the retry is not sent any sooner", async () => {
    workers.begin({ status: 429, headers: [["Retry-After", "1"]] });
    assert.equal((await workers.call(second)).status, 200);
    const [before, after] = await workers.received(2);
    assert.ok(after.at - before.at >= 999, `${after.at - before.at} ms`);
  });

  const streamed = workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "2" });
  test("a streamed body cannot be sent again", async () => {
    workers.begin({ status: 429, headers: [["Retry-After", "0"]] });
    problem429(
      await workers.call(streamed, {
        method: "POST",
        headers: [["Transfer-Encoding", "chunked"]],
        body: "2\r\n{}\r\n0\r\n\r\n",
      }),
    );
    assert.equal((await workers.received(1)).length, 1);
  });

  const long = workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "2" });
  test("a long Retry-After is passed on at once, and the next caller waits without a call", async () => {
    workers.begin({ status: 429, headers: [["Retry-After", "3600"]] });
    const answer = await workers.call(long);
    problem429(answer);
    assert.equal(answer.get("retry-after"), "3600");
    const next = await workers.call(long);
    problem429(next);
    // Core decides how long one response may close the gate; it is longer than this call may wait.
    assert.ok(Number(next.get("retry-after")) > 60, next.get("retry-after"));
    assert.equal((await workers.received(1)).length, 1);
  });

  const ever = workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "2" });
  test("an upstream that always fails gets the configured number of attempts", async () => {
    workers.begin({ status: 429, headers: [["Retry-After", "0"]], times: 50 });
    problem429(await workers.call(ever));
    assert.equal((await workers.received(3)).length, 3);
  });
});

describe("errors of the upstream", () => {
  for (const [status, code, expected] of [
    [500, "upstream_error", 502],
    [501, "upstream_error", 502],
    [502, "upstream_error", 502],
    [503, "upstream_unavailable", 503],
    [504, "upstream_timeout", 504],
    [507, "upstream_error", 502],
    [520, "upstream_error", 502],
    [599, "upstream_error", 502],
  ]) {
    test(`${status} becomes ${expected} ${code}, and its page is not passed on`, async () => {
      workers.begin({ status, body: "<h1>stack trace at /srv/app.js</h1>", headers: [["Content-Type", "text/html"]] });
      const answer = await workers.call(plain);
      assertProblem(answer, expected, code);
      assert.ok(!answer.text.includes("stack"));
      assert.equal((await workers.log(answer)).upstreamStatus, status);
    });
  }

  test("503 keeps its Retry-After", async () => {
    workers.begin({ status: 503, headers: [["Retry-After", "9"]] });
    const answer = await workers.call(plain);
    assertProblem(answer, 503, "upstream_unavailable");
    assert.equal(answer.get("retry-after"), "9");
  });

  for (const [status, code] of [
    [400, "bad"],
    [403, "forbidden"],
    [404, "not_found"],
    [405, "method"],
    [409, "conflict"],
    [410, "gone"],
    [412, "failed"],
    [413, "large"],
    [415, "media"],
    [418, "teapot"],
    [422, "invalid"],
    [451, "law"],
  ]) {
    test(`${status} is the caller's error, and is passed on with its body`, async () => {
      const body = JSON.stringify({ code, message: "say é" });
      workers.begin({
        status,
        body,
        headers: [
          ["Content-Type", "application/json"],
          ["X-Request-Id", "up-2"],
        ],
      });
      const answer = await workers.call(plain, { method: "POST", body: "{}" });
      assert.deepEqual(
        [answer.status, answer.text, answer.get("content-type"), answer.complete],
        [status, body, "application/json", true],
      );
      assert.equal(answer.get("cache-control"), "private, no-store");
      const line = await workers.log(answer);
      assert.deepEqual([line.status, line.upstreamStatus, line.upstreamRequestId], [status, status, "up-2"]);
    });
  }

  test("an oversized error is passed on without its body", async () => {
    workers.begin({ status: 400, body: { zeros: 1_000_000 } });
    const answer = await workers.call(plain);
    assert.deepEqual([answer.status, answer.body.length, answer.complete], [400, 0, true]);
  });

  const retrying = workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "1" });
  for (const [request, tries] of [
    [{}, 2],
    [{ method: "PUT", body: "{}" }, 2],
    [{ method: "DELETE" }, 2],
    [{ method: "POST", body: "{}" }, 1],
    [{ method: "PATCH", body: "{}" }, 1],
    [{ method: "POST", body: "{}", headers: [["Idempotency-Key", "fake-1"]] }, 1],
  ]) {
    const { method = "GET", headers } = request;
    test(`${method}${headers ? " with an idempotency key" : ""} after a 500: ${tries === 2 ? "made again" : "not made again"}`, async () => {
      workers.begin({ status: 500 });
      assert.equal((await workers.call(retrying, request)).status, tries === 2 ? 200 : 502);
      const records = await workers.received(tries);
      assert.equal(records.length, tries);
      assert.equal(new Set(records.map(({ requestLine, body }) => requestLine + body.text)).size, 1);
      for (const record of records) assert.deepEqual(record.all("idempotency-key"), headers ? ["fake-1"] : []);
    });
  }

  for (const status of [400, 403, 404, 409, 422]) {
    test(`a GET after ${status} is not retried`, async () => {
      workers.begin({ status, times: 5 });
      assert.equal((await workers.call(retrying)).status, status);
      assert.equal((await workers.received(1)).length, 1);
    });
  }
});

describe("no answer", () => {
  const down = workers.with({ ...ANY, ATTENTION_BASE_URL: "http://127.0.0.1:1/v2" });
  test("nothing listens: 502", async () => {
    for (const method of ["GET", "POST"])
      assertProblem(await workers.call(down, { method }), 502, "upstream_unreachable");
  });

  const nowhere = workers.with({ ...ANY, ATTENTION_BASE_URL: "https://nowhere.invalid/v2" });
  test("unknown name: 502", async () => {
    assertProblem(await workers.call(nowhere), 502, "upstream_unreachable");
  });

  const untrusted = workers.with({
    ...ANY,
    ATTENTION_BASE_URL: ({ port }) => `https://127.0.0.1:${port}/v2`,
    ATTENTION_TIMEOUT_MS: "300",
  });
  test("without TLS at an https address, the call fails and the key is not sent in plain text", async () => {
    workers.begin();
    const answer = await workers.call(untrusted);
    assert.ok([502, 504].includes(answer.status), answer.head);
    assert.ok(!JSON.stringify(workers.upstream.records).includes(KEY));
  });

  const hasty = workers.with({ ...ANY, ATTENTION_TIMEOUT_MS: "150" });
  test("silence: 504 for every method, and the upstream's connection is closed", async () => {
    for (const request of [{}, { method: "POST", body: "{}" }]) {
      workers.begin({ hang: true });
      const answer = await workers.call(hasty, request);
      assertProblem(answer, 504, "upstream_timeout");
      assert.equal((await workers.log(answer)).upstreamError, "timeout");
      assert.equal((await workers.received(1)).length, 1);
    }
  });

  const brisk = workers.with({ ...ANY, ATTENTION_TIMEOUT_MS: "1500" });
  test("the timeout is for the head: a body may take longer", async () => {
    workers.begin({ body: "slow but whole", bodyDelayMs: 2000 });
    const answer = await workers.call(brisk);
    assert.deepEqual([answer.status, answer.text, answer.complete], [200, "slow but whole", true]);
  });

  const patient = workers.with({ ...ANY, ATTENTION_TIMEOUT_MS: "300", ATTENTION_MAX_RETRIES: "10" });
  test("retries end with the timeout", async () => {
    workers.begin({ status: 500, times: 100 });
    const answer = await workers.call(patient);
    assert.ok([502, 504].includes(answer.status), answer.head);
  });

  for (const entry of [
    { close: true },
    { reset: true },
    { raw: "garbage\r\n\r\n" },
    { raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello" },
    { raw: "HTTP/1.1 200 OK\r\nContent-Le" },
    { raw: "HTTP/1.1 99 Too Small\r\n\r\n" },
    { raw: "HTTP/1.1 1000 Too Large\r\n\r\n" },
    { raw: "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n" },
    { raw: `HTTP/1.1 200 OK\r\nX: ${"a".repeat(2_000_000)}\r\n\r\n` },
  ]) {
    test(`instead of an answer: ${JSON.stringify(entry).slice(0, 70)}: 502`, async () => {
      // workerd itself repeats a GET if a kept connection turns out to be dead.
      workers.begin({ ...entry, times: 20 });
      assertProblem(await workers.call(plain), 502, "upstream_unreachable");
    });
  }

  for (const entry of [{ close: true }, { reset: true }]) {
    test(`a POST on a kept connection that ends with ${Object.keys(entry)}: sent exactly once`, async () => {
      workers.begin();
      assert.equal((await workers.call(plain)).status, 200);
      workers.begin(entry);
      assertProblem(await workers.call(plain, { method: "POST", body: "{}" }), 502, "upstream_unreachable");
      assert.equal((await workers.received(1)).length, 1);
    });
  }

  test("an unrequested 101: 502", async () => {
    workers.begin({ raw: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" });
    const answer = await workers.call(plain);
    assert.equal(answer.status, 502);
  });
});

describe("redirects are never followed: the key goes to one host", () => {
  let other;
  before(async () => {
    other = await startUpstream();
  });
  after(() => other.close());

  for (const status of [300, 301, 302, 303, 305, 307, 308]) {
    for (const [name, to] of [
      ["to another origin", () => `${other.url}/v2/x`],
      ["to the same origin", () => `${workers.upstream.url}/v2/api_keys`],
      ["to a path", () => "/v2/api_keys"],
      ["to no scheme", () => `//127.0.0.1:${other.port}/v2/x`],
      ["without a place", () => null],
    ]) {
      test(`${status} ${name}: 502`, async () => {
        const location = to();
        workers.begin({ status, headers: location === null ? [] : [["Location", location]], times: 3 });
        for (const request of [{}, { method: "POST", body: "{}" }]) {
          const answer = await workers.call(plain, request);
          assertProblem(answer, 502, "upstream_protocol");
          assert.deepEqual(answer.all("location"), []);
        }
        assert.equal((await workers.received(2)).length, 2);
        assert.equal(other.connections, 0);
      });
    }
  }

  test("the other host would have noticed", async () => {
    await fetch(other.url);
    assert.equal(other.connections, 1);
  });
});

describe("an upstream that echoes the key", () => {
  const leak = workers.with({ ...ANY, ATTENTION_API_KEY: MOCK_API_KEY });
  for (const status of [400, 403, 404, 409, 422, 429, 500, 503, 401]) {
    test(`the mock's leak as a ${status}`, async () => {
      workers.begin();
      const mock = mockAttention();
      mock.set({ status, errorBody: "leak" });
      workers.respond = (request) => mock.handle(request);
      const answer = await workers.call(leak, { target: "/v2/users" });
      const line = JSON.stringify(await workers.log(answer));
      assert.ok(answer.status >= 400);
      assertNoSecret(answer.head + answer.text + line, [MOCK_API_KEY, ...SECRETS]);
    });
  }

  const forms = {
    "in JSON": (key) => JSON.stringify({ message: "no", sent: `Bearer ${key}`, key }),
    "in HTML": (key) => `<pre>Authorization: Bearer ${key}</pre>`,
    "in text": (key) => key.repeat(3),
    "percent-encoded": (key) => `key=${[...key].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("")}`,
    "behind bytes that are no text": (key) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(key)]),
    "with a byte order mark": (key) => `\ufeff${key}`,
  };
  for (const [name, make] of Object.entries(forms)) {
    for (const status of [400, 404]) {
      test(`${name}, as a ${status}: both keys are removed`, async () => {
        workers.begin();
        for (const key of [KEY, NEXT_KEY]) {
          workers.begin({ status, body: make(key) });
          const answer = await workers.call(twoKeys);
          assert.equal(answer.status, status);
          const line = JSON.stringify(await workers.log(answer));
          for (const said of [answer.text, line, decodeURIComponent(answer.text.replace(/%(?![0-9a-f]{2})/gi, "%25"))])
            assertNoSecret(said);
        }
      });
    }
  }
  const twoKeys = workers.with({ ...ANY, ATTENTION_API_KEY_NEXT: NEXT_KEY });
});

describe("bodies without a key", () => {
  const mocked = workers.with({ ...ANY, ATTENTION_API_KEY: MOCK_API_KEY });

  // Invalid ids: most responses are errors with the API's body.
  test("are passed on unchanged, errors too, for every operation", async () => {
    workers.begin();
    const states = [mockAttention(), mockAttention()];
    workers.respond = (request) => states[0].handle(request);
    const seen = new Map();
    for (const { path, method } of operations.filter(({ path }) => !/api.?key/i.test(path))) {
      const target = `/v2${path.replace(/^\/v2/, "").replaceAll(/\{[^}]+\}/g, "00000000-0000-4000-8000-000000000000")}`;
      const body = method === "get" ? undefined : "{}";
      const headers = { authorization: `Bearer ${MOCK_API_KEY}`, "content-type": "application/json" };
      const asked = new Request(`${workers.upstream.url}${target}`, { method: method.toUpperCase(), headers, body });
      const direct = await states[1].handle(asked);
      const answer = await workers.call(mocked, {
        target,
        method: method.toUpperCase(),
        headers: [["Content-Type", "application/json"]],
        ...(body && { body }),
      });
      assert.equal(answer.status, direct.status, `${method} ${target}: ${answer.text}`);
      const masked = (text) => text.replaceAll(/"[^"]*[iI]d": ?"[^"]*"|\d{4}-\d\d-\d\dT[0-9:.]+Z/g, "·");
      assert.equal(masked(answer.text), masked(await direct.text()), `${method} ${target}`);
      assert.ok(!answer.text.includes("[redacted]"), answer.text);
      seen.set(direct.status, (seen.get(direct.status) ?? 0) + 1);
    }
    assert.ok(
      [...seen].filter(([status]) => status >= 400).reduce((sum, [, count]) => sum + count, 0) >= 20,
      `${[...seen]}`,
    );
  });
});

test("the log has none of it", () =>
  assertNoSecret(workers.workerd.output, [...SECRETS, MOCK_API_KEY, MOCK_USER_API_KEY]));
