/** Query strings, as `URLSearchParams` writes them. */

/** A value of a query object. Nothing is sent for null and undefined. */
export type QueryValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | null
  | undefined
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
  if (typeof query !== "object" || query === null)
    throw new TypeError(`${owner}: expected an object, pairs or URLSearchParams`);
  const entries = Symbol.iterator in query ? query : Object.entries(query);
  for (const [name, value] of entries as Iterable<readonly [string, QueryValue]>) add(pairs, name, value, owner);
  return pairs;
}

/** The encoded query, without `?`, if there is one; the caller's names take the place of the defaults. */
export function encodeQuery(query: Query | undefined, defaults: readonly [string, string][]): string | undefined {
  if (query === undefined)
    return defaults.length === 0 ? undefined : new URLSearchParams(defaults as [string, string][]).toString();
  if (defaults.length === 0 && query instanceof URLSearchParams) return query.toString();
  const pairs = queryPairs(query);
  const named = new Set(pairs.map(([name]) => name));
  return new URLSearchParams([...defaults.filter(([name]) => !named.has(name)), ...pairs]).toString();
}

function add(pairs: [string, string][], name: string, value: QueryValue, owner: string): void {
  switch (typeof value) {
    case "undefined":
      return;
    case "string":
    case "boolean":
    case "bigint":
      pairs.push([name, String(value)]);
      return;
    case "number":
      if (!Number.isFinite(value)) break;
      pairs.push([name, String(value)]);
      return;
    case "object":
      if (value === null) return;
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) break;
        pairs.push([name, value.toISOString()]);
      } else if (Array.isArray(value)) {
        for (const item of value as readonly QueryValue[]) add(pairs, name, item, owner);
      } else {
        for (const [inner, held] of Object.entries(value)) add(pairs, `${name}[${inner}]`, held, owner);
      }
      return;
  }
  const what =
    typeof value === "object" ? "an invalid Date" : typeof value === "number" ? String(value) : `a ${typeof value}`;
  throw new TypeError(`${owner}.${name} is ${what}, which a query cannot hold`);
}
