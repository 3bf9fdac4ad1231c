// One isolate whose `env` changes: a changed binding takes effect at once, a call in progress ends under its own, and
// state of one configuration does not affect another.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Bed, CHANGING } from "./changing.mjs";
import { AUDIENCE, ISSUER, jwt, KEYS, rsa, SESSION_SECRET, session, stranger } from "./issuer.mjs";
import {
  assertNoSecret,
  assertProblem,
  CALLERS,
  callers,
  KEY,
  NEXT_KEY,
  OTHER_TOKEN,
  sha256,
  TOKEN,
  useWorkers,
} from "./worker.mjs";

const MINUTE = 60_000;
const OPERATOR = "fake-operator-token-of-the-env-tests";

const workers = useWorkers();
const service = workers.with({}, CHANGING);
const bed = new Bed(workers, service);

/** The bindings of every `env` here, with these changes; `undefined` removes one. */
const env = (own = {}) =>
  Object.fromEntries(
    Object.entries({
      ATTENTION_API_KEY: KEY,
      ATTENTION_BASE_URL: `${workers.upstream.url}/v2`,
      ATTENTION_CALLERS: CALLERS,
      ATTENTION_MAX_RETRIES: "0",
      ...own,
    }).filter(([, value]) => value !== undefined),
  );
const sentKey = async () => (await workers.received(1)).at(-1).all("authorization")[0]?.replace("Bearer ", "");
/** The status of a call under the `env` of this name, and the code of the problem if it is one. */
async function outcome(name, request) {
  const answer = await bed.call(name, request);
  return answer.status === 200 ? 200 : `${answer.status} ${answer.json().code}`;
}

describe("a change takes effect with the next request of the same isolate", () => {
  const cases = {
    "a policy tightened and loosened": [
      { ATTENTION_POLICY: "allow * /v2/**" },
      { ATTENTION_POLICY: "allow GET /v2/users" },
      {},
      200,
      "403 route_denied",
    ],
    "a caller taken out": [{}, { ATTENTION_CALLERS: callers({ other: OTHER_TOKEN }) }, {}, 200, "401 invalid_token"],
    "a caller's token replaced": [
      {},
      { ATTENTION_CALLERS: callers({ app: "fake-new-token" }) },
      {},
      200,
      "401 invalid_token",
    ],
    "an origin taken out": [
      { ATTENTION_ALLOWED_ORIGINS: "https://app.example" },
      { ATTENTION_ALLOWED_ORIGINS: "https://other.example" },
      { headers: [["Origin", "https://app.example"]] },
      200,
      "403 origin_not_allowed",
    ],
    "the session secret replaced": [
      { ATTENTION_SESSION_SECRET: SESSION_SECRET, ATTENTION_CALLERS: minting() },
      { ATTENTION_SESSION_SECRET: `another-${SESSION_SECRET}`, ATTENTION_CALLERS: minting() },
      { token: session({ org: undefined }) },
      200,
      "401 invalid_token",
    ],
    "no more sessions for a backend": [
      { ATTENTION_SESSION_SECRET: SESSION_SECRET, ATTENTION_CALLERS: minting() },
      { ATTENTION_SESSION_SECRET: SESSION_SECRET },
      { token: session({ org: undefined }) },
      200,
      "401 invalid_token",
    ],
    "an invalid configuration that comes and goes": [
      {},
      { ATTENTION_POLICY: "allow everything" },
      {},
      200,
      "503 misconfigured",
    ],
    "the key taken away": [{}, { ATTENTION_API_KEY: undefined }, {}, 200, "503 misconfigured"],
    "a binding of nearly a known name": [
      {},
      { ATTENTION_POLICIES: "allow GET /v2/users" },
      {},
      200,
      "503 misconfigured",
    ],
  };
  let number = 0;
  for (const [name, [one, other, request, first, second]] of Object.entries(cases)) {
    test(name, async () => {
      const [before, after] = [`one-${number}`, `other-${number}`];
      number += 1;
      await bed.set(before, env(one));
      await bed.set(after, env(other));
      for (let turn = 0; turn < 3; turn += 1) {
        workers.begin();
        assert.equal(await outcome(before, request), first);
        assert.equal(await outcome(after, request), second);
        // Changed in place, the same object is another one, too.
        await bed.change(before, env(other));
        if (!("ATTENTION_API_KEY" in other)) assert.equal(await outcome(before, request), second);
        await bed.set(before, env(one));
      }
    });
  }

  function minting() {
    return JSON.stringify([{ name: "app", sha256: sha256(TOKEN), mintsSessions: true }]);
  }

  test("a key replaced", async () => {
    await bed.set("old-key", env());
    await bed.set("new-key", env({ ATTENTION_API_KEY: NEXT_KEY }));
    for (const [name, key] of [
      ["old-key", KEY],
      ["new-key", NEXT_KEY],
      ["old-key", KEY],
    ]) {
      workers.begin();
      assert.equal(await outcome(name), 200);
      assert.equal(await sentKey(), key);
    }
  });

  test("a limit changed", async () => {
    const limited = (limit) => JSON.stringify([{ name: "app", sha256: sha256(TOKEN), limit }]);
    await bed.set("narrow", env({ ATTENTION_CALLERS: limited("1/h") }));
    await bed.set("wide", env({ ATTENTION_CALLERS: limited("100/h") }));
    workers.begin();
    assert.equal(await outcome("narrow"), 200);
    assert.equal(await outcome("narrow"), "429 caller_rate_limited");
    assert.equal(await outcome("wide"), 200);
    // Counts belong to their deployment, and are not lost while the other one is used.
    assert.equal(await outcome("narrow"), "429 caller_rate_limited");
  });
});

