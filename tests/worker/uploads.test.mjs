// Who may take how long over an upload: every way of sending a body, by every sort of caller, to every sort of API.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { until } from "../until.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { requestBytes, send, Wire } from "./wire.mjs";
import { assertNoSecret, assertProblem, KEY, MODULES, OTHER_TOKEN, sha256, TOKEN } from "./worker.mjs";

/** How long a call may take, and more than that. */
const TIMEOUT = 2_000;
const LONGER = 1.6 * TIMEOUT;
/** A body may be a second late for each of so many bytes. */
const BYTES_A_SECOND = 64 * 1024;

let upstream;
let workerd;
before(async () => {
  upstream = await startUpstream({
    handler: async (request, record) => {
      const kind = record.target.split("/").at(-1);
      // What is left of the body is read when it has been answered.
      if (kind === "early") return Response.json({ message: "too large" }, { status: 413 });
      await request.arrayBuffer();
      if (kind === "silent") await sleep(60_000, undefined, { ref: false });
      if (kind === "late") await sleep(500);
      return Response.json({ ok: true });
    },
  });
  workerd = await startWorkerd({
    services: [
      {
        name: "main",
        modules: MODULES,
        bindings: {
          ATTENTION_API_KEY: KEY,
          ATTENTION_BASE_URL: `${upstream.url}/v2`,
          ATTENTION_CALLERS: JSON.stringify([
            { name: "app", sha256: sha256(TOKEN), mintsSessions: true },
            { name: "other", sha256: sha256(OTHER_TOKEN) },
          ]),
          ATTENTION_SESSION_SECRET: "fake-session-secret-of-the-upload-tests",
          ATTENTION_POLICY: "allow * /v2/**\nallow POST /mcp",
          ATTENTION_TIMEOUT_MS: String(TIMEOUT),
          ATTENTION_MAX_RETRIES: "0",
        },
      },
    ],
    startMs: 60_000,
  });
});
after(async () => {
  await workerd?.close();
  await upstream?.close();
});

const received = (target) => upstream.records.filter((record) => record.target === target);

/** How a body is sent: its head, its parts, and which end it takes. */
const FRAMINGS = {
  held: { size: 4_000, announced: true },
  streamed: { size: 270_000, announced: true },
  chunked: { size: 4_000, announced: false },
};
const framed = ({ announced }, part) =>
  announced ? part : Buffer.concat([`${part.length.toString(16)}\r\n`, part, "\r\n"].map((one) => Buffer.from(one)));

/** What a caller does with its body, of ten parts. */
const CALLERS = {
  prompt: {},
  // It continues for longer than a call may take.
  slow: { pause: LONGER / 10 },
  // One pause, for longer than a call may take and shorter than a body of this length may.
  pausing: { pauseAt: 5, pause: 1.3 * TIMEOUT },
  leaves: { stopAt: 5, end: (wire) => wire.reset() },
  // It stops in the middle, and waits for the answer.
  "half closes": { stopAt: 5, end: (wire) => wire.end() },
};

async function upload(framing, caller, target) {
  const form = FRAMINGS[framing];
  const { stopAt = 10, pauseAt, pause = 0, end } = CALLERS[caller];
  const wire = await Wire.open(workerd.ports.main);
  const length = form.announced ? `Content-Length: ${form.size}` : "Transfer-Encoding: chunked";
  let isOver = false;
  const answer = wire
    .answer("PUT")
    .catch(() => null)
    .finally(() => {
      isOver = true;
    });
  // An API that has answered reads no more.
  const writing = (async () => {
    await wire.write(
      `PUT ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer ${TOKEN}\r\n${length}\r\n\r\n`,
    );
    const part = Buffer.alloc(form.size / 10, 1);
    for (let sent = 0; sent < stopAt; sent++) {
      // Where it is too long, it is so by far.
      if (pause > 0 && (pauseAt === undefined || pauseAt === sent))
        await sleep(framing === "held" ? 1.6 * pause : pause);
      // Whoever goes on writing after an answer may lose it: the connection is reset.
      await setImmediate();
      if (isOver) return;
      await wire.write(framed(form, part));
    }
    if (end) {
      if (framing !== "held") await until(() => received(target).length > 0, "the API has seen it");
      end(wire);
    } else if (!form.announced) await wire.write("0\r\n\r\n");
  })().catch(() => {});
  const came = caller === "leaves" ? await writing.then(() => null) : await answer;
  await writing;
  wire.destroy();
  return came;
}

