// Configurations that would open the Worker, and secrets that were spoilt on the way.
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
    name: "a policy that allows keys does not open them",
    bindings: { ATTENTION_POLICY: "allow * /**\nallow * /v2/api_keys/**" },
    request: { target: "/v2/api_keys" },
    want: { status: 403, code: "route_denied" },
  },
  {
    name: "a policy of comments alone allows nothing",
    bindings: { ATTENTION_POLICY: "# all of it is to come" },
    request: {},
    want: { status: [403, 503] },
  },
  served("a key with a newline at its end", { ATTENTION_API_KEY: "fake-current-key-of-the-worker-tests\n" }),
  served("both keys equal", { ATTENTION_API_KEY_NEXT: "fake-current-key-of-the-worker-tests" }),
  {
    name: "a misconfigured Worker says nothing of it on any path",
    bindings: { ATTENTION_API_KEY: `${S}\n${S}` },
    secrets: [S],
    request: { target: "/readyz", token: null },
    want: { status: 503, code: "misconfigured" },
  },
  { name: "/readyz names no key", request: { target: "/readyz", token: null }, want: { status: 200 } },
  {
    name: "/healthz answers to everybody and tells nothing",
    request: { target: "/healthz", token: null },
    want: { status: 200, text: '{"status":"alive"}' },
  },
];
