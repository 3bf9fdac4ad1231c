/** Functions of the application around each call. */

import type { SharedUpstream } from "../credentials/shared-upstream.js";
import { errorOf } from "../errors/errors.js";
import { redactStart, wordsOf } from "../errors/words.js";
import { Action, type Send, scrub, Upstream } from "../runtime/rules.js";
import { Deadline } from "./deadline.js";
import { entering } from "./depth.js";
import { type Attempted, aborted, left, type PreparedCall } from "./driver.js";
import { readStart } from "./error-body.js";
import { discard, mustBeResponse } from "./foreign.js";
import { headerMap } from "./headers.js";
import type { Story } from "./story.js";

/** A call before it is sent. */
export interface MiddlewareRequest {
  /** The id in the call's events. */
  readonly callId: string;
  readonly method: string;
  /** The URL with its query. */
  readonly url: string;
  readonly operation: string | undefined;
  readonly pathTemplate: string | undefined;
  /** The headers without Authorization, which only the client knows; changes are sent. */
  readonly headers: Headers;
  readonly body: BodyInit | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * A function around a call. `next()` makes the call with all retries and waits, and resolves to the response or rejects
 * with the call's error. The call resolves to the response that the middleware returns, or fails with its exception.
 */
export type Middleware = (request: MiddlewareRequest, next: () => Promise<Response>) => Response | Promise<Response>;

const LATE = "a middleware of this client did not settle within the call's timeout: check it, or raise `timeout`";

const SENT =
  "a middleware called `next()` again, but the call's body is a stream, which is sent only once: pass a Blob";

/** The path below the base URL, with a leading slash. The given path may include the base URL. */
export function below(baseURL: string, path: string): string {
  const own = path.startsWith(baseURL) ? path.slice(baseURL.length) : path;
  return own.startsWith("/") ? own : `/${own}`;
}

/** A placeholder where no credential is sent. */
const NOBODY = "answered-by-a-middleware";

/** Makes a call by `make` through all middleware, the first one outermost. */
export class Onion {
  readonly #shared: SharedUpstream;
  readonly #call: PreparedCall;
  readonly #make: (call: PreparedCall) => Promise<Attempted>;
  readonly #headers: Headers;
  /** The result of each `next()` of the innermost middleware. */
  readonly #made: Attempted[] = [];
  #running: Promise<unknown> | undefined;
  #isOver = false;

  constructor(shared: SharedUpstream, call: PreparedCall, make: (call: PreparedCall) => Promise<Attempted>) {
    this.#shared = shared;
    this.#call = call;
    this.#make = make;
    const { authorization: _, ...headers } = call.headers("");
    this.#headers = new Headers(headers);
  }

