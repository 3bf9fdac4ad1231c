/**
 * The IO of one call. Core decides what is sent, when, and whether it is retried;
 * this loop performs each step and reports the result.
 */

import type { SharedUpstream } from "../credentials/shared-upstream.js";
import { redactCause } from "../errors/cause.js";
import { ifHarmless, redact } from "../errors/echo.js";
import { AttentionError, type ErrorFacts, errorOf, withAttempts } from "../errors/errors.js";
import { requestFault, transportFault } from "../errors/transport.js";
import { redactStart, wordsOf } from "../errors/words.js";
import {
  Action,
  type CallRequest,
  errorOfFailure,
  type Failed,
  Failure,
  type Rejected,
  type Send,
  type Step,
  type Upstream,
  type Wait,
} from "../runtime/rules.js";
import type { Encoded } from "./body.js";
import { Deadline } from "./deadline.js";
import { readStart } from "./error-body.js";
import { discard, mustBeFetched, mustHaveArrived, responseIn, unreadable } from "./foreign.js";
import type { Place } from "./semaphore.js";
import type { Story } from "./story.js";

const QUEUE_TIMEOUT =
  "this call was not sent within its timeout, because it waited for other calls of this client: " +
  "raise `timeout` or `maxConcurrency`, or start fewer calls at once";

/** Timers may fire this many milliseconds early. */
const EARLIEST = 1;

const OF_A_STREAM = { message: "the connection broke, or the stream in `body` failed: see `cause`" };

const HOOK_TIMEOUT =
  "a hook of this client did not settle within the call's timeout: check the hook, or raise `timeout`";

/** One call, ready to be sent. Times are milliseconds; Infinity means no limit. */
export interface PreparedCall extends CallRequest {
  readonly isOneShot: boolean;
  readonly timeout: number;
  readonly attemptTimeout: number;
  /** The most calls at once, including this one. */
  readonly maxConcurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly body: BodyInit | undefined;
  /** The error of the body's own source. */
  readonly fault: Encoded["fault"];
  readonly fetch: typeof globalThis.fetch;
  /** The headers with the credential of a slot; a function, so that they can be cached. */
  readonly headers: (authorization: string) => Record<string, string>;
  readonly events: Story | undefined;
  /** The number of requests sent before: with other credentials, or by another `next()` of a middleware. */
  readonly before?: number | undefined;
}

/** A response that core considers a success, with an unread body. */
export interface Attempted {
  readonly response: Response;
  readonly attempts: number;
  /** Still running if the body must be read within the call's timeout. */
  readonly deadline: Deadline;
  /** Redacts credentials in foreign errors. */
  readonly secrets: () => readonly string[];
  /** Receives the end of the call. */
  readonly story?: Story;
}

/** Waits for a hook before the first attempt, within the call's timeout. */
export async function hooked(
  shared: SharedUpstream,
  told: Promise<void>,
  call: PreparedCall,
  started: number,
): Promise<void> {
  const deadline = new Deadline(call.signal);
  deadline.limit(left(call, started));
  try {
    if ((await deadline.within(told)) !== undefined) return;
    const { before = 0 } = call;
    throw deadline.aborted ? aborted(deadline.reason, before, shared) : hookTimeout(before);
  } finally {
    deadline.end();
  }
}

/** The error if a hook does not settle in time. */
export function hookTimeout(attempts: number): AttentionError {
  return errorOf({ kind: "timeout", code: "hook_timeout", message: HOOK_TIMEOUT, attempts });
}

/** Milliseconds left of a call's timeout. */
export function left({ timeout }: PreparedCall, started: number): number {
  // No more than the timeout, in case the clock was set back.
  return Math.max(0, Math.min(timeout, started + timeout - Date.now()));
}

/**
 * Makes the call, which began at `started`. It rejects with an
 * `AttentionError`, or with the exception of a hook.
 */
export async function exchange(shared: SharedUpstream, call: PreparedCall, started: number): Promise<Attempted> {
  const deadline = new Deadline(call.signal);
  // Nothing is sent for a caller who has already aborted.
  if (deadline.aborted) throw aborted(deadline.reason, call.before ?? 0, shared);
  // One timer for the wait and all attempts: runtimes group timers of equal duration, and are slow with hundreds that
  // all differ.
  deadline.bound(left(call, started));
  const place = shared.semaphore.take(call.maxConcurrency) ?? (await turn(shared, call, deadline));
  const tries = new Tries(shared, call, started, deadline);
  place.release = () => tries.forget();
  try {
    for (let step = tries.begin(); ; ) {
      // If the clock was set back, core assumes more time than is left.
      if (deadline.left < EARLIEST && (step.action === Action.Send || step.action === Action.Wait)) throw tries.late();
      switch (step.action) {
        case Action.Send:
          step = await tries.send(step);
          break;
        case Action.Wait:
          step = await tries.wait(step);
          break;
        case Action.Rejected:
          step = await tries.reject(step);
          break;
        case Action.Success:
          return tries.succeed();
        case Action.Failed:
          throw tries.failed(step);
      }
    }
  } catch (error) {
    tries.abandon();
    deadline.end();
    throw tries.counted(error);
  } finally {
    shared.end(place);
  }
}

