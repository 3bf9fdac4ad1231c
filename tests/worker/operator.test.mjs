// The operator's view: probes, log lines, request ids.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  assertNoSecret,
  assertProblem,
  fingerprint,
  jwt,
  KEY,
  MODULES,
  NEXT_KEY,
  OTHER_TOKEN,
  SECRETS,
  sha256,
  TOKEN,
  useWorkers,
} from "./worker.mjs";

const SECRET = "fake-session-secret-of-the-operator-tests-0123456789";
const workers = useWorkers();
const HOUR = 3600;
const now = Math.floor(Date.now() / 1000);
const EXPIRED = jwt({ exp: now - HOUR, sub: "fake" });
const FRESH = jwt({ exp: now + HOUR, sub: "fake" });
const plain = workers.with({ ATTENTION_POLICY: "allow * /v2/**" });
const probe = (service, target) => workers.call(service, { target, token: null });

describe("/healthz", () => {
  test("reports to everybody that the Worker runs, and sends nothing", async () => {
    workers.begin();
    const answer = await probe(plain, "/healthz");
    assert.deepEqual(
      [answer.status, answer.text, answer.get("content-type"), answer.get("cache-control")],
      [200, '{"status":"alive"}', "application/json", "no-store"],
    );
    assert.deepEqual(workers.upstream.records, []);
  });
});

describe("/readyz", () => {
  test("shows the key's fingerprint and state", async () => {
    workers.begin();
    const own = await probe(untested, "/readyz");
    assert.equal(own.status, 200);
    assert.deepEqual(own.json(), {
      status: "ready",
      keys: [{ slot: "current", fingerprint: fingerprint(KEY), inUse: true, lastVerdict: "untested", expired: false }],
    });
    assert.equal((await workers.call(untested)).status, 200);
    assert.equal((await probe(untested, "/readyz")).json().keys[0].lastVerdict, "accepted");
    workers.begin({ status: 401 });
    assertProblem(await workers.call(untested), 502, "upstream_unauthorized");
    const refused = await probe(untested, "/readyz");
    assert.deepEqual([refused.status, refused.json().keys[0].lastVerdict], [503, "refused"]);
    assertNoSecret(own.text + refused.text);
  });
  const untested = workers.with();

  const expired = workers.with({ ATTENTION_API_KEY: EXPIRED });
  test("an expired key: 503", async () => {
    const answer = await probe(expired, "/readyz");
    const [key] = answer.json().keys;
    assert.deepEqual([answer.status, key.expired, key.expiresAt], [503, true, (now - HOUR) * 1000]);
    assertNoSecret(answer.text, [EXPIRED, EXPIRED.split(".")[1]]);
  });

  const rotating = workers.with({ ATTENTION_API_KEY: EXPIRED, ATTENTION_API_KEY_NEXT: FRESH });
  test("an expired key and a fresh one: ready", async () => {
    const answer = await probe(rotating, "/readyz");
    assert.equal(answer.status, 200);
    assert.deepEqual(
      answer.json().keys.map(({ slot, expired: is }) => [slot, is]),
      [
        ["current", true],
        ["next", false],
      ],
    );
    assertNoSecret(answer.text, [EXPIRED, FRESH, EXPIRED.split(".")[1], FRESH.split(".")[1]]);
  });

  test("probes send nothing upstream and are not logged", async () => {
    workers.begin();
    const answers = [await probe(plain, "/healthz"), await probe(plain, "/readyz"), await probe(plain, "/readyz?x=1")];
    await workers.log(await workers.call(plain)); // Lines come in order: theirs would be there now.
    for (const answer of answers) assert.ok(!workers.workerd.output.includes(answer.get("x-request-id")));
    assert.equal(workers.upstream.records.length, 1);
  });
});

