/** Finds where the operations begin in a path: after `/v2`, after a proxy's prefix, or at the root. */

import { OPERATIONS } from "./api/operations.js";

/** The paths of the operations, in segments. */
const PATHS = Object.keys(OPERATIONS).map((operation) => operation.split("/").slice(1));
/** The first segments of all paths that a mock answers. */
const FIRST = new Set([...PATHS.map(([first]) => first), "_mock"]);

/** A path in two parts. */
export interface Split {
  /** Without a trailing slash; empty at the root. */
  readonly base: string;
  /** With a leading slash. */
  readonly rest: string;
}

/**
 * `/proxy/v2/users` is `/users` below `/proxy/v2`. Without a `basePath`, the base ends after the first `v2`, or before
 * a segment with which an operation begins: at the place that results in an operation, else at the first such place.
 * Places after the first `v2` do not count, so that an unknown path of the API stays unknown. Undefined without such a
 * place.
 */
export function splitBase(path: string, basePath: string | undefined): Split | undefined {
  if (basePath !== undefined) {
    return path.startsWith(`${basePath}/`) ? { base: basePath, rest: path.slice(basePath.length) } : undefined;
  }
  const segments = path.split("/");
  const version = segments.indexOf("v2");
  const places = segments.flatMap((segment, index) => {
    if (version >= 0 && index > version) return [];
    if (index === version) return index + 1 < segments.length ? [index + 1] : [];
    return FIRST.has(segment) ? [index] : [];
  });
  const at = places.find((place) => isOperation(segments.slice(place))) ?? places[0];
  if (at === undefined) return undefined;
  return { base: segments.slice(0, at).join("/"), rest: `/${segments.slice(at).join("/")}` };
}

function isOperation(segments: readonly string[]): boolean {
  if (segments[0] === "_mock") return true;
  return PATHS.some(
    (path) =>
      path.length === segments.length &&
      path.every((wanted, index) => (wanted.startsWith("{") ? segments[index] !== "" : wanted === segments[index])),
  );
}