/** Waits for a place in the semaphore. */
async function turn(shared: SharedUpstream, call: PreparedCall, deadline: Deadline): Promise<Place> {
  const place = await shared.semaphore.wait(call.maxConcurrency, deadline);
  if (place !== undefined) return place;
  deadline.end();
  const { before = 0 } = call;
  throw deadline.aborted
    ? aborted(deadline.reason, before, shared)
    : errorOf({ kind: "timeout", code: "queue_timeout", message: QUEUE_TIMEOUT, attempts: before });
}

/** The attempts of one call, step by step. */
class Tries {
  readonly #shared: SharedUpstream;
  /** The upstream that the call began in; after a trap there is another. */
  #upstream!: Upstream;
  readonly #call: PreparedCall;
  readonly #started: number;
  readonly #deadline: Deadline;
  /** The call's number while core has it. */
  #open: number | undefined;
  readonly #before: number;
  #attempts: number;
  /** The last attempt whose failure was reported to a hook. */
  #reported: number;
  /** The last attempt's response, until its body is cancelled. */
  #response: Response | undefined;
  /** Why the last attempt has no response, or why the caller has aborted. */
  #cause: unknown;

  constructor(shared: SharedUpstream, call: PreparedCall, started: number, deadline: Deadline) {
    this.#shared = shared;
    this.#call = call;
    this.#started = started;
    this.#deadline = deadline;
    this.#before = this.#attempts = this.#reported = call.before ?? 0;
  }

  begin(): Step {
    this.#upstream = this.#shared.upstream;
    const step = this.#told(this.#upstream.begin(this.#call, this.#started, Date.now()));
    if (step.action === Action.Failed && step.error.code === "method_unknown")
      throw new TypeError(`request: ${step.error.message}`);
    return step;
  }

