/**
 * What a runtime's `fetch` throws when no answer came, told apart. Node and Bun have codes, on a cause or on one of
 * several errors; Deno has sentences; Workers have one for everything, and a page is told nothing.
 */

import { isBrowser } from "../runtime/environment.js";

/** A cause by what is said of it. */
export interface TransportFault {
  readonly kind: "connection" | "timeout";
  readonly code: string;
  readonly message: string;
}

/** The request itself is at fault, or the code that sends it: undici's codes, the runtimes' and our own sentences. */
const OF_THE_REQUEST =
  /UND_ERR_(INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)|Failed to (execute|construct|parse)|^fetchOptions:|disturbed or locked|[Bb]ody .*already|integrity mismatch| is not (a function|defined)|^Cannot read/;

// In this order: a certificate is why a handshake is reset, and the first of these is what to look at.
const FAULTS: readonly (readonly [told: RegExp, code: string, message: string])[] = [
  [
    /UND_ERR_HEADERS_TIMEOUT/,
    "head_timeout",
    "the runtime waits no longer for an answer's head, whatever `timeout` says; raise undici's `headersTimeout`",
  ],
  [
    /UND_ERR_BODY_TIMEOUT/,
    "body_timeout",
    "the runtime waits no longer for more of the answer, whatever `timeout` says; raise undici's `bodyTimeout`",
  ],
  [
    /UND_ERR_CONNECT_TIMEOUT|connect ETIMEDOUT|^ETIMEDOUT$|Connection timed out/m,
    "connect_timeout",
    "no connection in the time that the runtime gives it; look for a firewall or proxy, and at the base URL",
  ],
  [/ENOTFOUND|EAI_|dns error/, "name_not_resolved", "no address for the server's name; check the base URL, and DNS"],
  [
    /CERT|ERR_(TLS|SSL)|EPROTO|UNABLE_TO_|INVALID_CA|certificate|TLS|InvalidContentType/,
    "tls_failed",
    "no secure connection: an untrusted certificate, or a port without TLS; see `cause`",
  ],
  [
    /ECONNREFUSED|Connection refused/,
    "connection_refused",
    "the connection was refused; check host and port of the base URL, and whether the server runs",
  ],
  [
    /ECONNRESET|ECONNABORTED|EPIPE|TIMEDOUT|UND_ERR_SOCKET|reset by peer|closed before|hang up/i,
    "connection_reset",
    "the connection broke before the answer came; the server may have done it all the same",
  ],
];

const IN_A_PAGE: TransportFault = {
  kind: "connection",
  code: "network_or_cors",
  message:
    "no answer that the browser shows: no network, or CORS does not allow this page's origin or a header " +
    "(its console says which), or a stream was to go over HTTP/1.1",
};

/** More errors than this are not looked at. */
const MOST = 20;

/** What is known of why there is no answer; undefined when nothing is. */
export function transportFault(error: unknown): TransportFault | undefined {
  const text = told(error);
  const found = FAULTS.find(([pattern]) => pattern.test(text));
  if (found === undefined) return isBrowser() ? IN_A_PAGE : undefined;
  const [, code, message] = found;
  return { kind: code.endsWith("_timeout") ? "timeout" : "connection", code, message };
}

/** Why the request cannot be sent as it is, in the runtime's words; undefined when it can. */
export function requestFault(error: unknown): string | undefined {
  return told(error)
    .split("\n")
    .find((line) => OF_THE_REQUEST.test(line));
}

/** What a runtime says is short; of a text that is somebody else's no more is looked at. */
const MOST_CHARACTERS = 1000;

/** Codes and messages of an error, of its causes, and of those that it gathers, a line each; without URLs. */
function told(error: unknown): string {
  const lines: string[] = [];
  const left = [error];
  for (let looked = 0; left.length > 0 && looked < MOST; looked++) {
    const part = left.shift() as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown } | null;
    if (typeof part !== "object" || part === null) continue;
    try {
      const { code, message, cause, errors } = part;
      lines.push(
        [code, message]
          .filter((text) => typeof text === "string")
          .join(" ")
          .slice(0, MOST_CHARACTERS)
          .trim(),
      );
      left.push(cause, ...(Array.isArray(errors) ? (errors as unknown[]) : []));
    } catch {
      // It does not let itself be looked at.
    }
  }
  return lines.map((line) => line.replace(/\w+:\/\/\S+/g, "")).join("\n");
}
