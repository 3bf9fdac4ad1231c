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

/** `page` and `size`, as `{ data, links, meta }`; the last page has no `related`. */
export function page<Item>(items: readonly Item[], url: URL, form: PageForm): object {
  const number = integer(url.searchParams, "page", 1, 1);
  const size = integer(url.searchParams, "size", form.size, 1, form.most);
  const pageCount = Math.ceil(items.length / size);
  const link = (to: number) => {
    const query = new URLSearchParams(url.searchParams);
    query.set("page", String(to));
    query.set("size", String(size));
    return `${url.pathname}?${query}`;
  };
  return {
    data: items.slice((number - 1) * size, number * size),
    links: { self: link(number), ...(number < pageCount && { related: link(number + 1) }) },
    meta: { pageCount, totalRecords: items.length, pageNumber: number, pageSize: size },
  };
}

/** `limit` and `offset`. */
export function slice<Item>(items: readonly Item[], query: URLSearchParams, limit: number, most: number): readonly Item[] {
  const offset = integer(query, "offset", 0, 0);
  return items.slice(offset, offset + integer(query, "limit", limit, 1, most));
}

/** An opaque `cursor`; sizes above the bound are clamped, as documented. */
export function fromCursor<Item>(items: readonly Item[], query: URLSearchParams): { part: readonly Item[]; next?: string } {
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
