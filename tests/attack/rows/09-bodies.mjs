// Bodies that are bombs, never end, break off, or have a wrong length.
import { gzipSync } from "node:zlib";

const bomb = gzipSync(Buffer.alloc(20_000_000));
const up = { target: "/v2/conversations" };
const post = (headers) =>
  `POST /v2/conversations HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n${headers}\r\n`;
const got = (name, entry, want, more = {}) => ({ name, request: {}, answer: [entry], want, sent: [up], ...more });

/** A response that must be redacted, so that it is read before any of it is passed on. */
const redacted = (name, entry, want) => ({
  name: `redacted: ${name}`,
  service: "redacting",
  request: {},
  answer: [entry],
  want,
  sent: [up],
});
const lost = (name, entry) => redacted(name, entry, { status: 502, code: "unredactable", lacks: ["ann@"] });
const PERSON = '{"email":"ann@corp.example","id":1}';
const SLOW = { bytes: 1, ms: 1000 };

export default [
  got(
    "a bomb comes down unopened",
    { body: bomb, headers: [["Content-Encoding", "gzip"]] },
    { status: 200, headers: { "content-encoding": "gzip", "content-length": String(bomb.length) } },
  ),
  got(
    "a bomb as an error is not opened to its end",
    { status: 400, body: bomb, headers: [["Content-Encoding", "gzip"]] },
    { status: 400, text: "" },
  ),
  got(
    "a bomb inside a server's failure",
    { status: 500, body: bomb, headers: [["Content-Encoding", "gzip"]] },
    { status: 502, code: "upstream_error" },
  ),
  got(
    "gzip that is none, as an error",
    { status: 400, body: "no gzip", headers: [["Content-Encoding", "gzip"]] },
    { status: 400, text: "" },
  ),
  got(
    "an encoding named five times",
    { body: "x", headers: [["Content-Encoding", "gzip, gzip, gzip, gzip, gzip"]] },
    { status: [200, 502] },
  ),
  {
    name: "a bomb is forwarded without decoding",
    service: "any",
    request: { method: "POST", body: bomb, headers: [["Content-Encoding", "gzip"]] },
    want: { status: 200 },
    sent: [{ ...up, method: "POST", headers: { "content-encoding": "gzip", "content-length": String(bomb.length) } }],
  },
  got("cut short of its length", { body: "x".repeat(5000), cutAfter: 2000 }, { status: 200, broken: true }),
  got("cut between chunks", { body: "x".repeat(5000), chunked: true, cutAfter: 2000 }, { status: 200, broken: true }),
  got("a length that lies upwards", { body: "x".repeat(50), contentLength: 500 }, { status: 200, broken: true }),
  got("a length that lies downwards", { body: "whole and more", contentLength: 5 }, { status: 200, text: "whole" }),
  got(
    "an error cut in its middle",
    { status: 404, body: '{"message":"half', contentLength: 500 },
    { status: 404, text: "" },
  ),
  got(
    "an error cut in the middle of the key it echoes",
    { status: 400, body: '{"key":"{key}"}', cutAfter: 40, contentLength: 200 },
    { status: 400, text: "", lacks: ["fake-current-key"] },
  ),
  {
    name: "cut before its head is complete",
    request: {},
    answer: [{ raw: "HTTP/1.1 200 OK\r\nConte", times: 9 }],
    want: { status: 502, code: "upstream_unreachable" },
    sent: "any",
  },
  {
    name: "a reset",
    service: "any",
    request: { method: "POST", body: "{}" },
    answer: [{ reset: true }],
    want: { status: 502, code: "upstream_unreachable" },
    sent: [{ ...up, method: "POST" }],
  },
  {
    name: "silence",
    service: "hasty",
    request: {},
    answer: [{ hang: true }],
    want: { status: 504, code: "upstream_timeout" },
    sent: [up],
  },
  {
    name: "an upload that stalls while the upstream answers",
    service: "any",
    steps: [{ send: `${post("Content-Length: 500000\r\n")}half` }],
    answer: [{ early: true, status: 413, body: "{}" }],
    want: { status: 413, text: "{}" },
    sent: "any",
  },
  {
    name: "a stored upload that breaks off is never sent",
    service: "any",
    steps: [{ send: `${post("Content-Length: 100\r\n")}half` }, { end: true }],
    want: { status: [0, 400] },
  },
  {
    name: "a streamed upload that breaks off never looks complete",
    service: "any",
    steps: [{ send: [post("Content-Length: 500000\r\n"), ["a", 300_000]] }, { upstream: 1 }, { destroy: true }],
    want: { status: 0 },
    sent: [{ ...up, method: "POST", broken: true }],
  },
  {
    name: "chunks that break off never look complete",
    service: "any",
    steps: [{ send: `${post("Transfer-Encoding: chunked\r\n")}4\r\nhalf\r\n` }, { upstream: 4 }, { destroy: true }],
    want: { status: 0 },
    sent: [{ ...up, method: "POST", broken: true }],
  },
  {
    name: "a body a byte at a time",
    service: "any",
    steps: [{ send: post("Content-Length: 4\r\n") }, { send: "a" }, { send: "b" }, { send: "c" }, { send: "d" }],
    want: { status: 200 },
    sent: [{ ...up, method: "POST", body: "abcd" }],
  },
  {
    name: "a head a byte at a time",
    steps: [..."GET /v2/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "]
      .map((send) => ({ send }))
      .concat({ send: "{token}\r\n\r\n" }),
    want: { status: 200 },
    sent: [{ target: "/v2/x" }],
  },
  {
    name: "chunks of one byte",
    service: "any",
    request: {
      method: "POST",
      headers: [["Transfer-Encoding", "chunked"]],
      body: ["1\r\na\r\n".repeat(2000), "0\r\n\r\n"].join(""),
    },
    want: { status: 200 },
    sent: [{ ...up, method: "POST", body: "a".repeat(2000) }],
  },
  {
    name: "JSON with __proto__ is passed on byte by byte",
    service: "any",
    request: { method: "POST", body: '{"__proto__":{"admin":true}}', headers: [["Content-Type", "application/json"]] },
    want: { status: 200 },
    sent: [{ ...up, method: "POST", body: '{"__proto__":{"admin":true}}' }],
  },
  got(
    "an error with __proto__",
    {
      status: 400,
      body: '{"__proto__":{"message":"x"},"constructor":1}',
      headers: [["Content-Type", "application/json"]],
    },
    { status: 400, text: '{"__proto__":{"message":"x"},"constructor":1}' },
  ),
  got(
    "an error of ten thousand brackets",
    { status: 500, body: "[".repeat(10_000) },
    { status: 502, code: "upstream_error" },
  ),
  got("an error of ten thousand objects", { status: 400, body: '{"error":'.repeat(5000) }, { status: 400 }),
  got(
    "an error a byte now and then: it is not waited for",
    { status: 400, body: "x".repeat(2000), drip: SLOW },
    { status: 400, text: "" },
    { service: "redacting" },
  ),
  got(
    "a server's failure a byte now and then",
    { status: 500, body: "x".repeat(2000), drip: SLOW },
    { status: 502, code: "upstream_error" },
    { service: "redacting" },
  ),
  got(
    "trailers stay behind, the key in one of them too",
    {
      raw: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Echo\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nX-Echo: {key}\r\nSet-Cookie: a=1\r\n\r\n`,
    },
    { status: 200, text: "{}", headers: { trailer: null, "x-echo": null, "set-cookie": null } },
  ),
  got(
    "a trailer that says how long it was",
    {
      raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n",
    },
    { status: 200, text: "{}" },
  ),
  got(
    "a hundred interim answers before the answer",
    { body: "{}", interim: Array.from({ length: 100 }, (_, index) => `HTTP/1.1 103 Early Hints\r\nLink: </${index}>`) },
    { status: 200, text: "{}", headers: { link: null } },
  ),
  got(
    "interim answers with the key",
    { body: "{}", interim: ["HTTP/1.1 102 Processing\r\nX-Echo: {key}"] },
    { status: 200, text: "{}" },
  ),
  {
    name: "interim responses without a final one",
    service: "hasty",
    request: {},
    answer: [{ raw: "HTTP/1.1 100 Continue\r\n\r\n", times: 9 }],
    want: { status: [502, 504] },
    sent: "any",
  },
  redacted("the member is not there", { body: PERSON }, { status: 200, text: '{"id":1}' }),
  redacted(
    "in a prototype",
    { body: '{"__proto__":{"email":"ann@corp.example"},"id":1}' },
    { status: 200, text: '{"__proto__":{},"id":1}' },
  ),
  redacted(
    "twice",
    { body: '{"email":"ann@corp.example","id":1,"email":"eve@corp.example"}' },
    { status: 200, text: '{"id":1}', lacks: ["ann@", "eve@"] },
  ),
  redacted(
    "packed",
    { body: gzipSync(PERSON), headers: [["Content-Encoding", "gzip"]] },
    { status: 200, text: '{"id":1}', headers: { "content-encoding": null } },
  ),
  redacted(
    "with a length that lies downwards",
    { body: `${PERSON}[]`, contentLength: PERSON.length },
    { status: 200, text: '{"id":1}' },
  ),
  lost("with a length that lies upwards", { body: PERSON, contentLength: 500 }),
  lost("cut in its middle", { body: PERSON, cutAfter: 20 }),
  lost("cut between chunks, where it could be whole", { body: `${PERSON} `, chunked: true, cutAfter: PERSON.length }),
  lost("without the last chunk", {
    raw: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${PERSON.length.toString(16)}\r\n${PERSON}\r\n`,
  }),
  lost("packed and cut", { body: gzipSync(PERSON.repeat(1)).subarray(0, -8), headers: [["Content-Encoding", "gzip"]] }),
  lost("a bomb", { body: gzipSync(`["${"a".repeat(20_000_000)}"]`), headers: [["Content-Encoding", "gzip"]] }),
  lost("packed twice", { body: gzipSync(gzipSync(PERSON)), headers: [["Content-Encoding", "gzip"]] }),
  lost("in an encoding that nobody knows", {
    body: PERSON.split("").reverse().join(""),
    headers: [["Content-Encoding", "x-own"]],
  }),
  lost("no JSON", { body: `email,ann@corp.example` }),
  lost("JSON lines", { body: `${PERSON}\n${PERSON}` }),
  lost("JSON with a comment", { body: `${PERSON} // email` }),
  lost("a byte now and then", { body: PERSON, drip: SLOW }),

  // In pieces.
  {
    ...redacted("a part that was asked for is not asked for", { body: PERSON }, { status: 200, text: '{"id":1}' }),
    request: {
      headers: [
        ["Range", "bytes=9-26"],
        ["If-Range", '"a"'],
      ],
    },
    sent: [{ ...up, headers: { range: null, "if-range": null } }],
  },
  {
    ...redacted(
      "a part that comes all the same",
      { status: 206, body: '"ann@corp.example"', headers: [["Content-Range", "bytes 9-26/50"]] },
      { status: 502, code: "upstream_protocol", lacks: ["ann@"], headers: { "content-range": null } },
    ),
    request: { headers: [["Range", "bytes=9-26"]] },
  },
  redacted(
    "parts are not offered",
    {
      body: PERSON,
      headers: [
        ["Accept-Ranges", "bytes"],
        ["Content-Range", "bytes 0-33/34"],
        ["ETag", '"a"'],
      ],
    },
    { status: 200, text: '{"id":1}', headers: { "accept-ranges": null, "content-range": null, etag: null } },
  ),
  lost("a text that is a piece", { body: '"ann@corp.example"' }),
  lost("a text behind a mark of the order of bytes", { body: '\ufeff "ann@corp.example"' }),

  // As anything but UTF-8 JSON.
  ...[
    "text/csv",
    "text/html",
    "text/plain",
    "text/event-stream",
    "application/x-ndjson",
    "application/javascript",
    "multipart/byteranges; boundary=x",
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json, text/html",
  ].map((type) => lost(`as ${type}`, { body: PERSON, headers: [["Content-Type", type]] })),
  lost("events", {
    body: `data: ${PERSON}\n\n`,
    headers: [["Content-Type", "text/event-stream"]],
  }),
  lost("a script", { body: `call(${PERSON})`, headers: [["Content-Type", "application/json"]] }),
  lost("JSON of UTF-16", { body: Buffer.from(`\ufeff${PERSON}`, "utf16le") }),
  ...["application/problem+json", "application/vnd.api+json; version=1", "Application/JSON;charset=UTF-8"].map((type) =>
    redacted(
      `as ${type}`,
      { body: PERSON, headers: [["Content-Type", type]] },
      { status: 200, text: '{"id":1}', headers: { "content-type": type } },
    ),
  ),

  // With another content coding.
  ...["zstd", "deflate", "compress", "gzip, br"].map((coding) =>
    lost(`named ${coding}`, { body: PERSON, headers: [["Content-Encoding", coding]] }),
  ),
  {
    ...redacted("a browser's codings", { body: PERSON }, { status: 200, text: '{"id":1}' }),
    request: { headers: [["Accept-Encoding", "gzip, deflate, br, zstd"]] },
    sent: [{ ...up, headers: { "accept-encoding": "gzip, br" } }],
  },

  // Numbers, and an empty body.
  redacted(
    "numbers stay as they are written",
    { body: '{"id":9007199254740993,"x":1e400,"z":-0,"b":1.0,"2":2,"email":1}' },
    { status: 200, text: '{"id":9007199254740993,"x":1e400,"z":-0,"b":1.0,"2":2}' },
  ),
  redacted(
    "nothing in it",
    { status: 200, body: "", headers: [["Content-Type", "text/html"]] },
    { status: 200, text: "" },
  ),
  redacted("accepted, and nothing in it", { status: 202, body: "" }, { status: 202, text: "" }),
  redacted("no content", { status: 204, body: "" }, { status: 204, text: "" }),

  // In errors.
  redacted("an error that holds it", { status: 409, body: PERSON }, { status: 409, text: '{"id":1}' }),
  redacted(
    "an error that is no JSON",
    { status: 400, body: "no user ann@corp.example" },
    { status: 400, text: "", lacks: ["ann@"] },
  ),

  // Unreadable errors.
  got(
    "an error in an encoding that nobody knows",
    {
      status: 404,
      body: "not found",
      headers: [
        ["Content-Encoding", "x-own"],
        ["Content-Type", "text/plain"],
      ],
    },
    { status: 404, text: "", headers: { "content-encoding": null, "content-type": null } },
  ),

  // Statuses that do not answer the request.
  ...[206, 226, 416, 417, 421, 425, 426].map((status) =>
    got(`${status}, which nobody asked for`, { status, body: "{}" }, { status: 502, code: "upstream_protocol" }),
  ),
  got("304, which nobody asked for", { status: 304, body: "" }, { status: 502, code: "upstream_protocol" }),
  ...[402, 404, 405, 409, 410, 418, 422, 428, 431, 451, 499].map((status) =>
    got(`${status}, the caller's own`, { status, body: "{}" }, { status, text: "{}" }),
  ),
  ...[511, 520, 525, 530, 599].map((status) =>
    got(`${status}, of something before the API`, { status, body: "{}" }, { status: 502, code: "upstream_error" }),
  ),
];
