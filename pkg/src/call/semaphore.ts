/** How many calls may be under way at once; the others stand in line, first come, first served. */

import type { Deadline } from "./deadline.js";

interface Place {
  readonly limit: number;
  readonly deadline: Deadline;
  isTurn: boolean;
}

export class Semaphore {
  #taken = 0;
  readonly #line: Place[] = [];

  /** Whether nobody is under way or in line. */
  get isIdle(): boolean {
    return this.#taken === 0 && this.#line.length === 0;
  }

  /** Takes a turn, when fewer than `limit` are taken; `leave` must follow. */
  take(limit: number): boolean {
    if (this.#taken >= limit || this.#line.length > 0) return false;
    this.#taken++;
    return true;
  }

  /** Stands in line for a turn until the deadline. Tells whether it came. */
  async wait(limit: number, deadline: Deadline): Promise<boolean> {
    const place: Place = { limit, deadline, isTurn: false };
    this.#line.push(place);
    await deadline.idle();
    if (!place.isTurn) {
      this.#line.splice(this.#line.indexOf(place), 1);
      this.#next();
    }
    return place.isTurn;
  }

  /** Gives the turn to the next in line. */
  leave(): void {
    this.#taken--;
    this.#next();
  }

  #next(): void {
    const [first] = this.#line;
    if (first === undefined || this.#taken >= first.limit) return;
    this.#line.shift();
    this.#taken++;
    first.isTurn = true;
    first.deadline.wake();
  }
}
