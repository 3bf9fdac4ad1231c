// Performs docs/deploying.md: the commands that need no Cloudflare account, and
// each step with the built Worker in workerd.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { command } from "../keys/bed.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import {
  assertNoSecret,
  assertProblem,
  fingerprint,
  KEY,
  NEXT_KEY,
  OTHER_TOKEN,
  SECRETS,
  sha256,
  TOKEN,
  useWorkers,
} from "../worker/worker.mjs";

const run = promisify(execFile);
const ADMIN = "fake-operator-token-of-the-walkthrough";
const SECRET = "fake-session-secret-of-the-walkthrough-0123456789";
const PAGE = "https://app.example";

const guide = await readFile(new URL("../../docs/deploying.md", import.meta.url), "utf8");
/** The first code block of a language that contains a text. */
function block(language, holding) {
  const found = [...guide.matchAll(/```(\w+)\n(.*?)```/gs)].find(
    ([, name, text]) => name === language && text.includes(holding),
  );
  assert.ok(found, `docs/deploying.md has no ${language} block with ${holding}`);
  return found[2];
}
const shell = async (script) => (await run("sh", ["-euc", script])).stdout;

const workers = useWorkers();
const caller = (more = {}, name = "app", token = TOKEN) => ({ name, sha256: sha256(token), ...more });
const withCallers = (list, more = {}) => workers.with({ ATTENTION_CALLERS: JSON.stringify(list), ...more });
const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");

describe("the guide's own commands", () => {
  test("a token and its digest", async () => {
    const script = block("sh", "openssl rand -hex 32");
    const printed = await shell(`${script}\nprintf '\\n%s' "$TOKEN"`);
    const [, token] = /\n([0-9a-f]{64})$/.exec(printed);
    assert.ok(printed.includes(sha256(token)), printed);
  });

  test("the Worker accepts its callers and policy", async () => {
    workers.begin();
    const answer = await workers.call(fromGuide, { target: "/v2/conversations/list?page=1" });
    assert.equal(answer.status, 200, answer.text);
    assertProblem(await workers.call(fromGuide, { target: "/v2/conversations/list?other=1" }), 403, "query_denied");
    assertProblem(await workers.call(fromGuide, { target: "/v2/users" }), 403, "route_denied");
  });
  const fromGuide = workers.with({ ATTENTION_POLICY: block("text", "allow GET") });

  test("npx attention-wasm policy agrees with the guide about its policy", async () => {
    const input = block("text", "allow GET");
    const ask = async (...args) => (await command(["policy", ...args], { input })).all;
    const checked = await ask("check", "-");
    assert.match(checked, /policy default: 3 of \d+ known operations allowed/);
    assert.match(checked, /policy reports: \d+ of/);
    assert.doesNotMatch(checked, /warning|error:/);
    assert.match(await ask("explain", "-", "GET", "/v2/users"), /refused\n {2}403 route_denied: no line allows it/);
    assert.match(await ask("explain", "-", "GET", "/v2/api_keys"), /403 route_denied: built in/);
    assert.match(
      await ask("explain", "-", "GET", "/v2/scorecards", "--policy", "reports"),
      /: allowed\n {2}line \d+: allow GET \/v2\/scorecards\/\*\*/,
    );
  });
});

describe("before it is configured", () => {
  test("without key and callers, the Worker answers 503 except on /healthz, and logs the reason", async () => {
    workers.begin();
    const answer = await workers.call(bare);
    assertProblem(answer, 503, "misconfigured");
    assert.match(
      (await workers.log(answer)).fault,
      /ATTENTION_API_KEY is not set; run `wrangler secret put ATTENTION_API_KEY`/,
    );
    assert.match((await workers.log(await workers.call(noCallers))).fault, /ATTENTION_CALLERS has no caller/);
    assert.equal((await workers.call(bare, { target: "/healthz", token: null })).status, 200);
    assert.deepEqual(workers.upstream.records, []);
  });
  const bare = workers.with({ ATTENTION_API_KEY: undefined, ATTENTION_CALLERS: undefined });
  const noCallers = workers.with({ ATTENTION_CALLERS: undefined });
});

