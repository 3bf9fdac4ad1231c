/** The result of a call: the body of a success, by its content type. */

import { redactCause } from "../errors/cause.js";
import { ifHarmless, redact } from "../errors/echo.js";
import { type AttentionError, errorOf } from "../errors/errors.js";
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

const INCOMPLETE = "the response started but was not complete within the timeout: raise `timeout` for long calls";

const NOT_JSON = "the response has the content type of JSON, but is not JSON";

const OF_A_PAGE =
  "the response is a web page, so a proxy, a login page or another server answered instead of the API: check `baseURL`";

/** The kind of each error that a success can end with. */
const KINDS = {
  timeout: "timeout",
  body_timeout: "timeout",
  body_broken: "connection",
  html_answer: "protocol",
  invalid_json: "protocol",
} as const;

/** How a body is read, by its content type. */
type Content = "json" | "text" | "blob";

/** Looked at once: a regular expression takes microseconds when its code is no longer in the processor's caches. */
function contentOf(type: string): Content {
  if (JSON_TYPE.test(type)) return "json";
  return type.startsWith("text/") ? "text" : "blob";
}

/**
 * JSON as its value, text as a string, an empty body as undefined, anything else
 * as a Blob, which has a type and exists in every runtime.
 */
export async function readAnswer(attempted: Attempted): Promise<unknown> {
  const { response, deadline } = attempted;
  let type = "";
  let content: Content;
  let text: string;
  try {
    type = response.headers.get("content-type") ?? "";
    content = contentOf(type);
    if (response.body === null) return undefined;
    deadline.hold();
    if (content === "blob") {
      const blob = await deadline.read(response.blob());
      return blob.size === 0 ? undefined : blob;
    }
    text = await deadline.read(response.text());
  } catch (error) {
    throw broken(attempted, error);
  } finally {
    deadline.end();
  }
  if (typeof text !== "string")
    throw new TypeError(`fetch returned a Response whose text() is ${named(text)}; a mock may return Response.json(…)`);
  if (text === "") {
    // If an encoded body breaks off before its first character, runtimes report an empty body.
    const { headers } = response;
    if (content === "json" && headers.has("content-encoding") && headers.get("content-length") !== "0")
      throw failed(attempted, "body_broken", "the connection broke before any of the encoded JSON arrived");
    return undefined;
  }
  if (content === "text") {
    if ((type.startsWith("text/html") ? MARKUP : PAGE).test(text))
      throw failed(attempted, "html_answer", OF_A_PAGE, undefined, startOf(text));
    return text;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // It quotes the response.
    throw failed(
      attempted,
      "invalid_json",
      NOT_JSON,
      new SyntaxError(oneLine((error as Error).message)),
      startOf(text),
    );
  }
}

/** The error of a success whose body cannot be used. */
function failed(
  { response, attempts, secrets }: Attempted,
  code: keyof typeof KINDS,
  message: string,
  cause?: unknown,
  start?: Start,
): AttentionError {
  const { status, headers } = response;
  const id = ifHarmless(requestId(headers), secrets());
  const facts = { kind: KINDS[code], code, message, attempts, status, requestId: id };
  const words = wordsOf(headers, start && redactStart(start, secrets()), secrets());
  return errorOf(facts, redactCause(cause, secrets()), words);
}

/** The error of a body that did not arrive. */
function broken(attempted: Attempted, error: unknown): Error {
  const { attempts, deadline, secrets } = attempted;
  if (deadline.aborted) return aborted(deadline.reason, attempts, { secrets });
  if (deadline.timedOut) return failed(attempted, "timeout", INCOMPLETE, error);
  const fault = requestFault(error);
  if (fault !== undefined)
    return new TypeError(`fetch returned a Response that cannot be read: ${redact(fault, secrets())}; see \`cause\``, {
      cause: redactCause(error, secrets()),
    });
  const known = transportFault(error);
  if (known?.code === "body_timeout") return failed(attempted, known.code, known.message, error);
  return failed(attempted, "body_broken", "the connection broke before the response was complete", error);
}

function startOf(text: string): Start {
  const limit = defaults().maxErrorBody;
  return { text: text.slice(0, limit), isWhole: text.length <= limit };
}
