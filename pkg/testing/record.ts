/** What a mock received, kept for tests to look at. */

import type { MockGuess } from "./guesses.js";
import type { MockRefusal } from "./keys.js";

/** One call that reached the mock. Secrets stand in it as received: its keys are fake. */
export interface MockRequest {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  /** In order, duplicates kept. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** As the Fetch API gives them: names in lower case, sorted, equal names joined. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The body's text, up to the bound of `recordBodyBytes`; null when there was none. */
  readonly body: string | null;
  /** True when the body went on after what `body` holds. */
  readonly bodyTruncated: boolean;
  /** What the answer says in `x-request-id`. */
  readonly requestId: string;
  /** The answer's status; null while there is none, or when the call failed on the wire. */
  readonly status: number | null;
  /** Why the key was refused, when the answer is the mock's own 401. */
  readonly refusal: MockRefusal | null;
  /** What of the answer no public page shows. Empty for answers that the test itself asked for, by faults. */
  readonly guesses: readonly MockGuess[];
  /** Parameters that no public page knows; the API's way with them is not known, so they are ignored. */
  readonly unknownParameters: readonly string[];
}

/** The bounded memory of a mock. */
export class Recorder {
  private entries: MockRequest[] = [];
  private readonly bound: number;

  constructor(bound: number) {
    this.bound = bound;
  }

  get requests(): readonly MockRequest[] {
    return this.entries;
  }

  /** Keeps the entry; the caller goes on filling it in. */
  add(entry: MockRequest): void {
    this.entries.push(entry);
    if (this.entries.length > this.bound) this.entries.shift();
  }

  clear(): void {
    this.entries = [];
  }
}

/** A body of which the beginning was read and the rest was not. */
export interface Opened {
  /** The text of the beginning; null when there is no body. */
  readonly text: string | null;
  readonly truncated: boolean;
  /** The whole body again, the beginning put back in front. */
  readonly stream: ReadableStream<Uint8Array> | null;
}

/** Reads at most about `bound` bytes ahead, so that a body of any size can be recorded and still streams. */
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
