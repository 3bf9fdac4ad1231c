// Isolation of callers and routes: failures, 429s and aborted calls of one do not affect the others.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dice } from "../random.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { AUDIENCE, ISSUER, jwt, KEYS } from "./issuer.mjs";
import { requestBytes, send, Wire } from "./wire.mjs";
import { assertNoSecret, assertProblem, KEY, MODULES, sha256 } from "./worker.mjs";

const OPERATOR = "fake-operator-token-of-the-neighbours";
const NAMES = ["ann", "bob", "cid", "dot"];
const ROUTES = ["users", "teams", "deals"];
const token = (name) => `fake-token-of-${name}-of-the-neighbours`;
/** Schedules, each in a separate Worker. */
const SEEDS = [43, 44, 45, 46];

let upstream;
let workerd;
/** What the upstream answers, by the number of a request in its query. */
const answers = new Map();
const held = [];
/** What it has received. */
const received = new Set();

const endless = () =>
  new ReadableStream({
    async pull(controller) {
      await sleep(10);
      controller.enqueue(Buffer.from("more"));
    },
  });

before(async () => {
  upstream = await startUpstream({
    keepRecords: 100_000,
    handler: async (request, record) => {
      if (record.target === "/keys") return Response.json(KEYS);
      received.add(numberOf(record));
      const kind = answers.get(numberOf(record)) ?? "200";
      if (kind === "held") await new Promise((resolve) => held.push(resolve));
      await request.arrayBuffer();
      if (kind === "held") return Response.json({ ok: true });
      if (kind === "streams") return new Response(endless());
      const [status, more] = kind.split(" ");
      const headers = { 429: { "retry-after": "3600" } }[status] ?? {};
      return new Response(JSON.stringify({ ok: status === "200" }), {
        status: Number(status),
        headers: {
          "content-type": "application/json",
          ...headers,
          ...(more === "key" && { "x-ratelimit-remaining": "0" }),
        },
      });
    },
  });
  const callers = (more) =>
    JSON.stringify(NAMES.map((name) => ({ name, sha256: sha256(token(name)), ...more?.[name] })));
  const bindings = (more) => ({
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `${upstream.url}/v2`,
    ATTENTION_CALLERS: callers(),
    ATTENTION_POLICY: "allow * /v2/**",
    ATTENTION_MAX_RETRIES: "0",
    ATTENTION_SESSION_SECRET: "fake-session-secret-of-the-neighbours-0123",
    ATTENTION_ADMIN_SHA256: sha256(OPERATOR),
    ...more,
  });
  const service = (name, more, objects) => ({
    name,
    modules: MODULES,
    bindings: bindings(more),
    ...(objects && { durableObjects: ["Gate"] }),
  });
  workerd = await startWorkerd({
    services: [
      ...SEEDS.map((seed) => service(`schedule-${seed}`)),
      service("limited"),
      service("sessions", { ATTENTION_CALLERS: callers({ ann: { mintsSessions: true, limit: "20/h" } }) }),
      service(
        "shared sessions",
        {
          ATTENTION_CALLERS: callers({ ann: { mintsSessions: true, limit: "20/h" } }),
          ATTENTION_GATE: { durableObject: "Gate" },
        },
        true,
      ),
      service("long sessions", { ATTENTION_CALLERS: callers({ ann: { mintsSessions: true } }) }),
      service("persons", {
        ATTENTION_JWT: JSON.stringify({
          issuer: ISSUER,
          audience: AUDIENCE,
          jwks: `${upstream.url}/keys`,
          nameClaim: "sub",
          grants: [{ everybody: true, limit: "2/h" }],
        }),
      }),
      service("left"),
      service("left at the gate", { ATTENTION_GATE: { durableObject: "Gate" }, ATTENTION_BUDGET: "40/s" }, true),
    ],
    startMs: 60_000,
  });
});
after(async () => {
  for (const answer of held) answer();
  await workerd?.close();
  await upstream?.close();
});

const numberOf = ({ target }) => Number(new URLSearchParams(target.split("?")[1]).get("n"));
let requests = 0;
/** A call, which the upstream answers like this. */
function bytes(who, route, kind = "200", { method = "GET", headers = [], target = `/v2/${route}`, ...more } = {}) {
  const number = ++requests;
  answers.set(number, kind);
  const own = [["Authorization", `Bearer ${NAMES.includes(who) ? token(who) : who}`], ...headers];
  // The paths of the Worker's own take no query.
  const asked = target.startsWith("/v2/") ? `${target}?n=${number}` : target;
  return Object.assign(requestBytes({ method, target: asked, headers: own, ...more }), { method, number });
}
const call = (service, ...request) => send(workerd.ports[service], bytes(...request));
const code = (answer) => (answer.status === 200 ? "200" : `${answer.status} ${answer.json().code}`);

// A model of who is held back, made from the promise alone: failures and 429s close a pair of caller and route, and more
// than that only when others met the same. It keeps a plain history and asks it questions; the Worker keeps counts.
class Model {
  #history = [];

