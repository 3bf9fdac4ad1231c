/** What callers hand on to `fetch` beside what the client sets: a proxy's dispatcher, `cf`, `next`, cookies, the cache. */

/** What the client sets itself. */
const OURS = ["method", "headers", "body", "signal", "duplex", "redirect", "window"] as const;

type Name = (typeof OURS)[number];

/**
 * Handed on to `fetch` as they are: `dispatcher` (Node), `cf` (Workers), `next` (Next.js), `proxy` and `tls` (Bun),
 * `client` (Deno), `credentials`, `cache`, `mode`, `keepalive`, `priority`, and whatever else a runtime knows.
 */
export type FetchOptions = Omit<RequestInit, Name> & { readonly [name in Name]?: never } & {
  readonly [name: string]: unknown;
};

/** How the message of an error about them begins. */
const OF_THE_OPTIONS = "fetchOptions:";

/** A copy. Throws a TypeError for what is the client's to set, and for what would print the key or hide the answer. */
export function fetchOptions(given: FetchOptions): Readonly<Record<string, unknown>> {
  const { ...options } = given as Record<string, unknown>;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) delete options[name];
    else if ((OURS as readonly string[]).includes(name)) throw refused(name, "the client sets it");
    else if (name === "verbose" && value !== false) throw refused(name, "Bun would print the key");
    else if (name === "mode" && value === "no-cors") throw refused(name, "no-cors hides the answer");
  }
  return options;
}

function refused(name: string, why: string): TypeError {
  return new TypeError(`${OF_THE_OPTIONS} ${name} cannot be set, as ${why}`);
}

type Fetch = typeof globalThis.fetch;

/** `fetch` with these options, where it is given no others. */
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

/** Throws when they are why nothing was sent. Afterwards, since a `fetch` of somebody's own may know more than `Request`. */
function mustFit(options: Readonly<Record<string, unknown>>): void {
  try {
    new Request("http://localhost", options);
  } catch (cause) {
    throw new TypeError(`${OF_THE_OPTIONS} ${(cause as Error).message}`, { cause });
  }
}
