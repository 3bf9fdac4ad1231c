/** A credential as the application passes it: a string, or a function that returns it. */

import { config } from "../errors/config.js";
import { isBrowser, variable } from "../runtime/environment.js";

/** A credential, or a function that gets it from where it is kept. */
export type Credential = string | (() => string | Promise<string>);

/**
 * What a client is given that has neither key nor token when it is made, as when a framework builds its pages: the variable
 * is asked for at the first call.
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

/** Asks for the credential. Throws an `AttentionError` when the function fails or returns anything but a string. */
export async function ask(source: Credential): Promise<string> {
  if (typeof source === "string") return source;
  let given: unknown;
  try {
    given = await source();
  } catch (error) {
    if (source === ofEnvironment) throw error;
    throw config("key_provider_failed", "the function that gives the credential failed; see `cause`", error);
  }
  if (typeof given === "string") return given;
  throw config(
    "key_provider_failed",
    `the function that gives the credential gave ${given === null ? "null" : `a ${typeof given}`}, not a string`,
  );
}
