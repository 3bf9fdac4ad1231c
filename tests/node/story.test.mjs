// The events of a call: it begins, its attempts are numbered, and it ends once, whatever servers, faults and callers
// do.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { inspect } from "node:util";
import { parse } from "yaml";
import { random } from "../random.mjs";
import { tool } from "../runtimes/tools.mjs";
import { AT_ONCE, assertNoOpenCalls, attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";
import { VirtualTime } from "./virtual-time.mjs";

const { Attention, AttentionError, Client } = attention;
const NAMES = ["onStart", "onRequest", "onResponse", "onRetry", "onWait", "onKeySwitch", "onKeyExpiring", "onEnd"];

/** Hooks that note everything, in order. */
function recorder() {
  const events = [];
  const hooks = Object.fromEntries(NAMES.map((name) => [name, (event) => events.push({ name, ...event })]));
  return { events, hooks };
}

/** Fails unless the events of one call are consistent. */
function assertStory(events, what) {
  const names = events.map(({ name }) => name);
  const told = `${what}: ${names.join(" ")}`;
  // A letter for each: Start, Expiring, request (q), response (s), key switch (k), Retry, Wait, End.
  const letters = {
    onStart: "S",
    onKeyExpiring: "x",
    onRequest: "q",
    onResponse: "s",
    onKeySwitch: "k",
    onRetry: "r",
    onWait: "w",
    onEnd: "E",
  };
  assert.match(names.map((name) => letters[name]).join(""), /^Sx*w*(q(sk?)?(rw)?w*)*E$/, told);
  let sent = 0;
  let before = 0;
  for (const event of events) {
    if (event.name === "onRequest") sent++;
    assert.equal(event.attempt, sent, told);
    assert.ok(Number.isInteger(event.durationMs) && event.durationMs >= before, `${told}: ${event.durationMs}`);
    before = event.durationMs;
    if ("wait" in event) assert.ok(event.wait >= 0 && event.wait < 3_600_000, `${told}: ${event.wait}`);
    for (const same of ["callId", "method", "operation", "pathTemplate"])
      assert.equal(event[same], events[0][same], told);
  }
  return events.at(-1);
}

/** What middleware does, right and wrong. */
const MIDDLEWARE = {
  on: (_, go) => go(),
  twice: async (_, go) => {
    await go().catch(() => {});
    return go();
  },
  again: (_, go) => go().catch(go),
  own: () => Response.json({}),
  refusing: () => new Response("no", { status: 418 }),
  throwing: () => {
    throw new RangeError("of a middleware");
  },
  nothing: () => undefined,
  forgiving: (_, go) => go().catch(() => Response.json({})),
  copying: async (_, go) => Response.json(await (await go()).json()),
};

/** A random server and caller: the result of each attempt, and the use of the response. */
function script(next, isFollowed) {
  const pick = (...from) => from[Math.floor(next() * from.length)];
  const broken = () => {
    let sent = false;
    return new ReadableStream({
      pull(controller) {
        if (sent) controller.error(new TypeError("terminated"));
        else controller.enqueue(new TextEncoder().encode('{"half":'));
        sent = true;
      },
    });
  };
  const json = { "content-type": "application/json" };
  const answers = [
    () => new Response("{}", { headers: json }),
    () => new Response("{}", { headers: json }),
    () => new Response(null, { status: 204 }),
    () => new Response("{}", { headers: { ...json, "x-request-id": "r-1" } }),
    () => new Response(broken(), { headers: json }),
    () => new Response("{", { headers: json }),
    () => new Response("no", { status: pick(400, 401, 401, 403, 404, 409, 422, 500, 502) }),
    () => new Response("no", { status: 503, headers: { "retry-after": pick("0", "1", "100") } }),
    () => new Response("no", { status: 429, headers: { "retry-after": pick("0", "1", "3") } }),
    () => new Response(broken(), { status: 404 }),
    () => new Response("", { status: 302, headers: { location: "/elsewhere" } }),
    () => {
      throw new TypeError("fetch failed");
    },
    () => new Promise(() => {}),
    () => ({ ok: true }),
  ];
  const made = {
    answer: () => pick(...answers)(),
    latency: () => pick(0, 5, 50, 400),
    abortAt: next() < 0.25 ? Math.floor(next() * 2000) : undefined,
    timeout: pick(300, 3000, 60_000),
    method: pick("get", "get", "post", "delete"),
    path: pick("/conversations/secret-id-1?", "/users", "/users", "/things/x", 5, "no-slash", "/a/../b"),
    reads: pick("await", "await", "withResponse", "asResponse", ...(isFollowed ? [] : ["never", "late"])),
    hookThrows: next() < 0.05 ? pick("onStart", "onRequest", "onResponse", "onRetry", "onEnd") : undefined,
    middleware: pick(
      [],
      [],
      ["on"],
      ["on", "on"],
      [pick(...Object.keys(MIDDLEWARE))],
      [pick(...Object.keys(MIDDLEWARE)), "on"],
    ),
  };
  // A rejected promise without a handler is unhandled, like any other.
  const isUnfollowed = made.reads === "never" || made.reads === "late";
  const good = {
    answer: () => answers[0](),
    latency: () => 5,
    abortAt: undefined,
    path: "/users",
    hookThrows: undefined,
    middleware: [],
  };
  return isUnfollowed ? { ...made, ...good, timeout: 60_000 } : made;
}

test("with random servers, faults and aborts, each call's events have one end, which agrees with its promise", async () => {
  const seen = new Set();
  for (let seed = 1; seed <= 250; seed++) {
    const time = new VirtualTime();
    time.install();
    try {
      await one(seed, time, seen);
    } finally {
      time.uninstall();
    }
  }
  for (const outcome of [
    "success",
    "aborted",
    "timeout",
    "rate_limited",
    "unauthorized",
    "connection",
    "protocol",
    "error",
    "validation",
    "config",
  ])
    assert.ok(seen.has(outcome), `${outcome} is not among ${[...seen]}`);
});

async function one(seed, time, seen) {
  const next = random(seed);
  const { events, hooks } = recorder();
  const areFollowed = next() < 0.4;
  const calls = Array.from({ length: 6 }, () => script(next, areFollowed));
  const settled = new Map();
  let asked = 0;
  const vault = async () => {
    await time.sleep(20);
    if (next() < 0.2 && areFollowed) throw new Error("vault");
    return `${FAKE_KEY}-${++asked}`;
  };
  const client = new Attention({
    apiKey: next() < 0.5 ? vault : FAKE_KEY,
    nextApiKey: next() < 0.5 ? FAKE_NEXT_KEY : undefined,
    ...hooks,
    fetch: async (_, { signal, headers }) => {
      const { answer, latency } = calls[Number(headers["x-number"])];
      const aborted = new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      await Promise.race([time.sleep(latency()), aborted]);
      return Promise.race([answer(), aborted]);
    },
  });
  const told = [];
  for (const [number, call] of calls.entries()) {
    const mine = client.withOptions({});
    const controller = new AbortController();
    if (call.abortAt !== undefined) time.at(call.abortAt, () => controller.abort(new Error("enough")));
    if (call.hookThrows !== undefined)
      mine.use({
        [call.hookThrows]: () => {
          throw new RangeError("of a hook");
        },
      });
    for (const name of call.middleware) mine.use(MIDDLEWARE[name]);
    mine.use({ onStart: ({ callId }) => told.push([callId, number]) });
    const options = { timeout: call.timeout, signal: controller.signal, headers: { "x-number": String(number) } };
    const promise = mine[call.method](call.path, options);
    const note = (how) => (value) => settled.set(number, { how, value });
    if (call.reads === "await") promise.then(note("ok"), note("failed"));
    else if (call.reads === "never") time.at(100_000, () => promise.asResponse().then(note("head"), note("failed")));
    else if (call.reads === "late") time.at(100_000, () => promise.then(note("late"), note("failed")));
    else promise[call.reads]().then(note(call.reads === "asResponse" ? "head" : "ok"), note("failed"));
  }
  // A person or a time server sets the clock.
  for (let jumps = Math.floor(next() * 3); jumps > 0; jumps--) {
    const by = (next() < 0.5 ? -1 : 1) * Math.floor(10 ** (1 + next() * 8));
    time.at(Math.floor(next() * 3000), () => time.jump(by));
  }
  await time.run();
  client.close();
  assertNoOpenCalls();
  assert.equal(told.length, calls.length);
  for (const [callId, number] of told) {
    const what = `seed ${seed}, call ${number}, ${JSON.stringify(calls[number])}`;
    const end = assertStory(
      events.filter((event) => event.callId === callId),
      what,
    );
    const { how, value } = settled.get(number);
    seen.add(end.outcome);
    // A caller who reads the body after the head's event sees the body's failure himself.
    if (how === "ok" || how === "head") assert.equal(end.outcome, "success", what);
    else if (calls[number].reads !== "late" || end.outcome !== "success") {
      assert.equal(end.outcome, value instanceof AttentionError ? value.kind : "error", `${what}: ${inspect(value)}`);
      assert.equal(end.error, value, what);
      assert.equal(end.status, value.status, what);
      if (value instanceof AttentionError) assert.equal(end.attempt, value.attempts, what);
    }
  }
}

test("an event names the operation and the path's template, however the call was made", async (t) => {
  const { events, hooks } = recorder();
  const { client, upstream } = await served(t, hooks);
  const calls = [
    [() => client.conversations.get("0001-fake"), "conversations.get", "/conversations/{id}"],
    [() => client.get("/conversations/0001-fake"), "conversations.get", "/conversations/{id}"],
    [() => client.get(`${upstream.url}/v2/conversations/0001-fake`), "conversations.get", "/conversations/{id}"],
    [() => client.get("conversations/0001-fake"), "conversations.get", "/conversations/{id}"],
    [() => client.get("/conversations/list", { query: { page: 2 } }), "conversations.list", "/conversations/list"],
    [
      () => client.conversations.getByExternalId("a-b"),
      "conversations.getByExternalId",
      "/conversations/by-external-id/{externalId}",
    ],
    [() => client.post("/conversations/0001-fake"), undefined, undefined],
    [() => client.get("/things/0001-fake"), undefined, undefined],
  ];
  for (const [call, operation, pathTemplate] of calls) {
    events.length = 0;
    await call();
    assert.ok(events.length >= 4);
    for (const event of events) assert.deepEqual([event.operation, event.pathTemplate], [operation, pathTemplate]);
    assertStory(events, String(operation));
  }
});

test("every operation of the description is found by its own template", async () => {
  const { events, hooks } = recorder();
  const client = new Attention({ apiKey: FAKE_KEY, ...hooks, fetch: async () => new Response(null, { status: 204 }) });
  const { paths } = parse(await readFile(new URL("../../openapi/attention.v2.yaml", import.meta.url), "utf8"));
  const names = new Set();
  for (const [template, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods).filter((name) =>
      ["get", "post", "put", "patch", "delete"].includes(name),
    )) {
      events.length = 0;
      await client.request(method.toUpperCase(), template.replaceAll(/\{\w+\}/g, "fake-id-1"));
      assert.equal(events[0].pathTemplate, template, method);
      names.add(events[0].operation);
    }
  }
  assert.ok(names.size > 80 && !names.has(undefined), String(names.size));
  client.close();
});

