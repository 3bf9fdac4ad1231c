/**
 * SHA-256 of a stream, in constant memory.
 *
 * WebCrypto's `digest` needs the whole input at once, which is impossible for a
 * mock that echoes a gigabyte. workerd has a streaming digest; for other
 * runtimes, the algorithm is implemented here (FIPS 180-4, section 6.2).
 */

interface DigestStream extends WritableStream<Uint8Array> {
  readonly digest: Promise<ArrayBuffer>;
}

/** Receives bytes in chunks and returns their SHA-256 at the end. */
export interface Hasher {
  update(bytes: Uint8Array): void | Promise<void>;
  hex(): Promise<string>;
}

/** The fastest streaming SHA-256 of this runtime. */
export function sha256(): Hasher {
  const native = (crypto as { DigestStream?: new (algorithm: string) => DigestStream }).DigestStream;
  return native === undefined ? new Sha256() : nativeHasher(new native("SHA-256"));
}

function nativeHasher(stream: DigestStream): Hasher {
  const writer = stream.getWriter();
  return {
    update: (bytes) => writer.write(bytes),
    async hex() {
      await writer.close();
      return toHex(new Uint8Array(await stream.digest));
    },
  };
}

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND = new Int32Array(64);
/** The same of the square roots of the first eight primes. */
const START = new Int32Array(8);
for (let candidate = 2, found = 0; found < 64; candidate++) {
  if (isPrime(candidate)) {
    ROUND[found] = (Math.cbrt(candidate) % 1) * 2 ** 32;
    if (found < 8) START[found] = (Math.sqrt(candidate) % 1) * 2 ** 32;
    found++;
  }
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

class Sha256 implements Hasher {
  private readonly state = START.slice();
  private readonly words = new Int32Array(64);
  private readonly pending = new Uint8Array(BLOCK);
  private held = 0;
  private total = 0;

  update(bytes: Uint8Array): void {
    this.total += bytes.length;
    let at = 0;
    if (this.held > 0) {
      at = Math.min(BLOCK - this.held, bytes.length);
      this.pending.set(bytes.subarray(0, at), this.held);
      this.held += at;
      if (this.held < BLOCK) return;
      this.compress(this.pending, 0);
      this.held = 0;
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.compress(bytes, at);
    this.pending.set(bytes.subarray(at));
    this.held = bytes.length - at;
  }

  async hex(): Promise<string> {
    const bits = this.total * 8;
    const tail = new Uint8Array(this.held < 56 ? BLOCK : 2 * BLOCK);
    tail.set(this.pending.subarray(0, this.held));
    tail[this.held] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    for (let at = 0; at < tail.length; at += BLOCK) this.compress(tail, at);
    const digest = new DataView(new ArrayBuffer(32));
    for (const [index, word] of this.state.entries()) digest.setInt32(index * 4, word);
    return toHex(new Uint8Array(digest.buffer));
  }

  private compress(bytes: Uint8Array, offset: number): void {
    const { state, words: w } = this;
    for (let i = 0, at = offset; i < 16; i++, at += 4) {
      w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    // Assigned one by one, because destructuring took twice as long.
    let a = state[0]!,
      b = state[1]!,
      c = state[2]!,
      d = state[3]!;
    let e = state[4]!,
      f = state[5]!,
      g = state[6]!,
      h = state[7]!;
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i]! + w[i]!) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    // An Int32Array wraps each sum to 32 bits.
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
