/**
 * Redacts foreign errors, so that they can be the cause of this package's errors.
 *
 * Exceptions of `fetch` and its wrappers may contain the request with its
 * headers, and programs print causes. An exception with a credential anywhere in
 * it is replaced by a copy that has only redacted text.
 */

import { isError, tagOf } from "../runtime/realms.js";
import { REDACTED, redact } from "./echo.js";

/** The most parts that are searched; more count as unsafe. */
const MOST_PARTS = 2000;

/** The most text that is searched, in characters; more counts as unsafe. */
const MOST_TEXT = 200_000;

/** `cause` itself if it contains none of `secrets`, otherwise a redacted copy. */
export function redactCause(cause: unknown, secrets: readonly string[]): unknown {
  return redacted(cause, secrets, 0);
}

function redacted(cause: unknown, secrets: readonly string[], depth: number): unknown {
  if (!holds(cause, secrets)) return cause;
  try {
    return copy(cause, secrets, depth);
  } catch {
    // A getter threw.
    return REDACTED;
  }
}

function holds(value: unknown, secrets: readonly string[]): boolean {
  const seen = new Set<unknown>();
  const texts: string[] = [];
  let size = 0;
  const left = [value];
  while (left.length > 0) {
    const part = left.pop();
    if (typeof part === "string" || typeof part === "symbol") {
      const text = String(part);
      texts.push(text);
      size += text.length;
      if (size > MOST_TEXT) return true;
    } else if (((typeof part === "object" && part !== null) || typeof part === "function") && !seen.has(part)) {
      if (seen.add(part).size > MOST_PARTS) return true;
      try {
        left.push(...parts(part));
      } catch {
        // A getter or a proxy threw.
        return true;
      }
    }
  }
  const text = texts.join("\n");
  return redact(text, secrets) !== text;
}

const entries = (whole: Iterable<readonly unknown[]>): unknown[] => [...whole].flat();

/**
 * The hidden content of these types, which a console prints. Promises are left out: every stream has some, and their
 * results cannot be read synchronously.
 */
const CONTENTS: Readonly<Record<string, (whole: never) => unknown[]>> = {
  Map: entries,
  Headers: entries,
  FormData: entries,
  Set: (whole: Set<unknown>) => [...whole],
  Request: ({ url, headers }: Request) => [url, headers],
  Response: ({ url, statusText, headers }: Response) => [url, statusText, headers],
  File: ({ name }: File) => [name],
};

/** The method by which an object customizes its output on Node's console. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Everything that a console could print of an object, its JSON and its text. */
function parts(whole: object): unknown[] {
  const tag = tagOf(whole);
  if (ArrayBuffer.isView(whole) || tag === "ArrayBuffer") return [];
  const held = whole as { readonly [name: PropertyKey]: unknown };
  const found = Reflect.ownKeys(whole).flatMap((name) => [name, held[name]]);
  if (Object.hasOwn(CONTENTS, tag)) return found.concat(CONTENTS[tag]!(whole as never));
  const { [INSPECT]: inspect, toJSON, toString: toText } = held;
  if (typeof inspect === "function") found.push(inspect.call(whole, 2, { stylize: String }, String));
  if (typeof toJSON === "function") found.push(toJSON.call(whole, ""));
  // A list's text is that of its items.
  if (typeof toText === "function" && tag !== "Array") found.push(String(whole));
  return found;
}

function copy(cause: unknown, secrets: readonly string[], depth: number): unknown {
  const clean = (text: unknown) => (String(text).length > MOST_TEXT ? REDACTED : redact(String(text), secrets));
  if (typeof cause === "string") return clean(cause);
  if (!isError(cause)) return REDACTED;
  // What the caller did wrong stays a TypeError.
  const made = new (cause instanceof TypeError ? TypeError : Error)(
    clean(cause.message),
    cause.cause === undefined || depth > 8 ? undefined : { cause: redacted(cause.cause, secrets, depth + 1) },
  );
  const { name, code, stack } = cause as Error & { code?: unknown };
  for (const [property, value] of Object.entries({ name, code, stack })) {
    if (typeof value === "string")
      Object.defineProperty(made, property, { value: clean(value), configurable: true, writable: true });
  }
  return made;
}
