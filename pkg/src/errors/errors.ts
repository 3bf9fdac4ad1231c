/** The errors of calls: one class for each kind that core distinguishes. */

import type { Diagnosis, ErrorFacts, ErrorKind, Finding } from "#binding";
import { oneLine, printable } from "../runtime/print.js";

export type { Diagnosis, ErrorFacts, ErrorKind, Finding };

/** One problem that the server reported, in its own words. */
export interface Issue {
  /** The affected field as the server writes it: a name, a path or a pointer. */
  readonly field: string | undefined;
  readonly message: string;
  readonly code: string | undefined;
}

/** The content of a response, without credentials; body and headers are made on first access. */
export interface Words {
  readonly body: () => unknown;
  readonly headers: () => Headers;
  readonly issues: readonly Issue[];
}

/** The package's README has a heading for each kind of error. */
const PAGE = "https://www.npmjs.com/package/attention-wasm#";

/** The most issues that are printed on a console, and the most characters of each. */
const MOST_ISSUES = 10;
const MOST_OF_AN_ISSUE = 300;

const hidden = (value: unknown) => ({ value, configurable: true, writable: true });

/** A property that is made on first access. */
function made<T>(make: () => T): PropertyDescriptor {
  let value: { readonly held: T } | undefined;
  return {
    get: () => {
      value ??= { held: make() };
      return value.held;
    },
    configurable: true,
  };
}

/** The brand, shared by every copy of this package in every realm. */
const BRAND = Symbol.for("attention-wasm.error");

/**
 * The base class of all errors of this package's calls.
 *
 * `instanceof` checks a brand instead of the prototype chain, so it also holds
 * for errors of another copy of this package or of another realm. No property
 * ever contains a key or a token.
 */
export class AttentionError extends Error implements ErrorFacts {
  declare readonly kind: ErrorKind;
  declare readonly code: string;
  declare readonly status: number | undefined;
  declare readonly requestId: string | undefined;
  declare readonly retryAfter: number | undefined;
  declare readonly attempts: number;
  declare readonly diagnosis: Diagnosis | undefined;
  declare readonly documentation: string;
  /** The problems of single fields that the server reported, in its own words; empty if there are none. */
  declare readonly issues: readonly Issue[];
  /**
   * The response's body, if there was one: JSON as its value, else text; at most 64 KiB, without credentials. Not
   * enumerable and not in `toJSON`, because it may contain data that must not be logged.
   */
  declare readonly body: unknown;
  /** The response's headers, if there was one, without credentials and cookies. Not enumerable. */
  declare readonly headers: Headers | undefined;

  /** Made by this package; `cause` and `words` must be redacted. */
  constructor(facts: ErrorFacts, cause?: unknown, words?: Words) {
    super(facts.message, cause === undefined ? undefined : { cause });
    const { kind, code, status, requestId, retryAfter, attempts, diagnosis, documentation = PAGE + kind } = facts;
    Object.assign(this, { kind, code, status, requestId, retryAfter, attempts, diagnosis, documentation });
    if (words === undefined) return;
    Object.defineProperties(this, { body: made(words.body), headers: made(words.headers) });
    if (words.issues.length > 0) this.issues = words.issues;
  }

