// Requests of this Worker's own.

// What an upload was without, as `js.rs` has it.
const [UPLOAD_IN_TIME, WHOLE_UPLOAD, RESPONSE_IN_TIME] = [0, 1, 2];
// The longest time of a timer.
const LONGEST = 2 ** 31 - 1;

/**
 * For `js.rs`. What is sent is for one origin, a key above all: a redirect is an answer, not an instruction. Cloudflare
 * stores no response, and returns none that it has stored for another key.
 */
export function send(url, method, headers, body) {
  return globalThis.fetch(url, { method, headers, body, redirect: "manual", cache: "no-store" });
}

/**
 * For `js.rs`: sends a request whose body streams. The caller has `patience` milliseconds for the body, then the API has
 * `timeout` for the head of its response. Resolves to the response or one of the numbers above; rejects when the API
 * disconnects.
 *
 * Only a complete body ends the request: a pipe of the runtime ends interrupted chunks as if they were complete
 * (`preventAbort`), so they are aborted here. A signal would not do: what `fetch` has a signal for is not collected
 * when its caller leaves.
 */
export function upload(url, method, headers, body, length, patience, timeout) {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  return new Promise((resolve, reject) => {
    let timer;
    const within = (millis, without) => {
      clearTimeout(timer);
      if (millis !== undefined) timer = setTimeout(resolve, Math.min(millis, LONGEST), without);
    };
    const settled = (settle) => (value) => {
      clearTimeout(timer);
      settle(value);
    };
    within(patience, UPLOAD_IN_TIME);
    body
      .pipeTo(writable, { preventAbort: true, preventCancel: true })
      .then(
        () => within(timeout, RESPONSE_IN_TIME),
        // The caller's side has failed if the caller disconnected; `fetch` reports a failure of the API.
        () => body.getReader().closed,
      )
      .catch((error) => {
        resolve(WHOLE_UPLOAD);
        return writable.abort(error);
      })
      .catch(() => {});
    send(url, method, headers, readable).then(settled(resolve), settled(reject));
  });
}
