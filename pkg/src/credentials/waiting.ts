/** How a call waits for credential functions, within its timeout. */

import { Deadline } from "../call/deadline.js";
import { aborted, left, type PreparedCall } from "../call/driver.js";
import { AttentionError, errorOf, withAttempts } from "../errors/errors.js";
import { dropsRequests } from "../runtime/environment.js";
import type { Question, Renewal } from "./renewal.js";
import type { SharedUpstream } from "./shared-upstream.js";

const TIMEOUT =
  "the function that provides the key took longer than the call's timeout: check the vault that it asks, raise " +
  "`timeout`, or make sure that it does not call this client";

/** Waits for credentials if there are none, or only expired ones. */
export async function credentials(shared: SharedUpstream, call: PreparedCall, started: number): Promise<void> {
  const { renewal } = shared;
  const deadline = new Deadline(call.signal);
  deadline.limit(left(call, started));
  const { taken } = renewal;
  try {
    // The result is used, however short its remaining lifetime.
    while (renewal.freshness === "expired" && renewal.taken === taken) {
      await wait(renewal, renewal.question(), deadline);
      if (deadline.aborted || deadline.timedOut) throw givenUp(deadline, shared);
    }
  } catch (error) {
    throw counted(error, call.before ?? 0);
  } finally {
    deadline.end();
  }
}

/** A call was refused with that generation's credentials: waits for new ones, and returns whether there are any. */
export async function renewed(
  shared: SharedUpstream,
  call: PreparedCall,
  started: number,
  generation: number,
  refusal: AttentionError,
): Promise<boolean> {
  if (generation !== shared.generation) return true;
  const { renewal } = shared;
  const { taken } = renewal;
  const deadline = new Deadline(call.signal);
  deadline.limit(left(call, started));
  try {
    while (renewal.taken === taken) {
      const question = renewal.afterRefusal();
      // Already requested for another refused call.
      if (question === undefined && !renewal.isDiscarded) return false;
      await wait(renewal, question, deadline);
      if (generation !== shared.generation) return true;
      if (deadline.aborted || deadline.timedOut) throw givenUp(deadline, shared, refusal);
    }
    return false;
  } catch (error) {
    throw counted(error, refusal.attempts);
  } finally {
    deadline.end();
  }
}

/** Discards the credentials and waits this many milliseconds for new ones. Returns whether they changed. */
export async function refreshed(shared: SharedUpstream, timeout: number): Promise<boolean> {
  const { generation, renewal } = shared;
  const { taken } = renewal;
  const deadline = new Deadline(undefined);
  deadline.limit(timeout);
  renewal.discard();
  try {
    while (renewal.taken === taken) {
      await wait(renewal, renewal.question(), deadline);
      if (deadline.timedOut) throw givenUp(deadline, shared);
    }
    return shared.generation !== generation;
  } finally {
    deadline.end();
  }
}

/** Waits for a result, a failure, the end of the call, or the end of the pause. */
async function wait(renewal: Renewal, question: Question | undefined, deadline: Deadline): Promise<void> {
  const until = renewal.until(question);
  if (dropsRequests()) return look(renewal, question, until, deadline);
  let wake: (failed?: { readonly error: unknown }) => void = () => {};
  const news = new Promise<void>((resolve, reject) => {
    wake = (failed) => (failed === undefined ? resolve() : reject(failed.error));
  });
  const timer = setTimeout(() => {
    renewal.reached(until);
    wake();
  }, renewal.left(until));
  renewal.listeners.add(wake);
  try {
    await Promise.race([question?.answer ?? news, news, deadline.idle()]);
  } finally {
    clearTimeout(timer);
    renewal.listeners.delete(wake);
    deadline.wake();
  }
}

const LOOK = 20;

/** The same where a request may not wait for a promise of another request, which may be gone. */
async function look(
  renewal: Renewal,
  question: Question | undefined,
  until: number,
  deadline: Deadline,
): Promise<void> {
  const { taken } = renewal;
  while (renewal.left(until) > 0 && renewal.taken === taken && !deadline.aborted && !deadline.timedOut) {
    if (question?.failed !== undefined) throw question.failed.error;
    if (question?.isOver) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/** An error that calls may share, with the number of requests that this one has sent. */
function counted(error: unknown, attempts: number): unknown {
  if (!(error instanceof AttentionError) || error.attempts === attempts) return error;
  return withAttempts(error, attempts);
}

function givenUp(deadline: Deadline, shared: SharedUpstream, refusal?: AttentionError): AttentionError {
  if (deadline.aborted) return aborted(deadline.reason, 0, shared);
  // If each request fails only after others have begun, no call is told.
  const cause = refusal ?? shared.renewal.failure;
  return errorOf({ kind: "timeout", code: "key_provider_timeout", message: TIMEOUT, attempts: 0 }, cause);
}
