// What people's tools do to a setting, in real bindings: the Worker behaves as if it had been set well, or a fault names
// the binding, and nobody is served. All in one isolate, whose configuration changes from case to case.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { dice } from "../random.mjs";
import { Bed, CHANGING } from "./changing.mjs";
import {
  assertNoSecret,
  assertProblem,
  KEY,
  NEXT_KEY,
  OTHER_TOKEN,
  SECRETS,
  sha256,
  TOKEN,
  useWorkers,
} from "./worker.mjs";

const workers = useWorkers();
const isolate = workers.with({}, CHANGING);
const bed = new Bed(workers, isolate);

const OPERATOR = "fake-operator-token-of-the-settings";
const SECRET = "fake-session-secret-of-the-settings-0123456789";
const PAGE = "https://sentinel.example";
const REVOKED = "5f7c2a10-0000-4000-8000-00000000feed";

/** Good values for all bindings that have a text. Each time they are another configuration, with nothing known of its keys. */
let configurations = 0;
const good = () => ({
  ATTENTION_API_KEY: KEY,
  ATTENTION_API_KEY_NEXT: NEXT_KEY,
  ATTENTION_SESSION_SECRET: SECRET,
  ATTENTION_CALLERS: JSON.stringify([{ name: "app", sha256: sha256(TOKEN), mintsSessions: true }]),
  ATTENTION_REVOKED_SESSIONS: `${REVOKED},sentinel-${configurations++}`,
  ATTENTION_ADMIN_SHA256: sha256(OPERATOR),
  ATTENTION_POLICY: "allow GET /v2/sentinel\nallow POST /v2/sentinel body=1kb",
  ATTENTION_ALLOWED_ORIGINS: `${PAGE},http://localhost:5173`,
  ATTENTION_BASE_URL: `${workers.upstream.url}/v2`,
  ATTENTION_TIMEOUT_MS: "30123",
  ATTENTION_MAX_RETRIES: "1",
  ATTENTION_LOG: "errors",
  ATTENTION_LOG_FORM: "columns",
  ATTENTION_LOG_SAMPLE_PERCENT: "100",
});

/** What a tool makes of a value that is meant: it has to be read. */
const HARMLESS = {
  "a line end": (value) => `${value}\n`,
  "a line end of Windows": (value) => `${value}\r\n`,
  "a byte order mark": (value) => `\ufeff${value}`,
  "a mark and a line end": (value) => `\ufeff${value}\r\n`,
  blanks: (value) => ` \t${value}  `,
  "a no-break space": (value) => `\u00a0${value}\u00a0`,
  quotes: (value) => `"${value}"`,
  JSON: (value) => JSON.stringify(value),
  "JSON of JSON": (value) => JSON.stringify(JSON.stringify(value)),
};
/** Values that may be read or refused, but not read as something else. */
const HARMFUL = {
  "single quotes": (value) => `'${value}'`,
  backticks: (value) => `\`${value}\``,
  "escaped quotes": (value) => value.replaceAll('"', '\\"'),
  "single quotes in it": (value) => value.replaceAll('"', "'"),
  export: (value, name) => `export ${name}='${value}'`,
  ".env": (value, name) => `${name}="${value}"`,
  TOML: (value, name) => `${name} = '${value}'`,
  YAML: (value, name) => `${name}: ${value}`,
  PowerShell: (value, name) => `$env:${name}="${value}"`,
  "typographic quotes": (value) => `\u201c${value}\u201d`,
  "a comma behind it": (value) => `${value},`,
  "a comment behind it": (value) => `${value} # mine`,
  "a unit": (value) => `${value}ms`,
  capitals: (value) => value.toUpperCase(),
  "a slash behind it": (value) => `${value}/`,
  "a placeholder": (_, name) => `<${name}>`,
  "a variable": (_, name) => `\${${name}}`,
  "a word of a script": () => "undefined",
  "what sha256sum prints": (value) => `${value}  -`,
};
const isSecret = (name) => /API_KEY|SECRET$/.test(name);
/** Values whose letters cannot be told apart from additions: secrets, words and paths. */
const isOpaque = (name, tool) =>
  (isSecret(name) && /behind it|unit|capitals|sha256sum/.test(tool)) ||
  (name === "ATTENTION_REVOKED_SESSIONS" && /unit|capitals/.test(tool)) ||
  (name === "ATTENTION_BASE_URL" && /unit|capitals/.test(tool));

