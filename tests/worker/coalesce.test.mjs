// Identical calls of one caller that come while one is under way: who is answered with
// what came for it, and that nobody hangs on one that comes to nothing.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertNoSecret, OTHER_TOKEN, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const joining = workers.with({ ATTENTION_POLICY: "allow * /v2/** coalesce=30s" });
const hasty = workers.with({ ATTENTION_POLICY: "allow * /v2/** coalesce=1s" });
const both = workers.with({ ATTENTION_POLICY: "allow * /v2/** coalesce=30s cache=1h" });
const redacting = workers.with({ ATTENTION_POLICY: "allow GET /v2/** coalesce=30s redact=secret" });
const plain = workers.with({ ATTENTION_POLICY: "allow * /v2/**" });

const text = (body, headers = {}, status = 200) => () => new Response(body, { status, headers: { "Content-Length": String(body.length), ...headers } });
const sent = () => workers.upstream.records.length;

/** An API that holds its first answer back until it is let go. */
function holding(first, rest = text("another")) {
  workers.begin();
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  let count = 0;
  workers.respond = async (request) => {
    if (request.method !== "GET" || count++ > 0) return rest(request);
    await held;
    return first(request);
  };
  return release;
}

/** One call that the API holds, and others that come while it does. Gives what releases it and all answers, the first one's first. */
async function crowd(service, target, others, release) {
  const first = workers.call(service, { target });
  await reached(1);
  const rest = others.map((request) => workers.call(service, { target, ...request }));
  await arrived(service);
  return { release, answers: Promise.all([first, ...rest]) };
}