test("each page of a list is a call", async (t) => {
  const { events, hooks } = recorder();
  const pages = [
    { data: [1, 2], meta: { totalRecords: 3 } },
    { data: [3], meta: { totalRecords: 3 } },
  ];
  const { client } = await served(t, hooks, { handler: () => Response.json(pages.shift()) });
  const items = [];
  for await (const item of client.conversations.list({ size: 2 })) items.push(item);
  assert.deepEqual(items, [1, 2, 3]);
  const ids = new Set(events.map(({ callId }) => callId));
  assert.equal(ids.size, 2);
  for (const id of ids)
    assert.equal(
      assertStory(
        events.filter(({ callId }) => callId === id),
        id,
      ).outcome,
      "success",
    );
});

test("a call whose key was renewed is one call, with all attempts counted in its events and its error", async (t) => {
  const { events, hooks } = recorder();
  let asked = 0;
  const { client } = await served(
    t,
    { ...hooks, apiKey: () => `fake-key-of-a-vault-number-${asked++}` },
    { handler: () => Response.json({}, { status: 401 }) },
  );
  const error = await rejection(client.get("/users"));
  assert.equal(error.attempts, 2);
  assert.equal(assertStory(events, "renewed").attempt, 2);
});

test("a call ends with its head if nobody reads the body, when it is handed over, or when it breaks off", async (t) => {
  const { events, hooks } = recorder();
  const { client, upstream } = await served(t, hooks);
  const ends = () => events.filter(({ name }) => name === "onEnd").map(({ outcome }) => outcome);
  const call = client.get("/things");
  while (ends().length === 0) await later(5);
  assert.deepEqual(ends(), ["success"]);
  assert.deepEqual(await call, { ok: true });
  await client.get("/things").asResponse();
  assert.deepEqual(ends(), ["success", "success"]);
  upstream.script([{ headers: [["content-type", "application/json"]], body: "{}", cutAfter: 1 }]);
  const error = await rejection(client.get("/things"));
  assert.deepEqual(ends().at(-1), error.kind);
  assert.equal(events.filter(({ name }) => name === "onEnd").length, 3);
});

