/**
 * Raw deflate (RFC 1951), undone in one synchronous pass.
 *
 * Runtimes inflate only asynchronously, and nobody should have to await an
 * import. The input is our own build's output, so nothing is checked.
 */

/** Order in which code lengths are stored (§3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A canonical Huffman code (§3.2.2): how many codes of each length, and the symbols in order. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function code(lengths: readonly number[]): Code {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const next = new Uint16Array(17);
  for (let length = 1; length < 16; length++) next[length + 1] = next[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[next[length]!++] = symbol;
  });
  return { counts, symbols };
}

/** Lengths or distances of which each base has its number of extra bits (§3.2.5). */
function bases(first: number, count: number, extraOf: (index: number) => number): readonly (readonly [number, number])[] {
  const list: [number, number][] = [];
  for (let index = 0, base = first; index < count; index++) {
    const extra = Math.max(0, extraOf(index));
    list.push([base, extra]);
    base += 1 << extra;
  }
  return list;
}

/** The `size` bytes that `input` was made of. */
export function inflate(input: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const lengths = bases(3, 28, (index) => (index >> 2) - 1);
  const distances = bases(1, 30, (index) => (index >> 1) - 1);
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

  const symbol = ({ counts, symbols }: Code): number => {
    // Codes of one length are consecutive: count down from the first of each.
    for (let length = 1, value = 0, first = 0, index = 0; ; length++) {
      value |= bits(1);
      const count = counts[length]!;
      if (value - count < first) return symbols[index + value - first]!;
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
  };

  const dynamic = (): readonly [Code, Code] => {
    const literals = bits(5) + 257;
    const all = literals + bits(5) + 1;
    const stored = bits(4) + 4;
    const meta = new Array<number>(19).fill(0);
    for (const place of ORDER.slice(0, stored)) meta[place] = bits(3);
    const metaCode = code(meta);
    const found: number[] = [];
    while (found.length < all) {
      const next = symbol(metaCode);
      if (next < 16) found.push(next);
      else {
        const [value, times] = next === 16 ? [found.at(-1)!, 3 + bits(2)] : [0, next === 17 ? 3 + bits(3) : 11 + bits(7)];
        for (let left = times; left > 0; left--) found.push(value);
      }
    }
    return [code(found.slice(0, literals)), code(found.slice(literals))];
  };

  for (let last = 0; last === 0; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      heldBits = 0;
      held = 0;
      const length = input[read]! | (input[read + 1]! << 8);
      read += 4;
      out.set(input.subarray(read, read + length), written);
      read += length;
      written += length;
      continue;
    }
    const [literal, distance] = kind === 2 ? dynamic() : fixed();
    for (let next = symbol(literal); next !== 256; next = symbol(literal)) {
      if (next < 256) {
        out[written++] = next;
        continue;
      }
      // 285 alone stands outside the series: the longest match, without extra bits.
      const [base, extra] = next === 285 ? [258, 0] : lengths[next - 257]!;
      let left = base + bits(extra);
      const [back, backExtra] = distances[symbol(distance)]!;
      const from = written - back - bits(backExtra);
      for (let at = from; left > 0; left--) out[written++] = out[at++]!;
    }
  }
  return out;
}

/** The code of blocks that bring none (§3.2.6). */
function fixed(): readonly [Code, Code] {
  const literals = Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8));
  return [code(literals), code(new Array<number>(30).fill(5))];
}
