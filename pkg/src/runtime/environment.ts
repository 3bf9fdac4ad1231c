/** What the runtime tells: environment variables, and whether strangers can read what is in memory. */

/** The globals that are looked at; each is absent somewhere. */
interface Globals {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly versions?: { readonly node?: string };
  };
  readonly Deno?: { readonly env?: { get(name: string): string | undefined } };
  readonly document?: unknown;
  readonly window?: unknown;
  readonly location?: { readonly origin?: string };
  readonly navigator?: { readonly userAgent?: string };
  readonly EdgeRuntime?: unknown;
  readonly WorkerGlobalScope?: abstract new () => unknown;
}

const here = globalThis as unknown as Globals;

/**
 * An environment variable; undefined where there are none, and for an empty one: compose files and CI hand on so what
 * is not set.
 *
 * Through `globalThis`, so that no bundler puts the builder's own key in its place.
 */
export function variable(name: string): string | undefined {
  try {
    return here.Deno?.env?.get(name) || here.process?.env?.[name] || undefined;
  } catch {
    // Deno without the permission to read it.
    return undefined;
  }
}

/** A page, or a worker of one: whoever visits can read everything in it. A test's jsdom or happy-dom in Node is not one. */
export function isBrowser(): boolean {
  if (here.process?.versions?.node !== undefined && /\b(?:jsdom|HappyDOM)\b/i.test(here.navigator?.userAgent ?? ""))
    return false;
  if (here.window !== undefined && here.document !== undefined) return true;
  // Edge runtimes have worker scopes too, but no page that they belong to, so no location.
  const inWorker = here.WorkerGlobalScope !== undefined && globalThis instanceof here.WorkerGlobalScope;
  return (
    inWorker &&
    here.location?.origin !== undefined &&
    here.Deno === undefined &&
    here.process?.versions?.node === undefined
  );
}

/** A page whose `fetch` is a browser's: not one that is played in Node, as by jsdom. */
export function isPage(): boolean {
  return isBrowser() && here.process?.versions?.node === undefined;
}

/**
 * Whether the runtime drops requests in the middle, and may forbid one of them to settle promises of another: Workers,
 * and Vercel's edge functions, which are ones.
 */
export function dropsRequests(): boolean {
  return here.navigator?.userAgent === "Cloudflare-Workers" || here.EdgeRuntime !== undefined;
}

/** The page's own origin, which relative base URLs are meant for. Of a file, or in a sandbox, it is "null". */
export function pageOrigin(): string | undefined {
  const origin = here.location?.origin;
  return origin === "null" ? undefined : origin;
}
