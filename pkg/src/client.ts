/** The client. */

import type { CallLimits, CallRequest, KeysInfo } from "#binding";
import type { Path, PathAnswer, PathArguments } from "./api/paths.js";
import { type Encoded, encodeBody } from "./call/body.js";
import * as check from "./call/check.js";
import { type Attempted, exchange, hooked, type PreparedCall } from "./call/driver.js";
import { Events, HOOKS, type Hooks, type Logger, type LogLevel, logLevel } from "./call/events.js";
import { type FetchOptions, fetchOptions, withFetchOptions } from "./call/fetch-options.js";
import { isForeign, isForm, letGo, own } from "./call/foreign.js";
import { type HeaderMap, type HeaderOptions, headerMap, headerValue, mergeHeaders } from "./call/headers.js";
import { below, type Middleware, Onion } from "./call/middleware.js";
import { CALL_OPTIONS, type CallOptions } from "./call/options.js";
import { mustStream } from "./call/page-stream.js";
import { APIPromise } from "./call/promise.js";
import { encodeQuery, type Query, queryPairs } from "./call/query.js";
import type { Described, Story } from "./call/story.js";
import { type Credential, ofEnvironment, refuseInBrowser } from "./credentials/provider.js";
import { SharedUpstream } from "./credentials/shared-upstream.js";
import { credentials, refreshed, renewed } from "./credentials/waiting.js";
import { redactCause } from "./errors/cause.js";
import { config } from "./errors/config.js";
import { AttentionError, UnauthorizedError } from "./errors/errors.js";
import { isBrowser, pageOrigin, variable } from "./runtime/environment.js";
import { mustHave } from "./runtime/globals.js";
import { printable } from "./runtime/print.js";
import { isError } from "./runtime/realms.js";
import { loading } from "./runtime/rules.js";
import { VERSION } from "./runtime/version.js";

/** The options of a client. */
export interface AttentionOptions extends Hooks, CallLimits {
  /**
   * The API key, or a function that returns it. The function is called for the first call, in the last fifth of the
   * key's lifetime if that is known, and after a 401. Default: the environment variable ATTENTION_API_KEY. While the
   * variable is not set, a client can be made (during a build, for instance), but calls fail with `key_missing`.
   */
  readonly apiKey?: Credential | undefined;
  /** During a rotation, the key that will replace `apiKey`. Default: ATTENTION_API_KEY_NEXT. */
  readonly nextApiKey?: Credential | undefined;
  /** The caller token of a Worker in front of the API, instead of a key. */
  readonly token?: Credential | undefined;
  /**
   * The address of the API, or of the Worker in front of it. Default: ATTENTION_BASE_URL, else
   * `https://api.attention.tech/v2`. In a page it may begin with `/`.
   */
  readonly baseURL?: string | URL | undefined;
  /**
   * The most calls at once. Further calls wait, within their timeout. Calls of
   * clients made by `withOptions` count too. Default: 64.
   */
  readonly maxConcurrency?: number | undefined;
  /** Used instead of the runtime's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Passed to `fetch` with every call: a proxy's `dispatcher`, `cf`, `next`, `credentials`, `cache` and so on. */
  readonly fetchOptions?: FetchOptions | undefined;
  /** Sent with every call. */
  readonly defaultHeaders?: HeaderOptions | undefined;
  /** Sent with every call; the call's own parameters override them. */
  readonly defaultQuery?: Query | undefined;
  /** Receives log lines. Default: the console, if a level is set. */
  readonly logger?: Logger | undefined;
  /**
   * The lowest level that is logged: debug, info, warn, error or off. Default: ATTENTION_LOG; without it, your own
   * logger receives everything and the console nothing.
   */
  readonly logLevel?: LogLevel | undefined;
  /** Allows an API key in a browser, where every visitor can steal it. */
  readonly dangerouslyAllowBrowser?: boolean | undefined;
}