/** What has to come of it: a status or several, `null` for a connection that ends; and whether the API gets a whole body. */
function wanted(framing, caller, api) {
  const allowed = TIMEOUT + (FRAMINGS[framing].announced ? FRAMINGS[framing].size / BYTES_A_SECOND : 1_600) * 1_000;
  const takes = { prompt: 0, slow: LONGER, pausing: 1.3 * TIMEOUT, leaves: 0, "half closes": 0 }[caller];
  const isWhole = caller !== "leaves" && caller !== "half closes" && takes < allowed;
  // Once the API has answered, workerd ends chunks whatever became of them; nothing depends on it any more.
  if (caller === "leaves")
    return { statuses: [undefined], isWhole: api === "early" && framing === "chunked" ? undefined : isWhole };
  // Either may be first. A stored body is not sent before it is complete.
  if (api === "early" && framing !== "held") return { statuses: [413, ...(isWhole ? [] : [400])] };
  if (caller === "half closes") return { statuses: [400, undefined], isWhole };
  if (!isWhole) return { statuses: [408], isWhole };
  return { statuses: [{ well: 200, late: 200, early: 413, silent: 504 }[api]], isWhole };
}

describe("each body, from each caller, to each API", { concurrency: true }, () => {
  for (const framing of Object.keys(FRAMINGS))
    for (const caller of Object.keys(CALLERS))
      for (const api of ["well", "late", "early", "silent"]) {
        test(`${framing}, ${caller}, ${api}`, async () => {
          const target = `/v2/${framing}/${caller.replace(" ", "-")}/${api}`;
          const { statuses, isWhole } = wanted(framing, caller, api);
          const answer = await upload(framing, caller, target);
          assert.ok(statuses.includes(answer?.status), `${answer?.status} instead of ${statuses}: ${answer?.text}`);
          const code = { 408: "upload_too_slow", 504: "upstream_timeout" }[answer?.status];
          if (code) assertProblem(answer, answer.status, code);
          if (isWhole === undefined) return;
          if (framing === "held" && !isWhole) return assert.deepEqual(received(target), []);
          await until(() => received(target).length === 1 && received(target)[0].body, "the API has it");
          if (!isWhole) await until(() => received(target)[0].done, "the API is told that it is over");
          assert.equal(received(target)[0].body.complete, isWhole);
        });
      }

  const dribbling = async (head, size) => {
    const wire = await Wire.open(workerd.ports.main);
    const answer = wire.answer("POST");
    await wire.write(`${head}\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer ${TOKEN}\r\n${size}\r\n\r\n`);
    const isChunked = size.startsWith("Transfer");
    let over = false;
    const writing = (async () => {
      while (!over) {
        await wire.write(isChunked ? "1\r\n \r\n" : " ").catch(() => {});
        await sleep(20);
      }
    })();
    const began = Date.now();
    const came = await answer;
    over = true;
    await writing;
    wire.destroy();
    return [came, Date.now() - began];
  };
  for (const [name, head, size, allowed] of [
    ["a held body", "POST /v2/dribbled/held/well HTTP/1.1", "Content-Length: 4000", 0],
    ["a body that streams", "POST /v2/dribbled/streamed/well HTTP/1.1", "Content-Length: 262145", 4_000],
    ["a message of MCP", "POST /mcp HTTP/1.1\r\nContent-Type: application/json", "Transfer-Encoding: chunked", 4_000],
    ["a wish for a session", "POST /sessions HTTP/1.1", "Transfer-Encoding: chunked", 0],
  ])
    test(`${name} a byte at a time: 408 after the call's timeout and a second for each 64 KiB, and never complete`, async () => {
      const [answer, took] = await dribbling(head, size);
      assertProblem(answer, 408, "upload_too_slow");
      assert.ok(took >= TIMEOUT + allowed - 50, `${took}`);
      const own = upstream.records.filter(({ target }) => head.split(" ")[1] === target);
      assert.equal(own.length, name === "a body that streams" ? 1 : 0);
      if (own.length === 1) {
        await until(() => own[0].done, "the API is told that it is over");
        assert.equal(own[0].body.complete, false);
      }
    });
});

test("uploads that fail because of their callers, however many, exclude nobody, and the log names the callers", async () => {
  const calls = Array.from({ length: 40 }, (_, index) =>
    upload(["chunked", "streamed"][index % 2], ["leaves", "half closes"][(index >> 1) % 2], "/v2/many/well"),
  );
  await Promise.all(calls);
  const request = (token) => requestBytes({ target: "/v2/many/well", headers: [["Authorization", `Bearer ${token}`]] });
  for (const token of [TOKEN, OTHER_TOKEN]) assert.equal((await send(workerd.ports.main, request(token))).status, 200);
  // Nor does it look as if the API had failed.
  assert.deepEqual(
    workerd.logs.filter(({ status }) => status === 502),
    [],
  );
  const late = workerd.logs.filter(({ code }) => code === "upload_too_slow");
  assert.ok(
    late.length >= 4 && late.every(({ status, level, caller }) => `${status} ${level} ${caller}` === "408 info app"),
  );
  assertNoSecret(workerd.output);
});
