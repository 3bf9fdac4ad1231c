/**
 * The events of one call for its hooks and the logger, from its beginning to its single end. Each hook receives a copy,
 * so that none sees what another one changes.
 */

import type { SharedUpstream } from "../credentials/shared-upstream.js";
import { ifHarmless } from "../errors/echo.js";
import { AttentionError } from "../errors/errors.js";
import { requestId, type Upstream } from "../runtime/rules.js";
import { depthNow, entering } from "./depth.js";
import type { Attempted } from "./driver.js";
import type { CallEvent, EndEvent, Hooks, Logger } from "./events.js";
import { headerMap } from "./headers.js";

/** The operation of a call, from the API's description. */
export interface Described {
  readonly operation: string;
  readonly pathTemplate: string;
}

/** The notice before a key expires: 7 days. */
const EXPIRY_NOTICE = 7 * 24 * 3600 * 1000;

/** Distinguishes this process's calls from others'; a number follows. */
let prefix: string | undefined;
let count = 0;

export class Story {
  readonly callId: string;
  readonly method: string;
  readonly described: Described | undefined;
  /** The promise of the `onStart` hooks, if there are any. */
  readonly started: Promise<void> | undefined;
  readonly #hooks: readonly Hooks[];
  readonly #logger: Logger | undefined;
  readonly #began = performance.now();
  /** The number of calls whose hooks or middleware made this call. */
  readonly depth = depthNow();
  #attempt = 0;
  #isRead = false;
  #isOver = false;

  constructor(hooks: readonly Hooks[], logger: Logger | undefined, method: string, described: Described | undefined) {
    prefix ??= Math.random().toString(36).slice(2, 10).padEnd(8, "0");
    this.callId = `${prefix}-${++count}`;
    this.method = method;
    this.described = described;
    this.#hooks = hooks;
    this.#logger = logger;
    this.started = hooks.some((one) => one.onStart !== undefined) ? this.#start() : undefined;
    // The call awaits it, unless the call has ended before.
    this.started?.catch(() => {});
  }

  /** The number of the last request. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Calls all hooks synchronously, while the caller is on the stack, where tracers find their context. */
  async #start(): Promise<void> {
    const event = this.#event({});
    await Promise.all(this.#hooks.map(async (hooks) => this.#run(hooks, "onStart", event)));
  }

  /** Checks the keys of an upstream before a call. Undefined if there is nothing to report. */
  expiring(shared: SharedUpstream): Promise<void> | undefined {
    const now = Date.now();
    // A cheap check first, since it runs for every call.
    return now < shared.expiresAt - EXPIRY_NOTICE ? undefined : this.#expiring(shared, now);
  }

  async #expiring(shared: SharedUpstream, now: number): Promise<void> {
    for (const { slot, fingerprint, expiresAt } of shared.expiring()) {
      if (expiresAt === undefined || now < expiresAt - EXPIRY_NOTICE || !shared.claimExpiryNotice(fingerprint))
        continue;
      const expiry = `${expiresAt > now ? "expires" : "expired"} on ${new Date(expiresAt).toISOString()}`;
      const event = this.#event({ slot, fingerprint, expiresAt });
      await this.#logger?.warn(`attention: the ${slot} key (${fingerprint}) ${expiry}`, event);
      for (const hooks of this.#hooks) await this.#run(hooks, "onKeyExpiring", event);
    }
  }

