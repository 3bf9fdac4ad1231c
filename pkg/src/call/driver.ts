/**
 * The IO of one call. What to send, when, and whether again is decided by core;
 * this loop does as it is told and reports what came of it.
 */

import type { Door } from "../credentials/door.js";
import { clean } from "../errors/cause.js";
import { type AttentionError, errorOf, errorOfJson, explained } from "../errors/errors.js";
import type { Events } from "./events.js";
import { Patience } from "./patience.js";

/** The actions of the binding. */
const SEND = 0;
const WAIT = 1;
const SUCCESS = 2;
const REJECTED = 3;

/** The failures of the binding. */
const CONNECTION = 0;
const TIMEOUT = 1;
const ABORTED = 2;

/** Bits of the binding's flags. */
export const IDEMPOTENT = 1;
export const ONE_SHOT = 2;
export const NOT_IDEMPOTENT = 4;

/** As core's own limit: more of an error body than this is not looked at. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;

const QUEUE_TIMEOUT = "other calls of this client took so long that this one was not sent within its timeout: raise `timeout` or `maxConcurrency`, or start fewer calls at once";

const KEY_TIMEOUT = "the function that gives the key took longer than the call may: look at the vault it asks, or raise `timeout`";

const NOTHING = new Uint8Array(0);

/** One call, ready to be made. */
export interface Plan {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly flags: number;
  readonly maxRetries: number;
  /** So many calls at once, this one included. */
  readonly maxConcurrency: number;
  /** Milliseconds; negative is for ever. As for the next one. */
  readonly timeout: number;
  readonly attemptTimeout: number;
  readonly signal: AbortSignal | undefined;
  readonly body: BodyInit | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** The headers with the credentials of a place; by a function, so that they can be kept. */
  readonly headers: (authorization: string) => Record<string, string>;
  readonly events: Events | undefined;
}

/** A response that core calls a success, its body unread. */
export interface Exchange {
  readonly response: Response;
  readonly attempts: number;
  /** Still running when the body is to be read within the call's timeout. */
  readonly patience: Patience;
  /** What takes credentials out of foreign errors. */
  readonly secrets: () => readonly string[];
}

/** Waits for what a key's provider gives, as long as the call may still take. */
export async function credentials<T>(door: Door, given: Promise<T>, plan: Plan, started: number, cause?: AttentionError): Promise<T> {
  const patience = new Patience(plan.signal);
  patience.limit(left(plan, started));
  try {
    const come = await Promise.race([given.then((value) => ({ value })), patience.idle()]);
    if (come !== undefined) return come.value;
    const attempts = cause?.attempts ?? 0;
    throw patience.aborted ? aborted(patience.reason, attempts, door) : errorOf({ kind: "timeout", code: "key_provider_timeout", message: KEY_TIMEOUT, attempts }, cause);
  } finally {
    patience.wake();
    patience.end();
  }
}

/** Milliseconds left of a call's timeout; negative is for ever. */
function left({ timeout }: Plan, started: number): number {
  return timeout < 0 ? -1 : Math.max(0, started + timeout - Date.now());
}

/**
 * Makes the call, which began at `started`. Whatever it fails with is an
 * `AttentionError`, or what a hook threw.
 */
