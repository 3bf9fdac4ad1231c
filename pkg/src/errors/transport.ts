/**
 * Classifies the exceptions of a runtime's `fetch` when there was no response. Node and Bun have codes, on a cause or
 * on one of several errors; Deno has sentences; Workers have one sentence for everything, and pages get no reason.
 */

import { isBrowser } from "../runtime/environment.js";

/** A cause, recognized by codes and messages. */
export interface TransportFault {
  readonly kind: "connection" | "timeout";
  readonly code: string;
  readonly message: string;
}

/** The request or the calling code is wrong: undici's codes, and sentences of the runtimes and of this package. */
const OF_THE_REQUEST =
  /UND_ERR_(INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)|Failed to (execute|construct|parse)|^fetchOptions:|disturbed or locked|[Bb]ody .*already|integrity mismatch|Uint8Array| is not (a function|defined)|^Cannot read/;

// The order matters: a bad certificate also resets the handshake, and the first match is reported.
const FAULTS: readonly (readonly [told: RegExp, code: string, message: string])[] = [
  [
    /UND_ERR_HEADERS_TIMEOUT/,
    "head_timeout",
    "the runtime's own limit for response headers was reached: raise undici's `headersTimeout`",
  ],
  [
    /UND_ERR_BODY_TIMEOUT/,
    "body_timeout",
    "the runtime's own limit for the response body was reached: raise undici's `bodyTimeout`",
  ],
  [
    /UND_ERR_CONNECT_TIMEOUT|connect ETIMEDOUT|^ETIMEDOUT$|Connection timed out/m,
    "connect_timeout",
    "no connection within the runtime's own limit: check the base URL, firewalls and proxies",
  ],
  [/ENOTFOUND|EAI_|dns error/, "name_not_resolved", "the server's name has no address: check the base URL and DNS"],
  [
    /CERT|ERR_(TLS|SSL)|EPROTO|UNABLE_TO_|INVALID_CA|certificate|TLS|InvalidContentType/,
    "tls_failed",
    "no secure connection: an untrusted certificate, or a port without TLS; see `cause`",
  ],
  [
    /HTTP\/1\.1 protocol|[Ii]nvalid (HTTP|content-len)|_HTTP_Response|Invalid(HTTP|ContentLen)|HEADERS_OVERFLOW|HPE_/,
    "not_http",
    "the server's answer is not valid HTTP: check scheme and port of the base URL",
  ],
  [
    /ECONNREFUSED|Connection refused/,
    "connection_refused",
    "the connection was refused: check host and port of the base URL, and whether the server is running",
  ],
  [
    /ECONNRESET|ECONNABORTED|EPIPE|TIMEDOUT|UND_ERR_SOCKET|reset by peer|closed before|hang up/i,
    "connection_reset",
    "the connection broke before a response arrived; the server may have processed the request",
  ],
];

const IN_A_PAGE: TransportFault = {
  kind: "connection",
  code: "network_or_cors",
  message:
    "the browser shows no response: no network, CORS refuses this page's origin or a header, `connect-src` of the " +
    "page's policy lacks the server, an option in `fetchOptions`, or a stream over HTTP/1.1; its console says which",
};

/** The most errors that are searched. */
const MOST = 20;

/** The reason for the missing response; undefined if it is unknown. */
export function transportFault(error: unknown): TransportFault | undefined {
  const text = told(error);
  const found = FAULTS.find(([pattern]) => pattern.test(text));
  if (found === undefined) return isBrowser() ? IN_A_PAGE : undefined;
  const [, code, message] = found;
  return { kind: code.endsWith("_timeout") ? "timeout" : "connection", code, message };
}

/** Why the request cannot be sent, in the runtime's words; undefined if it can. */
export function requestFault(error: unknown): string | undefined {
  return told(error)
    .split("\n")
    .find((line) => OF_THE_REQUEST.test(line));
}

/** The most characters that are searched; runtimes' messages are short. */
const MOST_CHARACTERS = 1000;

/** Codes and messages of an error, its causes and its aggregated errors, one per line, without URLs. */
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
      // A getter or a proxy threw.
    }
  }
  return lines.map((line) => line.replace(/\w+:\/\/\S+/g, "")).join("\n");
}
