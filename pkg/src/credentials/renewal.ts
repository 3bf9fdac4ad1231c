/**
 * Decides when a credential function is called: before the first call, before expiry, after a refusal, and not too
 * often.
 */

import { SteadyClock } from "../runtime/steady-clock.js";
import type { Given } from "./provider.js";

/**
 * The state of the credentials: usable; in the last fifth of their lifetime, so that a call requests new ones but uses
 * these; or expired, so that a call waits for new ones.
 */
export type Freshness = "fresh" | "due" | "expired";

/** The result of a request for credentials. Times are milliseconds from now. */
export interface Taken {
  /** Whether the credentials changed. */
  readonly changed: boolean;
  /** Whether one of them is missing, so that they are requested again after a pause. */
  readonly isPartial: boolean;
  /** The start of the last fifth of their lifetime. */
  readonly due: number;
  /** The expiry of the last of them. */
  readonly end: number;
}

/** A request to the credential functions. */
export interface Question {
  /** Whether it changed the credentials. Its rejection is handled. */
  readonly answer: Promise<boolean>;
  /** Its error, if it failed. */
  failed?: { readonly error: unknown };
  isOver?: boolean;
}

interface Asked extends Question {
  readonly number: number;
  readonly since: number;
  /** Whether a refused call waits for it. */
  isForRefusal: boolean;
  /** Whether it began without a pause, because a caller wanted other credentials. */
  readonly isUrgent: boolean;
}

/** The pause after a source failed, had nothing new, or returned a credential that was refused. */
const HOLD = 1000;

/** After this time without a result, another request is started in parallel. */
const HUNG = 10_000;

/** Times are those of a monotonic clock. */
export class Renewal {
  readonly #ask: () => Promise<readonly Given[]>;
  readonly #take: (given: readonly Given[]) => Taken;
  readonly #isFree: () => boolean;
  readonly #clock = new SteadyClock();
  /** The number of accepted results. */
  taken = 0;
  /** Whether the current credentials must not be used any more. */
  isDiscarded = false;
  /** The last failure since the last accepted result. */
  failure: unknown;
  /** Called at the next result or failure. */
  readonly listeners = new Set<(failed?: { readonly error: unknown }) => void>();
  #running: Asked | undefined;
  #count = 0;
  /** Results of requests before this one are ignored. */
  #least = 1;
  #heldUntil = -Infinity;
  #isUrgent = false;
  /** The time until which a caller who wants other credentials ends no pause. */
  #calmUntil = -Infinity;
  #due = -Infinity;
  #end = -Infinity;

  /** `ask` calls the functions, `take` stores their results; `isFree` if a request costs nothing. */
  constructor(
    ask: () => Promise<readonly Given[]>,
    take: (given: readonly Given[]) => Taken,
    isFree: () => boolean = () => false,
  ) {
    this.#ask = ask;
    this.#take = take;
    this.#isFree = isFree;
  }

  get freshness(): Freshness {
    if (this.isDiscarded) return "expired";
    const now = this.#clock.now();
    return now < this.#due ? "fresh" : now < this.#end ? "due" : "expired";
  }

  /** The request to wait for; undefined during a pause. */
  question(): Question | undefined {
    const now = this.#clock.now();
    const running = this.#running;
    if (running !== undefined && running.number >= this.#least && now < running.since + HUNG) return running;
    return now < this.#heldUntil ? undefined : this.#begin(now);
  }

  /** Like `question`, for a call that was refused; a pause follows the result. */
  afterRefusal(): Question | undefined {
    const asked = this.question() as Asked | undefined;
    if (asked !== undefined) asked.isForRefusal = true;
    return asked;
  }

  /** Starts a request in the background, unless one is in progress. `tell` receives a failure. */
  inBackground(tell: (error: unknown) => void): void {
    const before = this.#running;
    const asked = this.question();
    if (asked !== before) asked?.answer.catch(tell);
  }

  /**
   * The current credentials must not be used any more, nor the result of a request that has begun. The next request
   * begins at once, or if this happens again within a second, after the one in progress or after the pause.
   */
  discard(): void {
    const now = this.#clock.now();
    this.isDiscarded = true;
    this.#least = this.#count + 1;
    if (now < this.#calmUntil) return;
    this.#isUrgent = true;
    this.#heldUntil = now;
  }

  /** The time until which to wait for a request, or for the end of a pause. */
  until(question: Question | undefined): number {
    return question === undefined ? this.#heldUntil : (question as Asked).since + HUNG;
  }

  /** The same as milliseconds from now. */
  left(until: number): number {
    return Math.max(0, until - this.#clock.now());
  }

  /** Notes that a caller has waited until then, whatever the clock says. */
  reached(until: number): void {
    this.#clock.reached(until);
  }

  #begin(now: number): Asked {
    this.#heldUntil = this.#isFree() ? now : now + HOLD;
    if (this.isDiscarded) this.#calmUntil = now + HOLD;
    const asked: Omit<Asked, "answer"> = {
      number: ++this.#count,
      since: now,
      isForRefusal: false,
      isUrgent: this.#isUrgent,
    };
    this.#isUrgent = false;
    this.#running = Object.assign(asked, { answer: this.#follow(asked) });
    // Waiting callers receive the rejection; in the background, nobody handles it.
    this.#running.answer.catch(() => {});
    return this.#running;
  }

  async #follow(asked: Omit<Asked, "answer">): Promise<boolean> {
    try {
      const given = await this.#ask();
      // A later request has been answered, or the credentials were discarded meanwhile.
      if (asked.number < this.#least) {
        if (asked.isUrgent && this.#running === asked) this.#resume();
        return false;
      }
      const { changed, isPartial, due, end } = this.#take(given);
      this.#least = asked.number + 1;
      this.taken++;
      this.isDiscarded = false;
      this.failure = undefined;
      const now = this.#clock.now();
      const isNews = changed || now + end > this.#end;
      this.#due = isPartial ? now : now + due;
      this.#end = now + end;
      if (isNews && !isPartial && !asked.isForRefusal && this.#running === asked) this.#heldUntil = now;
      for (const listener of this.listeners) listener();
      return changed;
    } catch (error) {
      // This includes calls that wait for the end of a pause; otherwise each of them would start a request, one per
      // second.
      if (this.#count === asked.number && asked.number >= this.#least)
        for (const listener of this.listeners) listener({ error });
      asked.failed = { error };
      this.failure = error;
      throw error;
    } finally {
      asked.isOver = true;
      if (this.#running === asked) this.#running = undefined;
    }
  }

  /** Ends the pause. */
  #resume(): void {
    this.#heldUntil = this.#clock.now();
    for (const listener of this.listeners) listener();
  }
}
