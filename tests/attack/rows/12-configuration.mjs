// Configurations that could open the Worker, and secrets that tools altered.
import { createHash } from "node:crypto";

const hash = (text) => createHash("sha256").update(text).digest("hex");
const TOKEN = "fake-caller-token-of-the-worker-tests";
const closed = (name, bindings, secrets) => ({
  name,
  bindings,
  secrets,
  request: {},
  want: { status: 503, code: "misconfigured", lacks: ["ATTENTION_"] },
});
const callers = (name, text, secrets) => closed(`callers: ${name}`, { ATTENTION_CALLERS: text }, secrets);
const app = `{"name":"app","sha256":"${hash(TOKEN)}"}`;
const served = (name, bindings) => ({
  name,
  bindings,
  request: {},
  want: { status: 200 },
  sent: [{ target: "/v2/conversations" }],
});
const S = "sentinel-of-a-secret";

/** Closed, with the reason in the log. */
const named = (name, bindings, fault, secrets) => {
  const row = closed(name, bindings, secrets);
  return { ...row, want: { ...row.want, fault } };
};
const ISSUER = "https://fake-team.example";
const GRANT = { claim: "groups", is: "staff" };
const believing = (more) => ({
  ATTENTION_JWT: JSON.stringify({
    issuer: ISSUER,
    audience: "fake",
    jwks: `${ISSUER}/certs`,
    grants: [GRANT],
    ...more,
  }),
});
const KEY = "fake-current-key-of-the-worker-tests";
const OPERATOR = hash("fake-operator-token");

