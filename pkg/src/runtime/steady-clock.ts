/** A monotonic clock, made from one that may be set back: it pauses for that moment. */
export class SteadyClock {
  #seen = Date.now();
  #shows = this.#seen;

  now(): number {
    const now = Date.now();
    if (now > this.#seen) this.#shows += now - this.#seen;
    this.#seen = now;
    return this.#shows;
  }

  reached(time: number): void {
    this.#shows = Math.max(this.now(), time);
  }
}

/** Returns a function that returns the milliseconds since this call. */
export function stopwatch(): () => number {
  const clock = new SteadyClock();
  const started = clock.now();
  return () => clock.now() - started;
}
