/** Requests of both kinds: the Fetch API's and Node's. */

/** The part of Node's `IncomingMessage` that is used. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
  on(event: string, listener: (value?: unknown) => void): unknown;
  off(event: string, listener: (value?: unknown) => void): unknown;
  pause(): unknown;
}

/** The part of Node's `ServerResponse` that is used. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(text?: string): unknown;
}

/** Receives a chunk of a body, which is text if an encoding was set. Returns false to stop. */
type Take = (chunk: Uint8Array | string) => boolean;

/** The parts of a request that `receive` uses. */
export interface Incoming {
  readonly method: string;
  /** The last segment of the path. */
  readonly segment: string;
  readonly header: (name: string) => string | undefined;
  /** Passes the body to `take` in chunks until it returns false. Rejects if the body breaks off. */
  readonly read: (take: Take, signal: AbortSignal) => Promise<void>;
}

export function incoming(owner: string, request: Request | NodeRequest): Incoming {
  if (typeof request !== "object" || request === null) throw new TypeError(`${owner}: expected a request`);
  if (typeof (request as Request).headers?.get === "function") return ofFetch(owner, request as Request);
  if (typeof (request as NodeRequest).on === "function") return ofNode(owner, request as NodeRequest);
  throw new TypeError(`${owner}: expected a Request, or an IncomingMessage of Node's`);
}

const READ = "the body has already been read: call this before anything that parses bodies, such as express.json()";

const CLOSED = "the connection was closed";

function ofFetch(owner: string, request: Request): Incoming {
  if (request.bodyUsed) throw new TypeError(`${owner}: ${READ}`);
  return {
    method: request.method,
    // Not by `URL`, whose errors quote what they cannot parse: here, the secret.
    segment: lastSegment(String(request.url)),
    header: (name) => request.headers.get(name) ?? undefined,
    async read(take, signal) {
      const reader = request.body?.getReader();
      if (reader === undefined) return;
      const stop = () => reader.cancel().catch(() => {});
      signal.addEventListener("abort", stop);
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          if (take(value)) continue;
          stop();
          break;
        }
      } finally {
        signal.removeEventListener("abort", stop);
      }
      signal.throwIfAborted();
    },
  };
}

function ofNode(owner: string, request: NodeRequest): Incoming {
  if (request.readableEnded === true) throw new TypeError(`${owner}: ${READ}`);
  return {
    method: request.method ?? "",
    segment: lastSegment(request.url ?? ""),
    header: (name) => [request.headers[name]].flat().join(", ") || undefined,
    read: (take, signal) =>
      new Promise((resolve, reject) => {
        // Closed while the secret was compared: no event follows.
        if (request.destroyed === true) return reject(new Error(CLOSED));
        const end = (settle: () => void) => {
          for (const [event, listener] of Object.entries(listeners)) request.off(event, listener);
          signal.removeEventListener("abort", listeners.aborted);
          // Not destroyed, because the answer is sent on the same connection.
          request.pause();
          settle();
        };
        const listeners = {
          data: (chunk: unknown) => {
            if (!take(chunk as Uint8Array | string)) end(resolve);
          },
          end: () => end(resolve),
          error: (error: unknown) => end(() => reject(error)),
          close: () => end(() => reject(new Error(CLOSED))),
          aborted: () => end(() => reject(signal.reason)),
        };
        signal.addEventListener("abort", listeners.aborted);
        for (const [event, listener] of Object.entries(listeners)) request.on(event, listener);
      }),
  };
}

function lastSegment(url: string): string {
  const path = url.replace(/^\w+:\/\/[^/?#]*/, "").split(/[?#]/)[0]!;
  return path.replace(/\/$/, "").split("/").at(-1) ?? "";
}
