/** The body of an answer that is an error. */

/** Its start, up to `limit` bytes, as text; as much as came, when it breaks off. */
export async function readStart(response: Response, limit: number): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let left = limit; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = value.subarray(0, left);
      text += decoder.decode(part, { stream: true });
      left -= part.length;
    }
    reader.cancel().catch(() => {});
  } catch {
    // Use whatever was read; the status matters most.
  }
  return text + decoder.decode();
}
