/** A credential as the application passes it: a string, or a function that returns it. */

import { config } from "../errors/config.js";

/** A credential, or a function that gets it from where it is kept. */
export type Credential = string | (() => string | Promise<string>);

/** Asks for the credential. Throws an `AttentionError` when the function fails or returns anything but a string. */
export async function ask(source: Credential): Promise<string> {
  if (typeof source === "string") return source;
  let given: unknown;
  try {
    given = await source();
  } catch (error) {
    throw config("key_provider_failed", "the function that gives the credential failed; see `cause`", error);
  }
  if (typeof given === "string") return given;
  throw config(
    "key_provider_failed",
    `the function that gives the credential gave ${given === null ? "null" : `a ${typeof given}`}, not a string`,
  );
}
