// Sessions that are used after their end, from elsewhere, or for more, and forged ones. They are signed here like the
// Worker's, with its secret.
import { createHmac } from "node:crypto";
import { now, part, SESSION_SECRET, session } from "../../worker/issuer.mjs";

const PAGE = "https://app.example";
const USERS = { target: "/v2/users" };
/** A page's call with a session; `origin` null for none. */
const row = (name, token, want, { origin = PAGE, service = "sessions", ...request } = {}, more = {}) => ({
  name,
  service,
  request: { ...USERS, token, headers: origin === null ? [] : [["Origin", origin]], ...request },
  want,
  ...more,
});
const no = (name, token, request) => row(name, token, { status: 401, code: "invalid_token" }, request);
const over = (name, token, request) => row(name, token, { status: 401, code: "token_expired" }, request);
const denied = (name, token, request) => row(name, token, { status: 403, code: "route_denied" }, request);
const elsewhere = (name, origin, headers = {}) =>
  row(name, () => session(), { status: 403, code: "origin_not_allowed", headers }, { origin });
const elsewhereBound = (org) =>
  row(
    `bound to ${JSON.stringify(org)}`,
    () => session({ org }),
    { status: 403, code: "origin_not_allowed" },
    { origin: null },
  );
const yes = (name, token, request) =>
  row(name, token, { status: 200 }, request, { sent: [{ target: "/v2/users", headers: { origin: null } }] });
const mint = (name, body, want, request = {}) => ({
  name: `minting: ${name}`,
  service: "sessions",
  request: { method: "POST", target: "/sessions", body, ...request },
  want: { ...want, lacks: ["s1.", "s2."] },
});

const parts = (make) => () => make(...session().split("."));
const mac = (text, secret = SESSION_SECRET, algorithm = "sha256") =>
  createHmac(algorithm, secret).update(text).digest();
/** The same bytes for a lenient decoder: with unused bits in the last letter. */
const otherBits = (text) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1);
const edited = (more) =>
  parts(
    (prefix, payload, signature) =>
      `${prefix}.${part({ ...JSON.parse(Buffer.from(payload, "base64url")), ...more })}.${signature}`,
  );

