// Sources of keys, two keys during a rotation, and the consequences of a 401.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, test } from "node:test";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";

const { AbortedError, Attention, AttentionError, ConfigError, InvalidKeyError, TimeoutError, UnauthorizedError } =
  attention;
const VARIABLES = ["ATTENTION_API_KEY", "ATTENTION_API_KEY_NEXT", "ATTENTION_BASE_URL", "ATTENTION_LOG"];

afterEach(() => {
  for (const name of VARIABLES) delete process.env[name];
});

/** An upstream that accepts only these keys. */
function knowing(...keys) {
  return {
    handler: (request) => {
      const isKnown = keys.includes(request.headers.get("authorization")?.slice("Bearer ".length));
      return isKnown ? Response.json({ ok: true }) : Response.json({ error: "no" }, { status: 401 });
    },
  };
}

const sentKeys = (upstream) => upstream.records.map((record) => record.all("authorization")[0].slice("Bearer ".length));

test("after one 401 for a revoked key, the next key is used, and an event says so", async (t) => {
  const switches = [];
  const { upstream, client } = await served(
    t,
    { nextApiKey: FAKE_NEXT_KEY, onKeySwitch: ({ from, to, fingerprint }) => switches.push({ from, to, fingerprint }) },
    knowing(FAKE_NEXT_KEY),
  );
  const fingerprint = client.keys.keys[1].fingerprint;
  assert.deepEqual(await client.get("/things"), { ok: true });
  assert.deepEqual(await client.post("/things", { body: {} }), { ok: true });
  assert.deepEqual(sentKeys(upstream), [FAKE_KEY, FAKE_NEXT_KEY, FAKE_NEXT_KEY]);
  assert.deepEqual(switches, [{ from: "current", to: "next", fingerprint }]);
  const { inUse, keys } = client.keys;
  assert.equal(inUse, "next");
  assert.deepEqual(
    keys.map(({ slot, verdict }) => [slot, verdict]),
    [
      ["current", "refused"],
      ["next", "accepted"],
    ],
  );
});

test("both refused: the error says what it probably is and what to do", async (t) => {
  const { upstream, client } = await served(t, { nextApiKey: FAKE_NEXT_KEY }, knowing());
  const error = await rejection(client.get("/things"));
  assert.ok(error instanceof UnauthorizedError);
  assert.equal(upstream.records.length, 2);
  assert.deepEqual(
    error.diagnosis.findings.map(({ cause }) => cause),
    ["header_missing", "scheme_missing", "revoked_or_expired", "no_permission"],
  );
  assert.ok(error.diagnosis.nextStep.length > 20);
  assert.match(error.documentation, /^https:\/\/docs\.attention\.com\//);
});

test("a function is called for the first call and again after a 401", async (t) => {
  const given = ["first-fake-key-of-a-vault-000", "second-fake-key-of-a-vault-00"];
  let asked = 0;
  const vault = async () => given[Math.min(asked++, 1)];
  const known = [given[0]];
  const { upstream, client } = await served(
    t,
    { apiKey: vault },
    { handler: (request) => knowing(...known).handler(request) },
  );
  assert.equal(asked, 0);
  assert.deepEqual(client.keys.keys, []);
  await Promise.all([client.get("/a"), client.get("/b")]);
  assert.equal(asked, 1);
  known[0] = given[1];
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => client.post(`/${n}`, { body: {} }))), [
    { ok: true },
    { ok: true },
    { ok: true },
  ]);
  assert.equal(asked, 2);
  assert.deepEqual(sentKeys(upstream).sort(), [...Array(5).fill(given[0]), ...Array(3).fill(given[1])]);
});

test("a function that returns the same key again is not called endlessly", async (t) => {
  let asked = 0;
  const apiKey = () => {
    asked++;
    return FAKE_KEY;
  };
  const { upstream, client } = await served(t, { apiKey }, knowing());
  assert.ok((await rejection(client.get("/things"))) instanceof UnauthorizedError);
  assert.deepEqual([asked, upstream.records.length], [2, 1]);
});

test("waiting for a key ends with the call's timeout or signal, and the next call starts no second request meanwhile", {
  timeout: 60_000,
}, async (t) => {
  let give;
  let asked = 0;
  const apiKey = () => {
    asked++;
    return new Promise((resolve) => {
      give = resolve;
    });
  };
  const { upstream, client } = await served(t, { apiKey });
  const late = await rejection(client.get("/late", { timeout: 30 }));
  assert.ok(late instanceof TimeoutError && late.code === "key_provider_timeout" && late.attempts === 0, String(late));
  const controller = new AbortController();
  const gone = rejection(client.get("/gone", { signal: controller.signal }));
  controller.abort();
  assert.ok((await gone) instanceof AbortedError);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  const patient = client.get("/patient");
  give(FAKE_KEY);
  assert.deepEqual(await patient, { ok: true });
  assert.deepEqual([asked, upstream.records.length], [1, 1]);
});

