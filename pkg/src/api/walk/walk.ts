/** Walks through a list: which page is next, and when the list ends. Rules without IO. */

import { type AttentionError, errorOf } from "../../errors/errors.js";
import type { Page } from "./marks.js";

/** How a list is paged. */
export interface Paging {
  /** By page number, by offset, by cursor, by a maximum number of items, or not at all. */
  readonly style: "page" | "offset" | "cursor" | "limit" | "whole";
  /** The query parameter of the page's position; for a list with a maximum, of the maximum. */
  readonly parameter?: string;
  /** The query parameter of the page size. */
  readonly size?: string;
  /** The default page size, if it is documented. */
  readonly usual?: number;
  /** The largest allowed maximum. */
  readonly most?: number;
  /** The path of the items in a response; "" is the response itself. */
  readonly items: string;
  /** The path of the total or the next cursor. */
  readonly end?: string;
}

/** A walk through one list; it receives each response in turn. */
export interface Walk {
  /** The parameter of the next page; undefined for the first one, which is requested as the caller said. */
  readonly place: readonly [name: string, value: string] | undefined;
  /** The items of a page that were not returned yet. */
  read(page: Page): readonly unknown[];
  /** Moves to the next page; false at the end. Throws if the server makes the rest impossible to determine. */
  advance(): boolean;
}

/** The total, if it is a count; otherwise undefined. */
export function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

export function failed(code: string, message: string): AttentionError {
  return errorOf({ kind: "protocol", code, message, attempts: 1 });
}

const REST = "the items so far are valid, but there may be more";

export function repeats(): AttentionError {
  return failed("list_repeats", `the server returned the same page again instead of the next one: ${REST}`);
}

export function cut(): AttentionError {
  return failed(
    "list_cut",
    `the response is only a part of the list, and no way to request the rest is known: ${REST}`,
  );
}

export function endless(): AttentionError {
  return failed("list_endless", `the list does not end, or changes faster than it can be read: ${REST}`);
}
