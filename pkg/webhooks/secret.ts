/** The secret of whoever set the workflow up: the only thing that tells a call of theirs from anybody's. */

/** Shorter ones could be guessed. */
const LEAST = 16;

/** What a segment of a path holds as it is, in whatever way it is written. */
const OF_A_PATH = /^[\w.~-]+$/;
/** What a header's value holds without blanks around it. */
const OF_A_HEADER = /^[\x21-\x7e]+$/;

/** The secrets, checked. No message repeats one. */
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

/** Which of the secrets was shown; undefined when none was. Takes as long whatever was shown. */
export async function shown(text: string, secrets: readonly string[]): Promise<number | undefined> {
  const [found, ...kept] = await Promise.all([text, ...secrets].map(digest));
  let match: number | undefined;
  for (const [index, each] of kept.entries()) {
    let difference = 0;
    // Each byte of each secret is looked at: digests of the same length, and no early end.
    for (let at = 0; at < each.length; at++) difference |= each[at]! ^ found![at]!;
    if (difference === 0) match ??= index;
  }
  return match;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
