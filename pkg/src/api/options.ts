/** The options of operations by name: types alone, nothing at run time. */

import type { CallOptions } from "../call/options.js";
import type { QueryOf } from "./paths.js";

/** The options of an operation that takes neither a query nor a body of its own. */
export type PlainOptions = CallOptions;
/** The options of an operation whose query is a parameter. */
export type QueryOptions = Omit<CallOptions, "query" | "body">;
/** The options of an operation whose body is a parameter. */
export type BodyOptions<O> = Omit<CallOptions, "query" | "body"> &
  (O extends { readonly parameters: { readonly query: object } }
    ? { readonly query: QueryOf<O> }
    : { readonly query?: QueryOf<O> | undefined });

/** The options of a list whose query is not a parameter. */
export interface PlainListOptions extends CallOptions {
  /** So many items in all. Default: all there are. */
  readonly limit?: number | undefined;
}

/** The options of a list. They hold for each of its pages. */
export interface ListOptions extends QueryOptions {
  /** So many items in all, whatever the size of a page. Default: all there are. */
  readonly limit?: number | undefined;
}
