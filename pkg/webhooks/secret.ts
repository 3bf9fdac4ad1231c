/** The receiver's secret, which alone distinguishes its workflow's requests from anybody else's. */

/** The shortest secret; shorter ones could be guessed. */
const LEAST = 16;

/** Characters that need no encoding in a path segment. */
const OF_A_PATH = /^[\w.~-]+$/;
/** Characters of a header's value, without blanks. */
const OF_A_HEADER = /^[\x21-\x7e]+$/;

/** Checks the secrets. No message quotes one. */
export function secretsOf(owner: string, given: unknown, header: string | undefined): readonly string[] {
  const secrets = [given].flat();
  if (given === undefined || secrets.length === 0) throw new TypeError(`${owner}: secret is missing`);
  const [allowed, where] =
    header === undefined
      ? [OF_A_PATH, "letters, digits, `-`, `_`, `.` and `~`"]
      : [OF_A_HEADER, "visible ASCII characters"];
  for (const secret of secrets) {
    if (typeof secret !== "string") throw new TypeError(`${owner}: secret must be a string or a list of strings`);
    if (secret.length < LEAST) throw new TypeError(`${owner}: a secret must have at least ${LEAST} characters`);
    if (!allowed.test(secret)) throw new TypeError(`${owner}: a secret may have ${where} only`);
  }
  return secrets as string[];
}

/** The index of the matching secret, or undefined, in constant time. */
export async function shown(text: string, secrets: readonly string[]): Promise<number | undefined> {
  const [found, ...kept] = await Promise.all([text, ...secrets].map(digest));
  let match: number | undefined;
  for (const [index, each] of kept.entries()) {
    let difference = 0;
    // Compares every byte of every digest, which all have the same length, without an early exit.
    for (let at = 0; at < each.length; at++) difference |= each[at]! ^ found![at]!;
    if (difference === 0) match ??= index;
  }
  return match;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