describe("callers", () => {
  test("an expired caller gets token_expired on every path", async () => {
    workers.begin();
    for (const expires of ["2020-01-31", "2020-01-31T08:30:00Z"]) {
      const answer = await workers.call(expired[expires]);
      assertProblem(answer, 401, "token_expired");
      assert.match(answer.get("www-authenticate"), /error="invalid_token", error_description="expired"/);
    }
    assert.deepEqual(workers.upstream.records, []);
  });
  const expired = Object.fromEntries(
    ["2020-01-31", "2020-01-31T08:30:00Z"].map((expires) => [expires, withCallers([caller({ expires })])]),
  );

  test("a caller that expires later works", async () => {
    workers.begin();
    assert.equal((await workers.call(later)).status, 200);
  });
  const later = withCallers([caller({ expires: at(3600) })]);

  test("a caller beyond its limit gets 429 caller_rate_limited with Retry-After, others continue", async () => {
    workers.begin();
    const burst = await Promise.all(Array.from({ length: 3 }, () => workers.call(limited)));
    assert.deepEqual(
      burst.map(({ status }) => status),
      burst.map(() => 200),
    );
    const answer = await workers.call(limited);
    assertProblem(answer, 429, "caller_rate_limited");
    const seconds = Number(answer.get("retry-after"));
    assert.ok(seconds > 600 && seconds <= 1200, answer.head);
    assert.equal((await workers.call(limited, { token: OTHER_TOKEN })).status, 200);
    assert.equal(workers.upstream.records.length, 4);
    assert.equal((await workers.log(answer)).code, "caller_rate_limited");
  });
  const limited = withCallers([caller({ limit: "3/h" }), caller({}, "other", OTHER_TOKEN)]);

  test("each caller has its own policy", async () => {
    workers.begin();
    assert.equal((await workers.call(two, { target: "/v2/labels" })).status, 200);
    assertProblem(await workers.call(two, { target: "/v2/labels", method: "POST", body: "{}" }), 403, "route_denied");
    assert.equal(
      (await workers.call(two, { target: "/v2/labels", method: "POST", body: "{}", token: OTHER_TOKEN })).status,
      200,
    );
  });
  const two = withCallers([caller(), caller({ policy: "wide" }, "other", OTHER_TOKEN)], {
    ATTENTION_POLICY: "allow GET /v2/labels\n[wide]\nallow * /v2/**",
  });
});

describe("conditions of a policy", () => {
  const service = workers.with({
    ATTENTION_POLICY: `
      allow GET  /v2/conversations/list query=page,filter[title]
      allow GET  /v2/users query=
      allow POST /v2/ask_attention/v2 body=1kb
      allow GET  /v2/conversations/* redact=transcript,email`,
  });
  const get = (target) => workers.call(service, { target });

  for (const query of ["", "?", "?page=1", "?page=1&page=2", "?filter[title]=x", "?filter%5Btitle%5D=x", "?%70age=1"]) {
    test(`query: ${query || "none"} is allowed`, async () => {
      workers.begin();
      assert.equal((await get(`/v2/conversations/list${query}`)).status, 200);
    });
  }
  for (const query of [
    "?size=1",
    "?page=1&size=1",
    "?Page=1",
    "?page%00=1",
    "?page[]=1",
    "?%zz=1",
    "?=1",
    "?page=1&&size",
    "?page=1;size=2&x",
  ]) {
    test(`query: ${query} is refused`, async () => {
      workers.begin();
      assertProblem(await get(`/v2/conversations/list${query}`), 403, "query_denied");
      assert.deepEqual(workers.upstream.records, []);
    });
  }
  test("query= alone allows no parameter", async () => {
    workers.begin();
    assert.equal((await get("/v2/users")).status, 200);
    assertProblem(await get("/v2/users?page=1"), 403, "query_denied");
  });

  test("body= allows bodies up to its size, and no larger ones", async () => {
    workers.begin();
    const post = (request) => workers.call(service, { method: "POST", target: "/v2/ask_attention/v2", ...request });
    assert.equal((await post({ body: "x".repeat(1024) })).status, 200);
    const answer = await post({ body: "x".repeat(1025) });
    assert.match(assertProblem(answer, 413, "body_too_large").detail, /1024 bytes/);
    assertProblem(
      await post({ body: "1\r\nx\r\n0\r\n\r\n", headers: [["Transfer-Encoding", "chunked"]] }),
      411,
      "length_required",
    );
    assert.equal(workers.upstream.records.length, 1);
  });

  describe("redact", () => {
    const whole = {
      id: 1,
      email: "ann@corp.example",
      title: "email",
      parts: [{ transcript: { text: "secret" }, email: null, at: 1.5 }],
      deep: { deep: { email: ["x"] } },
    };
    const rest = { id: 1, title: "email", parts: [{ at: 1.5 }], deep: { deep: {} } };
    const answerWith = (body, headers = {}) => ({
      status: 200,
      headers: { "Content-Type": "application/json", ETag: '"1"', ...headers },
      body,
    });

    for (const [name, entry] of Object.entries({
      plain: answerWith(JSON.stringify(whole)),
      gzip: answerWith(gzipSync(JSON.stringify(whole)), { "Content-Encoding": "gzip" }),
      "with names written with escapes": answerWith(JSON.stringify(whole).replaceAll('"email":', '"\\u0065mail":')),
    })) {
      test(`members are removed at every depth: ${name}`, async () => {
        workers.begin(entry);
        const answer = await get("/v2/conversations/7");
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json(), rest);
        assert.deepEqual(
          [answer.get("etag"), answer.get("content-encoding"), answer.get("content-type")],
          [null, null, "application/json"],
        );
      });
    }

    for (const [name, entry] of Object.entries({
      "no JSON": answerWith('email,"ann@corp.example"', { "Content-Type": "text/csv" }),
      "half of it": answerWith('{"email":"ann@corp.example"'),
      "not UTF-8": answerWith(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      "more than 8 MB": answerWith(`["${"x".repeat(8 * 1024 * 1024)}"]`),
      "cut off": { ...answerWith(JSON.stringify(whole)), cutAfter: 20 },
    })) {
      test(`a response that cannot be redacted is not passed on: ${name}`, async () => {
        workers.begin(entry);
        const answer = await get("/v2/conversations/7");
        assertProblem(answer, 502, "unredactable");
        assert.ok(!answer.text.includes("corp.example"));
      });
    }

    test("a route without redact= streams unchanged", async () => {
      workers.begin(answerWith(JSON.stringify(whole)));
      assert.equal((await get("/v2/conversations/list")).text, JSON.stringify(whole));
    });
  });
});