const numbers = { ATTENTION_TIMEOUT_MS: 30_123, ATTENTION_MAX_RETRIES: 1, ATTENTION_LOG_SAMPLE_PERCENT: 100 };
/** What wrangler makes of a TOML value that is no text: a list, a table, a number. */
function toml(value, name) {
  if (name in numbers) return { json: numbers[name] };
  if (name === "ATTENTION_CALLERS") return { json: JSON.parse(value) };
  if (name === "ATTENTION_POLICY") return { json: value.split("\n") };
  if (/ORIGINS|REVOKED/.test(name)) return { json: value.split(",") };
  return undefined;
}

let session;

/** What is seen of a configuration from outside, by everything that a setting decides. */
async function behaviour(name, isTriedAgain) {
  workers.begin();
  let refusals = 0;
  workers.respond = (request) => {
    const { searchParams } = new URL(request.url);
    if (searchParams.has("away")) return new Response("", { status: 503 });
    // The first key is refused, so that the second is seen as well.
    if (request.headers.get("authorization") === `Bearer ${KEY}` && searchParams.has("refused") && refusals++ === 0)
      return new Response("", { status: 401 });
    return Response.json({ ok: true });
  };
  const lines = workers.workerd.lines.length;
  const page = [["Origin", PAGE]];
  const asked = [
    { target: "/v2/sentinel" },
    { target: "/v2/sentinel?refused" },
    ...(isTriedAgain ? [{ target: "/v2/sentinel?away" }] : []),
    { target: "/v2/sentinel", headers: page },
    { target: "/v2/sentinel", headers: [["Origin", "http://localhost:5173"]] },
    { target: "/v2/sentinel", headers: [["Origin", "https://other.example"]] },
    { target: "/v2/sentinel", headers: page, token: session },
    { target: "/v2/sentinel", method: "POST", body: "x".repeat(1024) },
    { target: "/v2/sentinel", method: "POST", body: "x".repeat(1025) },
    { target: "/v2/other" },
    { target: "/v2/sentinel", token: OTHER_TOKEN },
    { target: "/status", token: OPERATOR },
    { target: "/status" },
  ];
  const seen = [];
  let answer;
  for (const request of asked) {
    answer = await bed.call(name, request);
    const type = answer.get("content-type");
    const code = type === "application/problem+json" ? answer.json().code : "";
    seen.push(`${answer.status} ${code} ${answer.get("access-control-allow-origin")}`);
  }
  // The last of its lines: a refusal, which is always logged.
  await workers.log(answer);
  const sent = workers.upstream.records.map((record) => `${record.requestLine} ${record.all("authorization")}`);
  const logged = workers.workerd.lines.slice(lines).map(({ text }) => text);
  const forms = logged
    .filter((text) => text.includes('"event":"request"'))
    .map((text) => Object.keys(JSON.parse(text)).length);
  return { seen, sent, forms: forms.toSorted(), logged };
}
const told = ({ seen, sent, forms }) => ({ seen, sent, forms });