test("a call neither waits for onEnd nor fails with it, and its failure is logged", async (t) => {
  const lines = [];
  const logger = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [level, (line) => lines.push(`${level} ${line}`)]),
  );
  for (const onEnd of [
    () => new Promise(() => {}),
    () => {
      throw new RangeError("of a hook");
    },
    async () => {
      throw new RangeError("of a hook");
    },
  ]) {
    const { client } = await served(t, { onEnd, logger, logLevel: "error" });
    assert.deepEqual(await client.get("/things"), { ok: true });
  }
  await later(1);
  assert.deepEqual(lines, Array(2).fill("error attention: onEnd threw (RangeError)"));
});

test("wrong options, wrong paths and closed clients cause events too", async (t) => {
  const { events, hooks } = recorder();
  const { client } = await served(t, hooks);
  for (const call of [
    () => client.get(5),
    () => client.get("/x", { nonsense: 1 }),
    () => client.get("/a/../b"),
    () => client.close() ?? client.get("/users"),
  ]) {
    events.length = 0;
    const error = await rejection(call());
    assert.deepEqual(
      events.map(({ name }) => name),
      ["onStart", "onEnd"],
    );
    assert.equal(events[1].error, error);
  }
});

test("simultaneous calls have different ids", async () => {
  const ids = [];
  const client = new Client({
    apiKey: FAKE_KEY,
    onStart: ({ callId }) => ids.push(callId),
    fetch: async () => Response.json({}),
  });
  await Promise.all(Array.from({ length: 100 }, () => client.get("/users")));
  assert.equal(new Set(ids).size, 100);
  client.close();
});