/** Merged by a function call, which bundlers can drop when it is unused; they cannot drop a spread. */
const OPTIONS: Readonly<Record<keyof AttentionOptions, check.Rule>> = /* @__PURE__ */ Object.assign(
  {
    apiKey: check.textOrFunction,
    nextApiKey: check.textOrFunction,
    token: check.textOrFunction,
    baseURL: check.url,
    timeout: check.milliseconds,
    attemptTimeout: check.milliseconds,
    maxRetries: check.count,
    maxConcurrency: check.concurrency,
    fetch: check.call,
    fetchOptions: check.members,
    defaultHeaders: check.object,
    defaultQuery: check.object,
  },
  HOOKS,
  {
    logger: check.logger,
    logLevel,
    dangerouslyAllowBrowser: check.flag,
  },
);

/** The globals that calls use, besides `fetch`. */
const NEEDED = [
  "TextDecoder",
  "TextEncoder",
  "AbortController",
  "DOMException",
  "Headers",
  "URLSearchParams",
  "clearTimeout",
  "performance",
  "setTimeout",
];

/** Options that select another server or another key. */
const OF_THE_UPSTREAM = ["apiKey", "nextApiKey", "token", "baseURL"] as const;

const NONE: CallOptions = {};

/**
 * The client that `withOptions` makes at this moment. A subclass of the application may have a constructor that passes on
 * other arguments, or none.
 */
let deriving:
  | { readonly target: unknown; readonly options: AttentionOptions; readonly shared: SharedUpstream | undefined }
  | undefined;

/** Options that `withOptions` made, whose hooks are bound. */
const MERGED = new WeakSet<object>();

/**
 * Enough for a thousand calls a second at 50 ms each. When the API starts to refuse calls, it refuses everything in
 * flight, so a higher number would only lose more of them.
 */
const MAX_CONCURRENCY = 64;

const RECURSIVE =
  "the function that provides the key or token calls its own client, so each waits for the other: " +
  "use another client there, or `fetch`";

/** The internals of a client that other modules of this package use. */
interface Internals {
  readonly fetch: typeof globalThis.fetch;
  readonly secrets: () => readonly string[];
  readonly redact: (error: unknown) => unknown;
  /** Like `request`, for an operation of the API's description. */
  readonly request: (method: string, path: string, options: CallOptions, known: Known) => APIPromise<unknown>;
}

/** Facts about an operation. */
export interface Known {
  /** The only level of key that it accepts. */
  readonly keyLevel?: NonNullable<CallRequest["keyLevel"]>;
}

const INTERNALS = new WeakMap<Client, Internals>();

/** Returns the internals. Not set in a static block of the class, because bundlers would then keep the class. */
export function internals(client: Client): Internals {
  return INTERNALS.get(client)!;
}

/**
 * A client with calls by path only, for small bundles. `Attention` adds a
 * method for each operation.
 *
 * ```js
 * import { Client } from "attention-wasm";
 *
 * const attention = new Client(); // The key is in ATTENTION_API_KEY.
 * const { data } = await attention.get("/conversations/list", { query: { size: 10 } });
 * ```
 */
export class Client {
  readonly #options: AttentionOptions;
  readonly #shared: SharedUpstream;
  readonly #headers: HeaderMap;
  readonly #query: readonly [string, string][];
  #events: Events | undefined;
  #middleware: readonly Middleware[] = [];
  readonly #used: (Middleware | Hooks)[] = [];
  readonly #fetch: typeof globalThis.fetch;
  /** The headers of a call without headers of its own, for each `Authorization`. */
  #ready: { readonly authorization: string; readonly headers: Record<string, string> } | undefined;
  #isClosed = false;

