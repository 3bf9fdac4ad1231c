// Errors in real loggers: class, code, status and diagnosis are logged, the server's body and credentials are not.
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { library } from "../runtimes/tools.mjs";
import { attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const BODY = "a body that belongs in no log";

/** One error of each kind, with a key wherever one could be. */
async function errors(t) {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  const json = ["content-type", "application/json"];
  upstream.script([
    { status: 401, headers: [json], body: JSON.stringify({ message: `no such key: ${FAKE_KEY}`, note: BODY }) },
    {
      status: 422,
      headers: [json, ["x-request-id", "req-1"], ["x-echo", FAKE_KEY]],
      body: JSON.stringify({ errors: [{ field: "title", message: "is too long" }], note: BODY }),
    },
    { reset: true },
  ]);
  const unauthorized = await rejection(client.get("/users"));
  const validation = await rejection(client.get("/users"));
  const connection = await rejection(client.get("/users"));
  const aborted = await rejection(client.get("/users", { signal: AbortSignal.abort(new Error(`stop ${FAKE_KEY}`)) }));
  const config = await rejection((async () => new attention.Attention({ apiKey: `Bearer ${FAKE_KEY}` }))());
  return { unauthorized, validation, connection, aborted, config };
}

/** Fails if a logger's output has a key or the body. */
function assertClean(written) {
  assert.ok(!written.includes(FAKE_KEY), written);
  assert.ok(!written.includes(BODY), written);
}

function sink() {
  const lines = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { stream, lines };
}

test("pino: type, code, status, attempts, issues and diagnosis; the cause by its message", async (t) => {
  const { default: pino } = await library("loggers", "pino");
  const { stream, lines } = sink();
  const logger = pino({ base: undefined }, stream);
  const all = await errors(t);
  for (const error of Object.values(all)) logger.error(error);
  const written = lines.map((line) => JSON.parse(line).err);
  assertClean(lines.join(""));
  assert.deepEqual(
    written.map(({ type, kind, code, status, attempts }) => [type, kind, code, status, attempts]),
    [
      ["UnauthorizedError", "unauthorized", "unauthorized", 401, 1],
      ["ValidationError", "validation", "validation", 422, 1],
      ["ConnectionError", "connection", "connection_reset", undefined, 1],
      ["AbortedError", "aborted", "aborted", undefined, 0],
      ["InvalidKeyError", "invalid_key", "key_has_scheme", undefined, 0],
    ],
  );
  assert.deepEqual(written[1].issues, [{ field: "title", message: "is too long" }]);
  assert.equal(written[1].requestId, "req-1");
  assert.equal(written[0].diagnosis.findings.length, 4);
  assert.match(written[2].stack, /caused by: .*fetch failed/s);
});

test("winston: the same in its JSON", async (t) => {
  const { default: winston } = await library("loggers", "winston");
  const { stream, lines } = sink();
  const { combine, errors: ofErrors, json } = winston.format;
  const logger = winston.createLogger({
    format: combine(ofErrors({ stack: true }), json()),
    transports: [new winston.transports.Stream({ stream })],
  });
  const all = await errors(t);
  for (const error of Object.values(all)) logger.error(error);
  await new Promise((resolve) => setImmediate(resolve));
  const written = lines.map((line) => JSON.parse(line));
  assertClean(lines.join(""));
  assert.deepEqual(
    written.map(({ kind, code, status }) => [kind, code, status]),
    Object.values(all).map(({ kind, code, status }) => [kind, code, status]),
  );
  assert.deepEqual(written[1].issues, [{ field: "title", message: "is too long" }]);
});

test("serialize-error: by toJSON, and back to an error that tells its kind", async (t) => {
  const { serializeError, deserializeError } = await library("loggers", "serialize-error");
  for (const error of Object.values(await errors(t))) {
    const plain = serializeError(error);
    assertClean(JSON.stringify(plain));
    assert.deepEqual(
      [plain.name, plain.kind, plain.code, plain.status, plain.message],
      [error.name, error.kind, error.code, error.status, error.message],
    );
    const back = deserializeError(plain);
    assert.deepEqual([back.kind, back.code, back.message], [error.kind, error.code, error.message]);
  }
});

test("Sentry: type and message, the cause as an exception of its own, and what it calls extra error data", async (t) => {
  const Sentry = await library("loggers", "@sentry/node");
  const sent = [];
  Sentry.init({
    dsn: "https://public@sentry.example/1",
    defaultIntegrations: false,
    integrations: [Sentry.linkedErrorsIntegration(), Sentry.extraErrorDataIntegration({ depth: 5 })],
    transport: () => ({
      send: async (envelope) => {
        sent.push(envelope);
        return { statusCode: 200 };
      },
      flush: async () => true,
    }),
  });
  t.after(() => Sentry.close());
  const all = await errors(t);
  for (const error of Object.values(all)) Sentry.captureException(error);
  await Sentry.flush(2000);
  assertClean(JSON.stringify(sent));
  const events = sent.flatMap(([, items]) => items.filter(([{ type }]) => type === "event").map(([, event]) => event));
  assert.deepEqual(
    events.map(({ exception: { values } }) => values.at(-1).type),
    Object.values(all).map(({ name }) => name),
  );
  const [unauthorized, validation, connection] = events;
  assert.equal(unauthorized.exception.values.at(-1).value, all.unauthorized.message);
  const data = (event, error) => event.contexts[error.name];
  assert.deepEqual(
    [validation, connection].map((event, at) => {
      const { code, status, attempts } = data(event, [all.validation, all.connection][at]);
      return [code, status, attempts];
    }),
    [
      ["validation", 422, 1],
      ["connection_reset", undefined, 1],
    ],
  );
  assert.match(JSON.stringify(connection.exception), /fetch failed/);
});

test("structuredClone and a worker's message: message, stack and cause; the rest by toJSON", async (t) => {
  for (const error of Object.values(await errors(t))) {
    for (const copy of [structuredClone(error), await throughWorker(error)]) {
      assert.ok(copy instanceof Error);
      assert.equal(copy.message, error.message);
      assert.equal(copy.stack, error.stack);
      assert.equal(copy.cause?.message, error.cause?.message);
      assertClean(copy.message + copy.stack + copy.cause?.message);
    }
    const whole = structuredClone(error.toJSON());
    assert.deepEqual(whole, error.toJSON());
    assert.deepEqual([whole.kind, whole.name], [error.kind, error.name]);
  }
});

/** A value after it was sent to a worker and back. */
async function throughWorker(value) {
  const code = `const { parentPort } = require("node:worker_threads");
    parentPort.once("message", (value) => parentPort.postMessage(value));`;
  const worker = new Worker(code, { eval: true });
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve).once("error", reject).postMessage(value);
    });
  } finally {
    await worker.terminate();
  }
}
