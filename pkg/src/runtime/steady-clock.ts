/** Made of a clock that may be put back: then it stands still for that moment, and goes on. */
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
