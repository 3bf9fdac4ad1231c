/** The types of operations' options; no run-time code. */

import type { CallOptions } from "../call/options.js";
import type { QueryOf } from "./paths.js";

/** The options of an operation without query or body parameters. */
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
  /** The most items in all. Default: no limit. */
  readonly limit?: number | undefined;
}

/** The options of a list; they apply to each page. */
export interface ListOptions extends QueryOptions {
  /** The most items in all, whatever the page size. Default: no limit. */
  readonly limit?: number | undefined;
}