async function reached(count) {
  const end = Date.now() + 30_000;
  while (sent() < count) {
    assert.ok(Date.now() < end, `${sent()} of ${count} calls`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What was sent to a Worker before has been read once it answers what is sent now. */
async function arrived(service) {
  for (let times = 0; times < 5; times++) await workers.call(service, { target: "/healthz", token: null });
}

const many = (count, request = {}) => Array.from({ length: count }, () => request);

describe("calls that are the same", () => {
  test("are one, and its answer is everybody's", async () => {
    const { release, answers } = await crowd(joining, "/v2/same?a=1", many(20), holding(text('{"a":1}', { ETag: '"t"', "Content-Type": "application/json" })));
    release();
    const all = await answers;
    assert.equal(sent(), 1);
    for (const answer of all) assert.deepEqual([answer.status, answer.text, answer.get("etag"), answer.get("cache-control")], [200, '{"a":1}', '"t"', "private, no-store"]);
    assert.equal(new Set(all.map((answer) => answer.get("x-request-id"))).size, 21);
    const [led, ...joined] = await Promise.all(all.map((answer) => workers.log(answer)));
    assert.deepEqual([led.cache, led.tries], ["miss", 1]);
    for (const line of joined) assert.deepEqual([line.cache, line.tries], ["joined", undefined]);
    // It is not kept: who comes later asks.
    await workers.call(joining, { target: "/v2/same?a=1" });
    assert.equal(sent(), 2);
  });

  test("when it may be kept as well, it is", async () => {
    const { release, answers } = await crowd(both, "/v2/kept", many(3), holding(text("kept", { "Cache-Control": "max-age=600" })));
    release();
    await answers;
    assert.equal((await workers.call(both, { target: "/v2/kept" })).text, "kept");
    assert.equal(sent(), 1);
  });

  test("who has the answer already is told so", async () => {
    const { release, answers } = await crowd(joining, "/v2/held", [{ headers: [["If-None-Match", '"t"']] }], holding(text("held", { ETag: '"t"' })));
    release();
    assert.deepEqual((await answers).map(({ status, text: body }) => [status, body]), [[200, "held"], [304, ""]]);
    assert.equal(sent(), 1);
  });

  test("what is taken out of it is taken out for all", async () => {
    const { release, answers } = await crowd(redacting, "/v2/redacted", many(3), holding(text('{"a":1,"secret":"sentinel"}')));
    release();
    for (const answer of await answers) assert.equal(answer.text, '{"a":1}');
    assert.equal(sent(), 1);
  });
});

describe("calls that only look the same go by themselves", () => {
  const others = {
    "another caller's": { token: OTHER_TOKEN },
    "another query": { target: "/v2/alike?a=2" },
    "another language": { headers: [["Accept-Language", "de"]] },
    "a part": { headers: [["Range", "bytes=0-1"]] },
    "one that wants it new": { headers: [["Cache-Control", "no-cache"]] },
    HEAD: { method: "HEAD" },
  };
  for (const [name, request] of Object.entries(others)) {
    test(name, async () => {
      const { release, answers } = await crowd(joining, "/v2/alike?a=1", [request], holding(text("first"), text("second")));
      await reached(2);
      release();
      const [first, second] = await answers;
      assert.deepEqual([first.text, second.text], ["first", request.method === "HEAD" ? "" : "second"]);
    });
  }

  test("where the policy does not say otherwise", async () => {
    const { release, answers } = await crowd(plain, "/v2/plain", many(3), holding(text("first")));
    await reached(4);
    release();
    await answers;
  });

  test("one that comes after a change: the answer under way may be older", async () => {
    const { release, answers } = await crowd(joining, "/v2/changed", [], holding(text("old"), text("new")));
    await workers.call(joining, { method: "PUT", target: "/v2/changed", body: "x" });
    const later = workers.call(joining, { target: "/v2/changed" });
    await reached(3);
    assert.equal((await later).text, "new");
    release();
    assert.equal((await answers)[0].text, "old");
  });
});

describe("an answer that is one caller's alone: those who wait go by themselves", () => {
  const firsts = {
    "an error": text("first", {}, 404),
    "a failure": text("first", {}, 500),
    "a 206": text("first", {}, 206),
    "no-store": text("first", { "Cache-Control": "no-store" }),
    "a cookie": text("first", { "Set-Cookie": "a=1" }),
    "Vary: *": text("first", { Vary: "*" }),
    "of no known length": () => new Response(new Blob(["first"]).stream()),
    "too large": text("x".repeat(300 * 1024)),
  };
  for (const [index, [name, first]] of Object.entries(firsts).entries()) {
    test(name, async () => {
      const { release, answers } = await crowd(joining, `/v2/alone/${index}`, many(3), holding(first));
      release();
      const [, ...others] = await answers;
      for (const answer of others) assert.deepEqual([answer.status, answer.text], [200, "another"]);
      assert.equal(sent(), 4);
    });
  }

  test("half of one", async () => {
    workers.begin({ headers: [], body: "x".repeat(5000), cutAfter: 1000, bodyDelayMs: 300 });
    workers.respond = text("another");
    const { answers } = await crowd(joining, "/v2/half", many(3));
    const [cut, ...others] = await answers;
    assert.equal(cut.complete, false);
    for (const answer of others) assert.deepEqual([answer.status, answer.text], [200, "another"]);
  });
});

describe("nobody hangs", () => {
  test("on a caller that goes away", async () => {
    const release = holding(text("first"));
    const wire = await workers.open(joining, { target: "/v2/gone" });
    await reached(1);
    const rest = many(3).map(() => workers.call(joining, { target: "/v2/gone" }));
    await arrived(joining);
    wire.reset();
    for (const answer of await Promise.all(rest)) assert.deepEqual([answer.status, answer.text], [200, "another"]);
    // Nor does who comes afterwards.
    assert.equal((await workers.call(joining, { target: "/v2/gone" })).status, 200);
    release();
  });

  test("on one that the API keeps waiting: the policy's time is all that they wait", async () => {
    const { release, answers } = await crowd(hasty, "/v2/slow", many(3), holding(text("first")));
    await reached(4);
    release();
    const [first, ...others] = await answers;
    assert.equal(first.text, "first");
    for (const answer of others) assert.equal(answer.text, "another");
  });

  test("on one whose body comes slowly to its own caller", async () => {
    const release = holding(text("x".repeat(200 * 1024)));
    const wire = await workers.open(joining, { target: "/v2/reader" });
    await reached(1);
    const rest = many(3).map(() => workers.call(joining, { target: "/v2/reader" }));
    await arrived(joining);
    release();
    // The first caller reads nothing yet.
    for (const answer of await Promise.all(rest)) assert.equal(answer.body.length, 200 * 1024);
    assert.equal((await wire.answer()).body.length, 200 * 1024);
    assert.equal(sent(), 1);
  });
});

test("no key and no token stands in the log", () => {
  assertNoSecret(workers.workerd.output);
});
