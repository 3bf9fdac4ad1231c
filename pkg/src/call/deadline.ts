/**
 * The time limits of a call: its timeouts and its caller's signal, combined
 * into one signal for `fetch`, which is made only when it is needed.
 */

/** The longest that a timer can run. */
const LONGEST = 2 ** 31 - 1;

interface Link {
  readonly deadlines: Set<Deadline>;
  readonly listener: () => void;
}

/**
 * The calls that each signal aborts. There is one listener per signal, for any number of calls, because Node reports
 * eleven listeners as a probable leak.
 */
const links = new WeakMap<AbortSignal, Link>();

function link(signal: AbortSignal, deadline: Deadline): void {
  const deadlines = links.get(signal)?.deadlines;
  if (deadlines !== undefined) {
    deadlines.add(deadline);
    return;
  }
  const made = new Set([deadline]);
  const listener = () => {
    unlisten(signal, listener);
    for (const held of made) held.abort();
  };
  links.set(signal, { deadlines: made, listener });
  signal.addEventListener("abort", listener);
}

function unlink(signal: AbortSignal, deadline: Deadline): void {
  const held = links.get(signal);
  if (held?.deadlines.delete(deadline) === true && held.deadlines.size === 0) unlisten(signal, held.listener);
}

function unlisten(signal: AbortSignal, listener: () => void): void {
  links.delete(signal);
  signal.removeEventListener("abort", listener);
}

/**
 * Removes the caller's signal from bodies that were handed out and then dropped unread. Made on first use, and not in
 * Workers with a compatibility date before 2025-05-05, which have no FinalizationRegistry.
 */
let dropped: FinalizationRegistry<() => void> | undefined;

function whenDropped(body: object, then: () => void): void {
  if (typeof FinalizationRegistry === "undefined") return;
  dropped ??= new FinalizationRegistry((unlink) => unlink());
  dropped.register(body, then);
}

/** One call's deadline. Its creator must call `end`. */
export class Deadline {
  /** Whether a timer ended the attempt. */
  timedOut = false;
  readonly #signal: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;
  #linked = false;
  #end = Infinity;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Whether the caller has aborted the call. */
  get aborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** The reason of the caller's abort. */
  get reason(): unknown {
    return this.#signal?.reason;
  }

  /** The signal for one attempt with this timeout in milliseconds. */
  begin(timeout = Infinity, isOfTry = true): AbortSignal | undefined {
    this.timedOut = false;
    // The caller's own signal is not passed on, because `fetch` would leave a listener on it.
    if (timeout === Infinity && this.#signal === undefined) return undefined;
    if (this.#controller === undefined || this.#controller.signal.aborted) this.#controller = new AbortController();
    this.#link();
    // A running timer already measures the rest of the whole call.
    if (isOfTry || this.#timer === undefined) this.limit(timeout);
    return this.#controller.signal;
  }

  /** Limits the whole call to this many milliseconds from now, by a monotonic clock. */
  bound(timeout: number): void {
    this.#end = performance.now() + timeout;
    this.limit(timeout);
  }

  /** The milliseconds left of it. */
  get left(): number {
    return this.#end - performance.now();
  }

  /** Sets the timer to this many milliseconds from now, at most the end of the call; Infinity stops it. */
  limit(most: number): void {
    const timeout = most === Infinity ? Infinity : Math.max(0, Math.min(most, this.left));
    clearTimeout(this.#timer);
    this.#timer = timeout === Infinity ? undefined : setTimeout(expire, Math.min(timeout, LONGEST), this);
  }

  /** Waits; the caller's signal ends the wait early. */
  async wait(millis: number): Promise<void> {
    this.timedOut = false;
    this.limit(Infinity);
    this.#timer = setTimeout(() => this.wake(), Math.min(millis, LONGEST));
    await this.idle();
    this.limit(Infinity);
  }

  /** Waits for `wake`, the timer or the caller's signal. */
  async idle(): Promise<void> {
    this.#link();
    if (this.aborted || this.timedOut) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  /** Waits for a promise; undefined if the timer or the caller's signal comes first. */
  async within<T>(promised: T | PromiseLike<T>): Promise<{ readonly value: T } | undefined> {
    this.#link();
    try {
      return await new Promise((resolve, reject) => {
        if (this.aborted || this.timedOut) resolve(undefined);
        else this.#wake = () => resolve(undefined);
        Promise.resolve(promised).then((value) => resolve({ value }), reject);
      });
    } finally {
      this.#wake = undefined;
    }
  }

  /**
   * Waits for a promise of `fetch`; rejects with the abort reason if the timer or the signal comes first. A `fetch` that
   * the application passed in may ignore its signal.
   */
  read<T>(promised: T | PromiseLike<T>): Promise<T> {
    // Not by `within`, which would add 5 µs to every call.
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        // Unless it settles at once: with the error of a `fetch` that obeys its signal, or with a mock's response in a
        // test that ran all timers.
        turns().then(() => reject(this.aborted ? this.reason : this.#controller?.signal.reason));
      };
      this.#wake = giveUp;
      if (this.aborted || this.timedOut) giveUp();
      Promise.resolve(promised).then(resolve, reject);
    });
  }

  /** Ends a wait early. */
  wake(): void {
    this.#wake?.();
  }

  /** Ends the call: removes all timers and listeners. */
  end(): void {
    this.limit(Infinity);
    if (this.#linked) unlink(this.#signal!, this);
    this.#linked = false;
  }

  /** The response's head has arrived. If nobody reads the body, the timer must not keep the process alive. */
  release(): void {
    (this.#timer as { unref?(): void } | undefined)?.unref?.();
  }

  /** Undoes `release`: the body is being read. */
  hold(): void {
    (this.#timer as { ref?(): void } | undefined)?.ref?.();
  }

  /** The body now belongs to the caller: no timer applies, but the signal still aborts it. */
  handOver(body: object | null | undefined): void {
    if (body === null || body === undefined || !this.#linked) {
      this.end();
      return;
    }
    this.limit(Infinity);
    whenDropped(body, () => this.end());
  }

  /** The caller's signal has been aborted. */
  abort(): void {
    this.#linked = false;
    this.#controller?.abort(this.reason);
    this.wake();
  }

  /** Called by the timer. */
  expire(): void {
    this.#timer = undefined;
    this.timedOut = true;
    this.#controller?.abort(new DOMException("The call took longer than its timeout", "TimeoutError"));
    this.wake();
  }

  #link(): void {
    if (this.#linked || this.#signal === undefined) return;
    link(this.#signal, this);
    this.#linked = true;
  }
}

/** Waits for more microtasks than the reading of a body in memory takes. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await undefined;
}

function expire(deadline: Deadline): void {
  deadline.expire();
}
