// Nothing remains of a call, however it ends: no listener on its signal, no unread response, no open source of a body.
// The calls are random, and one rule checks all of them.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { createReadStream } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { dice } from "../random.mjs";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const { Attention } = attention;

after(assertNoOpenCalls);

/** A server in memory that checks that each of its responses is read to its end or cancelled. */
function accounts({ pick, chance, below }) {
  const open = new Set();
  let sent = 0;
  const fetch = async (_, { signal }) => {
    const answer = { sent: ++sent };
    if (chance(50)) await later(below(12));
    signal.throwIfAborted();
    if (chance(10)) throw new TypeError("fetch failed");
    open.add(answer);
    const body = new ReadableStream(
      {
        pull(controller) {
          controller.enqueue(new TextEncoder().encode("{}"));
          controller.close();
          open.delete(answer);
        },
        cancel: () => void open.delete(answer),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, {
      status: pick([200, 200, 200, 404, 503]),
      headers: { "content-type": "application/json", "retry-after": "0" },
    });
  };
  return { fetch, open, sent: () => sent };
}

/** Typical middleware, good and bad. None has an unhandled rejection of its own. */
const WAYS = {
  on: (_, next) => next(),
  twice: async (_, next) => {
    await next().catch(() => {});
    return next();
  },
  hedged: (_, next) => Promise.any([next(), later(3).then(next)]),
  raced: (_, next) => Promise.race([next(), later(4).then(() => Response.json({}))]),
  given_up: async (_, next) => {
    next().catch(() => {});
    await later(2);
    throw new RangeError("enough");
  },
  too_late: (_, next) => {
    later(15)
      .then(next)
      .catch(() => {});
    return Response.json({});
  },
  floating: (_, next) => {
    next().catch(() => {});
    return Response.json({});
  },
  copied: async (_, next) => Response.json(await (await next()).json()),
};

/** A random client with middleware and calls, from a seed. */
async function story(seed) {
  const chosen = dice(seed);
  const { pick, below, chance } = chosen;
  const server = accounts(chosen);
  const ends = [];
  const client = new Attention({
    apiKey: FAKE_KEY,
    baseURL: "https://api.example.test/v2",
    fetch: server.fetch,
    maxRetries: below(2),
    timeout: chance(30) ? 8 + below(10) : 2000,
    onEnd: ({ callId }) => ends.push(callId),
  });
  const names = Array.from({ length: 1 + below(2) }, () => pick(Object.keys(WAYS)));
  for (const name of names) client.use(WAYS[name]);
  const controller = new AbortController();
  if (chance(20)) setTimeout(() => controller.abort(), below(10));
  const { signal } = controller;
  const calls = Array.from({ length: 1 + below(3) }, () => client.get("/things", { signal }).catch(() => {}));
  await Promise.all(calls);
  if (chance(50)) client.close();
  const what = `seed ${seed}: ${names}`;
  // Calls that nobody awaits end too: 30 ms is longer than any of them.
  for (let turns = 0; turns < 100 && (server.open.size > 0 || getEventListeners(signal, "abort").length > 0); turns++)
    await later(10);
  assert.equal(getEventListeners(signal, "abort").length, 0, what);
  assert.equal(server.open.size, 0, what);
  assert.equal(new Set(ends).size, calls.length, what);
  assert.equal(ends.length, calls.length, what);
  // Nothing is sent for a call that has ended.
  const before = server.sent();
  await later(20);
  assert.equal(server.sent(), before, what);
}

test("middleware that call next() once, twice, at once, too late or for nothing", async () => {
  // They spend most of their time waiting.
  await Promise.all(Array.from({ length: 150 }, (_, seed) => story(seed + 1)));
});

/** Bodies with a source, and whether it was closed. */
const SOURCES = {
  "an async iterable": () => {
    let isClosed = false;
    const iterator = {
      next: async () => ({ done: false, value: new Uint8Array(10) }),
      return: async () => {
        isClosed = true;
        return { done: true };
      },
    };
    return { body: { [Symbol.asyncIterator]: () => iterator }, isClosed: () => isClosed };
  },
  "one that fails to close": () => {
    let isClosed = false;
    const iterator = {
      next: async () => ({ done: false, value: new Uint8Array(10) }),
      return: () => {
        isClosed = true;
        throw new Error("of the source");
      },
    };
    return { body: { [Symbol.asyncIterator]: () => iterator }, isClosed: () => isClosed };
  },
  "a web stream": () => {
    let isClosed = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel() {
        isClosed = true;
      },
    });
    return { body, isClosed: () => isClosed };
  },
  "a file": () => {
    const body = createReadStream(fileURLToPath(import.meta.url), { highWaterMark: 16 });
    return { body, isClosed: () => body.destroyed };
  },
};

