/** What an answer says, fit to be part of an error: without credentials, and without the cookies that it sets. */

import type { Start } from "../call/error-body.js";
import { scrub } from "../runtime/rules.js";
import type { Words } from "./errors.js";
import { issuesOf } from "./issues.js";

/** Headers that hold credentials of their own. */
const OF_CREDENTIALS = /^(set-cookie2?|cookie|(proxy-)?authorization)$/;

/** What may be the beginning of a key, at the end of a text that was cut. */
const LAST_WORD = /[\w.~+/=%-]+$/;

/** Of an answer's headers and what was read of its body. Most of it is worth its price only to who asks. */
export function wordsOf(headers: Headers, start: Start | undefined, secrets: readonly string[]): Words {
  const json = start?.isWhole === true ? parsed(start.text) : undefined;
  const issues = issuesOf(json);
  return {
    body: () => (start === undefined ? undefined : bodyOf(start, json, secrets)),
    headers: () => headersOf(headers, secrets),
    issues: issues.length === 0 ? issues : issuesOf(clean(json, secrets)),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** JSON as its value, all else as text; nothing as undefined. */
function bodyOf({ text, isWhole }: Start, json: unknown, secrets: readonly string[]): unknown {
  if (json !== undefined) return clean(json, secrets);
  return scrub(isWhole ? text : text.replace(LAST_WORD, ""), secrets) || undefined;
}

/** Written anew, a key has one spelling, whatever escapes it came in. */
function clean(json: unknown, secrets: readonly string[]): unknown {
  const text = scrub(JSON.stringify(json), secrets);
  const value = parsed(text);
  return value === undefined ? text : value;
}

function headersOf(headers: Headers, secrets: readonly string[]): Headers {
  const kept = new Headers();
  try {
    const given = [...headers].filter(([name]) => !OF_CREDENTIALS.test(name.toLowerCase()));
    // A value has no line break, so that all of them are looked through at once.
    const values = scrub(given.map(([, value]) => value).join("\n"), secrets).split("\n");
    for (const [index, [name]] of given.entries()) kept.append(name, values[index]!);
  } catch {
    // Of a `fetch` that somebody passed in: headers that cannot be read are absent.
  }
  return kept;
}
