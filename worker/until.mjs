// Bodies that end with what their caller came with.

// As far as a timer reaches.
const LONGEST = 2 ** 31 - 1;

/**
 * The body of an answer, which breaks off when so many milliseconds have passed: half of it does not look whole. Then
 * `line` is logged, if there is one. Where the body's length is known it stays so.
 */
export function until(body, headers, millis, line) {
  if (millis > LONGEST) return body;
  const length = headers.get("content-encoding") === null ? headers.get("content-length") : null;
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  const over = new AbortController();
  const timer = setTimeout(() => {
    if (line !== undefined) console.log(line);
    over.abort();
  }, millis);
  const clear = () => clearTimeout(timer);
  body.pipeTo(writable, { signal: over.signal }).then(clear, clear);
  return readable;
}
