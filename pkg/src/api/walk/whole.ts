/** Lists without pages: with a maximum number of items, or complete. */

import { isRepeatedBy, Marks, type Page } from "./marks.js";
import { count, cut, type Paging, type Walk } from "./walk.js";

/** Limited to a maximum number of items; only a higher maximum returns the rest. */
export class CutWalk implements Walk {
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
    // An explicit maximum is respected.
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

/** In one response, as far as documented. A response that indicates more is not treated as complete. */
export class WholeWalk implements Walk {
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