describe("sessions for a page", () => {
  const sessions = {
    ATTENTION_SESSION_SECRET: SECRET,
    ATTENTION_ALLOWED_ORIGINS: PAGE,
    ATTENTION_POLICY: "allow GET /v2/conversations/**\nallow GET /v2/users\nallow GET /v2/labels query=page",
  };
  const service = withCallers([caller({ mintsSessions: true }), caller({}, "other", OTHER_TOKEN)], sessions);
  const mint = (wish) =>
    workers.call(service, {
      method: "POST",
      target: "/sessions",
      body: typeof wish === "string" ? wish : JSON.stringify(wish),
    });
  const minted = async (wish) => {
    const answer = await mint(wish);
    assert.equal(answer.status, 201, answer.text);
    return answer.json();
  };
  const use = (token, request) => workers.call(service, { token, headers: [["Origin", PAGE]], ...request });

  test("a backend requests a session, and its page uses it", async () => {
    workers.begin();
    const { token, expiresAt, id, ...more } = await minted({
      minutes: 10,
      origin: PAGE,
      routes: ["GET /v2/conversations/*"],
    });
    assert.deepEqual(more, {});
    assert.ok(Math.abs(expiresAt - Date.now() - 600_000) < 30_000);
    assert.match(id, /^[0-9a-f-]{36}$/);
    const answer = await use(token, { target: "/v2/conversations/7" });
    assert.deepEqual([answer.status, answer.get("access-control-allow-origin")], [200, PAGE]);
    const [record] = await workers.received(1);
    assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
    assert.ok(!record.head.includes(token));
    assert.equal((await workers.log(answer)).caller, "app");
  });

  test("the guide's example works", async () => {
    workers.begin();
    const sources = [block("js", "/sessions"), block("js", "session.token")];
    const proxy = `http://127.0.0.1:${workers.port(service)}`;
    const [backend] = sources.map((source) => source.replaceAll(/^import .*$/gm, "").replaceAll("export ", ""));
    const session = await new Function("process", `${backend}; return sessionFor;`)({
      env: { PROXY: proxy, PROXY_TOKEN: TOKEN },
    })("ann");
    assert.equal((await use(session.token, { target: "/v2/conversations/list" })).status, 200);
    const page = await new Function(
      "session",
      "PROXY",
      "fetch",
      `return (async () => { ${sources[1]}; return response; })()`,
    )(session, proxy, (url, options) =>
      fetch(url, { ...options, headers: { ...options.headers, Origin: "https://app.example" } }),
    );
    assert.equal(page.status, 200);
  });

  test("the conditions of the session's routes and of the policy both apply", async () => {
    workers.begin({ status: 200, headers: { "Content-Type": "application/json" }, body: '{"email":"x","id":1}' });
    const { token } = await minted({
      origin: PAGE,
      routes: ["GET /v2/conversations/list query=page redact=email", "GET /v2/labels"],
    });
    assert.deepEqual((await use(token, { target: "/v2/conversations/list?page=1" })).json(), { id: 1 });
    assertProblem(await use(token, { target: "/v2/conversations/list?size=1" }), 403, "query_denied");
    assertProblem(await use(token, { target: "/v2/labels?size=1" }), 403, "query_denied");
  });

  test("a session lasts as long as requested, by default 15 minutes", async () => {
    for (const [wish, minutes] of [
      [{}, 15],
      [{ minutes: 1 }, 1],
      [{ minutes: 60 }, 60],
    ]) {
      const { token, expiresAt } = await minted(wish);
      const { exp } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
      assert.equal(Math.floor(expiresAt / 1000), exp);
      assert.ok(Math.abs(exp * 1000 - Date.now() - minutes * 60_000) < 30_000);
    }
  });

  test("an invalid request for a session gets 400 and names the member", async () => {
    for (const [wish, said] of [
      ["{", /line 1/],
      ['{"minutes":61}', /minutes/],
      ['{"origin":"https://evil.example"}', /origin/],
      ['{"routes":["GET"]}', /routes/],
      ['{"more":1}', /member/],
    ]) {
      const answer = await mint(wish);
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.json().detail, said);
    }
  });

  test("the log holds no session", async () => {
    const { token } = await minted({ origin: PAGE });
    await workers.log(await use(token, { target: "/v2/users" }));
    assertNoSecret(workers.workerd.output, [...SECRETS, ADMIN, SECRET, token, token.split(".")[1]]);
    assert.ok(!workers.workerd.output.includes("s1."));
  });
});

