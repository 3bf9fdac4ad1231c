/**
 * How long a call may take and how often it is tried: as a client, a call of it and the rules take it. What a call does
 * not say, its client does; what neither says is in `defaults()`. To the rules alone every call says it.
 */
export interface CallLimits {
  /** For a whole call, retries and waits included, in milliseconds; Infinity is for ever. Default: a minute. */
  readonly timeout?: number | undefined;
  /** For each try up to the response's head, in milliseconds. Default: none but `timeout`. */
  readonly attemptTimeout?: number | undefined;
  /** How often a call is tried again. Default: twice. */
  readonly maxRetries?: number | undefined;
}

/** A request, as far as the rules look at it. Its timeout counts from `started`; without one it is for ever. */
export interface CallRequest extends CallLimits {
  /** GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE; any other is refused. */
  readonly method: string;
  /** A path such as `/users`, or a URL under the base URL. */
  readonly path: string;
  /** The encoded query, without `?`. */
  readonly query?: string | undefined;
  /** Whether sending twice is harmless. Default: what the method says (RFC 9110, 9.2.2). */
  readonly idempotent?: boolean | undefined;
  /** The body is a stream: it can be sent once. Default: false. */
  readonly isOneShot?: boolean | undefined;
  /**
   * Whether it is remembered of the key which operations it was accepted for, by method and path, so that the
   * diagnosis of a later 401 can tell a key that was revoked. Default: false.
   */
  readonly remember?: boolean | undefined;
  /** The only level of key that the operation takes, for the diagnosis. Default: not known. */
  readonly keyLevel?: "user" | "organization" | undefined;
}

/** What a driver does next. */
export type Step = Send | Wait | Success | Rejected | Failed;

/** Send the request, then report with `onResponse` or `onFailure`. */
export interface Send {
  readonly action: Action.Send;
  readonly call: number;
  readonly url: string;
  /** Whose `Authorization` is sent. */
  readonly slot: Slot;
  /** Counts from 1. */
  readonly attempt: number;
  /** For the response's head, in milliseconds; undefined is for ever. */
  readonly timeout: number | undefined;
}

/** Drop the response that led here, if one did, wait, then report with `onWaited`. */
export interface Wait {
  readonly action: Action.Wait;
  readonly call: number;
  readonly url: string;
  /** In milliseconds. */
  readonly duration: number;
}

/** The response is the answer; the call is over. */
export interface Success {
  readonly action: Action.Success;
}

/** The response is an error: read at most `limit` bytes of its body and call `error`, which ends the call. */
export interface Rejected {
  readonly action: Action.Rejected;
  readonly call: number;
  readonly limit: number;
}

/** There is no response, or the request was refused before it was sent; the call is over. */
export interface Failed {
  readonly action: Action.Failed;
  readonly error: ErrorFacts;
}

/** What applies when a caller says nothing, and how much is read at most. Times are milliseconds. */
export interface Defaults {
  /** For a whole call, retries and waits included. */
  readonly timeout: number;
  readonly maxRetries: number;
  /** Of the body of an error answer, in bytes. */
  readonly maxErrorBody: number;
  /** The API's page on keys. */
  readonly apiKeysPage: string;
}

/** What sort of failure it is. */
export type ErrorKind =
  | "invalid_key"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "validation"
  | "payload_too_large"
  | "rate_limited"
  | "server"
  | "connection"
  | "timeout"
  | "aborted"
  | "protocol"
  | "config";

/** What is known of one documented cause of a 401. */
export interface Finding {
  readonly cause: "header_missing" | "scheme_missing" | "revoked_or_expired" | "no_permission";
  readonly likelihood: "ruled_out" | "likely" | "unknown";
  /** Why, in one sentence. */
  readonly reason: string;
}

/** A 401 explained. */
export interface Diagnosis {
  /** The four documented causes. */
  readonly findings: readonly Finding[];
  /** What to do next, in one sentence. */
  readonly nextStep: string;
}

/** An error as plain data: what `toJSON` gives, and what the rules report. Safe for logs. */
export interface ErrorFacts {
  readonly kind: ErrorKind;
  /** A stable name: the server's own code when it sent one, else one of this library's. */
  readonly code: string;
  /** What happened and what to do, in one line. */
  readonly message: string;
  /** The HTTP status, when an answer came. */
  readonly status?: number | undefined;
  /** The id under which the server knows this exchange. */
  readonly requestId?: string | undefined;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfter?: number | undefined;
  /** How many requests were sent. */
  readonly attempts: number;
  /** For a 401: which of the documented causes it is. */
  readonly diagnosis?: Diagnosis | undefined;
  /** The page that helps: the API's own where it has one, else this package's. */
  readonly documentation?: string | undefined;
}

/** What is known of one key, without the key. Times are Unix milliseconds. */
export interface KeyInfo {
  readonly slot: "current" | "next";
  /** The first eight hex digits of its SHA-256. */
  readonly fingerprint: string;
  /** What the server said of it last. */
  readonly verdict: "untested" | "accepted" | "refused";
  /** When it said so. */
  readonly at?: number;
  /** When it expires, as a JWT or a session of the Worker tells of itself, or as the function that gave it said. */
  readonly expiresAt?: number;
}

/** What is known of a client's credentials. */
export interface KeysInfo {
  readonly kind: "api_key" | "caller_token";
  /** Which key new calls use. */
  readonly inUse: "current" | "next";
  /** None before the first call, when a function gives them. */
  readonly keys: readonly KeyInfo[];
}
