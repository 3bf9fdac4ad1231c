/**
 * A heartbeat of a request. In Workers, a request whose client disconnects is dropped at its next `await`: neither the
 * following code nor a `finally` runs, and its timers end.
 */

/** Milliseconds between two beats, and without a beat after which the request counts as dropped. */
const BEAT = 500;
const STOPPED = 2500;

export class Pulse {
  #last = Date.now();
  readonly #timer = setInterval(() => {
    this.#last = Date.now();
  }, BEAT);

  get hasStopped(): boolean {
    return Date.now() - this.#last > STOPPED;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
