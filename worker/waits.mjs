// Promises that Rust waits for, and the instance of wasm that waits for them.
//
// A trap leaves wasm in an unknown state, so everything in it dies with a trap: the requests under way are answered
// with what `failed` says, and the next one finds a new instance. An exception that passes through wasm frames
// counts as a trap: it has skipped destructors.
import * as rust from "./build/glue/attention.js";

const [FULFILLED, REJECTED, TIMED_OUT, ABANDONED] = [0, 1, 2, 3];

let instance = 0;
/** What ends each request under way, by the request. */
const ends = new Map();
/**
 * Waits whose promise and timer are gone without having settled: when a caller leaves, the runtime drops what its
 * request waits for, and says so to nobody.
 */
let abandoned = watched();

function watched() {
  return new FinalizationRegistry((wait) => {
    if (wait.open) wait.settle(ABANDONED);
  });
}

class Wait {
  open = true;
  #instance = instance;
  #place;
  #given;

  constructor(place, given) {
    this.#place = place;
    this.#given = given;
  }

  settle(how, value) {
    if (!this.open) return;
    this.open = false;
    if (this.#instance === instance) guarded(() => rust.settle(this.#place, this.#given, how, value));
  }
}

/** For `waits.rs`: calls `settle` once the promise is settled, or so many milliseconds have passed. */
export function wait(promise, millis, place, given) {
  const own = new Wait(place, given);
  let timer;
  const settle = (how, value) => {
    clearTimeout(timer);
    own.settle(how, value);
  };
  if (promise !== undefined)
    promise.then(
      (value) => settle(FULFILLED, value),
      () => settle(REJECTED),
    );
  if (millis >= 0) timer = setTimeout(settle, millis, TIMED_OUT);
  abandoned.register(settle, own);
}

/** For `waits.rs`: goes on with what the promise is of when the request has been answered. */
export function later(context, promise) {
  context.waitUntil(promise.catch(trappedIn(instance)));
}

/** For `waits.rs`: whatever becomes of the promise. */
export function ignore(promise) {
  Promise.resolve(promise).catch(() => {});
}

/** Runs what calls into wasm, which may trap. */
export function guarded(call) {
  try {
    return call();
  } catch (error) {
    // What Rust itself throws is a text, and leaves it well.
    if (typeof error !== "string") trapped(error);
    throw error;
  }
}

/** What Rust answers to a request; rejects when wasm traps before it has answered. */
export function answered(request, env, context) {
  return new Promise((resolve, reject) => {
    ends.set(request, reject);
    const lost = trappedIn(instance);
    guarded(() => rust.fetch(request, env, context)).then((answer) => {
      // A call that Rust made has trapped, and Rust took it for one that threw.
      if (answer instanceof WebAssembly.RuntimeError) lost(answer);
      resolve(answer);
    }, lost);
  });
}

/** For `waits.rs`: nobody waits any longer for the answer to this request. */
export function forget(request) {
  ends.delete(request);
}

/** The instance that there is now: what was made in another one is gone. */
export const currentInstance = () => instance;

/** For promises that Rust makes. It rejects none: one that is rejected has trapped while it was made. */
function trappedIn(own) {
  return (error) => {
    if (own === instance) trapped(error);
  };
}

function trapped(error) {
  rust.__wbg_reset_state();
  instance += 1;
  abandoned = watched();
  const lost = [...ends.values()];
  ends.clear();
  for (const end of lost) end(error);
}

// What runs Rust's futures. The runtime's own function is C++ and takes ten times as long, and what a future throws
// in it reaches nobody.
const done = Promise.resolve();
globalThis.queueMicrotask = (run) => {
  const own = instance;
  done.then(() => {
    if (own === instance) guarded(run);
  });
};
