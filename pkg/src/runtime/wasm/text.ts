/**
 * Bytes out of printable text.
 *
 * A wasm module is mostly small numbers and names, which a page's own
 * compression packs well as long as each stays one character. So the 90 bytes
 * that are most frequent are a character each, the others two, the first of
 * which is one of two that stand for nothing else. `pkg/build.mjs` writes it;
 * the input is our own build's output, so nothing is checked.
 */

/** So many bytes are one character; the next ones are two. */
const SINGLE = 90;
/** So many bytes each of the two first characters leads to. */
const SECOND = 83;

/**
 * The `size` bytes that `text` stands for. Bit 0 of the hexadecimal digit 0 of
 * `singles` says whether byte 0 is one character, and so on.
 */
export function bytes(text: string, singles: string, size: number): Uint8Array<ArrayBuffer> {
  const meant = new Uint8Array(256);
  let single = 0;
  let pair = SINGLE;
  for (let byte = 0; byte < 256; byte++) {
    meant[(parseInt(singles[byte >> 2]!, 16) >> (byte & 3)) & 1 ? single++ : pair++] = byte;
  }
  // Printable ASCII without what would have to be escaped in a script: `"`, `\` and the `<` of `</script`.
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
