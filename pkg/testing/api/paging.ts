/** The API's styles of paging. The numbers were already checked against the description. */

import { Refused } from "./route.js";

/** An integer of the query. */
export function integer(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  return text === null ? fallback : Number(text);
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
export function page<Item>(items: readonly Item[], query: URLSearchParams, size: number): Page<Item> {
  const pageNumber = Math.max(1, integer(query, "page", 1));
  const pageSize = Math.max(1, integer(query, "size", size));
  const pageCount = Math.ceil(items.length / pageSize);
  const data = items.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
  return { data, meta: { pageCount, totalRecords: items.length, pageNumber, pageSize } };
}

/** The same with `links` to `path`; the last page has no `related`. */
export function linkedPage<Item>(items: readonly Item[], given: URLSearchParams, size: number, path: string): object {
  const { data, meta } = page(items, given, size);
  const link = (to: number) => {
    const query = new URLSearchParams(given);
    query.set("page", String(to));
    query.set("size", String(meta.pageSize));
    return `${path}?${query}`;
  };
  const more = meta.pageNumber < meta.pageCount;
  return { data, links: { self: link(meta.pageNumber), ...(more && { related: link(meta.pageNumber + 1) }) }, meta };
}

/** `limit` and `offset`. */
export function slice<Item>(items: readonly Item[], query: URLSearchParams, limit: number): readonly Item[] {
  const offset = integer(query, "offset", 0);
  return items.slice(offset, offset + Math.max(1, integer(query, "limit", limit)));
}

/** An opaque `cursor`; sizes above the bound are clamped, as documented. */
export function fromCursor<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  status: number,
): { part: readonly Item[]; next?: string } {
  const size = Math.min(200, Math.max(1, integer(query, "size", 50)));
  const from = position(query.get("cursor"), status);
  const to = from + size;
  return { part: items.slice(from, to), ...(to < items.length && { next: btoa(`mock:${to}`) }) };
}

function position(cursor: string | null, status: number): number {
  if (cursor === null) return 0;
  let text: string;
  try {
    text = atob(cursor);
  } catch {
    text = "";
  }
  const read = /^mock:(\d{1,9})$/.exec(text);
  if (read === null) throw new Refused(status, "cursor does not belong to this list");
  return Number(read[1]);
}
