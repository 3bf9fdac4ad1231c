// Upstreams that say the key aloud.
const up = [{ target: "/v2/conversations" }];
const echo = (name, entry, want) => ({ name, request: {}, answer: [entry], want, sent: up });
const encoded = (text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
const KEY = "fake-current-key-of-the-worker-tests";

export default [
  echo(
    "in a 400 as JSON",
    { status: 400, body: '{"message":"bad key {key}"}' },
    { status: 400, text: '{"message":"bad key [redacted]"}' },
  ),
  echo(
    "in a 404 as the whole header",
    { status: 404, body: "GET /v2/conversations\nAuthorization: Bearer {key}\n" },
    { status: 404 },
  ),
  echo(
    "in a 403 as HTML",
    { status: 403, body: "<pre>Authorization: Bearer {key}</pre>", headers: [["Content-Type", "text/html"]] },
    { status: 403 },
  ),
  echo("in a 422, a hundred times", { status: 422, body: "{key}".repeat(100) }, { status: 422 }),
  echo("in a 409, percent-encoded", { status: 409, body: `k=${encoded(KEY)}` }, { status: 409 }),
  echo(
    "in a 400, behind bytes that are no text",
    { status: 400, body: Buffer.concat([Buffer.from([0xff, 0x00]), Buffer.from(KEY)]) },
    { status: 400, text: "" },
  ),
  echo(
    "in a 500",
    { status: 500, body: "trace: Bearer {key}" },
    { status: 502, code: "upstream_error", lacks: ["trace"] },
  ),
  echo("in a 503", { status: 503, body: '{"message":"Bearer {key}"}' }, { status: 503, code: "upstream_unavailable" }),
  echo(
    "in a redirect",
    { status: 302, headers: [["Location", "https://login.example/?key={key}"]] },
    { status: 502, code: "upstream_protocol" },
  ),
  echo("in its request id", { status: 400, body: "{}", headers: [["X-Request-Id", "{key}"]] }, { status: 400 }),
  echo("in its error code", { status: 400, body: '{"code":"{key}","message":"no"}' }, { status: 400 }),
  echo("in an ETag", { body: "{}", headers: [["ETag", '"{key}"']] }, { status: 200, headers: { etag: null } }),
  echo(
    "in a Link",
    { body: "{}", headers: [["Link", "<https://x.example/?k={key}>; rel=next"]] },
    { status: 200, headers: { link: null } },
  ),
  echo(
    "in a Content-Type",
    { status: 404, body: "{}", headers: [["Content-Type", "text/x-{key}"]] },
    { status: 404, headers: { "content-type": null } },
  ),
  echo("in the status text", { status: 200, reason: "OK {key}", body: "{}" }, { status: 200 }),
  echo("in the status text of an error", { status: 404, reason: "Bearer {key}", body: "{}" }, { status: 404 }),
  echo("in a cookie", { body: "{}", headers: [["Set-Cookie", "k={key}"]] }, { status: 200 }),
  {
    name: "in a 401, with a challenge",
    request: {},
    answer: [
      {
        status: 401,
        body: '{"message":"Bearer {key} was refused"}',
        headers: [["WWW-Authenticate", 'Bearer error_description="{key}"']],
      },
    ],
    bindings: { ATTENTION_POLICY: "allow GET /v2/**" },
    want: { status: 502, code: "upstream_unauthorized", headers: { "www-authenticate": null } },
    sent: up,
  },
  {
    name: "in a 429",
    request: {},
    answer: [{ status: 429, body: '{"message":"{key} is too fast"}', headers: [["Retry-After", "{key}"]] }],
    bindings: { ATTENTION_POLICY: "allow GET /v2/**" },
    want: { status: 429, code: "rate_limited", headers: { "retry-after": null } },
    sent: up,
  },
  {
    name: "the other key, which was not even sent",
    request: {},
    answer: [{ status: 400, body: '{"message":"{next}"}' }],
    bindings: { ATTENTION_API_KEY_NEXT: "fake-next-key-of-the-worker-tests" },
    want: { status: 400, text: '{"message":"[redacted]"}' },
    sent: up,
  },
  echo(
    "a stack trace of its own",
    { status: 500, body: "Error: at /srv/app/node_modules/x.js:1:2", headers: [["Content-Type", "text/html"]] },
    { status: 502, code: "upstream_error", lacks: ["/srv", "node_modules"] },
  ),
  echo(
    "somebody else's JWT in an error",
    { status: 400, body: '{"message":"token eyJhbGciOiJub25lIn0.eyJmYWtlIjoxfQ.fake-signature"}' },
    { status: 400, lacks: ["eyJhbGciOiJub25lIn0"] },
  ),
];