  /** Ends a call that core has not ended, for instance after an exception of a hook. */
  abandon(): void {
    discard(this.#response);
    this.forget();
  }

  /** Ends the call in core only: for a call that the runtime has dropped, whose body must not be touched. */
  forget(): void {
    if (this.#open !== undefined) this.#upstream.abandon(this.#open);
  }

  /** The error of a call that has timed out. */
  late(): AttentionError {
    return errorOfFailure(Failure.Timeout, this.#attempts, redactCause(this.#cause, this.#shared.secrets()));
  }

  /** The error of a trap, with the number of requests sent, which the trap does not know. */
  counted(error: unknown): unknown {
    if (!(error instanceof AttentionError) || error.code !== "wasm_trap") return error;
    return withAttempts(error, this.#attempts);
  }

  /** Notes whether core still has the call: the number of a finished call may be reused. */
  #told(step: Step): Step {
    this.#open = step.action === Action.Success || step.action === Action.Failed ? undefined : step.call;
    return step;
  }

  async send({ call, url, slot, attempt, timeout }: Send): Promise<Step> {
    const upstream = this.#upstream;
    const { attemptTimeout, events, fetch } = this.#call;
    const deadline = this.#deadline;
    const init = request(this.#call, this.#shared.authorization(slot));
    discard(this.#response);
    this.#response = this.#cause = undefined;
    this.#attempts = this.#before + attempt;
    let most = timeout;
    if (events !== undefined) {
      await this.#hooked(events.request(url, init, this.#attempts));
      // A hook's time counts towards the call's timeout, not the attempt's.
      most = Math.min(timeout ?? Infinity, left(this.#call, this.#started));
    }
    const signal = deadline.begin(most, attemptTimeout !== Infinity);
    if (signal !== undefined) init.signal = signal;
    let response: Response;
    let sent: Promise<Response> | undefined;
    try {
      sent = fetch(url, init);
      response = await deadline.read(sent);
      mustHaveArrived(response);
    } catch (error) {
      const answered = responseIn(error);
      if (answered === undefined) return this.#unanswered(call, error, sent);
      response = answered;
    }
    mustBeFetched(response);
    this.#response = response;
    const { status, headers } = response;
    const next = this.#told(upstream.onResponse(call, status, headers, Date.now(), Math.random()));
    if (events !== undefined) await this.#hooked(events.response(url, response, upstream));
    return next;
  }

  /** No response arrived. `fetch` may still return one, if it ignores its signal. */
  async #unanswered(call: number, error: unknown, sent: Promise<Response> | undefined): Promise<Step> {
    const deadline = this.#deadline;
    if (deadline.aborted || deadline.timedOut)
      Promise.resolve(sent)
        .then(discard)
        .catch(() => {});
    else await this.#mustBeSendable(error);
    this.#cause = deadline.aborted ? deadline.reason : error;
    const failure = deadline.aborted ? Failure.Aborted : deadline.timedOut ? Failure.Timeout : Failure.Connection;
    return this.#told(this.#upstream.onFailure(call, failure, Date.now(), Math.random()));
  }

  async wait({ call, url, duration }: Wait): Promise<Step> {
    const { events } = this.#call;
    discard(this.#response);
    let wait = duration;
    if (events !== undefined) {
      const until = Date.now() + duration;
      // Core may request several waits between two attempts, and before the first.
      const isOfTry = this.#attempts > this.#reported;
      this.#reported = this.#attempts;
      await this.#hooked(events.wait(url, duration, isOfTry, this.#response?.status));
      // The hook's time is part of the wait.
      wait = Math.min(duration, Math.max(0, until - Date.now()));
    }
    await this.#deadline.wait(Math.max(0, Math.min(wait, this.#deadline.left)));
    return this.#deadline.aborted ? this.#giveUp(call) : this.#told(this.#upstream.onWaited(call, Date.now()));
  }

  async reject({ call, limit }: Rejected): Promise<Step> {
    const read = await readStart(this.#response!, limit, this.#deadline);
    if (this.#deadline.aborted) return this.#giveUp(call);
    this.#open = undefined;
    const secrets = this.#shared.secrets();
    const start = redactStart(read, secrets);
    throw errorOf(
      this.#counted(this.#upstream.error(call, start.text, Date.now())),
      undefined,
      wordsOf(this.#response!.headers, start, secrets),
    );
  }

  /** Waits for a hook, within the call's timeout. */
  async #hooked(told: Promise<void>): Promise<void> {
    const deadline = this.#deadline;
    deadline.limit(left(this.#call, this.#started));
    if ((await deadline.within(told)) !== undefined) return;
    throw deadline.aborted ? aborted(deadline.reason, this.#attempts, this.#shared) : hookTimeout(this.#attempts);
  }

  /** Throws for a caller's mistake, which is not a network failure and is not retried. */
  async #mustBeSendable(error: unknown): Promise<void> {
    const { method, body, fault } = this.#call;
    const mine = fault?.();
    if (mine !== undefined) throw mine.error;
    const why = requestFault(error) ?? (await unreadable(body));
    if (why === undefined) return;
    const cause = redactCause(error, this.#shared.secrets());
    throw new TypeError(`${method}: the request cannot be sent: ${redact(why, this.#shared.secrets())}`, {
      cause,
    });
  }

  #giveUp(call: number): Step {
    this.#cause = this.#deadline.reason;
    return this.#told(this.#upstream.onFailure(call, Failure.Aborted, Date.now(), 0));
  }

  failed({ error }: Failed): AttentionError {
    // Core knows that there was no response; only the runtime knows the reason.
    const isUntold = error.code === "connection";
    const known = isUntold
      ? (transportFault(this.#cause) ?? (this.#call.isOneShot ? OF_A_STREAM : undefined))
      : undefined;
    return errorOf({ ...this.#counted(error), ...known }, redactCause(this.#cause, this.#shared.secrets()));
  }

  /** Corrects core's number of attempts, which lacks earlier ones. A request id may echo a credential, too. */
  #counted(facts: ErrorFacts): ErrorFacts {
    const requestId = ifHarmless(facts.requestId, this.#shared.secrets());
    return { ...facts, requestId, attempts: this.#before + facts.attempts };
  }

  succeed(): Attempted {
    const deadline = this.#deadline;
    // The last attempt's timer is the call's own, unless attempts have a timeout of their own.
    if (this.#call.attemptTimeout !== Infinity) deadline.limit(left(this.#call, this.#started));
    deadline.release();
    return { response: this.#response!, attempts: this.#attempts, deadline, secrets: this.#shared.secrets };
  }
}

/** The error of an aborted call. */
export function aborted(
  reason: unknown,
  attempts: number,
  { secrets }: Pick<SharedUpstream, "secrets">,
): AttentionError {
  return errorOfFailure(Failure.Aborted, attempts, redactCause(reason, secrets()));
}

function request(call: PreparedCall, authorization: string): RequestInit {
  // Redirects are not followed, because the key must not go to their target.
  const init: RequestInit = { method: call.method, headers: call.headers(authorization), redirect: "manual" };
  if (call.body !== undefined) {
    init.body = call.body;
    // Required for streams, but missing in TypeScript's DOM types.
    if (call.isOneShot) (init as { duplex?: "half" }).duplex = "half";
  }
  return init;
}
