// Requests that two parties could read as one, or as two.
const head = (method, headers) =>
  `${method} /v2/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n${headers}\r\n`;
const post = (headers, body) => head("POST", headers) + body;
const HIDDEN = "GET /v2/smuggled HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n";
const refused = (name, raw) => ({ name, service: "any", raw, want: { status: 400, answers: 1 } });
const one = (name, raw, body, more = {}) => ({
  name,
  service: "any",
  raw,
  want: { status: 200, answers: 1 },
  sent: [{ method: raw.split(" ")[0], target: "/v2/x", body, ...more }],
});
const chunked = "Transfer-Encoding: chunked\r\n";
/** The upload breaks off, whatever the caller is told, and never looks complete to the upstream. */
const broken = (name, raw) => ({
  name,
  service: "any",
  raw: raw.replace("/v2/x", "/v2/broken"),
  want: { status: [0, 400, 502] },
  sent: "broken",
});

export default [
  refused("two lengths that differ", post("Content-Length: 2\r\nContent-Length: 40\r\n", `hi${HIDDEN}`)),
  one("two lengths that agree", post("Content-Length: 2\r\nContent-Length: 2\r\n", "hi"), "hi"),
  refused("a list of lengths", post("Content-Length: 5, 5\r\n", "hello")),
  refused("a length with a plus", post("Content-Length: +5\r\n", "hello")),
  refused("a negative length", post("Content-Length: -1\r\n", "hello")),
  refused("a length in hex", post("Content-Length: 0x5\r\n", "hello")),
  refused("a length as 5e0", post("Content-Length: 5e0\r\n", "hello")),
  refused("a length of twenty digits", post("Content-Length: 99999999999999999999\r\n", "hello")),
  refused("a length in other digits", post("Content-Length: \u00b2\r\n", "hello")),
  refused("an empty length", post("Content-Length: \r\n", "hello")),
  {
    name: "a length of zero and a request behind it: that is a second request, judged as one",
    service: "any",
    raw: post("Content-Length: 0\r\n", HIDDEN.replace("Authorization: Bearer {token}\r\n", "")),
    want: { status: 401, answers: 2 },
    sent: [{ method: "POST", target: "/v2/x", body: "" }],
  },
  {
    name: "a length too short: the rest is not a request",
    service: "any",
    raw: post("Content-Length: 2\r\n", "hi{}x"),
    want: { status: [200, 400], answers: 2 },
    sent: [{ method: "POST", target: "/v2/x", body: "hi" }],
  },
  one(
    "length and chunks: the chunks count, and the connection ends",
    post(`Content-Length: 4\r\n${chunked}`, `0\r\n\r\n${HIDDEN}`),
    "",
  ),
  one("chunks and length", post(`${chunked}Content-Length: 60\r\n`, `0\r\n\r\n${HIDDEN}`), ""),
  refused("an encoding that is not chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
  refused("chunked and identity", post(`${chunked}Transfer-Encoding: identity\r\n`, `0\r\n\r\n${HIDDEN}`)),
  refused("chunked with a blank before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")),
  refused("chunked on a folded line", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")),
  refused("chunked in quotes", post('Transfer-Encoding: "chunked"\r\n', "0\r\n\r\n")),
  refused("chunked with a control character", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n")),
  refused("a header name with a control character", post("Transfer-Encoding\x01: chunked\r\n", "0\r\n\r\n")),
  one("chunked behind a tab", post("Transfer-Encoding:\tchunked\r\n", "2\r\nhi\r\n0\r\n\r\n"), "hi"),
  one("chunked in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n", "2\r\nhi\r\n0\r\n\r\n"), "hi"),
  one("chunk extensions stay behind", post(chunked, '2;a="\\r\\n"\r\nhi\r\n0;x\r\n\r\n'), "hi"),
  one(
    "trailers stay behind, an Authorization among them",
    post(`${chunked}Trailer: Authorization\r\n`, "2\r\nhi\r\n0\r\nAuthorization: Bearer evil\r\n\r\n"),
    "hi",
  ),
  broken("a chunk size that is none", post(chunked, "zz\r\nhi\r\n0\r\n\r\n")),
  broken("a chunk size larger than a number", post(chunked, "fffffffffffffffff\r\nhi\r\n0\r\n\r\n")),
  broken("a negative chunk size", post(chunked, "-2\r\nhi\r\n0\r\n\r\n")),
  broken("a chunk size with 0x", post(chunked, "0x2\r\nhi\r\n0\r\n\r\n")),
  broken("chunks with bare line feeds", post(chunked, "2\nhi\n0\n\n")),
  broken("a chunk longer than its size", post(chunked, `2\r\nhiX\r\n0\r\n\r\n`)),
  broken("no last chunk", post(chunked, "2\r\nhi\r\n")),
  {
    name: "GET with a body that is a request",
    request: { body: HIDDEN },
    want: { status: 400, code: "body_not_allowed" },
  },
  {
    name: "GET with chunks that are a request",
    raw: `${head("GET", chunked)}0\r\n\r\n`,
    want: { status: 400, code: "body_not_allowed" },
  },
  { name: "HEAD with a body", raw: `${head("HEAD", "Content-Length: 2\r\n")}hi`, want: { status: 400 } },
  {
    name: "two requests in one write are two, and each needs a token",
    raw: `${head("GET", "")}GET /v2/y HTTP/1.1\r\nHost: h\r\n\r\n`,
    want: { status: 401, answers: 2 },
    sent: [{ target: "/v2/x" }],
  },
  { name: "HTTP/2 in plain", raw: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", want: { status: [0, 400] } },
  {
    name: "HTTP/2 by upgrade",
    raw: head(
      "GET",
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
    ),
    want: { status: 400, code: "upgrade_not_supported" },
  },
  {
    name: "a WebSocket, to tunnel through",
    raw: head(
      "GET",
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
    ),
    want: { status: 400, code: "upgrade_not_supported" },
  },
  { name: "HTTP/0.9", raw: "GET /v2/x\r\n\r\n", want: { status: 400 } },
  { name: "HTTP/2.0 in an HTTP/1 line", raw: head("GET", "").replace("HTTP/1.1", "HTTP/2.0"), want: { status: 400 } },
  {
    name: "TLS to a port without TLS",
    raw: "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
    want: { status: [0, 400] },
  },
  { name: "no Host", raw: "GET /v2/x HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n", want: { status: 400 } },
  {
    name: "a header line before any",
    raw: "GET /v2/x HTTP/1.1\r\n Host: h\r\nAuthorization: Bearer {token}\r\n\r\n",
    want: { status: 400 },
  },
  one("bare line feeds in the head are line ends, for both parties", head("GET", "").replaceAll("\r\n", "\n"), ""),
  {
    name: "a response split by the upstream's length",
    service: "any",
    requests: [{ target: "/v2/a" }, { target: "/v2/b" }],
    answer: [
      { keepAlive: true, body: '{"a":1}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged', contentLength: 7 },
      { body: '{"b":1}' },
    ],
    want: { status: 200, text: '{"b":1}' },
    sent: [{ target: "/v2/a" }, { target: "/v2/b" }],
  },
  {
    name: "a response with two lengths",
    answer: [{ raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello", times: 3 }],
    request: {},
    want: { status: 502 },
    sent: "any",
  },
];
