/** Lists by number or by offset. */

import { isRepeatedBy, Marks, type Page } from "./marks.js";
import { count, endless, type Paging, repeats, type Walk } from "./walk.js";

/** Pages without an item, one after the other, that are looked behind while the total says that there is more. */
const MOST_HOLES = 10;

/** How often one walk goes on although its pages repeat, since the list grows meanwhile. */
const MOST_CHECKS = 100;

/**
 * By number or by offset. The one sure end is a page without items: a total that nothing else confirms may be that of
 * the page. What moves meanwhile is followed where the total tells: when it falls, pages before are read again.
 */
export class CountedWalk implements Walk {
  place: readonly [string, string] | undefined;
  readonly #paging: Paging;
  readonly #size: number | undefined;
  readonly #start: number;
  /** The number or offset of the page that is read. */
  #at: number;
  #page: Page = { items: [], end: undefined, counters: {} };
  /** Items of the pages up to this one. */
  #seen = 0;
  #largest = 0;
  /** The lowest total so far; undefined when totals are none, or contradict what was seen. */
  #total: number | undefined;
  #isTotalTrusted = true;
  #isSteady = true;
  #holes = 0;
  #checks = 0;
  #marks = new Marks();
  /** The first page is asked for again, to see whether repeats come from a list that grows. */
  #isChecking = false;
  /** The farthest page that was read: behind it, pages are read again. */
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

  /** Items before the first page that was asked for. */
  get #skipped(): number {
    return this.#paging.style === "offset" ? this.#start : Math.max(0, this.#start - 1) * this.#largest;
  }

  /** Where the end of this page is in the whole list. */
  get #position(): number {
    return this.#skipped + this.#seen;
  }

  /** After a total that fell: what was on the pages behind may have moved to a page that was read already. */
  #stepBack(): boolean {
    const total = count(this.#page.end);
    const before = this.#total;
    // Nothing was left to move when the total of before had been read.
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
    // How much is on the pages before the first one that was asked for is then only a guess.
    const isFromTheMiddle = this.#paging.style === "page" && this.#start > 1;
    if (items.length === 0) {
      const isLast =
        isFromTheMiddle || (this.#paging.style === "page" && this.#at >= (count(counters.pageCount) ?? Infinity));
      return isLast || total === undefined || total <= this.#position || this.#holes > MOST_HOLES;
    }
    if (total !== this.#position || !this.#isSteady || isFromTheMiddle) return false;
    // Something else than the total has to say so, too.
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

  /** The server gives the same pages again, though the list stays as it is. */
  #conclude(): false {
    const total = count(this.#page.end);
    // Where no total tells, a page that could hold no more may have been cut off.
    const isCut = !this.#marks.hasVaried && this.#size !== undefined && this.#largest >= this.#size;
    if (total === undefined ? isCut : total > this.#skipped + this.#marks.items) throw repeats();
    return false;
  }
}
