// Answers that no API should give, by chance: whatever status, coding, type and framing they have, a member that a route
// takes out is not in them, nor is the key in an error.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
} from "node:zlib";
import { dice } from "../random.mjs";
import { assertNoSecret, KEY, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const redacting = workers.with({ ATTENTION_POLICY: "allow * /v2/** redact=email cache=1min" });
const plain = workers.with({ ATTENTION_POLICY: "allow * /v2/**" });

const HIDDEN = "ann-who-is-hidden@corp.example";
const CASES = 700;

const utf16 = (text, isBig) => {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
  return isBig ? bytes.swap16() : bytes;
};
/** What holds the member, as a text or as bytes. */
const BODIES = [
  (said) => JSON.stringify({ id: 1, email: said }),
  (said) => JSON.stringify({ id: 1, list: [{ email: said, at: 1.5 }, { deep: { email: [said] } }] }),
  (said) => JSON.stringify([{ email: said }]),
  (said) => `{"id":1,"\\u0065mail":"${said}"}`,
  (said) => `{"email":1,"id":2,"email":"${said}"}`,
  (said) => `\ufeff{"id":1,"email":"${said}"}`,
  (said) => `  \n\t{"id" : 1 , "email" : "${said}" }\n`,
  (said) => `{"id":1}\n{"email":"${said}"}\n`,
  (said) => `data: {"email":"${said}"}\n\n`,
  (said) => `)]}'\n{"email":"${said}"}`,
  (said) => `callback({"email":"${said}"});`,
  (said) => `{"id":1,/* email */"email":"${said}"}`,
  (said) => `{'email':'${said}'}`,
  (said) => `id,email\n1,${said}\n`,
  (said) => `<p>${said}</p>`,
  (said) => `{"id":1,"email":"${said}`,
  (said) => `"${said}"`,
  (said) => utf16(JSON.stringify({ email: said }), false),
  (said) => utf16(JSON.stringify({ email: said }), true),
  (said) => Buffer.concat([Buffer.from(`{"email":"${said}","x":"`), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
];
const CODINGS = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  identity: (bytes) => bytes,
};
/** How it is coded, and what is said of it. */
const coded = [
  (bytes) => [bytes, null],
  (bytes) => [bytes, null],
  ...Object.entries(CODINGS).map(([name, pack]) => (bytes) => [pack(bytes), name]),
  (bytes) => [gzipSync(bytes), null],
  (bytes) => [gzipSync(bytes), "GZIP"],
  (bytes) => [gzipSync(gzipSync(bytes)), "gzip, gzip"],
  (bytes) => [gzipSync(gzipSync(bytes)), "gzip"],
  (bytes) => [gzipSync(brotliCompressSync(bytes)), "br, gzip"],
  (bytes) => [gzipSync(bytes), "identity, gzip"],
  (bytes) => [gzipSync(bytes), ",gzip,"],
  (bytes) => [deflateRawSync(bytes), "deflate"],
  (bytes) => [bytes, "gzip"],
  (bytes) => [bytes, "br"],
  (bytes) => [bytes, "zstd"],
  (bytes) => [Buffer.concat([gzipSync(bytes.subarray(0, 5)), gzipSync(bytes.subarray(5))]), "gzip"],
];
const TYPES = [
  ["application/json"],
  ["application/json"],
  ["application/json; charset=utf-8"],
  ["application/json;charset=UTF-16"],
  ["application/problem+json"],
  ["Application/JSON", "text/html"],
  ["text/plain"],
  ["text/event-stream"],
  ["application/x-ndjson"],
  [],
];
const STATUSES = [200, 200, 200, 201, 202, 203, 206, 207, 226, 299, 300, 304, 400, 404, 409, 416, 422, 451, 500, 503];
const ASKED = [
  [],
  [["Range", "bytes=7-60"]],
  [
    ["Range", "bytes=-40"],
    ["If-Range", '"a"'],
  ],
  [["Accept-Encoding", "zstd, br;q=0.5, deflate"]],
  [["Accept-Encoding", "identity;q=0, *"]],
  [
    ["Accept", "text/csv"],
    ["Prefer", "return=minimal"],
  ],
];

/** An answer as bytes. */
function written({ pick, chance, below }, said) {
  const made = pick(BODIES)(said);
  const [body, coding] = pick(coded)(Buffer.from(made));
  const status = pick(STATUSES);
  const lines = [`HTTP/1.1 ${status} ${chance(20) ? "" : "Odd"}`];
  for (const type of pick(TYPES)) lines.push(`Content-Type: ${type}`);
  if (coding !== null) lines.push(`Content-Encoding: ${coding}`);
  if (chance(30)) lines.push(`Cache-Control: ${pick(["max-age=60", "public, s-maxage=60", "private"])}`, 'ETag: "a"');
  if (chance(30)) lines.push(`Vary: ${pick(["*", "Accept-Language", "Authorization"])}`);
  if (status === 206 || chance(10)) lines.push(`Content-Range: bytes 0-${body.length - 1}/${body.length + 100}`);
  const isChunked = chance(50);
  lines.push(isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`, "Connection: close");
  if (isChunked && chance(30)) lines.push("Trailer: X-Email");
  const interim = chance(15) ? `HTTP/1.1 103 Early Hints\r\nLink: </${said}>; rel=preload\r\n\r\n` : "";
  const pieces = [Buffer.from(`${interim}${lines.join("\r\n")}\r\n\r\n`)];
  const step = 1 + below(body.length + 1);
  for (let at = 0; isChunked && at < body.length; at += step) {
    const piece = body.subarray(at, at + step);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  pieces.push(isChunked ? Buffer.from(`0\r\n${chance(30) ? `X-Email: ${said}\r\n` : ""}\r\n`) : body);
  return { bytes: Buffer.concat(pieces), status };
}

/** Every way in which somebody could read some bytes. */
function* readings(bytes, depth = 0) {
  for (const text of [bytes.toString("utf8"), bytes.toString("utf16le")]) {
    yield text;
    yield text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (bytes.length % 2 === 0) yield Buffer.from(bytes).swap16().toString("utf16le");
  if (depth === 3 || bytes.length === 0) return;
  for (const unpack of [gunzipSync, brotliDecompressSync, inflateSync, inflateRawSync]) {
    let unpacked;
    try {
      unpacked = unpack(bytes);
    } catch {
      continue;
    }
    yield* readings(unpacked, depth + 1);
  }
}
function assertNotRead(secret, answer, what) {
  for (const text of [answer.head, ...readings(answer.body)])
    assert.ok(!text.includes(secret) && !text.includes(secret.slice(0, 16)), `${what}: ${answer.head}${answer.text}`);
}

test(`${CASES} answers on a route that takes a member out: it is in none of them, however they are read, nor given again`, async () => {
  const chances = dice(19);
  const outcomes = {};
  for (let number = 0; number < CASES; number++) {
    const { bytes, status } = written(chances, HIDDEN);
    // Some methods, some of them asked twice: what was kept is looked at as well.
    const request = {
      method: chances.pick(["GET", "GET", "GET", "POST", "HEAD", "DELETE"]),
      target: `/v2/odd/${number}`,
      headers: chances.pick(ASKED),
    };
    workers.begin({ raw: bytes }, { raw: bytes });
    for (let time = 0; time < 2; time++) {
      const answer = await workers.call(redacting, request);
      if (answer === null) continue;
      assertNotRead(HIDDEN, answer, `case ${number}, ${status}`);
      outcomes[answer.status] = (outcomes[answer.status] ?? 0) + 1;
      // A success that has a body is JSON, as it says.
      if (answer.status < 300 && answer.body.length > 0) {
        assert.equal(answer.get("content-encoding"), null, `case ${number}`);
        answer.json();
      }
    }
  }
  const passed = Object.entries(outcomes).filter(([status]) => status < 300);
  const count = passed.reduce((sum, [, times]) => sum + times, 0);
  assert.ok(count > 80 && outcomes[502] > 80, JSON.stringify(outcomes));
});

test(`${CASES} errors that hold the key: it is in none of them, however they are read`, async () => {
  const chances = dice(38);
  let errors = 0;
  for (let number = 0; number < CASES; number++) {
    const { bytes, status } = written(chances, KEY);
    if (status < 400) continue;
    workers.begin({ raw: bytes });
    const answer = await workers.call(chances.pick([plain, redacting]), {
      method: chances.pick(["GET", "POST", "PUT"]),
      target: `/v2/error/${number}`,
      headers: chances.pick(ASKED),
    });
    if (answer === null) continue;
    errors++;
    assert.ok(answer.status >= 400, answer.head);
    assertNotRead(KEY, answer, `case ${number}, ${status}`);
  }
  assert.ok(errors > 100, `${errors}`);
  assertNoSecret(workers.workerd.output);
});
