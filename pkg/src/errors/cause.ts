/**
 * Foreign errors, made fit to be the cause of ours.
 *
 * What `fetch` and its wrappers throw may carry the request they failed with,
 * its headers included, and a person prints causes. What holds a credential
 * anywhere is replaced by a copy that holds nothing but redacted text.
 */

import { scrub } from "../runtime/rules.js";

/** More parts than this are not looked through: unknown is treated as unsafe. */
const MOST_PARTS = 2000;

const REDACTED = "[redacted]";

/** `cause` itself when it holds none of `secrets`, else a redacted copy. */
export function redactCause(cause: unknown, secrets: readonly string[]): unknown {
  return holds(cause, secrets) ? copy(cause, secrets, 0) : cause;
}

function holds(value: unknown, secrets: readonly string[]): boolean {
  const seen = new Set<unknown>();
  const texts: string[] = [];
  const left = [value];
  while (left.length > 0) {
    const part = left.pop();
    if (typeof part === "string") {
      texts.push(part);
    } else if (((typeof part === "object" && part !== null) || typeof part === "function") && !seen.has(part)) {
      if (seen.add(part).size > MOST_PARTS) return true;
      try {
        left.push(...parts(part));
      } catch {
        // A getter or a proxy that does not let itself be looked at.
        return true;
      }
    }
  }
  const text = texts.join("\n");
  return scrub(text, secrets) !== text;
}

/** All that a console could print of an object. */
function parts(whole: object): unknown[] {
  const found: unknown[] = [];
  for (const name of Reflect.ownKeys(whole)) {
    const property = Reflect.getOwnPropertyDescriptor(whole, name);
    // V8 makes `stack` an accessor in some versions.
    found.push(name, property?.get !== undefined && name === "stack" ? (whole as Error).stack : property?.value);
  }
  if (whole instanceof Map || whole instanceof Headers) for (const entry of whole) found.push(...entry);
  else if (whole instanceof Set) found.push(...whole);
  else if (whole instanceof Request) found.push(whole.url, whole.headers);
  else if (ArrayBuffer.isView(whole) || whole instanceof ArrayBuffer) return [];
  return found;
}

function copy(cause: unknown, secrets: readonly string[], depth: number): unknown {
  const redact = (text: unknown) => scrub(String(text), secrets);
  if (typeof cause === "string") return redact(cause);
  if (!(cause instanceof Error)) return REDACTED;
  const made = new Error(
    redact(cause.message),
    cause.cause === undefined || depth > 8 ? undefined : { cause: redactCause(cause.cause, secrets) },
  );
  const { name, code, stack } = cause as Error & { code?: unknown };
  for (const [property, value] of Object.entries({ name, code, stack })) {
    if (typeof value === "string")
      Object.defineProperty(made, property, { value: redact(value), configurable: true, writable: true });
  }
  return made;
}
