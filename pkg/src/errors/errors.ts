/** What a call fails with: one class for each kind of error that core tells apart. */

import type { Diagnosis, ErrorFacts, ErrorKind, Finding } from "#binding";
import { printable } from "../runtime/print.js";

export type { Diagnosis, ErrorFacts, ErrorKind, Finding };

/** One thing that the server found wrong, in its own words. */
export interface Issue {
  /** What it is about, as the server writes it: a field's name, a path or a pointer. */
  readonly field: string | undefined;
  readonly message: string;
  readonly code: string | undefined;
}

/** What an answer says, without credentials; body and headers are made when somebody asks for them. */
export interface Words {
  readonly body: () => unknown;
  readonly headers: () => Headers;
  readonly issues: readonly Issue[];
}

/** This package's page has a heading for each kind of error. */
const PAGE = "https://www.npmjs.com/package/attention-wasm#";

/** So many issues are shown on a console. */
const MOST_ISSUES = 10;

const hidden = (value: unknown) => ({ value, configurable: true, writable: true });

/** A property that is made when it is first read. */
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

/** Shared by every copy of this package, in every realm. */
const BRAND = Symbol.for("attention-wasm.error");

/**
 * Anything that this package's calls fail with.
 *
 * `instanceof` looks at a brand and not at the prototype chain: it holds for
 * errors of another copy of this package and of another realm too. No property
 * ever holds a key or a token.
 */
export class AttentionError extends Error implements ErrorFacts {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;
  readonly attempts: number;
  readonly diagnosis: Diagnosis | undefined;
  readonly documentation: string;
  /** What the server found wrong with single fields, in its own words; empty when its answer lists nothing. */
  declare readonly issues: readonly Issue[];
  /**
   * The answer's body, when one came: JSON as its value, else text; at most 64 KiB, without credentials. Not
   * enumerable and not in `toJSON`: it may hold what belongs in no log.
   */
  declare readonly body: unknown;
  /** The answer's headers, when one came, without credentials and cookies. Not enumerable either. */
  declare readonly headers: Headers | undefined;

  /** Made by this package; `cause` and `words` must have been cleaned of credentials. */
  constructor(facts: ErrorFacts, cause?: unknown, words?: Words) {
    super(facts.message, cause === undefined ? undefined : { cause });
    this.kind = facts.kind;
    this.code = facts.code;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.retryAfter = facts.retryAfter;
    this.attempts = facts.attempts;
    this.diagnosis = facts.diagnosis;
    this.documentation = facts.documentation ?? PAGE + facts.kind;
    if (words === undefined) return;
    Object.defineProperties(this, { body: made(words.body), headers: made(words.headers) });
    if (words.issues.length > 0) this.issues = words.issues;
  }

  static override [Symbol.hasInstance](this: object, value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit it, and `this` is the one that is asked about.
    const kinds = KINDS.get(this);
    // Somebody's own subclass: the language's rule.
    // biome-ignore lint/complexity/noThisInStatic: as above.
    if (kinds === undefined) return Function.prototype[Symbol.hasInstance].call(this, value);
    let kind: ErrorKind | undefined;
    try {
      kind = (value as { [BRAND]?: ErrorKind } | null | undefined)?.[BRAND];
    } catch {
      // It does not let itself be looked at.
    }
    return kind !== undefined && (kinds === "" || kinds === kind);
  }

  /** The error as plain data, safe for logs; the cause, which is foreign, is left out. */
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
/** 429, or a wait longer than a call may. */
export class RateLimitedError extends AttentionError {}
/** 5xx. */
export class ServerError extends AttentionError {}
/** The server could not be reached, or the connection broke. */
export class ConnectionError extends AttentionError {}
/** No answer in time. */
export class TimeoutError extends AttentionError {}
/** The caller gave up: `cause` is its signal's reason. Its `name` is "AbortError", as that of every abort. */
export class AbortedError extends AttentionError {}
/** The answer is not one that this API gives. */
export class ProtocolError extends AttentionError {}
/** The configuration is at fault. */
export class ConfigError extends AttentionError {}

// Names are spelt out because minifiers change those of classes.
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

/** Which errors are instances of a class of ours: those of its kind, or of any ("" is the root's). */
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

/** The error of these facts, in the class of its kind; `cause` and `words` must have been cleaned of credentials. */
export function errorOf(facts: ErrorFacts, cause?: unknown, words?: Words): AttentionError {
  // A kind that this version of the bindings does not know yet is still an error.
  const [, Kind] = CLASSES[facts.kind] ?? ["", AttentionError];
  const error = new Kind(facts, cause, words);
  // What nobody knows is not printed.
  for (const name of ["status", "requestId", "retryAfter", "diagnosis"] as const)
    if (facts[name] === undefined) Object.defineProperty(error, name, { enumerable: false });
  return error;
}

/** The same error with the name of the setting that it is about; anything else, and another code, stays as it is. */
export function about(setting: string, error: unknown, code?: string): unknown {
  if (!(error instanceof AttentionError) || (code !== undefined && error.code !== code)) return error;
  return errorOf({ ...error.toJSON(), message: `${setting}: ${error.message}` }, error.cause);
}

/** What a person reads on a console: the stack, the findings as a list, what to do next. */
function story(error: AttentionError, inspect: (value: unknown) => string): string {
  const lines = [error.stack ?? `${error.name}: ${error.message}`];
  const { status, requestId, retryAfter, attempts, diagnosis, documentation, cause } = error;
  const facts = { code: error.code, status, requestId, retryAfter, attempts };
  lines.push(
    `  ${Object.entries(facts)
      .filter(([, held]) => held !== undefined)
      .map(([name, held]) => `${name}: ${held}`)
      .join(", ")}`,
  );
  for (const { field, message } of error.issues.slice(0, MOST_ISSUES))
    lines.push(`  issue   ${field === undefined ? "" : `${field}: `}${message}`);
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
