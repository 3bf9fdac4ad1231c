/** One call through the mock: record, authenticate, count, apply faults, answer. */

import { answer, failure, json } from "./answer.js";
import { type Operation, queryFault, readBody, unknownNames } from "./api/operation.js";
import { OPERATIONS } from "./api/operations.js";
import { Answered, type Call, type Match, Refused, type Router } from "./api/route.js";
import { router } from "./api/routes.js";
import type { Split } from "./base-path.js";
import { type Plan, plan } from "./fault-path.js";
import { checkFaults, concerns, type MockFaults, refuse, trouble } from "./faults.js";
import { guessesOf } from "./guesses.js";
import { KeyStore, type MockKey, type MockKeys } from "./keys.js";
import { checkRate, type Settings } from "./options.js";
import { type MockRate, RateLimiter, type Verdict } from "./rate.js";
import { type MockRequest, type Opened, open, Recorder } from "./record.js";
import { special } from "./source.js";
import { Storage } from "./storage.js";

/** An Attention API in memory. */
export interface MockAttention {
  /** A replacement for `fetch` that answers like the API, for any host. It is bound, so it can be passed directly. */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /** The same for a server: returns one response per request, without following redirects. Bound. */
  readonly handle: (request: Request) => Promise<Response>;
  /** The accepted keys. */
  readonly keys: MockKeys;
  /**
   * The received requests, oldest first. Authorization is recorded as sent, so
   * call a mock only with its own fake keys.
   */
  readonly requests: readonly MockRequest[];
  /** Clears `requests` only. */
  clearRequests(): void;
  /** Replaces the faults; `null` switches them off. */
  set(faults: MockFaults | null): void;
  /** Replaces the rate limit and resets its counts; `null` removes it. */
  setRate(rate: MockRate | null): void;
  /** Resets data, keys, faults, limits and `requests`. */
  reset(): void;
}

/** The error of a call without a response, with which `fetch` rejects. */
export class MockNetworkError extends TypeError {
  override readonly name = "MockNetworkError";
  constructor() {
    super("fetch failed: the mock was set to a network error");
  }
}

const REQUEST_ID = "x-request-id";

type Entry = { -readonly [Field in keyof MockRequest]: MockRequest[Field] };

/** An accepted call. */
interface Accepted {
  readonly request: Request;
  readonly url: URL;
  readonly plan: Plan;
  readonly key: MockKey;
  readonly entry: Entry;
  readonly body: Opened;
}

export class Engine {
  readonly keys: KeyStore;
  readonly recorder: Recorder;
  private readonly settings: Settings;
  private readonly limiter = new RateLimiter();
  private readonly storage = new Storage();
  private readonly failed = new Map<string, number>();
  private api: Router | undefined;
  private rate: MockRate | null;
  private faults: MockFaults | null = null;
  private faultsLeft = Infinity;
  private count = 0;
  /** Parameters that were already warned about. */
  private readonly warned = new Set<string>();

  constructor(settings: Settings) {
    this.settings = settings;
    this.rate = settings.rate;
    this.keys = new KeyStore(settings.now, settings.keys);
    this.recorder = new Recorder(settings.recordRequests);
  }

  reset(): void {
    this.keys.reset();
    this.recorder.clear();
    this.limiter.reset();
    this.failed.clear();
    this.count = 0;
    this.storage.reset();
    this.api = undefined;
    this.rate = this.settings.rate;
    this.set(null);
  }

  set(faults: MockFaults | null): void {
    if (faults !== null) checkFaults(faults);
    this.faults = faults;
    this.faultsLeft = faults?.times ?? Infinity;
  }

  setRate(rate: MockRate | null): void {
    if (rate !== null) checkRate("setRate", rate);
    this.rate = rate;
    this.limiter.reset();
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const now = this.settings.now();
    const planned = plan(url, now, this.settings.basePath);
    if (typeof planned === "string") return failure(404, `No such mock path: ${planned}`);
    const stream = await bodyOf(request);
    const unread = { text: null, truncated: stream !== null, stream };
    const body = planned.early ? unread : await open(stream, this.settings.recordBodyBytes);
    const entry = record(request, url, body, `mock-${++this.count}`);
    this.recorder.add(entry);
    const response = await this.answer(request, url, planned, entry, body);
    entry.status = response.status;
    // The storage is another service; a test's own header stays.
    if (!this.storage.owns(url) && !response.headers.has(REQUEST_ID)) response.headers.set(REQUEST_ID, entry.requestId);
    return request.method === "HEAD" ? new Response(null, response) : response;
  }

  private async answer(request: Request, url: URL, planned: Plan, entry: Entry, body: Opened): Promise<Response> {
    const faults = this.take(request.method, url.pathname);
    if (faults.networkError === true) throw new MockNetworkError();
    if (this.storage.owns(url)) return this.storage.answer(request, url, body.stream);
    const admitted = this.keys.admit(request.headers.get("authorization"));
    if (typeof admitted === "string") {
      entry.refusal = admitted;
      entry.guesses = ["body"];
      // The same response for every cause, since the real API is not known to distinguish them.
      return failure(401, "The API key is missing or not valid");
    }
    const verdict: Verdict =
      this.rate === null
        ? { allowed: true, headers: [] }
        : this.limiter.take(admitted.id, this.rate, this.settings.now());
    if (!verdict.allowed) {
      entry.guesses = ["body"];
      return failure(429, "Too many requests", verdict.headers);
    }
    const wanted = { ...planned, faults: this.flaky(url, planned) ? { ...faults, ...planned.faults } : faults };
    const response = await this.serve({ request, url, plan: wanted, key: admitted, entry, body });
    for (const [name, value] of verdict.headers) response.headers.set(name, value);
    return response;
  }

