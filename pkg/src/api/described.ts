/** Finds the operation of a path. */

import type { Described } from "../call/story.js";
import { OPERATIONS } from "./operations.js";
import type { Operation } from "./resources.js";

interface Known extends Described {
  readonly method: string;
  readonly segments: readonly string[];
}

let known: readonly Known[] | undefined;

/** The operation of a path below the base URL: its name and its path template; undefined if there is none. */
export function described(method: string, path: string): Described | undefined {
  known ??= all();
  const segments = path.split("/");
  const found = known.find(
    (one) =>
      one.method === method &&
      one.segments.length === segments.length &&
      one.segments.every((part, at) => part === segments[at] || (part.startsWith("{") && segments[at] !== "")),
  );
  return found && { operation: found.operation, pathTemplate: found.pathTemplate };
}

/** Literal segments come before parameters: `/conversations/list` is not a conversation. */
function all(): readonly Known[] {
  const list = Object.entries(OPERATIONS).flatMap(([resource, operations]) =>
    Object.entries(operations as Readonly<Record<string, Operation>>).map(([name, { method, path }]) => ({
      operation: `${resource}.${name}`,
      pathTemplate: path,
      method,
      segments: path.split("/"),
    })),
  );
  // `{` follows every letter.
  return list.sort((one, other) => (one.pathTemplate < other.pathTemplate ? -1 : 1));
}
