// Methods that echo the request, or that are not allowed.
const no = (method, status, code, target = "/v2/conversations") => ({
  name: `${method} ${target}`,
  request: { method, target },
  want: { status, ...(code && { code }) },
});

export default [
  no("TRACE", 405, "method_not_allowed"),
  no("TRACK", [405, 501]),
  no("CONNECT", [400, 405, 500, 501], undefined, "{other}"),
  no("PROPFIND", 405, "method_not_allowed"),
  no("PURGE", 405, "method_not_allowed"),
  no("get", [400, 405, 501]),
  no("GETS", [400, 405, 501]),
  no("POST", 403, "route_denied"),
  no("PUT", 403, "route_denied"),
  no("PATCH", 403, "route_denied"),
  no("DELETE", 403, "route_denied"),
  {
    name: "POST that claims to be a GET",
    request: { method: "POST", target: "/v2/x?_method=GET", headers: [["X-HTTP-Method-Override", "GET"]], body: "{}" },
    want: { status: 403, code: "route_denied" },
  },
  {
    name: "POST that claims to be a DELETE, in its query",
    service: "any",
    request: { method: "POST", target: "/v2/x?page=1&_METHOD=DELETE", body: "{}" },
    want: { status: 400, code: "method_override" },
  },
  {
    name: "PUT to the MCP endpoint that claims to be a POST",
    service: "keeping",
    request: { method: "PUT", target: "/mcp?_method=POST", body: "{}" },
    want: { status: 400, code: "method_override" },
  },
  {
    name: "POST that claims to be a DELETE in a header, which is removed",
    service: "any",
    request: { method: "POST", target: "/v2/x", headers: [["X-HTTP-Method", "DELETE"]], body: "{}" },
    want: { status: 200 },
    sent: [{ method: "POST", target: "/v2/x", headers: { "x-http-method": null }, body: "{}" }],
  },
  {
    name: "HEAD of a path that is denied for GET",
    bindings: { ATTENTION_POLICY: "allow * /v2/**\ndeny GET /v2/users/" },
    requests: [
      { method: "HEAD", target: "/v2/users" },
      { method: "HEAD", target: "/v2/Users.json/" },
    ],
    want: { status: 403 },
  },
  {
    name: "a POST is not retried after a failure",
    service: "retrying",
    request: { method: "POST", target: "/v2/x", body: "{}" },
    answer: [{ status: 500, times: 3 }],
    want: { status: 502, code: "upstream_error" },
    sent: [{ method: "POST", target: "/v2/x", body: "{}" }],
  },
  {
    name: "a GET that always fails ends",
    service: "retrying",
    request: { target: "/v2/x" },
    answer: [{ status: 500, times: 50 }],
    want: { status: 502, code: "upstream_error" },
    sent: [{ target: "/v2/x" }, { target: "/v2/x" }, { target: "/v2/x" }],
  },
];