test("hooks are called as methods of their object", async (t) => {
  const names = [];
  class Metrics {
    #names = names;
    onStart() {
      this.#names.push("start");
    }
    onRequest() {
      this.#names.push("request");
    }
    onEnd() {
      this.#names.push("end");
    }
  }
  const { client } = await served(t);
  await client.use(new Metrics()).get("/things");
  assert.deepEqual(names, ["start", "request", "end"]);
});

test("no hook sees the changes that another one makes to its event", async (t) => {
  /** The events of a call that is refused, retried and waits, with these hooks before the ones that note them. */
  const events = async (spoil) => {
    const { events, hooks } = recorder();
    const { client, upstream } = await served(t, { nextApiKey: FAKE_NEXT_KEY, ...spoil });
    upstream.script([{ status: 401 }, { status: 503, headers: [AT_ONCE] }, {}]);
    await client.use(hooks).get("/users");
    await later(0);
    // Of the call, its time and its server.
    return events.map(({ callId, durationMs, url, headers, wait, ...rest }) => ({ ...rest, isHeaders: headers?.get }));
  };
  const spoiler = Object.fromEntries(
    NAMES.map((name) => [
      name,
      (event) => {
        for (const member of Object.keys(event)) if (member !== "headers") event[member] = "spoiled";
        delete event.headers;
      },
    ]),
  );
  const expected = await events({});
  assert.deepEqual(
    new Set(expected.map(({ name }) => name)),
    new Set(NAMES.filter((name) => name !== "onKeyExpiring")),
  );
  assert.deepEqual(await events(spoiler), expected);
});

