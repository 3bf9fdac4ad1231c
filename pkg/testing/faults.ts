/** Faults of calls, which can be combined. */

import { checkOptions, flag, object, text } from "../src/call/check.js";
import { answer, failure, type HeaderList, json } from "./answer.js";
import { list, oneOf, whole } from "./check.js";
import { cut, drip, type Wait } from "./stream.js";

/** The forms of error bodies; the real API's is undocumented, so clients must handle all of them. */
export type MockErrorBody = "json" | "errors" | "text" | "html" | "empty" | "broken" | "long" | "leak";

/** Faults that a test switches on with `set`. They apply to calls whose key was accepted. */
export interface MockFaults {
  /** The affected calls: by method and by path, where a trailing `*` matches any rest. Default: all. */
  readonly only?: { readonly method?: string; readonly path?: string };
  /** The number of affected calls. Default: all until the next `set`. */
  readonly times?: number;
  /** This status instead of the response. */
  readonly status?: number;
  /**
   * The form of the error body, with `status`. `"leak"` quotes the caller's
   * Authorization header.
   */
  readonly errorBody?: MockErrorBody;
  /** Additional response headers, such as `Retry-After`. */
  readonly headers?: HeaderList;
  /** A delay before the response's head. */
  readonly delayMs?: number;
  /** The body in chunks of `bytes`, each after `ms`. */
  readonly drip?: { readonly bytes: number; readonly ms: number };
  /** The body breaks off after this many bytes: reading it fails. */
  readonly cutAfter?: number;
  /** No response: `fetch` rejects with a TypeError, as for a refused connection. */
  readonly networkError?: boolean;
}

/** The longest duration of a timer. */
export const LONGEST_WAIT = 2 ** 31 - 1;

export const STATUS = whole(200, 599);
export const ERROR_BODIES = oneOf("json", "errors", "text", "html", "empty", "broken", "long", "leak");

export function checkFaults(faults: MockFaults): void {
  checkOptions("set", faults, {
    only: object,
    times: whole(1),
    status: STATUS,
    errorBody: ERROR_BODIES,
    headers: list,
    delayMs: whole(0, LONGEST_WAIT),
    drip: object,
    cutAfter: whole(0),
    networkError: flag,
  });
  if (faults.only !== undefined) {
    checkOptions("set.only", faults.only, { method: text, path: text });
  }
  if (faults.drip !== undefined) {
    checkOptions("set.drip", faults.drip, { bytes: whole(1), ms: whole(0, LONGEST_WAIT) });
    for (const name of ["bytes", "ms"] as const) {
      if (faults.drip[name] === undefined) throw new TypeError(`set.drip.${name}: missing`);
    }
  }
  for (const [index, pair] of (faults.headers ?? []).entries()) checkHeader(`set.headers[${index}]`, pair);
}

/** Throws a TypeError unless it is a header; in a response it would fail the call like a broken connection. */
function checkHeader(owner: string, pair: unknown): void {
  const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string");
  if (!isPair) throw new TypeError(`${owner}: expected [name, value], two strings`);
  try {
    new Headers([pair as [string, string]]);
  } catch (cause) {
    throw new TypeError(`${owner}: ${JSON.stringify(pair[0])} is no header's name, or has no header's value`, {
      cause,
    });
  }
}

/** Whether the faults apply to this call. */
export function concerns(faults: MockFaults, method: string, path: string): boolean {
  const { only } = faults;
  if (only?.method !== undefined && only.method.toUpperCase() !== method) return false;
  if (only?.path === undefined) return true;
  return only.path.endsWith("*") ? path.startsWith(only.path.slice(0, -1)) : path === only.path;
}

/** The error response for `status`. */
export function refuse(faults: MockFaults, status: number, authorization: string | null): Response {
  const message = `The mock was asked to answer ${status}`;
  switch (faults.errorBody ?? "json") {
    case "json":
      return failure(status, message);
    case "errors":
      return json({ errors: [{ status: String(status), code: "mock_fault", title: message }] }, status);
    case "text":
      return answer(message, status, [["content-type", "text/plain"]]);
    case "html":
      return answer(`<!doctype html><title>${status}</title><h1>${message}</h1>`, status, [
        ["content-type", "text/html"],
      ]);
    case "empty":
      return answer(null, status);
    case "broken":
      return answer('{"error": "mock_fault", "mess', status, [["content-type", "application/json"]]);
    case "long":
      return failure(status, "x".repeat(1024 * 1024));
    case "leak":
      return failure(status, `Refused: ${authorization ?? "no credentials"}`);
  }
}

/** The response with the faults' headers and body. */
export function trouble(response: Response, faults: MockFaults, wait: Wait): Response {
  let { body } = response;
  if (body !== null && faults.drip !== undefined) body = drip(body, faults.drip.bytes, faults.drip.ms, wait);
  if (body !== null && faults.cutAfter !== undefined) body = cut(body, faults.cutAfter);
  if (body === response.body && faults.headers === undefined) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of faults.headers ?? []) headers.append(name, value);
  return new Response(body, { status: response.status, headers });
}
