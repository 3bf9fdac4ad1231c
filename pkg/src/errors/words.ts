/** The content of a response for an error: without credentials and cookies. */

import type { Start } from "../call/error-body.js";
import { withoutEnd } from "../call/values.js";
import { scrub } from "../runtime/rules.js";
import type { Words } from "./errors.js";
import { issuesOf } from "./issues.js";

/** Headers that contain other credentials. */
const OF_CREDENTIALS = /^(set-cookie2?|cookie|(proxy-)?authorization)$/;

/** A possible start of a key at the end of a truncated text. */
const OF_A_KEY = /[\w.~+/=%-]/;

/** Redacts headers and the part of the body that was read. Body and headers are made only on access. */
export function wordsOf(headers: Headers, start: Start | undefined, secrets: readonly string[]): Words {
  const json = start?.isWhole === true ? parsed(start.text) : undefined;
  const issues = issuesOf(json);
  return {
    body: () => (start === undefined ? undefined : bodyOf(start, json, secrets)),
    headers: () => headersOf(headers, secrets),
    issues: issues.length === 0 ? issues : issuesOf(clean(json, secrets) ?? {}),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** JSON as its value, anything else as text, an empty body as undefined. */
function bodyOf({ text, isWhole }: Start, json: unknown, secrets: readonly string[]): unknown {
  const value = json === undefined ? undefined : clean(json, secrets);
  if (value !== undefined) return value;
  return scrub(isWhole ? text : withoutEnd(text, OF_A_KEY), secrets) || undefined;
}

/**
 * Serialized again, so that a key has one spelling, whatever its escapes were. Undefined if it is nested too deeply.
 */
function clean(json: unknown, secrets: readonly string[]): unknown {
  try {
    return parsed(scrub(JSON.stringify(json), secrets));
  } catch {
    return undefined;
  }
}

function headersOf(headers: Headers, secrets: readonly string[]): Headers {
  const kept = new Headers();
  try {
    const given = [...headers].filter(([name]) => !OF_CREDENTIALS.test(name.toLowerCase()));
    // A value has no line break, so all of them can be searched as one text.
    const values = scrub(given.map(([, value]) => value).join("\n"), secrets).split("\n");
    for (const [index, [name]] of given.entries()) kept.append(name, values[index]!);
  } catch {
    // A custom `fetch` may return unreadable headers, which count as absent.
  }
  return kept;
}