export default [
  closed("no key", { ATTENTION_API_KEY: undefined }),
  closed("an empty key", { ATTENTION_API_KEY: "" }),
  closed("the next key alone", {
    ATTENTION_API_KEY: undefined,
    ATTENTION_API_KEY_NEXT: "fake-next-key-of-the-worker-tests",
  }),
  closed("a key that would inject a header", { ATTENTION_API_KEY: `${S}\r\nX-Injected: 1` }, [S]),
  closed("a key with a newline inside", { ATTENTION_API_KEY: `${S}\n${S}` }, [S]),
  closed("a key with its scheme", { ATTENTION_API_KEY: `Bearer ${S}` }, [S]),
  closed("a placeholder for a key", { ATTENTION_API_KEY: "your_api_key_here" }),
  closed("a next key that would inject", { ATTENTION_API_KEY_NEXT: `${S}\r\nx` }, [S]),
  closed("a base URL in plain http", { ATTENTION_BASE_URL: "http://api.attention.tech/v2" }),
  closed("a base URL that only looks like loopback", { ATTENTION_BASE_URL: "http://127.0.0.1.evil.example/v2" }),
  closed("a base URL whose host is an odd number", { ATTENTION_BASE_URL: "http://0x7f.1/v2" }),
  closed("a base URL with a user", { ATTENTION_BASE_URL: `https://${S}@api.attention.tech/v2` }, [S]),
  closed("a base URL with a fragment", { ATTENTION_BASE_URL: "https://api.attention.tech/v2#" }),
  closed("a base URL of a file", { ATTENTION_BASE_URL: "file:///etc/passwd" }),
  callers("none", undefined),
  callers("an empty list", "[]"),
  callers("an empty object", "{}"),
  callers("null", "null"),
  callers("no JSON", S, [S]),
  callers("__proto__ for a caller", `[{"__proto__":${app}}]`, [hash(TOKEN)]),
  callers("__proto__ beside a caller", `[{"name":"x","sha256":"${hash("x")}","__proto__":${app}}]`, [hash(TOKEN)]),
  callers("constructor.prototype", `[{"name":"x","sha256":"${hash("x")}","constructor":{"prototype":${app}}}]`),
  callers(
    "one name twice in an object: nobody knows which",
    `[{"name":"app","sha256":"${hash("x")}","sha256":"${hash(TOKEN)}"}]`,
    [hash(TOKEN)],
  ),
  callers("the same, escaped", `[{"name":"app","sha256":"${hash("x")}","sha\\u0032\\u00356":"${hash(TOKEN)}"}]`),
  callers("the digest of nothing, short", `[{"name":"app","sha256":""}]`),
  callers("the token in plain", `[{"name":"app","sha256":"${S}"}]`, [S]),
  callers("a wildcard", `[{"name":"*","sha256":"*"}]`),
  callers("a name that breaks the log", `[{"name":"a\\n{}","sha256":"${hash(TOKEN)}"}]`),
  callers("two of one token", `[${app},{"name":"b","sha256":"${hash(TOKEN)}"}]`),
  callers("something behind the list", `[${app}] [${app}]`),
  callers("a comment", `[${app}] // ${S}`, [S]),
  callers("ten thousand brackets", "[".repeat(10_000)),
  callers("10,000 callers that are none", `[${Array.from({ length: 10_000 }, () => "{}").join(",")}]`),
  closed("a policy that nobody can read", { ATTENTION_POLICY: `allow everything ${S}` }, [S]),
  closed("a policy that is JSON", { ATTENTION_POLICY: '{"__proto__":{"allow":"*"}}' }),
  closed("a policy with dots", { ATTENTION_POLICY: "allow GET /v2/../**" }),
  closed("a wildcard origin", { ATTENTION_ALLOWED_ORIGINS: "*" }),
  closed("a wildcard inside an origin", { ATTENTION_ALLOWED_ORIGINS: "https://*.app.example" }),
  closed("the origin null", { ATTENTION_ALLOWED_ORIGINS: "null" }),
  closed("a timeout of for ever", { ATTENTION_TIMEOUT_MS: "Infinity" }),
  closed("a timeout of NaN", { ATTENTION_TIMEOUT_MS: "NaN" }),
  closed("a million retries", { ATTENTION_MAX_RETRIES: "1000000" }),
  {
    name: "a policy cannot allow keys",
    bindings: { ATTENTION_POLICY: "allow * /**\nallow * /v2/api_keys/**" },
    request: { target: "/v2/api_keys" },
    want: { status: 403, code: "route_denied" },
  },
  {
    name: "a policy with only comments allows nothing",
    bindings: { ATTENTION_POLICY: "# all of it is to come" },
    request: {},
    want: { status: [403, 503] },
  },
  served("a key with a newline at its end", { ATTENTION_API_KEY: "fake-current-key-of-the-worker-tests\n" }),
  // Alterations by tools that are read as intended.
  served("an operator's digest with a line end", { ATTENTION_ADMIN_SHA256: `${OPERATOR}\n` }),
  served("an operator's digest as sha256sum prints it", { ATTENTION_ADMIN_SHA256: `${OPERATOR}  -\n` }),
  served("a log's form with a line end of Windows", { ATTENTION_LOG_FORM: "short\r\n" }),
  served("a log level in quotes and capitals", { ATTENTION_LOG: '"ALL"' }),
  served("origins as a TOML list", { ATTENTION_ALLOWED_ORIGINS: { json: ["https://a.example", "https://b.example"] } }),
  served("origins, one a line", { ATTENTION_ALLOWED_ORIGINS: "https://a.example\nhttps://b.example\n" }),
  served("a policy as a TOML list", {
    ATTENTION_POLICY: { json: ["allow GET /v2/conversations", "deny * /v2/users"] },
  }),
  served("callers as a text of a text", { ATTENTION_CALLERS: JSON.stringify(JSON.stringify([JSON.parse(app)])) }),
  served("callers in the quotes of a shell", { ATTENTION_CALLERS: `'[${app}]'` }),
  served("callers behind a byte order mark", { ATTENTION_CALLERS: `\ufeff[${app}]\r\n` }),
  served("a digest with its algorithm, in capitals", {
    ATTENTION_CALLERS: `[{"name":"app","sha256":"SHA256:${hash(TOKEN).toUpperCase()}"}]`,
  }),

  // Alterations that are refused with advice.
  named(
    "a line of a shell",
    { ATTENTION_API_KEY: `export ATTENTION_API_KEY=${S}` },
    "ATTENTION_API_KEY: begins with the name of the variable, like a line of a shell script; set only the part after the `=`",
    [S],
  ),
  named(
    "quotation marks of a word processor",
    { ATTENTION_SESSION_SECRET: `\u201c${S}-of-more-than-32-characters\u201d` },
    'ATTENTION_SESSION_SECRET: has typographic quotation marks; write " or, around the whole value, none',
    [S],
  ),
  named(
    "a number with a unit",
    { ATTENTION_TIMEOUT_MS: "30s" },
    "ATTENTION_TIMEOUT_MS: not a whole number from 1 to 900000; write digits alone, without a unit, a fraction, `_` or `,`",
  ),
  named(
    "a name that is nearly one: the policy would be the default one",
    { ATTENTION_POLICIES: "deny * /**" },
    "ATTENTION_POLICIES is not the name of a binding; did you mean ATTENTION_POLICY? Nothing reads it under this name",
  ),
  named(
    "a name in small letters",
    { attention_allowed_origins: "https://a.example" },
    "attention_allowed_origins is not the name of a binding; did you mean ATTENTION_ALLOWED_ORIGINS? Nothing reads it under this name",
  ),
  served("a binding of somebody else's", { DATABASE_URL: "fake" }),
  named(
    "a slash behind an origin",
    { ATTENTION_ALLOWED_ORIGINS: "https://a.example/" },
    "ATTENTION_ALLOWED_ORIGINS: entry 0 is not an exact origin such as https://app.example: it has a path or a trailing slash; remove that",
  ),
  callers("the digest of nothing", `[{"name":"app","sha256":"${hash("")}"}]`),
  callers("the digest of a line end", `[{"name":"app","sha256":"${hash("\n")}"}]`),
  callers("the digest of a placeholder", `[{"name":"app","sha256":"${hash("changeme")}"}]`),
  callers("the digest of the API key", `[{"name":"app","sha256":"${hash(KEY)}"}]`),
  closed("an operator who is a caller", { ATTENTION_ADMIN_SHA256: hash(TOKEN) }),
  closed("an operator who has the API key", { ATTENTION_ADMIN_SHA256: hash(KEY) }),
  closed("sessions signed with the API key", { ATTENTION_SESSION_SECRET: KEY }),
  closed("sessions signed with a caller's token", { ATTENTION_SESSION_SECRET: TOKEN }),

  // Settings that allow more than intended.
  ...Object.entries({
    "a grant without a claim": { grants: [{}] },
    "a grant without a claim, with a policy": { grants: [{ policy: "default" }] },
    "grants of nobody": { grants: [] },
    "a grant for everybody before others": { grants: [{ everybody: true }, GRANT] },
    "a grant of no claims": { grants: [{ all: [] }] },
    "a claim that may be nothing": { grants: [{ claim: "groups", is: [] }] },
    "a claim that may be empty": { grants: [{ claim: "groups", is: "" }] },
    "an end in the middle of a word": { grants: [{ claim: "email", endsWith: "corp.example" }] },
    "an end that is a sign": { grants: [{ claim: "email", endsWith: "@" }] },
    "any domain": { grants: [{ claim: "email", domain: "*" }] },
    "any audience": { audience: "*" },
    "an audience that is a placeholder": { audience: "<the application's AUD tag>" },
    "an audience of nothing": { audience: [""] },
    "an issuer that is a placeholder": { issuer: "https://<your-team>.cloudflareaccess.com" },
    "signatures by none": { algorithms: ["none"] },
    "signatures by none, beside a good one": { algorithms: ["RS256", "none"] },
    "signatures by HS256": { algorithms: ["HS256"] },
    "a header that is Authorization": { header: "Authorization" },
    "any kind of token, by another word": { tokens: "*" },
    "a leeway of an hour": { leewaySeconds: 3600 },
  }).map(([name, more]) => closed(`JWT: ${name}`, believing(more))),
  served("JWT beside callers", believing({})),
  {
    name: "JWTs without callers: an unknown token is refused",
    bindings: { ...believing({}), ATTENTION_CALLERS: "[]" },
    request: {},
    want: {
      status: 401,
      code: "invalid_token",
      fault: "no caller has this token: its SHA-256 is not in ATTENTION_CALLERS",
    },
  },
  served("both keys equal", { ATTENTION_API_KEY_NEXT: "fake-current-key-of-the-worker-tests" }),
  {
    name: "a misconfigured Worker reveals nothing on any path",
    bindings: { ATTENTION_API_KEY: `${S}\n${S}` },
    secrets: [S],
    request: { target: "/readyz", token: null },
    want: { status: 503, code: "misconfigured" },
  },
  { name: "/readyz names no key", request: { target: "/readyz", token: null }, want: { status: 200 } },
  {
    name: "/healthz answers everybody and reveals nothing",
    request: { target: "/healthz", token: null },
    want: { status: 200, text: '{"status":"alive"}' },
  },
];
