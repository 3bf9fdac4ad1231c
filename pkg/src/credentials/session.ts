/** Sessions for a page: short-lived tokens of the Worker, which the page's own backend requests and hands out. */

import { checkOptions } from "../call/check.js";
import { Deadline } from "../call/deadline.js";
import { mustHaveArrived } from "../call/foreign.js";
import { type HeaderOptions, headerMap, mergeHeaders } from "../call/headers.js";
import { redactCause } from "../errors/cause.js";
import { AttentionError, type ErrorKind, errorOf } from "../errors/errors.js";
import { pageOrigin } from "../runtime/environment.js";
import { urlOf } from "../runtime/url.js";
import type { IssuedCredential } from "./provider.js";

/** The options of requesting a session. */
export interface SessionOptions {
  /**
   * Default: POST, because the request creates a session: no cache may store the response, and other sites cannot make
   * a browser send it with its cookies (`SameSite=Lax`).
   */
  readonly method?: "POST" | "GET" | undefined;
  /** Sent with the request, for instance a framework's CSRF token. A function, possibly async, is called each time. */
  readonly headers?: HeaderOptions | (() => HeaderOptions | Promise<HeaderOptions>) | undefined;
}

/** The timeout of a request to the backend. Below renewal's ten seconds, after which its error would reach no call. */
const LONGEST = 9000;

/**
 * The `token` of a client in a page. It requests a session from the page's own backend, with the page's cookies, and
 * renews it before it expires. The backend returns the response of the Worker's `POST /sessions`: `{ token, expiresAt
 * }`.
 *
 * ```js
 * const attention = new Attention({ token: sessionToken("/api/attention-session"), baseURL: "https://attention-proxy.example.workers.dev/v2" });
 * ```
 *
 * If that fails, the call fails with an `AttentionError`: `session_unauthorized` if the backend answers 401 or
 * redirects (to a login page, for instance); `session_forbidden` for 403; `session_unreachable`; `session_timeout`;
 * `session_refused` for any other status; `session_invalid` for a response of another form.
 */
export function sessionToken(address: string, options: SessionOptions = {}): () => Promise<IssuedCredential> {
  if (typeof address !== "string" || address === "")
    throw new TypeError("sessionToken: expected the address of your backend, such as /api/attention-session");
  checkOptions("sessionToken", options, {
    method: [(value) => value === "POST" || value === "GET", "POST or GET"],
    headers: [(value) => typeof value === "function" || (typeof value === "object" && value !== null), "headers"],
  });
  return () => ask(address, options);
}

async function ask(address: string, { method = "POST", headers }: SessionOptions): Promise<IssuedCredential> {
  const url = resolve(address);
  const given = typeof headers === "function" ? await headers() : headers;
  // Not `AbortSignal.timeout`, which Chromium 102, Firefox 99 and Safari 15 lack.
  const deadline = new Deadline(undefined);
  try {
    const response = await fetch(url, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      // Redirects are not followed, because a login page is not a session.
      redirect: "manual",
      headers: mergeHeaders(
        { accept: "application/json" },
        given === undefined ? {} : headerMap(given, "sessionToken"),
      ),
      signal: deadline.begin(LONGEST)!,
    });
    mustHaveArrived(response);
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400))
      throw failed("unauthorized", "unauthorized", "redirects, perhaps to a login page");
    if (status === 401) throw failed("unauthorized", "unauthorized", "says that nobody is logged in", status);
    if (status === 403) throw failed("forbidden", "forbidden", "does not allow one for the current user", status);
    if (!response.ok) throw failed(status < 500 ? "config" : "server", "refused", `answered ${status}`, status);
    return read(await response.json(), status);
  } catch (error) {
    if (error instanceof AttentionError) throw error;
    if (deadline.timedOut) throw failed("timeout", "timeout", "did not answer within 9 seconds");
    if ((error as Error | undefined)?.name === "SyntaxError")
      throw failed("protocol", "invalid", "returned a response that is not JSON");
    throw failed("connection", "unreachable", "could not be reached: see the browser's console", undefined, error);
  } finally {
    deadline.end();
  }
}

/** Resolves the address, which must be at the page's own origin: no other may receive its cookies. */
function resolve(address: string): string {
  const origin = pageOrigin();
  if (origin === undefined) {
    throw failed(
      "config",
      "no_page",
      "needs a page's cookies: on a server pass a token; a sandboxed frame needs `allow-same-origin`",
    );
  }
  const url = urlOf(address, origin);
  if (url?.origin !== origin)
    throw failed(
      "config",
      "other_origin",
      "must be at the page's own origin, with an address that begins with one `/`",
    );
  return url.href;
}

function read(answer: unknown, status: number): IssuedCredential {
  const { token, expiresAt } = (answer ?? {}) as IssuedCredential;
  if (typeof token !== "string")
    throw failed("protocol", "invalid", "returned no `token`: it must return the response of POST /sessions", status);
  return { token, expiresAt };
}

function failed(kind: ErrorKind, code: string, what: string, status?: number, cause?: unknown): AttentionError {
  const message = `no session: your own backend ${what}`;
  // The prefix of the code marks this package's own errors, which are not wrapped.
  return errorOf({ kind, code: `session_${code}`, message, attempts: 0, status }, redactCause(cause, []));
}
