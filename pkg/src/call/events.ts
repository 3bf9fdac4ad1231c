/** The events of calls, which go to hooks and the logger. */

import type { ErrorKind } from "../errors/errors.js";
import { variable } from "../runtime/environment.js";
import * as check from "./check.js";
import { type Described, Story } from "./story.js";

/** Members of every event. */
export interface CallEvent {
  /** The call's id: the same in all of its events, and different for each call. */
  readonly callId: string;
  readonly method: string;
  /** The operation, such as `conversations.get`; undefined for a path without a description, and for a `Client`. */
  readonly operation: string | undefined;
  /** The path's template, such as `/conversations/{id}`; undefined if `operation` is. */
  readonly pathTemplate: string | undefined;
  /** The number of the last request, from 1; 0 before the first. */
  readonly attempt: number;
  /** Milliseconds since the call began. */
  readonly durationMs: number;
}

/** A request is about to be sent. */
export interface RequestEvent extends CallEvent {
  readonly url: string;
  /** The headers that are sent, without Authorization; a hook may change them. */
  readonly headers: Headers;
}

/** A response's head has arrived. */
export interface ResponseEvent extends CallEvent {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
}

/** A call waits. */
export interface WaitEvent extends CallEvent {
  readonly url: string;
  /** The duration, in milliseconds. */
  readonly wait: number;
  /** The status of the last attempt, if it had a response. */
  readonly status: number | undefined;
}

/** The request `attempt` failed, and is retried after `wait`. */
export type RetryEvent = WaitEvent;

/** A call has ended; each call has exactly one such event. */
export interface EndEvent extends CallEvent {
  /**
   * `success` if the body was read, handed over or left unread; otherwise the `kind` of the error, or `error` for
   * anything that is not an `AttentionError`.
   */
  readonly outcome: "success" | "error" | ErrorKind;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** The error of the call. */
  readonly error: unknown;
}

/** Calls use the other key from now on. */
export interface KeySwitchEvent extends CallEvent {
  readonly from: "current" | "next";
  readonly to: "current" | "next";
  /** The fingerprint of the key used from now on. */
  readonly fingerprint: string;
}

/** A key or token will expire soon, according to its own claims. */
export interface KeyExpiringEvent extends CallEvent {
  readonly slot: "current" | "next";
  readonly fingerprint: string;
  /** Unix milliseconds; in the past if it has expired. */
  readonly expiresAt: number;
}

/** A function that provides a key or token failed, but no call did; it will be called again. */
export interface RenewalFailedEvent extends CallEvent {
  readonly error: unknown;
}

/**
 * Functions that receive the events of calls. The call waits for the promise that a hook returns, within its timeout,
 * and fails with the hook's exception or rejection.
 */
export interface Hooks {
  /** A call begins. Called synchronously, before any other hook. */
  readonly onStart?: ((event: CallEvent) => unknown) | undefined;
  readonly onRequest?: ((event: RequestEvent) => unknown) | undefined;
  readonly onResponse?: ((event: ResponseEvent) => unknown) | undefined;
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
  /** Called for every wait: before a retry, as `onRetry`, and for a turn after a 429. */
  readonly onWait?: ((event: WaitEvent) => unknown) | undefined;
  readonly onKeySwitch?: ((event: KeySwitchEvent) => unknown) | undefined;
  /**
   * Called once for each key or token with a known expiry, by the first call in its last week. Not called for
   * credentials that are renewed: tokens from a function, and keys that a function returns with their expiry.
   */
  readonly onKeyExpiring?: ((event: KeyExpiringEvent) => unknown) | undefined;
  /** Called if a function failed to provide a new credential in time; calls continue with the old one. */
  readonly onRenewalFailed?: ((event: RenewalFailedEvent) => unknown) | undefined;
  /** Called once for each call, however it ends. The call does not wait for this hook, and does not fail with it. */
  readonly onEnd?: ((event: EndEvent) => unknown) | undefined;
}

/** The rules for the hooks: each is a function. */
export const HOOKS: Readonly<Record<keyof Hooks, check.Rule>> = {
  onStart: check.call,
  onRequest: check.call,
  onResponse: check.call,
  onRetry: check.call,
  onWait: check.call,
  onKeySwitch: check.call,
  onKeyExpiring: check.call,
  onRenewalFailed: check.call,
  onEnd: check.call,
};

/**
 * The destination of log lines, such as `console`. The second argument has the line's fields. Loggers that take fields
 * first, such as pino's, get them first; the console does not get them.
 */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** The lowest level that the logger receives. */
export type LogLevel = (typeof LEVELS)[number] | "off";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** The valid values of `logLevel`. */
export const logLevel: check.Rule = [
  (value) => value === "off" || LEVELS.includes(value as (typeof LEVELS)[number]),
  "debug, info, warn, error or off",
];

/** The logger with its level. Without a level, a custom logger receives everything and the console nothing. */
function loggerOf(logger: Logger | undefined, level = levelOfEnvironment()): Logger | undefined {
  if (level === "off") return undefined;
  const from = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  if (from < 0 && logger === undefined) return undefined;
  const line = (at: (typeof LEVELS)[number]) => (message: string, fields?: object) => {
    if (LEVELS.indexOf(at) < from) return;
    // The global `console`, looked up for each line, so that a later replacement is used.
    const to = logger ?? console;
    if (to === console) return to[at](message);
    // pino and bunyan treat a second argument as a part of the message.
    return takesFieldsFirst(to) ? to[at](fields as never, message as never) : to[at](message, fields);
  };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

function takesFieldsFirst(
  logger: Logger & { readonly bindings?: unknown; readonly addSerializers?: unknown },
): boolean {
  return typeof logger.bindings === "function" || typeof logger.addSerializers === "function";
}

let hasWarned = false;

/** ATTENTION_LOG, in any case. An invalid value is ignored with a warning. */
function levelOfEnvironment(): LogLevel | undefined {
  const level = variable("ATTENTION_LOG")?.trim().toLowerCase();
  const [accepts, expected] = logLevel;
  if (level === undefined || accepts(level)) return level as LogLevel | undefined;
  if (!hasWarned) console.warn(`attention: ATTENTION_LOG is ignored: it must be ${expected}`);
  hasWarned = true;
  return undefined;
}

/** The hooks and the logger of a client. */
export class Events {
  readonly #hooks: readonly Hooks[];
  readonly #logger: Logger | undefined;

  private constructor(hooks: readonly Hooks[], logger: Logger | undefined) {
    this.#hooks = hooks;
    this.#logger = logger;
  }

  /** Undefined if there is neither a hook nor a logger. */
  static of(
    options: Hooks & { readonly logger?: Logger | undefined; readonly logLevel?: LogLevel | undefined },
    isAlways = false,
  ): Events | undefined {
    const logger = loggerOf(options.logger, options.logLevel);
    const isHeard = (Object.keys(HOOKS) as (keyof Hooks)[]).some((name) => options[name] !== undefined);
    if (!isHeard && logger === undefined && !isAlways) return undefined;
    return new Events(isHeard ? [options] : [], logger);
  }

  /** Adds these hooks. */
  and(hooks: Hooks): Events {
    return new Events([...this.#hooks, hooks], this.#logger);
  }

  /** A call begins. */
  begin(method: string, described: Described | undefined): Story {
    return new Story(this.#hooks, this.#logger, method, described);
  }
}
