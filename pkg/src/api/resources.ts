/** The operations by name: `attention.conversations.list()` over `get("/conversations/list")`. */

import { check, object } from "../call/check.js";
import type { CallOptions } from "../call/options.js";
import type { Client } from "../client.js";
import { Listing } from "./listing.js";
import { STYLES } from "./operations.js";

/** The methods, by their letters in the table. */
const METHODS = { g: "GET", p: "POST", u: "PUT", a: "PATCH", d: "DELETE", x: "PUT" } as const;

/** One resource's operations, out of its line in the table. */
export function resource(client: Client, name: string, line: string): object {
  return Object.fromEntries(
    line.split(" ").map((entry) => {
      const [, letter, operation, path, style] = /^(.)(\w+)([^#]+)#?(.*)$/.exec(entry) as unknown as [
        string,
        string,
        string,
        string,
        string,
      ];
      const kind = letter.toLowerCase() as keyof typeof METHODS;
      const method = METHODS[kind];
      const call = (...given: unknown[]) => {
        const owner = `${name}.${operation}`;
        const url = path.replace(/\{(\w+)\}/g, (_, id) => piece(given.shift(), `${owner}: ${id}`));
        const params = letter === kind ? undefined : { [kind === "g" ? "query" : "body"]: given.shift() };
        check(owner, "options", given[0], object);
        const options = { ...params, ...(given[0] as CallOptions | undefined) };
        if (style !== "")
          return new Listing(
            owner,
            (changed: CallOptions) => client.request(method, url, changed),
            options,
            STYLES[Number(style)]!,
          );
        // Sent again after an answer that was lost, it might undo itself.
        return client.request(method, url, kind === "x" ? { idempotent: false, ...options } : options);
      };
      return [operation, call];
    }),
  );
}

/** A piece of a path. */
function piece(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw new TypeError(`${what} must be a string that is not empty`);
  return encodeURIComponent(value);
}
