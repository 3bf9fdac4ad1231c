// A browser whose clock, chance, timers and network belong to a test. Nothing happens in it by itself.

const real = { now: Date.now, random: Math.random, fetch, setTimeout, clearTimeout };

let world;

/** Puts the fakes in place, at a time. */
export function enter(now) {
  world = { now, unit: 0, sent: [], timers: new Map(), ids: 0 };
  Date.now = () => world.now;
  Math.random = () => world.unit;
  globalThis.fetch = (request) =>
    new Promise((resolve, reject) => {
      world.sent.push({ request, resolve, reject });
      request.signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
  globalThis.setTimeout = (run, millis) => {
    world.ids += 1;
    world.timers.set(world.ids, { run, millis });
    return world.ids;
  };
  globalThis.clearTimeout = (id) => world.timers.delete(id);
}

export function leave() {
  Object.assign(globalThis, { fetch: real.fetch, setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  Date.now = real.now;
  Math.random = real.random;
}

/** Lets everything run that needs no timer and no answer. */
export async function settle() {
  for (let round = 0; round < 8; round += 1) {
    await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
  }
}

export function set(now, unit) {
  world.now = now;
  world.unit = unit;
}

export const sent = () => world.sent.length;
export const url = (index) => world.sent[index].request.url;
export const header = (index, name) => world.sent[index].request.headers.get(name) ?? undefined;
export const method = (index) => world.sent[index].request.method;
export const isAborted = (index) => world.sent[index].request.signal.aborted;
/** How many timers were ever set; they are named by their number, from 1. */
export const timers = () => world.ids;
/** The newest timer after this one that still runs, 0 for none. */
export const timerAfter = (id) => Math.max(0, ...[...world.timers.keys()].filter((each) => each > id));
export const millis = (id) => world.timers.get(id).millis;

export function fire(id) {
  const { run } = world.timers.get(id);
  world.timers.delete(id);
  run();
}

/** Answers a request. A status that `Response` cannot be made with is given to it afterwards. */
export function answer(index, status, headers, body) {
  const plain = status >= 200 && status <= 599 && ![204, 205, 304].includes(status);
  const response = new Response(plain ? body : null, { status: plain ? status : 200, headers: new Headers(headers) });
  if (!plain) Object.defineProperty(response, "status", { value: status });
  world.sent[index].resolve(response);
}

/** Answers a request with a body that never ends, and counts the chunks that are read of it. */
export function answerEndlessly(index, status, chunk) {
  world.chunks = 0;
  // Of wasm's memory, which is lent for this call alone.
  const own = chunk.slice();
  const pull = (controller) => {
    world.chunks += 1;
    controller.enqueue(own.slice());
  };
  world.sent[index].resolve(new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { status }));
}
export const chunks = () => world.chunks;

export const fail = (index) => world.sent[index].reject(new TypeError("Failed to fetch"));

export const body = (index) => world.sent[index].request.text();
