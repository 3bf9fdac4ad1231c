/** Identifiers, which become segments of paths. */

import { LONE_SURROGATE } from "../call/values.js";

function fault(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return "must be a non-empty string";
  return LONE_SURROGATE.test(value) ? "is text with a lone surrogate" : undefined;
}

/** Whether a path can contain it. */
export const isId = (value: unknown): value is string => fault(value) === undefined;

/** Throws a TypeError that names the problem if a path cannot contain it. */
export function checkId(what: string, value: unknown): asserts value is string {
  const why = fault(value);
  if (why !== undefined) throw new TypeError(`${what} ${why}`);
}
