// Ten thousand callers at once, or as many as the machine allows sockets for: all requests are open at the same time,
// to workerd and to an upstream that answers none before it has all.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../until.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { requestBytes, Wire } from "./wire.mjs";
import { assertNoSecret, CALLERS, KEY, MODULES, TOKEN } from "./worker.mjs";

/** Open files of workerd: for a caller (a socket each way, each of them twice), and for itself. */
const FILES_EACH = 4;
const FILES_OWN = 400;
/** Sockets that were not accepted yet wait in a short queue. */
const AT_ONCE = 200;

/** The limit of open files per process. */
function openFiles() {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))[1]);
  } catch {
    return Infinity; // Not told: tried.
  }
}

/** Ten thousand, unless this process may not have so many sockets itself. */
const CALLERS_AT_ONCE = Math.min(10_000, openFiles() - 500);

/** As many as one workerd has room for. */
const room = Math.floor((openFiles() - FILES_OWN) / FILES_EACH);
const processes = Math.max(1, Math.ceil(CALLERS_AT_ONCE / room));

let upstream;
let workerds = [];
let heard = { held: 0 };

before(async () => {
  upstream = fork(fileURLToPath(new URL("holding.mjs", import.meta.url)));
  upstream.on("message", (message) => {
    heard = { ...heard, ...message };
  });
  await until(() => heard.port !== undefined, "the upstream listens");
  const bindings = {
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `http://127.0.0.1:${heard.port}/v2`,
    ATTENTION_CALLERS: CALLERS,
    ATTENTION_MAX_RETRIES: "0",
    ATTENTION_TIMEOUT_MS: "120000",
    ATTENTION_LOG: "silent",
  };
  workerds = await Promise.all(
    Array.from({ length: processes }, () =>
      startWorkerd({ services: [{ name: "crowded", modules: MODULES, bindings }], startMs: 60_000 }),
    ),
  );
});

after(async () => {
  upstream?.disconnect();
  await Promise.all(workerds.map((workerd) => workerd.close()));
});

/** The memory of workerd in MB, all processes together. */
const memory = () =>
  workerds.reduce(
    (sum, { pid }) => sum + Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024,
    0,
  );

/** Each caller's request, and its expected result. */
function kind(index) {
  if (index % 20 === 7) return { path: "broken", token: TOKEN, status: 502, code: "upstream_error", goesUp: true };
  if (index % 20 === 13)
    return { path: "stranger", token: "fake-token-of-nobody", status: 401, code: "invalid_token", goesUp: false };
  return { path: "good", token: TOKEN, status: 200, goesUp: true };
}

/** Runs all of them once; returns their responses and the peak memory. */
async function crowd(size) {
  const wires = new Array(size);
  for (let from = 0; from < size; from += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, size - from) }, async (_, offset) => {
        const index = from + offset;
        const { path, token } = kind(index);
        wires[index] = await Wire.open(workerds[index % processes].ports.crowded);
        await wires[index].write(
          requestBytes({ target: `/v2/${path}/${index}`, headers: [["Authorization", `Bearer ${token}`]] }),
        );
      }),
    );
  }
  const going = Array.from({ length: size }, (_, index) => kind(index)).filter(({ goesUp }) => goesUp).length;
  await until(() => heard.held === going, `${going} requests are upstream`);
  const most = memory();
  heard.held = 0;
  upstream.send("answer");
  const answers = await Promise.all(wires.map((wire) => wire.answer()));
  for (const wire of wires) wire.destroy();
  return { answers, most };
}

test("ten thousand callers at once: each gets the stream or a problem, and the Worker goes on", {
  timeout: 240_000,
}, async (t) => {
  if (processes > 1)
    t.diagnostic(
      `${processes} processes of workerd: one may have ${openFiles()} files open here, which is enough for ${room} callers`,
    );
  const before = memory();
  const rounds = [];
  for (const size of [CALLERS_AT_ONCE, Math.floor(CALLERS_AT_ONCE / 10)]) {
    const started = Date.now();
    const { answers, most } = await crowd(size);
    rounds.push(most);
    t.diagnostic(
      `${size} callers: ${Date.now() - started} ms, ${Math.round(most - before)} MB more than before the first`,
    );
    for (const [index, answer] of answers.entries()) {
      const { path, status, code } = kind(index);
      assert.equal(answer?.status, status, `caller ${index}: ${answer?.head}`);
      assert.ok(answer.complete, `caller ${index}`);
      if (status === 200) assert.equal(answer.text, `the stream of /v2/${path}/${index}`);
      else assert.deepEqual([answer.get("content-type"), answer.json().code], ["application/problem+json", code]);
    }
  }
  assert.ok(rounds[0] - before < CALLERS_AT_ONCE * 0.2, `${rounds[0] - before} MB for ${CALLERS_AT_ONCE} callers`);
  // The next crowd finds the room that this one had.
  assert.ok(rounds[1] < rounds[0] * 1.5, `${rounds} MB`);
  for (const { output } of workerds) assertNoSecret(output);
});
