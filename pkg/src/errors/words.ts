/** The content of a response for an error: without credentials and cookies. */

import type { Start } from "../call/error-body.js";
import { withoutEnd } from "../call/values.js";
import { ifHarmless, redact } from "./echo.js";
import type { Words } from "./errors.js";
import { issuesOf } from "./issues.js";

/** Headers that contain other credentials. */
const OF_CREDENTIALS = /^(set-cookie2?|cookie|(proxy-)?authorization)$/;

/** A possible start of a key, or of an escape in it, at the end of a truncated text. */
const OF_A_KEY = /[\w.~+/=%&#;\\-]/;

/** The part of a body that was read, without credentials. Everything that an error shows of a body is read from it. */
export function redactStart({ text, isWhole }: Start, secrets: readonly string[]): Start {
  return { text: redact(text, secrets), isWhole };
}

/** `start` must be redacted. Headers are made only on access. */
export function wordsOf(headers: Headers, start: Start | undefined, secrets: readonly string[]): Words {
  const { text = "", isWhole = true } = start ?? {};
  const json = isWhole ? parsed(text) : undefined;
  return {
    // JSON as its value, anything else as text, an empty body as undefined.
    body: () => (json === undefined ? (isWhole ? text : withoutEnd(text, OF_A_KEY)) || undefined : json),
    headers: () => headersOf(headers, secrets),
    issues: issuesOf(json),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function headersOf(headers: Headers, secrets: readonly string[]): Headers {
  const kept = new Headers();
  try {
    for (const [name, value] of headers) {
      // Servers echo a header's value as a name, too; a redacted name would be none.
      if (!OF_CREDENTIALS.test(name.toLowerCase()) && ifHarmless(name, secrets) !== undefined)
        kept.append(name, redact(value, secrets));
    }
  } catch {
    // A custom `fetch` may return unreadable headers, which count as absent.
  }
  return kept;
}
