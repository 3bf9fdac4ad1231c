/** Limits the number of concurrent calls; the others wait, first come, first served. */

import { afterThisTurn, dropsRequests } from "../runtime/environment.js";
import type { Deadline } from "./deadline.js";
import { Pulse } from "./pulse.js";

/** A call's place while it is in progress. */
export class Place {
  readonly #pulse = dropsRequests() ? new Pulse() : undefined;
  /** Releases the call's other resources, if the call can no longer do so itself. */
  release: (() => void) | undefined;

  /** Whether the runtime has dropped the call, so that it will never release the place. */
  get isAbandoned(): boolean {
    return this.#pulse?.hasStopped === true;
  }

  end(): void {
    this.#pulse?.stop();
  }
}

interface Waiting {
  readonly limit: number;
  readonly deadline: Deadline;
  readonly place: Place;
  isTurn: boolean;
}

/** Milliseconds between two checks by a call that other requests may not wake; less for the first in line. */
const LONGEST_LOOK = 100;
const SHORTEST_LOOK = 10;

export class Semaphore {
  readonly #taken = new Set<Place>();
  #line: Waiting[] = [];
  readonly #later = afterThisTurn();
  /** Whether those in line are about to enter. */
  #isOpening = false;

  /** Whether no call is in progress or waiting. */
  get isIdle(): boolean {
    return this.#taken.size === 0 && this.#line.length === 0;
  }

  /** Takes a place if fewer than `limit` are taken; `leave` must follow. */
  take(limit: number): Place | undefined {
    if (!this.#isFree(limit) && dropsRequests()) this.#sweep();
    if (!this.#isFree(limit)) return undefined;
    const place = new Place();
    this.#taken.add(place);
    return place;
  }

  /** Waits for a place until the deadline; undefined if none became free. */
  async wait(limit: number, deadline: Deadline): Promise<Place | undefined> {
    const waiting: Waiting = { limit, deadline, place: new Place(), isTurn: false };
    this.#line.push(waiting);
    if (dropsRequests()) await this.#look(waiting);
    else await deadline.idle();
    if (waiting.isTurn) return waiting.place;
    waiting.place.end();
    this.#line = this.#line.filter((other) => other !== waiting);
    this.#next();
    return undefined;
  }

  /** Passes the place to the next in line. */
  leave(place: Place): void {
    place.end();
    this.#taken.delete(place);
    this.#next();
  }

  #isFree(limit: number): boolean {
    return this.#taken.size < limit && this.#line.length === 0;
  }

  /**
   * Lets those in line enter together when this turn of the event loop is over. One by one, whenever a call ends, the
   * code that sends and the code that reads would displace each other in the processor's caches: 1,000 calls at once
   * would take a third more CPU.
   */
  #next(): void {
    // The runtime may forbid settling another request's promises; there, each waiting call polls.
    if (this.#isOpening || this.#line.length === 0 || dropsRequests()) return;
    this.#isOpening = true;
    this.#later(() => {
      this.#isOpening = false;
      this.#open();
    });
  }

  #open(): void {
    while (this.#line.length > 0 && this.#taken.size < this.#line[0]!.limit) this.#enter(this.#line[0]!);
  }

  #enter(first: Waiting): void {
    this.#line.shift();
    this.#taken.add(first.place);
    first.isTurn = true;
    first.deadline.wake();
  }

  async #look(waiting: Waiting): Promise<void> {
    const { limit, deadline } = waiting;
    while (!deadline.aborted && !deadline.timedOut) {
      this.#sweep();
      if (this.#line[0] === waiting && this.#taken.size < limit) return this.#enter(waiting);
      const look = Math.min(SHORTEST_LOOK * (1 + this.#line.indexOf(waiting)), LONGEST_LOOK);
      await new Promise((resolve) => setTimeout(resolve, look));
    }
  }

  /** Releases the places of calls that the runtime has dropped. */
  #sweep(): void {
    for (const place of this.#taken) {
      if (!place.isAbandoned) continue;
      this.#taken.delete(place);
      place.release?.();
    }
    if (this.#line.some(({ place }) => place.isAbandoned))
      this.#line = this.#line.filter(({ place }) => !place.isAbandoned);
  }
}
