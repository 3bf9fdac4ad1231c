/** Further options that callers pass to `fetch`: a proxy's dispatcher, `cf`, `next`, cookies, the cache. */

/** The options that the client sets. */
const OURS = ["method", "headers", "body", "signal", "duplex", "redirect", "window"] as const;

type Name = (typeof OURS)[number];

/**
 * Passed to `fetch` unchanged: `dispatcher` (Node), `cf` (Workers), `next` (Next.js), `proxy` and `tls` (Bun),
 * `client` (Deno), `credentials`, `cache`, `mode`, `keepalive`, `priority`, and any other option of the runtime.
 */
export type FetchOptions = Omit<RequestInit, Name> & { readonly [name in Name]?: never } & {
  readonly [name: string]: unknown;
};

/** The beginning of messages about these options. */
const OF_THE_OPTIONS = "fetchOptions:";

/**
 * Returns a copy. Throws a TypeError for the client's own options, and for options that expose the key or hide the
 * response.
 */
export function fetchOptions(given: FetchOptions): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  for (const name of namesOf(given)) {
    const value = given[name];
    if (value === undefined) continue;
    if ((OURS as readonly string[]).includes(name)) throw refused(name, "the client sets it");
    else if (name === "verbose" && value !== false) throw refused(name, "Bun would print the key");
    else if (name === "mode" && value === "no-cors") throw refused(name, "no-cors hides the response");
    options[name] = value;
  }
  return options;
}

/** The names of its own and its inherited options, which `fetch` would read too; not those that any object has. */
function namesOf(given: object): Set<string> {
  const names = new Set<string>();
  for (let at: object | null = given; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (Object.hasOwn(at, "constructor") && Object.getPrototypeOf(at) === null) break;
    for (const name of Object.getOwnPropertyNames(at)) if (name !== "constructor") names.add(name);
  }
  return names;
}

function refused(name: string, why: string): TypeError {
  return new TypeError(`${OF_THE_OPTIONS} ${name} cannot be set, as ${why}`);
}

type Fetch = typeof globalThis.fetch;

/** `fetch` with these options as defaults. */
export function withFetchOptions(fetch: Fetch, options: Readonly<Record<string, unknown>> | undefined): Fetch {
  if (options === undefined) return fetch;
  return async (input, init) => {
    try {
      return await fetch(input, { ...options, ...init });
    } catch (error) {
      mustFit(options);
      throw error;
    }
  };
}

/** Throws if these options caused the failure. Called afterwards: a custom `fetch` may accept more than `Request`. */
function mustFit(options: Readonly<Record<string, unknown>>): void {
  try {
    new Request("http://localhost", options);
  } catch (cause) {
    throw new TypeError(`${OF_THE_OPTIONS} ${(cause as Error).message}`, { cause });
  }
}
