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

/** Functions that are told; what they throw, the call fails with. */
export interface Hooks {
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  readonly onResponse?: ((event: ResponseEvent) => void) | undefined;
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
  readonly onKeySwitch?: ((event: KeySwitchEvent) => void) | undefined;
  /** Told once for each key that is a JWT, at the first call within a week of its end. */
  readonly onKeyExpiring?: ((event: KeyExpiringEvent) => void) | undefined;
  /** Told when a function failed to give a successor in time, while calls go on with what it gave before. */
  readonly onRenewalFailed?: ((event: RenewalFailedEvent) => void) | undefined;
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
function loggerOf(
  logger: Logger | undefined,
  level = variable("ATTENTION_LOG") as LogLevel | undefined,
): Logger | undefined {
  if (level === "off") return undefined;
  const from = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  if (from < 0) return logger;
  const line = (at: (typeof LEVELS)[number]) => (message: string) => {
    // The console by its name at each line, so that what is put in its place later is used.
    if (LEVELS.indexOf(at) >= from) (logger ?? console)[at](message);
  };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
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

  /** Looks at the keys of an upstream before a call. */
  expiring(shared: SharedUpstream): void {
    const now = Date.now();
    // Compared first: this is done for every call.
    if (now < shared.expiresAt - EXPIRY_NOTICE) return;
    for (const { slot, fingerprint, expiresAt } of shared.expiring()) {
      if (expiresAt === undefined || now < expiresAt - EXPIRY_NOTICE || !shared.claimExpiryNotice(fingerprint))
        continue;
      const expiry = `${expiresAt > now ? "expires" : "expired"} on ${new Date(expiresAt).toISOString()}`;
      this.#logger?.warn(`attention: the ${slot} key (${fingerprint}) ${expiry}`);
      this.#hooks.onKeyExpiring?.({ slot, fingerprint, expiresAt });
    }
  }

  /** Belongs to no call, so nobody catches what a hook throws here. */
  renewalFailed(error: unknown): void {
    const code = (error as { readonly code?: unknown }).code;
    this.#logger?.warn(`attention: the key could not be renewed in time (${code}), and will be asked for again`);
    try {
      this.#hooks.onRenewalFailed?.({ error });
    } catch (thrown) {
      this.#logger?.error(`attention: onRenewalFailed threw (${(thrown as Error)?.name})`);
    }
  }

  request(method: string, url: string, init: RequestInit, attempt: number): void {
    this.#logger?.debug(`attention: ${method} ${shown(url)}, try ${attempt}`);
    if (this.#hooks.onRequest === undefined) return;
    const { authorization, ...rest } = init.headers as Record<string, string>;
    const headers = new Headers(rest);
    this.#hooks.onRequest({ method, url, headers, attempt });
    // A copy: the hook may keep what it was given.
    init.headers = { ...Object.fromEntries(headers), authorization: authorization! };
  }

  response(method: string, url: string, { status, headers }: Response, attempt: number, upstream: Upstream): void {
    this.#logger?.debug(`attention: ${method} ${shown(url)}, try ${attempt}: ${status}`);
    this.#hooks.onResponse?.({ method, url, status, headers, attempt });
    if (upstream.takeSwitch() === undefined) return;
    const { inUse: to, keys } = upstream.keys();
    const fingerprint = keys.find(({ slot }) => slot === to)?.fingerprint ?? "";
    this.#logger?.warn(`attention: a key was refused, the ${to} one (${fingerprint}) is used from now on`);
    this.#hooks.onKeySwitch?.({ from: to === "next" ? "current" : "next", to, fingerprint });
  }

  retry(method: string, url: string, attempt: number, wait: number, status: number | undefined): void {
    this.#logger?.info(
      `attention: ${method} ${shown(url)}, try ${attempt}: ${status ?? "no answer"}; again in ${Math.round(wait)} ms`,
    );
    this.#hooks.onRetry?.({ method, url, attempt, wait, status });
  }
}

/** Without the query, which may name people. */
function shown(url: string): string {
  return url.split("?", 1)[0]!;
}
