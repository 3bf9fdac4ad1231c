// The keys that a project's files set.
import { type Assignment, environmentOf } from "./env-files.js";
import { inspectKey, isFault, KEY_NAMES } from "./rules.js";

/** A line that holds a well-formed key. */
export interface ProjectKey {
  readonly line: Assignment;
  readonly fingerprint: string;
  /** The environment that the line's file is of. */
  readonly environment: string;
}

/** The lines that hold one, in their order. */
export function keysIn(lines: readonly Assignment[]): ProjectKey[] {
  return lines.flatMap((line) => {
    const inspected = KEY_NAMES.has(line.name) ? inspectKey(line.value) : undefined;
    if (inspected === undefined || isFault(inspected)) return [];
    return [{ line, fingerprint: inspected.fingerprint, environment: environmentOf(line.file) }];
  });
}
