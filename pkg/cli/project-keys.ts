// The keys in a project's files.
import { type Assignment, environmentOf } from "./env-files.js";
import { inspectKey, isFault, KEY_NAMES } from "./rules.js";

/** A line with a well-formed key. */
export interface ProjectKey {
  readonly line: Assignment;
  readonly fingerprint: string;
  /** The environment of the line's file. */
  readonly environment: string;
}

/** The lines with keys, in order. */
export function keysIn(lines: readonly Assignment[]): ProjectKey[] {
  return lines.flatMap((line) => {
    const inspected = KEY_NAMES.has(line.name) ? inspectKey(line.value) : undefined;
    if (inspected === undefined || isFault(inspected)) return [];
    return [{ line, fingerprint: inspected.fingerprint, environment: environmentOf(line.file) }];
  });
}
