/** Faulty bodies and endless bodies, all of them streamed. */

/** The body type of a `Response`. */
type Bytes = Uint8Array<ArrayBuffer>;

/** Resolves after this many milliseconds, or rejects with the reason of a signal that fires first. */
export type Wait = (ms: number, signal?: AbortSignal) => Promise<void>;

const CHUNK = 64 * 1024;
const FLUSH_MS = 20;

/** The real timer, saved before a test fakes timers: a server's flushing is not part of the test's time. */
const unfaked = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

/** `size` zero bytes, produced as fast as they are read. */
export function zeros(size: number): ReadableStream<Bytes> {
  // One buffer for all chunks, because readers of a plain stream do not write into it.
  const chunk = new Uint8Array(Math.min(size, CHUNK));
  let left = size;
  return new ReadableStream<Bytes>(
    {
      pull(controller) {
        if (left > 0) controller.enqueue(left < chunk.length ? chunk.subarray(0, left) : chunk);
        left -= Math.min(left, chunk.length);
        if (left === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The same bytes in chunks of `size`, with a delay before each. */
export function drip(body: ReadableStream<Bytes>, size: number, ms: number, pause: Wait): ReadableStream<Bytes> {
  const reader = body.getReader();
  let rest = new Uint8Array(0);
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        while (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          rest = new Uint8Array(value);
        }
        await pause(ms);
        controller.enqueue(rest.subarray(0, size));
        rest = rest.subarray(size);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The first `size` bytes, then an error, as for a lost connection. */
export function cut(body: ReadableStream<Bytes>, size: number): ReadableStream<Bytes> {
  const reader = body.getReader();
  const broken = () => new TypeError(`the mock broke off the body after ${size} bytes`);
  let left = size;
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const { done, value } = left > 0 ? await reader.read() : { done: true, value: undefined };
        if (value !== undefined) controller.enqueue(value.subarray(0, left));
        left -= Math.min(left, value?.length ?? 0);
        if (!done) return;
        void reader.cancel();
        // A server that fails at once may drop unsent data, so head and bytes are sent first.
        await passed(FLUSH_MS, undefined, unfaked);
        controller.error(broken());
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The same bytes until the signal fires; then its reason, like a real `fetch`. */
export function abortable(body: ReadableStream<Bytes>, signal: AbortSignal): ReadableStream<Bytes> {
  const reader = body.getReader();
  let stop: () => void = () => {};
  return new ReadableStream<Bytes>(
    {
      start(controller) {
        stop = () => {
          controller.error(signal.reason);
          void reader.cancel(signal.reason);
        };
        signal.addEventListener("abort", stop, { once: true });
      },
      async pull(controller) {
        const { done, value } = await reader.read();
        if (signal.aborted) return;
        if (!done) return controller.enqueue(value);
        signal.removeEventListener("abort", stop);
        controller.close();
      },
      cancel(reason) {
        signal.removeEventListener("abort", stop);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * A stream with a known length. workerd takes `Content-Length` from the type of
 * the stream, not from the header.
 */
export function sized(body: ReadableStream<Bytes>, size: number): ReadableStream<Bytes> {
  const Fixed = (globalThis as { FixedLengthStream?: new (size: number) => TransformStream<Bytes, Bytes> })
    .FixedLengthStream;
  return Fixed === undefined ? body : body.pipeThrough(new Fixed(size));
}

/** Uses the current timers, which a test may have faked. */
export const wait: Wait = (ms, signal) => {
  const { setTimeout, clearTimeout } = globalThis;
  return passed(ms, signal, { setTimeout, clearTimeout });
};

function passed(ms: number, signal: AbortSignal | undefined, timers: typeof unfaked): Promise<void> {
  const { setTimeout, clearTimeout } = timers;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
