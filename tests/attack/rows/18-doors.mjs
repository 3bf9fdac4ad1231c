// Further attempts to enter: known defences, tried in other ways.
import { session } from "../../worker/issuer.mjs";

const KEY = "fake-current-key-of-the-worker-tests";
const CONVERSATIONS = "/v2/conversations";
const JSON_TYPE = ["Content-Type", "application/json"];

const percent = [...KEY].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
const base64 = Buffer.from(`Bearer ${KEY}`).toString("base64");

/** Paths that the default policy denies, in other servers' spellings. */
const DENIED = [
  "/v2/conversations/upload-url/",
  "/v2/conversations/Upload-Url",
  "/v2/conversations/upload%2durl",
  "/v2/conversations/upload-url.json",
  "/v2/conversations/upload-url%20",
  "/v2/conversations/upload-url%00",
  "/v2/conversations/upload-url%E2%80%8B",
  "/v2/conversations/upload-url%C2%AD",
  "/v2/conversations/upload-url:get",
  "/v2/conversations/upload-url,x",
  "/v2/conversations/%EF%BD%95pload-url",
  "/v2/CONVERSATIONS/upload-url",
].map((target) => ({
  name: `denied in every spelling: ${target}`,
  request: { target },
  want: { status: [400, 403] },
}));

/** Conditions that other parsers of a query or a length would not see. */
const NARROW = {
  ATTENTION_POLICY: "allow GET /v2/conversations query=page\nallow POST /v2/ask body=16\nallow POST /v2/free",
};
const shed = (name, request, status) => ({ name, bindings: NARROW, request, want: { status } });
const SHED = [
  ...[
    "?page=1&amp;secret=2",
    "?page=1&&secret=2",
    "?page=1%26secret=2",
    "?page=1&%73ecret=2",
    "?&secret",
    "?page[$ne]=1",
    "?page.x=1",
    "?page=1&page%5B%5D=2",
    "?Page=1",
    "?%EF%BD%90age=1",
    "?page%E2%80%8B=1",
    "??page=1",
    "?page=1&_method=DELETE",
    "?page=1&x-http-method-override=DELETE",
  ].map((query) => shed(`a parameter beside the named one: ${query}`, { target: CONVERSATIONS + query }, [400, 403])),
  ...["gzip", "identity, gzip", "gzip, identity", "x-gzip", '"identity"', "identity;q=1", "br", "aws-chunked"].map(
    (coding) =>
      shed(
        `a body whose length is not what it unpacks to: ${coding}`,
        { method: "POST", target: "/v2/ask", headers: [["Content-Encoding", coding]], body: "{}" },
        [403, 413, 415],
      ),
  ),
  shed(
    "a body whose coding is named twice, harmlessly first",
    {
      method: "POST",
      target: "/v2/ask",
      headers: [
        ["Content-Encoding", "identity"],
        ["Content-Encoding", "gzip"],
      ],
      body: "{}",
    },
    [403, 413, 415],
  ),
  shed("a body one byte too long", { method: "POST", target: "/v2/ask", body: "x".repeat(17) }, 413),
];

