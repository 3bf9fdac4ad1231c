// What each variant costs in a workerd of its own: the first answer, memory, and
// large bodies.
import { request } from "node:http";
import { connect } from "node:net";
import { startWorkerd } from "../../tests/upstream/workerd.mjs";
import { cpuMicros, memory, resetPeak } from "../lib/process.mjs";
import { wrk } from "../lib/wrk.mjs";
import { HEADERS, PATH } from "./request.mjs";
import { send } from "./verify.mjs";

/** Milliseconds from the start of the process to its first answer, and for the first and second requests. */
export async function coldStarts(variants, { rounds, say }) {
  const results = new Map(variants.map(({ id }) => [id, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { id, service } of variants) {
      const start = performance.now();
      const workerd = await startWorkerd({ services: [service] });
      try {
        const [first, second] = [await timed(workerd.url), await timed(workerd.url)];
        results.get(id).push({ start: first.end - start, first: first.took, second: second.took });
      } finally {
        await workerd.close();
      }
    }
    say(`cold start: round ${round + 1} of ${rounds}`);
  }
  return results;
}

async function timed(url) {
  const start = performance.now();
  const { status } = await send(url + PATH, { headers: HEADERS });
  const end = performance.now();
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return { end, took: end - start };
}

/** Memory after load, then throughput and memory with large bodies each way. */
export async function bodies(variants, { rounds, seconds, bytes, say }) {
  const running = [];
  const results = new Map();
  try {
    for (const { id, service } of variants) {
      const workerd = await startWorkerd({ services: [service] });
      running.push({ id, workerd });
      const { rss: idle } = await memory(workerd.pid);
      await wrk(workerd.url + PATH, { seconds, connections: 32, headers: HEADERS });
      workerd.lines.length = 0;
      results.set(id, { idle, loaded: (await memory(workerd.pid)).rss, down: [], up: [] });
    }
    for (let round = 0; bytes > 0 && round < rounds; round++) {
      for (const [way, move] of [
        ["down", download],
        ["up", upload],
      ]) {
        for (const { id, workerd } of running) {
          await resetPeak(workerd.pid);
          const before = await memory(workerd.pid);
          const cpuBefore = await cpuMicros(workerd.pid);
          const start = performance.now();
          await move(workerd, bytes);
          const seconds = (performance.now() - start) / 1000;
          const growth = (await memory(workerd.pid)).peak - before.rss;
          const cpu = (await cpuMicros(workerd.pid)) - cpuBefore;
          results.get(id)[way].push({ perSecond: bytes / seconds, growth, cpu });
        }
      }
      say(`streaming: round ${round + 1} of ${rounds}`);
    }
    return results;
  } finally {
    for (const { workerd } of running) await workerd.close();
  }
}

/** Over a plain socket with one buffer: Node's own streams would be what is measured. */
function download(workerd, bytes) {
  return new Promise((resolve, reject) => {
    let head = "";
    let length = 0;
    const buffer = Buffer.alloc(1024 * 1024);
    const socket = connect({
      port: new URL(workerd.url).port,
      host: "127.0.0.1",
      onread: {
        buffer,
        callback(count) {
          length += count;
          if (!head.includes("\r\n\r\n")) {
            head += buffer.toString("latin1", 0, count);
            const end = head.indexOf("\r\n\r\n");
            if (end >= 0) length -= end + 4;
          }
        },
      },
    });
    socket.once("error", reject);
    socket.once("close", () => {
      // A chunked body is longer than what it holds.
      if (!head.startsWith("HTTP/1.1 200") || length < bytes)
        reject(new Error(`download: ${length} bytes after ${head.split("\r\n", 1)[0]}`));
      else resolve();
    });
    const fields = ["Host: bench", `Authorization: ${HEADERS.authorization}`, "Connection: close"];
    socket.write(`GET /v2/download HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
  });
}

function upload(workerd, bytes) {
  const chunk = Buffer.alloc(1024 * 1024);
  return new Promise((resolve, reject) => {
    const sent = request(`${workerd.url}/v2/upload`, {
      method: "POST",
      headers: { ...HEADERS, "content-type": "application/octet-stream", "content-length": bytes },
    });
    sent.once("error", reject);
    sent.once("response", async (response) => {
      let received = "";
      for await (const part of response) received += part;
      // The sink answers with how much came.
      if (received === String(bytes)) resolve();
      else reject(new Error(`upload: ${response.statusCode} ${received}`));
    });
    let left = bytes;
    const pump = () => {
      while (left > 0) {
        const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
        left -= part.length;
        if (!sent.write(part)) return void sent.once("drain", pump);
      }
      sent.end();
    };
    pump();
  });
}