test("with another issuer, only its keys are accepted, whichever was used first", async () => {
  const config = (path) => ({
    json: {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: `${workers.upstream.url}/${path}`,
      grants: [{ claim: "sub", is: "user-1" }],
    },
  });
  workers.respond = (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/ours") return Response.json(KEYS);
    if (pathname === "/theirs") return Response.json({ keys: [stranger.jwk] });
    return Response.json({});
  };
  await bed.set("ours", env({ ATTENTION_JWT: config("ours") }));
  await bed.set("theirs", env({ ATTENTION_JWT: config("theirs") }));
  const [own, other] = [jwt({}, {}, rsa), jwt({}, {}, stranger)];
  for (let turn = 0; turn < 2; turn += 1) {
    assert.equal(await outcome("ours", { token: own }), 200);
    assert.equal(await outcome("theirs", { token: own }), "401 invalid_token");
    assert.equal(await outcome("theirs", { token: other }), 200);
    assert.equal(await outcome("ours", { token: other }), "401 invalid_token");
  }
});

describe("a call in progress ends under its own deployment", () => {
  const gone = { ATTENTION_CALLERS: callers({ other: OTHER_TOKEN }), ATTENTION_API_KEY: NEXT_KEY };

  test("its caller is removed before the API answers", async () => {
    await bed.set("mid-call", env());
    workers.begin();
    let answer;
    const answered = new Promise((resolve) => {
      answer = resolve;
    });
    const arrived = new Promise((resolve) => {
      workers.respond = () => {
        resolve();
        return answered;
      };
    });
    const wire = await bed.open("mid-call");
    await arrived;
    await bed.set("mid-call", env(gone));
    assert.equal(await outcome("mid-call"), "401 invalid_token");
    answer(Response.json({ mine: true }));
    const whole = await wire.answer();
    assert.deepEqual([whole.status, whole.json()], [200, { mine: true }]);
    const [record] = workers.upstream.records;
    assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
  });

  test("and while the answer streams", async () => {
    await bed.set("mid-stream", env());
    workers.begin();
    let stream;
    workers.respond = () => {
      const body = new ReadableStream({
        start: (controller) => {
          stream = controller;
          controller.enqueue(new TextEncoder().encode("one "));
        },
      });
      return new Response(body);
    };
    const wire = await bed.open("mid-stream");
    const head = await wire.head();
    assert.equal(head.status, 200);
    await bed.set("mid-stream", env(gone));
    assert.equal(await outcome("mid-stream"), "401 invalid_token");
    stream.enqueue(new TextEncoder().encode("two"));
    stream.close();
    let text = "";
    for await (const piece of wire.body(head)) text += piece;
    assert.equal(text, "one two");
  });

  test("a retry uses the key of the first attempt", async () => {
    const own = { ATTENTION_MAX_RETRIES: "1" };
    await bed.set("mid-try", env(own));
    workers.begin();
    let tries = 0;
    workers.respond = async () => {
      tries += 1;
      if (tries > 1) return Response.json({});
      await bed.set("mid-try", env({ ...own, ATTENTION_API_KEY: NEXT_KEY }));
      return new Response("", { status: 503, headers: { "retry-after": "0" } });
    };
    assert.equal(await outcome("mid-try"), 200);
    const sent = workers.upstream.records.map((record) => record.all("authorization")[0]);
    assert.deepEqual(sent, [`Bearer ${KEY}`, `Bearer ${KEY}`]);
  });
});

