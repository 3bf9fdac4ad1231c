/** The body of an answer that is an error. */

/** What was read of it. */
export interface Start {
  readonly text: string;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** Its start, up to `limit` bytes, as text; as much as came, when it breaks off. */
export async function readStart(response: Response, limit: number): Promise<Start> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: "", isWhole: true };
  const decoder = new TextDecoder();
  let text = "";
  let isWhole = false;
  try {
    for (let left = limit; left > 0; ) {
      const { done, value } = await reader.read();
      isWhole = done;
      if (done) break;
      const part = value.subarray(0, left);
      text += decoder.decode(part, { stream: true });
      left -= part.length;
    }
    reader.cancel().catch(() => {});
  } catch {
    // Use whatever was read; the status matters most.
  }
  return { text: text + decoder.decode(), isWhole };
}