describe("the log line", () => {
  const fields = (line) => Object.keys(line).sort();

  test("of a call", async () => {
    workers.begin({ body: "{}", headers: [["X-Request-Id", "up-1"]] });
    const answer = await workers.call(plain, { target: "/v2/conversations/private-id?email=private%40mail.example" });
    const line = await workers.log(answer);
    for (const name of [
      "event",
      "level",
      "requestId",
      "status",
      "method",
      "caller",
      "route",
      "tries",
      "key",
      "upstreamMs",
      "upstreamStatus",
      "ms",
    ])
      assert.ok(name in line, name);
    assert.deepEqual(
      [
        line.event,
        line.level,
        line.status,
        line.method,
        line.caller,
        line.route,
        line.tries,
        line.key,
        line.upstreamStatus,
      ],
      ["request", "info", 200, "GET", "app", "/v2/**", 1, fingerprint(KEY), 200],
    );
    // Paths and queries contain names of people.
    assert.ok(!JSON.stringify(line).includes("private"));
  });

  test("of a refusal", async () => {
    workers.begin();
    const line = await workers.log(await workers.call(plain, { token: "fake-token-of-nobody" }));
    assert.deepEqual(
      [line.status, line.code, "caller" in line, "key" in line, "upstreamStatus" in line],
      [401, "invalid_token", false, false, false],
    );
    assert.ok(!JSON.stringify(line).includes("nobody"));
  });

  test("is written once for every request, whatever its result", async () => {
    const requests = [
      [{}, {}],
      [{ status: 404, body: "{}" }, {}],
      [{ close: true }, {}],
      [{ status: 301, headers: [["Location", "/x"]] }, {}],
      [null, { token: null }],
      [null, { target: "/v2/../x" }],
      [null, { target: "/x" }],
      [null, { method: "TRACE" }],
      [null, { headers: [["Origin", "https://evil.example"]] }],
      [null, { target: "/v2/api_keys" }],
    ];
    for (const [index, [entry, request]] of requests.entries()) {
      workers.begin(...(entry === null ? [] : [entry]));
      const id = `one-for-every-${index}`;
      const answer = await workers.call(plain, {
        ...request,
        headers: [["X-Request-Id", id], ...(request.headers ?? [])],
      });
      const line = await workers.log(answer);
      assert.equal(line.status, answer.status);
      assert.equal(line.level, answer.status >= 500 ? "error" : "info");
      assert.equal(workers.workerd.output.split(`"${id}"`).length, 2, "one line");
    }
  });

  test("contains no text of a caller, in any spelling", async () => {
    const nasty = [
      "\x1b[31mred",
      '","status":200,"x":"',
      "\u2028",
      "<script>",
      "${jndi:ldap://evil.example}",
      "%0a{}",
      "\\n",
      "=cmd()",
    ];
    for (const text of nasty) {
      workers.begin();
      const value = Buffer.from(text).toString("latin1");
      const answer = await workers.call(plain, {
        target: `/v2/x?a=${encodeURIComponent(text)}`,
        headers: [
          ["User-Agent", value],
          ["Referer", value],
          ["X-Request-Id", value],
          ["traceparent", value],
        ],
      });
      const line = JSON.stringify(await workers.log(answer));
      assert.ok(!line.includes(text) && !line.includes(JSON.stringify(text).slice(1, -1)), line);
    }
  });

  test("has the upstream's message as one short line of ASCII", async () => {
    const message = `a\r\nb\u001b[31m\u2028\u202e","level":"info",${"x".repeat(5000)}`;
    workers.begin({ status: 500, body: JSON.stringify({ message }) });
    const answer = await workers.call(plain);
    const text = await workers.workerd.line((found) => found.includes(`"requestId":"${answer.get("x-request-id")}"`));
    const line = JSON.parse(text);
    assert.deepEqual([line.level, line.status], ["error", 502]);
    assert.match(text, /^[\x20-\x7e]*$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
    assert.ok(!/[\u0000-\u001f\u2028\u202e]/.test(line.upstreamMessage), JSON.stringify(line.upstreamMessage));
    assert.ok(text.length < 2000);
  });

  const errors = workers.with({ ATTENTION_LOG: "errors" });
  const silent = workers.with({ ATTENTION_LOG: "silent" });
  test("is written only for errors, or never, if so configured", async () => {
    workers.begin();
    const good = await workers.call(errors);
    const bad = await workers.call(errors, { token: null });
    const quiet = await workers.call(silent, { token: null });
    assert.equal((await workers.log(bad)).status, 401);
    await workers.log(await workers.call(plain));
    for (const answer of [good, quiet]) assert.ok(!workers.workerd.output.includes(answer.get("x-request-id")));
  });

  test("has exactly these fields", async () => {
    workers.begin();
    const known = [
      "cache",
      "caller",
      "code",
      "event",
      "fault",
      "key",
      "keySwitchedFrom",
      "keySwitchedTo",
      "level",
      "method",
      "ms",
      "requestId",
      "route",
      "status",
      "traceId",
      "tries",
      "upstreamError",
      "upstreamMessage",
      "upstreamMs",
      "upstreamRequestId",
      "upstreamStatus",
    ];
    const line = await workers.log(await workers.call(plain));
    assert.deepEqual(
      fields(line).filter((name) => !known.includes(name)),
      [],
    );
  });

  const columns = workers.with({ ATTENTION_LOG_FORM: "columns" });
  test("in columns, begins with the time and always has the same members in the same order, null if unknown", async () => {
    const COLUMNS = [
      "time",
      "event",
      "level",
      "requestId",
      "status",
      "method",
      "caller",
      "session",
      "route",
      "tool",
      "code",
      "fault",
      "hint",
      "source",
      "refusals",
      "traceId",
      "cache",
      "tries",
      "key",
      "upstreamMs",
      "upstreamStatus",
      "upstreamError",
      "upstreamMessage",
      "upstreamRequestId",
      "keySwitchedFrom",
      "keySwitchedTo",
      "ms",
    ];
    const began = Date.now();
    for (const [entry, request] of [
      [{}, {}],
      [{ status: 500, body: "{}" }, {}],
      [{ close: true }, {}],
      [null, { token: null }],
      [null, { method: "TRACE" }],
      [null, { target: "/x" }],
    ]) {
      workers.begin(...(entry === null ? [] : [entry]));
      const line = await workers.log(await workers.call(columns, request));
      assert.deepEqual(Object.keys(line), COLUMNS);
      assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const at = Date.parse(line.time);
      assert.ok(at >= began - 1 && at <= Date.now() + 1, line.time);
      for (const [name, value] of Object.entries(line)) {
        const type = ["status", "refusals", "tries", "upstreamMs", "upstreamStatus", "ms"].includes(name)
          ? "number"
          : "string";
        assert.ok(value === null || typeof value === type, `${name}: ${value}`);
      }
      assert.equal(line.tries === null, entry === null);
    }
  });
});

describe("a request's trace", () => {
  const TRACE = "0af7651916cd43dd8448eb211c80319c";
  const call = async (...headers) => {
    workers.begin();
    const answer = await workers.call(plain, { headers });
    const [record] = await workers.received(1);
    return { line: await workers.log(answer), up: ["traceparent", "tracestate"].map((name) => record.all(name)) };
  };

  for (const parent of [
    `00-${TRACE}-b7ad6b7169203331-01`,
    `00-${TRACE}-b7ad6b7169203331-00`,
    `01-${TRACE}-b7ad6b7169203331-01-more`,
  ]) {
    test(`is forwarded unchanged, and its id is logged: ${parent}`, async () => {
      const { line, up } = await call(["Traceparent", parent], ["Tracestate", "a=1,b=2"]);
      assert.deepEqual(up, [[parent], ["a=1,b=2"]]);
      assert.equal(line.traceId, TRACE);
    });
  }

  for (const parent of [
    "",
    "fake",
    `00-${TRACE}-b7ad6b7169203331`,
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE.toUpperCase()}-b7ad6b7169203331-01`,
    `ff-${TRACE}-b7ad6b7169203331-01`,
  ]) {
    test(`is dropped with its state if it is malformed: ${JSON.stringify(parent)}`, async () => {
      const { line, up } = await call(["traceparent", parent], ["tracestate", "a=1"]);
      assert.deepEqual(up, [[], []]);
      assert.ok(!("traceId" in line));
    });
  }

  test("is ignored if it occurs twice, or if only its state is there", async () => {
    const parent = ["traceparent", `00-${TRACE}-b7ad6b7169203331-01`];
    assert.deepEqual((await call(parent, parent)).up, [[], []]);
    assert.deepEqual((await call(["tracestate", "a=1"])).up, [[], []]);
  });

  test("is in the line of a refusal too", async () => {
    const answer = await workers.call(plain, {
      token: null,
      headers: [["traceparent", `00-${TRACE}-b7ad6b7169203331-01`]],
    });
    assert.equal((await workers.log(answer)).traceId, TRACE);
  });
});

describe("X-Request-Id", () => {
  for (const id of ["fake-id-1", "0af7651916cd43dd8448eb211c80319c", "A.b_c-D.1", "a".repeat(64), "12345678"]) {
    test(`a caller's own id is kept: ${id.slice(0, 40)}`, async () => {
      workers.begin();
      const answer = await workers.call(plain, { headers: [["X-Request-Id", id]] });
      assert.deepEqual(answer.all("x-request-id"), [id]);
      assert.deepEqual((await workers.received(1))[0].all("x-request-id"), []);
    });
  }

  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const id of [
    "",
    "short",
    "a".repeat(65),
    "with blanks in it",
    "a,b,c,d,e",
    "<script>alert(1)</script>",
    "../../../etc",
    "${jndi:ldap}",
    '"},{"a":"b',
    "caf\xe9caf\xe9",
    "a\x1b[31mbbbbb",
  ]) {
    test(`an invalid id is replaced: ${JSON.stringify(id.slice(0, 30))}`, async () => {
      workers.begin();
      const answer = await workers.call(plain, { headers: [["X-Request-Id", id]] });
      assert.equal(answer.all("x-request-id").length, 1);
      assert.match(answer.get("x-request-id"), UUID);
      await workers.log(answer);
    });
  }

  test("two ids count as none", async () => {
    workers.begin();
    const answer = await workers.call(plain, {
      headers: [
        ["X-Request-Id", "fake-id-1"],
        ["X-Request-Id", "fake-id-2"],
      ],
    });
    assert.match(answer.get("x-request-id"), UUID);
  });

  test("every response has an id, and all differ", async () => {
    workers.begin();
    const ids = new Set();
    for (const request of [
      {},
      {},
      { token: null },
      { target: "/v2/../x" },
      { target: "/healthz" },
      { method: "OPTIONS" },
    ])
      ids.add((await workers.call(plain, request)).get("x-request-id"));
    assert.equal(ids.size, 6);
    assert.ok(!ids.has(null));
  });

  test("the upstream's own id is in the log, not in the response", async () => {
    workers.begin({ status: 404, body: "{}", headers: [["X-Request-Id", "upstream-id-1"]] });
    const answer = await workers.call(plain);
    assert.notEqual(answer.get("x-request-id"), "upstream-id-1");
    assert.equal((await workers.log(answer)).upstreamRequestId, "upstream-id-1");
  });

  // No binding makes it fail, but an `env` that throws when it is read does.
  const around = `import worker from "index.js";
    export default { fetch: (request, env, context) => worker.fetch(request, { ...env, get ATTENTION_ANALYTICS() { throw new TypeError("fake"); } }, context) };`;
  const broken = workers.with({}, [{ name: "failing.js", text: around }, ...MODULES]);
  test("a failing Worker's answer and its log have the id", async () => {
    for (const headers of [[], [["X-Request-Id", "callers-own-1"]]]) {
      workers.begin();
      const answer = await workers.call(broken, { headers });
      const problem = assertProblem(answer, 500, "internal");
      if (headers.length > 0) assert.equal(problem.requestId, "callers-own-1");
      const line = await workers.log(answer);
      assert.deepEqual([line.event, line.level, line.error], ["internal", "error", "TypeError"]);
      assertNoSecret(answer.head + answer.text + JSON.stringify(line));
    }
  });
});

