/** The API's ways to give a long list in parts. */

import { Refused } from "./route.js";

/** A whole number of the query within bounds, or a 400. */
export function integer(query: URLSearchParams, name: string, fallback: number, least: number, most?: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= (most ?? Infinity)) return value;
  throw new Refused(400, `${name} must be a whole number from ${least}${most === undefined ? "" : ` to ${most}`}`);
}

export interface PageForm {
  readonly size: number;
  readonly most: number;
}

export interface Page<Item> {
  readonly data: readonly Item[];
  readonly meta: {
    readonly pageCount: number;
    readonly totalRecords: number;
    readonly pageNumber: number;
    readonly pageSize: number;
  };
}

/** `page` and `size`, as `{ data, meta }`. */
export function page<Item>(items: readonly Item[], { searchParams }: URL, form: PageForm): Page<Item> {
  const pageNumber = integer(searchParams, "page", 1, 1);
  const pageSize = integer(searchParams, "size", form.size, 1, form.most);
  const pageCount = Math.ceil(items.length / pageSize);
  const data = items.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
  return { data, meta: { pageCount, totalRecords: items.length, pageNumber, pageSize } };
}

/** The same with `links`; the last page has no `related`. `path` is where they lead. */
export function linkedPage<Item>(items: readonly Item[], url: URL, form: PageForm, path: string): object {
  const { data, meta } = page(items, url, form);
  const link = (to: number) => {
    const query = new URLSearchParams(url.searchParams);
    query.set("page", String(to));
    query.set("size", String(meta.pageSize));
    return `${path}?${query}`;
  };
  const more = meta.pageNumber < meta.pageCount;
  return { data, links: { self: link(meta.pageNumber), ...(more && { related: link(meta.pageNumber + 1) }) }, meta };
}

/** `limit` and `offset`. */
export function slice<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  limit: number,
  most: number,
): readonly Item[] {
  const offset = integer(query, "offset", 0, 0);
  return items.slice(offset, offset + integer(query, "limit", limit, 1, most));
}

/** An opaque `cursor`; sizes above the bound are clamped, as documented. */
export function fromCursor<Item>(
  items: readonly Item[],
  query: URLSearchParams,
): { part: readonly Item[]; next?: string } {
  const size = Math.min(200, integer(query, "size", 50, 1));
  const from = position(query.get("cursor"));
  const to = from + size;
  return { part: items.slice(from, to), ...(to < items.length && { next: btoa(`mock:${to}`) }) };
}

function position(cursor: string | null): number {
  if (cursor === null) return 0;
  let text: string;
  try {
    text = atob(cursor);
  } catch {
    text = "";
  }
  const read = /^mock:(\d{1,9})$/.exec(text);
  if (read === null) throw new Refused(400, "cursor is not one of this list's");
  return Number(read[1]);
}
