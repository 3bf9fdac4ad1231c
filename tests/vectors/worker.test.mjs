// The golden vectors over HTTP: real requests through the built Worker in
// workerd, to an upstream that keeps the bytes it received.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { applicable, bytes, text } from "./harness.mjs";
import { loadFiles } from "./suite.mjs";

const BUILD = new URL("../../worker/build/", import.meta.url);
const KEY = "fake-key-of-the-worker-vectors";
const TOKEN = "fake-token-of-the-worker-vectors";
/** Isolates need memory, so the services run in several processes, one after the other. */
const SERVICES_AT_ONCE = 60;

const files = await loadFiles();
let upstream;
/** Case id → what the upstream answers with, request by request. */
const replies = new Map();

before(async () => {
  await access(new URL("index.js", BUILD)).catch(() => {
    throw new Error("worker/build is not there: run `cargo xtask build worker` first");
  });
  upstream = await startUpstream({
    handler: (_, record) => (replies.get(caseOf(record))?.shift() ?? (() => Response.json({ ok: true })))(),
  });
});

after(() => upstream.close());

// ------------------------------------------------------------ authorization

test("authorization.json, outgoing: the upstream receives exactly these bytes", async () => {
  const cases = applicable(files["authorization.json"], "worker").filter(({ direction }) => direction === "outgoing");
  await each(
    cases,
    ({ current, next }) => ({ ATTENTION_API_KEY: text(current), ...(next && { ATTENTION_API_KEY_NEXT: text(next) }) }),
    async ({ headers }, id, { url }) => {
      replies.set(id, [() => Response.json({ ok: true }), refuse, refuse]);
      const first = await get(url, id);
      assert.equal(first.status, 200);
      const expected = [text(headers.current), ...(headers.next === null ? [] : [text(headers.next)])];
      const second = await get(url, id);
      assert.equal(second.status, 502);
      assert.equal((await second.json()).code, "upstream_unauthorized");
      // First the current key; once it is refused, each available key.
      assert.deepEqual(authorizations(id), [expected[0], ...expected]);
    },
  );
});