describe("rotating a key", () => {
  const operated = { ATTENTION_ADMIN_SHA256: sha256(ADMIN), ATTENTION_POLICY: "allow GET /v2/**" };
  const steps = {
    "one key": workers.with(operated),
    "the next one added": workers.with({ ...operated, ATTENTION_API_KEY_NEXT: NEXT_KEY }),
    "promoted, both there": workers.with({ ...operated, ATTENTION_API_KEY: NEXT_KEY, ATTENTION_API_KEY_NEXT: KEY }),
    promoted: workers.with({ ...operated, ATTENTION_API_KEY: NEXT_KEY }),
  };
  const probe = (service, slot, { token = ADMIN, ...request } = {}) =>
    workers.call(service, { method: "POST", target: `/admin/keys/${slot}/test`, token, ...request });
  /** An API that accepts these keys. */
  const taking = (...keys) => {
    workers.begin();
    workers.respond = (request) =>
      new Response("{}", {
        status: keys.some((key) => request.headers.get("authorization") === `Bearer ${key}`) ? 200 : 401,
      });
  };

  test("the next key is tested before any call depends on it", async () => {
    taking(KEY, NEXT_KEY);
    const answer = await probe(steps["the next one added"], "next");
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json(), {
      slot: "next",
      fingerprint: fingerprint(NEXT_KEY),
      verdict: "accepted",
      upstreamStatus: 200,
    });
    const [record] = await workers.received(1);
    assert.deepEqual(
      [record.requestLine, record.all("authorization")],
      ["GET /v2/conversations/list?page=1&size=1 HTTP/1.1", [`Bearer ${NEXT_KEY}`]],
    );
    assertNoSecret(answer.head + answer.text);
  });

  test("the verdict is refused, or unknown if the API does not say", async () => {
    taking(KEY);
    assert.deepEqual((await probe(steps["the next one added"], "next")).json().verdict, "refused");
    assert.deepEqual((await probe(steps["the next one added"], "current")).json().verdict, "accepted");
    // `times`: workerd itself repeats a GET if a kept connection turns out to be dead.
    for (const [entry, status] of [
      [{ status: 500 }, 500],
      [{ status: 302, headers: { Location: "/elsewhere" } }, 302],
      [{ close: true, times: 20 }, 0],
    ]) {
      workers.begin(entry);
      const { verdict, upstreamStatus } = (await probe(steps["the next one added"], "current")).json();
      assert.deepEqual([verdict, upstreamStatus], ["unknown", status]);
      if (status !== 0) assert.equal(workers.upstream.records.length, 1);
    }
  });

  test("only the operator may test keys", async () => {
    taking(KEY, NEXT_KEY);
    const service = steps["the next one added"];
    assertProblem(await probe(service, "next", { token: TOKEN }), 401, "invalid_token");
    assertProblem(await probe(service, "next", { token: KEY }), 401, "invalid_token");
    assertProblem(await probe(service, "next", { token: sha256(ADMIN) }), 401, "invalid_token");
    assertProblem(await probe(service, "next", { token: null }), 401, "authorization_missing");
    assertProblem(await probe(service, "next", { method: "GET" }), 405, "method_not_allowed");
    assertProblem(await workers.call(service, { token: ADMIN }), 401, "invalid_token");
    assert.deepEqual(workers.upstream.records, []);
  });

  test("without a next key, or without an operator, the path does not exist", async () => {
    taking(KEY);
    assertProblem(await probe(steps["one key"], "next"), 404, "no_such_route");
    for (const slot of ["next", "current"]) assertProblem(await probe(unoperated, slot), 404, "no_such_route");
    assert.deepEqual(workers.upstream.records, []);
  });
  const unoperated = workers.with({ ATTENTION_API_KEY_NEXT: NEXT_KEY });

  test("step by step, and no call fails", async () => {
    const serve = async (step) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => workers.call(steps[step])));
      assert.deepEqual(
        answers.map(({ status }) => status),
        answers.map(() => 200),
        step,
      );
      return (await workers.call(steps[step], { target: "/readyz", token: null }))
        .json()
        .keys.map(({ slot, fingerprint: name, inUse }) => [slot, name, inUse]);
    };
    const [old, fresh] = [fingerprint(KEY), fingerprint(NEXT_KEY)];
    taking(KEY);
    assert.deepEqual(await serve("one key"), [["current", old, true]]);
    taking(KEY, NEXT_KEY);
    assert.deepEqual(await serve("the next one added"), [
      ["current", old, true],
      ["next", fresh, false],
    ]);
    // Deleted too early: calls switch to the next key automatically.
    taking(NEXT_KEY);
    assert.deepEqual(await serve("the next one added"), [
      ["current", old, false],
      ["next", fresh, true],
    ]);
    taking(KEY, NEXT_KEY);
    assert.deepEqual(await serve("promoted, both there"), [
      ["current", fresh, true],
      ["next", old, false],
    ]);
    taking(NEXT_KEY);
    assert.deepEqual(await serve("promoted"), [["current", fresh, true]]);
  });

  test("the log has the switch of keys", async () => {
    await workers.workerd.line((text) =>
      text.includes(`"keySwitchedFrom":"${fingerprint(KEY)}","keySwitchedTo":"${fingerprint(NEXT_KEY)}"`),
    );
    assertNoSecret(workers.workerd.output, [...SECRETS, ADMIN, SECRET]);
  });
});

