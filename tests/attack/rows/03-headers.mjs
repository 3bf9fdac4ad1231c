// Headers that try to inject or override something.
const stays = (name, headers) => ({
  name: `${name} is removed`,
  request: { headers },
  want: { status: 200 },
  sent: [{ target: "/v2/conversations", headers: Object.fromEntries(headers.map(([key]) => [key, null])) }],
});
const refused = (name, headers) => ({ name, request: { headers }, want: { status: 400 } });

export default [
  refused("CR LF cannot be in a value: an invalid line is no header", [["Accept", "a\r\nX Injected: b"]]),
  refused("a folded line", [["Accept", "a\r\n X-Injected: b"]]),
  refused("a bare CR", [["Accept", "a\rX-Injected: b"]]),
  refused("a NUL in a value", [["Accept", "a\0b"]]),
  refused("a NUL in a name", [["Acc\0ept", "a"]]),
  refused("a blank before the colon", [["Accept ", "a"]]),
  refused("an empty name", [["", "a"]]),
  stays("Cookie", [["Cookie", "session=1"]]),
  stays("Proxy-Authorization", [["Proxy-Authorization", "Bearer x"]]),
  stays("X-Forwarded-Authorization", [["X-Forwarded-Authorization", "Bearer x"]]),
  stays("X-Api-Key", [["X-Api-Key", "x"]]),
  stays("a method override", [
    ["X-HTTP-Method-Override", "DELETE"],
    ["X-HTTP-Method", "DELETE"],
    ["X-Method-Override", "DELETE"],
  ]),
  stays("a path override", [
    ["X-Original-URL", "/v2/api_keys"],
    ["X-Rewrite-URL", "/v2/api_keys"],
  ]),
  stays("a host override", [
    ["X-Forwarded-Host", "{other}"],
    ["X-Host", "{other}"],
    ["Forwarded", "host={other}"],
    ["X-Forwarded-Server", "{other}"],
  ]),
  stays("a client address", [
    ["X-Forwarded-For", "127.0.0.1"],
    ["X-Real-IP", "127.0.0.1"],
    ["True-Client-IP", "127.0.0.1"],
    ["CF-Connecting-IP", "127.0.0.1"],
  ]),
  stays("what Cloudflare Access says", [
    ["CF-Access-Jwt-Assertion", "x.y.z"],
    ["CF-Access-Client-Secret", "x"],
    ["Cf-Access-Authenticated-User-Email", "admin@example.com"],
  ]),
  stays("what names a page", [
    ["Referer", "https://app.example/private"],
    ["Sec-Fetch-Site", "same-origin"],
  ]),
  stays("hop by hop", [
    ["Keep-Alive", "timeout=5"],
    ["TE", "trailers"],
    ["Proxy-Connection", "x"],
    ["Trailer", "x"],
    ["Max-Forwards", "0"],
  ]),
  stays("what Connection names", [
    ["Connection", "close, X-Secret"],
    ["X-Secret", "1"],
  ]),
  stays("__proto__", [
    ["__proto__", "x"],
    ["constructor", "x"],
    ["toString", "x"],
    ["hasOwnProperty", "x"],
  ]),
  stays("a name like an allowed one", [
    ["Accept_Encoding", "x"],
    ["Accept-Encoding2", "x"],
    ["X-Range", "x"],
  ]),
  {
    name: "Connection cannot remove the key",
    request: { headers: [["Connection", "close, Authorization"]] },
    want: { status: 200 },
    sent: [{ target: "/v2/conversations" }],
  },
  {
    name: "a second Host is not the upstream's",
    request: {
      headers: [
        ["Host", "worker.example"],
        ["Host", "{other}"],
      ],
    },
    want: { status: [200, 400] },
    sent: "any",
  },
  {
    name: "Expect is answered here",
    service: "any",
    request: { method: "POST", headers: [["Expect", "100-continue"]], body: "{}" },
    want: { status: 200 },
    sent: [{ method: "POST", target: "/v2/conversations", headers: { expect: null }, body: "{}" }],
  },
  {
    name: "a name in another case is the same name",
    request: {
      headers: [
        ["cOOkIE", "a=1"],
        ["aCCept", "b/c"],
      ],
    },
    want: { status: 200 },
    sent: [{ target: "/v2/conversations", headers: { cookie: null, accept: "b/c" } }],
  },
  {
    name: "the upstream's cookies, server and challenge are not passed on",
    request: {},
    answer: [
      {
        body: "{}",
        headers: [
          ["Set-Cookie", "a=1"],
          ["Server", "x"],
          ["Via", "1.1 x"],
          ["Alt-Svc", "clear"],
          ["WWW-Authenticate", "Basic"],
          ["X-Powered-By", "x"],
        ],
      },
    ],
    want: { status: 200, text: "{}" },
    sent: [{ target: "/v2/conversations" }],
  },
  {
    name: "the upstream's browser policies are not passed on",
    request: {},
    answer: [
      {
        body: "{}",
        headers: [
          ["Access-Control-Allow-Origin", "*"],
          ["Access-Control-Allow-Credentials", "true"],
          ["Refresh", "0;url=https://evil.example"],
          ["Clear-Site-Data", '"*"'],
          ["Service-Worker-Allowed", "/"],
          ["Content-Security-Policy", "*"],
        ],
      },
    ],
    want: { status: 200, headers: { "access-control-allow-origin": null, "x-content-type-options": "nosniff" } },
    sent: [{ target: "/v2/conversations" }],
  },
  {
    name: "an upstream header with a bare CR",
    request: {},
    answer: [{ raw: "HTTP/1.1 200 OK\r\nETag: a\rSet-Cookie: x=1\r\nContent-Length: 0\r\n\r\n", times: 3 }],
    want: { status: [200, 502], lacks: ["Set-Cookie"] },
    sent: "any",
  },
  {
    name: "a folded upstream header",
    request: {},
    answer: [{ raw: "HTTP/1.1 200 OK\r\nETag: a\r\n Set-Cookie: x=1\r\nContent-Length: 0\r\n\r\n", times: 3 }],
    want: { status: [200, 502], lacks: ["\r\nSet-Cookie", "\r\n Set-Cookie"] },
    sent: "any",
  },
  {
    name: "an upstream that answers 101",
    request: {},
    answer: [{ raw: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", times: 3 }],
    want: { status: 502 },
    sent: "any",
  },
];
