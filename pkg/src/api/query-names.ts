/** Checks the names in an operation's query against the description, and finds misplaced options. */

import { check, object } from "../call/check.js";
import { CALL_OPTIONS } from "../call/options.js";
import { type Query, queryPairs } from "../call/query.js";
import { namedValues } from "../call/values.js";

/**
 * The pairs of a query. Throws a TypeError for an unknown name, because the API would ignore it and return something
 * else than was requested. `known` is undefined if the description has no names.
 */
export function checkedPairs(owner: string, query: Query, known: readonly string[] | undefined): [string, string][] {
  check(owner, "query", query, object);
  const options = [...Object.keys(CALL_OPTIONS), "limit"];
  for (const [name, value] of namedValues(query, owner, "a query", "a query")) {
    if (value !== undefined && options.includes(name) && known?.includes(name) !== true)
      throw new TypeError(`${owner}: ${name} is an option, not a query parameter: pass it in the last argument`);
  }
  const pairs = queryPairs(query, owner);
  for (const [given] of known === undefined ? [] : pairs) {
    const name = given.replace(/\[\]$/, "");
    if (known!.includes(name)) continue;
    const near = nearest(name, known!);
    throw new TypeError(
      `${owner}: unknown query parameter ${name}${near === undefined ? "" : ` (did you mean ${near}?)`}; the parameters are ` +
        `${known!.join(", ")}; send others with a call by path`,
    );
  }
  return pairs;
}

/** The most similar name. */
function nearest(given: string, known: readonly string[]): string | undefined {
  const letters = (name: string) => name.toLowerCase().replace(/[^a-z]/g, "");
  const wanted = letters(given);
  let [least, found]: [number, string | undefined] = [4, undefined];
  for (const name of known) {
    const held = letters(name);
    // `title` for `filter[title]`.
    const apart = wanted !== "" && (held.endsWith(wanted) || wanted.endsWith(held)) ? 1 : distance(wanted, held);
    if (apart < least && apart < wanted.length) [least, found] = [apart, name];
  }
  return found;
}

/** The number of letters to insert, delete or replace. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [above, letter] of [...one].entries()) {
    const next = [above + 1];
    for (const [at, each] of [...other].entries())
      next.push(Math.min(next[at]! + 1, row[at + 1]! + 1, row[at]! + (letter === each ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}
