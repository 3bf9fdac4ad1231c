/** The body of an error response. */

import { chunks } from "./foreign.js";

/** The part of it that was read. */
export interface Start {
  readonly text: string;
  /** Whether that is the whole body. */
  readonly isWhole: boolean;
}

/** Its first `limit` bytes as text; if it breaks off, the part that arrived. */
export async function readStart(response: Response, limit: number): Promise<Start> {
  const decoder = new TextDecoder();
  let text = "";
  let left = limit;
  let isWhole = false;
  try {
    for await (const value of chunks(response)) {
      const part = value.subarray(0, left);
      text += decoder.decode(part, { stream: true });
      left -= part.length;
      if (left === 0) break;
    }
    isWhole = left > 0;
  } catch {
    // Use whatever was read; the status matters most.
  }
  return { text: text + decoder.decode(), isWhole };
}