describe("upgrades", () => {
  for (const [name, headers] of Object.entries({
    "a WebSocket": [
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
      ["Sec-WebSocket-Version", "13"],
    ],
    h2c: [
      ["Connection", "Upgrade, HTTP2-Settings"],
      ["Upgrade", "h2c"],
      ["HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"],
    ],
    "an unknown protocol": [
      ["Connection", "Upgrade"],
      ["Upgrade", "x/1"],
    ],
  })) {
    test(`${name}: refused with a reason, and nothing is sent`, async () => {
      workers.begin();
      assertProblem(await workers.call(plain, { headers }), 400, "upgrade_not_supported");
      assert.deepEqual(workers.upstream.records, []);
    });
  }
});

describe("the Worker's messages name the cause", () => {
  const OPERATOR = "fake-operator-token-of-the-operator-tests";
  const admin = { ATTENTION_ADMIN_SHA256: sha256(OPERATOR) };
  const minting = workers.with({
    ATTENTION_CALLERS: JSON.stringify([
      { name: "app", sha256: sha256(TOKEN) },
      { name: "backend", sha256: sha256(OTHER_TOKEN), mintsSessions: true },
    ]),
    ATTENTION_SESSION_SECRET: SECRET,
    ATTENTION_ALLOWED_ORIGINS: "https://app.example",
    ...admin,
  });
  const empty = workers.with({ ATTENTION_API_KEY_NEXT: "", ...admin });
  const ask = (body, token = OTHER_TOKEN) =>
    workers.call(minting, { target: "/sessions", method: "POST", body, token });

  test("a caller that may not mint is pointed to mintsSessions, and a session is told that it is one", async () => {
    const denied = assertProblem(await ask("{}", TOKEN), 403, "route_denied");
    assert.match(denied.detail, /may not request sessions.*mintsSessions/);
    const { token } = (await ask("{}")).json();
    assert.match(
      assertProblem(await ask("{}", token), 403, "route_denied").detail,
      /a session cannot request sessions/,
    );
  });

  test("the error of a request for a session reads as a sentence", async () => {
    for (const [wish, said] of [
      [{ origin: "https://other.example" }, "`origin` is not one of the origins that this proxy allows"],
      [{ minutes: 61 }, "`minutes` is too much or too little: a session lasts 1 to 60 minutes"],
      [{ minutes: "5" }, "`minutes` must be a non-negative whole number"],
      [{ routes: ["GET"] }, "`routes` cannot be granted: route 1: "],
      [{ minute: 5 }, "it has a member that is not one of minutes, origin, routes"],
    ]) {
      const { detail } = assertProblem(await ask(JSON.stringify(wish)), 400, "session_request");
      const begin = "the request for a session cannot be granted: ";
      assert.ok(detail.startsWith(begin + said), detail);
    }
    assert.match(assertProblem(await ask("{"), 400, "session_request").detail, /the body is not JSON/);
  });

  test("a missing or empty next key", async () => {
    const test = (service) =>
      workers.call(service, { target: "/admin/keys/next/test", method: "POST", token: OPERATOR });
    assert.match(assertProblem(await test(minting), 404, "no_such_route").detail, /ATTENTION_API_KEY_NEXT is not set/);
    const { detail } = assertProblem(await test(empty), 404, "no_such_route");
    assert.equal(detail, "there is no next key: ATTENTION_API_KEY_NEXT is set but empty");
    const note = await workers.workerd.line((text) => text.includes('"event":"configuration"'));
    assert.deepEqual(JSON.parse(note), {
      event: "configuration",
      level: "warn",
      fault: "ATTENTION_API_KEY_NEXT is set but empty: there is no next key",
    });
  });
});

