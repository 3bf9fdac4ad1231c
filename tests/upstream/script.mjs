// Scripted responses, byte by byte, which well-behaved servers cannot send.
import { STATUS_CODES } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** The members of an entry; README.md has their meaning. */
const FIELDS = new Set([
  "status",
  "reason",
  "headers",
  "body",
  "raw",
  "interim",
  "contentLength",
  "chunked",
  "delayMs",
  "bodyDelayMs",
  "drip",
  "cutAfter",
  "close",
  "reset",
  "hang",
  "early",
  "keepAlive",
  "times",
]);

/** Checks an entry, so that a typing mistake fails its test. */
export function checkEntry(entry) {
  for (const name of Object.keys(entry)) {
    if (!FIELDS.has(name)) throw new TypeError(`script: unknown field ${name}; there are ${[...FIELDS].join(", ")}`);
  }
  return entry;
}

/** Plays one entry on the socket; resolves to the status sent, or null. The connection is spent unless `keepAlive`. */
export async function play(entry, socket, signal) {
  if (entry.delayMs) await sleep(entry.delayMs, undefined, { signal });
  if (entry.reset) return void socket.resetAndDestroy() ?? null;
  if (entry.close) return void socket.destroy() ?? null;
  if (entry.hang) return void (await new Promise((resolve) => socket.once("close", resolve))) ?? null;
  for (const line of entry.interim ?? []) await write(socket, `${line}\r\n\r\n`);
  if (entry.raw !== undefined) {
    await write(socket, entry.raw);
    return null;
  }
  const body = content(entry.body);
  const status = entry.status ?? 200;
  await write(socket, head(entry, status, body.size));
  if (entry.bodyDelayMs) await sleep(entry.bodyDelayMs, undefined, { signal });
  let left = entry.cutAfter ?? Infinity;
  for (const piece of pieces(body, entry.drip?.bytes ?? 64 * 1024)) {
    if (entry.drip !== undefined) await sleep(entry.drip.ms, undefined, { signal });
    const part = piece.subarray(0, left);
    left -= part.length;
    await write(socket, entry.chunked ? chunk(part) : part);
    if (left === 0) break;
  }
  // What was cut off has no last chunk: the peer must be able to tell.
  if (entry.chunked && entry.cutAfter === undefined) await write(socket, "0\r\n\r\n");
  return status;
}

function content(body) {
  if (body?.zeros !== undefined) return { size: body.zeros };
  const bytes = Buffer.from(body ?? "");
  return { size: bytes.length, bytes };
}

function* pieces({ size, bytes }, step) {
  const zeros = bytes === undefined ? Buffer.alloc(Math.min(step, size)) : undefined;
  for (let at = 0; at < size; at += step) {
    yield bytes?.subarray(at, at + step) ?? zeros.subarray(0, Math.min(step, size - at));
  }
}

function chunk(bytes) {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

function head(entry, status, size) {
  const headers = Array.isArray(entry.headers) ? [...entry.headers] : Object.entries(entry.headers ?? {});
  if (entry.chunked) headers.push(["Transfer-Encoding", "chunked"]);
  else if (entry.contentLength !== false && status !== 204 && status !== 304) {
    headers.push(["Content-Length", String(entry.contentLength ?? size)]);
  }
  if (!entry.keepAlive) headers.push(["Connection", "close"]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(
    `HTTP/1.1 ${status} ${entry.reason ?? STATUS_CODES[status] ?? "Status"}\r\n${lines}\r\n`,
    "latin1",
  );
}

/** Resolves when the socket can take more: a slow reader slows the writer. */
export function write(socket, bytes) {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error("the peer is gone"));
    const gone = () => reject(new Error("the peer is gone"));
    socket.once("close", gone);
    socket.write(bytes, (error) => {
      socket.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
