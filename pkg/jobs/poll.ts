/** Waits for work that the API does in the background. */

import { quoted, type Redact } from "../src/api/storage.js";
import * as check from "../src/call/check.js";
import { Deadline } from "../src/call/deadline.js";
import { hookTimeout } from "../src/call/driver.js";
import type { CallOptions } from "../src/call/options.js";
import { named } from "../src/call/values.js";
import { AttentionError, type ErrorKind, errorOf } from "../src/errors/errors.js";
import { stopwatch } from "../src/runtime/steady-clock.js";

/** The progress at each poll. */
export interface WaitProgress {
  readonly id: string;
  /** The status from the API; undefined without one, or if the poll failed. */
  readonly status: string | undefined;
  /** Milliseconds since the wait began. */
  readonly elapsed: number;
  /** Why the poll failed; it is repeated. */
  readonly error?: AttentionError;
}

/** The options of waiting. */
export interface WaitOptions extends Omit<CallOptions, "query" | "body" | "idempotencyKey" | "idempotent"> {
  /** The timeout of the whole wait, in milliseconds. Default: 3,600,000, an hour. Infinity means no timeout. */
  readonly timeout?: number | undefined;
  /** Milliseconds between two polls. Default: from 5,000, growing to 60,000. */
  readonly pollInterval?: number | undefined;
  /** Receives the result of each poll, and is awaited. */
  readonly onProgress?: ((progress: WaitProgress) => unknown) | undefined;
}

/** The awaited work. */
export interface Wait<T> {
  /** The method's name for messages, such as `conversations.waitUntil`. */
  readonly owner: string;
  /** The kind of the identified thing. */
  readonly what: string;
  readonly id: string;
  /** Removes the client's credentials. */
  readonly redact: Redact;
  readonly look: (options: CallOptions) => PromiseLike<T>;
  /** The status, unchecked; servers also write null. */
  readonly statusOf: (answer: T) => unknown;
  readonly isWanted: (status: string) => boolean;
  /** Whether a status is final. */
  readonly isEnd: (status: string) => boolean;
}

const HOUR = 3_600_000;

/** The most characters of a status in a message; it is the server's. */
const MOST_STATUS = 100;

/** The most consecutive polls that may fail, each after its own retries, before the wait fails. */
const MOST_FAILURES = 5;

/** Errors that may not occur at the next poll. */
const PASSING: ReadonlySet<ErrorKind> = new Set(["connection", "timeout", "rate_limited", "server"]);

/** Polls until the status is a wanted one, and resolves to the last response. */
export async function poll<T>(wait: Wait<T>, options: WaitOptions): Promise<T> {
  const { owner, what, id, redact } = wait;
  const { timeout = HOUR, pollInterval, onProgress, ...call } = check.plain(options);
  const elapsed = stopwatch();
  const left = () => timeout - elapsed();
  let last: string | undefined;
  for (let looks = 0, failures = 0; ; looks++) {
    let error: AttentionError | undefined;
    try {
      const answer = await wait.look({ ...call, timeout: Math.min(60_000, Math.max(1, left())) });
      failures = 0;
      if (typeof answer !== "object" || answer === null) throw unreadable(what, answer);
      const status = wait.statusOf(answer);
      last = typeof status === "string" ? status : undefined;
      if (last !== undefined && wait.isWanted(last)) return answer;
      if (last !== undefined && wait.isEnd(last)) throw ended(what, id, last);
    } catch (thrown) {
      if (!(thrown instanceof AttentionError) || !PASSING.has(thrown.kind) || thrown.code === ENDED) throw thrown;
      if (++failures >= MOST_FAILURES) throw thrown;
      error = thrown;
    }
    const seen = { id, status: error ? undefined : last, elapsed: elapsed(), ...(error && { error }) };
    // Jitter, so that waits that began together do not poll together.
    const pause = pollInterval ?? Math.min(60_000, 5_000 * 1.5 ** looks) * (0.9 + Math.random() / 5);
    const deadline = new Deadline(call.signal);
    try {
      deadline.limit(left());
      const told = (async () => onProgress?.(seen))();
      const isTold = (await deadline.within(told)) !== undefined;
      if (!isTold && !deadline.aborted) throw hookTimeout(1);
      await deadline.wait(Math.min(Math.max(error?.retryAfter ?? 0, pause), Math.max(0, left())));
    } finally {
      deadline.end();
    }
    // The next look, which is not begun for a caller who is gone, says so without the credentials.
    if (left() <= 0 && !deadline.aborted)
      throw timedOut(owner, what, id, last && quoted(last, redact).slice(0, MOST_STATUS));
  }
}

const ENDED = "job_ended";

function unreadable(what: string, answer: unknown): AttentionError {
  const message = `the response is ${named(answer)}, not a ${what}`;
  return errorOf({ kind: "protocol", code: "answer_unreadable", message, attempts: 1 });
}

function ended(what: string, id: string, status: string): AttentionError {
  const message = `${what} ${id} ended with the final status ${status}`;
  return errorOf({ kind: "server", code: ENDED, message, attempts: 1 });
}

function timedOut(owner: string, what: string, id: string, last: string | undefined): AttentionError {
  const status = last === undefined ? "has no status yet" : `is still ${last}`;
  const message = `${what} ${id} ${status} after the timeout of ${owner}: wait again, or raise \`timeout\``;
  return errorOf({ kind: "timeout", code: "job_timeout", message, attempts: 1 });
}

/** Throws a TypeError that names an invalid option of a wait. */
export function checkWait(owner: string, options: unknown): void {
  check.check(owner, "options", options, check.members);
  const { timeout, pollInterval, onProgress } = (options ?? {}) as WaitOptions;
  check.check(owner, "timeout", timeout, check.milliseconds);
  check.check(owner, "pollInterval", pollInterval, check.milliseconds);
  check.check(owner, "onProgress", onProgress, check.call);
}
