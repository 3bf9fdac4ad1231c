// Bodies that are bombs, that drag on, that break off, that lie.
import { gzipSync } from "node:zlib";

const bomb = gzipSync(Buffer.alloc(20_000_000));
const up = { target: "/v2/conversations" };
const post = (headers) => `POST /v2/conversations HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n${headers}\r\n`;
const got = (name, entry, want, more = {}) => ({ name, request: {}, answer: [entry], want, sent: [up], ...more });

export default [
  got("a bomb comes down unopened", { body: bomb, headers: [["Content-Encoding", "gzip"]] }, { status: 200, headers: { "content-encoding": "gzip", "content-length": String(bomb.length) } }),
  got("a bomb as an error is not opened to its end", { status: 400, body: bomb, headers: [["Content-Encoding", "gzip"]] }, { status: 400, text: "" }),
  got("a bomb inside a server's failure", { status: 500, body: bomb, headers: [["Content-Encoding", "gzip"]] }, { status: 502, code: "upstream_error" }),
  got("gzip that is none, as an error", { status: 400, body: "no gzip", headers: [["Content-Encoding", "gzip"]] }, { status: 400, text: "" }),
  got("an encoding named five times", { body: "x", headers: [["Content-Encoding", "gzip, gzip, gzip, gzip, gzip"]] }, { status: [200, 502] }),
  { name: "a bomb goes up unopened", service: "any", request: { method: "POST", body: bomb, headers: [["Content-Encoding", "gzip"]] }, want: { status: 200 }, sent: [{ ...up, method: "POST", headers: { "content-encoding": "gzip", "content-length": String(bomb.length) } }] },
  got("cut short of its length", { body: "x".repeat(5000), cutAfter: 2000 }, { status: 200, broken: true }),
  got("cut between chunks", { body: "x".repeat(5000), chunked: true, cutAfter: 2000 }, { status: 200, broken: true }),
  got("a length that lies upwards", { body: "x".repeat(50), contentLength: 500 }, { status: 200, broken: true }),
  got("a length that lies downwards", { body: "whole and more", contentLength: 5 }, { status: 200, text: "whole" }),
  got("an error cut in its middle", { status: 404, body: '{"message":"half', contentLength: 500 }, { status: 404, text: "" }),
  got("an error cut in the middle of the key it echoes", { status: 400, body: '{"key":"{key}"}', cutAfter: 40, contentLength: 200 }, { status: 400, text: "", lacks: ["fake-current-key"] }),
  { name: "cut before its head is whole", request: {}, answer: [{ raw: "HTTP/1.1 200 OK\r\nConte", times: 9 }], want: { status: 502, code: "upstream_unreachable" }, sent: "any" },
  { name: "a reset", service: "any", request: { method: "POST", body: "{}" }, answer: [{ reset: true }], want: { status: 502, code: "upstream_unreachable" }, sent: [{ ...up, method: "POST" }] },
  { name: "silence", service: "hasty", request: {}, answer: [{ hang: true }], want: { status: 504, code: "upstream_timeout" }, sent: [up] },
  { name: "an upload that stands still while the upstream answers", service: "any", steps: [{ send: post("Content-Length: 500000\r\n") + "half" }], answer: [{ early: true, status: 413, body: "{}" }], want: { status: 413, text: "{}" }, sent: "any" },
  { name: "a held upload that breaks off is never sent", service: "any", steps: [{ send: post("Content-Length: 100\r\n") + "half" }, { end: true }], want: { status: [0, 400] } },
  { name: "a streamed upload that breaks off is never whole", service: "any", steps: [{ send: [post("Content-Length: 500000\r\n"), ["a", 300_000]] }, { upstream: 1 }, { destroy: true }], want: { status: 0 }, sent: [{ ...up, method: "POST", broken: true }] },
  { name: "chunks that break off are never whole", service: "any", steps: [{ send: `${post("Transfer-Encoding: chunked\r\n")}4\r\nhalf\r\n` }, { upstream: 4 }, { destroy: true }], want: { status: 0 }, sent: [{ ...up, method: "POST", broken: true }] },
  { name: "a body a byte at a time", service: "any", steps: [{ send: post("Content-Length: 4\r\n") }, { send: "a" }, { send: "b" }, { send: "c" }, { send: "d" }], want: { status: 200 }, sent: [{ ...up, method: "POST", body: "abcd" }] },
  { name: "a head a byte at a time", steps: [..."GET /v2/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer "].map((send) => ({ send })).concat({ send: "{token}\r\n\r\n" }), want: { status: 200 }, sent: [{ target: "/v2/x" }] },
  { name: "chunks of one byte", service: "any", request: { method: "POST", headers: [["Transfer-Encoding", "chunked"]], body: ["1\r\na\r\n".repeat(2000), "0\r\n\r\n"].join("") }, want: { status: 200 }, sent: [{ ...up, method: "POST", body: "a".repeat(2000) }] },
  { name: "JSON with __proto__ goes through as the bytes it is", service: "any", request: { method: "POST", body: '{"__proto__":{"admin":true}}', headers: [["Content-Type", "application/json"]] }, want: { status: 200 }, sent: [{ ...up, method: "POST", body: '{"__proto__":{"admin":true}}' }] },
  got("an error with __proto__", { status: 400, body: '{"__proto__":{"message":"x"},"constructor":1}', headers: [["Content-Type", "application/json"]] }, { status: 400, text: '{"__proto__":{"message":"x"},"constructor":1}' }),
  got("an error of ten thousand brackets", { status: 500, body: "[".repeat(10_000) }, { status: 502, code: "upstream_error" }),
  got("an error of ten thousand objects", { status: 400, body: '{"error":'.repeat(5000) }, { status: 400 }),
];
