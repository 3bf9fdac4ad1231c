/** Errors of the configuration, found before anything is sent. */

import { redactCause } from "./cause.js";
import { type AttentionError, errorOf } from "./errors.js";

/** The API's page on keys. */
const ABOUT_KEYS = "https://docs.attention.com/api-authentication";

/** An error of the configuration that only JavaScript can notice. */
export function config(code: string, message: string, cause?: unknown): AttentionError {
  const documentation = code.startsWith("key_") ? ABOUT_KEYS : undefined;
  return errorOf({ kind: "config", code, message, attempts: 0, documentation }, redactCause(cause, []));
}