  /**
   * Throws a TypeError that names an invalid option, and an `AttentionError`
   * if a key, a token or the base URL is refused.
   */
  constructor(options?: AttentionOptions);
  /** @internal */
  constructor(options: AttentionOptions | undefined, shared: SharedUpstream | undefined);
  constructor(given: AttentionOptions = {}, from?: SharedUpstream) {
    // A subclass may make a client of another class before it calls `super`.
    const derived = deriving?.target === new.target ? deriving : undefined;
    if (derived !== undefined) deriving = undefined;
    const { options, shared } = derived ?? { options: given, shared: from };
    mustHave(NEEDED);
    check.checkOptions("new Attention()", options, OPTIONS);
    this.#options = options;
    this.#events = Events.of(options);
    const own = options.fetch;
    // Looked up for each call, so that a later replacement is used; called without a `this`.
    const bare: typeof fetch =
      own === undefined ? (input, init) => fetch(input, init) : (input, init) => own(input, init);
    this.#fetch = withFetchOptions(bare, options.fetchOptions && fetchOptions(options.fetchOptions));
    this.#shared = shared?.share() ?? open(options);
    try {
      this.#headers = {
        accept: "application/json",
        // In a page the browser sets this header; another value would cost a preflight.
        ...(isBrowser() ? {} : { "user-agent": `attention-wasm/${VERSION}` }),
        ...(options.defaultHeaders && headerMap(options.defaultHeaders, "defaultHeaders")),
      };
      this.#query = options.defaultQuery === undefined ? [] : queryPairs(options.defaultQuery, "defaultQuery");
    } catch (error) {
      this.close();
      throw this.redact(error);
    }
    INTERNALS.set(this, {
      fetch: this.#fetch,
      secrets: this.#shared.secrets,
      redact: (error) => this.redact(error),
      request: (method, path, given, known) => new APIPromise(this.#call(method, path, given, known)),
    });
    // Not on the prototype: that would be a side effect of the import, and bundlers would keep the whole client.
    Object.defineProperties(
      this,
      printable((client: Client) => client.toString()),
    );
  }

