/** A walk through a list: where it goes next, and when it is at its end. Rules without IO. */

import { type AttentionError, errorOf } from "../../errors/errors.js";
import type { Page } from "./marks.js";

/** How a list is paged. */
export interface Paging {
  /** By the page's number, by how many items precede it, by a cursor, cut off at a number of items, or not at all. */
  readonly style: "page" | "offset" | "cursor" | "limit" | "whole";
  /** The query parameter that moves on; of a list that is cut off, the one that says where. */
  readonly parameter?: string;
  /** The query parameter for how many items a page has. */
  readonly size?: string;
  /** How many it has when nobody says, where a page tells. */
  readonly usual?: number;
  /** The most that may be asked for, of a list that is cut off. */
  readonly most?: number;
  /** Where the items are in an answer; "" is the answer itself. */
  readonly items: string;
  /** Where the total or the next cursor is. */
  readonly end?: string;
}

/** A walk through one list, told of each answer in turn. */
export interface Walk {
  /** The parameter of the page to ask for; undefined for the first one, which is asked for as the caller said. */
  readonly place: readonly [name: string, value: string] | undefined;
  /** What of a page was not given yet. */
  read(page: Page): readonly unknown[];
  /** Goes on to the next place; false at the end. Throws when the server makes it impossible to know the rest. */
  advance(): boolean;
}

/** A total that is a count; anything else is none. */
export function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

export function failed(code: string, message: string): AttentionError {
  return errorOf({ kind: "protocol", code, message, attempts: 1 });
}

const REST = "what was given so far is right, but there may be more";

export function repeats(): AttentionError {
  return failed("list_repeats", `the server gives the same page again instead of the next one: ${REST}`);
}

export function cut(): AttentionError {
  return failed("list_cut", `the answer is only a part of the list, and no way to ask for the rest is known: ${REST}`);
}

export function endless(): AttentionError {
  return failed("list_endless", `the list has no end, or changes faster than it can be read: ${REST}`);
}
