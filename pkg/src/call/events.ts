/** Who is told what happens: hooks and the logger. */

import type { SharedUpstream } from "../credentials/shared-upstream.js";
import { variable } from "../runtime/environment.js";
import type { Upstream } from "../runtime/rules.js";
import type { Rule } from "./check.js";

/** A request is about to be sent. */
export interface RequestEvent {
  readonly method: string;
  readonly url: string;
  /** What is sent beside Authorization, which is not shown; a hook may change it. */
  readonly headers: Headers;
  /** Counts from 1. */
  readonly attempt: number;
}

/** A response's head has come. */
export interface ResponseEvent {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly attempt: number;
}

/** Another try will follow. */
export interface RetryEvent {
  readonly method: string;
  readonly url: string;
  /** The try that failed. */
  readonly attempt: number;
  /** How long is waited before the next, in milliseconds. */
  readonly wait: number;
  /** What it failed with, when an answer came. */
  readonly status: number | undefined;
}

/** From now on the other key is used. */
export interface KeySwitchEvent {
  readonly from: "current" | "next";
  readonly to: "current" | "next";
  /** Of the key used from now on. */
  readonly fingerprint: string;
}

/** A key or token will stop working soon, by what it says of itself. */
export interface KeyExpiringEvent {
  readonly slot: "current" | "next";
  readonly fingerprint: string;
  /** Unix milliseconds; the past when it has expired. */
  readonly expiresAt: number;
}

/** A function that is to give a key or token has failed, and no call has: it will be asked again. */
export interface RenewalFailedEvent {
  readonly error: unknown;
}

/**
 * Functions that are told. What they return is waited for, within the call's timeout; what they throw or reject with,
 * the call fails with.
 */
export interface Hooks {
  readonly onRequest?: ((event: RequestEvent) => unknown) | undefined;
  readonly onResponse?: ((event: ResponseEvent) => unknown) | undefined;
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
  readonly onKeySwitch?: ((event: KeySwitchEvent) => unknown) | undefined;
  /** Told once for each key that is a JWT, at the first call within a week of its end. */
  readonly onKeyExpiring?: ((event: KeyExpiringEvent) => unknown) | undefined;
  /** Told when a function failed to give a successor in time, while calls go on with what it gave before. */
  readonly onRenewalFailed?: ((event: RenewalFailedEvent) => unknown) | undefined;
}

/** Where log lines go; `console` is one. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** From which level on the logger is told. */
export type LogLevel = (typeof LEVELS)[number] | "off";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** What `logLevel` may be. */
export const logLevel: Rule = [
  (value) => value === "off" || LEVELS.includes(value as (typeof LEVELS)[number]),
  "debug, info, warn, error or off",
];

