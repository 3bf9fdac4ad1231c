// Pages that try to read other origins' responses.
const other = (origin, name = origin) => ({
  name: `Origin: ${name}`,
  service: "pages",
  request: { headers: [["Origin", origin]] },
  want: {
    status: 403,
    code: "origin_not_allowed",
    headers: { "access-control-allow-origin": null, vary: "Origin, Authorization" },
  },
});
const preflight = (origin, method = "GET") => ({
  method: "OPTIONS",
  token: null,
  headers: [
    ["Origin", origin],
    ["Access-Control-Request-Method", method],
    ["Access-Control-Request-Headers", "authorization"],
  ],
});

export default [
  other("null"),
  other("https://evil.example"),
  other("http://app.example"),
  other("https://app.example:444"),
  other("https://sub.app.example"),
  other("https://app.example.evil.example"),
  other("https://notapp.example"),
  other("https://app.exampl"),
  other("https://APP.EXAMPLE"),
  other("https://app.example/"),
  other("https://app.example."),
  other("https://app.example, https://evil.example"),
  other("https://app.example https://evil.example"),
  other(`${"https://app.example\x00".slice(0, 19)}%00.evil.example`),
  other("https://user@app.example"),
  other("*"),
  {
    name: "two Origin headers, one allowed",
    service: "pages",
    request: {
      headers: [
        ["Origin", "https://app.example"],
        ["Origin", "https://evil.example"],
      ],
    },
    want: { status: 403, code: "origin_not_allowed" },
  },
  {
    name: "an allowed page is named instead of *, without credentials",
    service: "pages",
    request: { headers: [["Origin", "https://app.example"]] },
    want: {
      status: 200,
      headers: {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-credentials": null,
        vary: "Origin, Authorization",
      },
    },
    sent: [{ target: "/v2/conversations", headers: { origin: null } }],
  },
  {
    name: "an allowed page without a token",
    service: "pages",
    request: { token: null, headers: [["Origin", "https://app.example"]] },
    want: {
      status: 401,
      code: "authorization_missing",
      headers: { "access-control-allow-origin": "https://app.example" },
    },
  },
  {
    name: "any page, when none is allowed",
    request: { headers: [["Origin", "https://app.example"]] },
    want: { status: 403, code: "origin_not_allowed" },
  },
  {
    name: "a preflight of another page",
    service: "pages",
    request: preflight("https://evil.example"),
    want: {
      status: 403,
      code: "origin_not_allowed",
      headers: { "access-control-allow-origin": null, "access-control-allow-methods": null },
    },
  },
  {
    name: "a preflight of the page null",
    service: "pages",
    request: preflight("null"),
    want: { status: 403, code: "origin_not_allowed" },
  },
  {
    name: "a preflight for TRACE",
    service: "pages",
    request: preflight("https://app.example", "TRACE"),
    want: { status: 204, headers: { "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE" } },
  },
  {
    name: "a preflight with a method that contains line breaks",
    service: "pages",
    request: preflight("https://app.example", "GET\x01"),
    want: { status: [204, 400] },
  },
  {
    name: "a preflight sends nothing, whatever the path",
    service: "pages",
    request: { ...preflight("https://app.example"), target: "/v2/api_keys" },
    want: { status: [204, 403] },
  },
  {
    name: "a preflight to another path's dots",
    service: "pages",
    request: { ...preflight("https://app.example"), target: "/v2/../x" },
    want: { status: 400, code: "path_dot_segment" },
  },
  {
    name: "OPTIONS without a page",
    service: "pages",
    request: { method: "OPTIONS" },
    want: { status: 405, code: "method_not_allowed" },
  },
  {
    name: "a page that claims the Worker's own origin by Host still needs a token",
    service: "pages",
    request: { token: null, host: "evil.example", headers: [["Origin", "http://evil.example"]] },
    want: { status: 401, code: "authorization_missing", headers: { "access-control-allow-origin": null } },
  },
];
