/** Detects repeated pages in a walk, with three pages' identifiers in memory. */

/** The parts of a list's response that a walk uses. */
export interface Page {
  readonly items: readonly unknown[];
  /** The total or the next cursor, unchecked. */
  readonly end: unknown;
  /** The values beside the total: `pageCount`, `pageSize`, … */
  readonly counters: Readonly<Record<string, unknown>>;
}

/** The identifier of an item; undefined if it has none. */
function identity(item: unknown): string | undefined {
  const { id, uuid } = (item ?? {}) as { readonly id?: unknown; readonly uuid?: unknown };
  const found = id ?? uuid;
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

/** Whether an item is one of these. */
export function isRepeatedBy(item: unknown, given: ReadonlySet<string>): boolean {
  const known = identity(item);
  return known !== undefined && given.has(known);
}

/** How often pages without identifiers must repeat regularly, since equal items may be different ones. */
const PATIENCE = 4;

/**
 * The pages so far, by their marks: the identifiers of their items, or their content. Three marks are stored: of the
 * first page, of the previous page, and of a milestone that moves on by powers of two and so detects cycles of any
 * length (Brent, 1980).
 */
export class Marks {
  /** Whether any page differed from the first. */
  hasVaried = false;
  /** Whether the pages are in a cycle. */
  isRepeating = false;
  isSameAsBefore = false;
  /** The number of items on pages that were not repeats. */
  items = 0;
  #count = 0;
  #first = "";
  #before: readonly string[] = [];
  #last: readonly string[] = [];
  #previous = "";
  #milestone = "";
  #milestoneAt = 0;
  #power = 1;
  #lag = 0;
  #matchedAt = 0;
  #matches = 0;
  #patience = 0;
  /** Items without identifiers on repeated pages; they count as new items unless the pages continue to repeat. */
  #suspect = 0;

  /** Adds a page. Returns whether all of its items are known. */
  add(items: readonly unknown[]): boolean {
    this.isRepeating = this.isSameAsBefore = false;
    if (items.length === 0) return false;
    const known = this.marksOf(items);
    const mark = JSON.stringify(known ?? items);
    const at = ++this.#count;
    const lag = this.#lagOf(mark, at);
    if (at === 1) this.#first = mark;
    else if (mark !== this.#first) this.hasVaried = true;
    this.isSameAsBefore = lag === 1;
    this.#match(lag, at);
    this.isRepeating = this.#matches >= (known === undefined ? PATIENCE : 1) + this.#patience && lag > 0;
    const isKnownRepeat = lag > 0 && known !== undefined;
    if (!isKnownRepeat) this.items += items.length;
    if (lag > 0 && !isKnownRepeat) this.#suspect = (this.#matches > 1 ? this.#suspect : 0) + items.length;
    if (this.isRepeating) this.items -= this.#suspect;
    this.#remember(mark, known, at, lag);
    return isKnownRepeat;
  }

  /** Adds the new items of pages that are read again. */
  addMissed(items: readonly unknown[]): readonly unknown[] {
    this.isRepeating = false;
    this.items += items.length;
    return items;
  }

  /** Whether the first page has changed; if so, stores the new one. */
  isChangedFirst(items: readonly unknown[]): boolean {
    const mark = JSON.stringify(this.marksOf(items) ?? items);
    const isChanged = mark !== this.#first;
    this.#first = mark;
    if (isChanged) {
      // The next page may repeat for the same reason; only a page after that, with the new first page, is evidence.
      this.#matches = 0;
      this.#patience = 1;
    }
    return isChanged;
  }

  /** The identifiers of the last two pages. */
  recent(): readonly string[] {
    return [...this.#before, ...this.#last];
  }

  /** The identifiers, if every item has one. */
  marksOf(items: readonly unknown[]): readonly string[] | undefined {
    const found = items.map(identity);
    return found.every((each) => each !== undefined) ? found : undefined;
  }

  /** How many pages ago the same page occurred; 0 if it did not, among the stored marks. */
  #lagOf(mark: string, at: number): number {
    if (at === 1) return 0;
    if (mark === this.#previous) return 1;
    if (mark === this.#milestone) return at - this.#milestoneAt;
    return mark === this.#first ? at - 1 : 0;
  }

  /** Counts repeats at regular distances. */
  #match(lag: number, at: number): void {
    if (lag === 0) return;
    this.#matches = lag === this.#lag && at === this.#matchedAt + lag ? this.#matches + 1 : 1;
    this.#lag = lag;
    this.#matchedAt = at;
  }

  #remember(mark: string, known: readonly string[] | undefined, at: number, lag: number): void {
    this.#before = this.#last;
    this.#last = known ?? [];
    this.#previous = mark;
    if (lag === 0 && at < this.#power) return;
    this.#milestone = mark;
    this.#milestoneAt = at;
    if (lag === 0) this.#power *= 2;
  }
}
