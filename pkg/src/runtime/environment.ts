/** Facts about the runtime: environment variables, and whether strangers can read its memory. */

/** The globals that are used; each is missing in some runtime. */
interface Globals {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly versions?: { readonly node?: string };
  };
  readonly Deno?: { readonly env?: { get(name: string): string | undefined } };
  readonly document?: unknown;
  readonly window?: unknown;
  readonly location?: { readonly origin?: string };
  readonly origin?: string;
  readonly navigator?: { readonly userAgent?: string };
  readonly EdgeRuntime?: unknown;
  readonly WorkerGlobalScope?: abstract new () => unknown;
  readonly setImmediate?: (work: () => void) => unknown;
}

const here = globalThis as unknown as Globals;

/**
 * An environment variable; undefined if it is missing or empty, since Compose files and CI pass unset variables as
 * empty ones.
 *
 * Read through `globalThis`, so that no bundler replaces it by the build machine's own key.
 */
export function variable(name: string): string | undefined {
  try {
    return here.Deno?.env?.get(name) || here.process?.env?.[name] || undefined;
  } catch {
    // Deno without permission to read it.
    return undefined;
  }
}

/**
 * A page, or a worker of a page, in which every visitor can read everything. A test's jsdom or happy-dom in Node is not
 * one.
 */
export function isBrowser(): boolean {
  if (here.process?.versions?.node !== undefined && /\b(?:jsdom|HappyDOM)\b/i.test(here.navigator?.userAgent ?? ""))
    return false;
  if (here.window !== undefined && here.document !== undefined) return true;
  // Edge runtimes have worker scopes too, but no page and so no location.
  const inWorker = here.WorkerGlobalScope !== undefined && globalThis instanceof here.WorkerGlobalScope;
  return (
    inWorker &&
    here.location?.origin !== undefined &&
    here.Deno === undefined &&
    here.process?.versions?.node === undefined
  );
}

/** A page with a browser's `fetch`, unlike jsdom in Node. */
export function isPage(): boolean {
  return isBrowser() && here.process?.versions?.node === undefined;
}

/**
 * Whether the runtime may drop a request at any `await`, and may forbid it to settle promises of another: Workers, and
 * Vercel's edge functions, which are Workers.
 */
export function dropsRequests(): boolean {
  return here.navigator?.userAgent === "Cloudflare-Workers" || here.EdgeRuntime !== undefined;
}

/**
 * Runs work when everything that has already arrived was handled. Pages, which have no such function, run it at once.
 * Looked up when a client is made, so that timers that a test fakes later do not hold up its calls.
 */
export function afterThisTurn(): (work: () => void) => void {
  const { setImmediate } = here;
  return setImmediate === undefined ? (work) => work() : (work) => void setImmediate(work);
}

/**
 * The page's own origin, for relative base URLs. For a file, or in a sandbox, it is "null". `location` has the origin
 * of the address instead, which a sandboxed frame does not have, and a frame with `srcdoc` has beside it.
 */
export function pageOrigin(): string | undefined {
  const origin = here.location && (here.origin ?? here.location.origin);
  return origin === "null" ? undefined : origin;
}
