/** Request headers of clients and calls, and the ones that callers may not set. */

import { named, namedValues, withoutEnd } from "./values.js";

/** A token and a field value of RFC 9110, in bytes. */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers; null removes a default. */
export type HeaderOptions =
  | Headers
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | null | undefined };

/** Names in lower case; null for headers to remove. */
export type HeaderMap = Readonly<Record<string, string | null>>;

/** Reads headers. Throws a TypeError that names an invalid one, or Authorization, which only the client sets. */
export function headerMap(headers: HeaderOptions, owner: string): HeaderMap {
  // No prototype: a header may be called `constructor`.
  const map: Record<string, string | null> = Object.create(null) as Record<string, never>;
  for (const [given, value] of namedValues(headers, owner, "a header", "Headers, pairs or an object")) {
    const name = given.toLowerCase();
    // Runtimes drop `__proto__` without an error.
    if (!NAME.test(name) || name === "__proto__")
      throw new TypeError(`${owner}: ${JSON.stringify(given)} is not a header name`);
    if (name === "authorization") {
      throw new TypeError(`${owner}: the client sets Authorization; pass the key or token to its constructor`);
    }
    if (value === undefined) continue;
    const text = value === null ? null : headerValue(value, `${owner}: ${name}`);
    // A repeated header is a list, as in `Headers`.
    map[name] = map[name] != null && text !== null ? `${map[name]}, ${text}` : (text ?? map[name] ?? null);
  }
  return map;
}

/** The value of a header as it is sent. Throws a TypeError if it is invalid. */
export function headerValue(value: unknown, owner: string): string {
  if (!["string", "number", "bigint", "boolean"].includes(typeof value))
    throw new TypeError(`${owner} is ${named(value)}; expected a string`);
  const text = withoutEnd(String(value).replace(/^[\t\n\r ]+/, ""), /[\t\n\r ]/);
  if (!VALUE.test(text))
    throw new TypeError(`${owner} has a character that headers cannot contain: a line break, or one beyond Latin-1`);
  return text;
}

/** Merges maps; later ones override, and null removes a header. */
export function mergeHeaders(...maps: readonly HeaderMap[]): Record<string, string> {
  const merged: HeaderMap = Object.assign(Object.create(null), ...maps);
  return Object.fromEntries(Object.entries(merged).filter((pair): pair is [string, string] => pair[1] !== null));
}
