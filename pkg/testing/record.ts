/** The requests that a mock received, recorded for tests. */

import type { MockGuess } from "./guesses.js";
import type { MockRefusal } from "./keys.js";

/** One call that reached the mock. Credentials are recorded as received, since a mock's keys are fake. */
export interface MockRequest {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  /** In order, with duplicates. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** As in the Fetch API: names in lower case, sorted, equal names joined. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The body's text, up to `recordBodyBytes`; null without a body. */
  readonly body: string | null;
  /** Whether the body was longer than `body`. */
  readonly bodyTruncated: boolean;
  /** The `x-request-id` of the response. */
  readonly requestId: string;
  /** The response's status; null while there is none, or after a network error. */
  readonly status: number | null;
  /** Why the key was refused, if the response is the mock's own 401. */
  readonly refusal: MockRefusal | null;
  /** The undocumented parts of the response. Empty for responses that the test set by faults. */
  readonly guesses: readonly MockGuess[];
  /** Undocumented parameters. How the API treats them is unknown; the mock ignores them. */
  readonly unknownParameters: readonly string[];
}

/** The bounded list of a mock's calls. */
export class Recorder {
  private entries: MockRequest[] = [];
  private readonly bound: number;

  constructor(bound: number) {
    this.bound = bound;
  }

  get requests(): readonly MockRequest[] {
    return this.entries;
  }

  /** Adds the entry, which the caller completes later. */
  add(entry: MockRequest): void {
    this.entries.push(entry);
    if (this.entries.length > this.bound) this.entries.shift();
  }

  clear(): void {
    this.entries = [];
  }
}

/** A body of which only the beginning was read. */
export interface Opened {
  /** The text of the beginning; null without a body. */
  readonly text: string | null;
  readonly truncated: boolean;
  /** The whole body, including the beginning. */
  readonly stream: ReadableStream<Uint8Array> | null;
}

/** Reads about `bound` bytes ahead, so that a body of any size can be recorded and still streams. */
export async function open(body: ReadableStream<Uint8Array> | null, bound: number): Promise<Opened> {
  if (body === null) return { text: null, truncated: false, stream: null };
  const reader = body.getReader();
  const ahead: Uint8Array[] = [];
  let held = 0;
  let ended = false;
  while (held <= bound && !ended) {
    const { done, value } = await reader.read();
    ended = done;
    if (value !== undefined) {
      ahead.push(value);
      held += value.length;
    }
  }
  return { text: decode(ahead, bound), truncated: held > bound, stream: rejoin(ahead, reader, ended) };
}

function decode(chunks: readonly Uint8Array[], bound: number): string {
  const decoder = new TextDecoder();
  let text = "";
  let left = bound;
  for (const chunk of chunks) {
    text += decoder.decode(chunk.subarray(0, left), { stream: true });
    left -= Math.min(left, chunk.length);
  }
  return text + decoder.decode();
}

function rejoin(
  ahead: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ended: boolean,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const first = ahead.shift();
        if (first !== undefined) return controller.enqueue(first);
        if (ended) return controller.close();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
