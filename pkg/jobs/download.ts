/** A recording, streamed from the storage. */

import type { Redact } from "../src/api/storage.js";
import { type Attempted, aborted } from "../src/call/driver.js";
import { type AttentionError, errorOf } from "../src/errors/errors.js";
import type { OnMediaProgress } from "./progress.js";

/** A file that is being downloaded. Read `body`, or `cancel()` it. */
export interface Download {
  /**
   * The bytes, which can be read once. They end with an error if the connection breaks, the timeout passes or the
   * signal fires.
   */
  readonly body: ReadableStream<Uint8Array>;
  /** The media type from the storage. */
  readonly type: string;
  /** The size in bytes, if the storage sends it. */
  readonly size: number | undefined;
  /** The whole file in memory. */
  blob(): Promise<Blob>;
}

export interface Told {
  readonly id: string;
  /** Removes credentials, and the address, from foreign errors. */
  readonly clean: Redact;
  readonly onProgress: OnMediaProgress | undefined;
}

export function download({ response, deadline }: Attempted, { id, clean, onProgress }: Told): Download {
  const type = response.headers.get("content-type") ?? "";
  const length = response.headers.get("content-length");
  // With a content coding, the length is that of the encoded bytes.
  const isCoded = response.headers.get("content-encoding") !== null;
  const size = length !== null && /^\d+$/.test(length) && !isCoded ? Number(length) : undefined;
  const failed = (kind: "timeout" | "connection", code: string, message: string, cause?: unknown): AttentionError =>
    errorOf({ kind, code, message: `${message} (conversation ${id})`, attempts: 1 }, clean(cause));
  const broken = (cause?: unknown): AttentionError => {
    if (deadline.aborted) return aborted(clean(deadline.reason), 1, { secrets: () => [] });
    if (deadline.timedOut)
      return failed("timeout", "download_timeout", "the file was not complete within the timeout: raise `timeout`");
    return failed("connection", "download_broken", "the connection broke before the file was complete", cause);
  };
  const reader = response.body?.getReader();
  let loaded = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let read: ReadableStreamReadResult<Uint8Array> | undefined;
        try {
          deadline.hold();
          read = reader && (await deadline.read(reader.read()));
        } catch (cause) {
          const error = broken(cause);
          deadline.end();
          throw error;
        }
        const { value } = read ?? {};
        if (value === undefined) {
          deadline.end();
          if (size !== undefined && loaded < size) throw broken();
          controller.close();
          return;
        }
        loaded += value.byteLength;
        try {
          await onProgress?.({ loaded, total: size });
        } catch (error) {
          deadline.end();
          reader?.cancel().catch(() => {});
          throw error;
        }
        controller.enqueue(value);
      },
      async cancel(reason) {
        deadline.end();
        await reader?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, type, size, blob: async () => new Blob([await new Response(body).blob()], { type }) };
}
