// The wall clock is set back at any point, by any amount: no call takes longer, and none is blocked. Time is simulated:
// timers and `performance.now` continue, `Date.now` jumps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../random.mjs";
import { importPacked } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, rejection } from "./fixture.mjs";

const { Attention, AttentionError } = attention;
const { Attention: Jobs } = await importPacked("attention-wasm/jobs");
const settle = globalThis.setImmediate;

/** Timers in order; time passes when nothing else can happen. */
class World {
  now = 0;
  #offset = 1_800_000_000_000;
  #timers = new Map();
  #count = 0;
  #before;

  enter() {
    this.#before = [globalThis.setTimeout, globalThis.clearTimeout, Date.now, performance.now];
    globalThis.setTimeout = (run, ms = 0, ...args) => {
      const id = ++this.#count;
      const timer = { at: this.now + Math.max(ms, 0), run: () => run(...args), unref() {}, id };
      this.#timers.set(id, timer);
      return timer;
    };
    globalThis.clearTimeout = (timer) => timer && this.#timers.delete(timer.id);
    Date.now = () => Math.floor(this.now + this.#offset);
    performance.now = () => this.now;
  }

  leave() {
    [globalThis.setTimeout, globalThis.clearTimeout, Date.now, performance.now] = this.#before;
  }

  jump(ms) {
    this.#offset += ms;
  }

  /** Lets time pass until this is settled; returns that time. */
  async until(promise) {
    let isDone = false;
    promise
      .finally(() => {
        isDone = true;
      })
      .catch(() => {});
    for (;;) {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => settle(resolve));
      if (isDone) return this.now;
      const [next] = [...this.#timers.values()].sort((one, other) => one.at - other.at || one.id - other.id);
      assert.ok(next !== undefined, "it waits for nothing");
      this.#timers.delete(next.id);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
  }
}

/** A server that is randomly slow, busy, limiting, unavailable or working, and a clock that is sometimes set back. */
function server(world, next, back) {
  const sleep = (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  return async (_url, { signal }) => {
    if (next() < 0.5) world.jump(-back());
    await sleep(next() < 0.2 ? 1e9 : next() * 3000, signal);
    if (next() < 0.5) world.jump(-back());
    const status = [200, 200, 429, 503, 500][Math.floor(next() * 5)];
    if (next() < 0.1) throw new TypeError("fetch failed");
    const headers = status === 429 || next() < 0.3 ? { "retry-after": String(Math.floor(next() * 3)) } : {};
    return new Response("{}", { status, headers: { ...headers, "content-type": "application/json" } });
  };
}

test("no call takes longer than its timeout, whenever the clock is set back and however far", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const next = random(seed);
    const world = new World();
    world.enter();
    try {
      const back = () => [10, 1000, 60_000, 3_600_000, 86_400_000 * 365][Math.floor(next() * 5)];
      const timeout = 2000 + Math.floor(next() * 20_000);
      const client = new Attention({
        apiKey: FAKE_KEY,
        timeout,
        maxRetries: Math.floor(next() * 6),
        maxConcurrency: 1 + Math.floor(next() * 3),
        fetch: server(world, next, back),
        ...(next() < 0.5 && { attemptTimeout: 1000 }),
        ...(next() < 0.5 && { onRetry: async () => world.jump(-back()) }),
      });
      for (let round = 0; round < 3; round++) {
        const begun = world.now;
        const calls = Array.from({ length: 1 + Math.floor(next() * 4) }, () =>
          client.get("/users").then(
            () => world.now,
            (error) => {
              assert.ok(error instanceof AttentionError, String(error?.stack ?? error));
              return world.now;
            },
          ),
        );
        await world.until(Promise.all(calls));
        for (const end of await Promise.all(calls))
          assert.ok(end - begun <= timeout, `seed ${seed}: ${end - begun} of ${timeout} ms`);
        world.jump(-back());
      }
      client.close();
    } finally {
      world.leave();
    }
  }
});

/** Waits for work of the API that never completes: the duration of each wait, in ms. */
const WAITS = {
  "conversations.waitUntil": (client, timeout) => client.conversations.waitUntil("c-1", { timeout }),
  "knowledgeBase.waitUntilIndexed": (client, timeout) => client.knowledgeBase.waitUntilIndexed("s-1", { timeout }),
  "superAgent.send": (client, timeout) => client.superAgent.send({ content: "?" }, { timeout }),
};

for (const [name, wait] of Object.entries(WAITS)) {
  test(`${name}: the clock that is set back costs a pause each time, and not what it lost`, async () => {
    for (const back of [1000, 60_000, 3_600_000, 86_400_000 * 400]) {
      const world = new World();
      world.enter();
      try {
        let looks = 0;
        const fetch = async () => {
          if (++looks % 4 === 0) world.jump(-back);
          return Response.json({ session_id: "s", messages: [], data: {}, attributes: {} });
        };
        const client = new Jobs({ apiKey: FAKE_KEY, fetch });
        const timeout = 30 * 60_000;
        const call = wait(client, timeout);
        const end = await world.until(call);
        assert.equal((await rejection(call)).kind, "timeout");
        // Pauses are a minute at most.
        assert.ok(end >= timeout - 1 && end <= timeout + 70_000 * Math.ceil(looks / 4), `${back}: ${end}, ${looks}`);
        client.close();
      } finally {
        world.leave();
      }
    }
  });
}

test("after a 429 the next call waits as long as the server asked, not for the hour that the clock lost", async () => {
  for (const back of [1000, 30_000, 3_600_000, 86_400_000 * 400]) {
    const world = new World();
    world.enter();
    try {
      const statuses = [429];
      const fetch = async () => {
        const status = statuses.shift() ?? 200;
        return new Response("{}", { status, headers: { "retry-after": "1", "content-type": "application/json" } });
      };
      const client = new Attention({ apiKey: FAKE_KEY, maxRetries: 0, fetch });
      await world.until(client.get("/users").catch(() => {}));
      world.jump(-back);
      const begun = world.now;
      const call = client.get("/users");
      const end = await world.until(call);
      assert.deepEqual(await call, {});
      assert.ok(end - begun <= 2000, `${back}: ${end - begun}`);
      client.close();
    } finally {
      world.leave();
    }
  }
});
