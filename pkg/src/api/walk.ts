/** Where a walk through a list goes next, and when it is at its end: rules without IO. */

import type { Query } from "../call/query.js";
import { queryPairs } from "../call/query.js";
import { type AttentionError, errorOf } from "../errors/errors.js";
import { isRepeatedBy, Marks, type Page } from "./marks.js";

/** How a list is paged. */
export interface Paging {
  /** By the page's number, by how many items precede it, by a cursor, cut off at a number of items, or not at all. */
  readonly style: "page" | "offset" | "cursor" | "limit" | "whole";
  /** The query parameter that moves on; of a list that is cut off, the one that says where. */
  readonly parameter?: string;
  /** The query parameter for how many items a page has. */
  readonly size?: string;
  /** How many it has when nobody says, where a page tells. */
  readonly usual?: number;
  /** The most that may be asked for, of a list that is cut off. */
  readonly most?: number;
  /** Where the items are in an answer; "" is the answer itself. */
  readonly items: string;
  /** Where the total or the next cursor is. */
  readonly end?: string;
}

/** A walk through one list, told of each answer in turn. */
export interface Walk {
  /** The parameter of the page to ask for; undefined for the first one, which is asked for as the caller said. */
  readonly place: readonly [name: string, value: string] | undefined;
  /** What of a page was not given yet. */
  read(page: Page): readonly unknown[];
  /** Goes on to the next place; false at the end. Throws when the server makes it impossible to know the rest. */
  advance(): boolean;
}

/** The walk for a style of paging. */
export function walkOf(owner: string, paging: Paging, query: Query | undefined): Walk {
  const given = queryPairs(query ?? {});
  const asked = (name: string | undefined) => given.find(([each]) => each === name)?.[1];
  switch (paging.style) {
    case "page":
    case "offset":
      return new CountedWalk(owner, paging, asked(paging.parameter), asked(paging.size));
    case "cursor":
      return new CursorWalk(paging.parameter!, asked(paging.parameter));
    case "limit":
      return new CutWalk(paging, asked(paging.parameter));
    case "whole":
      return new WholeWalk();
  }
}

/** Pages without an item, one after the other, that are looked behind while the total says that there is more. */
const MOST_HOLES = 10;

/** The same where a cursor says so. */
const MOST_EMPTY = 1000;

/** Equal pages, one after the other, each with a cursor of its own. */
const MOST_REPEATS = 10;

/** How often one walk goes on although its pages repeat, since the list grows meanwhile. */
const MOST_CHECKS = 100;

/**
 * By number or by offset. The one sure end is a page without items: a total that nothing else confirms may be that of
 * the page. What moves meanwhile is followed where the total tells: of a list that shrinks, pages before are read again.
 */
class CountedWalk implements Walk {
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
  #farthest = -1;
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

/** By what the server calls the next page. */
class CursorWalk implements Walk {
  place: readonly [string, string] | undefined;
  readonly #parameter: string;
  #asked: string | undefined;
  #page: Page = { items: [], end: undefined, counters: {} };
  #marks = new Marks();
  #repeats = 0;
  #empty = 0;
  /** Finds loops of any length with one cursor kept (Brent, 1980): the one to compare with moves on by powers of two. */
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

/** Cut off after so many items, with nothing to ask for the rest by but a higher number. */
class CutWalk implements Walk {
  place: readonly [string, string] | undefined;
  readonly #paging: Paging;
  readonly #asked: string | undefined;
  #first: readonly unknown[] = [];
  #length = 0;

  constructor(paging: Paging, asked: string | undefined) {
    this.#paging = paging;
    this.#asked = asked;
  }

  read({ items }: Page): readonly unknown[] {
    this.#length = items.length;
    if (this.place === undefined) {
      this.#first = items;
      return items;
    }
    const given = new Set(new Marks().marksOf(this.#first) ?? []);
    return given.size > 0 ? items.filter((item) => !isRepeatedBy(item, given)) : items.slice(this.#first.length);
  }

  advance(): boolean {
    const { parameter, usual = Infinity, most = Infinity } = this.#paging;
    // Whoever says how many gets so many.
    if (this.#asked !== undefined || parameter === undefined) return false;
    if (this.place !== undefined) {
      if (this.#length >= most) throw cut();
      return false;
    }
    if (this.#length < usual) return false;
    if (most === Infinity) throw cut();
    this.place = [parameter, String(most)];
    return true;
  }
}

/** In one answer, as far as anybody knows. An answer that says otherwise is not taken for the whole. */
class WholeWalk implements Walk {
  readonly place = undefined;
  #page: Page = { items: [], end: undefined, counters: {} };

  read(page: Page): readonly unknown[] {
    this.#page = page;
    return page.items;
  }

  advance(): false {
    const { items, counters } = this.#page;
    const totals = [counters.totalRecords, counters.total, counters.totalResults].map(count);
    const { next } = (counters.links ?? {}) as { readonly next?: unknown };
    const hasNext = [counters.next_cursor, counters.nextCursor, next].some(
      (each) => typeof each === "string" && each !== "",
    );
    if (hasNext || (count(counters.pageCount) ?? 0) > 1 || totals.some((total) => (total ?? 0) > items.length))
      throw cut();
    return false;
  }
}

/** A total that is a count; anything else is none. */
function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** The next cursor; none at the end. */
function cursor(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "" || value === false || value === 0) return undefined;
  if (typeof value === "string") return value;
  if (Number.isFinite(value)) return String(value);
  throw failed("cursor_unreadable", "the answer names a next page by something that is neither a text nor a number");
}

function failed(code: string, message: string): AttentionError {
  return errorOf({ kind: "protocol", code, message, attempts: 1 });
}

const REST = "what was given so far is right, but there may be more";

function repeats(): AttentionError {
  return failed("list_repeats", `the server gives the same page again instead of the next one: ${REST}`);
}

function cut(): AttentionError {
  return failed("list_cut", `the answer is only a part of the list, and no way to ask for the rest is known: ${REST}`);
}

function endless(): AttentionError {
  return failed("list_endless", `the list has no end, or changes faster than it can be read: ${REST}`);
}
