// Oversized input.
const many = (count) => Array.from({ length: count }, (_, index) => [`X-${index}`, "v"]);

export default [
  {
    name: "a token of 9 KiB",
    request: { token: "a".repeat(9 * 1024) },
    want: { status: 400, code: "authorization_too_long" },
  },
  { name: "a token of 1 MB", request: { token: "a".repeat(1_000_000) }, want: { status: [0, 400, 431] } },
  {
    name: "a path of 9 KiB",
    request: { target: `/v2/${"a".repeat(9 * 1024)}` },
    want: { status: 400, code: "path_too_long" },
  },
  { name: "a path of 1 MB", request: { target: `/v2/${"a".repeat(1_000_000)}` }, want: { status: [0, 400, 414, 431] } },
  {
    name: "a path of 4000 segments",
    request: { target: `/v2${"/a".repeat(4000)}` },
    want: { status: 200 },
    sent: [{ target: `/v2${"/a".repeat(4000)}` }],
  },
  {
    name: "a query of 9 KiB",
    request: { target: `/v2/x?${"a".repeat(9 * 1024)}` },
    want: { status: 400, code: "query_too_long" },
  },
  {
    name: "a query of 4000 parameters",
    request: { target: `/v2/x?${"a&".repeat(4000)}` },
    want: { status: 200 },
    sent: "any",
  },
  {
    name: "a header of 16 KiB is forwarded completely",
    request: { headers: [["Accept", "a".repeat(16 * 1024)]] },
    want: { status: 200 },
    sent: [{ target: "/v2/conversations", headers: { accept: "a".repeat(16 * 1024) } }],
  },
  {
    name: "a header of 2 MB",
    request: { headers: [["Accept", "a".repeat(2_000_000)]] },
    want: { status: [0, 400, 431] },
  },
  {
    name: "a header name of 100 KB",
    request: { headers: [["a".repeat(100_000), "x"]] },
    want: { status: [200, 400, 431] },
    sent: "any",
  },
  {
    name: "200 headers",
    request: { headers: many(200) },
    want: { status: 200 },
    sent: [{ target: "/v2/conversations" }],
  },
  { name: "5000 headers", request: { headers: many(5000) }, want: { status: [200, 400, 431] }, sent: "any" },
  { name: "a method of 10 KB", request: { method: "A".repeat(10_000) }, want: { status: [0, 400, 405, 501] } },
  {
    name: "a request id of 10 KB",
    request: { headers: [["X-Request-Id", "a".repeat(10_000)]] },
    want: { status: 200, lacks: ["a".repeat(100)] },
    sent: [{ target: "/v2/conversations" }],
  },
  {
    name: "an Origin of 10 KB",
    service: "pages",
    request: { headers: [["Origin", `https://${"a".repeat(10_000)}.example`]] },
    want: { status: 403, code: "origin_not_allowed" },
  },
  {
    name: "3 MB of body stream through",
    service: "any",
    request: { method: "POST", body: ["a", 3_000_000] },
    want: { status: 200 },
    sent: [{ method: "POST", target: "/v2/conversations", headers: { "content-length": "3000000" } }],
  },
  {
    name: "an error of 1 MB is passed on without its body",
    request: {},
    answer: [{ status: 400, body: { zeros: 1_000_000 } }],
    want: { status: 400, text: "" },
    sent: [{ target: "/v2/conversations" }],
  },
  {
    name: "a response with a header of 2 MB",
    request: {},
    answer: [
      {
        raw: ["HTTP/1.1 200 OK\r\nETag: ", ["a", 10], "\r\n\r\n"].flat().join("").replace("a10", "a".repeat(2_000_000)),
        times: 3,
      },
    ],
    want: { status: 502 },
    sent: "any",
  },
  {
    name: "a response with 2000 headers",
    request: {},
    answer: [{ body: "{}", headers: Array.from({ length: 2000 }, (_, index) => [`X-${index}`, "v"]) }],
    want: { status: [200, 502] },
    sent: "any",
  },
  {
    name: "after three hundred silent connections, the next is served",
    steps: [
      { crowd: 300 },
      { send: "GET /v2/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n" },
    ],
    want: { status: 200 },
    sent: [{ target: "/v2/x" }],
  },
];
