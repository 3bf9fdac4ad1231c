/** Who is told what happens: hooks and the logger. */

import type { ErrorKind } from "../errors/errors.js";
import { variable } from "../runtime/environment.js";
import * as check from "./check.js";
import { type Described, Story } from "./story.js";

/** What every event tells of its call. */
export interface CallEvent {
  /** The same in all events of one call, and in those of no other. */
  readonly callId: string;
  readonly method: string;
  /** Its name, such as `conversations.get`; undefined for a path that the API is not known to have, and of a `Client`. */
  readonly operation: string | undefined;
  /** Its path with `{names}` for what varies, such as `/conversations/{id}`; undefined as `operation` is. */
  readonly pathTemplate: string | undefined;
  /** The request that was sent last; counts from 1, 0 before the first. */
  readonly attempt: number;
  /** Since the call began, in milliseconds. */
  readonly durationMs: number;
}

/** A request is about to be sent. */
export interface RequestEvent extends CallEvent {
  readonly url: string;
  /** What is sent beside Authorization, which is not shown; a hook may change it. */
  readonly headers: Headers;
}

/** A response's head has come. */
export interface ResponseEvent extends CallEvent {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
}

/** A call waits. */
export interface WaitEvent extends CallEvent {
  readonly url: string;
  /** How long, in milliseconds. */
  readonly wait: number;
  /** What the last try failed with, when an answer came. */
  readonly status: number | undefined;
}

/** Another try will follow the one of `attempt`, after `wait`. */
export type RetryEvent = WaitEvent;

/** A call is over: there is one such event for each that began. */
export interface EndEvent extends CallEvent {
  /**
   * `success` when the answer was read, or its body handed over or left unread; else the `kind` of the error, or
   * `error` for anything that is no `AttentionError`.
   */
  readonly outcome: "success" | "error" | ErrorKind;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** What the call fails with. */
  readonly error: unknown;
}

/** From now on the other key is used. */
export interface KeySwitchEvent extends CallEvent {
  readonly from: "current" | "next";
  readonly to: "current" | "next";
  /** Of the key used from now on. */
  readonly fingerprint: string;
}

/** A key or token will stop working soon, by what it says of itself. */
export interface KeyExpiringEvent extends CallEvent {
  readonly slot: "current" | "next";
  readonly fingerprint: string;
  /** Unix milliseconds; the past when it has expired. */
  readonly expiresAt: number;
}

/** A function that is to give a key or token has failed, and no call has: it will be asked again. */
export interface RenewalFailedEvent extends CallEvent {
  readonly error: unknown;
}

/**
 * Functions that are told. What they return is waited for, within the call's timeout; what they throw or reject with,
 * the call fails with.
 */
export interface Hooks {
  /** A call begins: told before anything else of it, in the turn in which it was made. */
  readonly onStart?: ((event: CallEvent) => unknown) | undefined;
  readonly onRequest?: ((event: RequestEvent) => unknown) | undefined;
  readonly onResponse?: ((event: ResponseEvent) => unknown) | undefined;
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
  /** Told of every wait: of those before another try, as `onRetry` is, and of those for a turn after a 429. */
  readonly onWait?: ((event: WaitEvent) => unknown) | undefined;
  readonly onKeySwitch?: ((event: KeySwitchEvent) => unknown) | undefined;
  /**
   * Told once for each key or token that says when it ends, at the first call within a week of its end. Not of one that
   * a function gives with its end, or of a token that a function gives: those are renewed.
   */
  readonly onKeyExpiring?: ((event: KeyExpiringEvent) => unknown) | undefined;
  /** Told when a function failed to give a successor in time, while calls go on with what it gave before. */
  readonly onRenewalFailed?: ((event: RenewalFailedEvent) => unknown) | undefined;
  /** Told once for each call, however it ends. The call is over: it does not wait for this one, nor fail with it. */
  readonly onEnd?: ((event: EndEvent) => unknown) | undefined;
}

/** The names of all hooks, each a function. */
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
 * Where log lines go; `console` is one. The second argument is what the line is about, as fields; loggers that take
 * them first, as pino's do, get them first, and the console is spared them.
 */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** From which level on the logger is told. */
export type LogLevel = (typeof LEVELS)[number] | "off";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** What `logLevel` may be. */
export const logLevel: check.Rule = [
  (value) => value === "off" || LEVELS.includes(value as (typeof LEVELS)[number]),
  "debug, info, warn, error or off",
];

/** Who is told from which level on. Without a level a logger is told everything, the console nothing. */
function loggerOf(logger: Logger | undefined, level = levelOfEnvironment()): Logger | undefined {
  if (level === "off") return undefined;
  const from = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  if (from < 0 && logger === undefined) return undefined;
  const line = (at: (typeof LEVELS)[number]) => (message: string, fields?: object) => {
    if (LEVELS.indexOf(at) < from) return;
    // The console by its name at each line, so that what is put in its place later is used.
    const to = logger ?? console;
    if (to === console) return to[at](message);
    // Of pino and bunyan: they would take a second argument for a part of the message.
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

/** ATTENTION_LOG, in letters of any case. Anything else is ignored, but not without a word. */
function levelOfEnvironment(): LogLevel | undefined {
  const level = variable("ATTENTION_LOG")?.trim().toLowerCase();
  const [accepts, expected] = logLevel;
  if (level === undefined || accepts(level)) return level as LogLevel | undefined;
  if (!hasWarned) console.warn(`attention: ATTENTION_LOG is ignored: it must be ${expected}`);
  hasWarned = true;
  return undefined;
}

/** Who wants to hear of a client's calls. */
export class Events {
  readonly #hooks: readonly Hooks[];
  readonly #logger: Logger | undefined;

  private constructor(hooks: readonly Hooks[], logger: Logger | undefined) {
    this.#hooks = hooks;
    this.#logger = logger;
  }

  /** Undefined when nobody does. */
  static of(
    options: Hooks & { readonly logger?: Logger | undefined; readonly logLevel?: LogLevel | undefined },
    isAlways = false,
  ): Events | undefined {
    const logger = loggerOf(options.logger, options.logLevel);
    const isHeard = (Object.keys(HOOKS) as (keyof Hooks)[]).some((name) => options[name] !== undefined);
    if (!isHeard && logger === undefined && !isAlways) return undefined;
    return new Events(isHeard ? [options] : [], logger);
  }

  /** These as well. */
  and(hooks: Hooks): Events {
    return new Events([...this.#hooks, hooks], this.#logger);
  }

  /** A call begins. */
  begin(method: string, described: Described | undefined): Story {
    return new Story(this.#hooks, this.#logger, method, described);
  }
}
