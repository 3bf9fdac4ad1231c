/**
 * Bytes out of printable text.
 *
 * A wasm module is mostly small numbers and names, which a page's own
 * compression packs well as long as each stays one character. So the 90 most
 * frequent bytes are one character each and the others two, the first of which
 * is one of two reserved characters. `pkg/build.mjs` writes the text; it is this
 * build's own output, so nothing is checked.
 */

/** The number of bytes that are one character; the others are two. */
const SINGLE = 90;
/** The number of bytes for each of the two first characters. */
const SECOND = 83;

/**
 * Decodes the `size` bytes of `text`. Bit 0 of the hexadecimal digit 0 of
 * `singles` says whether byte 0 is one character, and so on.
 */
export function bytes(text: string, singles: string, size: number): Uint8Array<ArrayBuffer> {
  const meant = new Uint8Array(256);
  let single = 0;
  let pair = SINGLE;
  for (let byte = 0; byte < 256; byte++) {
    meant[(parseInt(singles[byte >> 2]!, 16) >> (byte & 3)) & 1 ? single++ : pair++] = byte;
  }
  // Printable ASCII without characters that a script would have to escape: `"`, `\` and the `<` of `</script`.
  const place = new Uint8Array(127);
  for (let code = 32, next = 0; code < 127; code++) if (code !== 34 && code !== 60 && code !== 92) place[code] = next++;

  const out = new Uint8Array(size);
  for (let at = 0, read = 0; at < size; at++) {
    let found = place[text.charCodeAt(read++)]!;
    if (found >= SINGLE) found += (found - SINGLE) * (SECOND - 1) + place[text.charCodeAt(read++)]!;
    out[at] = meant[found]!;
  }
  return out;
}
