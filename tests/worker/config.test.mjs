// An incompletely configured Worker serves nothing, reveals nothing to callers,
// and reports everything except values to its operator.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  assertNoSecret,
  assertProblem,
  callers,
  KEY,
  NEXT_KEY,
  OTHER_TOKEN,
  sha256,
  TOKEN,
  useWorkers,
} from "./worker.mjs";

/** A part of every invalid value, which no log line and no answer may contain. */
const SENTINEL = "sentinel-of-a-bad-value";
const digest = sha256(SENTINEL);
const caller = (name, hex = digest) => `{"name":"${name}","sha256":"${hex}"}`;

/** The fault → its bindings, and the reason in the log. */
const FAULTS = {
  "no key": [{ ATTENTION_API_KEY: undefined }, "ATTENTION_API_KEY is not set"],
  "an empty key": [{ ATTENTION_API_KEY: "" }, "ATTENTION_API_KEY is not set"],
  "a key of blanks": [{ ATTENTION_API_KEY: " \n\t" }, "ATTENTION_API_KEY is not set"],
  "a next key alone": [
    { ATTENTION_API_KEY: undefined, ATTENTION_API_KEY_NEXT: SENTINEL },
    "ATTENTION_API_KEY is not set",
  ],
  "a key with a newline inside": [
    { ATTENTION_API_KEY: `${SENTINEL}\n${SENTINEL}` },
    "a line break at position 23 (counting from 0)",
  ],
  "a key with CR and a header behind it": [
    { ATTENTION_API_KEY: `${SENTINEL}\r\nX-Injected: 1` },
    "a line break at position 23",
  ],
  "a key with a NUL": [{ ATTENTION_API_KEY: `${SENTINEL}\0x` }, /NUL|control/],
  "a key in quotes": [{ ATTENTION_API_KEY: `"${SENTINEL}"` }, "a quotation mark at position 0"],
  "a key that is no ASCII": [{ ATTENTION_API_KEY: `${SENTINEL}é` }, "a non-ASCII character at position 23"],
  "a key with its scheme": [{ ATTENTION_API_KEY: `Bearer ${SENTINEL}` }, "begins with an authorization scheme"],
  "a placeholder": [{ ATTENTION_API_KEY: "YOUR_API_KEY" }, "a placeholder"],
  "a key of 9 KiB": [{ ATTENTION_API_KEY: SENTINEL.repeat(400) }, "9200 bytes"],
  "a next key with a newline": [
    { ATTENTION_API_KEY_NEXT: `${SENTINEL}\nx` },
    "ATTENTION_API_KEY_NEXT: the key holds a line break",
  ],
  "a key as a JSON variable": [{ ATTENTION_API_KEY: { json: { key: SENTINEL } } }, "ATTENTION_API_KEY: the key holds"],
  "a base URL in plain http": [{ ATTENTION_BASE_URL: `http://${SENTINEL}.example/v2` }, "plain http"],
  "a base URL without a scheme": [{ ATTENTION_BASE_URL: `${SENTINEL}.example/v2` }, "not absolute"],
  "a base URL of another scheme": [{ ATTENTION_BASE_URL: `ftp://${SENTINEL}.example/v2` }, "scheme is not https"],
  "a base URL with a password": [
    { ATTENTION_BASE_URL: `https://user:${SENTINEL}@api.example/v2` },
    "a user name or password",
  ],
  "a base URL with a query": [{ ATTENTION_BASE_URL: `https://api.example/v2?${SENTINEL}` }, "a query or fragment"],
  "a base URL with dot segments": [{ ATTENTION_BASE_URL: `https://api.example/${SENTINEL}/../v2` }, "segment"],
  "no callers": [{ ATTENTION_CALLERS: undefined }, "ATTENTION_CALLERS has no caller"],
  "an empty list of callers": [{ ATTENTION_CALLERS: "[]" }, "ATTENTION_CALLERS has no caller"],
  "callers that are no JSON": [{ ATTENTION_CALLERS: SENTINEL }, "ATTENTION_CALLERS: "],
  "callers broken off": [{ ATTENTION_CALLERS: `[\n{"name":"${SENTINEL}"` }, "line 2"],
  "callers with a comma too many": [{ ATTENTION_CALLERS: `[${caller("a")},]` }, "line 1"],
  "callers as an object": [{ ATTENTION_CALLERS: `{"${SENTINEL}":"${digest}"}` }, "ATTENTION_CALLERS: "],
  "a caller that is a number": [{ ATTENTION_CALLERS: "[1]" }, "ATTENTION_CALLERS"],
  "a caller with __proto__": [
    { ATTENTION_CALLERS: `[{"__proto__":{"name":"${SENTINEL}"},"sha256":"${digest}"}]` },
    /ATTENTION_CALLERS\[0\]: .*member/,
  ],
  "a caller with the token itself": [
    { ATTENTION_CALLERS: `[{"name":"a","sha256":"${SENTINEL}"}]` },
    "is it the token itself?",
  ],
  "a caller with a digest of other letters": [
    { ATTENTION_CALLERS: `[${caller("a", `${digest.slice(1)}z`)}]` },
    "not a hex digit at position 63",
  ],
  "a caller with an extra member": [
    { ATTENTION_CALLERS: `[{"name":"a","sha256":"${digest}","${SENTINEL}":"x"}]` },
    /ATTENTION_CALLERS\[0\]: .*member/,
  ],
  "a caller with a name twice": [
    { ATTENTION_CALLERS: `[{"name":"a","name":"${SENTINEL}","sha256":"${digest}"}]` },
    /ATTENTION_CALLERS\[0\].*is duplicated/,
  ],
  "a caller without a digest": [
    { ATTENTION_CALLERS: `[{"name":"${SENTINEL}"}]` },
    /ATTENTION_CALLERS\[0\].*(needs both|missing)/,
  ],
  "a caller whose name breaks the log": [
    { ATTENTION_CALLERS: `[${caller(`${SENTINEL}\\n{}`)}]` },
    /ATTENTION_CALLERS\[0\].*1 to 64/,
  ],
  "two callers of one name": [
    { ATTENTION_CALLERS: `[${caller("a")},${caller("a", sha256("other"))}]` },
    "another caller has this name",
  ],
  "two callers of one token": [
    { ATTENTION_CALLERS: `[${caller("a")},${caller("b")}]` },
    "another caller has this token",
  ],
  "an empty policy": [{ ATTENTION_POLICY: "" }, "ATTENTION_POLICY: is set but empty"],
  "a policy of blanks": [{ ATTENTION_POLICY: " \n\t" }, "ATTENTION_POLICY: is set but empty"],
  "a policy of quotation marks": [{ ATTENTION_POLICY: '""' }, "ATTENTION_POLICY: is set but empty"],
  "an empty base URL": [{ ATTENTION_BASE_URL: "" }, "ATTENTION_BASE_URL: is set but empty"],
  "an empty budget": [{ ATTENTION_BUDGET: " " }, "ATTENTION_BUDGET: is set but empty"],
  "a policy of other words": [
    { ATTENTION_POLICY: `allow GET /v2/x\n${SENTINEL}` },
    "line 2: a rule begins with `allow` or `deny`",
  ],
  "a policy with a wildcard inside": [{ ATTENTION_POLICY: `allow GET /v2/${SENTINEL}*` }, "must be a whole segment"],
  "a policy with dot segments": [{ ATTENTION_POLICY: `allow GET /v2/../${SENTINEL}` }, "segment"],
  "a policy of an unknown method": [{ ATTENTION_POLICY: `allow ${SENTINEL} /v2/x` }, "the method is"],
  "any origin": [{ ATTENTION_ALLOWED_ORIGINS: "*" }, "entry 0 is not an exact origin"],
  "the origin null": [{ ATTENTION_ALLOWED_ORIGINS: "null" }, "entry 0 is not an exact origin"],
  "an origin with a path": [{ ATTENTION_ALLOWED_ORIGINS: `https://a.example,https://${SENTINEL}.example/` }, "entry 1"],
  "an origin in plain http": [{ ATTENTION_ALLOWED_ORIGINS: `http://${SENTINEL}.example` }, "entry 0"],
  "an origin in capitals": [{ ATTENTION_ALLOWED_ORIGINS: `https://${SENTINEL.toUpperCase()}.example` }, "entry 0"],
  "a timeout in words": [{ ATTENTION_TIMEOUT_MS: SENTINEL }, "ATTENTION_TIMEOUT_MS: not a whole number"],
  "a timeout of none": [{ ATTENTION_TIMEOUT_MS: "0" }, "ATTENTION_TIMEOUT_MS"],
  "a negative timeout": [{ ATTENTION_TIMEOUT_MS: "-1" }, "ATTENTION_TIMEOUT_MS"],
  "a timeout with a fraction": [{ ATTENTION_TIMEOUT_MS: "1.5" }, "ATTENTION_TIMEOUT_MS"],
  "eleven retries": [{ ATTENTION_MAX_RETRIES: "11" }, "ATTENTION_MAX_RETRIES"],
  "a budget in words": [{ ATTENTION_BUDGET: SENTINEL }, "ATTENTION_BUDGET"],
  "a budget that nothing keeps": [{ ATTENTION_BUDGET: "50/s" }, "ATTENTION_BUDGET is set, but ATTENTION_GATE"],
  "a gate that is a text": [{ ATTENTION_GATE: SENTINEL }, "ATTENTION_GATE: not a Durable Object"],
  "a policy that joins calls, which was withdrawn": [
    { ATTENTION_POLICY: `allow GET /v2/${SENTINEL} coalesce=2s` },
    "ATTENTION_POLICY: policy, line 1: `coalesce=` and `upgrade=` were withdrawn",
  ],
  "a policy that lets WebSockets through, which was withdrawn": [
    { ATTENTION_POLICY: `allow GET /v2/${SENTINEL} upgrade=websocket` },
    "ATTENTION_POLICY: policy, line 1: `coalesce=` and `upgrade=` were withdrawn",
  ],
  "a log level of another name": [{ ATTENTION_LOG: SENTINEL }, "ATTENTION_LOG: one of all, errors, silent"],
};

