/** A credential as the application passes it: a string, or a function that returns it. */

import { named } from "../call/values.js";
import { redactCause } from "../errors/cause.js";
import { config } from "../errors/config.js";
import { AttentionError } from "../errors/errors.js";
import { isBrowser, variable } from "../runtime/environment.js";
import { tagOf } from "../runtime/realms.js";
import { asking } from "./recursion.js";

/** A credential and its expiry, as in the response of the Worker's `POST /sessions`. */
export interface IssuedCredential {
  readonly token: string;
  /**
   * A Date or Unix milliseconds; Infinity if it does not expire. Default: the expiry in the token, if it is a JWT or a
   * session of the Worker.
   */
  readonly expiresAt?: Date | number | null | undefined;
}

/** A credential, or a function that returns it. */
export type Credential = string | (() => string | IssuedCredential | Promise<string | IssuedCredential>);

/**
 * The credential of a client that is made without a key or token, for instance while a framework builds pages. It reads
 * the environment variable at the first call.
 */
export function ofEnvironment(): string {
  const key = variable("ATTENTION_API_KEY");
  if (key === undefined) throw config("key_missing", MISSING);
  refuseInBrowser();
  return key;
}

const MISSING = "no credential: set ATTENTION_API_KEY, pass `apiKey`, or pass a Worker's `token` and `baseURL`";

/** Refuses an API key where strangers can read it. */
export function refuseInBrowser(): void {
  if (!isBrowser()) return;
  throw config(
    "key_in_browser",
    "every visitor of a page can steal its API key: deploy the Worker, which keeps the key, " +
      "and pass its `baseURL` and a caller `token` here; " +
      "or, if all visitors may have the key, set `dangerouslyAllowBrowser: true`",
  );
}

/** A credential from an option or a function. */
export interface Given {
  readonly text: string;
  /** Its expiry in Unix milliseconds, as its provider stated it. */
  readonly expiresAt: number | undefined;
}

/** Unix milliseconds of 1973 and 33658; numbers outside are probably seconds or microseconds. */
const PLAUSIBLE = [1e11, 1e15] as const;

/** The last moment that a Date can represent. As Infinity, it means that a credential does not expire. */
const LAST = 8.64e15;

/** Codes of errors that are passed on unchanged: those of this package's own providers, from any copy of it. */
const UNCHANGED = /^session_|^key_provider_recursive$/;

/**
 * Gets the credential. Throws an `AttentionError` if the function fails or returns something else. `secrets` are the
 * credentials that its exception may contain.
 */
export async function ask(source: Credential, secrets: readonly string[]): Promise<Given> {
  if (typeof source === "string") return { text: source, expiresAt: undefined };
  let given: unknown;
  let token: unknown;
  let expiresAt: unknown;
  try {
    given = await asking(source);
    // The result may have getters, which may throw too.
    if (typeof given !== "string") ({ token, expiresAt } = (given ?? {}) as Record<keyof IssuedCredential, unknown>);
  } catch (error) {
    if (source === ofEnvironment) throw error;
    if (error instanceof AttentionError && UNCHANGED.test(error.code)) throw error;
    const cause = redactCause(error, secrets);
    throw config("key_provider_failed", "the function that provides the credential failed; see `cause`", cause);
  }
  if (typeof given === "string") return { text: given, expiresAt: undefined };
  if (typeof token === "string") return { text: token, expiresAt: end(expiresAt) };
  const what = typeof given === "object" && given !== null ? "an object without `token`" : named(given);
  throw refused(`returned ${what}, not a string or { token, expiresAt }`);
}

/** Throws if it is not a date. With a misread expiry, a credential would be used for too long, or never. */
function end(expiresAt: unknown): number | undefined {
  if (expiresAt === undefined || expiresAt === null) return undefined;
  const at = tagOf(expiresAt) === "Date" ? Number(expiresAt) : expiresAt;
  if (typeof at !== "number")
    throw refused(`returned an \`expiresAt\` that is a ${typeof at}: return a Date or a number`);
  if (Number.isNaN(at)) throw refused("returned an `expiresAt` that is not a date");
  if (at === Infinity || at === LAST) return undefined;
  // Dates too: `new Date(exp)` with the `exp` of a JWT is in January 1970.
  if (at >= PLAUSIBLE[0] && at < PLAUSIBLE[1]) return at;
  const hint = at < PLAUSIBLE[0] ? "seconds: multiply them by 1000, and count from 1970, not from now" : "microseconds";
  throw refused(`returned an \`expiresAt\` that is not in milliseconds since 1970, but perhaps in ${hint}`);
}

function refused(how: string): AttentionError {
  return config("key_provider_failed", `the function that provides the credential ${how}`);
}
