/** Query strings, encoded like those of `URLSearchParams`. */

import { LONE_SURROGATE, namedValues, Trail } from "./values.js";

/** A value of a query object, after its `toJSON` if it has one. Null and undefined are not sent. */
export type QueryValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | null
  | undefined
  | { toJSON(): unknown }
  | readonly QueryValue[]
  | { readonly [name: string]: QueryValue };

/**
 * A query: nested names become `filter[title]=…`, an array repeats its name, a
 * Date becomes ISO 8601.
 */
export type Query =
  | URLSearchParams
  | Iterable<readonly [name: string, value: QueryValue]>
  | { readonly [name: string]: QueryValue };

/** The pairs of a query, in order. */
export function queryPairs(query: Query, owner = "query"): [string, string][] {
  const pairs: [string, string][] = [];
  const trail = new Trail(owner, "a query");
  for (const [name, value] of namedValues(query, owner, "a query", "an object, pairs or URLSearchParams"))
    add(pairs, trail, name, name, value);
  return pairs;
}

/** The encoded query without `?`, or undefined; the caller's names override the defaults. */
export function encodeQuery(query: Query | undefined, defaults: readonly [string, string][]): string | undefined {
  if (query === undefined)
    return defaults.length === 0 ? undefined : new URLSearchParams(defaults as [string, string][]).toString();
  if (defaults.length === 0 && query instanceof URLSearchParams) return query.toString();
  const pairs = queryPairs(query);
  const named = new Set(pairs.map(([name]) => name));
  return new URLSearchParams([...defaults.filter(([name]) => !named.has(name)), ...pairs]).toString();
}

function add(pairs: [string, string][], trail: Trail, field: string, name: string | number, value: unknown): void {
  trail.visit(name, value, (level) => {
    if ("members" in level) {
      // In a list, nothing would show which members belong together.
      if (typeof name === "number") throw trail.refusal("an object in a list");
      for (const [inner, held] of level.members) add(pairs, trail, `${field}[${inner}]`, inner, held);
    } else if ("items" in level) {
      if (typeof name === "number") throw trail.refusal("a list in a list");
      for (const [index, item] of level.items.entries()) add(pairs, trail, field, index, item);
    } else if (level.scalar !== undefined && level.scalar !== null) {
      const text = String(level.scalar);
      if (LONE_SURROGATE.test(field + text)) throw trail.refusal("text with a lone surrogate");
      pairs.push([field, text]);
    }
  });
}