test("the total timeout counts from the call's beginning, also if the key was renewed meanwhile", {
  timeout: 60_000,
}, async (t) => {
  let asked = 0;
  const { upstream, client } = await served(t, { apiKey: () => `fake-key-number-${asked++}-of-a-vault` });
  upstream.script([
    { status: 401, delayMs: 700 },
    { status: 200, body: "{}", delayMs: 700, times: 2 },
  ]);
  const error = await rejection(client.get("/things", { timeout: 1000 }));
  assert.ok(error instanceof TimeoutError, String(error));
});

test("if a function hangs after a 401, the timeout has the 401 as its cause", { timeout: 60_000 }, async (t) => {
  let asked = 0;
  const { upstream, client } = await served(
    t,
    { apiKey: () => (asked++ === 0 ? FAKE_KEY : new Promise(() => {})) },
    knowing(),
  );
  const error = await rejection(client.get("/things", { timeout: 2000 }));
  assert.ok(error instanceof TimeoutError && error.code === "key_provider_timeout", String(error));
  assert.ok(error.cause instanceof UnauthorizedError);
  assert.deepEqual([error.attempts, upstream.records.length], [1, 1]);
});

test("a function that fails, or returns something else or an invalid key", async (t) => {
  const down = new Error("vault is down");
  for (const [apiKey, check] of [
    [
      async () => {
        throw down;
      },
      (error) => error instanceof ConfigError && error.code === "key_provider_failed" && error.cause === down,
    ],
    [() => 5, (error) => error instanceof ConfigError && /returned a number, not a string/.test(error.message)],
    [() => "Bearer abc", (error) => error instanceof InvalidKeyError && error.code === "key_has_scheme"],
  ]) {
    const { upstream, client } = await served(t, { apiKey });
    const error = await rejection(client.get("/things"));
    assert.ok(check(error), String(error));
    assert.equal(upstream.records.length, 0);
  }
  let tries = 0;
  const { client } = await served(t, {
    apiKey: async () => {
      if (tries++ === 0) throw down;
      return FAKE_KEY;
    },
  });
  await rejection(client.get("/things"));
  assert.deepEqual(await client.get("/things"), { ok: true });
});

test("a stream cannot be sent again after the key was renewed", async (t) => {
  let asked = 0;
  const { upstream, client } = await served(t, { apiKey: () => `fake-key-number-${asked++}-of-a-vault` }, knowing());
  assert.ok(
    (await rejection(client.post("/things", { body: new Blob(["once"]).stream() }))) instanceof UnauthorizedError,
  );
  assert.equal(upstream.records.length, 1);
});

test("keys and address from the environment", async (t) => {
  const { upstream } = await served(t);
  process.env.ATTENTION_API_KEY = ` ${FAKE_KEY}\n`;
  process.env.ATTENTION_API_KEY_NEXT = FAKE_NEXT_KEY;
  process.env.ATTENTION_BASE_URL = `${upstream.url}/v2`;
  const client = new Attention();
  await client.get("/things");
  assert.deepEqual(sentKeys(upstream), [FAKE_KEY]);
  assert.equal(client.keys.keys.length, 2);
  client.close();
  const other = new Attention({ apiKey: FAKE_KEY, baseURL: "https://api.attention.tech/v2" });
  assert.equal(other.keys.keys.length, 1);
  other.close();
});

test("two credentials, or a token without an address", () => {
  for (const [options, code] of [
    [{ apiKey: FAKE_KEY, token: FAKE_KEY }, "two_credentials"],
    [{ token: FAKE_KEY }, "base_url_missing"],
  ]) {
    assert.throws(
      () => new Attention(options),
      (error) => error instanceof ConfigError && error.code === code,
    );
  }
});

