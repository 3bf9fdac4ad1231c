// attention-wasm/opentelemetry, with the real SDK: a span for each call, by the semantic conventions for HTTP clients.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { context, diag, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { importPacked, project, requirePacked } from "../runtimes/packed.mjs";
import { AT_ONCE, attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";

const { Attention } = attention;
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
let instrument;

/** The W3C's, as far as it matters here. */
const propagator = {
  inject(at, carrier, setter) {
    const { traceId, spanId } = trace.getSpanContext(at) ?? {};
    if (traceId !== undefined) setter.set(carrier, "traceparent", `00-${traceId}-${spanId}-01`);
  },
  extract: (at) => at,
  fields: () => ["traceparent"],
};

before(async () => {
  // What an application installs beside the package.
  const link = join(await project(), "node_modules/@opentelemetry");
  const real = fileURLToPath(new URL("../../node_modules/@opentelemetry", import.meta.url));
  if (!existsSync(link)) await symlink(real, link).catch((error) => assert.equal(error.code, "EEXIST"));
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(propagator);
  ({ instrument } = await importPacked("attention-wasm/opentelemetry"));
});

beforeEach(() => exporter.reset());

const spans = () => exporter.getFinishedSpans();

async function traced(t, options = {}, upstreamOptions = {}) {
  const made = await served(t, options, upstreamOptions);
  return { ...made, client: instrument(made.client) };
}

test("a call is a span, named by its path's template, with the attributes of the conventions", async (t) => {
  const { client, upstream } = await traced(t);
  await client.conversations.get("0001-fake-id", { detailedTranscript: true });
  const [span] = spans();
  assert.equal(spans().length, 1);
  assert.deepEqual(
    [span.name, span.kind, span.status.code],
    ["GET /conversations/{id}", SpanKind.CLIENT, SpanStatusCode.UNSET],
  );
  assert.deepEqual(span.attributes, {
    "server.address": "127.0.0.1",
    "server.port": Number(new URL(upstream.url).port),
    "url.scheme": "http",
    "http.request.method": "GET",
    "url.template": "/conversations/{id}",
    "attention.operation": "conversations.get",
    "http.response.status_code": 200,
  });
  assert.equal(span.instrumentationScope.name, "attention-wasm");
  assert.equal(
    upstream.records[0].all("traceparent")[0],
    `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`,
  );
});

test("an unknown path has no template, and no part of it is recorded", async (t) => {
  const { client } = await traced(t);
  await client.get("/things/0001-fake-id", { query: { who: "ada" } });
  assert.equal(spans()[0].name, "GET");
  assert.ok(!("url.template" in spans()[0].attributes));
});

test("a client with another base URL is another server", async (t) => {
  const { client, upstream } = await traced(t);
  const other = client.withOptions({ baseURL: upstream.url.replace("127.0.0.1", "localhost") });
  await other.get("/users").catch(() => {});
  await client.get("/users");
  assert.deepEqual(
    spans().map(({ attributes }) => attributes["server.address"]),
    ["localhost", "127.0.0.1"],
  );
});

test("an error's class is recorded, but no other text in its name; each span ends, whatever is thrown", async (t) => {
  const named = (name) => Object.assign(new Error("0001-fake-id"), { name });
  const hostile = Object.defineProperty(new Error("x"), "name", {
    get() {
      throw new Error("of the getter");
    },
  });
  for (const [thrown, type] of [
    [new RangeError("0001-fake-id"), "RangeError"],
    [named("ZodError"), "ZodError"],
    [named("user 0001-fake-id"), "_OTHER"],
    [named("0001"), "_OTHER"],
    [named(42), "_OTHER"],
    [named(undefined), "_OTHER"],
    [hostile, "_OTHER"],
    [undefined, "_OTHER"],
    [null, "_OTHER"],
    ["0001-fake-id", "_OTHER"],
  ]) {
    exporter.reset();
    const { client } = await traced(t);
    client.use(() => Promise.reject(thrown));
    await client.get("/users").catch(() => {});
    assert.deepEqual(
      spans().map(({ attributes }) => attributes["error.type"]),
      [type],
    );
  }
});

test("calls that never end, as of visitors who leave a Worker, keep a bounded number of spans open", () => {
  const hooks = [];
  instrument({ baseURL: "https://api.example.test/v2", use: (one) => hooks.push(one) });
  const [{ onStart, onEnd }] = hooks;
  const call = (number) => ({ callId: `call-${number}`, method: "GET", attempt: 0, durationMs: 0 });
  for (let number = 0; number < 10_050; number++) onStart(call(number));
  assert.equal(spans().length, 50);
  for (const number of [0, 10_049]) onEnd({ ...call(number), outcome: "success" });
  assert.equal(spans().length, 51);
});

test("a hook that changes its events does not keep a span open", async (t) => {
  const spoil = (event) => Object.assign(event, { callId: "spoiled", outcome: "error" });
  const { client } = await traced(t, { onStart: spoil, onRequest: spoil, onEnd: spoil });
  await client.get("/users");
  assert.deepEqual(
    spans().map(({ status }) => status.code),
    [SpanStatusCode.UNSET],
  );
});

test("a propagator, a sampler or a processor that throws is reported to OpenTelemetry, and the call goes on", async (t) => {
  const told = [];
  diag.setLogger({ error: (_, error) => told.push(error.message), warn() {}, info() {}, debug() {}, verbose() {} });
  t.after(() => {
    diag.disable();
    propagation.disable();
    propagation.setGlobalPropagator(propagator);
  });
  const fail = () => {
    throw new Error("of the application");
  };
  const setter = (name, value) => ({ ...propagator, inject: (_, carrier, { set }) => set(carrier, name, value) });
  const sampler = { shouldSample: fail, toString: () => "fails" };
  const processor = { onStart: fail, onEnd: fail, shutdown() {}, forceFlush() {} };
  for (const [broken, options] of [
    [{ ...propagator, inject: fail }, {}],
    [setter("x-odd", "a\nb"), {}],
    [propagator, { tracerProvider: new BasicTracerProvider({ sampler }) }],
    [propagator, { tracerProvider: new BasicTracerProvider({ spanProcessors: [processor] }) }],
    [propagator, { tracerProvider: { getTracer: fail } }],
  ]) {
    propagation.disable();
    propagation.setGlobalPropagator(broken);
    const { client } = await served(t);
    const before = told.length;
    assert.deepEqual(await instrument(client, options).get("/users"), { ok: true });
    assert.ok(told.length > before);
  }
});

test("it is a child of the caller's span, and the parent of its requests' spans", async (t) => {
  const tracer = provider.getTracer("test");
  const { client } = await traced(t, {
    fetch: (...given) => {
      tracer.startSpan("fetch").end();
      return fetch(...given);
    },
  });
  await tracer.startActiveSpan("page", async (page) => {
    await client.get("/users");
    page.end();
  });
  const [inner, call, page] = ["fetch", "GET /users", "page"].map((name) => spans().find((span) => span.name === name));
  assert.equal(call.parentSpanContext.spanId, page.spanContext().spanId);
  assert.equal(inner.parentSpanContext.spanId, call.spanContext().spanId);
});

test("retries, waits and key switches are events of the one span", async (t) => {
  const { client, upstream } = await traced(t, { nextApiKey: FAKE_NEXT_KEY });
  upstream.script([{ status: 401 }, { status: 503, headers: [AT_ONCE] }, { status: 200, body: "{}" }]);
  await client.get("/users");
  const [{ events, attributes }] = spans();
  assert.deepEqual(events.map(({ name }) => name).sort(), ["attention.key_switch", "attention.wait"]);
  const wait = events.find(({ name }) => name === "attention.wait").attributes;
  assert.deepEqual([wait["attention.wait.attempt"], wait["http.response.status_code"]], [2, 503]);
  assert.ok(wait["attention.wait.duration"] >= 0);
  assert.equal(events.find(({ name }) => name === "attention.key_switch").attributes["attention.key.slot"], "next");
  assert.equal(attributes["http.request.resend_count"], 2);
});

describe("a failure is recorded by its status, or by its kind", () => {
  const controller = new AbortController();
  controller.abort();
  for (const [what, script, options, type, status] of [
    ["404", { status: 404 }, {}, "404", 404],
    ["500", { status: 500 }, {}, "500", 500],
    ["connection", { reset: true }, {}, "connection", undefined],
    ["timeout", { hang: true }, { timeout: 200 }, "timeout", undefined],
    ["aborted", {}, { signal: controller.signal }, "aborted", undefined],
    ["broken JSON", { headers: [["content-type", "application/json"]], body: "{" }, {}, "protocol", 200],
    ["a wrong option", {}, { nonsense: true }, "TypeError", undefined],
  ]) {
    test(what, async (t) => {
      const { client, upstream } = await traced(t, { maxRetries: 0 });
      upstream.script([script]);
      await rejection(client.get("/users", options));
      const [span] = spans();
      assert.equal(spans().length, 1);
      assert.deepEqual(span.status, { code: SpanStatusCode.ERROR });
      assert.deepEqual([span.attributes["error.type"], span.attributes["http.response.status_code"]], [type, status]);
      assert.deepEqual(span.events, []);
    });
  }
});

test("100 calls at once: refused, aborted, retried, key-switched; 100 spans, each ended once, and nothing that a caller wrote", async (t) => {
  const upstreamOptions = {
    handler: (request) => {
      const seen = Number(new URL(request.url).searchParams.get("secret-number"));
      if (request.headers.get("authorization").endsWith(FAKE_KEY)) return Response.json({}, { status: 401 });
      if (seen % 4 === 1) return Response.json({ message: "secret-words" }, { status: 404 });
      return Response.json({ seen });
    },
  };
  const { client, upstream } = await traced(t, { nextApiKey: FAKE_NEXT_KEY, maxConcurrency: 20 }, upstreamOptions);
  upstream.script([{ status: 503, headers: [AT_ONCE], times: 5 }]);
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, number) =>
      client.get(`/conversations/secret-id-${number}`, {
        query: { "secret-number": number },
        headers: { "x-secret": "secret-header" },
        signal: number % 4 === 2 ? AbortSignal.timeout(number) : undefined,
      }),
    ),
  );
  assert.equal(spans().length, 100);
  assert.equal(new Set(spans().map((span) => span.spanContext().spanId)).size, 100);
  assert.deepEqual(new Set(spans().map(({ name }) => name)), new Set(["GET /conversations/{id}"]));
  const failed = results.filter(({ status }) => status === "rejected").length;
  assert.ok(failed >= 25 && failed < 60, String(failed));
  assert.equal(spans().filter(({ status }) => status.code === SpanStatusCode.ERROR).length, failed);
  for (const { duration, attributes, ended, resource } of spans()) {
    assert.ok(ended && duration[0] >= 0 && resource !== undefined);
    assert.equal(attributes["error.type"] === undefined, attributes["http.response.status_code"] === 200);
  }
  const told = JSON.stringify(
    spans().map(({ name, attributes, events, status }) => [name, attributes, events, status]),
  );
  for (const secret of ["secret", FAKE_KEY, FAKE_NEXT_KEY]) assert.ok(!told.includes(secret), secret);
});

test("a provider of one's own, a client made later, and CommonJS", async (t) => {
  const own = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] });
  const { client } = await served(t);
  assert.equal(instrument(client, { tracerProvider }), client);
  await client.withOptions({ maxRetries: 0 }).get("/users");
  assert.deepEqual([own.getFinishedSpans().length, spans().length], [1, 0]);
  const { instrument: required } = await requirePacked("attention-wasm/opentelemetry");
  const { Attention: Required } = await requirePacked();
  const other = required(new Required({ apiKey: FAKE_KEY, fetch: async () => Response.json({}) }));
  await other.get("/users");
  assert.equal(spans().length, 1);
  other.close();
});

test("programs that do not import it do not need the API of OpenTelemetry", async () => {
  // `importPacked` of the other entries has worked before the link was there; and it is theirs to bring.
  const { peerDependenciesMeta } = createRequire(join(await project(), "index.cjs"))("attention-wasm/package.json");
  assert.deepEqual(peerDependenciesMeta["@opentelemetry/api"], { optional: true });
  assert.ok(Attention.prototype !== undefined);
});
