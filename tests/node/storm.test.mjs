// Many simultaneous calls: how many are sent, and what happens to the others.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { dice } from "../random.mjs";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection, served, testing } from "./fixture.mjs";

const { Attention, AbortedError, TimeoutError } = attention;
const { mockAttention, MOCK_API_KEY } = testing;

/** A fetch that counts the calls in progress, and answers on demand. */
function held() {
  const state = { now: 0, most: 0, sent: 0, answer: [] };
  const fetch = () =>
    new Promise((resolve) => {
      state.sent++;
      state.most = Math.max(state.most, ++state.now);
      state.answer.push(() => {
        state.now--;
        resolve(Response.json({}));
      });
    });
  const answerAll = async (count) => {
    for (let left = count; left > 0; ) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const answer of state.answer.splice(0)) {
        answer();
        left--;
      }
    }
  };
  return { state, fetch, answerAll };
}

/** Timers that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("a storm of 1,000 calls against a rate of 100 a second: every call is answered", {
  timeout: 60_000,
}, async (t) => {
  const LIMIT = 100;
  const CONCURRENCY = 64;
  const mock = mockAttention({ rate: { limit: LIMIT, windowMs: 1000 } });
  const statuses = [];
  const handle = async (request) => {
    const response = await mock.handle(request);
    statuses.push(response.status);
    return response;
  };
  const { upstream, client } = await served(
    t,
    { apiKey: MOCK_API_KEY, maxConcurrency: CONCURRENCY },
    { mock: { handle } },
  );
  const before = timers();
  const started = Date.now();
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      client.get("/users", { query: { index } }).then(({ data }) => data.length),
    ),
  );
  const windows = Math.ceil((Date.now() - started) / 1000) + 1;
  assert.ok(answers.length === 1000 && answers.every((length) => length > 0));

  // The expected refusals: the first 429 closes the gate for all calls, so those
  // in flight at that moment are refused, at most as many as run at once. After
  // that, calls run at the learnt rate, and only the one or two calls that probe
  // for a higher rate are refused.
  const refusals = (statuses.join(" ").match(/429( 429)*/g) ?? []).map((run) => run.split(" ").length);
  const refused = refusals.reduce((sum, run) => sum + run, 0);
  t.diagnostic(`${statuses.length} sent in ${windows} s, refused in runs of ${refusals}`);
  assert.ok(refused > 0 || windows > 1000 / LIMIT, "the rate was reached, unless this machine is slower than it");
  assert.ok(Math.max(0, ...refusals) <= CONCURRENCY);
  assert.ok(refusals.length <= windows);
  assert.ok(refused <= CONCURRENCY + 3 * windows, `${refused} refused in ${windows} s`);
  assert.equal(statuses.length, 1000 + refused);
  assert.equal(upstream.records.length, 1000 + refused);
  assert.equal(timers() - before, 0);
});

test("no more calls at once than maxConcurrency, in the order they were made", async () => {
  const { state, fetch, answerAll } = held();
  const urls = [];
  const client = new Attention({
    apiKey: FAKE_KEY,
    maxConcurrency: 3,
    fetch: (url) => {
      urls.push(url.slice(-2));
      return fetch();
    },
  });
  const calls = Promise.all(Array.from({ length: 20 }, (_, index) => client.get(`/${10 + index}`)));
  await answerAll(20);
  await calls;
  assert.equal(state.most, 3);
  assert.deepEqual(
    urls,
    Array.from({ length: 20 }, (_, index) => String(10 + index)),
  );
  client.close();
});

test("derived clients share the count; the default is 64, and Infinity means no limit", async () => {
  for (const [options, most] of [
    [{ maxConcurrency: 2 }, 2],
    [{}, 64],
    [{ maxConcurrency: Infinity }, 200],
  ]) {
    const { state, fetch, answerAll } = held();
    const client = new Attention({ apiKey: FAKE_KEY, fetch, ...options });
    const derived = client.withOptions({ maxRetries: 0 });
    const calls = Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? client : derived).get("/things")),
    );
    await answerAll(200);
    await calls;
    assert.equal(state.most, most);
    client.close();
    derived.close();
  }
});

test("an aborted call leaves the line at once, a call that is not sent in time fails, and the others move up", async () => {
  const { state, fetch, answerAll } = held();
  const client = new Attention({ apiKey: FAKE_KEY, fetch, maxConcurrency: 1 });
  const first = client.get("/first");
  const controller = new AbortController();
  const gone = rejection(client.get("/gone", { signal: controller.signal }));
  const late = rejection(client.get("/late", { timeout: 30 }));
  const last = client.get("/last");
  controller.abort(new Error("enough"));
  assert.ok((await gone) instanceof AbortedError);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  const error = await late;
  assert.ok(
    error instanceof TimeoutError && error.code === "queue_timeout" && /maxConcurrency/.test(error.message),
    String(error),
  );
  await answerAll(2);
  await Promise.all([first, last]);
  assert.equal(state.sent, 2);
  client.close();
  assertNoOpenCalls();
});

