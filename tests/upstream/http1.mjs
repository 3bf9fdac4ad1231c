// HTTP/1.1 as bytes: just enough to read requests and record them byte by byte.
// Nothing is normalised; malformed input is an error.
import { createHash } from "node:crypto";
import { StringDecoder } from "node:string_decoder";

const HEAD_LIMIT = 1024 * 1024;
const TEXT_LIMIT = 64 * 1024;

/** Bytes of a socket, pulled, so that a reader that stops also stops the sender. */
export class ByteReader {
  #chunks;
  #held = Buffer.alloc(0);

  constructor(socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async #more() {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }

  /** Up to and with `mark`; null when the peer ended before the first byte. */
  async through(mark) {
    for (let from = 0; ; ) {
      const at = this.#held.indexOf(mark, from);
      if (at >= 0) return this.#take(at + mark.length);
      if (this.#held.length > HEAD_LIMIT) throw new Error(`no ${JSON.stringify(mark)} in ${HEAD_LIMIT} bytes`);
      from = Math.max(0, this.#held.length - mark.length);
      if (await this.#more()) continue;
      if (this.#held.length === 0) return null;
      throw new Error("the peer closed in the middle of a message");
    }
  }

  /** Some bytes, `most` at most; null at the end of the stream. */
  async some(most) {
    if (this.#held.length === 0 && !(await this.#more())) return null;
    return this.#take(Math.min(most, this.#held.length));
  }

  #take(length) {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

/** The request line and the header lines as they came, in order, duplicates and case kept. */
export function parseHead(bytes) {
  const head = bytes.toString("latin1");
  const [requestLine, ...lines] = head.slice(0, -4).split("\r\n");
  const [method, target, version] = requestLine.split(" ");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { head, requestLine, method, target, version, headers };
}

/** How the headers delimit the body. */
export function framing(headers) {
  const all = (name) => headers.filter(([held]) => held.toLowerCase() === name).map(([, value]) => value);
  if (all("transfer-encoding").some((value) => /\bchunked\b/i.test(value))) return { kind: "chunked" };
  const length = all("content-length")[0];
  if (length === undefined || length === "0") return { kind: "none" };
  if (!/^\d+$/.test(length)) throw new Error(`Content-Length: ${length}`);
  return { kind: "length", length: Number(length) };
}

/** The body's bytes, without the chunk frames. */
export async function* bodyChunks(reader, { kind, length }) {
  if (kind === "length") yield* exactly(reader, length);
  if (kind !== "chunked") return;
  for (;;) {
    const line = await reader.through("\r\n");
    const size = /^([0-9a-f]+)\s*(?:;.*)?\r\n$/i.exec(line?.toString("latin1") ?? "");
    if (size === null) throw new Error("not a chunk's size");
    const bytes = Number.parseInt(size[1], 16);
    if (bytes === 0) break;
    yield* exactly(reader, bytes);
    await reader.through("\r\n");
  }
  while ((await reader.through("\r\n")).length > 2);
}

async function* exactly(reader, length) {
  for (let left = length; left > 0; ) {
    const chunk = await reader.some(left);
    if (chunk === null) throw new Error(`the peer closed with ${left} bytes of the body to come`);
    left -= chunk.length;
    yield chunk;
  }
}

/** The record of a body: its size and hash, and its text if it is small. */
export class BodyRecord {
  bytes = 0;
  sha256 = null;
  text = "";
  complete = false;
  /** Why it is incomplete, if the peer broke off. */
  error = null;
  framing;
  #hash = createHash("sha256");
  #text = new StringDecoder("utf8");

  constructor(framing) {
    this.framing = framing;
  }

  add(chunk) {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    // A long body keeps no text, and a hash is enough to compare it.
    this.text = this.text === null || this.bytes > TEXT_LIMIT ? null : this.text + this.#text.write(chunk);
  }

  end() {
    this.complete = true;
    this.sha256 = this.#hash.digest("hex");
  }
}
