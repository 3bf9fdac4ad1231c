/** Lists that are paged by cursor. */

import { Marks, type Page } from "./marks.js";
import { endless, failed, repeats, type Walk } from "./walk.js";

/** The most consecutive empty pages with a next cursor. */
const MOST_EMPTY = 1000;

/** The most consecutive equal pages, each with a different cursor. */
const MOST_REPEATS = 10;

/** By the server's cursor for the next page. */
export class CursorWalk implements Walk {
  place: readonly [string, string] | undefined;
  readonly #parameter: string;
  #asked: string | undefined;
  #page: Page = { items: [], end: undefined, counters: {} };
  #marks = new Marks();
  #repeats = 0;
  #empty = 0;
  /** Detects loops of any length with one stored cursor, which moves on by powers of two (Brent, 1980). */
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
      // Some servers mark the end this way, but not with the same items as before.
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

/** The next cursor; undefined at the end. */
function cursor(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "" || value === false || value === 0) return undefined;
  if (typeof value === "string") return value;
  if (Number.isFinite(value)) return String(value);
  throw failed("cursor_unreadable", "the cursor of the next page is neither a string nor a number");
}