describe("a key in the Secrets Store", () => {
  let upstream;
  let workerd;
  before(async () => {
    upstream = await startUpstream();
    const build = new URL("../../worker/build/", import.meta.url);
    const modules = [
      { name: "index.js", file: new URL("index.js", build) },
      { name: "index_bg.wasm", type: "wasm", file: new URL("index_bg.wasm", build) },
    ];
    const vault = (name, body) => ({
      name,
      port: false,
      modules: [
        {
          name: "vault.js",
          text: `import { WorkerEntrypoint } from "cloudflare:workers"; let times = 0; export default class extends WorkerEntrypoint { async get() { ${body} } }`,
        },
      ],
    });
    const worker = (name, store) => ({
      name,
      modules,
      bindings: {
        ATTENTION_API_KEY: { service: store },
        ATTENTION_BASE_URL: `${upstream.url}/v2`,
        ATTENTION_CALLERS: JSON.stringify([caller()]),
      },
    });
    workerd = await startWorkerd({
      services: [
        worker("good", "vault"),
        worker("late", "late-vault"),
        worker("gone", "broken-vault"),
        worker("slow", "slow-vault"),
        vault("vault", `return ${JSON.stringify(KEY)};`),
        vault(
          "slow-vault",
          `await new Promise((resolve) => setTimeout(resolve, times++ % 3 * 100)); return ${JSON.stringify(KEY)};`,
        ),
        vault("late-vault", `if (times++ === 0) throw new Error("not yet"); return ${JSON.stringify(KEY)};`),
        vault("broken-vault", 'throw new Error("never");'),
      ],
    });
  });
  after(async () => {
    await workerd?.close();
    await upstream?.close();
  });
  const call = (name) => fetch(`${workerd.urls[name]}/v2/users`, { headers: { Authorization: `Bearer ${TOKEN}` } });

  test("the key is read through its binding", async () => {
    assert.equal((await call("good")).status, 200);
    assert.deepEqual((await upstream.settled(1))[0].all("authorization"), [`Bearer ${KEY}`]);
  });

  test("with a slow store, simultaneous first calls are all answered", async () => {
    upstream.script([{ delayMs: 400, times: 9 }]);
    const answers = await Promise.all(Array.from({ length: 9 }, () => call("slow")));
    assert.deepEqual(
      answers.map(({ status }) => status),
      answers.map(() => 200),
    );
  });

  test("a store that does not answer causes a logged 503, and is asked again by the next request", async () => {
    assert.deepEqual([(await call("late")).status, (await call("late")).status], [503, 200]);
    assert.deepEqual([(await call("gone")).status, (await call("gone")).status], [503, 503]);
    await workerd.line(/ATTENTION_API_KEY: the binding could not be read/);
  });
});

