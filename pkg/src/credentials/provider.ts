/** A credential as the application passes it: a string, or a function that returns it. */

import { named } from "../call/values.js";
import { redactCause } from "../errors/cause.js";
import { config } from "../errors/config.js";
import { AttentionError } from "../errors/errors.js";
import { isBrowser, variable } from "../runtime/environment.js";
import { tagOf } from "../runtime/realms.js";
import { asking } from "./recursion.js";

/** A credential and when it ends, as the Worker's `POST /sessions` answers it. */
export interface IssuedCredential {
  readonly token: string;
  /** A Date or Unix milliseconds. Default: what a JWT or a session of the Worker says of itself. */
  readonly expiresAt?: Date | number | null | undefined;
}

/** A credential, or a function that gets it from where it is kept. */
export type Credential = string | (() => string | IssuedCredential | Promise<string | IssuedCredential>);

/**
 * What a client is given that has neither key nor token when it is made, as when a framework builds its pages: the
 * variable is asked for at the first call.
 */
export function ofEnvironment(): string {
  const key = variable("ATTENTION_API_KEY");
  if (key === undefined) throw config("key_missing", MISSING);
  refuseInBrowser();
  return key;
}

const MISSING =
  "there is no credential: set ATTENTION_API_KEY or pass `apiKey`, or pass a Worker's `token` and its `baseURL`";

/** A key does not belong where strangers can read it. */
export function refuseInBrowser(): void {
  if (!isBrowser()) return;
  throw config(
    "key_in_browser",
    "an API key in a browser can be taken by everybody who visits: deploy the Worker, which keeps the key, " +
      "and pass its `baseURL` and a caller `token` here; " +
      "or, if only people who may have the key can load this page, set `dangerouslyAllowBrowser: true`",
  );
}

/** A credential that has been given. */
export interface Given {
  readonly text: string;
  /** When it ends, in Unix milliseconds, by the word of whoever gave it. */
  readonly expiresAt: number | undefined;
}

/** Unix milliseconds of 1973 and 5138: what lies outside is in seconds, or in microseconds. */
const PLAUSIBLE = [1e11, 1e14] as const;

/** Errors that say themselves what is wrong: of this package's own providers, of whichever copy of it. */
const TELLING = /^session_|^key_provider_recursive$/;

/**
 * Asks for the credential. Throws an `AttentionError` when the function fails or returns anything else. `secrets` are
 * those that its error may hold.
 */
export async function ask(source: Credential, secrets: readonly string[]): Promise<Given> {
  if (typeof source === "string") return { text: source, expiresAt: undefined };
  let given: unknown;
  let token: unknown;
  let expiresAt: unknown;
  try {
    given = await asking(source);
    // What it gives may have getters, and they may throw as the function may.
    if (typeof given !== "string") ({ token, expiresAt } = (given ?? {}) as Record<keyof IssuedCredential, unknown>);
  } catch (error) {
    if (source === ofEnvironment) throw error;
    if (error instanceof AttentionError && TELLING.test(error.code)) throw error;
    const cause = redactCause(error, secrets);
    throw config("key_provider_failed", "the function that gives the credential failed; see `cause`", cause);
  }
  if (typeof given === "string") return { text: given, expiresAt: undefined };
  if (typeof token === "string") return { text: token, expiresAt: end(expiresAt) };
  const what = typeof given === "object" && given !== null ? "an object without `token`" : named(given);
  throw refused(`gave ${what}, not a string or { token, expiresAt }`);
}

/** Throws when it is no date: an end that is misread would have a credential used for too long, or never. */
function end(expiresAt: unknown): number | undefined {
  if (expiresAt === undefined || expiresAt === null) return undefined;
  const at = tagOf(expiresAt) === "Date" ? Number(expiresAt) : expiresAt;
  if (typeof at !== "number") throw refused(`gave an \`expiresAt\` that is a ${typeof at}: give a Date or a number`);
  if (Number.isNaN(at)) throw refused("gave an `expiresAt` that is not a date");
  // Of a Date as well: `new Date(exp)` of a JWT is in January 1970.
  if (at >= PLAUSIBLE[0] && at < PLAUSIBLE[1]) return at;
  const hint = at < PLAUSIBLE[0] ? "seconds: multiply them by 1000, and count from 1970, not from now" : "microseconds";
  throw refused(`gave an \`expiresAt\` that is not in milliseconds since 1970, but perhaps in ${hint}`);
}

function refused(how: string): AttentionError {
  return config("key_provider_failed", `the function that gives the credential ${how}`);
}
