/** The result of a call: the body of a success, by its content type. */

import { redactCause } from "../errors/cause.js";
import { ifHarmless, redact } from "../errors/echo.js";
import { type ErrorKind, errorOf } from "../errors/errors.js";
import { requestFault, transportFault } from "../errors/transport.js";
import { redactStart, wordsOf } from "../errors/words.js";
import { oneLine } from "../runtime/print.js";
import { defaults, requestId } from "../runtime/rules.js";
import { type Attempted, aborted } from "./driver.js";
import type { Start } from "./error-body.js";
import { named } from "./values.js";

const JSON_TYPE = /^(?:application|text)\/(?:[\w.-]+\+)?json\b/i;

const MARKUP = /^\s*</;
const PAGE = /^\s*<(!doctype html|html)\b/i;

const OF_A_PAGE =
  "the response is a web page, so a proxy, a login page or another server answered instead of the API: check `baseURL`";

/**
 * JSON as its value, text as a string, an empty body as undefined, anything else
 * as a Blob, which has a type and exists in every runtime.
 */
export async function readAnswer({ response, attempts, deadline, secrets }: Attempted): Promise<unknown> {
  let type = "";
  const failed = (kind: ErrorKind, code: string, message: string, cause?: unknown, start?: Start) => {
    const id = ifHarmless(requestId(response.headers), secrets());
    const facts = { kind, code, message, attempts, status: response.status, requestId: id };
    return errorOf(facts, redactCause(cause, secrets()), wordsOf(response.headers, start, secrets()));
  };
  let text: string;
  try {
    type = response.headers.get("content-type") ?? "";
    if (response.body === null) return undefined;
    deadline.hold();
    if (!JSON_TYPE.test(type) && !type.startsWith("text/")) {
      const blob = await deadline.read(response.blob());
      return blob.size === 0 ? undefined : blob;
    }
    text = await deadline.read(response.text());
  } catch (error) {
    if (deadline.aborted) throw aborted(deadline.reason, attempts, { secrets });
    if (deadline.timedOut) {
      throw failed(
        "timeout",
        "timeout",
        "the response started but was not complete within the timeout: raise `timeout` for long calls",
        error,
      );
    }
    const fault = requestFault(error);
    if (fault !== undefined)
      throw new TypeError(`fetch returned a Response that cannot be read: ${redact(fault, secrets())}; see \`cause\``, {
        cause: redactCause(error, secrets()),
      });
    const known = transportFault(error);
    if (known?.code === "body_timeout") throw failed(known.kind, known.code, known.message, error);
    throw failed("connection", "body_broken", "the connection broke before the response was complete", error);
  } finally {
    deadline.end();
  }
  if (typeof text !== "string") throw new TypeError(`fetch returned a Response whose text() gives ${named(text)}`);
  if (text === "") {
    // If an encoded body breaks off before its first character, runtimes report an empty body.
    const { headers } = response;
    if (JSON_TYPE.test(type) && headers.has("content-encoding") && headers.get("content-length") !== "0")
      throw failed("connection", "body_broken", "the connection broke before any of the encoded JSON arrived");
    return undefined;
  }
  const start = (): Start => {
    const limit = defaults().maxErrorBody;
    return redactStart({ text: text.slice(0, limit), isWhole: text.length <= limit }, secrets());
  };
  if (!JSON_TYPE.test(type)) {
    if ((type.startsWith("text/html") ? MARKUP : PAGE).test(text))
      throw failed("protocol", "html_answer", OF_A_PAGE, undefined, start());
    return text;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw failed(
      "protocol",
      "invalid_json",
      "the response has the content type of JSON, but is not JSON",
      // It quotes the response.
      new SyntaxError(oneLine((error as Error).message)),
      start(),
    );
  }
}