describe("levels", () => {
  const OPERATOR = "fake-operator-token-of-the-level-tests";
  const levels = (log) =>
    workers.with({ ATTENTION_API_KEY_NEXT: NEXT_KEY, ATTENTION_ADMIN_SHA256: sha256(OPERATOR), ...log });
  const services = [levels({}), levels({ ATTENTION_LOG: "errors" }), levels({ ATTENTION_LOG_SAMPLE_PERCENT: "0" })];

  test("a switch of keys, a refusal by the API and a 429 are warn lines, which sampling never drops", async () => {
    for (const service of services) {
      for (const [script, level, status] of [
        [[{ status: 401 }, {}], "warn", 200],
        [[{ status: 403, body: "{}" }], "warn", 403],
        [[{ status: 404, body: "{}" }], "info", 404],
        [[{ status: 500 }], "error", 502],
        [[{ status: 429, headers: [["Retry-After", "0"]], body: "{}" }], "warn", 429],
      ]) {
        workers.begin(...script);
        const answer = await workers.call(service);
        assert.equal(answer.status, status);
        const line = await workers.log(answer);
        assert.equal(line.level, level, JSON.stringify(line));
        assert.equal("keySwitchedTo" in line, script.length === 2);
      }
    }
  });
});

describe("version_metadata", () => {
  const bound = { CF_VERSION_METADATA: { json: { id: "5f7c-fake-version", tag: "1.2.3", timestamp: "2026-11-29" } } };
  const version = { id: "5f7c-fake-version", tag: "1.2.3" };
  const services = [
    workers.with(bound),
    workers.with({ ...bound, ATTENTION_LOG_FORM: "columns" }),
    workers.with({ CF_VERSION_METADATA: { json: { id: 7 } } }),
  ];

  test("is in each line and in /healthz; an invalid binding is ignored", async () => {
    const [short, columns, odd] = services;
    for (const service of [short, columns]) {
      workers.begin();
      const line = await workers.log(await workers.call(service));
      assert.deepEqual([line.version, line.versionTag], [version.id, version.tag]);
      assert.deepEqual((await probe(service, "/healthz")).json(), { status: "alive", version });
    }
    assert.ok(!("version" in (await workers.log(await workers.call(odd)))));
    assert.deepEqual((await probe(odd, "/healthz")).json(), { status: "alive" });
  });
});

test("the whole log consists of JSON lines, without key, next key or token", () => {
  assertNoSecret(workers.workerd.output, [...SECRETS, EXPIRED, FRESH, TOKEN, NEXT_KEY]);
  assert.deepEqual(
    workers.workerd.lines.filter(({ text }) => !text.startsWith("{")).map(({ text }) => text),
    [],
  );
});
