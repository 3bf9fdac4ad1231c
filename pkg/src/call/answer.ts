/** What a call resolves to: the body of a success, by its content type. */

import { redactCause } from "../errors/cause.js";
import { type ErrorKind, errorOf } from "../errors/errors.js";
import { type Attempted, aborted } from "./driver.js";

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i;

/**
 * JSON as its value, text as a string, nothing as undefined, anything else as a
 * Blob, which knows its type and exists in every runtime.
 */
export async function readAnswer({ response, attempts, deadline, secrets }: Attempted): Promise<unknown> {
  const type = response.headers.get("content-type") ?? "";
  const failed = (kind: ErrorKind, code: string, message: string, cause: unknown) =>
    errorOf({ kind, code, message, attempts, status: response.status }, redactCause(cause, secrets()));
  let text: string;
  try {
    if (response.body === null) return undefined;
    if (!JSON_TYPE.test(type) && !type.startsWith("text/")) {
      const blob = await response.blob();
      return blob.size === 0 ? undefined : blob;
    }
    text = await response.text();
  } catch (error) {
    if (deadline.aborted) throw aborted(deadline.reason, attempts, { secrets });
    if (deadline.timedOut) {
      throw failed(
        "timeout",
        "timeout",
        "the answer began, but was not complete within the timeout; raise `timeout` if the call is a long one",
        error,
      );
    }
    throw failed("connection", "body_broken", "the connection broke in the middle of the answer", error);
  } finally {
    deadline.end();
  }
  if (text === "") return undefined;
  if (!JSON_TYPE.test(type)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw failed("protocol", "invalid_json", "the answer says that it is JSON, but it is not", error);
  }
}