/** Redacted members, requested in other ways. */
const HIDING = { ATTENTION_POLICY: "allow * /v2/** redact=email" };
const SECRET = "ann@corp.example";
const hides = (name, request, answer, status, more = {}) => ({
  name: `members removed: ${name}`,
  bindings: HIDING,
  request: { target: CONVERSATIONS, ...request },
  answer: [answer],
  want: { status, lacks: [SECRET], ...more },
  sent: "any",
});
const json = (body, more = {}) => ({ body, headers: [JSON_TYPE], ...more });
const HIDES = [
  ...["email", "e\\u006dail", "\\u0065\\u006D\\u0061\\u0069\\u006c"].map((name) =>
    hides(`a member written ${name}`, {}, json(`{"a":[{"${name}":"${SECRET}"}]}`), 200),
  ),
  hides("by POST", { method: "POST", body: "{}" }, json(`{"email":"${SECRET}"}`), 200),
  hides("by DELETE with a body that comes back", { method: "DELETE" }, json(`{"email":"${SECRET}"}`), 200),
  hides("as 203", {}, json(`{"email":"${SECRET}"}`, { status: 203 }), 203),
  hides("as 207", {}, json(`[{"status":200,"body":{"email":"${SECRET}"}}]`, { status: 207 }), 207),
  hides("as 298", {}, json(`{"email":"${SECRET}"}`, { status: 298 }), 298),
  hides("as 300", {}, json(`{"email":"${SECRET}"}`, { status: 300 }), 502),
  hides("as 412", { headers: [["If-Match", '"x"']] }, json(`{"email":"${SECRET}"}`, { status: 412 }), 412),
  hides(
    "as 409, the current state",
    { method: "PUT", body: "{}" },
    json(`{"current":{"email":"${SECRET}"}}`, { status: 409 }),
    409,
  ),
  hides("as 409 that is no JSON", { method: "PUT", body: "{}" }, { status: 409, body: `email: ${SECRET}` }, 409),
  hides(
    "as 409 of XML",
    { method: "PUT", body: "{}" },
    { status: 409, body: `<email>${SECRET}</email>`, headers: [["Content-Type", "application/xml"]] },
    409,
  ),
  hides(
    "as 400 of a form",
    {},
    {
      status: 400,
      body: `email=${encodeURIComponent(SECRET)}&email=${SECRET}`,
      headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    },
    400,
  ),
  hides("as a text with a brace", {}, json(`"{\\"email\\":\\"${SECRET}\\"}"`), 502),
  hides("two texts of JSON", {}, json(`{}{"email":"${SECRET}"}`), 502),
  hides("behind white space of other alphabets", {}, json(`\xa0{"email":"${SECRET}"}`), 502),
  hides("with a trailing comma", {}, json(`{"email":"${SECRET}",}`), 502),
  hides("with NaN", {}, json(`{"n":NaN,"email":"${SECRET}"}`), 502),
  hides("with single quotes", {}, json(`{'email':'${SECRET}'}`), 502),
  hides("as a comment", {}, json(`/* ${SECRET} */{}`), 502),
  hides("behind the prefix against hijacking", {}, json(`)]}',\n{"email":"${SECRET}"}`), 502),
  hides("as a name of a member", {}, json(`{"email":{"${SECRET}":1}}`), 200),
  hides(
    "as JSON of UTF-32",
    {},
    json(Buffer.from([...`{"email":"${SECRET}"}`].flatMap((c) => [0, 0, 0, c.charCodeAt(0)])), {}),
    502,
  ),
  hides(
    "in a header for downloads",
    {},
    json("{}", { headers: [JSON_TYPE, ["Content-Location", `/v2/users/${SECRET}`]] }),
    200,
  ),
  hides(
    "by HEAD: its tag and length are not told",
    { method: "HEAD" },
    json("", { headers: [JSON_TYPE, ["ETag", '"of-the-whole"'], ["Accept-Ranges", "bytes"]] }),
    200,
    { headers: { etag: null, "accept-ranges": null } },
  ),
  ...["items=0-1", "bytes=0-", "Bytes=0-9", "bytes=-5"].map((range) => ({
    ...hides(`by the range ${range}`, { headers: [["Range", range]] }, json(`{"email":"${SECRET}"}`), 200),
    sent: [{ target: CONVERSATIONS, headers: { range: null } }],
  })),
  ...["x-ndjson", "jsonl", "json-seq", "json5", "jsonc", "hal+json", "x-json", "ld+json;profile=x"].map((type) =>
    hides(
      `as application/${type}`,
      {},
      { body: `{"email":"${SECRET}"}`, headers: [["Content-Type", `application/${type}`]] },
      [200, 502],
    ),
  ),
  hides(
    "with a type that is named twice",
    {},
    { body: `{"email":"${SECRET}"}`, headers: [JSON_TYPE, ["Content-Type", "text/html"]] },
    [200, 502],
  ),
  hides(
    "as GBK",
    {},
    { body: `{"email":"${SECRET}"}`, headers: [["Content-Type", "application/json; charset=gbk"]] },
    [200, 502],
  ),
];