test("cache, counts and key state belong to their deployment, and survive a copy of the same values", async () => {
  const own = { ATTENTION_POLICY: "allow GET /v2/** cache=1h", ATTENTION_ADMIN_SHA256: sha256(OPERATOR) };
  await bed.set("keeps", env(own));
  await bed.set("keeps-too", env({ ...own, ATTENTION_TIMEOUT_MS: "59000" }));
  workers.begin();
  let made = 0;
  workers.respond = () => {
    made += 1;
    return Response.json({ made }, { headers: { "cache-control": "max-age=600" } });
  };
  const body = async (name, headers = []) => (await bed.call(name, { headers })).json().made;
  assert.equal(await body("keeps"), 1);
  assert.equal(await body("keeps-too"), 2, "the other's answer is not given");
  assert.equal(await body("keeps"), 1);
  assert.equal(await body("keeps", [["x-copy", "1"]]), 1, "the same values in another object");
  const status = async (name) => {
    const { text } = await bed.call(name, { target: "/status", token: OPERATOR });
    return Number(/<dt>calls<\/dt><dd>(\d+)/.exec(text)[1]);
  };
  assert.deepEqual([await status("keeps"), await status("keeps-too")], [3, 1]);
});

describe("a Secrets Store", () => {
  const stored = (name, own = {}) => env({ ATTENTION_API_KEY: { vault: name }, ...own });

  test("is read again after a minute, by one request, and not before", async () => {
    await bed.vault("minute", { value: KEY });
    await bed.set("minute", stored("minute"));
    workers.begin();
    assert.equal(await outcome("minute"), 200);
    await bed.vault("minute", { value: NEXT_KEY });
    const asked = await bed.asked();
    await bed.forward(50_000);
    assert.equal(await outcome("minute"), 200);
    assert.equal(await sentKey(), KEY);
    assert.equal(await bed.asked(), asked);
    await bed.forward(10_000);
    workers.begin();
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => outcome("minute"))), [200, 200, 200, 200]);
    assert.equal(await bed.asked(), asked + 1);
    workers.begin();
    assert.equal(await outcome("minute"), 200);
    assert.equal(await sentKey(), NEXT_KEY);
    assert.equal(await bed.asked(), asked + 1);
  });

  test("and at once when the API refuses every key", async () => {
    await bed.vault("refused", { value: KEY });
    await bed.vault("refused-next", { value: `${KEY}-next` });
    await bed.set("refused", stored("refused", { ATTENTION_API_KEY_NEXT: { vault: "refused-next" } }));
    workers.begin();
    workers.respond = (_, record) =>
      record.all("authorization")[0] === `Bearer ${NEXT_KEY}` ? Response.json({}) : new Response("", { status: 401 });
    assert.equal(await outcome("refused"), "502 upstream_unauthorized");
    await bed.vault("refused", { value: NEXT_KEY });
    assert.equal(await outcome("refused"), 200);
    const ready = await bed.call("refused", { target: "/readyz", token: null });
    assert.equal(ready.status, 200, ready.text);
  });

  test("that fails leaves its last value in use for 15 minutes; then nothing is served until it answers", async () => {
    await bed.vault("away", { value: KEY });
    await bed.set("away", stored("away"));
    workers.begin();
    assert.equal(await outcome("away"), 200);
    await bed.vault("away", { fails: true });
    for (let minutes = 0; minutes < 14; minutes += 2) {
      await bed.forward(2 * MINUTE);
      assert.equal(await outcome("away"), 200);
    }
    await bed.forward(MINUTE);
    const refused = await bed.call("away");
    assertProblem(refused, 503, "misconfigured");
    assert.match((await workers.log(refused)).fault, /^ATTENTION_API_KEY: the binding could not be read again for 15/);
    assert.equal(await outcome("away"), "503 misconfigured");
    await bed.vault("away", { value: NEXT_KEY });
    await bed.forward(10_000);
    workers.begin();
    assert.equal(await outcome("away"), 200);
    assert.equal(await sentKey(), NEXT_KEY);
  });

  test("that never answered serves nobody, whatever another one returned", async () => {
    await bed.vault("good", { value: KEY });
    await bed.set("good", stored("good"));
    assert.equal(await outcome("good"), 200);
    await bed.vault("never", { fails: true });
    await bed.set("never", stored("never"));
    assert.equal(await outcome("never"), "503 misconfigured");
    assert.equal(await outcome("good"), 200);
    await bed.vault("never", { value: KEY });
    assert.equal(await outcome("never"), 200, "it is asked again at the next request");
  });

  test("that returns something other than a key serves nobody until it returns one", async () => {
    await bed.vault("odd", { value: KEY });
    await bed.set("odd", stored("odd"));
    workers.begin();
    assert.equal(await outcome("odd"), 200);
    await bed.vault("odd", { value: "Bearer not-a-key" });
    await bed.forward(MINUTE);
    assert.equal(await outcome("odd"), "503 misconfigured");
    await bed.vault("odd", { value: KEY });
    assert.equal(await outcome("odd"), 200);
  });
});

