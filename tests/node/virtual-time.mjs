// Virtual time of a test: timers and a clock that can be set, which `fetch` and credential functions use too.

const real = { setTimeout, clearTimeout, setImmediate, now: Date.now };

/** Lets all pending promises settle. */
export const settle = () => new Promise((resolve) => real.setImmediate(() => real.setImmediate(resolve)));

export class VirtualTime {
  /** Milliseconds that have passed. */
  now = 0;
  /** The clock's offset. */
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

  /** The value of `Date.now()`. */
  get clock() {
    return this.#offset + this.now;
  }

  /** Sets the clock, as a person or a time server does. */
  jump(millis) {
    this.#offset += millis;
  }

  /** The number of waiting timers. */
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
