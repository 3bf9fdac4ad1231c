// An HTTP/1.1 client that sends exactly the given bytes and reports how a response
// ended, which well-behaved clients cannot do.
import { connect } from "node:net";
import { ByteReader, bodyChunks, parseHead } from "../upstream/http1.mjs";

/** The time after which anything counts as hanging. */
const PATIENCE_MS = 60_000;

/** Bytes of a request: text is latin1, so that every byte can be written; `[text, times]` repeats; parts are joined. */
export function bytesOf(parts) {
  if (Buffer.isBuffer(parts)) return parts;
  if (typeof parts === "string") return Buffer.from(parts, "latin1");
  if (typeof parts[1] === "number") return Buffer.from(parts[0].repeat(parts[1]), "latin1");
  return Buffer.concat(parts.map(bytesOf));
}

/** A request as bytes: `Host` and `Connection: close` unless headers say otherwise, and a length for a body. */
export function requestBytes({
  method = "GET",
  target = "/",
  headers = [],
  body,
  host = "worker.example",
  keepAlive = false,
}) {
  const lines = [`${method} ${target} HTTP/1.1`];
  const has = (name) => headers.some(([held]) => held.toLowerCase() === name);
  if (host !== null && !has("host")) lines.push(`Host: ${host}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const content = body === undefined ? Buffer.alloc(0) : bytesOf(body);
  if (body !== undefined && !has("content-length") && !has("transfer-encoding"))
    lines.push(`Content-Length: ${content.length}`);
  if (!keepAlive && !has("connection")) lines.push("Connection: close");
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), content]);
}

/** One connection. */
export class Wire {
  #socket;
  #reader;

  static async open(port) {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Wire(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    this.#reader = new ByteReader(socket);
    // If the peer breaks off, the current read or write fails.
    socket.on("error", () => {});
  }

  /** Resolves once the bytes are with the system; not before the peer makes room for them. */
  write(parts) {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error("the peer is gone"));
      if (this.#socket.destroyed) return gone();
      this.#socket.once("close", gone);
      this.#socket.write(bytesOf(parts), (error) => {
        this.#socket.off("close", gone);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** No more will be sent; the answer may still come. */
  end() {
    this.#socket.end();
  }

  /** The connection breaks. */
  destroy() {
    this.#socket.destroy();
  }

  reset() {
    this.#socket.resetAndDestroy();
  }

  /** The head of the next answer, interim ones passed over; null when there is none. */
  async head() {
    for (;;) {
      const bytes = await patient(this.#reader.through("\r\n\r\n"), "no answer");
      if (bytes === null) return null;
      const { head, requestLine, headers } = parseHead(bytes);
      const [version, status] = requestLine.split(" ");
      const all = (name) =>
        headers.filter(([held]) => held.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
      const answer = { version, status: Number(status), head, headers, all, get: (name) => all(name)[0] ?? null };
      if (answer.status >= 200 || answer.status === 101) return answer;
    }
  }

  /** This many bytes after a head that switched protocols. */
  async exactly(length) {
    const pieces = [];
    for (let left = length; left > 0; left -= pieces.at(-1).length) {
      const piece = await patient(this.#reader.some(left), "no bytes");
      if (piece === null) break;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** The body's pieces as they come; throws when the answer breaks off. */
  async *body(answer, method = "GET") {
    const pieces = bodyChunks(this.#reader, responseFraming(answer, method));
    for (;;) {
      const { done, value } = await patient(pieces.next(), "the body stands still");
      if (done) return;
      yield value;
    }
  }

  /** A response; `complete` says whether it is whole. */
  async answer(method = "GET") {
    const answer = await this.head();
    if (answer === null) return null;
    const chunks = [];
    answer.complete = true;
    try {
      for await (const chunk of this.body(answer, method)) chunks.push(chunk);
    } catch (error) {
      if (error instanceof Hanging) throw error;
      answer.complete = false;
    }
    answer.body = Buffer.concat(chunks);
    answer.text = answer.body.toString("utf8");
    answer.json = () => JSON.parse(answer.text);
    return answer;
  }

  /** Every answer until the peer closes. */
  async answers(methods = []) {
    const all = [];
    for (;;) {
      let answer;
      try {
        answer = await this.answer(methods[all.length] ?? methods.at(-1));
      } catch (error) {
        if (error instanceof Hanging) throw error;
        return all;
      }
      if (answer === null) return all;
      all.push(answer);
      if (!answer.complete) return all;
    }
  }
}

class Hanging extends Error {}

function responseFraming(answer, method) {
  if (method === "HEAD" || answer.status === 204 || answer.status === 304) return { kind: "none" };
  if (answer.all("transfer-encoding").some((value) => /\bchunked\b/i.test(value))) return { kind: "chunked" };
  const length = answer.get("content-length");
  // Without either, the end of the connection would be the end of the response, and a cut would look the same.
  if (length === null) throw new Error(`an answer without a length: ${answer.head}`);
  return { kind: "length", length: Number(length) };
}

async function patient(promise, complaint) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Hanging(`${complaint} for ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends one request on a connection of its own; the answer to it. */
export async function send(port, request) {
  const wire = await Wire.open(port);
  try {
    await wire
      .write(Buffer.isBuffer(request) || typeof request === "string" ? request : requestBytes(request))
      .catch(() => {});
    return await wire.answer(request.method);
  } finally {
    wire.destroy();
  }
}