  async through(middleware: readonly Middleware[], story: Story, started: number): Promise<Attempted> {
    const { method, path, query, body, signal } = this.#call;
    const { baseURL } = this.#shared;
    const { callId, described } = story;
    const [own = "", ...ofPath] = below(baseURL, path).split("?");
    // As core joins them: a path may have a query, to which the call's is added.
    const queries = [ofPath.join("?"), query].filter(Boolean).join("&");
    const url = `${baseURL}${own}${queries && `?${queries}`}`;
    // A URL that must be refused is refused here, before a middleware sees it.
    if (scrub(url, this.#shared.secrets()) !== url) return this.#make(this.#call);
    const request = { callId, method, url, ...described, headers: this.#headers, body, signal };
    const at = async (index: number): Promise<Response> => {
      const one = middleware[index];
      if (one === undefined) return this.#next();
      const response = await one(request as MiddlewareRequest, () => at(index + 1));
      mustBeResponse("a middleware", response, ": return the result of `next()`");
      return response;
    };
    const deadline = new Deadline(signal);
    deadline.limit(left(this.#call, started));
    try {
      const answer = entering(story.depth, () => at(0));
      return await this.#attempted(await this.#within(answer, deadline), deadline);
    } catch (error) {
      this.#giveUp();
      deadline.end();
      throw error;
    } finally {
      this.#isOver = true;
    }
  }

  /** The number of requests that were sent, by whichever `next()`, whatever it ended with. */
  get #attempts(): number {
    return this.#call.events?.attempt ?? 0;
  }

  /** Ends what `next()` resolved to, except `kept`. */
  #giveUp(kept?: Attempted): void {
    for (const one of this.#made) {
      if (one === kept) continue;
      discard(one.response);
      one.deadline.end();
    }
  }

  async #next(): Promise<Response> {
    if (this.#isOver) throw new TypeError("a middleware called `next()` when its call was over");
    if (this.#call.isOneShot && (this.#attempts > 0 || this.#running !== undefined)) throw new TypeError(SENT);
    const headers = headerMap(this.#headers, "a middleware's headers") as Record<string, string>;
    const call = {
      ...this.#call,
      before: this.#attempts,
      headers: (authorization: string) => ({ ...headers, authorization }),
    };
    // It may outlast its call, if the middleware does not wait for it.
    const shared = this.#shared.share();
    const made = this.#make(call);
    this.#running = made.catch(() => {});
    try {
      const attempted = await made;
      this.#made.push(attempted);
      // The call ended before.
      if (this.#isOver) this.#giveUp();
      return attempted.response;
    } finally {
      this.#running = undefined;
      shared.close();
    }
  }

  async #within(answer: Promise<Response>, deadline: Deadline): Promise<Response> {
    // It may still reject after nobody waits for it.
    answer.catch(() => {});
    let come = await deadline.within(answer);
    if (come === undefined && this.#running !== undefined) {
      // The call's own error, which arrives at the same time, is more precise.
      await this.#running;
      come = await Promise.race([
        answer.then((value) => ({ value })),
        new Promise<undefined>((resolve) => setTimeout(resolve, 0)),
      ]);
    }
    if (come !== undefined) return come.value;
    throw deadline.aborted
      ? aborted(deadline.reason, this.#attempts, this.#shared)
      : errorOf({ kind: "timeout", code: "middleware_timeout", message: LATE, attempts: this.#attempts });
  }

  /** The response, from the server or from a middleware. */
  async #attempted(response: Response, deadline: Deadline): Promise<Attempted> {
    if (response.bodyUsed)
      throw new TypeError(
        "a middleware read the body of the response that it returned: read `response.clone()` instead",
      );
    const made = this.#made.find((one) => one.response === response);
    if (made === undefined) await this.#judge(response, deadline);
    const last = made ?? this.#made.at(-1);
    // A response of the middleware's own may be made from one of these.
    if (made !== undefined) this.#giveUp(made);
    else for (const one of this.#made) if (one !== last) one.deadline.end();
    this.#made.length = 0;
    if (last === undefined) deadline.release();
    else deadline.end();
    return { deadline: last?.deadline ?? deadline, response, attempts: this.#attempts, secrets: this.#shared.secrets };
  }

  /**
   * Throws the error for a middleware's own response, by core's rules; a separate upstream keeps it out of core's
   * state.
   */
  async #judge(response: Response, deadline: Deadline): Promise<void> {
    const now = Date.now();
    const rules = new Upstream(undefined, NOBODY, undefined, true);
    try {
      const sent = rules.begin({ method: "GET", path: "/", maxRetries: 0 }, now, now) as Send;
      const step = rules.onResponse(sent.call, response.status, response.headers, now, 0);
      if (step.action !== Action.Rejected) return;
      const secrets = this.#shared.secrets();
      const start = redactStart(await readStart(response, step.limit, deadline), secrets);
      const facts = { ...rules.error(step.call, start.text, now), attempts: this.#attempts, diagnosis: undefined };
      throw errorOf(facts, undefined, wordsOf(response.headers, start, secrets));
    } finally {
      rules.free();
    }
  }
}
