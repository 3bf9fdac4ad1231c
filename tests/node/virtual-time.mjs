// Time that a test drives: timers and a clock that can be set. `fetch` and functions that are asked use it, too.

const real = { setTimeout, clearTimeout, setImmediate, now: Date.now };

/** Whatever promises lead to has happened. */
export const settle = () => new Promise((resolve) => real.setImmediate(() => real.setImmediate(resolve)));

export class VirtualTime {
  /** Milliseconds that have passed. */
  now = 0;
  /** How far the clock is off. */
  #offset = 1_700_000_000_000;
  #timers = new Map();
  #count = 0;

  install() {
    Date.now = () => this.clock;
    globalThis.setTimeout = (act, millis = 0, ...given) => {
      const id = ++this.#count;
      this.#timers.set(id, { at: this.now + Math.max(0, millis), act: () => act(...given) });
      const timer = { id, unref: () => timer, ref: () => timer, hasRef: () => true, [Symbol.toPrimitive]: () => id };
      return timer;
    };
    globalThis.clearTimeout = (timer) => this.#timers.delete(timer?.id ?? timer);
  }

  uninstall() {
    Date.now = real.now;
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  }

  /** What `Date.now()` tells. */
  get clock() {
    return this.#offset + this.now;
  }

  /** Sets the clock, as a person or a time server does. */
  jump(millis) {
    this.#offset += millis;
  }

  /** How many timers wait. */
  get waiting() {
    return this.#timers.size;
  }

  at(time, act) {
    this.#timers.set(++this.#count, { at: time, act });
  }

  sleep(millis) {
    return new Promise((resolve) => this.at(this.now + millis, resolve));
  }

  /** Lets time pass until nothing waits any more, or until then. */
  async run(until = Infinity) {
    await settle();
    for (;;) {
      const due = [...this.#timers].toSorted(([a, one], [b, other]) => one.at - other.at || a - b)[0];
      if (due === undefined || due[1].at > until) break;
      const [id, { at, act }] = due;
      this.#timers.delete(id);
      this.now = Math.max(this.now, at);
      act();
      await settle();
    }
    if (until !== Infinity) this.now = until;
  }
}