/** Who is told from which level on. Without a level a logger is told everything, the console nothing. */
function loggerOf(logger: Logger | undefined, level = levelOfEnvironment()): Logger | undefined {
  if (level === "off") return undefined;
  const from = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  if (from < 0) return logger;
  const line = (at: (typeof LEVELS)[number]) => (message: string) => {
    // The console by its name at each line, so that what is put in its place later is used.
    if (LEVELS.indexOf(at) >= from) (logger ?? console)[at](message);
  };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
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

/** So long before its end a key is said to expire: 7 days. */
const EXPIRY_NOTICE = 7 * 24 * 3600 * 1000;

export class Events {
  readonly #hooks: Hooks;
  readonly #logger: Logger | undefined;

  private constructor(hooks: Hooks, logger: Logger | undefined) {
    this.#hooks = hooks;
    this.#logger = logger;
  }

  /** Undefined when nobody wants to be told. */
  static of(
    options: Hooks & { readonly logger?: Logger | undefined; readonly logLevel?: LogLevel | undefined },
  ): Events | undefined {
    const { onRequest, onResponse, onRetry, onKeySwitch, onKeyExpiring, onRenewalFailed } = options;
    const logger = loggerOf(options.logger, options.logLevel);
    const nobody = [onRequest, onResponse, onRetry, onKeySwitch, onKeyExpiring, onRenewalFailed, logger].every(
      (who) => who === undefined,
    );
    return nobody ? undefined : new Events(options, logger);
  }

  /** Looks at the keys of an upstream before a call. Undefined when there is nothing to tell. */
  expiring(shared: SharedUpstream): Promise<void> | undefined {
    const now = Date.now();
    // Compared first: this is done for every call.
    return now < shared.expiresAt - EXPIRY_NOTICE ? undefined : this.#expiring(shared, now);
  }

  async #expiring(shared: SharedUpstream, now: number): Promise<void> {
    for (const { slot, fingerprint, expiresAt } of shared.expiring()) {
      if (expiresAt === undefined || now < expiresAt - EXPIRY_NOTICE || !shared.claimExpiryNotice(fingerprint))
        continue;
      const expiry = `${expiresAt > now ? "expires" : "expired"} on ${new Date(expiresAt).toISOString()}`;
      await this.#logger?.warn(`attention: the ${slot} key (${fingerprint}) ${expiry}`);
      await this.#hooks.onKeyExpiring?.({ slot, fingerprint, expiresAt });
    }
  }

  /** Belongs to no call, so nobody else catches what a hook throws here. */
  async renewalFailed(error: unknown): Promise<void> {
    const code = (error as { readonly code?: unknown }).code;
    try {
      await this.#logger?.warn(
        `attention: the key could not be renewed in time (${code}), and will be asked for again`,
      );
      await this.#hooks.onRenewalFailed?.({ error });
    } catch (thrown) {
      this.#logger?.error(`attention: onRenewalFailed threw (${(thrown as Error)?.name})`);
    }
  }

  async request(method: string, url: string, init: RequestInit, attempt: number): Promise<void> {
    await this.#logger?.debug(`attention: ${method} ${shown(url)}, try ${attempt}`);
    if (this.#hooks.onRequest === undefined) return;
    const { authorization, ...rest } = init.headers as Record<string, string>;
    const headers = new Headers(rest);
    await this.#hooks.onRequest({ method, url, headers, attempt });
    // A copy: the hook may keep what it was given.
    init.headers = { ...Object.fromEntries(headers), authorization: authorization! };
  }

  async response(
    method: string,
    url: string,
    { status, headers }: Response,
    attempt: number,
    upstream: Upstream,
  ): Promise<void> {
    await this.#logger?.debug(`attention: ${method} ${shown(url)}, try ${attempt}: ${status}`);
    await this.#hooks.onResponse?.({ method, url, status, headers, attempt });
    if (upstream.takeSwitch() === undefined) return;
    const { inUse: to, keys } = upstream.keys();
    const fingerprint = keys.find(({ slot }) => slot === to)?.fingerprint ?? "";
    await this.#logger?.warn(`attention: a key was refused, the ${to} one (${fingerprint}) is used from now on`);
    await this.#hooks.onKeySwitch?.({ from: to === "next" ? "current" : "next", to, fingerprint });
  }

  /** A call waits for its turn, which is no news to a hook. */
  async turn(method: string, url: string, wait: number): Promise<void> {
    await this.#logger?.debug(`attention: ${method} ${shown(url)}, waits ${Math.round(wait)} ms for its turn`);
  }

  /** A try has failed, and another will follow. */
  async retry(method: string, url: string, attempt: number, wait: number, status: number | undefined): Promise<void> {
    await this.#logger?.info(
      `attention: ${method} ${shown(url)}, try ${attempt}: ${status ?? "no answer"}; again in ${Math.round(wait)} ms`,
    );
    await this.#hooks.onRetry?.({ method, url, attempt, wait, status });
  }
}

/** Without the query, which may name people. */
function shown(url: string): string {
  return url.split("?", 1)[0]!;
}