test("if a hook and a logger both fail after the call, there is no unhandled rejection", async (t) => {
  const fail = () => Promise.reject(new RangeError("mine"));
  const logger = { debug() {}, info() {}, warn() {}, error: fail };
  const { client } = await served(t, { logger, onEnd: fail });
  assert.deepEqual(await client.get("/things"), { ok: true });
  await later(5);
});

test("use adds hooks to those of the options, in order; later clients have them too", async (t) => {
  const order = [];
  const { client } = await served(t, { onRequest: ({ headers }) => order.push("options") && headers.set("x-a", "1") });
  const before = client.withOptions({});
  assert.equal(client.use({ onRequest: ({ headers }) => order.push(`used ${headers.get("x-a")}`) }), client);
  await client.get("/things");
  await client.withOptions({ maxRetries: 0 }).get("/things");
  assert.deepEqual(order, ["options", "used 1", "options", "used 1"]);
  await before.get("/things");
  assert.deepEqual(order.slice(4), ["options"]);
  assert.throws(
    () => client.use({ onrequest: () => {} }),
    /use\(\): unknown option onrequest; the options are onStart, /,
  );
  assert.throws(() => client.use("x"), TypeError);
  assert.throws(() => client.use({ onEnd: 5 }), /use\(\): onEnd must be a function/);
});

test("lines have fields: first for loggers that take them first, second for others, and none for the console", async (t) => {
  const calls = [];
  const plain = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [level, (...given) => calls.push(given)]),
  );
  const pinoLike = { ...plain, bindings: () => ({}) };
  const script = () => [{ status: 503, headers: [["retry-after", "0"]] }];
  for (const logger of [plain, pinoLike]) {
    calls.length = 0;
    const { client, upstream } = await served(t, { logger });
    upstream.script(script());
    await client.get("/conversations/0001-fake", { query: { title: "not in a line" } });
    const [message, fields] = logger === plain ? calls[2] : calls[2].toReversed();
    assert.match(message, /try 1: 503; again in/);
    const { callId, durationMs, wait, ...rest } = fields;
    assert.ok(callId.length > 5 && durationMs >= 0 && wait >= 0);
    assert.deepEqual(rest, {
      method: "GET",
      operation: "conversations.get",
      pathTemplate: "/conversations/{id}",
      attempt: 1,
      status: 503,
    });
    assert.ok(!inspect(calls, { depth: 9 }).includes("not in a line"));
    assert.ok(!inspect(calls, { depth: 9, showHidden: true }).includes(FAKE_KEY));
  }
  const printed = t.mock.method(console, "debug", () => {});
  const { client } = await served(t, { logger: console, logLevel: "debug" });
  await client.get("/things");
  assert.deepEqual(
    printed.mock.calls.map(({ arguments: given }) => given.length),
    [1, 1],
  );
});

test("with pino and winston, a line's fields can be searched", async (t) => {
  const folder = await tool("loggers");
  const require = createRequire(join(folder, "index.cjs"));
  const lines = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(
        ...String(chunk)
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
      done();
    },
  });
  const { createLogger, format, transports } = require("winston");
  const pino = require("pino")({ level: "debug" }, stream);
  for (const [logger, message] of [
    [pino, "msg"],
    [pino.child({ service: "x" }), "msg"],
    [
      createLogger({ level: "debug", format: format.json(), transports: [new transports.Stream({ stream })] }),
      "message",
    ],
  ]) {
    lines.length = 0;
    const { client, upstream } = await served(t, { logger, logLevel: "debug" });
    upstream.script([{ status: 503, headers: [AT_ONCE] }]);
    await client.conversations.get("0001-fake");
    await later(5);
    const line = lines.find((one) => /try 1: 503; again in/.test(one[message]));
    assert.deepEqual(
      [line.status, line.attempt, line.operation, line.pathTemplate],
      [503, 1, "conversations.get", "/conversations/{id}"],
    );
    assert.equal(new Set(lines.map(({ callId }) => callId)).size, 1);
  }
});
