/** The body of an answer that is an error. */

import { chunks } from "./foreign.js";

/** What was read of it. */
export interface Start {
  readonly text: string;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** Its start, up to `limit` bytes, as text; as much as came, when it breaks off. */
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
