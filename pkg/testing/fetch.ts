/** The mock as a `fetch`, with abort signals, redirects and the response's URL. */

import { abortable } from "./stream.js";

type Handle = (request: Request) => Promise<Response>;

const MOST_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export async function mockFetch(handle: Handle, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let request = new Request(input, init);
  const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
  const mode = request.redirect;
  for (let hops = 0; ; hops++) {
    const response = await untilAborted(handle(request), signal);
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null || mode === "manual") return asFetched(response, request.url, hops > 0, signal);
    if (mode === "error" || hops === MOST_REDIRECTS) throw new TypeError("fetch failed: unexpected redirect");
    request = redirected(request, new URL(location, request.url), response.status, init);
  }
}

async function untilAborted(answer: Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  if (signal === undefined) return answer;
  // After an abort, nobody may handle the end of the call.
  answer.catch(() => {});
  signal.throwIfAborted();
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The next request of a redirect (Fetch standard, "HTTP-redirect fetch"). */
function redirected(request: Request, to: URL, status: number, init: RequestInit | undefined): Request {
  const headers = new Headers(request.headers);
  if (to.origin !== new URL(request.url).origin) headers.delete("authorization");
  const toGet = status === 303 ? request.method !== "HEAD" : status < 303 && request.method === "POST";
  if (toGet) for (const name of ["content-type", "content-length"]) headers.delete(name);
  const body = toGet ? null : (init?.body ?? null);
  if (!toGet && request.body !== null && (body === null || body instanceof ReadableStream)) {
    throw new TypeError("fetch failed: a streamed body cannot be sent again after a redirect");
  }
  return new Request(to, { method: toGet ? "GET" : request.method, headers, body });
}

function asFetched(response: Response, url: string, wasRedirected: boolean, signal: AbortSignal | undefined): Response {
  const { body } = response;
  const fetched = body === null || signal === undefined ? response : new Response(abortable(body, signal), response);
  // A constructed Response has no URL; a fetched one has.
  return Object.defineProperties(fetched, { url: { value: url }, redirected: { value: wasRedirected } });
}