  /** What has happened in a row to calls for which `is`, of these kinds; `good` ends it. */
  #inARow(is, kinds) {
    const mine = this.#history.filter(is);
    const last = mine.findLastIndex(({ kind }) => kind === "200");
    return mine.slice(last + 1).filter(({ kind }) => kinds.includes(kind));
  }

  note(who, route, kind) {
    this.#history.push({ who, route, kind });
  }

  /** Whether a call must not be held back: by nothing that happened may it be. */
  mustGo(who, route) {
    const pair = (one) => one.who === who && one.route === route;
    const others = (one) => one.who !== who && one.route === route;
    const own = (one) => one.who === who && one.route !== route;
    const else_ = (one) => one.who !== who && one.route !== route;
    const limits = ["429", "429 key"];
    // A 429 of the key is everybody's.
    if (this.#history.some(({ kind }) => kind === "429 key")) return false;
    const met = (is) => this.#inARow(is, limits).length > 0;
    // Nothing of its own: then it takes two others' on this route, or two of its own elsewhere, or both.
    if (met(pair)) return false;
    const callersHere = new Set(this.#inARow(others, limits).map((one) => one.who));
    const routesMine = new Set(this.#inARow(own, limits).map((one) => one.route));
    if (callersHere.size >= 2 || routesMine.size >= 2) return false;
    if (met(else_) && (callersHere.size > 0 || routesMine.size > 0)) return false;
    const all = this.#inARow(() => true, limits);
    if (new Set(all.map((one) => one.who)).size >= 2 && new Set(all.map((one) => one.route)).size >= 2) return false;
    // The breaker takes twenty in a row.
    return [pair, (one) => one.route === route, (one) => one.who === who, () => true].every(
      (is) => this.#inARow(is, ["503", "504"]).length < 20,
    );
  }

  /** Whether a call must wait because of its own recent 429. */
  mustStay(who, route) {
    const mine = this.#history.filter((one) => one.who === who && one.route === route);
    return mine.at(-1)?.kind.startsWith("429") === true;
  }
}

describe("random callers, routes and responses, compared with a model", { concurrency: true }, () => {
  for (const seed of SEEDS)
    test(`schedule ${seed}: callers wait only for their own 429, not for others'`, async () => {
      const { pick, below, chance } = dice(seed);
      const model = new Model();
      const outcomes = { went: 0, stayed: 0, free: 0 };
      // Mostly one caller has trouble, on one route or on several; sometimes others do as well.
      const troubled = { who: pick(NAMES), routes: ROUTES.slice(0, 1 + (seed % 2)) };
      for (let step = 0; step < 160; step++) {
        const isTrouble = chance(50);
        const [who, route] = isTrouble ? [troubled.who, pick(troubled.routes)] : [pick(NAMES), pick(ROUTES)];
        const isBad = isTrouble || (seed % 3 === 0 && chance(5));
        const late = step > 150 && chance(10) ? "429 key" : "429";
        const kind = isBad ? pick(["503", "503", "504", "503", ...(step > 60 ? [late] : [])]) : "200";
        const request = bytes(who, route, kind);
        const answer = await send(workerd.ports[`schedule-${seed}`], request);
        const wasSent = received.has(request.number);
        const isHeldBack = ["503 upstream_down", "429 rate_limited"].includes(code(answer));
        assert.ok(wasSent || isHeldBack, code(answer));
        const where = `step ${step}: ${who} on ${route}, ${code(answer)}`;
        if (model.mustGo(who, route)) {
          assert.ok(wasSent, `held back: ${where}`);
          outcomes.went++;
        } else if (model.mustStay(who, route)) {
          assert.ok(!wasSent, `sent: ${where}`);
          outcomes.stayed++;
        } else outcomes.free++;
        if (wasSent) model.note(who, route, kind);
        if (below(40) === 0) await sleep(5);
      }
      assert.ok(outcomes.went > 40 && outcomes.stayed > 0, JSON.stringify(outcomes));
    });
});

test("after a 429 of an hour on one route, its caller waits only there, and the others nowhere", async () => {
  assertProblem(await call("limited", "ann", "users", "429"), 429, "rate_limited");
  const seen = await Promise.all(
    NAMES.flatMap((who) => ROUTES.map(async (route) => [`${who} ${route}`, code(await call("limited", who, route))])),
  );
  assert.deepEqual(
    seen.filter(([, status]) => status !== "200"),
    [["ann users", "429 rate_limited"]],
  );
  // One with the word of the key is everybody's.
  assertProblem(await call("limited", "bob", "teams", "429 key"), 429, "rate_limited");
  for (const who of NAMES) assertProblem(await call("limited", who, "deals"), 429, "rate_limited");
});

describe("one session uses up its backend's limit", () => {
  const mint = async (service) => {
    const answer = await send(
      workerd.ports[service],
      bytes("ann", "", "", { method: "POST", target: "/sessions", body: "{}" }),
    );
    return [answer.status, answer.status === 201 ? answer.json().token : code(answer)];
  };
  for (const service of ["sessions", "shared sessions"])
    test(`${service}: other sessions keep a part, and the backend can mint another`, async () => {
      const [, greedy] = await mint(service);
      const [, modest] = await mint(service);
      let used = 0;
      for (; used < 30; used++) if ((await call(service, greedy, "users")).status === 429) break;
      assert.ok(used >= 4 && used <= 10, `${used} of 20`);
      assert.equal((await call(service, modest, "users")).status, 200);
      const [status, third] = await mint(service);
      assert.equal(status, 201, third);
      assert.equal((await call(service, third, "users")).status, 200);
    });

  test("a session with any number of routes works, or is not minted", async () => {
    const { below } = dice(58);
    const outcomes = new Set();
    for (let wish = 0; wish < 40; wish++) {
      const count = 1 + below(160);
      const routes = Array.from({ length: count }, (_, index) => `GET /v2/users/${"x".repeat(below(40))}${index}/*`);
      const minted = await send(
        workerd.ports["long sessions"],
        bytes("ann", "", "", { method: "POST", target: "/sessions", body: JSON.stringify({ routes }) }),
      );
      outcomes.add(minted.status);
      if (minted.status !== 201) {
        assert.equal(minted.status, 400, minted.text);
        assert.match(minted.json().detail, /routes/);
        continue;
      }
      const own = routes[below(count)].split(" ")[1].replace("*", "7");
      assert.equal(code(await call("long sessions", minted.json().token, "", "200", { target: own })), "200");
      assertProblem(await call("long sessions", minted.json().token, "teams"), 403, "route_denied");
    }
    assert.deepEqual([...outcomes].toSorted(), [201, 400]);
  });
});

test("four hundred persons of an issuer have separate limits, and the first ones are not forgotten", async () => {
  const one = async (sub) => code(await call("persons", jwt({ sub }), "users"));
  for (let person = 0; person < 400; person += 50)
    assert.deepEqual(
      new Set(await Promise.all(Array.from({ length: 50 }, (_, index) => one(`person-${person + index}`)))),
      new Set(["200"]),
    );
  // They have one call left, and then none.
  for (const sub of ["person-0", "person-199", "person-399"])
    assert.deepEqual([await one(sub), await one(sub)], ["200", "429 caller_rate_limited"], sub);
});

describe("callers who disconnect, at any point", () => {
  /** How far a call goes before its caller leaves. */
  const POINTS = {
    "in its head": async (wire, who) => {
      const all = bytes(who, "users");
      await wire.write(all.subarray(0, all.length - 10));
    },
    "in a body that is held": (wire, who) =>
      wire.write(bytes(who, "users", "200", { method: "POST", headers: [["Content-Length", "1000"]], body: "half" })),
    "in chunks": (wire, who) =>
      wire.write(
        bytes(who, "users", "200", {
          method: "POST",
          headers: [["Transfer-Encoding", "chunked"]],
          body: "4\r\nhalf\r\n",
        }),
      ),
    "in line": (wire, who) => wire.write(bytes(who, "users", "held")),
    "before the answer": async (wire, who) => {
      await wire.write(bytes(who, "users", "held"));
      await sleep(10);
    },
    "in the answer": async (wire, who) => {
      await wire.write(bytes(who, "users", "streams"));
      await Promise.race([wire.head().catch(() => {}), sleep(500)]);
    },
  };
  const status = async (service) =>
    (
      await send(
        workerd.ports[service],
        requestBytes({ target: "/status", headers: [["Authorization", `Bearer ${OPERATOR}`]] }),
      )
    ).text;

  for (const service of ["left", "left at the gate"])
    test(`${service}: the others are served meanwhile and afterwards, and nothing counts as a failure of the API`, async () => {
      const { pick } = dice(7);
      const others = NAMES.slice(1);
      let over = false;
      const meanwhile = (async () => {
        let served = 0;
        while (!over) {
          assert.equal(code(await call(service, pick(others), pick(ROUTES))), "200");
          served++;
          await sleep(20);
        }
        return served;
      })();
      for (let round = 0; round < 12; round++)
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            const wire = await Wire.open(workerd.ports[service]);
            await POINTS[pick(Object.keys(POINTS))](wire, "ann").catch(() => {});
            pick([() => wire.reset(), () => wire.destroy()])();
          }),
        );
      over = true;
      assert.ok((await meanwhile) > 0);
      for (const answer of held.splice(0)) answer();
      // All callers, including the one who left, continue at once, on the same routes and on others.
      const answers = await Promise.all(NAMES.flatMap((who) => ROUTES.map((route) => call(service, who, route))));
      assert.deepEqual(new Set(answers.map(code)), new Set(["200"]));
      assert.doesNotMatch(await status(service), /upstream_|circuit|rate_limited/);
      // What left is gone at the API as well.
      for (const end = Date.now() + 30_000; upstream.records.some(({ done }) => !done); await sleep(20))
        assert.ok(Date.now() < end, "a call is held that nobody waits for");
    });
});

test("the log has no key and no token", () => assertNoSecret(workerd.output, [KEY, OPERATOR, ...NAMES.map(token)]));
