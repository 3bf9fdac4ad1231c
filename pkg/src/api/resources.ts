/** Makes the methods of operations, such as `attention.conversations.list()` for `get("/conversations/list")`. */

import { check, members, plain } from "../call/check.js";
import type { CallOptions } from "../call/options.js";
import { type Client, internals } from "../client.js";
import { checkId } from "./id.js";
import { Listing } from "./listing.js";
import { checkedPairs } from "./query-names.js";
import type { Paging } from "./walk/index.js";

/** An operation from the API's description. */
export interface Operation {
  readonly method: string;
  /** The path template; each `{name}` is a whole segment. */
  readonly path: string;
  /** The method's parameter after the path parameters. */
  readonly takes?: "query" | "body";
  /** The names of its query parameters, separated by blanks. */
  readonly query?: string;
  /** The only level of key that it accepts, if it is documented. */
  readonly keyLevel?: "user" | "organization";
  readonly pages?: Paging;
  /** False if repeating it after a lost response could undo it or execute it twice. */
  readonly idempotent?: false;
}

/** One resource's methods. */
export function resource(client: Client, name: string, operations: Readonly<Record<string, Operation>>): object {
  return Object.fromEntries(
    Object.entries(operations).map(([operation, described]) => [
      operation,
      method(client, `${name}.${operation}`, described),
    ]),
  );
}

function method(client: Client, owner: string, operation: Operation) {
  const { method, path, takes, pages, idempotent } = operation;
  const known = operation.query?.split(" ");
  const call = (given: unknown[]) => {
    const url = path
      .split("/")
      .map((segment) =>
        segment.startsWith("{") ? encoded(given.shift(), `${owner}: ${segment.slice(1, -1)}`) : segment,
      )
      .join("/");
    const params = takes && { [takes]: given.shift() };
    check(owner, "options", given[0], members);
    const own = given[0] as CallOptions | undefined;
    if (takes !== undefined && own?.[takes] !== undefined)
      throw new TypeError(`${owner}: ${takes} is a separate argument, not an option`);
    const marked = own?.idempotent ?? idempotent;
    const options: CallOptions = { ...plain(own), ...params, ...(marked !== undefined && { idempotent: marked }) };
    const { query } = options;
    const checked = query === undefined ? options : { ...options, query: checkedPairs(owner, query, known) };
    const request = (changed: CallOptions) => internals(client).request(method, url, changed, operation);
    return pages === undefined ? request(checked) : new Listing(owner, request, checked, pages);
  };
  return (...given: unknown[]) => {
    try {
      return call(given);
    } catch (error) {
      throw internals(client).redact(error);
    }
  };
}

/** A segment of a path. */
function encoded(value: unknown, what: string): string {
  checkId(what, value);
  return encodeURIComponent(value);
}
