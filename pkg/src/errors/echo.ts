/**
 * Removes credentials from texts of servers and of foreign code, whatever notation they are in.
 *
 * Core finds a credential that is plain or percent-encoded. What remains is searched here, with the runtime's own
 * decoders, as it is and decoded up to `DEPTH` times. Only letters and digits are compared, without their case, so that
 * line breaks, separators and invisible characters hide nothing.
 */

import { withoutEnd } from "../call/values.js";
import { scrub } from "../runtime/rules.js";

export const REDACTED = "[redacted]";

/** Credentials with fewer letters and digits are not searched for in other notations: they occur there by chance. */
const LEAST = 8;

/** Core finds no shorter ones by their shape. */
const LOOKALIKE = 16;

/** How often a text is decoded. */
const DEPTH = 4;

/** A text with more echoes is replaced as a whole. */
const MOST = 8;

/** Escapes of JSON and JavaScript, of URLs, HTML and quoted-printable. No name of HTML is a letter's or a digit's. */
const ESCAPE = /&(?:amp;)*#?\w+;|[\\%]u(?:0000)?[\da-f]{4}|\\[ux]\{[\da-f]+\}|(?:\\x|[%=])[\da-f]{2}|\\[bfnrtv]/gi;

const BASE64 = /[\w+/-]{11}/;
const NUMBERS = /(?:\b\d{2,3}\W+){7}/;
const HEX = /(?:[\da-f]{2}(?:0x|[^\da-z])*){8}/i;

/** Noise has no such part, so it is not decoded further. */
const OF_TEXT = /[\n -~\0]{8}/;

const lettersOf = (text: string) => text.replace(/[\W_]/g, "").toLowerCase();

const character = (digits: string, base: number) => String.fromCharCode(Number.parseInt(digits, base));
const ofPair = (digits: string) => character(digits, 16);

function unescaped(found: string): string {
  const [digits] = /[\da-f]+(?=\W*$)/i.exec(found) ?? [];
  return digits ? character(digits, /#\d/.test(found) ? 10 : 16) : " ";
}

/** What a text may mean. Where it is not written in a notation, reading it as such gives noise. */
function readings(text: string): string[] {
  // Without line breaks, and without the sign before those of quoted-printable.
  const joined = text.replace(/=?\s+/g, "");
  const found = [text, joined].map((each) => each.replace(ESCAPE, unescaped));
  if (NUMBERS.test(text)) found.push(text.replace(/\b(\d{2,3})\b\W*/g, (_, number: string) => character(number, 10)));
  if (HEX.test(joined)) {
    const digits = joined.replace(/0x|[^\da-f]/gi, "");
    found.push(...[0, 1].map((at) => digits.slice(at).replace(/../g, ofPair)));
  }
  if (BASE64.test(joined)) {
    const digits = `${joined
      .replace(/-/g, "+")
      .replace(/_/g, "/")
      .replace(/[^\w+/]/g, "")}AAA`;
    // The text before a credential shifts it, so each alignment is read. Old engines of React Native have no `atob`.
    found.push(
      ...[0, 1, 2, 3].map(
        (at) => globalThis.atob?.(digits.slice(at, digits.length - ((digits.length - at) % 4))) ?? "",
      ),
    );
  }
  return found.filter((reading) => reading !== text && reading !== joined);
}

/** Removes these credentials from a text, and anything that looks like one. */
export function redact(given: string, secrets: readonly string[]): string {
  const all = secrets.map(lettersOf);
  // Too short for any of them, and for anything that looks like one.
  if (given.length < LOOKALIKE && all.every(({ length }) => length > given.length)) return given;
  const wanted = all.filter(({ length }) => length >= LEAST);
  const reveals = (whole: string): boolean => {
    const seen = new Map([[whole, 0]]);
    for (const [written, depth] of seen) {
      // JSON within JSON doubles its backslashes, which count as one.
      const text = written.replace(/[^\n -~]|\\(?=\\)/g, "");
      const letters = lettersOf(text);
      if (wanted.some((each) => letters.includes(each))) return true;
      if (depth === DEPTH) continue;
      for (const reading of readings(text))
        if (!seen.has(reading)) seen.set(reading, OF_TEXT.test(reading) ? depth + 1 : DEPTH);
    }
    return false;
  };
  /** The shortest of the parts that `part` makes of a text that still reveals one. */
  const shortest = (length: number, part: (left: number) => string): string => {
    let low = 0;
    for (let high = length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (reveals(part(middle))) high = middle;
      else low = middle;
    }
    return part(low + 1);
  };
  let text = scrub(given, secrets);
  if (wanted.length === 0) return text;
  for (let left = MOST; reveals(text); left--) {
    if (left === 0) return REDACTED;
    const whole = text;
    const end = shortest(whole.length, (length) => whole.slice(-length));
    const { length } = shortest(end.length, (length) => end.slice(0, length));
    // A backslash that remained would escape the replacement.
    text = withoutEnd(whole.slice(0, -end.length), /\\/) + REDACTED + end.slice(length);
  }
  return text;
}

/** The text if it contains none of them; a redacted id would be useless. */
export function ifHarmless(text: string | undefined, secrets: readonly string[]): string | undefined {
  return text !== undefined && redact(text, secrets) === text ? text : undefined;
}
