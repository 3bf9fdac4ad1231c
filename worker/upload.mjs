// Uploads that stream, and how long caller and API may take.

// What there was none of, as `js.rs` has it.
const [UPLOAD_IN_TIME, WHOLE_UPLOAD, ANSWER_IN_TIME] = [0, 1, 2];
// As far as a timer reaches.
const LONGEST = 2 ** 31 - 1;

/**
 * Sends a request whose body streams. Its caller has `patience` milliseconds for it, and then the API has `timeout` up to
 * the head of its answer. Gives the answer, or what there was none of; rejects when the API breaks off.
 *
 * What goes up ends with the whole body and with nothing else: a pipe of the runtime's ends chunks that break off as if
 * they were whole (`preventAbort`), so they are aborted here. Not by a signal: what `fetch` has a signal for is not
 * collected when its caller leaves.
 */
export function upload(url, init, body, length, patience, timeout) {
  const { readable, writable } = length < 0 ? new IdentityTransformStream() : new FixedLengthStream(length);
  return new Promise((resolve, reject) => {
    let timer;
    const within = (millis, none) => {
      clearTimeout(timer);
      if (millis >= 0) timer = setTimeout(resolve, Math.min(millis, LONGEST), none);
    };
    const settled = (settle) => (value) => {
      clearTimeout(timer);
      settle(value);
    };
    within(patience, UPLOAD_IN_TIME);
    body
      .pipeTo(writable, { preventAbort: true, preventCancel: true })
      .then(
        () => within(timeout, ANSWER_IN_TIME),
        // The caller's side is closed with an error if it was that which broke off; of the API's, `fetch` tells.
        () => body.getReader().closed,
      )
      .catch((error) => {
        resolve(WHOLE_UPLOAD);
        return writable.abort(error);
      })
      .catch(() => {});
    fetch(url, Object.assign(init, { body: readable })).then(settled(resolve), settled(reject));
  });
}
