/**
 * The IO of one call. What to send, when, and whether again is decided by core;
 * this loop does as it is told and reports what came of it.
 */

import type { SharedUpstream } from "../credentials/shared-upstream.js";
import { redactCause } from "../errors/cause.js";
import { AttentionError, type ErrorFacts, errorOf } from "../errors/errors.js";
import { requestFault, transportFault } from "../errors/transport.js";
import { wordsOf } from "../errors/words.js";
import {
  Action,
  type CallRequest,
  errorOfFailure,
  type Failed,
  Failure,
  type Rejected,
  type Send,
  type Step,
  scrub,
  type Upstream,
  type Wait,
} from "../runtime/rules.js";
import type { Encoded } from "./body.js";
import { Deadline } from "./deadline.js";
import { readStart } from "./error-body.js";
import { discard, mustBeResponse, responseIn, unreadable } from "./foreign.js";
import type { Place } from "./semaphore.js";
import type { Story } from "./story.js";

const QUEUE_TIMEOUT =
  "other calls of this client took so long that this one was not sent within its timeout: " +
  "raise `timeout` or `maxConcurrency`, or start fewer calls at once";

/** Timers may be so many milliseconds early. */
const EARLIEST = 1;

const OF_A_STREAM = { message: "the connection broke, or the stream that is the body failed: see `cause`" };

const HOOK_TIMEOUT = "a hook of this client did not settle within the call's timeout: look at it, or raise `timeout`";

/** One call, ready to be made. Its times are milliseconds; Infinity is for ever. */
export interface PreparedCall extends CallRequest {
  readonly isOneShot: boolean;
  readonly timeout: number;
  readonly attemptTimeout: number;
  /** So many calls at once, this one included. */
  readonly maxConcurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly body: BodyInit | undefined;
  /** What the body's own source has failed with. */
  readonly fault: Encoded["fault"];
  readonly fetch: typeof globalThis.fetch;
  /** The headers with the credentials of a place; by a function, so that they can be kept. */
  readonly headers: (authorization: string) => Record<string, string>;
  readonly events: Story | undefined;
  /** How many requests were sent for it before: with other credentials, or by another `next()` of a middleware. */
  readonly before?: number | undefined;
}

/** A response that core calls a success, its body unread. */
export interface Attempted {
  readonly response: Response;
  readonly attempts: number;
  /** Still running when the body is to be read within the call's timeout. */
  readonly deadline: Deadline;
  /** What takes credentials out of foreign errors. */
  readonly secrets: () => readonly string[];
  /** Who hears of its end. */
  readonly story?: Story;
}

/** Waits for a hook before the first try, as long as the call may still take. */
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
    throw deadline.aborted ? aborted(deadline.reason, 0, shared) : hookTimeout(0);
  } finally {
    deadline.end();
  }
}

/** The error of a call whose hook does not settle. */
export function hookTimeout(attempts: number): AttentionError {
  return errorOf({ kind: "timeout", code: "hook_timeout", message: HOOK_TIMEOUT, attempts });
}

/** Milliseconds left of a call's timeout. */
export function left({ timeout }: PreparedCall, started: number): number {
  // Not more than there was, when the clock has been set back.
  return Math.max(0, Math.min(timeout, started + timeout - Date.now()));
}

/**
 * Makes the call, which began at `started`. Whatever it fails with is an
 * `AttentionError`, or what a hook threw.
 */