test("a client can be made without a credential, and its calls say what is missing", async () => {
  const names = ["ATTENTION_API_KEY", "ATTENTION_API_KEY_NEXT", "ATTENTION_BASE_URL", "ATTENTION_LOG"];
  const before = names.map((name) => process.env[name]);
  const set = (values) => {
    for (const [at, name] of names.entries()) {
      if (values[at] === undefined) delete process.env[name];
      else process.env[name] = values[at];
    }
  };
  const sent = [];
  const fetch = async (_url, { headers }) => {
    sent.push(headers.authorization);
    return Response.json([]);
  };
  // Each of them unset or empty, in all combinations.
  for (let bits = 0; bits < 2 ** names.length; bits++) {
    set(names.map((_, at) => (bits & (1 << at) ? "" : undefined)));
    const client = new Attention({ fetch });
    assert.deepEqual(client.keys.keys, []);
    assert.equal(client.baseURL, "https://api.attention.tech/v2");
    const derived = client.withOptions({ timeout: 1000 });
    for (const call of [() => client.users.list(), () => derived.get("/users"), () => client.users.list()]) {
      await assert.rejects(call(), {
        name: "ConfigError",
        code: "key_missing",
        attempts: 0,
        documentation: "https://docs.attention.com/api-authentication",
      });
    }
    // The settings at the time of a call apply.
    set([FAKE_KEY]);
    await client.users.list();
    assert.equal(sent.pop(), `Bearer ${FAKE_KEY}`);
    assert.equal(sent.length, 0);
    set([`Bearer ${FAKE_KEY}`]);
    assert.throws(() => new Attention({ fetch }), { code: "key_has_scheme" }, "a malformed one is refused at once");
  }
  set([]);
  assert.throws(() => new Attention({ nextApiKey: "" }), { code: "key_empty" });
  assert.throws(() => new Attention({ nextApiKey: "YOUR_API_KEY" }), { code: "key_placeholder" });
  set(before);
});

test("a base URL for pages is refused without a page, with the reason", () => {
  assert.throws(
    () => new Attention({ token: FAKE_KEY, baseURL: "/api/v2" }),
    (error) => error.code === "base_url_relative" && /works only in a page/.test(error.message),
  );
});

test("an invalid key is refused before any call, and never quoted", () => {
  for (const [apiKey, code] of [
    ["", "key_empty"],
    ["  \n", "key_empty"],
    ["Bearer abcdefgh", "key_has_scheme"],
    ["YOUR_API_KEY", "key_placeholder"],
    ["fake-key\nwith-newline", "key_invalid_character"],
    ["x".repeat(9000), "key_too_long"],
  ]) {
    assert.throws(
      () => new Attention({ apiKey }),
      (error) => {
        assert.ok(error instanceof InvalidKeyError);
        assert.equal(error.code, code);
        if (apiKey.trim() !== "")
          for (const text of [error.message, error.stack, JSON.stringify(error)]) assert.ok(!text.includes(apiKey));
        return true;
      },
    );
  }
});

test("a token goes to a Worker", async (t) => {
  const { upstream, client } = await served(t, { apiKey: undefined, token: FAKE_NEXT_KEY });
  await client.get("/things");
  assert.deepEqual(sentKeys(upstream), [FAKE_NEXT_KEY]);
  assert.equal(client.keys.kind, "caller_token");
});

test("withOptions shares the keys, or replaces them", async (t) => {
  const { upstream, client } = await served(t, { nextApiKey: FAKE_NEXT_KEY }, knowing(FAKE_NEXT_KEY));
  const derived = client.withOptions({ maxRetries: 0, defaultHeaders: { "x-team": "one" } });
  await derived.get("/things");
  assert.equal(client.keys.inUse, "next");
  const other = client.withOptions({ token: FAKE_NEXT_KEY });
  assert.equal(other.keys.kind, "caller_token");
  assert.deepEqual(await other.get("/things"), { ok: true });
  derived.close();
  assert.deepEqual(await client.get("/things"), { ok: true });
  other.close();
  assert.equal(upstream.records.length, 4);
});

test("after close, calls fail; calls in progress finish", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ delayMs: 60, headers: { "content-type": "application/json" }, body: '{"late":true}' }]);
  const late = client.get("/things");
  await upstream.settled(0);
  client.close();
  client.close();
  const error = await rejection(client.get("/things"));
  assert.ok(error instanceof AttentionError);
  assert.deepEqual([error.kind, error.code], ["config", "closed"]);
  assert.throws(() => client.keys, { code: "closed" });
  assert.deepEqual(await late, { late: true });
  assert.match(String(client), /closed/);
});

test("a vault and a next key together: the other key is tried first, and the vault is asked once both are refused", async () => {
  const NEW_KEY = "obviously-fake-key-that-the-vault-has-now";
  for (const [good, ...stories] of [
    [[FAKE_NEXT_KEY, NEW_KEY], [FAKE_KEY, FAKE_NEXT_KEY], [FAKE_NEXT_KEY]],
    [[NEW_KEY], [FAKE_KEY, FAKE_NEXT_KEY, NEW_KEY], [NEW_KEY]],
  ]) {
    const keys = [FAKE_KEY, NEW_KEY];
    const sent = [];
    const client = new Attention({
      apiKey: async () => keys.shift() ?? assert.fail("asked too often"),
      nextApiKey: FAKE_NEXT_KEY,
      fetch: async (_, { headers }) => {
        sent.push(new Headers(headers).get("authorization").slice("Bearer ".length));
        return good.includes(sent.at(-1)) ? Response.json({}) : new Response(null, { status: 401 });
      },
    });
    for (const story of stories) {
      await client.get("/users");
      assert.deepEqual(sent.splice(0), story);
    }
  }
});
