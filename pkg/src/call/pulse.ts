/**
 * A sign of life of a request. Workers drop one whose visitor leaves, at any `await`, and run nothing of it any more:
 * neither what follows nor `finally`. Its timers end with it.
 */

/** Milliseconds between two beats, and after which without one it is over. */
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