export async function exchange(door: Door, plan: Plan, started: number): Promise<Exchange> {
  const { upstream } = door;
  const patience = new Patience(plan.signal);
  let attempts = 0;
  // Nothing may be begun for a caller who is gone.
  if (patience.aborted) throw aborted(patience.reason, attempts, door);
  // One timer for the line and the tries: hundreds that each measure what is left would all differ, which timers are not made for.
  patience.limit(left(plan, started));
  if (!door.turns.take(plan.maxConcurrency) && !(await door.turns.wait(plan.maxConcurrency, patience))) {
    patience.end();
    throw patience.aborted ? aborted(patience.reason, attempts, door) : errorOf({ kind: "timeout", code: "queue_timeout", message: QUEUE_TIMEOUT, attempts });
  }

  let number = -1;
  let isOpen = false;
  let response: Response | undefined;
  let cause: unknown;
  try {
    number = begin(door, plan, started);
    isOpen = true;
    const url = upstream.url();
    for (let action = upstream.action(); ; ) {
      if (action === SEND) {
        const init = request(plan, door.authorization(upstream.slot()), patience.begin(upstream.timeoutMillis(), plan.attemptTimeout >= 0));
        discard(response);
        response = cause = undefined;
        attempts++;
        plan.events?.request(plan.method, url, init, attempts);
        try {
          response = await plan.fetch(url, init);
        } catch (error) {
          cause = patience.aborted ? patience.reason : error;
          const failure = patience.aborted ? ABORTED : patience.timedOut ? TIMEOUT : CONNECTION;
          action = upstream.onFailure(number, failure, Date.now(), Math.random());
          continue;
        }
        action = upstream.onResponse(number, response.status, response.headers, Date.now(), Math.random());
        plan.events?.response(plan.method, url, response, attempts, upstream);
      } else if (action === WAIT) {
        const millis = upstream.waitMillis();
        discard(response);
        plan.events?.retry(plan.method, url, attempts, millis, response?.status);
        await patience.wait(millis);
        if (patience.aborted) {
          cause = patience.reason;
          action = upstream.onFailure(number, ABORTED, Date.now(), 0);
        } else {
          action = upstream.onWaited(number, Date.now());
        }
      } else if (action === SUCCESS) {
        isOpen = false;
        // The timer of the last try is the call's own, unless tries have one of theirs.
        if (plan.attemptTimeout >= 0) patience.limit(left(plan, started));
        patience.release();
        return { response: response!, attempts, patience, secrets: door.secrets };
      } else if (action === REJECTED) {
        const body = await readStart(response!);
        if (patience.aborted) {
          cause = patience.reason;
          action = upstream.onFailure(number, ABORTED, Date.now(), 0);
          continue;
        }
        isOpen = false;
        throw errorOfJson(upstream.error(number, body, Date.now()));
      } else {
        isOpen = false;
        throw errorOfJson(upstream.error(number, NOTHING, Date.now()), clean(cause, door.secrets()));
      }
    }
  } catch (error) {
    // A hook's own error: the call is over for core, too.
    if (isOpen) {
      discard(response);
      upstream.onFailure(number, ABORTED, Date.now(), 0);
      upstream.error(number, NOTHING, Date.now());
    }
    patience.end();
    throw error;
  } finally {
    door.end();
  }
}

/** Begins a call, whose turn it is, with what is left of its timeout. */
function begin({ upstream }: Door, plan: Plan, started: number): number {
  const { method, path, query, flags, maxRetries, attemptTimeout } = plan;
  return explained(() => upstream.begin(method, path, query, flags, maxRetries, left(plan, started), attemptTimeout, Date.now()));
}

/** The error of a caller who has given up. */
export function aborted(reason: unknown, attempts: number, { secrets }: Pick<Door, "secrets">): AttentionError {
  const message = "the call was aborted by its caller";
  return errorOf({ kind: "aborted", code: "aborted", message, attempts }, clean(reason, secrets()));
}

function request(plan: Plan, authorization: string, signal: AbortSignal | undefined): RequestInit {
  // Not followed: the key must not travel to where a redirect points.
  const init: RequestInit = { method: plan.method, headers: plan.headers(authorization), redirect: "manual" };
  if (signal !== undefined) init.signal = signal;
  if (plan.body !== undefined) {
    init.body = plan.body;
    // Required for streams; TypeScript's DOM types do not know it.
    if ((plan.flags & ONE_SHOT) !== 0) (init as { duplex?: "half" }).duplex = "half";
  }
  return init;
}

/** Gives up a body, so that its connection is free again. */
function discard(response: Response | undefined): void {
  // A body that is broken or being read by a hook is nobody's loss here.
  if (response?.body && !response.bodyUsed) response.body.cancel().catch(() => {});
}

/** The start of an error's body; as much as came, when it breaks off. */
async function readStart(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return NOTHING;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < MAX_ERROR_BODY_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      length += value.length;
    }
    reader.cancel().catch(() => {});
  } catch {
    // What was read has to do; the status alone says the most.
  }
  const [only] = chunks;
  if (chunks.length === 1) return only!.subarray(0, MAX_ERROR_BODY_BYTES);
  const whole = new Uint8Array(Math.min(length, MAX_ERROR_BODY_BYTES));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk.subarray(0, whole.length - at), at);
    at += Math.min(chunk.length, whole.length - at);
  }
  return whole;
}
