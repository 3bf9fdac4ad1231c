/** Request headers: a client's own, a call's, and the ones that nobody may set. */

import { named, namedValues, withoutEnd } from "./values.js";

/** A token and a field value of RFC 9110, in bytes. */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers; null takes a default away. */
export type HeaderOptions =
  | Headers
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | null | undefined };

/** Names in lower case; null for what is to be taken away. */
export type HeaderMap = Readonly<Record<string, string | null>>;

/** Reads headers, or throws a TypeError that names the one which is wrong. Authorization is the client's business. */
export function headerMap(headers: HeaderOptions, owner: string): HeaderMap {
  // Without a prototype: a header may have any name.
  const map: Record<string, string | null> = Object.create(null) as Record<string, never>;
  for (const [given, value] of namedValues(headers, owner, "a header", "Headers, pairs or an object")) {
    const name = given.toLowerCase();
    // Runtimes lose the other one without a word.
    if (!NAME.test(name) || name === "__proto__")
      throw new TypeError(`${owner}: ${JSON.stringify(given)} is no name of a header`);
    if (name === "authorization") {
      throw new TypeError(`${owner}: Authorization is set by the client; pass the key or token to its constructor`);
    }
    if (value === undefined) continue;
    const text = value === null ? null : headerValue(value, `${owner}: ${name}`);
    // One that is there twice is a list, as in `Headers`.
    map[name] = map[name] != null && text !== null ? `${map[name]}, ${text}` : (text ?? map[name] ?? null);
  }
  return map;
}

/** The value of a header as it is sent, or a TypeError that says what is wrong with `owner`'s. */
export function headerValue(value: unknown, owner: string): string {
  if (!["string", "number", "bigint", "boolean"].includes(typeof value))
    throw new TypeError(`${owner} is ${named(value)}; expected a string`);
  const text = withoutEnd(String(value).replace(/^[\t\n\r ]+/, ""), /[\t\n\r ]/);
  if (!VALUE.test(text))
    throw new TypeError(`${owner} has a character that no header can hold: a line break, or one beyond Latin-1`);
  return text;
}

/** Later maps win; what is null in them is not sent. */
export function mergeHeaders(...maps: readonly HeaderMap[]): Record<string, string> {
  const merged: HeaderMap = Object.assign(Object.create(null), ...maps);
  return Object.fromEntries(Object.entries(merged).filter((pair): pair is [string, string] => pair[1] !== null));
}
