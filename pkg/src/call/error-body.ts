/** The body of an error response. */

import type { Deadline } from "./deadline.js";
import { chunks } from "./foreign.js";

/** The part of it that was read. */
export interface Start {
  readonly text: string;
  /** Whether that is the whole body. */
  readonly isWhole: boolean;
}

/** Proxies write other charsets than UTF-8. */
function decoderOf(response: Response): TextDecoder {
  try {
    return new TextDecoder(/charset="?([^\s";]+)/i.exec(response.headers.get("content-type") ?? "")?.[1]);
  } catch {
    // An unknown one.
    return new TextDecoder();
  }
}

/** Its first `limit` bytes as text; if it breaks off, or the call's time ends, the part that arrived. */
export async function readStart(response: Response, limit: number, deadline: Deadline): Promise<Start> {
  const decoder = decoderOf(response);
  let text = "";
  let left = limit;
  const read = async () => {
    for await (const value of chunks(response)) {
      const part = (typeof value === "string" ? new TextEncoder().encode(value) : value).subarray(0, left);
      text += decoder.decode(part, { stream: true });
      left -= part.length;
      if (left === 0) break;
    }
    return left > 0;
  };
  let isWhole = false;
  try {
    isWhole = (await deadline.within(read()))?.value ?? false;
  } catch {
    // Use whatever was read; the status matters most.
  }
  return { text: text + decoder.decode(), isWhole };
}