/** The key in responses that the Worker composes. */
const says = (name, request, answer, want, more = {}) => ({
  name: `the key ${name}`,
  service: "any",
  request: { target: CONVERSATIONS, ...request },
  answer: [answer],
  want: { lacks: [KEY, percent, base64], ...want },
  sent: "any",
  ...more,
});
const MCP = { ATTENTION_POLICY: "allow * /mcp" };
const ping = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}';
const asked = { method: "POST", target: "/mcp", headers: [JSON_TYPE, ["Accept", "application/json"]], body: ping };
const SAYS = [
  ...[KEY, percent, base64].flatMap((written, at) => [
    says(
      `as an MCP session, ${at}`,
      asked,
      json('{"jsonrpc":"2.0","id":1,"result":{}}', { headers: [JSON_TYPE, ["Mcp-Session-Id", written]] }),
      { status: [200, 502] },
      { service: undefined, bindings: MCP },
    ),
    says(`in Vary, ${at}`, {}, json("{}", { headers: [JSON_TYPE, ["Vary", written.replaceAll("=", "")]] }), {
      status: 200,
    }),
    says(
      `in Cache-Control, ${at}`,
      {},
      json("{}", { headers: [JSON_TYPE, ["Cache-Control", `max-age=9, x="${written}"`]] }),
      { status: 200 },
    ),
    says(`in Link, ${at}`, {}, json("{}", { headers: [JSON_TYPE, ["Link", `</v2/x?k=${written}>; rel="next"`]] }), {
      status: 200,
    }),
    says(
      `in Link as a relation, ${at}`,
      {},
      json("{}", { headers: [JSON_TYPE, ["Link", `</v2/x>; rel="${written}"`]] }),
      { status: 200 },
    ),
    says(
      `in Location of 201, ${at}`,
      { method: "POST", body: "{}" },
      json("{}", { status: 201, headers: [JSON_TYPE, ["Location", `/v2/x?k=${written}`]] }),
      { status: 201 },
    ),
    says(
      `in Allow of 405, ${at}`,
      {},
      json("{}", { status: 405, headers: [JSON_TYPE, ["Allow", `GET, ${written.replaceAll("=", "")}`]] }),
      { status: 405 },
    ),
    says(
      `in Content-Type of an error, ${at}`,
      {},
      { status: 400, body: "{}", headers: [["Content-Type", `application/json; x="${written}"`]] },
      { status: 400 },
    ),
    says(
      `in Content-Disposition, ${at}`,
      {},
      json("{}", { headers: [JSON_TYPE, ["Content-Disposition", `attachment; filename*=UTF-8''${written}`]] }),
      { status: 200 },
    ),
    says(`in Retry-After, ${at}`, {}, json("{}", { status: 429, headers: [["Retry-After", written]] }), {
      status: 429,
    }),
    says(
      `in RateLimit-Policy of 429, ${at}`,
      {},
      json("{}", { status: 429, headers: [["RateLimit-Policy", `"${written}";q=1`]] }),
      { status: 429 },
    ),
    says(
      `in a challenge, ${at}`,
      {},
      json("{}", { status: 401, headers: [["WWW-Authenticate", `Bearer realm="${written}"`]] }),
      { status: 502 },
    ),
    says(`in a 503's words, ${at}`, {}, json(`{"message":"${written}"}`, { status: 503 }), { status: 503 }),
    says(
      `in the error of an MCP call, ${at}`,
      asked,
      json(`{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"${written}"}}`, { status: 400 }),
      { status: 400 },
      { service: undefined, bindings: MCP },
    ),
    says(`as a request id of the API's, ${at}`, {}, json("{}", { status: 500, headers: [["X-Request-Id", written]] }), {
      status: 502,
    }),
  ]),
  ...["quoted-printable soft breaks in it", "quoted-printable soft breaks and escapes"].map((name, at) => {
    const piece = at === 0 ? 5 : 7;
    const written = KEY.match(new RegExp(`.{1,${piece}}`, "g")).join("=\r\n");
    return says(
      `in a 400 with ${name}`,
      {},
      { status: 400, body: at === 0 ? written : written.replaceAll("-", "=2D") },
      { status: 400, lacks: [written] },
    );
  }),
];

/** Pages. */
const page = (name, headers, status, want = {}, request = {}) => ({
  name: `a page: ${name}`,
  service: "pages",
  request: { target: CONVERSATIONS, headers, ...request },
  want: { status, ...want },
  sent: "any",
});
const preflight = (name, headers, status, want) =>
  page(name, [["Origin", "https://app.example"], ...headers], status, want, { method: "OPTIONS", token: null });
