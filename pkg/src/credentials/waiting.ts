/** How a call waits for what functions give: as long as the call may take, and no longer. */

import { Deadline } from "../call/deadline.js";
import { aborted, left, type PreparedCall } from "../call/driver.js";
import { type AttentionError, errorOf } from "../errors/errors.js";
import { dropsRequests } from "../runtime/environment.js";
import type { Question, Renewal } from "./renewal.js";
import type { SharedUpstream } from "./shared-upstream.js";

const TIMEOUT =
  "the function that gives the key took longer than the call may: look at the vault it asks, raise `timeout`, " +
  "or see whether it calls this client, which waits for it";

/** Waits for the credentials of a call that has none, or none that are good any more. */
export async function credentials(shared: SharedUpstream, call: PreparedCall, started: number): Promise<void> {
  const { renewal } = shared;
  const deadline = new Deadline(call.signal);
  deadline.limit(left(call, started));
  const { taken } = renewal;
  try {
    // However short the life of an answer is by now: it is what there is.
    while (renewal.freshness === "expired" && renewal.taken === taken) {
      await wait(renewal, renewal.question(), deadline);
      if (deadline.aborted || deadline.timedOut) throw givenUp(deadline, shared);
    }
  } finally {
    deadline.end();
  }
}

/** A call was refused with the credentials of that generation: whether there are others, for which it waits. */
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
      // Asked a moment ago, for another call that was refused.
      if (question === undefined) return false;
      await wait(renewal, question, deadline);
      if (generation !== shared.generation) return true;
      if (deadline.aborted || deadline.timedOut) throw givenUp(deadline, shared, refusal);
    }
    return false;
  } finally {
    deadline.end();
  }
}

/** Gives up the credentials that are there, and waits for others, for so many milliseconds. Whether they changed. */
export async function refreshed(shared: SharedUpstream, timeout: number): Promise<boolean> {
  const { generation } = shared;
  const deadline = new Deadline(undefined);
  deadline.limit(timeout);
  try {
    if ((await deadline.within(shared.renewal.anew().answer)) === undefined) throw givenUp(deadline, shared);
    return shared.generation !== generation;
  } finally {
    deadline.end();
  }
}

/** Until an answer counts, the question fails, the call is over, or there may be another question. */
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

/** The same where a request may not wait for a promise that another one settles, and that one may be gone. */
async function look(
  renewal: Renewal,
  question: Question | undefined,
  until: number,
  deadline: Deadline,
): Promise<void> {
  const { taken } = renewal;
  while (renewal.left(until) > 0 && renewal.taken === taken && !deadline.aborted && !deadline.timedOut) {
    if (question?.failed !== undefined) throw question.failed.error;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

function givenUp(deadline: Deadline, shared: SharedUpstream, refusal?: AttentionError): AttentionError {
  const attempts = refusal?.attempts ?? 0;
  if (deadline.aborted) return aborted(deadline.reason, attempts, shared);
  return errorOf({ kind: "timeout", code: "key_provider_timeout", message: TIMEOUT, attempts }, refusal);
}
