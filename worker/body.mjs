// Bodies that are read whole.
import { settled } from "./time.mjs";

// A body of at most so many bytes, `undefined` when it is longer or breaks off, or
// when a piece of it may not be held: half of it may not pass for all, and half a
// key would not be found in it.
export async function readBounded(message, most, mayHold = () => true) {
  if (message.body === null) return new Uint8Array();
  const reader = message.body.getReader();
  const chunks = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > most || !mayHold(value.byteLength)) {
        reader.cancel().catch(() => {});
        return undefined;
      }
      chunks.push(value);
    }
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

// A response's body, and `undefined` when it is not whole in this time: who waits
// for it has no other sign of life.
export async function readInTime(response, most, millis, mayHold) {
  const bytes = await settled(readBounded(response, most, mayHold), millis);
  return typeof bytes === "boolean" ? undefined : bytes;
}