describe("every block of the guide", () => {
  const blocks = [...guide.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language, text]) => ({ language, text }));
  const JOURNEY = "tests/journeys/operator.test.mjs runs it, word by word";
  const HERE = "this file does";
  const ACCOUNT = "needs a Cloudflare account; wrangler's dry run of it is in tests/deploy/deploy.test.mjs";
  /** A text of each block → who runs it. */
  const RUN = {
    "TOKEN=$(openssl rand -hex 32)\necho": JOURNEY,
    'name = "dashboard"': JOURNEY,
    "# worker/policy.txt": JOURNEY,
    "npx attention-wasm policy check": JOURNEY,
    ".dev.vars.production": JOURNEY,
    '/v2/conversations/list?page=1"\ncurl': JOURNEY,
    ATTENTION_API_KEY_NEXT: JOURNEY,
    'curl -u "operator:': JOURNEY,
    "wrangler login": ACCOUNT,
    "holds a caller token": "is a picture",
    "mintsSessions = true": HERE,
    "secret put ATTENTION_SESSION_SECRET": HERE,
    "export async function sessionFor": HERE,
    "session.token}` }": HERE,
    "Cf-Access-Jwt-Assertion": HERE,
    '"common_name", is': HERE,
    "tool=search_*": HERE,
    'claim = "scope"': HERE,
    "cache=5min": HERE,
    '"event":"request"': HERE,
  };

  test("is run by a test, or says why it cannot be", () => {
    const found = blocks.map(({ text }) => Object.keys(RUN).filter((holding) => text.includes(holding)));
    assert.deepEqual(
      blocks.filter((_, index) => found[index].length === 0).map(({ text }) => text.slice(0, 60)),
      [],
    );
    const unused = Object.keys(RUN).filter((holding) => !found.flat().includes(holding));
    assert.deepEqual(unused, []);
  });

  /** The entries of a TOML table, whose values are JSON but for how they name members. */
  const parseToml = (text) =>
    Object.fromEntries(
      text
        .split(/^(?=\w+ = )/m)
        .map((entry) => /^(\w+) = (.*)$/s.exec(entry))
        .filter(Boolean)
        .map(([, name, value]) => [
          name,
          JSON.parse(value.replaceAll(/(\w+) = /g, '"$1": ').replaceAll(/,(\s*[}\]])/g, "$1")),
        ]),
    );
  /** Variables of a TOML block, as wrangler gives them to a Worker. */
  const variables = (holding, language = "toml") =>
    Object.entries(parseToml(block(language, holding).replaceAll(/^\[env\.production\.vars.*\]\n/gm, ""))).map(
      ([name, value]) => [name, typeof value === "string" ? value : { json: value }],
    );
  const own = Object.fromEntries(variables("mintsSessions = true"));
  const [backend] = own.ATTENTION_CALLERS.json;
  const mints = workers.with({
    ...own,
    ATTENTION_CALLERS: { json: [{ ...backend, sha256: sha256(TOKEN) }] },
    ATTENTION_SESSION_SECRET: sha256(SECRET),
  });
  test("sessions: the table, the secret's command and the backend's code make a session that works", async () => {
    workers.begin();
    const made = await shell(block("sh", "secret put ATTENTION_SESSION_SECRET").split("|")[0]);
    assert.match(made, /^[0-9a-f]{64}\n$/);
    const source = block("js", "/sessions").replaceAll("export ", "");
    const proxy = `http://127.0.0.1:${workers.port(mints)}`;
    const session = await new Function("process", `${source}; return sessionFor;`)({
      env: { PROXY: proxy, PROXY_TOKEN: TOKEN },
    })("ann");
    const page = [["Origin", own.ATTENTION_ALLOWED_ORIGINS]];
    const use = (target) => workers.call(mints, { target, token: session.token, headers: page });
    assert.equal((await use("/v2/conversations/list")).status, 200);
    assertProblem(await use("/v2/users"), 403, "route_denied");
  });

  const access = parseToml(block("toml", "Cf-Access-Jwt-Assertion").replace(/^\[.*\]\n/, ""));
  const services = { ...access, ...parseToml(block("text", '"common_name", is')) };
  const scoped = Object.fromEntries(variables('claim = "scope"', "text"));
  const teams = (text) =>
    JSON.parse(
      JSON.stringify(text)
        .replaceAll(/<your-team>/g, "team")
        .replaceAll(/<[^>]*>/g, "0123456789abcdef"),
    );
  const issuers = [
    workers.with({ ATTENTION_JWT: { json: teams(access) } }),
    workers.with({
      ATTENTION_JWT: { json: teams(services) },
      ATTENTION_POLICY: "allow GET /v2/users\n[jobs]\nallow GET /v2/labels",
    }),
    workers.with(scoped),
  ];
  test("issuers: the tables are ones that a Worker takes, and clients of MCP find the issuer", async () => {
    for (const service of issuers) assert.equal((await workers.call(service, { target: "/v2/users" })).status, 200);
    const refused = await workers.call(issuers[2], { target: "/mcp", token: null });
    assert.equal(refused.status, 401);
    assert.match(
      refused.get("www-authenticate"),
      /resource_metadata="[^"]*\/\.well-known\/oauth-protected-resource\/mcp"/,
    );
    const told = await workers.call(issuers[2], { target: "/.well-known/oauth-protected-resource/mcp", token: null });
    assert.deepEqual(
      [told.json().authorization_servers, told.json().scopes_supported],
      [[scoped.ATTENTION_JWT.json.issuer], ["mcp:read"]],
    );
  });

  const tools = workers.with({ ATTENTION_POLICY: block("text", "tool=search_*") });
  test("agents: the policy lets its tools through and no other", async () => {
    workers.begin();
    const ask = (name) =>
      workers.call(tools, {
        method: "POST",
        target: "/mcp",
        headers: [["Content-Type", "application/json"]],
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {} } }),
      });
    for (const name of ["search_calls", "get_call"]) assert.equal((await ask(name)).status, 200, name);
    for (const name of ["get_calls", "delete_call"]) assertProblem(await ask(name), 403, "mcp_tool_denied");
    assert.equal(workers.upstream.records.length, 2);
  });

  const keeps = workers.with({ ATTENTION_POLICY: block("text", "cache=5min") });
  test("answers that are kept: the rule keeps them", async () => {
    workers.begin({ headers: [["Cache-Control", "max-age=600"]], body: "{}" });
    const users = () => workers.call(keeps, { target: "/v2/users" });
    assert.deepEqual([(await users()).status, (await users()).get("age")], [200, "0"]);
    assert.equal(workers.upstream.records.length, 1);
  });

  const logs = workers.with({ ATTENTION_POLICY: "allow GET /v2/conversations/*" });
  test("the log's line has the members that the guide shows, in this order", async () => {
    workers.begin();
    const sample = Object.keys(JSON.parse(block("json", '"event":"request"').replaceAll("…", "")));
    const line = Object.keys(await workers.log(await workers.call(logs, { target: "/v2/conversations/7" })));
    assert.deepEqual(line, sample);
  });
});