test("a failed call, and one that its hook ends, free their places", async () => {
  let fails = true;
  const client = new Attention({
    apiKey: FAKE_KEY,
    maxConcurrency: 1,
    maxRetries: 0,
    onRequest: ({ url }) => {
      if (url.endsWith("/hook")) throw new Error("own");
    },
    fetch: async () => {
      if (fails) throw new TypeError("cut");
      return Response.json({ ok: true });
    },
  });
  const calls = ["/cut", "/hook", "/a/../b"].map((path) => rejection(client.get(path)));
  assert.deepEqual(
    (await Promise.all(calls)).map(({ code, message }) => code ?? message),
    ["connection", "own", "path_dot_segment"],
  );
  fails = false;
  assert.deepEqual(await client.get("/fine"), { ok: true });
  client.close();
});

test("waiting calls are made even if the client is closed meanwhile", async () => {
  const { fetch, answerAll } = held();
  const client = new Attention({ apiKey: FAKE_KEY, fetch, maxConcurrency: 1 });
  const calls = Promise.all([client.get("/one"), client.get("/two")]);
  client.close();
  await answerAll(2);
  assert.deepEqual(await calls, [{}, {}]);
  assertNoOpenCalls();
});

/** Everything that has already arrived, and what follows from it. */
async function turnsOver() {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => realImmediate(resolve));
}
const realImmediate = setImmediate;

test("calls that begin, end and are aborted at random: no place is free while a call waits, and nobody is overtaken", async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const { below, chance } = dice(seed);
    const limit = 1 + below(5);
    const sent = [];
    const open = new Map();
    const fetch = (url, { signal }) =>
      new Promise((resolve, reject) => {
        const name = url.split("/").at(-1);
        sent.push(name);
        open.set(name, () => resolve(Response.json({})));
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const client = new Attention({ apiKey: FAKE_KEY, fetch, maxConcurrency: limit, maxRetries: 0 });
    // A test's faked timers must not hold up calls of a client that it made before.
    if (chance(30)) t.mock.method(globalThis, "setImmediate", () => {});
    // The reference: who is in line and who has a place, in plain lists.
    let [waiting, placed] = [[], []];
    const [calls, over, settled, expected] = [new Map(), new Set(), [], []];
    const enter = (name) => {
      expected.push(name);
      placed.push(name);
    };
    for (let step = 0; step < 40; step++) {
      // Several events in one turn.
      for (let events = 1 + below(4); events > 0; events--) {
        const [running, all] = [[...open.keys()], [...calls.keys()]];
        if (chance(50) || all.length === 0) {
          const name = `${seed}-${step}-${events}`;
          const controller = new AbortController();
          calls.set(name, controller);
          if (waiting.length === 0 && placed.length < limit) enter(name);
          else waiting.push(name);
          settled.push(client.get(`/${name}`, { signal: controller.signal }).catch(() => {}));
        } else if (chance(60) && running.length > 0) {
          const name = running[below(running.length)];
          open.get(name)();
          open.delete(name);
          calls.delete(name);
          over.add(name);
        } else {
          const name = all[below(all.length)];
          calls.get(name).abort();
          open.delete(name);
          calls.delete(name);
          over.add(name);
        }
      }
      await turnsOver();
      // Only now: in the turn in which a call ends, its place is not free yet.
      [waiting, placed] = [waiting, placed].map((list) => list.filter((name) => !over.has(name)));
      while (placed.length < limit && waiting.length > 0) enter(waiting.shift());
      assert.deepEqual(sent, expected, `seed ${seed}, step ${step}`);
      assert.ok(placed.length <= limit);
    }
    for (const controller of calls.values()) controller.abort();
    await Promise.all(settled);
    t.mock.restoreAll();
    client.close();
  }
  assertNoOpenCalls();
});

test("those that wait enter together: when several calls end in one turn, the next are sent after the last of them", async () => {
  const order = [];
  const answers = [];
  const fetch = (url) => {
    order.push(`sent ${url.at(-1)}`);
    return new Promise((resolve) => answers.push(() => resolve(Response.json({}))));
  };
  const client = new Attention({ apiKey: FAKE_KEY, fetch, maxConcurrency: 3 });
  const calls = Array.from({ length: 6 }, (_, index) => client.get(`/${index}`).then(() => order.push(`got ${index}`)));
  await turnsOver();
  for (const answer of answers.splice(0)) answer();
  await turnsOver();
  for (const answer of answers.splice(0)) answer();
  await Promise.all(calls);
  const names = (word, from) => [0, 1, 2].map((index) => `${word} ${from + index}`);
  assert.deepEqual(order, [...names("sent", 0), ...names("got", 0), ...names("sent", 3), ...names("got", 3)]);
  client.close();
});