export default [
  yes("the page's own, as the Worker signs them", () => session()),

  // After their end.
  over("a second after its end", () => session({ exp: now() - 1 })),
  over("at its end", () => session({ exp: now() })),
  over("from the year 1970", () => session({ exp: 0 })),
  no("without an end", () => session({ exp: undefined })),
  no("with an end that is a text", () => session({ exp: "9999999999" })),
  no("with an end before all time", () => session({ exp: -1 })),
  no("with an end that is a fraction", () => session({ exp: now() + 60.5 })),
  no("with an end in another notation", () =>
    session(JSON.stringify({ sub: "app", rts: "allow * /**", jti: "x", org: PAGE }).replace("}", ',"exp":1e12}')),
  ),
  no("with an end beyond all numbers", () =>
    session(JSON.stringify({ sub: "app", rts: "allow * /**", jti: "x", org: PAGE }).replace("}", ',"exp":1e999}')),
  ),
  no("with an end further ahead than any session has", () => session({ exp: now() + 2 * 3600 })),
  no("its end moved, the signature kept", edited({ exp: 9_999_999_999 })),

  // From elsewhere.
  elsewhere("from another page that is allowed", "https://other.example"),
  elsewhere("from another page", "https://evil.example", { "access-control-allow-origin": null }),
  elsewhere("without a page", null),
  elsewhere("from the page null", "null", { "access-control-allow-origin": null }),
  elsewhere("from a page whose name begins with it", `${PAGE}.evil.example`, { "access-control-allow-origin": null }),
  elsewhere("from the page in capitals", "https://APP.example"),
  elsewhere("from the page with a slash", `${PAGE}/`),
  elsewhere("from the page with its port", `${PAGE}:443`),
  elsewhere("from the page in plain http", "http://app.example"),
  elsewhere("from the Worker's own origin", "http://worker.example"),
  row(
    "with two Origin headers",
    () => session(),
    { status: 403, code: "origin_not_allowed" },
    {
      headers: [
        ["Origin", PAGE],
        ["Origin", "https://evil.example"],
      ],
    },
  ),
  row(
    "with a Referer for an Origin",
    () => session(),
    { status: 403, code: "origin_not_allowed" },
    { headers: [["Referer", `${PAGE}/x`]] },
  ),
  no("its page changed, the signature kept", edited({ org: "https://other.example" }), {
    origin: "https://other.example",
  }),
  no("its page taken away, the signature kept", edited({ org: undefined }), { origin: null }),
  no("at a Worker with another secret", () => session({}, { secret: `another-${SESSION_SECRET}` })),
  no("at a Worker without a secret", () => session(), { service: "plain", origin: null }),
  yes("one that is bound to no page, without one", () => session({ org: undefined }), { origin: null }),

  ...[null, 0, false, "", [], ["https://app.example"], {}].map((org) =>
    org === ""
      ? elsewhereBound(org)
      : no(`bound to ${JSON.stringify(org)}: signed, and no session that is bound to no page`, () => session({ org }), {
          origin: null,
        }),
  ),

  // In another form: signed, but not by the Worker's rules.
  no("with a member that nobody knows", () => session({ ips: ["192.0.2.1"] })),
  no("with an id that is none", () => session({ jti: "a b" })),
  no("with an id of 65 letters", () => session({ jti: "x".repeat(65) })),
  no("with its caller twice", () =>
    session(
      JSON.stringify({ sub: "other", exp: now() + 300, rts: "allow * /**", jti: "x" }).replace("}", ',"sub":"app"}'),
    ),
  ),

  // For more.
  denied("beyond its routes", () => session({ rts: "allow GET /v2/conversations/*" })),
  denied("with another method", () => session(), { method: "DELETE" }),
  denied("beyond its backend's policy", () => session(), { target: "/v2/teams" }),
  denied("for keys", () => session({ rts: "allow * /v2/api_keys/**" }), { target: "/v2/api_keys" }),
  denied("for keys, with a policy's own words", () => session({ rts: "allow * /**\nallow GET /v2/api_keys" }), {
    target: "/v2/api_keys",
  }),
  row(
    "beyond its query",
    () => session({ rts: "allow GET /v2/users query=page" }),
    { status: 403, code: "query_denied" },
    { target: "/v2/users?size=1" },
  ),
  no("its routes widened, the signature kept", edited({ rts: "allow * /v2/**" })),
  no("its backend changed, the signature kept", edited({ sub: "other" })),
  no("with a member more, the signature kept", edited({ adm: true })),
  no("with routes that are none", () => session({ rts: "allow everything" })),
  no("with routes of another policy's section", () => session({ rts: "[wide]\nallow * /**" })),
  no("with routes that are a list", () => session({ rts: ["allow * /**"] })),
  no("without routes", () => session({ rts: undefined })),
  denied("it makes no session", () => session(), { method: "POST", target: "/sessions", body: "{}" }),
  no("it is no operator", () => session(), { method: "POST", target: "/admin/keys/current/test", origin: null }),
  row("it opens no status page", () => session(), { status: 401 }, { target: "/status", origin: null }),

  // Unsigned, or signed by others.
  no(
    "no signature",
    parts((prefix, payload) => `${prefix}.${payload}.`),
  ),
  no(
    "two parts",
    parts((prefix, payload) => `${prefix}.${payload}`),
  ),
  no(
    "four parts",
    parts((...all) => [...all, "AAAA"].join(".")),
  ),
  no(
    "half of the signature",
    parts((prefix, payload, signature) => `${prefix}.${payload}.${signature.slice(0, 22)}`),
  ),
  no(
    "the signature twice",
    parts((prefix, payload, signature) => `${prefix}.${payload}.${signature}${signature}`),
  ),
  no("a letter less", () => session().slice(0, -1)),
  no("a letter more", () => `${session()}A`),
  no(
    "the first letter of the payload changed",
    parts((prefix, payload, signature) => `${prefix}.f${payload.slice(1)}.${signature}`),
  ),
  no(
    "the last letter of the payload changed",
    parts(
      (prefix, payload, signature) =>
        `${prefix}.${payload.slice(0, -1)}${payload.endsWith("A") ? "B" : "A"}.${signature}`,
    ),
  ),
  no(
    "bits in the signature's last letter that no byte has",
    parts((prefix, payload, signature) => `${prefix}.${payload}.${otherBits(signature)}`),
  ),
  no("bits in the payload's last letter that no byte has, signed so", () => {
    const signed = `s1.${otherBits(part({ sub: "app", exp: now() + 300, rts: "allow * /**", jti: "xx", org: PAGE }))}`;
    return `${signed}.${mac(signed).toString("base64url")}`;
  }),
  no(
    "a signature with padding",
    parts((...all) => `${all.join(".")}=`),
  ),
  no(
    "a signature in base64 with + and /",
    parts((prefix, payload) => `${prefix}.${payload}.${"+/".repeat(21)}+`),
  ),
  no(
    "a signature in hex",
    parts((prefix, payload) => `${prefix}.${payload}.${mac(`${prefix}.${payload}`).toString("hex")}`),
  ),
  no(
    "a signature of zeros",
    parts((prefix, payload) => `${prefix}.${payload}.${"A".repeat(43)}`),
  ),
  no(
    "a signature over the payload alone",
    parts((prefix, payload) => `${prefix}.${payload}.${mac(payload).toString("base64url")}`),
  ),
  no(
    "SHA-512",
    parts(
      (prefix, payload) =>
        `${prefix}.${payload}.${mac(`${prefix}.${payload}`, SESSION_SECRET, "sha512").toString("base64url")}`,
    ),
  ),
  no(
    "SHA-256 without a secret",
    parts((prefix, payload) => `${prefix}.${payload}.${mac(`${prefix}.${payload}`, "").toString("base64url")}`),
  ),
  no("signed with the caller's token", () => session({}, { secret: "fake-caller-token-of-the-worker-tests" })),
  no("signed with the key", () => session({}, { secret: "fake-current-key-of-the-worker-tests" })),
  ...["s0", "s3", "S1", "s01", "s", "", "eyJhbGciOiJIUzI1NiJ9"].map((prefix) =>
    no(`the prefix ${JSON.stringify(prefix)}, signed so`, () => session({}, { prefix })),
  ),
  no("a prefix more", () => `s1.${session()}`),
  row(
    "a blank inside",
    parts((prefix, payload, signature) => `${prefix}.${payload} .${signature}`),
    { status: 400, code: "authorization_malformed" },
  ),
  row(
    "padding inside",
    parts((prefix, payload, signature) => `${prefix}.${payload}=.${signature}`),
    { status: 400, code: "authorization_malformed" },
  ),
  ...[
    "",
    "null",
    "[]",
    "{",
    '{"sub":"app"}',
    '{"__proto__":{"sub":"app","rts":"allow * /**","jti":"x","exp":9999999999}}',
    "[".repeat(2000),
  ].map((payload) => no(`the payload ${payload.slice(0, 40) || "of nothing"}, signed`, () => session(payload))),

  // With a removed backend.
  no("of a caller that was taken out", () => session(), { service: "without app" }),
  no("of a caller that may mint no more", () => session(), { service: "minting no more" }),
  over("of a caller whose time is over", () => session(), { service: "app expired" }),
  ...["", "nobody", "other", "App", "app ", "__proto__"].map((sub) =>
    no(`of the caller ${JSON.stringify(sub)}, who never minted`, () => session({ sub })),
  ),
  no("of a caller that is a list", () => session({ sub: ["app"] })),

  // In other places.
  row(
    "in the query",
    null,
    { status: 401, code: "authorization_missing" },
    { token: null, target: () => `/v2/users?session=${session()}` },
  ),
  row(
    "in a cookie",
    null,
    { status: 401, code: "authorization_missing" },
    {
      token: null,
      headers: [
        ["Origin", PAGE],
        ["Cookie", () => `session=${session()}`],
      ],
    },
  ),
  row(
    "as Basic",
    null,
    { status: 401, code: "authorization_scheme" },
    {
      token: null,
      headers: [
        ["Origin", PAGE],
        ["Authorization", () => `Basic ${Buffer.from(`app:${session()}`).toString("base64")}`],
      ],
    },
  ),
  row(
    "beside a caller's token",
    null,
    { status: 400, code: "authorization_repeated" },
    {
      token: () => session(),
      headers: [
        ["Origin", PAGE],
        ["Authorization", "Bearer {token}"],
      ],
    },
  ),
  {
    name: "a page's preflight needs no session, and forwards nothing",
    service: "sessions",
    request: {
      method: "OPTIONS",
      token: null,
      ...USERS,
      headers: [
        ["Origin", PAGE],
        ["Access-Control-Request-Method", "GET"],
        ["Access-Control-Request-Headers", "authorization"],
      ],
    },
    want: { status: 204, headers: { "access-control-allow-origin": PAGE, "access-control-allow-credentials": null } },
  },
  {
    name: "only the session's page is named",
    service: "sessions",
    request: { ...USERS, token: () => session(), headers: [["Origin", PAGE]] },
    want: { status: 200, headers: { "access-control-allow-origin": PAGE, vary: "Origin, Authorization" } },
    sent: [USERS],
  },

  // Who may request them, and invalid requests.
  mint("without a token", "{}", { status: 401, code: "authorization_missing" }, { token: null }),
  mint("with a token of nobody", "{}", { status: 401, code: "invalid_token" }, { token: "fake-token-of-nobody" }),
  mint("by a caller that may not", "{}", { status: 403, code: "route_denied" }, { token: "{other-token}" }),
  mint("by the operator", "{}", { status: 401, code: "invalid_token" }, { token: "fake-operator-token" }),
  mint("with another method", undefined, { status: 405, code: "method_not_allowed" }, { method: "GET" }),
  { ...mint("where there is no secret", "{}", { status: 403, code: "route_denied" }), service: "plain" },
  ...[
    "",
    "[]",
    "{",
    "null",
    '{"minutes":0}',
    '{"minutes":61}',
    '{"minutes":-1}',
    '{"minutes":1e3}',
    '{"minutes":1.5}',
    '{"minutes":"5"}',
    '{"minutes":99999999999999999999}',
    '{"origin":"https://evil.example"}',
    '{"origin":"*"}',
    '{"origin":"null"}',
    '{"origin":1}',
    '{"origin":"https://app.example, https://evil.example"}',
    '{"routes":["GET"]}',
    '{"routes":["GET /v2/x\\nallow * /**"]}',
    '{"routes":["GET /v2/x # y"]}',
    '{"routes":["[wide]"]}',
    '{"routes":["FETCH /v2/x"]}',
    '{"routes":["allow * /**"]}',
    '{"routes":["GET /v2/../x"]}',
    '{"routes":{}}',
    '{"routes":[1]}',
    '{"minutes":1,"minutes":2}',
    '{"sub":"other"}',
    '{"exp":9999999999}',
    '{"__proto__":{}}',
    '{"constructor":{}}',
    '{"more":1}',
    `{"origin":"${PAGE}"}${" ".repeat(17 * 1024)}`,
    "[".repeat(10_000),
    JSON.stringify({ routes: Array.from({ length: 150 }, (_, index) => `GET /v2/conversations/${index}/messages/*`) }),
  ].map((body) => mint(body.slice(0, 60).trim() || "nothing", body, { status: 400 })),
];
