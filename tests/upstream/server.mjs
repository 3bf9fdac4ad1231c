// A loopback upstream that records the exact bytes of requests, and answers by
// script, by handler or through the mock API.
import { STATUS_CODES } from "node:http";
import { createServer } from "node:net";
import { BodyRecord, ByteReader, bodyChunks, framing, parseHead } from "./http1.mjs";
import { checkEntry, play, write } from "./script.mjs";

/**
 * @param {object} [options]
 * @param {{ handle(request: Request): Promise<Response> }} [options.mock] answers what no script answers
 * @param {(request: Request, record: object) => Response | Promise<Response>} [options.handler] the same, instead of a
 *   mock
 * @param {boolean | string} [options.cors] lets pages of any origin (or of this one) call it directly
 * @param {number} [options.port] 0, the default, takes a free one
 * @param {number} [options.keepRecords] how many records stay; 10,000 by default
 */
export async function startUpstream(options = {}) {
  const upstream = new Upstream(options);
  await upstream.listen();
  return upstream;
}

class Upstream {
  /** The received requests, oldest first; an entry is completed while its call continues. */
  records = [];
  /** The number of TCP connections. */
  connections = 0;
  url;
  port;
  #options;
  #server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  #sockets = new Set();
  #script = [];
  #stopped = new AbortController();