test("authorization.json, incoming: who is accepted, and which error the others get", async () => {
  const cases = applicable(files["authorization.json"], "worker").filter(({ direction }) => direction === "incoming");
  const tokens = [...new Set(cases.filter(({ token }) => token !== undefined).map(({ token }) => text(token)))];
  await withWorker([{ ATTENTION_CALLERS: callers(tokens) }], async ([{ url, port }]) => {
    await collect(cases, async ({ values, token, code }, id) => {
      const answer = await raw(port, [
        `GET /v2/conversations?case=${id} HTTP/1.1`,
        "Host: worker.example",
        ...values.map((value) => `Authorization: ${text(value)}`),
      ]);
      if (token !== undefined) {
        assert.equal(answer.status, 200, answer.head);
        return assert.deepEqual(authorizations(id), [`Bearer ${KEY}`]);
      }
      assert.equal(JSON.parse(answer.body).code, code);
      assert.equal(
        answer.status,
        ["authorization_repeated", "authorization_too_long", "authorization_malformed"].includes(code) ? 400 : 401,
      );
      assert.match(answer.head, /^www-authenticate: Bearer /im);
      assert.deepEqual(authorizations(id), [], "something was sent upstream");
      lacks(
        answer.head + answer.body,
        values.map(text).filter((value) => value.length > 20),
      );
    });
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

// ------------------------------------------------------------ keys

test("keys.json: each text as the secret of a separate Worker", async () => {
  const cases = applicable(files["keys.json"], "worker");
  await each(
    cases,
    ({ text: parts }) => ({ ATTENTION_API_KEY: text(parts) }),
    async ({ text: parts, ok }, id, { url, workerd }) => {
      const ready = await fetch(`${url}/readyz`);
      const told = await ready.text();
      const answer = await get(url, id);
      if (ok === undefined) {
        assert.deepEqual([ready.status, answer.status], [503, 503]);
        assert.equal(JSON.parse(told).code, "misconfigured");
        assert.equal((await answer.json()).code, "misconfigured");
        assert.deepEqual(authorizations(id), [], "something was sent upstream");
      } else {
        assert.equal(answer.status, 200);
        assert.deepEqual(authorizations(id), [`Bearer ${text(parts).trim()}`]);
        const [held] = JSON.parse(told).keys;
        assert.equal(held.fingerprint, ok.fingerprint);
        assert.equal(held.expiresAt ?? null, ok.expiresAt);
        assert.equal(ready.status, ok.expiresAt !== null && ok.expiresAt <= Date.now() ? 503 : 200);
      }
      const secret = text(parts).trim();
      if (secret.length > 20) lacks(told + workerd.output, [secret]);
    },
  );
});

// ------------------------------------------------------------ urls

test("urls.json: the upstream receives the target byte by byte, or nothing", async () => {
  const cases = applicable(files["urls.json"], "worker");
  await withWorker([{}], async ([{ port }]) => {
    await collect(cases, async ({ target, query, url, error }) => {
      upstream.clear();
      const asked = `/v2${text(target)}${query === undefined ? "" : `${text(target).includes("?") ? "&" : "?"}${query}`}`;
      const answer = await raw(port, [
        `GET ${asked} HTTP/1.1`,
        "Host: worker.example",
        `Authorization: Bearer ${TOKEN}`,
      ]);
      const sent = upstream.records.map((record) => record.target);
      if (error !== undefined) {
        assert.deepEqual(sent, [], "something was sent upstream");
        assert.equal(answer.status, 400, answer.head);
        return assert.equal(JSON.parse(answer.body).code, error.code);
      }
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(sent, [text(url).slice("https://api.attention.tech".length)]);
    });
  });
});

// ------------------------------------------------------------ errors

test("errors.json: the caller's answer and the log line", async () => {
  const cases = applicable(files["errors.json"], "worker").filter(({ token }) => !token);
  // A 429 closes the gate of its isolate, and a key is an isolate's own.
  const apart = ({ key, status }) => key !== undefined || status === 429;
  const check = async ({ key = KEY, status, headers = [], body, error }, id, { url, workerd }) => {
    const sent = bytes(body);
    replies.set(id, [() => new Response([204, 304].includes(status) ? null : sent, { status, headers })]);
    const answer = await get(url, id, ASKING[status]);
    const told = await answer.text();
    const expected = answerTo(status, error);
    assert.equal(answer.status, expected.status);
    if (expected.code === undefined) {
      assert.doesNotMatch(answer.headers.get("content-type") ?? "", /problem/);
    } else {
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(JSON.parse(told).code, expected.code);
      assert.deepEqual(Object.keys(JSON.parse(told)).sort(), [
        "code",
        "detail",
        "requestId",
        "status",
        "title",
        "type",
      ]);
    }
    // Dates and Unix times are those of the vectors' clock, not of the Worker's.
    const isDated = headers.some(([, value]) => /GMT|\d{10}/.test(value));
    if (expected.retryAfter !== undefined && !isDated)
      assert.equal(answer.headers.get("retry-after"), expected.retryAfter);
    assert.equal(authorizations(id).length, 1);
    if (error === null) return;
    const requestId = answer.headers.get("x-request-id");
    const line = JSON.parse(await workerd.line((printed) => printed.includes(requestId)));
    assert.equal(line.upstreamError, error.kind);
    assert.equal(line.upstreamRequestId, error.requestId);
    // A body beyond the limit for errors is not read here.
    const isRead = sent.length <= 64 * 1024 && error.diagnosis === undefined;
    for (const words of isRead ? (error.says ?? []) : [])
      assert.ok(line.upstreamMessage.includes(words), `${line.upstreamMessage} has ${words}`);
    for (const words of error.unsaid ?? [])
      assert.ok(!line.upstreamMessage.includes(words), `${line.upstreamMessage} has not ${words}`);
    lacks(told + JSON.stringify([...answer.headers]) + workerd.output, [key]);
  };
  await withWorker([{}], ([worker]) =>
    collect(
      cases.filter((each) => !apart(each)),
      (each, id) => check(each, id, worker),
    ),
  );
  await each(cases.filter(apart), ({ key }) => ({ ...(key && { ATTENTION_API_KEY: key }) }), check);
});

test("retry_after.json: a valid value is passed on in whole seconds", async () => {
  const cases = applicable(files["retry_after.json"], "worker");
  await each(
    cases,
    () => ({}),
    async ({ value, millis }, id, { url }) => {
      replies.set(id, [() => new Response(null, { status: 429, headers: { "retry-after": text(value) } })]);
      const answer = await get(url, id);
      assert.deepEqual([answer.status, (await answer.json()).code], [429, "rate_limited"]);
      // By the Worker's own clock all dates of the vectors are past.
      const seconds = /[A-Za-z]/.test(text(value)) ? 0 : millis / 1000;
      assert.equal(answer.headers.get("retry-after"), millis === null ? null : String(seconds));
    },
  );
});

/** The Worker's answer: its own problem, or the API's response. */
function answerTo(status, error) {
  if (error === null) return { status };
  const seconds = error.retryAfter === undefined ? null : String(Math.ceil(error.retryAfter / 1000));
  if (error.kind === "unauthorized") return { status: 502, code: "upstream_unauthorized" };
  if (error.kind === "rate_limited") return { status: 429, code: "rate_limited", retryAfter: seconds };
  // Said to the Worker, which sends no early data (RFC 8470 §5.2).
  if (error.kind === "protocol" || status === 425) return { status: 502, code: "upstream_protocol" };
  if (status === 503) return { status: 503, code: "upstream_unavailable", retryAfter: seconds };
  if (status === 504) return { status: 504, code: "upstream_timeout" };
  if (error.kind === "server") return { status: 502, code: "upstream_error" };
  return { status };
}

// ------------------------------------------------------------ retries and ring

/**
 * Steps that HTTP can express: calls one after the other, without a clock of
 * their own, in a bearable time. No broken connections: workerd itself sends an
 * idempotent request without a body again when a connection it had kept breaks. No 407:
 * Node's fetch hands none out. No mark: no header says so.
 */
function isPlayable({ keys, steps }) {
  let open = false;
  return (
    keys?.token === undefined &&
    steps.at(-1).at <= 2500 &&
    steps.every(({ begin, replaceKeys, failure, response, then }) => {
      if (begin !== undefined && open) return false;
      open = ["send", "wait"].includes(then.action);
      return (
        replaceKeys === undefined &&
        failure === undefined &&
        response !== 407 &&
        then.action !== "refused" &&
        begin?.timeout === undefined &&
        begin?.attemptTimeout === undefined &&
        begin?.maxRetries === undefined &&
        begin?.idempotent === undefined &&
        begin?.method !== "OPTIONS" &&
        (begin === undefined || then.action === "send")
      );
    })
  );
}

for (const [name, atLeast] of [
  ["retries.json", 60],
  ["ring.json", 20],
]) {
  const file = files[name];
  const cases = file.cases.filter(isPlayable);
  test(`${name}: as many requests, with the same keys, and the same end, ${cases.length} cases`, async () => {
    assert.ok(cases.length >= atLeast, `${cases.length} cases can be played`);
    const bindings = ({ keys = file.keys }) => ({
      ATTENTION_API_KEY: keys.current,
      ...(keys.next && { ATTENTION_API_KEY_NEXT: keys.next }),
      ATTENTION_MAX_RETRIES: "2",
      ATTENTION_POLICY: "allow * /v2/**",
    });
    await each(
      cases,
      bindings,
      async ({ keys = file.keys, steps }, id, { url }) => {
        replies.set(id, steps.filter(({ response }) => response !== undefined).map(asReply));
        const slots = steps.filter(({ then }) => then.action === "send").map(({ then }) => `Bearer ${keys[then.slot]}`);
        for (const { begin } of steps.filter((step) => step.begin)) {
          const end = steps
            .slice(steps.findIndex((step) => step.begin === begin))
            .find(({ then }) => !["send", "wait"].includes(then.action));
          const answer = await fetch(`${url}/v2/conversations?case=${id}`, {
            method: begin.method,
            redirect: "manual",
            // Named or not, a request goes up again by its method alone.
            headers: { authorization: `Bearer ${TOKEN}`, "idempotency-key": "fake-1" },
            // A body of unknown length is not held.
            ...(begin.oneShot && { body: new Blob(["fake"]).stream(), duplex: "half" }),
          });
          const error = end.then.error ?? null;
          assert.equal(answer.status, answerTo(end.response, error).status);
          await answer.arrayBuffer();
        }
        assert.deepEqual(authorizations(id), slots);
      },
      { atOnce: true },
    );
  });
}

function asReply({ response, headers, body }) {
  const content = response === 204 || response === 304 ? null : bytes(body);
  return () => new Response(content, { status: response, headers });
}

// ------------------------------------------------------------ parts

const refuse = () => new Response(null, { status: 401 });
const caseOf = ({ target }) => /[?&]case=([^&]+)/.exec(target)?.[1];
const authorizations = (id) =>
  upstream.records.filter((record) => caseOf(record) === id).flatMap((record) => record.all("authorization"));
/** The request for statuses that need no special one. */
const ASKING = { 206: { range: "bytes=0-1" }, 304: { "if-none-match": '"a"' } };
const get = (url, id, headers = {}) =>
  fetch(`${url}/v2/conversations?case=${id}`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    redirect: "manual",
  });

function callers(tokens) {
  return JSON.stringify(
    tokens.map((token, index) => ({
      name: `caller-${index}`,
      sha256: createHash("sha256").update(token).digest("hex"),
    })),
  );
}

function lacks(said, secrets) {
  for (const secret of secrets) assert.ok(!said.includes(secret), `${said.slice(0, 400)} holds a secret`);
}

/** Starts a Worker for each set of bindings, all in one process. */
async function withWorker(bindings, use) {
  const modules = [
    { name: "index.js", file: new URL("index.js", BUILD) },
    { name: "index_bg.wasm", type: "wasm", file: new URL("index_bg.wasm", BUILD) },
  ];
  const workerd = await startWorkerd({
    startMs: 60_000,
    services: bindings.map((own, index) => ({
      name: `w${index}`,
      modules,
      bindings: {
        ATTENTION_API_KEY: KEY,
        ATTENTION_BASE_URL: `${upstream.url}/v2`,
        ATTENTION_CALLERS: callers([TOKEN]),
        ATTENTION_MAX_RETRIES: "0",
        ...own,
      },
    })),
  });
  try {
    await use(
      bindings.map((_, index) => ({ url: workerd.urls[`w${index}`], port: workerd.ports[`w${index}`], workerd })),
    );
  } finally {
    await workerd.close();
  }
}

/** Runs each case against a Worker of its own. */
async function each(cases, bindings, check, { atOnce = false } = {}) {
  for (let at = 0; at < cases.length; at += SERVICES_AT_ONCE) {
    const some = cases.slice(at, at + SERVICES_AT_ONCE);
    await withWorker(some.map(bindings), (workers) =>
      collect(some, (each, id, index) => check(each, id, workers[index]), atOnce),
    );
  }
}

let count = 0;

/** Runs all cases, and fails with the names of those that failed. */
async function collect(cases, check, atOnce = false) {
  assert.ok(cases.length > 0, "no cases prove nothing");
  const failed = [];
  const one = async (each, index) => {
    try {
      await check(each, `c${++count}`, index);
    } catch (error) {
      failed.push(`${each.name}: ${error.message}`);
    }
  };
  if (atOnce) await Promise.all(cases.map(one));
  else for (const [index, each] of cases.entries()) await one(each, index);
  assert.equal(failed.length, 0, `${failed.length} of ${cases.length} cases\n${failed.join("\n")}`);
}

/** A request as these lines; the answer's status, head and body. */
async function raw(port, lines) {
  const socket = connect(port, "127.0.0.1");
  const chunks = [];
  socket.end(Buffer.from(`${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n`, "latin1"));
  for await (const chunk of socket) chunks.push(chunk);
  const answer = Buffer.concat(chunks).toString("latin1");
  const at = answer.indexOf("\r\n\r\n");
  const head = answer.slice(0, at);
  const body = answer.slice(at + 4);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    head,
    body: /^transfer-encoding: chunked/im.test(head) ? unchunked(body) : body,
  };
}

function unchunked(body) {
  let left = body;
  let whole = "";
  for (;;) {
    const end = left.indexOf("\r\n");
    const size = parseInt(left.slice(0, end), 16);
    if (!(size > 0)) return whole;
    whole += left.slice(end + 2, end + 2 + size);
    left = left.slice(end + 2 + size + 2);
  }
}