const PAGES = [
  ...[
    "file://",
    "https://xn--app-example",
    "https://app.example\xe9",
    "chrome-extension://abc",
    "https://app.example:443",
    "HTTPS://app.example",
    "https://app.example?x",
    "https://app.example#",
    "//app.example",
    "app.example",
    "https:app.example",
    "undefined",
    "about:blank",
    "blob:https://app.example/x",
  ].map((origin) =>
    page(`Origin: ${JSON.stringify(origin)}`, [["Origin", origin]], 403, {
      headers: { "access-control-allow-origin": null },
    }),
  ),
  page("an empty Origin is no page's, and lets no page read", [["Origin", ""]], 200, {
    headers: { "access-control-allow-origin": null },
  }),
  preflight(
    "asks for the private network",
    [
      ["Access-Control-Request-Method", "GET"],
      ["Access-Control-Request-Private-Network", "true"],
    ],
    204,
    { headers: { "access-control-allow-private-network": null } },
  ),
  preflight(
    "asks for a header that breaks lines",
    [
      ["Access-Control-Request-Method", "GET"],
      ["Access-Control-Request-Headers", "mcp-param-a b, mcp-param-\xe9, mcp-param-<x>, cookie"],
    ],
    204,
    { lacks: ["cookie", "a b", "\xe9", "<x>"] },
  ),
];

/** Sessions that are composed of others. */
const spliced = () => {
  const [one, other] = [session({ rts: "allow * /**" }), session({ rts: "allow GET /v2/users" })].map((t) =>
    t.split("."),
  );
  return `${one[0]}.${one[1]}.${other[2]}`;
};
const seen = (name, token, status = 401) => ({
  name: `a session ${name}`,
  service: "sessions",
  request: { target: "/v2/users", token, headers: [["Origin", "https://app.example"]] },
  want: { status },
  ...(status === 200 && { sent: "any" }),
});
const SEEN = [
  seen("as it is made", () => session(), 200),
  seen("with the signature of another", spliced),
  seen("of another deployment", () => session({}, { secret: "another-fake-session-secret-of-the-rows-0123456789" })),
  seen("of a format to come", () => session({}, { prefix: "s2" })),
  seen("of a format in capitals", () => session({}, { prefix: "S1" })),
  seen("with a part behind it", () => `${session()}.x`),
  seen("twice in a token", () => `${session()}${session()}`),
  seen("with its parts in JSON twice", () =>
    session('{"sub":"app","sub":"other","exp":9999999999,"rts":"allow * /**","jti":"a","org":"https://app.example"}'),
  ),
  seen("without an id", () => session({ jti: undefined })),
  seen("without an end", () => session({ exp: undefined })),
  seen("that ends as a text", () => session({ exp: "9999999999" })),
  seen("that ends in the far future", () => session({ exp: 9_999_999_999 })),
  seen("of a caller that mints none", () => session({ sub: "other" })),
  seen("whose caller is an object's", () => session({ sub: "__proto__" })),
  seen("with routes that are a list", () => session({ rts: ["allow * /**"] })),
  seen("whose routes name a policy", () => session({ rts: "[default]\nallow * /**" })),
  seen("whose routes were withdrawn", () => session({ rts: "allow * /** upgrade=websocket" })),
];

/** The operator's paths. */
const OPERATOR = "fake-operator-token";
const basic = (text) => `Basic ${Buffer.from(text).toString("base64")}`;
const status = (name, request, code) => ({
  name: `the status page ${name}`,
  service: "sessions",
  request: { target: "/status", token: null, ...request },
  want: { status: code },
  secrets: [OPERATOR],
});
const STATUSES = [
  status("by HEAD", { method: "HEAD", headers: [["Authorization", `Bearer ${OPERATOR}`]] }, 405),
  status("by POST", { method: "POST", headers: [["Authorization", `Bearer ${OPERATOR}`]] }, 405),
  status("with a token as the user", { headers: [["Authorization", basic(`${OPERATOR}:`)]] }, 401),
  status("with a token behind a colon more", { headers: [["Authorization", basic(`:x:${OPERATOR}`)]] }, 401),
  status("with a caller's token", { token: "{token}" }, 401),
  status("with a session", { token: () => session() }, 401),
  status(
    "by another page's script",
    {
      headers: [
        ["Authorization", `Bearer ${OPERATOR}`],
        ["Origin", "https://evil.example"],
      ],
    },
    403,
  ),
  ...["/Status", "/status/", "/status.html", "/%73tatus", "/status%20", "/status;x"].map((target) =>
    status(
      `at ${target}, with its token`,
      { target, headers: [["Authorization", `Bearer ${OPERATOR}`]] },
      [400, 401, 404],
    ),
  ),
  status("as a caller of the API", { target: "/v2/users", headers: [["Authorization", `Bearer ${OPERATOR}`]] }, 401),
  status(
    "as a maker of sessions",
    { method: "POST", target: "/sessions", body: "{}", headers: [["Authorization", `Bearer ${OPERATOR}`], JSON_TYPE] },
    401,
  ),
];

