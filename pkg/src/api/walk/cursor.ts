/** Lists by cursor. */

import { Marks, type Page } from "./marks.js";
import { endless, failed, repeats, type Walk } from "./walk.js";

/** Pages without an item, one after the other, that a cursor leads on from. */
const MOST_EMPTY = 1000;

/** Equal pages, one after the other, each with a cursor of its own. */
const MOST_REPEATS = 10;

/** By what the server calls the next page. */
export class CursorWalk implements Walk {
  place: readonly [string, string] | undefined;
  readonly #parameter: string;
  #asked: string | undefined;
  #page: Page = { items: [], end: undefined, counters: {} };
  #marks = new Marks();
  #repeats = 0;
  #empty = 0;
  /** Finds loops of any length with one cursor kept, which moves on by powers of two (Brent, 1980). */
  #milestone: string | undefined;
  #power = 1;
  #steps = 0;

  constructor(parameter: string, from: string | undefined) {
    this.#parameter = parameter;
    this.#asked = this.#milestone = from;
  }

  read(page: Page): readonly unknown[] {
    this.#page = page;
    this.#empty = page.items.length === 0 ? this.#empty + 1 : 0;
    const isRepeat = this.#marks.add(page.items);
    this.#repeats = this.#marks.isSameAsBefore ? this.#repeats + 1 : 0;
    return isRepeat ? [] : page.items;
  }

  advance(): boolean {
    const next = cursor(this.#page.end);
    if (next === undefined) return false;
    if (next === this.#asked) {
      // That is how some servers say that there is no more; but not with the same items as before.
      if (this.#repeats > 0) throw repeats();
      return false;
    }
    if (next === this.#milestone || this.#repeats >= MOST_REPEATS) throw repeats();
    if (this.#empty >= MOST_EMPTY) throw endless();
    if (++this.#steps === this.#power) {
      this.#milestone = next;
      this.#power *= 2;
      this.#steps = 0;
    }
    this.#asked = next;
    this.place = [this.#parameter, next];
    return true;
  }
}

/** The next cursor; none at the end. */
function cursor(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "" || value === false || value === 0) return undefined;
  if (typeof value === "string") return value;
  if (Number.isFinite(value)) return String(value);
  throw failed("cursor_unreadable", "the answer names a next page by something that is neither a text nor a number");
}
