// Responses that break off at every byte, in every coding, with a length and without, are complete or an error, and
// never a part or nothing.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { assertNoOpenCalls, attention, FAKE_KEY } from "./fixture.mjs";

const { Attention, AttentionError } = attention;

after(assertNoOpenCalls);

const VALUE = { data: [{ id: "c-1", title: "é — a conversation" }], meta: { totalRecords: 1 } };
const CODINGS = {
  none: [undefined, (text) => Buffer.from(text)],
  gzip: ["gzip", gzipSync],
  deflate: ["deflate", deflateSync],
  "raw deflate": ["deflate", deflateRawSync],
  br: ["br", brotliCompressSync],
  "gzip in gzip": ["gzip, gzip", (text) => gzipSync(gzipSync(text))],
};
/** How the end of the body is marked. */
const ENDS = {
  "the length of what came": (bytes) => ["content-length", bytes.length],
  "the length of all": (_, all) => ["content-length", all.length],
  "no length": () => undefined,
};

test("a response that breaks off is an error, wherever it does", async (t) => {
  let answer;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const client = new Attention({
    apiKey: FAKE_KEY,
    baseURL: `http://127.0.0.1:${server.address().port}/v2`,
    maxRetries: 0,
  });
  const seen = new Set();
  for (const [coding, [name, code]] of Object.entries(CODINGS)) {
    const all = code(JSON.stringify(VALUE));
    for (const [end, told] of Object.entries(ENDS)) {
      for (let length = 0; length <= all.length; length++) {
        const bytes = all.subarray(0, length);
        const headers = [
          ["content-type", "application/json"],
          ["connection", "close"],
          ...(name === undefined ? [] : [["content-encoding", name]]),
          ...[told(bytes, all)].filter(Boolean),
        ];
        const head = headers.map(([each, value]) => `${each}: ${value}\r\n`).join("");
        answer = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n`), bytes]);
        const what = `${coding}, ${end}, ${length} of ${all.length} bytes`;
        const outcome = await client.get("/conversations/list").catch((error) => error);
        // A response that declares itself empty is empty; so is one that only the connection's end delimits.
        const isEmpty =
          length === 0 && (end === "the length of what came" || (name === undefined && end === "no length"));
        if (outcome instanceof AttentionError) {
          assert.match(outcome.code, /^(body_broken|invalid_json|connection\w*)$/, what);
          assert.ok(length < all.length, what);
          seen.add(outcome.code);
        } else if (isEmpty) assert.equal(outcome, undefined, what);
        else assert.deepEqual(outcome, VALUE, what);
      }
    }
  }
  client.close();
  assert.ok(seen.has("body_broken") && seen.has("invalid_json"), [...seen].join());
});