export async function exchange(shared: SharedUpstream, call: PreparedCall, started: number): Promise<Attempted> {
  const deadline = new Deadline(call.signal);
  // Nothing may be begun for a caller who is gone.
  if (deadline.aborted) throw aborted(deadline.reason, 0, shared);
  // One timer for the line and the tries: hundreds that each measure what is left would all differ, which timers
  // are not made for.
  deadline.bound(left(call, started));
  const place = shared.semaphore.take(call.maxConcurrency) ?? (await turn(shared, call, deadline));
  const tries = new Tries(shared, call, started, deadline);
  place.release = () => tries.forget();
  try {
    for (let step = tries.begin(); ; ) {
      // Where the clock was set back, core takes the call to have more time than it has.
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

/** Waits until fewer calls than this one allows are under way. */
async function turn(shared: SharedUpstream, call: PreparedCall, deadline: Deadline): Promise<Place> {
  const place = await shared.semaphore.wait(call.maxConcurrency, deadline);
  if (place !== undefined) return place;
  deadline.end();
  throw deadline.aborted
    ? aborted(deadline.reason, 0, shared)
    : errorOf({ kind: "timeout", code: "queue_timeout", message: QUEUE_TIMEOUT, attempts: 0 });
}

/** The tries of one call, step by step. */
class Tries {
  readonly #shared: SharedUpstream;
  /** The one that the call began in: after a trap there is another. */
  #upstream!: Upstream;
  readonly #call: PreparedCall;
  readonly #started: number;
  readonly #deadline: Deadline;
  /** The call's number while core has it. */
  #open: number | undefined;
  readonly #before: number;
  #attempts: number;
  /** The try that a hook was last told had failed. */
  #reported: number;
  /** Of the last try, until its body is given up. */
  #response: Response | undefined;
  /** Why the last try has no response, or why the caller has given up. */
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

  /** Ends a call that core has not ended, as when a hook has thrown. */
  abandon(): void {
    discard(this.#response);
    this.forget();
  }

  /** The same of core alone: for a call that the runtime has dropped, whose body is not ours to touch. */
  forget(): void {
    if (this.#open !== undefined) this.#upstream.abandon(this.#open);
  }

  /** The error of a call whose time is over. */
  late(): AttentionError {
    return errorOfFailure(Failure.Timeout, this.#attempts, redactCause(this.#cause, this.#shared.secrets()));
  }

  /** The error of a trap, which does not know how many requests have been sent. */
  counted(error: unknown): unknown {
    if (!(error instanceof AttentionError) || error.code !== "wasm_trap") return error;
    return errorOf({ ...error.toJSON(), attempts: this.#attempts }, error.cause);
  }

  /** Notes whether core still has the call: the number of one that is over may be another's by now. */
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
      // A hook's time is the call's, not the try's.
      most = Math.min(timeout ?? Infinity, left(this.#call, this.#started));
    }
    const signal = deadline.begin(most, attemptTimeout !== Infinity);
    if (signal !== undefined) init.signal = signal;
    let response: Response;
    let sent: Promise<Response> | undefined;
    try {
      sent = fetch(url, init);
      response = await deadline.read(sent);
    } catch (error) {
      const answered = responseIn(error);
      if (answered !== undefined) return this.#answered(call, url, answered);
      if (deadline.aborted || deadline.timedOut)
        Promise.resolve(sent)
          .then(discard)
          .catch(() => {});
      else await this.#mustBeSendable(error);
      this.#cause = deadline.aborted ? deadline.reason : error;
      const failure = deadline.aborted ? Failure.Aborted : deadline.timedOut ? Failure.Timeout : Failure.Connection;
      return this.#told(upstream.onFailure(call, failure, Date.now(), Math.random()));
    }
    mustBeResponse(response);
    return this.#answered(call, url, response);
  }

  async #answered(call: number, url: string, response: Response): Promise<Step> {
    const upstream = this.#upstream;
    const { events } = this.#call;
    this.#response = response;
    const { status, headers } = response;
    const next = this.#told(upstream.onResponse(call, status, headers, Date.now(), Math.random()));
    if (events !== undefined) await this.#hooked(events.response(url, response, upstream));
    return next;
  }

  async wait({ call, url, duration }: Wait): Promise<Step> {
    const { events } = this.#call;
    discard(this.#response);
    let wait = duration;
    if (events !== undefined) {
      const until = Date.now() + duration;
      // Core may let a call wait more than once between two tries, and before the first.
      const isOfTry = this.#attempts > this.#reported;
      this.#reported = this.#attempts;
      await this.#hooked(events.wait(url, duration, isOfTry, this.#response?.status));
      // What the hook took is part of the wait.
      wait = Math.min(duration, Math.max(0, until - Date.now()));
    }
    await this.#deadline.wait(Math.max(0, Math.min(wait, this.#deadline.left)));
    return this.#deadline.aborted ? this.#giveUp(call) : this.#told(this.#upstream.onWaited(call, Date.now()));
  }

  async reject({ call, limit }: Rejected): Promise<Step> {
    const start = await readStart(this.#response!, limit, this.#deadline);
    if (this.#deadline.aborted) return this.#giveUp(call);
    this.#open = undefined;
    const { secrets } = this.#shared;
    throw errorOf(
      this.#counted(this.#upstream.error(call, start.text, Date.now())),
      undefined,
      wordsOf(this.#response!.headers, start, secrets()),
    );
  }

  /** Waits for a hook, as long as the call may still take. */
  async #hooked(told: Promise<void>): Promise<void> {
    const deadline = this.#deadline;
    deadline.limit(left(this.#call, this.#started));
    if ((await deadline.within(told)) !== undefined) return;
    throw deadline.aborted ? aborted(deadline.reason, this.#attempts, this.#shared) : hookTimeout(this.#attempts);
  }

  /** What the caller did wrong is no failure of the network, and no reason to try again. */
  async #mustBeSendable(error: unknown): Promise<void> {
    const { method, body, fault } = this.#call;
    const mine = fault?.();
    if (mine !== undefined) throw mine.error;
    const why = requestFault(error) ?? (await unreadable(body));
    if (why === undefined) return;
    const cause = redactCause(error, this.#shared.secrets());
    throw new TypeError(`${method}: the request cannot be sent as it is: ${scrub(why, this.#shared.secrets())}`, {
      cause,
    });
  }

  #giveUp(call: number): Step {
    this.#cause = this.#deadline.reason;
    return this.#told(this.#upstream.onFailure(call, Failure.Aborted, Date.now(), 0));
  }

  failed({ error }: Failed): AttentionError {
    // The rules know that there was no answer; why, only the runtime can tell.
    const isUntold = error.code === "connection";
    const known = isUntold
      ? (transportFault(this.#cause) ?? (this.#call.isOneShot ? OF_A_STREAM : undefined))
      : undefined;
    return errorOf({ ...this.#counted(error), ...known }, redactCause(this.#cause, this.#shared.secrets()));
  }

  /** Core counts the tries that it knows of. */
  #counted(facts: ErrorFacts): ErrorFacts {
    return this.#before === 0 ? facts : { ...facts, attempts: this.#before + facts.attempts };
  }

  succeed(): Attempted {
    const deadline = this.#deadline;
    // The timer of the last try is the call's own, unless tries have one of theirs.
    if (this.#call.attemptTimeout !== Infinity) deadline.limit(left(this.#call, this.#started));
    deadline.release();
    return { response: this.#response!, attempts: this.#attempts, deadline, secrets: this.#shared.secrets };
  }
}

/** The error of a caller who has given up. */
export function aborted(
  reason: unknown,
  attempts: number,
  { secrets }: Pick<SharedUpstream, "secrets">,
): AttentionError {
  return errorOfFailure(Failure.Aborted, attempts, redactCause(reason, secrets()));
}

function request(call: PreparedCall, authorization: string): RequestInit {
  // Not followed: the key must not travel to where a redirect points.
  const init: RequestInit = { method: call.method, headers: call.headers(authorization), redirect: "manual" };
  if (call.body !== undefined) {
    init.body = call.body;
    // Required for streams; TypeScript's DOM types do not know it.
    if (call.isOneShot) (init as { duplex?: "half" }).duplex = "half";
  }
  return init;
}