/** Messages for the MCP endpoint. */
const say = (name, body, headers = [JSON_TYPE], status = [400, 403, 415], more = {}) => ({
  name: `MCP: ${name}`,
  bindings: { ATTENTION_POLICY: "allow * /mcp tool=search_*" },
  request: {
    method: "POST",
    target: "/mcp",
    headers: [["Accept", "application/json, text/event-stream"], ...headers],
    body,
    ...more,
  },
  want: { status },
});
const call = (name, more = "") => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"${more}}}`;
const good = call("search_calls");
const utf7 = good.replace("{", "+AHs-");
const MESSAGES = [
  say("UTF-16 with a mark", Buffer.from(`\ufeff${good}`, "utf16le")),
  say("UTF-16 that says so", Buffer.from(good, "utf16le"), [["Content-Type", "application/json; charset=utf-16"]]),
  say("UTF-7", utf7, [["Content-Type", "application/json; charset=utf-7"]]),
  say("a mark before it", Buffer.from(`\ufeff${good}`)),
  say("a form with it inside", `{"jsonrpc":"2.0"}&x=${encodeURIComponent(good)}`, [
    ["Content-Type", "application/x-www-form-urlencoded"],
  ]),
  say("a part of a form", `--x\r\nContent-Type: application/json\r\n\r\n${good}\r\n--x--`, [
    ["Content-Type", "multipart/form-data; boundary=x"],
  ]),
  say("two types", good, [JSON_TYPE, ["Content-Type", "text/plain"]]),
  say("a type with a parameter that nobody knows", good, [
    ["Content-Type", "application/json; profile=x; charset=utf-16"],
  ]),
  say("two texts of JSON", `${good}\n${call("delete_user")}`),
  say("a NUL behind it", `${good}\0${call("delete_user")}`),
  say("a tool that is not named, behind a look-alike", call("ѕearch_calls")),
  say("a tool in full width", call("ｓｅａｒｃｈ_calls")),
  say("a tool in capitals", call("SEARCH_calls")),
  say("a tool before the pattern", call("x_search_calls")),
  say("a tool with a line break", call("search_\\ncalls")),
  say("a tool about keys that the pattern names", call("search_api_keys")),
  say("a tool about keys with signs between", call("search_a.p-i k\\u200be\\u00ady")),
  say(
    "params twice by an escape",
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search_x"},"p\\u0061rams":{"name":"delete_user"}}`,
  ),
  say("arguments that shadow a name", call("search_x", ',"arguments":{"q":1,"Q":2}')),
  say("a notification that calls", `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"delete_user"}}`),
  say(
    "a response that asks",
    `{"jsonrpc":"2.0","id":1,"result":{"method":"tools/call"},"params":{"name":"delete_user"}}`,
  ),
  say("a task of a tool that is not named", `{"jsonrpc":"2.0","id":1,"method":"tasks/result","params":{"taskId":"x"}}`),
  say(
    "completion that lists what there is",
    `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"a","value":""}}}`,
  ),
  say("a batch that hides a call", `[${good},${call("delete_user")}]`, [
    JSON_TYPE,
    ["MCP-Protocol-Version", "2025-03-26"],
  ]),
  say("a batch in a batch", `[[${good}]]`, [JSON_TYPE, ["MCP-Protocol-Version", "2025-03-26"]]),
  say("a header that names another tool", good, [JSON_TYPE, ["Mcp-Name", "delete_user"]]),
  say("a header that names it twice", good, [JSON_TYPE, ["Mcp-Name", "search_calls"], ["Mcp-Name", "delete_user"]]),
  say("another method in a header", good, [JSON_TYPE, ["Mcp-Method", "tools/list"]]),
  say("somebody's session", good, [JSON_TYPE, ["Mcp-Session-Id", "a-session-of-the-api-itself"]], 404),
  say("two sessions", good, [JSON_TYPE, ["Mcp-Session-Id", "a"], ["Mcp-Session-Id", "b"]], [400, 404]),
  say("a stream, resumed without a session", undefined, [["Last-Event-ID", "1"]], [400, 403], { method: "GET" }),
  say("a coding that is named in capitals", good, [JSON_TYPE, ["Content-Encoding", "GZIP"]]),
];

export default [...DENIED, ...SHED, ...HIDES, ...SAYS, ...PAGES, ...SEEN, ...STATUSES, ...MESSAGES];