describe("alterations of settings by tools", () => {
  const meant = [];
  before(async () => {
    await bed.set("good", good());
    const minted = await bed.call("good", {
      method: "POST",
      target: "/sessions",
      body: JSON.stringify({ origin: PAGE }),
    });
    assert.equal(minted.status, 201, minted.text);
    session = minted.json().token;
    // Calls that are tried again take their time, and only one setting decides of them.
    for (const isTriedAgain of [false, true]) {
      await bed.set("good", good());
      meant.push(await behaviour("good", isTriedAgain));
    }
    const statuses = meant[1].seen.map((text) => text.split(" ")[0]);
    assert.deepEqual(new Set(statuses), new Set(["200", "503", "403", "413", "401"]));
    assert.equal(meant[1].sent.filter((line) => line.includes("away")).length, 2);
    assert.ok(meant[0].sent.some((line) => line.endsWith(NEXT_KEY)));
  });

  /** Read as intended, or a fault that names the binding without its value, with which nobody is served. */
  async function asMeantOrNamed(what, name, spoil) {
    const env = `case-${what}`;
    const values = good();
    await bed.set(env, { ...values, [name]: spoil(values[name], name) });
    const isTriedAgain = name === "ATTENTION_MAX_RETRIES";
    const seen = await behaviour(env, isTriedAgain);
    if (seen.seen.every((text) => text.startsWith("503 misconfigured"))) {
      const fault = seen.logged.map((text) => JSON.parse(text).fault).find(Boolean);
      assert.ok(fault?.includes(name), `${what}: ${fault}`);
      assert.deepEqual(seen.sent, [], what);
      for (const word of ["sentinel", ...SECRETS, SECRET])
        assert.ok(!fault.toLowerCase().includes(word), `${what}: ${fault}`);
      return "named";
    }
    assert.deepEqual(told(seen), told(meant[Number(isTriedAgain)]), what);
    return "meant";
  }

  test("text around the value of every setting is removed", async () => {
    for (const name of Object.keys(good()))
      for (const [tool, spoil] of Object.entries(HARMLESS)) {
        // Quotation marks may be part of a secret, and a key is in ASCII.
        const isNamed =
          isSecret(name) && (/quotes|JSON/.test(tool) || (/API_KEY/.test(name) && /^a mark|order|no-break/.test(tool)));
        const wanted = isNamed ? "named" : "meant";
        assert.equal(await asMeantOrNamed(`${name}, ${tool}`, name, spoil), wanted, `${name}: ${tool}`);
      }
  });

  test("lists, tables and numbers of TOML are read like their texts", async () => {
    for (const [name, value] of Object.entries(good()))
      if (toml(value, name)) assert.equal(await asMeantOrNamed(`${name}, as TOML`, name, toml), "meant", name);
  });

  test("text that may be part of a value is refused by name, or read as intended, and never as something else", async () => {
    const { below } = dice(68);
    const cases = Object.keys(good()).flatMap((name) => Object.keys(HARMFUL).map((tool) => [name, tool]));
    const outcomes = { named: 0, meant: 0 };
    for (let left = 110; left > 0; left--) {
      const [[name, tool]] = cases.splice(below(cases.length), 1);
      if (isOpaque(name, tool)) continue;
      outcomes[await asMeantOrNamed(`${name}, ${tool}`, name, HARMFUL[tool])]++;
    }
    assert.ok(outcomes.named > 50, JSON.stringify(outcomes));
  });

  test("one secret for two purposes is a fault, the operator's token included", async () => {
    const caller = (token) => JSON.stringify([{ name: "app", sha256: sha256(token), mintsSessions: true }]);
    for (const [name, value] of [
      ["ATTENTION_ADMIN_SHA256", sha256(TOKEN)],
      ["ATTENTION_ADMIN_SHA256", ` ${sha256(TOKEN).toUpperCase()}\n`],
      ["ATTENTION_ADMIN_SHA256", sha256(KEY)],
      ["ATTENTION_ADMIN_SHA256", sha256("")],
      ["ATTENTION_CALLERS", caller(OPERATOR)],
      ["ATTENTION_CALLERS", caller(NEXT_KEY)],
      ["ATTENTION_CALLERS", caller(SECRET)],
      ["ATTENTION_SESSION_SECRET", KEY],
    ]) {
      await bed.set("twice", { ...good(), [name]: value });
      workers.begin();
      for (const token of [TOKEN, OPERATOR, KEY, ""])
        for (const target of ["/v2/sentinel", "/status"]) {
          const answer = await bed.call("twice", { target, token });
          assertProblem(answer, 503, "misconfigured");
          assert.match((await workers.log(answer)).fault, /same secret|digest of nothing/);
        }
      assert.deepEqual(workers.upstream.records, []);
    }
  });

  test("configurations that alternate in an isolate keep their own behaviour", async () => {
    const other = {
      ...good(),
      ATTENTION_POLICY: "allow GET /v2/other",
      ATTENTION_ALLOWED_ORIGINS: "https://other.example",
    };
    await bed.set("other", other);
    await bed.set("at fault", { ...good(), ATTENTION_LOG: "loud" });
    workers.begin();
    const { pick } = dice(71);
    const page = (origin) => [["Origin", origin]];
    for (let turn = 0; turn < 200; turn++) {
      const env = pick(["good", "other", "at fault"]);
      const [target, origin] = [pick(["/v2/sentinel", "/v2/other"]), pick([PAGE, "https://other.example"])];
      const { status } = await bed.call(env, { target, headers: page(origin) });
      const own = env === "good" ? ["/v2/sentinel", PAGE] : ["/v2/other", "https://other.example"];
      const wanted = env === "at fault" ? 503 : target === own[0] && origin === own[1] ? 200 : 403;
      assert.equal(status, wanted, `${env} ${target} ${origin}`);
    }
  });

  test("the log has no secret, however a setting was altered", () => {
    assertNoSecret(workers.workerd.output, [...SECRETS, SECRET, OPERATOR]);
  });
});