/** Unusual but valid → the bindings. */
const FINE = {
  "a key with blanks around it": { ATTENTION_API_KEY: `  ${KEY}\r\n` },
  "both keys equal": { ATTENTION_API_KEY_NEXT: KEY },
  "an empty next key": { ATTENTION_API_KEY_NEXT: "" },
  "callers as a JSON variable": { ATTENTION_CALLERS: { json: JSON.parse(callers({ app: TOKEN })) } },
  "a digest in capitals": { ATTENTION_CALLERS: `[{"name":"app","sha256":"${sha256(TOKEN).toUpperCase()}"}]` },
  "numbers as JSON variables": { ATTENTION_TIMEOUT_MS: { json: 5000 }, ATTENTION_MAX_RETRIES: { json: 1 } },
  "empty texts for everything without which no more is open": {
    ATTENTION_ALLOWED_ORIGINS: " ",
    ATTENTION_TIMEOUT_MS: "",
    ATTENTION_LOG: "",
  },
};

const workers = useWorkers();

describe("every fault causes 503 on every path, sends nothing, and has its reason only in the log", () => {
  for (const [name, [bindings, reason]] of Object.entries(FAULTS)) {
    const service = workers.with(bindings);
    test(name, async () => {
      workers.begin();
      const asked = [
        { target: "/v2/conversations" },
        { target: "/v2/conversations", token: null },
        { target: "/v2/conversations", token: SENTINEL },
        { target: "/v2/conversations", method: "POST", body: "{}" },
        { target: "/readyz", token: null },
        { target: "/", token: null },
        { target: "/v2/../x" },
      ];
      for (const request of asked) {
        const answer = await workers.call(service, request);
        const problem = assertProblem(answer, 503, "misconfigured");
        // The same answer for every fault, which reveals nothing about the configuration.
        assert.equal(problem.detail, "this proxy is not fully configured; its operator finds the reason in its log");
        const line = await workers.log(answer);
        if (typeof reason === "string") assert.ok(line.fault.includes(reason), line.fault);
        else assert.match(line.fault, reason);
        const said = answer.head + answer.text + JSON.stringify(line);
        assert.ok(!said.toLowerCase().includes(SENTINEL), said);
        assert.ok(!said.includes(digest.slice(0, 16)), said);
        assertNoSecret(said);
      }
      assert.deepEqual(workers.upstream.records, []);
      // The Worker runs and says so; only /readyz fails.
      assert.equal((await workers.call(service, { target: "/healthz", token: null })).status, 200);
    });
  }
});

describe("odd but fine", () => {
  for (const [name, bindings] of Object.entries(FINE)) {
    const service = workers.with(bindings);
    test(name, async () => {
      workers.begin();
      const answer = await workers.call(service);
      assert.equal(answer.status, 200, answer.text);
      const [record] = await workers.received(1);
      assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
    });
  }
});

const equal = workers.with({ ATTENTION_API_KEY_NEXT: KEY });

test("two equal keys count as one: it is not tried twice, and /readyz names it once", async () => {
  workers.begin({ status: 401, times: 2 });
  const { keys } = (await workers.call(equal, { target: "/readyz", token: null })).json();
  assert.equal(keys.length, 1);
  assertProblem(await workers.call(equal), 502, "upstream_unauthorized");
  assert.equal((await workers.received(1)).length, 1);
});

test("the whole log holds no key and no token", () => {
  assertNoSecret(workers.workerd.output, [KEY, NEXT_KEY, TOKEN, OTHER_TOKEN, SENTINEL]);
});
