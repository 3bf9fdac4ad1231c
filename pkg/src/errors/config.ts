/** Configuration errors, which are found before anything is sent. */

import { defaults, loading } from "../runtime/rules.js";
import { redactCause } from "./cause.js";
import { type AttentionError, errorOf } from "./errors.js";

/** A configuration error that only JavaScript can detect. */
export function config(code: string, message: string, cause?: unknown): AttentionError {
  const documentation = code.startsWith("key_") && loading() === undefined ? defaults().apiKeysPage : undefined;
  return errorOf({ kind: "config", code, message, attempts: 0, documentation }, redactCause(cause, []));
}