  /** The faults of `set` for this call. */
  private take(method: string, path: string): MockFaults {
    if (this.faults === null || this.faultsLeft === 0 || !concerns(this.faults, method, path)) return {};
    this.faultsLeft--;
    return this.faults;
  }

  /** Whether the faults of the path apply: with `flaky`, only to the first calls. */
  private flaky(url: URL, { failures }: Plan): boolean {
    if (failures === null) return true;
    const id = url.pathname + url.search;
    const before = this.failed.get(id) ?? 0;
    if (before >= failures) return false;
    this.failed.set(id, before + 1);
    return true;
  }

  private async serve(call: Accepted): Promise<Response> {
    const { faults, source } = call.plan;
    const { wait } = this.settings;
    if (faults.delayMs !== undefined) await wait(faults.delayMs, call.request.signal);
    let response: Response;
    if (faults.status !== undefined) {
      response = refuse(faults, faults.status, call.request.headers.get("authorization"));
    } else if (source.kind === "route") {
      response = await this.route(call, source.path);
    } else {
      const { method, url } = call.request;
      response = await special(source, { method, url, headers: call.entry.headers, body: call.body.stream, wait });
    }
    return trouble(response, faults, wait);
  }

  private async route(accepted: Accepted, path: Split | undefined): Promise<Response> {
    const { request, entry } = accepted;
    this.api ??= router(this.settings, this.keys, this.storage);
    const method = request.method === "HEAD" ? "GET" : request.method;
    const found = path && this.api.find(method, path.rest);
    const isRoute = found !== undefined && "route" in found;
    const operation = isRoute ? OPERATIONS[`${found.route.method} ${found.route.path}`] : undefined;
    const response = await this.reply(accepted, path?.base ?? "", found, operation);
    entry.guesses = guessesOf(operation, response.status, response.body !== null);
    return response;
  }

  private async reply(
    { request, url, key, body, entry }: Accepted,
    base: string,
    found: Match | undefined,
    operation: Operation | undefined,
  ): Promise<Response> {
    if (found === undefined) return failure(404, "Path not found");
    if (!("route" in found)) return failure(405, "Method not allowed", [["allow", found.allow.join(", ")]]);
    const { guesses } = this.settings;
    const { level = "unknown", query = {} } = operation ?? {};
    if ((level === "user" || level === "organization") && level !== key.level) {
      return failure(guesses.wrongLevelStatus, `This operation accepts only ${level}-level keys`);
    }
    const { guessedQuery = [] } = found.route;
    const fault = queryFault(url.searchParams, query);
    if (fault !== undefined) return failure(guesses.invalidStatus, fault);
    const unknown =
      operation === undefined ? [] : unknownNames(url.searchParams, [...Object.keys(query), ...guessedQuery]);
    entry.unknownParameters = unknown;
    if (unknown.length > 0 && this.settings.strict) return failure(400, unknownText(unknown, query));
    this.warn(entry.method, found.route.path, unknown, query);
    const hasBody = request.method !== "GET" && request.method !== "HEAD";
    const read = operation && hasBody ? readBody(await new Response(body.stream).text(), operation) : {};
    if (typeof read === "string") return failure(guesses.invalidStatus, read);
    const call: Call = {
      base,
      url,
      query: url.searchParams,
      body: read,
      key,
      now: this.settings.now(),
      guesses,
      param: (name) => found.params.get(name) ?? "",
    };
    try {
      return this.success(found.route.answer(call), operation);
    } catch (error) {
      if (error instanceof Refused) return failure(error.status, error.message);
      throw error;
    }
  }

  /** Warns once per name: a misspelt filter is silently ignored. */
  private warn(method: string, path: string, unknown: readonly string[], query: Operation["query"]): void {
    const fresh = unknown.filter((name) => this.warned.size !== this.warned.add(`${method} ${path} ${name}`).size);
    if (fresh.length > 0)
      console.warn(`mockAttention: ${method} ${path}: ${unknownText(fresh, query)} (\`strict: true\` refuses it)`);
  }

  /** The response of a route, with the described status, or the guessed one. */
  private success(answered: unknown, operation: Operation | undefined): Response {
    const { emptyStatus, successStatus } = this.settings.guesses;
    if (answered instanceof Answered) return json(answered.value, answered.status);
    const shown = operation?.shown.find((status) => status < 300);
    return answered === undefined ? answer(null, shown ?? emptyStatus) : json(answered, shown ?? successStatus);
  }
}

/** In Firefox, which has no `Request.body`, the body is read whole. */
async function bodyOf(request: Request): Promise<ReadableStream<Uint8Array> | null> {
  const body = request.body as ReadableStream<Uint8Array> | null | undefined;
  if (body !== undefined) return body;
  const bytes = await request.arrayBuffer();
  return bytes.byteLength === 0 ? null : new Response(bytes).body;
}

/** The message for unknown parameters. */
function unknownText(unknown: readonly string[], query: Operation["query"]): string {
  const known = Object.keys(query);
  const there = known.length === 0 ? "it has none" : `its parameters are ${known.join(", ")}`;
  return `the documentation of this operation has no parameter ${unknown.join(", ")}; ${there}`;
}

function record(request: Request, url: URL, body: Opened, requestId: string): Entry {
  return {
    requestId,
    method: request.method,
    url: request.url,
    path: url.pathname,
    query: [...url.searchParams],
    headers: [...request.headers],
    body: body.text,
    bodyTruncated: body.truncated,
    status: null,
    refusal: null,
    guesses: [],
    unknownParameters: [],
  };
}