/** Calls that end before their body is read. */
const ENDS = {
  "its caller is gone before": [{}, { signal: AbortSignal.abort() }],
  "there is no key": [{ apiKey: () => Promise.reject(new Error("vault")) }],
  "a hook throws before anything is sent": [{ onStart: () => Promise.reject(new Error("hook")) }],
  "a hook throws when it is to be sent": [{ onRequest: () => Promise.reject(new Error("hook")) }],
  "its path is refused": [{}, {}, "/../x"],
  "its turn does not come": [{ maxConcurrency: 1 }, { timeout: 30 }],
  "fetch fails before it reads": [{ fetch: () => Promise.reject(new TypeError("fetch failed")) }],
  "a mock answers and does not read": [{ fetch: async () => Response.json({}) }],
  "a middleware answers": [{}, {}, "/things", () => Response.json({})],
  "a middleware throws": [{}, {}, "/things", () => Promise.reject(new Error("middleware"))],
};

for (const [end, [options, callOptions, path = "/things", middleware]] of Object.entries(ENDS)) {
  test(`the source of a body is closed when ${end}`, async () => {
    for (const [name, make] of Object.entries(SOURCES)) {
      const client = new Attention({
        apiKey: FAKE_KEY,
        baseURL: "https://api.example.test/v2",
        fetch: () => new Promise(() => {}),
        maxRetries: 0,
        ...options,
      });
      if (middleware !== undefined) client.use(middleware);
      const controller = new AbortController();
      const before = options.maxConcurrency && client.get("/first", { signal: controller.signal }).catch(() => {});
      const { body, isClosed } = make();
      await client.post(path, { body, ...callOptions }).catch(() => {});
      for (let turns = 0; turns < 100 && !isClosed(); turns++) await later(5);
      assert.ok(isClosed(), name);
      controller.abort();
      await before;
    }
  });
}

test("a body that is sent is sent to its end, and its source is not closed before", async (t) => {
  const { client } = await served(
    t,
    {},
    { handler: async (request) => Response.json((await request.arrayBuffer()).byteLength) },
  );
  async function* parts() {
    for (let part = 0; part < 20; part++) {
      await later(1);
      yield new Uint8Array(1000);
    }
  }
  client.use((_, next) => next());
  assert.equal(await client.post("/things", { body: parts() }), 20_000);
  assert.equal(await client.post("/things", { body: new Blob([new Uint8Array(20_000)]).stream() }), 20_000);
});

test("a function that gives a key is not asked for a caller who is gone", async () => {
  let asked = 0;
  const client = new Attention({ apiKey: () => FAKE_KEY.slice(0, ++asked * 99), fetch: () => assert.fail("sent") });
  const error = await rejection(client.get("/things", { signal: AbortSignal.abort("enough") }));
  assert.deepEqual([error.name, error.cause, asked], ["AbortError", "enough", 0]);
});

test("next() after the end of its call is an error that says so", async () => {
  const client = new Attention({ apiKey: FAKE_KEY, fetch: () => assert.fail("sent") });
  let late;
  client.use((_, next) => {
    late = () => rejection(next());
    return Response.json({});
  });
  await client.get("/things");
  const error = await late();
  assert.ok(error instanceof TypeError, String(error));
  assert.match(error.message, /called `next\(\)` when its call was over/);
});
