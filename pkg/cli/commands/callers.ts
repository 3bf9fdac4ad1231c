// `callers new`: makes a caller token for the Worker, shows it once, and prints its configuration entry.
import { randomBytes } from "node:crypto";
import type { Exit } from "../outcome.js";
import { Failed } from "../outcome.js";
import { callerDigest } from "../rules.js";
import { Secret } from "../secret.js";
import { say, tell, tinted } from "../terminal.js";

export interface CallerOptions {
  readonly policy?: string | undefined;
  readonly expires?: string | undefined;
  readonly limit?: string | undefined;
  readonly mints?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** The same rule as in the Worker's configuration. */
const NAME = /^[\w.+@-]{1,64}$/;

export function runCallersNew([name, ...more]: readonly string[], options: CallerOptions): Exit {
  if (name === undefined || more.length > 0) throw new Failed("usage", "callers new takes one name, such as dashboard");
  if (!NAME.test(name)) throw new Failed("usage", "a name has 1 to 64 letters, digits, -, _, ., + or @");
  const token = new Secret(randomBytes(32).toString("base64url"));
  const entry = {
    name,
    sha256: callerDigest(token),
    ...(options.policy !== undefined && { policy: options.policy }),
    ...(options.expires !== undefined && { expires: options.expires }),
    ...(options.limit !== undefined && { limit: options.limit }),
    ...(options.mints === true && { mintsSessions: true }),
  };
  if (options.json === true) {
    tell({ token: token.expose(), entry });
    return "ok";
  }
  say(`${tinted("strong", "The token (it is not shown again):")}\n\n  ${token.expose()}\n`);
  say(
    "Store it with the caller's secrets. Add this entry (it has only the digest) to the Worker's ATTENTION_CALLERS:\n",
  );
  say(`  ${JSON.stringify(entry)}\n`);
  say("Then deploy the Worker.");
  return "ok";
}