/** Reproducible from a seed. */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

describe("however envs alternate, each request is answered as in an isolate with only that env", () => {
  const policies = [undefined, "allow GET /v2/users", "allow * /v2/**\ndeny GET /v2/users", "allow all", ""];
  const listed = [{ app: TOKEN }, { app: OTHER_TOKEN }, { other: TOKEN }, { app: TOKEN, other: OTHER_TOKEN }];
  const roll = dice(20_261_129);
  const pick = (list) => list[roll(list.length)];
  const configurations = Array.from({ length: 10 }, () => ({
    ATTENTION_API_KEY: pick([KEY, NEXT_KEY, ` ${KEY}\n`, undefined]),
    ATTENTION_POLICY: pick(policies),
    ATTENTION_CALLERS: callers(pick(listed)),
    ATTENTION_ALLOWED_ORIGINS: pick([undefined, "https://app.example", "*"]),
    ATTENTION_SESSION_SECRET: pick([undefined, SESSION_SECRET]),
    ATTENTION_ADMIN_SHA256: pick([undefined, sha256(OPERATOR)]),
  }));
  const fresh = configurations.map((bindings) => workers.with(bindings));
  const requests = () => ({
    target: pick(["/v2/users", "/v2/teams", "/v2/api_keys", "/readyz", "/status", "/nowhere", "/sessions"]),
    method: pick(["GET", "GET", "POST"]),
    token: pick([TOKEN, OTHER_TOKEN, OPERATOR, null]),
    headers: pick([[], [["Origin", "https://app.example"]]]),
  });

  before(async () => {
    for (const [index, bindings] of configurations.entries()) await bed.set(`turn-${index}`, env(bindings));
  });

  const seen = new Set();
  /** Pages have a nonce each. */
  const told = (answer) => [
    answer.status,
    answer.get("content-type"),
    answer.get("access-control-allow-origin"),
    answer.get("www-authenticate"),
    answer.get("content-type")?.includes("html") ? "a page" : answer.text.replaceAll(answer.get("x-request-id"), "id"),
  ];

  for (let schedule = 0; schedule < 6; schedule += 1) {
    test(`schedule ${schedule}`, async () => {
      workers.begin();
      workers.respond = (_, record) => Response.json({ with: sha256(record.all("authorization")[0]) });
      const chosen = Array.from({ length: 2 + (schedule % 3) }, () => roll(configurations.length));
      for (let step = 0; step < 40; step += 1) {
        const [index, request] = [pick(chosen), requests()];
        const copy = roll(4) === 0 ? [["x-copy", "1"]] : [];
        const body = request.method === "POST" ? { body: "{}" } : {};
        const [own, reference] = await Promise.all([
          bed.call(`turn-${index}`, { ...request, ...body, headers: [...request.headers, ...copy] }),
          workers.call(fresh[index], { ...request, ...body }),
        ]);
        // What is known of keys is the isolate's own.
        const known = ({ target }) => target === "/readyz";
        const [got, wanted] = [told(own), told(reference)];
        if (known(request)) [got, wanted].map((each) => each.pop());
        seen.add(own.status);
        assert.deepEqual(got, wanted, `step ${step}: ${JSON.stringify(request)} under ${index}`);
      }
    });
  }

  test("and the answers include every kind", () => {
    for (const status of [200, 401, 403, 404, 503]) assert.ok(seen.has(status), `no ${status} among ${[...seen]}`);
  });
});

test("the whole output holds no key and no token", () => {
  assertNoSecret(workers.workerd.output, [KEY, NEXT_KEY, TOKEN, OTHER_TOKEN, OPERATOR, SESSION_SECRET]);
});
