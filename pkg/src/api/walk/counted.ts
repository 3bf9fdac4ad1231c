/** Lists that are paged by number or by offset. */

import { isRepeatedBy, Marks, type Page } from "./marks.js";
import { count, endless, type Paging, repeats, type Walk } from "./walk.js";

/** The most consecutive empty pages to skip while the total says that there are more items. */
const MOST_HOLES = 10;

/** How often a walk continues although pages repeat because the list grows. */
const MOST_CHECKS = 100;

/**
 * By number or by offset. Only a page without items is a certain end, since an unconfirmed total may count just the
 * page. If the total falls, items may have moved to earlier pages, so those are read again.
 */
export class CountedWalk implements Walk {
  place: readonly [string, string] | undefined;
  readonly #paging: Paging;
  readonly #size: number | undefined;
  readonly #start: number;
  /** The number or offset of the current page. */
  #at: number;
  #page: Page = { items: [], end: undefined, counters: {} };
  /** The number of items up to and including this page. */
  #seen = 0;
  #largest = 0;
  /** The lowest total so far; undefined without totals, or if they contradict the pages. */
  #total: number | undefined;
  #isTotalTrusted = true;
  #isSteady = true;
  #holes = 0;
  #checks = 0;
  #marks = new Marks();
  /** Whether the first page is being requested again, to check whether repeats come from a growing list. */
  #isChecking = false;
  /** The farthest page that was read; pages before it are read again. */
  #farthest = -Infinity;
  #given = new Set<string>();
  #checked: readonly unknown[] = [];

  constructor(owner: string, paging: Paging, from: string | undefined, size: string | undefined) {
    const start = Number(from ?? (paging.style === "page" ? 1 : 0));
    if (!Number.isSafeInteger(start)) throw new TypeError(`${owner}: query.${paging.parameter} must be a whole number`);
    this.#paging = paging;
    this.#start = this.#at = start;
    const wanted = Number(size);
    this.#size = wanted > 0 ? wanted : paging.usual;
  }

  read(page: Page): readonly unknown[] {
    const { items } = page;
    if (this.#isChecking) {
      this.#checked = items;
      return [];
    }
    this.#page = page;
    const isAgain = this.#at <= this.#farthest;
    this.#seen += items.length;
    this.#largest = Math.max(this.#largest, items.length);
    this.#holes = items.length === 0 ? this.#holes + 1 : 0;
    if (isAgain) return this.#marks.addMissed(items.filter((item) => !isRepeatedBy(item, this.#given)));
    this.#farthest = this.#at;
    return this.#marks.add(items) ? [] : items;
  }

  advance(): boolean {
    if (this.#isChecking) {
      this.#isChecking = false;
      return this.#marks.isChangedFirst(this.#checked) ? this.#goOn() : this.#conclude();
    }
    if (this.#marks.isRepeating) {
      if (++this.#checks > MOST_CHECKS) throw endless();
      this.#isChecking = true;
      this.place = undefined;
      return true;
    }
    return this.#stepBack() || (this.#isEnd() ? false : this.#goOn());
  }

  /** The number of items before the first requested page. */
  get #skipped(): number {
    return this.#paging.style === "offset" ? this.#start : Math.max(0, this.#start - 1) * this.#largest;
  }

  /** The position of this page's end in the whole list. */
  get #position(): number {
    return this.#skipped + this.#seen;
  }

  /** The total fell, so items of later pages may have moved to a page that was already read. */
  #stepBack(): boolean {
    const total = count(this.#page.end);
    const before = this.#total;
    // If everything up to the old total was read, no item can have moved.
    const hadMore = before !== undefined && before > this.#position - this.#page.items.length;
    const fell = hadMore && total !== undefined && total < before ? before - total : 0;
    if (total === undefined || (before !== undefined && total !== before)) this.#isSteady = false;
    if (fell === 0 && total !== undefined && this.#position > total) this.#isTotalTrusted = false;
    this.#total = total === undefined || before === undefined ? total : Math.min(total, before);
    const back = this.#paging.style === "page" ? Math.ceil(fell / Math.max(1, this.#largest)) : fell;
    const to = Math.max(this.#start, this.#at - back);
    if (!this.#isTotalTrusted || to === this.#at) return false;
    this.#given = new Set(this.#marks.recent());
    this.#seen = (to - this.#start) * (this.#paging.style === "page" ? this.#largest : 1);
    return this.#go(to);
  }

  #isEnd(): boolean {
    const { items, end, counters } = this.#page;
    const total = this.#isTotalTrusted ? count(end) : undefined;
    // The number of items before the first requested page is then only a guess.
    const isFromTheMiddle = this.#paging.style === "page" && this.#start > 1;
    if (items.length === 0) {
      const isLast =
        isFromTheMiddle || (this.#paging.style === "page" && this.#at >= (count(counters.pageCount) ?? Infinity));
      return isLast || total === undefined || total <= this.#position || this.#holes > MOST_HOLES;
    }
    if (total !== this.#position || !this.#isSteady || isFromTheMiddle) return false;
    // Something other than the total must confirm it.
    const isLast = this.#paging.style === "page" && counters.pageCount === this.#at;
    return isLast || items.length < this.#largest || items.length < (count(counters.pageSize) ?? 0);
  }

  #goOn(): boolean {
    const step = this.#page.items.length || this.#size || this.#largest || 1;
    return this.#go(this.#at + (this.#paging.style === "page" ? 1 : step));
  }

  #go(to: number): true {
    this.#at = to;
    this.place = [this.#paging.parameter!, String(to)];
    return true;
  }

  /** The server repeats pages although the list has not changed. */
  #conclude(): false {
    const total = count(this.#page.end);
    // Without a total, a full page may have been cut off.
    const isCut = !this.#marks.hasVaried && this.#size !== undefined && this.#largest >= this.#size;
    if (total === undefined ? isCut : total > this.#skipped + this.#marks.items) throw repeats();
    return false;
  }
}