  constructor(options) {
    const known = ["mock", "handler", "cors", "port", "keepRecords"];
    for (const name of Object.keys(options)) {
      if (!known.includes(name))
        throw new TypeError(`startUpstream.${name}: no such option; there are ${known.join(", ")}`);
    }
    this.#options = options;
  }

  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port ?? 0, "127.0.0.1", () => {
        this.port = this.#server.address().port;
        this.url = `http://127.0.0.1:${this.port}`;
        resolve();
      });
    });
  }

  /** The next calls are answered by these, one each (or `times` each); then handler or mock again. */
  script(entries) {
    this.#script.push(...entries.map((entry) => ({ ...checkEntry(entry) })));
  }

  /** Clears the records and the rest of the script. */
  clear() {
    this.records = [];
    this.#script = [];
  }

  /** The records, once there are `count` and none is still being received. */
  async settled(count, timeoutMs = 30_000) {
    const end = Date.now() + timeoutMs;
    while (this.records.length < count || this.records.some(({ done }) => !done)) {
      if (Date.now() > end) throw new Error(`${this.records.length} of ${count} requests in ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.records;
  }

  async close() {
    this.#stopped.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(socket) {
    this.#sockets.add(socket);
    const connection = ++this.connections;
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {}); // A reset peer: the read or write under way says so too.
    const reader = new ByteReader(socket);
    try {
      while (await this.#exchange(reader, socket, connection));
      socket.end();
    } catch {
      // The peer broke off, or sent no HTTP: its record tells, and the connection ends.
      socket.destroy();
    }
  }

  /** One request and its answer; true when the connection goes on. */
  async #exchange(reader, socket, connection) {
    const bytes = await reader.through("\r\n\r\n");
    if (bytes === null) return false;
    const record = this.#record(parseHead(bytes), connection);
    try {
      const frame = framing(record.headers);
      record.body = new BodyRecord(frame.kind);
      const body = recorded(bodyChunks(reader, frame), record.body);
      const entry = this.#next();
      if (entry !== undefined) return await this.#byScript(entry, body, record, socket);
      if (record.all("expect").includes("100-continue")) await write(socket, "HTTP/1.1 100 Continue\r\n\r\n");
      return await this.#byHandler(body, record, socket);
    } catch (error) {
      record.error = error.message;
      throw error;
    } finally {
      record.done = true;
    }
  }

  #record(head, connection) {
    const record = {
      connection,
      at: Date.now(),
      ...head,
      body: null,
      /** The status sent, if one was. */
      status: null,
      /** What went wrong between the peers, if anything did. */
      error: null,
      done: false,
      /** Every value of a header, the case of its name aside. */
      all: (name) =>
        head.headers.filter(([held]) => held.toLowerCase() === name.toLowerCase()).map(([, value]) => value),
    };
    this.records.push(record);
    if (this.records.length > (this.#options.keepRecords ?? 10_000)) this.records.shift();
    return record;
  }

  #next() {
    const entry = this.#script[0];
    if (entry === undefined) return undefined;
    entry.times = (entry.times ?? 1) - 1;
    if (entry.times <= 0) this.#script.shift();
    return entry;
  }

  async #byScript(entry, body, record, socket) {
    if (!entry.early) {
      if (record.all("expect").includes("100-continue")) await write(socket, "HTTP/1.1 100 Continue\r\n\r\n");
      await drain(body);
    }
    record.status = await play(entry, socket, this.#stopped.signal);
    if (entry.cutAfter !== undefined) socket.destroy();
    if (!entry.keepAlive) return false;
    await drain(body);
    return true;
  }

  async #byHandler(body, record, socket) {
    const response = await this.#respond(body, record);
    record.status = response.status;
    const keepAlive = record.version === "HTTP/1.1" && !record.all("connection").some((value) => /close/i.test(value));
    await send(response, record.method, keepAlive, socket);
    await drain(body);
    return keepAlive;
  }

  async #respond(body, record) {
    const { handler, mock, cors } = this.#options;
    const allowed = cors === true ? (record.all("origin")[0] ?? "*") : cors;
    if (cors && record.method === "OPTIONS") return preflight(record, allowed);
    let response;
    try {
      const request = asRequest(record, body);
      response = await (handler?.(request, record) ?? mock?.handle(request) ?? plain(body));
    } catch (error) {
      // A peer that broke off gets no answer. And on a wire, a mock's network
      // error is a connection that ends without one.
      if (record.body.error !== null || error.name === "MockNetworkError") throw error;
      response = Response.json({ error: "upstream_test_server", message: error.message }, { status: 500 });
    }
    if (!cors) return response;
    const headers = new Headers(response.headers);
    headers.set("access-control-allow-origin", allowed);
    headers.append("vary", "origin");
    return new Response(response.body, { status: response.status, headers });
  }
}

/** The answer of an upstream with neither handler nor mock, once it has the whole body. */
async function plain(body) {
  await drain(body);
  return Response.json({ ok: true });
}

async function* recorded(chunks, body) {
  try {
    for await (const chunk of chunks) {
      body.add(chunk);
      yield chunk;
    }
  } catch (error) {
    body.error = error;
    throw error;
  }
  body.end();
}

/** Reads what is left, so that the record is whole and the next request can follow. */
async function drain(body) {
  for (;;) if ((await body.next()).done) return;
}

function asRequest(record, body) {
  const headers = new Headers();
  for (const [name, value] of record.headers) headers.append(name, value);
  const bodyless = record.method === "GET" || record.method === "HEAD";
  return new Request(`http://${headers.get("host") ?? "127.0.0.1"}${record.target}`, {
    method: record.method,
    headers,
    redirect: "manual",
    ...(!bodyless && record.body.framing !== "none" && { body: streamOf(body), duplex: "half" }),
  });
}

/** The rest stays readable for `drain` when the handler stops early. */
function streamOf(body) {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await body.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value));
      },
    },
    { highWaterMark: 0 },
  );
}

async function send(response, method, keepAlive, socket) {
  const headers = [...response.headers];
  const empty = response.body === null || method === "HEAD";
  const sized = response.headers.has("content-length");
  if (empty && !sized && response.status !== 204 && response.status !== 304) headers.push(["content-length", "0"]);
  if (!empty && !sized) headers.push(["transfer-encoding", "chunked"]);
  headers.push(["connection", keepAlive ? "keep-alive" : "close"]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await write(
    socket,
    Buffer.from(`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? "Status"}\r\n${lines}\r\n`, "latin1"),
  );
  if (empty) return void response.body?.cancel();
  for await (const chunk of response.body) {
    if (chunk.length === 0) continue;
    if (!sized)
      await write(socket, Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]));
    else await write(socket, chunk);
  }
  if (!sized) await write(socket, "0\r\n\r\n");
}

function preflight(record, origin) {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": record.all("access-control-request-headers")[0] ?? "*",
      vary: "origin",
    },
  });
}