  static override [Symbol.hasInstance](this: object, value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit it, and `this` is the one that is asked about.
    const kinds = KINDS.get(this);
    // A subclass outside this package: the language's own rule applies.
    // biome-ignore lint/complexity/noThisInStatic: as above.
    if (kinds === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    let kind: ErrorKind | undefined;
    try {
      kind = (value as { [BRAND]?: ErrorKind } | null | undefined)?.[BRAND];
    } catch {
      // A getter or a proxy threw.
    }
    return kind !== undefined && (kinds === "" || kinds === kind);
  }

  /** The error as plain data, safe for logs, without the foreign cause. */
  toJSON(): ErrorFacts & { readonly name: string; readonly issues: readonly Issue[] | undefined } {
    const { name, kind, code, message, status, requestId, retryAfter, attempts, diagnosis, documentation } = this;
    const issues = this.issues.length > 0 ? this.issues : undefined;
    return { name, kind, code, message, status, requestId, retryAfter, attempts, issues, diagnosis, documentation };
  }
}

/** The key or token was refused before any call. */
export class InvalidKeyError extends AttentionError {}
/** 401: see `diagnosis` for the likely cause. */
export class UnauthorizedError extends AttentionError {}
/** 403. */
export class ForbiddenError extends AttentionError {}
/** 404 or 410. */
export class NotFoundError extends AttentionError {}
/** 409 or 412. */
export class ConflictError extends AttentionError {}
/** 400, 422 or another 4xx, or a request that was refused before it was sent. */
export class ValidationError extends AttentionError {}
/** 413, 414 or 431. */
export class PayloadTooLargeError extends AttentionError {}
/** 429, or a required wait beyond the call's timeout. */
export class RateLimitedError extends AttentionError {}
/** 5xx. */
export class ServerError extends AttentionError {}
/** The server could not be reached, or the connection broke. */
export class ConnectionError extends AttentionError {}
/** No response in time. */
export class TimeoutError extends AttentionError {}
/** The caller aborted the call; `cause` is its signal's reason. `name` is "AbortError", as for every abort. */
export class AbortedError extends AttentionError {}
/** The response is not one of this API. */
export class ProtocolError extends AttentionError {}
/** The configuration is invalid. */
export class ConfigError extends AttentionError {}

// The names are strings because minifiers rename classes.
const CLASSES: Readonly<Record<ErrorKind, readonly [name: string, made: typeof AttentionError]>> = {
  invalid_key: ["InvalidKeyError", InvalidKeyError],
  unauthorized: ["UnauthorizedError", UnauthorizedError],
  forbidden: ["ForbiddenError", ForbiddenError],
  not_found: ["NotFoundError", NotFoundError],
  conflict: ["ConflictError", ConflictError],
  validation: ["ValidationError", ValidationError],
  payload_too_large: ["PayloadTooLargeError", PayloadTooLargeError],
  rate_limited: ["RateLimitedError", RateLimitedError],
  server: ["ServerError", ServerError],
  connection: ["ConnectionError", ConnectionError],
  timeout: ["TimeoutError", TimeoutError],
  aborted: ["AbortError", AbortedError],
  protocol: ["ProtocolError", ProtocolError],
  config: ["ConfigError", ConfigError],
};

/** The errors that are instances of a class: those of its kind, or all ("", for the root). */
const KINDS = new Map<object, ErrorKind | "">([[AttentionError, ""]]);

Object.defineProperties(AttentionError.prototype, {
  name: hidden("AttentionError"),
  issues: hidden([]),
  [BRAND]: {
    get(this: AttentionError) {
      return this.kind;
    },
  },
  ...printable((error: AttentionError, inspect) => story(error, inspect)),
});
for (const [kind, [name, made]] of Object.entries(CLASSES)) {
  KINDS.set(made, kind as ErrorKind);
  Object.defineProperty(made.prototype, "name", hidden(name));
}

/** Makes the error of these facts, in the class of its kind; `cause` and `words` must be redacted. */
export function errorOf(facts: ErrorFacts, cause?: unknown, words?: Words): AttentionError {
  // A kind that this version of the binding does not know is still an error.
  const [, Kind] = CLASSES[facts.kind] ?? ["", AttentionError];
  const error = new Kind(facts, cause, words);
  // Unknown members are not printed.
  for (const name of ["status", "requestId", "retryAfter", "diagnosis"] as const)
    if (facts[name] === undefined) Object.defineProperty(error, name, { enumerable: false });
  return error;
}

/** The error of a call that has sent this many requests, which whoever made it did not know. */
export function withAttempts(error: AttentionError, attempts: number): AttentionError {
  return errorOf({ ...error.toJSON(), attempts }, error.cause);
}

/** Adds the setting's name to an error with this code; returns anything else unchanged. */
export function about(setting: string, error: unknown, code?: string): unknown {
  if (!(error instanceof AttentionError) || (code !== undefined && error.code !== code)) return error;
  return errorOf({ ...error.toJSON(), message: `${setting}: ${error.message}` }, error.cause);
}

/** The error on a console: the stack, the diagnosis as a list, the next step. */
function story(error: AttentionError, inspect: (value: unknown) => string): string {
  // A custom `Error.prepareStackTrace` may have made anything of it.
  const lines = [typeof error.stack === "string" ? error.stack : `${error.name}: ${error.message}`];
  const { diagnosis, documentation, cause } = error;
  const facts = (["code", "status", "requestId", "retryAfter", "attempts"] as const).filter(
    (name) => error[name] !== undefined,
  );
  lines.push(`  ${facts.map((name) => `${name}: ${error[name]}`).join(", ")}`);
  for (const { field, message } of error.issues.slice(0, MOST_ISSUES))
    lines.push(
      `  issue   ${oneLine(`${field === undefined ? "" : `${field}: `}${message}`).slice(0, MOST_OF_AN_ISSUE)}`,
    );
  if (diagnosis !== undefined) {
    const marks = { ruled_out: "no", likely: "LIKELY", unknown: "maybe" };
    for (const found of diagnosis.findings)
      lines.push(`  ${marks[found.likelihood].padEnd(7)} ${found.cause}: ${found.reason}`);
    lines.push(`  next    ${diagnosis.nextStep}`);
  }
  lines.push(`  see     ${documentation}`);
  if (cause !== undefined) lines.push(`  cause   ${inspect(cause)}`);
  return lines.join("\n");
}
