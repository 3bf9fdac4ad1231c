/**
 * The IO of one call. What to send, when, and whether again is decided by core;
 * this loop does as it is told and reports what came of it.
 */

import type { SharedUpstream } from "../credentials/shared-upstream.js";
import { redactCause } from "../errors/cause.js";
import { type AttentionError, errorOf, errorOfJson, throwAsAttentionError } from "../errors/errors.js";
import { Deadline } from "./deadline.js";
import type { Events } from "./events.js";

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

const QUEUE_TIMEOUT =
  "other calls of this client took so long that this one was not sent within its timeout: " +
  "raise `timeout` or `maxConcurrency`, or start fewer calls at once";

const KEY_TIMEOUT =
  "the function that gives the key took longer than the call may: look at the vault it asks, or raise `timeout`";

const NOTHING = new Uint8Array(0);

/** One call, ready to be made. */
export interface PreparedCall {
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
export interface Attempted {
  readonly response: Response;
  readonly attempts: number;
  /** Still running when the body is to be read within the call's timeout. */
  readonly deadline: Deadline;
  /** What takes credentials out of foreign errors. */
  readonly secrets: () => readonly string[];
}

/** Waits for what a key's provider gives, as long as the call may still take. */
export async function credentials<T>(
  shared: SharedUpstream,
  given: Promise<T>,
  call: PreparedCall,
  started: number,
  cause?: AttentionError,
): Promise<T> {
  const deadline = new Deadline(call.signal);
  deadline.limit(left(call, started));
  try {
    const come = await Promise.race([given.then((value) => ({ value })), deadline.idle()]);
    if (come !== undefined) return come.value;
    const attempts = cause?.attempts ?? 0;
    throw deadline.aborted
      ? aborted(deadline.reason, attempts, shared)
      : errorOf({ kind: "timeout", code: "key_provider_timeout", message: KEY_TIMEOUT, attempts }, cause);
  } finally {
    deadline.wake();
    deadline.end();
  }
}

/** Milliseconds left of a call's timeout; negative is for ever. */
function left({ timeout }: PreparedCall, started: number): number {
  return timeout < 0 ? -1 : Math.max(0, started + timeout - Date.now());
}

/**
 * Makes the call, which began at `started`. Whatever it fails with is an
 * `AttentionError`, or what a hook threw.
 */
export async function exchange(shared: SharedUpstream, call: PreparedCall, started: number): Promise<Attempted> {
  const { upstream } = shared;
  const deadline = new Deadline(call.signal);
  let attempts = 0;
  // Nothing may be begun for a caller who is gone.
  if (deadline.aborted) throw aborted(deadline.reason, attempts, shared);
  // One timer for the line and the tries: hundreds that each measure what is left would all differ, which timers
  // are not made for.
  deadline.limit(left(call, started));
  if (!shared.semaphore.take(call.maxConcurrency) && !(await shared.semaphore.wait(call.maxConcurrency, deadline))) {
    deadline.end();
    throw deadline.aborted
      ? aborted(deadline.reason, attempts, shared)
      : errorOf({ kind: "timeout", code: "queue_timeout", message: QUEUE_TIMEOUT, attempts });
  }

  let number = -1;
  let isOpen = false;
  let response: Response | undefined;
  let cause: unknown;
  try {
    number = begin(shared, call, started);
    isOpen = true;
    const url = upstream.url();
    for (let action = upstream.action(); ; ) {
      if (action === SEND) {
        const init = request(
          call,
          shared.authorization(upstream.slot()),
          deadline.begin(upstream.timeoutMillis(), call.attemptTimeout >= 0),
        );
        discard(response);
        response = cause = undefined;
        attempts++;
        call.events?.request(call.method, url, init, attempts);
        try {
          response = await call.fetch(url, init);
        } catch (error) {
          cause = deadline.aborted ? deadline.reason : error;
          const failure = deadline.aborted ? ABORTED : deadline.timedOut ? TIMEOUT : CONNECTION;
          action = upstream.onFailure(number, failure, Date.now(), Math.random());
          continue;
        }
        action = upstream.onResponse(number, response.status, response.headers, Date.now(), Math.random());
        call.events?.response(call.method, url, response, attempts, upstream);
      } else if (action === WAIT) {
        const millis = upstream.waitMillis();
        discard(response);
        call.events?.retry(call.method, url, attempts, millis, response?.status);
        await deadline.wait(millis);
        if (deadline.aborted) {
          cause = deadline.reason;
          action = upstream.onFailure(number, ABORTED, Date.now(), 0);
        } else {
          action = upstream.onWaited(number, Date.now());
        }
      } else if (action === SUCCESS) {
        isOpen = false;
        // The timer of the last try is the call's own, unless tries have one of theirs.
        if (call.attemptTimeout >= 0) deadline.limit(left(call, started));
        deadline.release();
        return { response: response!, attempts, deadline, secrets: shared.secrets };
      } else if (action === REJECTED) {
        const body = await readStart(response!);
        if (deadline.aborted) {
          cause = deadline.reason;
          action = upstream.onFailure(number, ABORTED, Date.now(), 0);
          continue;
        }
        isOpen = false;
        throw errorOfJson(upstream.error(number, body, Date.now()));
      } else {
        isOpen = false;
        throw errorOfJson(upstream.error(number, NOTHING, Date.now()), redactCause(cause, shared.secrets()));
      }
    }
  } catch (error) {
    // A hook's own error: the call is over for core, too.
    if (isOpen) {
      discard(response);
      upstream.onFailure(number, ABORTED, Date.now(), 0);
      upstream.error(number, NOTHING, Date.now());
    }
    deadline.end();
    throw error;
  } finally {
    shared.end();
  }
}

/** Begins a call, whose turn it is, with what is left of its timeout. */
function begin({ upstream }: SharedUpstream, call: PreparedCall, started: number): number {
  const { method, path, query, flags, maxRetries, attemptTimeout } = call;
  return throwAsAttentionError(() =>
    upstream.begin(method, path, query, flags, maxRetries, left(call, started), attemptTimeout, Date.now()),
  );
}

/** The error of a caller who has given up. */
export function aborted(
  reason: unknown,
  attempts: number,
  { secrets }: Pick<SharedUpstream, "secrets">,
): AttentionError {
  const message = "the call was aborted by its caller";
  return errorOf({ kind: "aborted", code: "aborted", message, attempts }, redactCause(reason, secrets()));
}

function request(call: PreparedCall, authorization: string, signal: AbortSignal | undefined): RequestInit {
  // Not followed: the key must not travel to where a redirect points.
  const init: RequestInit = { method: call.method, headers: call.headers(authorization), redirect: "manual" };
  if (signal !== undefined) init.signal = signal;
  if (call.body !== undefined) {
    init.body = call.body;
    // Required for streams; TypeScript's DOM types do not know it.
    if ((call.flags & ONE_SHOT) !== 0) (init as { duplex?: "half" }).duplex = "half";
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
