/**
 * How long a call is waited for: its timeouts and its caller's signal, in one
 * signal for `fetch`, which is only made when there is something to combine.
 */

/** The longest that a timer can run. */
const LONGEST = 2 ** 31 - 1;

interface Link {
  readonly deadlines: Set<Deadline>;
  readonly listener: () => void;
}

/**
 * What each signal ends: one listener on it, however many calls it is for. Of eleven listeners Node says that they are
 * probably a leak.
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
 * Takes the caller's signal off bodies that were handed out and then dropped unread. Made when it is first needed, and
 * not where there is none: in Workers whose compatibility date is before 2025-05-05.
 */
let dropped: FinalizationRegistry<() => void> | undefined;

function whenDropped(body: object, then: () => void): void {
  if (typeof FinalizationRegistry === "undefined") return;
  dropped ??= new FinalizationRegistry((unlink) => unlink());
  dropped.register(body, then);
}

/** One call's deadline. Whoever makes one must `end` it. */
export class Deadline {
  /** Whether it was a timer that ended the try. */
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

  /** Whether the caller has given up. */
  get aborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Why the caller has given up. */
  get reason(): unknown {
    return this.#signal?.reason;
  }

  /** The signal for one try that may take so many milliseconds. */
  begin(timeout = Infinity, isOfTry = true): AbortSignal | undefined {
    this.timedOut = false;
    // The caller's own signal is not handed on: `fetch` would leave a listener on it.
    if (timeout === Infinity && this.#signal === undefined) return undefined;
    if (this.#controller === undefined || this.#controller.signal.aborted) this.#controller = new AbortController();
    this.#link();
    // What is left of the whole call is what the timer that runs already measures.
    if (isOfTry || this.#timer === undefined) this.limit(timeout);
    return this.#controller.signal;
  }

  /** The whole call may take so many milliseconds from now, by a clock that nobody sets back. */
  bound(timeout: number): void {
    this.#end = performance.now() + timeout;
    this.limit(timeout);
  }

  /** Milliseconds that are left of it. */
  get left(): number {
    return this.#end - performance.now();
  }

  /** Sets the timer anew: so many milliseconds from now, at most up to the end of the call; Infinity stops it. */
  limit(most: number): void {
    const timeout = most === Infinity ? Infinity : Math.max(0, Math.min(most, this.left));
    clearTimeout(this.#timer);
    this.#timer = timeout === Infinity ? undefined : setTimeout(expire, Math.min(timeout, LONGEST), this);
  }

  /** Waits. The caller's signal ends it early. */
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

  /** Waits for what somebody promised; undefined when the timer or the caller's signal comes first. */
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
   * The same for what a `fetch` gives: throws what it was told when the time is over, as it would itself. One of
   * somebody's own may not listen to the signal.
   */
  async read<T>(promised: T | PromiseLike<T>): Promise<T> {
    // Somebody wants the body, whose timer does not keep the process alive: see `release`.
    (this.#timer as { ref?(): void } | undefined)?.ref?.();
    const come = (await this.within(promised)) ?? (await atOnce(promised));
    if (come === undefined) throw this.aborted ? this.reason : this.#controller?.signal.reason;
    return come.value;
  }

  /** Ends a wait early. */
  wake(): void {
    this.#wake?.();
  }

  /** The call is over: no timer and no listener stays. */
  end(): void {
    this.limit(Infinity);
    if (this.#linked) unlink(this.#signal!, this);
    this.#linked = false;
  }

  /** The head is there. Should nobody want the body, the timer must not keep the process alive. */
  release(): void {
    (this.#timer as { unref?(): void } | undefined)?.unref?.();
  }

  /** The body now belongs to the caller: no timer, but the signal still ends it. */
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

/** More turns than a body that is in memory takes. */
const TURNS = 100;

/**
 * What is there all the same when time is over: the answer of a mock, where a test has run all timers at once. A `fetch`
 * that listens to its signal has failed by now, and with an error of its own.
 */
async function atOnce<T>(promised: T | PromiseLike<T>): Promise<{ readonly value: T } | undefined> {
  let come: { readonly value: T } | undefined;
  let thrown: { readonly error: unknown } | undefined;
  Promise.resolve(promised).then(
    (value) => {
      come = { value };
    },
    (error: unknown) => {
      thrown = { error };
    },
  );
  for (let turn = 0; turn < TURNS && come === undefined && thrown === undefined; turn++) await undefined;
  if (thrown !== undefined) throw thrown.error;
  return come;
}

function expire(deadline: Deadline): void {
  deadline.expire();
}