  /** Not part of a call, so a hook's exception must be caught here. */
  async renewalFailed(error: unknown): Promise<void> {
    const { code } = error as AttentionError;
    const message = `attention: the key could not be renewed in time (${code}); it will be requested again`;
    const event = this.#event({ error });
    try {
      await this.#logger?.warn(message, this.#event({ code }));
      for (const hooks of this.#hooks) await this.#run(hooks, "onRenewalFailed", event);
    } catch (thrown) {
      await this.#stray("onRenewalFailed", thrown);
    }
  }

  async request(url: string, init: RequestInit, attempt: number): Promise<void> {
    this.#attempt = attempt;
    await this.#logger?.debug(`attention: ${this.method} ${shown(url)}, try ${attempt}`, this.#event({}));
    for (const hooks of this.#hooks) {
      if (hooks.onRequest === undefined) continue;
      const { authorization, ...rest } = init.headers as Record<string, string>;
      const headers = new Headers(rest);
      await this.#run(hooks, "onRequest", this.#event({ url, headers }));
      // A copy, because the hook may keep it.
      init.headers = { ...headerMap(headers, "onRequest's headers"), authorization: authorization! };
    }
  }

  async response(url: string, { status, headers }: Response, upstream: Upstream): Promise<void> {
    const line = `attention: ${this.method} ${shown(url)}, try ${this.#attempt}: ${status}`;
    await this.#logger?.debug(line, this.#event({ status }));
    const event = this.#event({ url, status, headers });
    for (const hooks of this.#hooks) await this.#run(hooks, "onResponse", event);
    if (upstream.takeSwitch() === undefined) return;
    const { inUse: to, keys } = upstream.keys();
    const fingerprint = keys.find(({ slot }) => slot === to)?.fingerprint ?? "";
    const change = this.#event({ from: to === "next" ? ("current" as const) : ("next" as const), to, fingerprint });
    await this.#logger?.warn(
      `attention: a key was refused; the ${to} key (${fingerprint}) is used from now on`,
      change,
    );
    for (const hooks of this.#hooks) await this.#run(hooks, "onKeySwitch", change);
  }

  /** The call waits for its turn, or for a retry. */
  async wait(url: string, wait: number, isRetry: boolean, status: number | undefined): Promise<void> {
    const what = `attention: ${this.method} ${shown(url)}`;
    const millis = Math.round(wait);
    const fields = this.#event({ wait: millis, status });
    if (isRetry)
      await this.#logger?.info(
        `${what}, try ${this.#attempt}: ${status ?? "no answer"}; again in ${millis} ms`,
        fields,
      );
    else await this.#logger?.debug(`${what}, waits ${millis} ms for its turn`, fields);
    const event = this.#event({ url, wait, status });
    for (const hooks of this.#hooks) {
      if (isRetry) await this.#run(hooks, "onRetry", event);
      await this.#run(hooks, "onWait", event);
    }
  }

  /** The head has arrived. If nobody has requested the body by then, it stays unread. */
  head(attempted: Attempted): Attempted {
    setTimeout(() => {
      if (!this.#isRead) this.succeed(attempted);
    }, 0);
    return { ...attempted, story: this };
  }

  /** Follows the reading of the body. */
  async read<T>(answer: Promise<T>, attempted: Attempted): Promise<T> {
    this.#isRead = true;
    try {
      const data = await answer;
      this.succeed(attempted);
      return data;
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  succeed({ response, attempts, secrets }: Attempted): void {
    const { status, headers } = response;
    const id = ifHarmless(requestId(headers), secrets());
    this.#end({ outcome: "success", status, requestId: id, error: undefined }, attempts);
  }

  fail(error: unknown): void {
    if (error instanceof AttentionError) {
      const { kind, status, requestId, attempts } = error;
      this.#end({ outcome: kind, status, requestId, error }, attempts);
    } else this.#end({ outcome: "error", status: undefined, requestId: undefined, error }, this.#attempt);
  }

  /** Reports the end, once. The call is over, so it neither waits for a hook nor fails with it. */
  #end(end: Omit<EndEvent, keyof CallEvent>, attempts: number): void {
    if (this.#isOver) return;
    this.#isOver = this.#isRead = true;
    this.#attempt = Math.max(this.#attempt, attempts);
    const event = this.#event(end);
    for (const hooks of this.#hooks) {
      (async () => this.#run(hooks, "onEnd", event))().catch((thrown: unknown) => this.#stray("onEnd", thrown));
    }
  }

  /** Calls a hook, if there is one, with a copy of the event. */
  #run(hooks: Hooks, name: keyof Hooks, event: CallEvent): unknown {
    const hook = hooks[name] as ((event: CallEvent) => unknown) | undefined;
    return hook && entering(this.depth, () => hook.call(hooks, { ...event }));
  }

  /** Logs an exception of a hook that cannot fail a call. */
  async #stray(hook: string, thrown: unknown): Promise<void> {
    try {
      await this.#logger?.error(`attention: ${hook} threw (${(thrown as Error | undefined)?.name})`, this.#event({}));
    } catch {
      // Nothing is left to report it to.
    }
  }

  #event<T extends object>(own: T): CallEvent & T {
    return {
      callId: this.callId,
      method: this.method,
      operation: this.described?.operation,
      pathTemplate: this.described?.pathTemplate,
      attempt: this.#attempt,
      durationMs: Math.max(0, Math.round(performance.now() - this.#began)),
      ...own,
    };
  }
}

/** The URL without its query, which may contain names of people. */
function shown(url: string): string {
  return url.split("?", 1)[0]!;
}
