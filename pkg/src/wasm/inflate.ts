/**
 * Raw deflate (RFC 1951), undone in one synchronous pass.
 *
 * Runtimes inflate only asynchronously, and nobody should have to await an
 * import. The input is our own build's output, so nothing is checked.
 */

/** Order in which the lengths of the code for code lengths are stored (§3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A Huffman code as a table: the next 15 bits lead to `symbol << 4 | length`. */
type Code = Uint16Array;

const TABLE_BITS = 15;

/** The canonical code of these lengths (§3.2.2). */
function code(lengths: ArrayLike<number>): Code {
  const table = new Uint16Array(1 << TABLE_BITS);
  let next = 0;
  for (let length = 1; length <= TABLE_BITS; length++, next <<= 1) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      let reversed = 0;
      for (let bit = 0; bit < length; bit++) reversed |= ((next >> bit) & 1) << (length - 1 - bit);
      for (let at = reversed; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
      next++;
    }
  }
  return table;
}

/** The `size` bytes that `input` was made of. */
export function inflate(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let written = 0;
  let read = 0;
  let held = 0;
  let heldBits = 0;

  const bits = (count: number): number => {
    while (heldBits < count) {
      held |= input[read++]! << heldBits;
      heldBits += 8;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    heldBits -= count;
    return value;
  };

  const symbol = (table: Code): number => {
    while (heldBits < TABLE_BITS) {
      held |= input[read++]! << heldBits;
      heldBits += 8;
    }
    const found = table[held & 0x7fff]!;
    held >>>= found & 15;
    heldBits -= found & 15;
    return found >> 4;
  };

  const dynamic = (): readonly [Code, Code] => {
    const literals = bits(5) + 257;
    const all = literals + bits(5) + 1;
    const stored = bits(4) + 4;
    const meta = new Uint8Array(19);
    for (const place of ORDER.slice(0, stored)) meta[place] = bits(3);
    const table = code(meta);
    const lengths: number[] = [];
    while (lengths.length < all) {
      const next = symbol(table);
      if (next < 16) {
        lengths.push(next);
        continue;
      }
      const value = next === 16 ? lengths.at(-1)! : 0;
      for (let left = next === 16 ? 3 + bits(2) : next === 17 ? 3 + bits(3) : 11 + bits(7); left > 0; left--) lengths.push(value);
    }
    return [code(lengths.slice(0, literals)), code(lengths.slice(literals))];
  };

  for (let last = 0; last === 0; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      // Stored: on from the next whole byte; what was read ahead goes back.
      read -= heldBits >> 3;
      held = heldBits = 0;
      const length = input[read]! | (input[read + 1]! << 8);
      read += 4;
      out.set(input.subarray(read, read + length), written);
      read += length;
      written += length;
      continue;
    }
    const [literals, distances] = kind === 2 ? dynamic() : fixed();
    for (let next = symbol(literals); next !== 256; next = symbol(literals)) {
      if (next < 256) {
        out[written++] = next;
        continue;
      }
      // The lengths and distances of §3.2.5: every four, or two, take one bit more.
      const place = next - 257;
      const lengthBits = place < 8 || place === 28 ? 0 : (place >> 2) - 1;
      let left = place === 28 ? 258 : place < 8 ? place + 3 : ((4 + (place & 3)) << lengthBits) + 3 + bits(lengthBits);
      const far = symbol(distances);
      const farBits = far < 4 ? 0 : (far >> 1) - 1;
      let from = written - (far < 4 ? far + 1 : ((2 + (far & 1)) << farBits) + 1 + bits(farBits));
      for (; left > 0; left--) out[written++] = out[from++]!;
    }
  }
  return out;
}

/** The code of blocks that bring none (§3.2.6). */
function fixed(): readonly [Code, Code] {
  return [code(Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))), code(new Uint8Array(30).fill(5))];
}
