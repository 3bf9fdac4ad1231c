/** Sessions for a page: short-lived tokens of the Worker, which the page's own backend asks for and hands out. */

import { checkOptions } from "../call/check.js";
import { type HeaderOptions, headerMap, mergeHeaders } from "../call/headers.js";
import { AttentionError, type ErrorKind } from "../errors/errors.js";
import { pageOrigin } from "../runtime/environment.js";
import { type IssuedCredential, providerError } from "./provider.js";

/** How a session is asked for. */
export interface SessionOptions {
  /**
   * Default: POST. A session is made, so nothing in between may keep the answer, and other sites' pages cannot bring a
   * browser to ask with its cookies (`SameSite=Lax`).
   */
  readonly method?: "POST" | "GET" | undefined;
  /** Sent with the question, as a framework's token against forged requests. A function is asked each time. */
  readonly headers?: HeaderOptions | (() => HeaderOptions) | undefined;
}

/** A backend that takes longer is asked again, should a call still wait. */
const LONGEST = 10_000;

/**
 * The `token` of a client in a page: asks the page's own backend for a session, with the page's cookies, and again
 * before it ends. The backend answers what the Worker's `POST /sessions` answered it: `{ token, expiresAt }`.
 *
 * ```js
 * const attention = new Attention({ token: sessionToken("/api/attention-session"), baseURL: "https://attention-proxy.example.workers.dev/v2" });
 * ```
 *
 * When it fails, the call fails with an `AttentionError`: `session_unauthorized` when the backend answers 401 or leads
 * to another page, as to a log-in; `session_forbidden` for 403; `session_unreachable`, `session_timeout`,
 * `session_refused` for any other status, `session_invalid` for an answer of another form.
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
  const given = typeof headers === "function" ? headers() : headers;
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      // Not followed: a page that people log in with is no session.
      redirect: "manual",
      headers: mergeHeaders(
        { accept: "application/json" },
        given === undefined ? {} : headerMap(given, "sessionToken"),
      ),
      signal: AbortSignal.timeout(LONGEST),
    });
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400))
      throw failed("unauthorized", "unauthorized", "leads to another page, perhaps to log in there");
    if (status === 401) throw failed("unauthorized", "unauthorized", "says that nobody is logged in", status);
    if (status === 403)
      throw failed("forbidden", "forbidden", "does not give one to the user who is logged in", status);
    if (!response.ok) throw failed(status < 500 ? "config" : "server", "refused", `answered ${status}`, status);
    return read((await response.json()) as unknown, status);
  } catch (error) {
    if (error instanceof AttentionError) throw error;
    const { name } = error as Error;
    if (name === "TimeoutError") throw failed("timeout", "timeout", "did not answer within 10 seconds");
    if (name === "SyntaxError") throw failed("protocol", "invalid", "gave an answer that is not JSON");
    throw failed("connection", "unreachable", "could not be reached", undefined, error);
  }
}

/** Where that is, of the page's own origin: no other is sent the page's cookies, or believed. */
function resolve(address: string): string {
  const origin = pageOrigin();
  if (origin === undefined) {
    throw failed(
      "config",
      "no_page",
      "can only be asked by a page, whose cookies identify the user: on a server pass a token",
    );
  }
  let url: URL | undefined;
  try {
    url = new URL(address, origin);
  } catch {
    // Named below.
  }
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
    throw failed("protocol", "invalid", "gave an answer without a `token`: pass on that of POST /sessions", status);
  return { token, expiresAt };
}

function failed(kind: ErrorKind, code: string, what: string, status?: number, cause?: unknown): AttentionError {
  const message = `no session: your own backend ${what}`;
  return providerError({ kind, code: `session_${code}`, message, attempts: 0, status }, cause);
}
