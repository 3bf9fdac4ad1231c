/** The result of every call. */

import { ifHarmless } from "../errors/echo.js";
import { requestId } from "../runtime/rules.js";
import { readAnswer } from "./answer.js";
import type { Attempted } from "./driver.js";

/** The parsed body together with its response. */
export interface WithResponse<T> {
  readonly data: T;
  /** The response; its body has been read. */
  readonly response: Response;
  /** The server's id of this exchange. */
  readonly requestId: string | undefined;
  /** The number of requests that were sent. */
  readonly attempts: number;
}

/** The error is as Promise has it, so that handlers written for any promise compile. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type OnFailed<F> = (error: any) => F | PromiseLike<F>;

/**
 * A promise of the response's content: JSON as its value, text as a string, an
 * empty body as undefined, anything else as a Blob.
 *
 * The request is sent at once. The body is read only when the first handler is
 * attached, so that `asResponse` can return it unread.
 */
export class APIPromise<T> implements Promise<T> {
  readonly #attempted: Promise<Attempted>;
  #data: Promise<T> | undefined;

  /** Made by the client. */
  constructor(attempted: Promise<Attempted>) {
    this.#attempted = attempted;
  }

  get [Symbol.toStringTag](): string {
    return "APIPromise";
  }

  // biome-ignore lint/suspicious/noThenProperty: it implements Promise.
  then<R = T, F = never>(
    onDone?: ((data: T) => R | PromiseLike<R>) | null,
    onFailed?: OnFailed<F> | null,
  ): Promise<R | F> {
    return this.#read().then(onDone, onFailed);
  }

  catch<F = never>(onFailed?: OnFailed<F> | null): Promise<T | F> {
    return this.#read().catch(onFailed);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#read().finally(onEnd);
  }

  /**
   * The response with an unread body. Rejects for an error response. The call's signal still aborts the body; its
   * timeout does not.
   */
  async asResponse(): Promise<Response> {
    const attempted = await this.#attempted;
    const { response, deadline, story } = attempted;
    deadline.handOver(response.body);
    story?.succeed(attempted);
    return response;
  }

  /** The content together with the response. */
  async withResponse(): Promise<WithResponse<T>> {
    const data = await this.#read();
    const { response, attempts, secrets } = await this.#attempted;
    return { data, response, requestId: ifHarmless(requestId(response.headers), secrets()), attempts };
  }

  #read(): Promise<T> {
    this.#data ??= read(this.#attempted) as Promise<T>;
    return this.#data;
  }
}

async function read(pending: Promise<Attempted>): Promise<unknown> {
  const attempted = await pending;
  const answer = readAnswer(attempted);
  return await (attempted.story === undefined ? answer : attempted.story.read(answer, attempted));
}
