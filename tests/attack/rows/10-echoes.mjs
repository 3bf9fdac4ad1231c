// Upstreams that echo the key.
const up = [{ target: "/v2/conversations" }];
const echo = (name, entry, want) => ({ name, request: {}, answer: [entry], want, sent: up });
const encoded = (text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
const KEY = "fake-current-key-of-the-worker-tests";

// Escapings of serializers. Each is used in a quoted body, and in a header.
const each = (write) => [...KEY].map(write).join("");
const code = (c) => c.charCodeAt(0);
const hex = (c, digits = 2) => code(c).toString(16).padStart(digits, "0");
const base64 = (before) => Buffer.from(`${before}${KEY} and more`).toString("base64");
const json = (text) => [...text].map((c) => `\\u${hex(c, 4)}`).join("");
const WRITINGS = {
  "escapes of JSON": json(KEY),
  "escapes of JSON for some of it": each((c, at) => (at % 3 === 0 ? `\\u${hex(c, 4).toUpperCase()}` : c)),
  "escapes of JSON in escapes of JSON": json(json(KEY)),
  "a back slash before each sign": KEY.replaceAll("-", "\\-"),
  "escapes of a programming language": each((c) => `\\x${hex(c)}`),
  "octal escapes": each((c) => `\\${code(c).toString(8)}`),
  "HTML, decimal": each((c) => `&#${code(c)};`),
  "HTML, hexadecimal": each((c) => `&#x${hex(c)};`),
  "HTML in HTML": each((c) => `&amp;#${code(c)};`),
  percent: encoded(KEY),
  "percent, twice": encoded(encoded(KEY)),
  "percent in JSON": json(encoded(KEY)),
  "the function escape": each((c) => `%u${hex(c, 4)}`),
  "quoted-printable": each((c) => `=${hex(c).toUpperCase()}`),
  "base64 from its beginning": base64(""),
  "base64 one further": base64("x"),
  "base64 two further": base64("xy"),
  "base64 of the Basic scheme": Buffer.from(`user:${KEY}`).toString("base64url"),
  "base64 of base64": Buffer.from(base64("x")).toString("base64"),
  "base64 of JSON": Buffer.from(JSON.stringify({ a: `Bearer ${KEY}` })).toString("base64"),
  hexadecimal: Buffer.from(KEY).toString("hex"),
  "hexadecimal with colons": Buffer.from(KEY).toString("hex").match(/../g).join(":").toUpperCase(),
  "a list of numbers": [...Buffer.from(KEY)].join(","),
  "capital letters": KEY.toUpperCase(),
  "soft hyphens": each((c) => `${c}\u00ad`),
  "characters of no width": each((c) => `${c}\u200b`),
  "its first half": KEY.slice(0, 20),
  "its last half": KEY.slice(-20),
  "a piece of its middle": KEY.slice(5, 26),
};
const isAscii = (text) => [...text].every((c) => code(c) < 128);

export default [
  ...Object.entries(WRITINGS).map(([name, written]) =>
    echo(
      `in a 400, as ${name}`,
      { status: 400, body: `{"message":"no key ${written} here"}` },
      { status: 400, lacks: [written, written.slice(4, -4)] },
    ),
  ),
  ...Object.entries(WRITINGS)
    .filter(([, written]) => isAscii(written))
    .map(([name, written]) =>
      echo(
        `in a tag, as ${name}`,
        { body: "{}", headers: [["ETag", `"${written}"`]] },
        { status: 200, headers: { etag: null } },
      ),
    ),
  echo(
    "in a 400 of UTF-16",
    { status: 400, body: Buffer.from(`no key ${KEY} here`, "utf16le") },
    { status: 400, lacks: [[...KEY].join("\0")] },
  ),
  echo(
    "in a 400, wrapped at 20 characters",
    { status: 400, body: KEY.match(/.{1,20}/g).join("\r\n  ") },
    { status: 400, lacks: [KEY.slice(0, 20)] },
  ),
  {
    ...echo(
      "as PHP writes a slash",
      { status: 400, body: '{"message":"bad fake+key\\/with~all._-of-it=="}' },
      {
        status: 400,
        text: '{"message":"bad [redacted]"}',
      },
    ),
    bindings: { ATTENTION_API_KEY: "fake+key/with~all._-of-it==" },
  },
  ...[
    '{"message":"conversation 7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26 was not found"}',
    '{"errors":[{"code":"invalid","detail":"\\"page\\" must be 1 or more; see https://docs.example/a%20b?x=1&amp;y=2"}]}',
    "<p>Not Found&nbsp;&mdash; request 3fa85f64-5717-4562-b3fc-2c963f66afa6</p>",
  ].map((body, at) =>
    echo(`an error like others stays as it is: ${at + 1}`, { status: 404, body }, { status: 404, text: body }),
  ),
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
    name: "the other key, which was not sent",
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
