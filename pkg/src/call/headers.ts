/** Request headers: a client's own, a call's, and the ones that nobody may set. */

/** Headers; null takes a default away. */
export type HeaderOptions =
  | Headers
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | null | undefined };

/** Names in lower case; null for what is to be taken away. */
export type HeaderMap = Readonly<Record<string, string | null>>;

/** Reads headers. Authorization is the client's business. */
export function headerMap(headers: HeaderOptions, owner: string): HeaderMap {
  if (typeof headers !== "object" || headers === null)
    throw new TypeError(`${owner}: expected Headers, pairs or an object`);
  const map: Record<string, string | null> = {};
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers);
  for (const [given, value] of entries as Iterable<readonly [string, string | null | undefined]>) {
    const name = String(given).toLowerCase();
    if (name === "authorization") {
      throw new TypeError(`${owner}: Authorization is set by the client; pass the key or token to its constructor`);
    }
    if (value !== undefined) map[name] = value === null ? null : String(value);
  }
  return map;
}

/** Later maps win; what is null in them is not sent. */
export function mergeHeaders(...maps: readonly HeaderMap[]): Record<string, string> {
  const merged: Record<string, string | null> = Object.assign({}, ...maps);
  for (const name in merged) if (merged[name] === null) delete merged[name];
  return merged as Record<string, string>;
}
