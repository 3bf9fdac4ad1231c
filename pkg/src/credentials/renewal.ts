/** When a function is asked for a credential: before the first call, in time, after a refusal, and not too often. */

import { SteadyClock } from "../runtime/steady-clock.js";
import type { Given } from "./provider.js";

/**
 * How the credentials stand: nothing has to be done; they are in the last fifth of their life, so that a call asks for
 * others and goes on with these; or a call waits for others.
 */
export type Freshness = "fresh" | "due" | "expired";

/** What an answer came to, its times in milliseconds from now. */
export interface Taken {
  /** Whether other credentials are in place. */
  readonly changed: boolean;
  /** When they are in the last fifth of their life. */
  readonly due: number;
  /** When none of them is good any more. */
  readonly end: number;
}

/** A question that was asked. */
export interface Question {
  /** Whether it changed the credentials. Its rejection is handled. */
  readonly answer: Promise<boolean>;
  /** What it failed with, once it has. */
  failed?: { readonly error: unknown };
}

interface Asked extends Question {
  readonly number: number;
  readonly since: number;
  /** A call was refused, and waits for it. */
  isForRefusal: boolean;
}

/** A source that failed, or had nothing new, or gave something that was refused, is asked again after so long. */
const HOLD = 1000;

/** For an answer that takes longer nobody waits alone: another question is asked beside it. */
const HUNG = 10_000;

/** Times are those of its own clock, which never goes back. */
export class Renewal {
  readonly #ask: () => Promise<readonly Given[]>;
  readonly #take: (given: readonly Given[]) => Taken;
  readonly #isFree: () => boolean;
  readonly #clock = new SteadyClock();
  /** How many answers have counted. */
  taken = 0;
  /** Who is told of the next one, or that the question failed. */
  readonly listeners = new Set<(failed?: { readonly error: unknown }) => void>();
  #running: Asked | undefined;
  #count = 0;
  /** Answers to questions before this one count no more. */
  #least = 1;
  #heldUntil = -Infinity;
  #due = -Infinity;
  #end = -Infinity;

  /** `ask` asks the functions, `take` puts what they gave in place; `isFree` when a question costs nothing. */
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
    const now = this.#clock.now();
    return now < this.#due ? "fresh" : now < this.#end ? "due" : "expired";
  }

  /** The question whose answer to wait for; undefined while the source is left in peace. */
  question(): Question | undefined {
    const now = this.#clock.now();
    const running = this.#running;
    if (running !== undefined && now < running.since + HUNG) return running;
    return now < this.#heldUntil ? undefined : this.#begin(now);
  }

  /** As `question`, for a call that was refused. Its answer is not asked for again at once. */
  afterRefusal(): Question | undefined {
    const asked = this.question() as Asked | undefined;
    if (asked !== undefined) asked.isForRefusal = true;
    return asked;
  }

  /** Asks, unless somebody has, for calls that do not wait. `tell` hears of a failure. */
  inBackground(tell: (error: unknown) => void): void {
    const before = this.#running;
    const asked = this.question();
    if (asked !== before) asked?.answer.catch(tell);
  }

  /** A question of its own, as what is there is not to be used any more, whatever was asked before. */
  anew(): Question {
    this.#due = this.#end = -Infinity;
    this.#least = this.#count + 1;
    return this.#begin(this.#clock.now());
  }

  /** Until when to wait for a question, or for there to be one. */
  until(question: Question | undefined): number {
    return question === undefined ? this.#heldUntil : (question as Asked).since + HUNG;
  }

  /** How many milliseconds that is from now. */
  left(until: number): number {
    return Math.max(0, until - this.#clock.now());
  }

  /** Somebody has waited until then, whatever the clock says. */
  reached(until: number): void {
    this.#clock.reached(until);
  }

  #begin(now: number): Asked {
    this.#heldUntil = this.#isFree() ? now : now + HOLD;
    const asked = { number: ++this.#count, since: now, isForRefusal: false } as Omit<Asked, "answer">;
    this.#running = Object.assign(asked, { answer: this.#follow(asked) });
    // Whoever waits for it hears of it; in the background nobody does.
    this.#running.answer.catch(() => {});
    return this.#running;
  }

  async #follow(asked: Omit<Asked, "answer">): Promise<boolean> {
    try {
      const given = await this.#ask();
      // A later one has been answered, or what was there has been given up since.
      if (asked.number < this.#least) return false;
      const { changed, due, end } = this.#take(given);
      this.#least = asked.number + 1;
      this.taken++;
      const now = this.#clock.now();
      const isNews = changed || now + end > this.#end;
      this.#due = now + due;
      this.#end = now + end;
      if (isNews && !asked.isForRefusal && this.#running === asked) this.#heldUntil = now;
      for (const listener of this.listeners) listener();
      return changed;
    } catch (error) {
      // Calls that wait until they may ask, too: else each would ask in its turn, a second after the other.
      if (this.#count === asked.number) for (const listener of this.listeners) listener({ error });
      asked.failed = { error };
      throw error;
    } finally {
      if (this.#running === asked) this.#running = undefined;
    }
  }
}
