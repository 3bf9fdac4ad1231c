/** Where the operations begin in a path: behind `/v2`, behind a proxy's prefix, or at the root. */

import { OPERATIONS } from "./api/operations.js";

/** The first segments of everything that a mock answers. */
const FIRST = new Set([...Object.keys(OPERATIONS).map((operation) => operation.split("/")[1]), "_mock"]);

/** A path in two. */
export interface Split {
  /** Without a slash at its end; empty at the root. */
  readonly base: string;
  /** With a slash at its beginning. */
  readonly rest: string;
}

/**
 * `/proxy/v2/users` is `/users` below `/proxy/v2`. With no `basePath` that says so, the base ends behind the first
 * `v2` or before the first segment that an operation begins with, whichever comes first. Undefined when the path is
 * below no base.
 */
export function splitBase(path: string, basePath: string | undefined): Split | undefined {
  if (basePath !== undefined) {
    return path.startsWith(`${basePath}/`) ? { base: basePath, rest: path.slice(basePath.length) } : undefined;
  }
  const segments = path.split("/");
  const found = segments.findIndex((segment) => segment === "v2" || FIRST.has(segment));
  const at = segments[found] === "v2" ? found + 1 : found;
  if (at < 1 || at >= segments.length) return undefined;
  return { base: segments.slice(0, at).join("/"), rest: `/${segments.slice(at).join("/")}` };
}