  /**
   * Sends a GET. Query, body and response are typed for paths in the API's
   * description. For any other path, or a parameter that the description lacks,
   * call `get(path as string, …)`. The same holds for the other methods.
   */
  get<P extends Path<"get">>(path: P, ...options: PathArguments<"get", P>): APIPromise<PathAnswer<"get", P>>;
  get(path: string, options?: CallOptions): APIPromise<unknown> {
    return new APIPromise(this.#call("GET", path, options));
  }

  /** Sends a POST. */
  post<P extends Path<"post">>(path: P, ...options: PathArguments<"post", P>): APIPromise<PathAnswer<"post", P>>;
  post(path: string, options?: CallOptions): APIPromise<unknown> {
    return new APIPromise(this.#call("POST", path, options));
  }

  /** Sends a PUT. */
  put<P extends Path<"put">>(path: P, ...options: PathArguments<"put", P>): APIPromise<PathAnswer<"put", P>>;
  put(path: string, options?: CallOptions): APIPromise<unknown> {
    return new APIPromise(this.#call("PUT", path, options));
  }

  /** Sends a PATCH. */
  patch<P extends Path<"patch">>(path: P, ...options: PathArguments<"patch", P>): APIPromise<PathAnswer<"patch", P>>;
  patch(path: string, options?: CallOptions): APIPromise<unknown> {
    return new APIPromise(this.#call("PATCH", path, options));
  }

  /** Sends a DELETE. */
  delete<P extends Path<"delete">>(
    path: P,
    ...options: PathArguments<"delete", P>
  ): APIPromise<PathAnswer<"delete", P>>;
  delete(path: string, options?: CallOptions): APIPromise<unknown> {
    return new APIPromise(this.#call("DELETE", path, options));
  }

  /** Sends any method, untyped. */
  request(method: string, path: string, options?: CallOptions): APIPromise<unknown> {
    return new APIPromise(this.#call(method, path, options));
  }

  /** Sends a HEAD; `asResponse()` has the headers. */
  head(path: string, options?: CallOptions): APIPromise<undefined> {
    return new APIPromise<undefined>(this.#call("HEAD", path, options));
  }

  /** The state of the credentials: fingerprints, never the credentials themselves. */
  get keys(): KeysInfo {
    this.#mustBeOpen();
    return this.#shared.info();
  }

  /**
   * Calls the functions that provide keys or tokens again, for instance after another user has logged in. Calls that
   * start from now on wait for the new credentials; calls in progress keep theirs. Resolves to whether the credentials
   * changed (never, if they are plain strings), within the `timeout` of a call.
   */
  async refreshCredentials(): Promise<boolean> {
    this.#mustBeOpen();
    const shared = this.#shared;
    if (!shared.isDynamic) return false;
    if (shared.isAsked) throw config("key_provider_recursive", RECURSIVE);
    return refreshed(shared, this.#options.timeout ?? shared.defaults.timeout);
  }

  /** The base URL that calls go to. */
  get baseURL(): string {
    return this.#shared.baseURL;
  }

  /**
   * Adds a middleware around every call that starts from now on, inside the existing ones, or adds hooks to those in
   * the options. Clients that `withOptions` makes later inherit them.
   *
   * ```js
   * attention.use(async (request, next) => {
   *   request.headers.set("x-team", "revenue");
   *   return next();
   * });
   * ```
   */
  use(one: Middleware | Hooks): this {
    if (typeof one === "function") this.#middleware = [...this.#middleware, one];
    else check.checkOptions("use()", one, HOOKS);
    this.#events ??= Events.of(this.#options, true);
    if (typeof one !== "function") this.#events = this.#events?.and(one);
    this.#used.push(one);
    return this;
  }

  /**
   * A foreign error, or a text, without this client's credentials. What the caller did wrong is named in the caller's
   * words, which may be the key. @internal
   */
  protected redact(error: unknown): unknown {
    // While core is being compiled, no credential is known.
    const isClean = error instanceof AttentionError || loading() !== undefined;
    return isClean ? error : redactCause(error, this.#shared.secrets());
  }

  /** The operation of a path below the base URL. @internal */
  protected describe(_method: string, _path: string): Described | undefined {
    return undefined;
  }

  /**
   * Returns a client with some options changed. It shares keys, retry budget and
   * rate gate with this one, unless the key, the token or the base URL changes.
   */
  withOptions(options: AttentionOptions): this {
    this.#mustBeOpen();
    check.checkOptions("withOptions()", options, OPTIONS);
    // One kind of credential replaces the other.
    const replaced: readonly string[] =
      options.token !== undefined ? ["apiKey", "nextApiKey"] : options.apiKey !== undefined ? ["token"] : [];
    const merged: Record<string, unknown> = {};
    // By their names, because options may be inherited, as those of a class are. An undefined one counts as absent.
    for (const name of Object.keys(OPTIONS) as (keyof AttentionOptions)[]) {
      const owner = options[name] === undefined ? this.#options : options;
      const value = owner[name];
      if (value === undefined || (owner !== options && replaced.includes(name))) continue;
      // A hook stays a method of its own object.
      const isMethod = Object.hasOwn(HOOKS, name) && !MERGED.has(owner);
      merged[name] = isMethod ? (value as () => void).bind(owner) : value;
    }
    MERGED.add(merged);
    const Own = this.constructor as new (options: AttentionOptions, shared: SharedUpstream | undefined) => this;
    const shared = OF_THE_UPSTREAM.some((name) => options[name] !== undefined) ? undefined : this.#shared;
    let own: this;
    try {
      deriving = { target: Own, options: merged, shared };
      own = new Own(merged, shared);
    } finally {
      deriving = undefined;
    }
    for (const one of this.#used) own.use(one);
    return own;
  }

  /** Releases the credentials when no call is in progress any more. Later calls are refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#shared.close();
  }

  /** Same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Base URL and fingerprints, for people. */
  toString(): string {
    const keys = this.#isClosed
      ? "closed"
      : this.#shared
          .info()
          .keys.map(({ slot, fingerprint }) => `${slot} key ${fingerprint}`)
          .join(", ");
    return `Attention(${this.#shownBase()}${keys === "" ? "" : `, ${keys}`})`;
  }

  /** Base URL and fingerprints, for logs. */
  toJSON(): { readonly baseURL: string; readonly keys: KeysInfo | null } {
    return { baseURL: this.#shownBase(), keys: this.#isClosed ? null : this.#shared.info() };
  }

  /** A base URL is configuration, in which a key may have been put by mistake. */
  #shownBase(): string {
    return this.redact(this.baseURL) as string;
  }

  #call(method: string, path: string, options?: CallOptions, known?: Known): Promise<Attempted> {
    return this.#events === undefined
      ? this.#make(method, path, options, undefined, known)
      : this.#tell(this.#events, method, path, options, known);
  }

  async #tell(
    events: Events,
    method: string,
    path: string,
    options: CallOptions | undefined,
    known: Known | undefined,
  ): Promise<Attempted> {
    const story = events.begin(
      method,
      this.describe(method, below(this.baseURL, typeof path === "string" ? path : "")),
    );
    try {
      return story.head(await this.#make(method, path, options, story, known));
    } catch (error) {
      story.fail(error);
      throw error;
    }
  }

  async #make(
    method: string,
    path: string,
    options: CallOptions = NONE,
    story: Story | undefined,
    known: Known | undefined,
  ): Promise<Attempted> {
    this.#mustBeOpen();
    if (typeof path !== "string") throw new TypeError(`${method}: the path must be a string`);
    const isReady = loading();
    if (isReady !== undefined) await isReady;
    let call: PreparedCall;
    try {
      // A custom `fetch` may need its own implementation's FormData, so that is passed on as it is.
      if (isForeign(options?.body) && !(this.#options.fetch && isForm(options.body)))
        options = { ...check.plain(options), body: await own(options.body as object) };
      call = this.#prepare(method, path, options, story, known);
    } catch (error) {
      throw this.redact(error);
    }
    const middleware = this.#middleware;
    // Until the end of the call: the client may be closed while this call waits for a credential.
    const shared = this.#shared.share();
    const started = Date.now();
    try {
      if (story?.started !== undefined) await hooked(shared, story.started, call, started);
      if (story === undefined || middleware.length === 0) return await this.#exchange(shared, call, started);
      const make = (changed: PreparedCall) => this.#exchange(shared, changed, started);
      return await new Onion(shared, call, make).through(middleware, story, started);
    } catch (error) {
      // Perhaps an exception of the application: of a hook, a middleware, a signal or the source of a body.
      const clean = this.redact(error);
      // What is no error, and may not even be readable, is passed on.
      throw isError(clean) || typeof error === "string" ? clean : error;
    } finally {
      if (call.isOneShot) letGo(call.body);
      shared.close();
    }
  }

  async #exchange(shared: SharedUpstream, call: PreparedCall, started: number): Promise<Attempted> {
    if (shared.isDynamic) await this.#renew(shared, call, started);
    const told = call.events?.expiring(shared);
    if (told !== undefined) await hooked(shared, told, call, started);
    const { generation } = shared;
    try {
      return await exchange(shared, call, started);
    } catch (error) {
      if (!shared.isDynamic || !(error instanceof UnauthorizedError) || call.isOneShot) throw error;
      const isNew = await renewed(shared, call, started, generation, error);
      this.#tellFailure(shared, call);
      if (!isNew) throw error;
      return exchange(shared, { ...call, before: error.attempts }, started);
    }
  }

  async #renew(shared: SharedUpstream, call: PreparedCall, started: number): Promise<void> {
    if (shared.isAsked) throw config("key_provider_recursive", RECURSIVE);
    // For an aborted call no function is called: see `exchange`.
    if (call.signal?.aborted === true) return;
    const { renewal } = shared;
    if (renewal.freshness === "expired") await credentials(shared, call, started);
    else if (renewal.freshness === "due") renewal.inBackground((error) => call.events?.renewalFailed(error));
    this.#tellFailure(shared, call);
  }

  #tellFailure(shared: SharedUpstream, call: PreparedCall): void {
    const failed = shared.takeFailure();
    if (failed !== undefined) void call.events?.renewalFailed(failed.error);
  }

  #prepare(
    method: string,
    path: string,
    options: CallOptions,
    story: Story | undefined,
    known: Known | undefined,
  ): PreparedCall {
    const client = this.#options;
    if (client.fetch === undefined && typeof fetch !== "function")
      throw config("fetch_missing", "this runtime has no `fetch`: pass one as the option `fetch`");
    let isOneShot = false;
    let extra: HeaderMap | undefined;
    let body: BodyInit | undefined;
    let fault: PreparedCall["fault"];
    if (options !== NONE) {
      check.checkOptions(method, options, CALL_OPTIONS);
      if (options.body !== undefined && options.body !== null) {
        const encoded: Encoded = isForm(options.body)
          ? { content: options.body, oneShot: false }
          : encodeBody(options.body);
        if (method === "GET" || method === "HEAD")
          throw new TypeError(`${method}: body: a ${method} request has no body`);
        body = encoded.content;
        isOneShot = encoded.oneShot;
        if (isOneShot && client.fetch === undefined) mustStream(method, this.baseURL);
        fault = encoded.fault;
        if (encoded.type !== undefined) extra = { "content-type": encoded.type };
      }
      if (options.headers !== undefined) extra = { ...extra, ...headerMap(options.headers, "headers") };
      if (options.idempotencyKey !== undefined) {
        extra = { ...extra, "idempotency-key": headerValue(options.idempotencyKey, `${method}: idempotencyKey`) };
      }
    }
    return {
      method,
      path,
      remember: true,
      keyLevel: known?.keyLevel,
      query: encodeQuery(options.query, this.#query),
      idempotent: options.idempotent,
      isOneShot,
      maxRetries: options.maxRetries ?? client.maxRetries,
      maxConcurrency: client.maxConcurrency ?? MAX_CONCURRENCY,
      timeout: options.timeout ?? client.timeout ?? this.#shared.defaults.timeout,
      attemptTimeout: options.attemptTimeout ?? client.attemptTimeout ?? Infinity,
      signal: options.signal,
      body,
      fault,
      fetch: withFetchOptions(this.#fetch, options.fetchOptions && fetchOptions(options.fetchOptions)),
      headers:
        extra === undefined
          ? this.#plainHeaders
          : (authorization) => mergeHeaders(this.#headers, extra, { authorization }),
      events: story,
    };
  }

  readonly #plainHeaders = (authorization: string): Record<string, string> => {
    if (this.#ready?.authorization !== authorization) {
      this.#ready = { authorization, headers: mergeHeaders(this.#headers, { authorization }) };
    }
    // A copy, because a custom or patched `fetch` (a tracer's, for instance) may modify its arguments.
    return { ...this.#ready!.headers };
  };

  #mustBeOpen(): void {
    if (this.#isClosed) throw config("closed", "this client was closed (by `close()` or `using`): make a new one");
  }
}

function open(options: AttentionOptions): SharedUpstream {
  const { token } = options;
  const isUnset = token === undefined && options.apiKey === undefined;
  const apiKey = options.apiKey ?? (isUnset ? variable("ATTENTION_API_KEY") : undefined);
  const next = options.nextApiKey ?? (isUnset ? variable("ATTENTION_API_KEY_NEXT") : undefined);
  if (token !== undefined && (options.apiKey !== undefined || options.nextApiKey !== undefined)) {
    throw config("two_credentials", "pass either `apiKey` (to call the API) or `token` (to call a Worker), not both");
  }
  if (apiKey !== undefined && options.dangerouslyAllowBrowser !== true) refuseInBrowser();
  const baseURL = options.baseURL?.toString() ?? variable("ATTENTION_BASE_URL");
  if (token !== undefined && baseURL === undefined) {
    throw config(
      "base_url_missing",
      "a caller `token` is for a Worker, not for the API: pass the Worker's address as `baseURL`",
    );
  }
  return new SharedUpstream(absolute(baseURL), token ?? apiKey ?? ofEnvironment, next, token !== undefined, {
    baseURL: options.baseURL === undefined ? "ATTENTION_BASE_URL" : "baseURL",
    current: token !== undefined ? "token" : options.apiKey === undefined ? "ATTENTION_API_KEY" : "apiKey",
    next: options.nextApiKey === undefined ? "ATTENTION_API_KEY_NEXT" : "nextApiKey",
  });
}

/** Resolves a base URL that begins with `/` against the page's origin. */
function absolute(baseURL: string | undefined): string | undefined {
  if (baseURL?.startsWith("/") !== true) return baseURL;
  const origin = pageOrigin();
  if (origin === undefined) {
    throw config(
      "base_url_relative",
      "a base URL that begins with `/` works only in a page: " +
        "on a server, write the Worker's whole address, such as https://app.example.com/api/v2",
    );
  }
  return `${origin}${baseURL}`;
}
