// Credentials with an expiry: renewed before it, requested on demand, and never too often. renewal-model.test.mjs tests
// the combinations.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { inspect, promisify } from "node:util";
import { project } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";
import { VirtualTime } from "./virtual-time.mjs";

const { AttentionError, Client, ConfigError } = attention;
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sessionOf = (end, id = "id") =>
  `s1.${part({ sub: "shop", exp: Math.floor(end / 1000), jti: id })}.not-a-signature`;
const jwtOf = (end, name = "fake") =>
  `${part({ alg: "none" })}.${part({ sub: name, exp: end / 1000 })}.not-a-signature`;

/** A client in virtual time, and the server's requests. */
function inTime(time, options, answer = () => 200) {
  const sent = [];
  const fetch = async (_, init) => {
    const credential = init.headers.authorization.slice("Bearer ".length);
    sent.push({ at: time.now, credential });
    return Response.json({ ok: true }, { status: answer(credential) });
  };
  return { sent, client: new Client({ baseURL: "https://worker.example/v2", fetch, ...options }) };
}

describe("in time", () => {
  let time;
  beforeEach(() => {
    time = new VirtualTime();
    time.install();
  });
  afterEach(() => time.uninstall());

  /** Makes calls at these times; returns their results. */
  async function callsAt(client, ...times) {
    const ends = [];
    for (const at of times) {
      time.at(at, () =>
        client.get("/users").then(
          () => ends.push("ok"),
          (error) => ends.push(error.code),
        ),
      );
    }
    await time.run();
    return ends;
  }

  for (const [what, give] of [
    ["a Date", (end, name) => ({ token: `fake-token-${name}`, expiresAt: new Date(end) })],
    ["milliseconds", (end, name) => ({ token: `fake-token-${name}`, expiresAt: end, id: "whatever else" })],
    ["a session of the Worker", (end, name) => sessionOf(end, name)],
    ["a JWT", (end, name) => jwtOf(end, name)],
    ["the earlier of two ends", (end, name) => ({ token: jwtOf(end + 50_000, name), expiresAt: end })],
    [
      "the earlier of two ends, the other way round",
      (end, name) => ({ token: jwtOf(end, name), expiresAt: end + 50_000 }),
    ],
  ]) {
    test(`renewed in the background in the last fifth of the lifetime, awaited after the expiry: ${what}`, async () => {
      const asked = [];
      const token = async () => {
        asked.push(time.now);
        const end = time.clock + 10_000;
        await time.sleep(100);
        return give(end, String(asked.length));
      };
      const { client, sent } = inTime(time, { token });
      assert.deepEqual(await callsAt(client, 0, 7900, 8500, 8550, 9000, 30_000), Array(6).fill("ok"));
      assert.deepEqual(asked, [0, 8500, 30_000]);
      // The call that started the renewal used the old token, as did the next; the third used the new one.
      assert.deepEqual(
        sent.map(({ at }) => at),
        [100, 7900, 8500, 8550, 9000, 30_100],
      );
      assert.equal(new Set(sent.slice(0, 4).map(({ credential }) => credential)).size, 1);
      assert.notEqual(sent[4].credential, sent[3].credential);
      assert.equal(client.keys.keys[0].expiresAt, time.clock - time.now + 40_000);
      client.close();
    });
  }

  test("tokens of 2 s, 200 calls in 10 s, a tenth streamed: the server refuses none, the provider is called 7 times", async () => {
    let asked = 0;
    const ends = new Map();
    const token = async () => {
      const given = { token: `fake-token-${++asked}`, expiresAt: time.clock + 2000 };
      await time.sleep(100);
      ends.set(given.token, given.expiresAt);
      return given;
    };
    const refused = [];
    const { client, sent } = inTime(time, { token }, (credential) => {
      if (time.clock < ends.get(credential)) return 200;
      refused.push(time.now);
      return 401;
    });
    const results = [];
    for (let number = 0; number < 200; number++) {
      const stream = () => client.post("/things", { body: new Blob(["once"]).stream() });
      time.at(number * 50, () => results.push(number % 10 === 0 ? stream() : client.get("/things")));
    }
    await time.run();
    await Promise.all(results);
    assert.deepEqual([results.length, sent.length, refused.length], [200, 200, 0]);
    assert.ok(asked <= 7, String(asked));
    client.close();
  });

  test("a vault that returns the same token until its expiry is asked a few times in the last fifth, not by every call", async () => {
    const asked = [];
    const end = time.clock + 900_000;
    const token = () => {
      asked.push(time.now);
      return { token: "fake-token-of-a-cache", expiresAt: end };
    };
    const { client } = inTime(time, { token });
    await callsAt(client, ...Array.from({ length: 8900 }, (_, number) => number * 100));
    assert.ok(asked.length >= 2 && asked.length <= 6, String(asked));
    client.close();
  });

  test("an extended token stays in use, with its new expiry", async () => {
    let asked = 0;
    const token = () => {
      asked++;
      return { token: FAKE_KEY, expiresAt: time.clock + 10_000 };
    };
    const { client } = inTime(time, { token });
    await callsAt(client, 0, 9000, 17_500, 18_500);
    assert.equal(asked, 3);
    assert.equal(client.keys.keys[0].expiresAt, time.clock - time.now + 27_500);
    client.close();
  });

  test("a vault that is down is asked once a second, however many calls there are; they continue when it is back", async () => {
    const asked = [];
    const apiKey = () => {
      asked.push(time.now);
      if (time.now < 4500) throw new Error("down");
      return FAKE_KEY;
    };
    const { client } = inTime(time, { apiKey });
    const ends = await callsAt(client, ...Array.from({ length: 100 }, (_, number) => number * 60));
    assert.deepEqual(asked, [0, 1000, 2000, 3000, 4000, 5000]);
    assert.deepEqual(new Set(ends.slice(0, 67)), new Set(["key_provider_failed"]));
    assert.deepEqual(new Set(ends.slice(68)), new Set(["ok"]));
    client.close();
  });

  test("with a revoked key that the vault still returns, the vault is asked once a second, and each call fails at once", async () => {
    const asked = [];
    const apiKey = () => {
      asked.push(time.now);
      return FAKE_KEY;
    };
    const { client, sent } = inTime(time, { apiKey }, () => 401);
    const ends = await callsAt(client, ...Array.from({ length: 200 }, (_, number) => number * 10));
    assert.deepEqual(asked, [0, 0, 1000]);
    assert.equal(ends.length, 200);
    assert.ok(!ends.includes("ok"));
    assert.equal(sent.length, 200);
    client.close();
  });

  test("new keys that are refused each time are requested once a second too", async () => {
    let asked = 0;
    const { client } = inTime(time, { apiKey: () => `fake-key-of-a-vault-number-${asked++}` }, () => 401);
    await callsAt(client, ...Array.from({ length: 200 }, (_, number) => number * 20));
    assert.ok(asked <= 5, String(asked));
    client.close();
  });

  test("a function that hangs delays each call by its timeout, and calls after ten seconds not at all", async () => {
    const asked = [];
    const apiKey = () => {
      asked.push(time.now);
      return asked.length === 1 ? new Promise(() => {}) : FAKE_KEY;
    };
    const { client } = inTime(time, { apiKey, timeout: 3000 });
    assert.deepEqual(await callsAt(client, 0, 1000, 9000, 12_000), [
      "key_provider_timeout",
      "key_provider_timeout",
      "ok",
      "ok",
    ]);
    assert.deepEqual(asked, [0, 10_000]);
    client.close();
  });

  test("if a vault's own timeout is longer than the pause after which it is asked in parallel, its error is the cause", async () => {
    const token = async () => {
      await time.sleep(25_000);
      throw new Error("the vault's own timeout");
    };
    const { client } = inTime(time, { token });
    const refused = rejection(client.get("/users"));
    await time.run();
    const error = await refused;
    assert.deepEqual([error.code, error.cause.code], ["key_provider_timeout", "key_provider_failed"]);
    assert.equal(error.cause.cause.message, "the vault's own timeout");
    client.close();
  });

  test("a token that is already expired by a wrong clock is used until the server refuses it", async () => {
    const asked = [];
    let isOver = false;
    const token = () => {
      asked.push(time.now);
      return { token: `fake-token-${asked.length}`, expiresAt: time.clock - 60_000 };
    };
    const { client } = inTime(time, { token }, (credential) => (isOver && credential === "fake-token-1" ? 401 : 200));
    time.at(5000, () => (isOver = true));
    assert.deepEqual(await callsAt(client, 0, 100, 200, 4000, 6000, 6001), Array(6).fill("ok"));
    assert.deepEqual(asked, [0, 6000]);
    client.close();
  });

  test("a clock set back does not extend a token's use, and one set ahead and back causes no endless requests", async () => {
    for (const jumps of [
      [[3000, -3_600_000]],
      [
        [3000, 3_600_000],
        [3500, -3_600_000],
      ],
    ]) {
      const asked = [];
      const start = time.now;
      const token = () => {
        asked.push(time.now - start);
        return { token: `fake-token-${asked.length}`, expiresAt: time.clock + 10_000 };
      };
      const { client } = inTime(time, { token });
      for (const [at, by] of jumps) time.at(start + at, () => time.jump(by));
      await callsAt(client, ...Array.from({ length: 150 }, (_, number) => start + number * 100));
      assert.ok(asked.length <= 3 && asked.some((at) => at >= 8000 || at === 3000), String(asked));
      client.close();
    }
  });

  test("an expired key is not tried before the other one, and no successor is awaited", async () => {
    const asked = [];
    const apiKey = async () => {
      asked.push(time.now);
      await time.sleep(500);
      return { token: FAKE_KEY, expiresAt: 1_700_000_000_000 + 10_000 };
    };
    const { client, sent } = inTime(time, { apiKey, nextApiKey: FAKE_NEXT_KEY, baseURL: "https://api.example/v2" });
    assert.deepEqual(await callsAt(client, 0, 9000, 20_000), Array(3).fill("ok"));
    assert.deepEqual(sent, [
      { at: 500, credential: FAKE_KEY },
      { at: 9000, credential: FAKE_KEY },
      { at: 20_000, credential: FAKE_NEXT_KEY },
    ]);
    client.close();
  });

  test("a vault that has no next key any more fails no renewal of the current one, and the former next key stays", async () => {
    const [failures, asked] = [[], []];
    let isDown = false;
    let issued = 0;
    const isRevoked = () => time.now > 6000;
    const options = {
      apiKey: () => ({ token: `fake-key-number-${++issued}`, expiresAt: time.clock + 1000 }),
      nextApiKey: async () => {
        asked.push(time.now);
        if (isDown) throw new Error("no such secret");
        return FAKE_NEXT_KEY;
      },
      onRenewalFailed: ({ error }) => failures.push(error),
    };
    const { client, sent } = inTime(time, options, (key) => (key !== FAKE_NEXT_KEY && isRevoked() ? 401 : 200));
    await callsAt(client, 0);
    isDown = true;
    assert.deepEqual(
      await callsAt(client, ...Array.from({ length: 50 }, (_, call) => 100 + call * 100)),
      Array(50).fill("ok"),
    );
    assert.ok(issued >= 5 && asked.length <= 9, `${issued} issued, ${asked.length} requests`);
    assert.ok(failures.length >= 4);
    for (const { code, message } of failures) {
      assert.equal(code, "key_provider_failed");
      assert.match(message, /^nextApiKey: /);
    }
    assert.equal(sent.length, 51);
    // The current one is revoked: the calls continue with the other.
    assert.deepEqual(await callsAt(client, 7000, 7100), ["ok", "ok"]);
    assert.equal(sent.at(-1).credential, FAKE_NEXT_KEY);
    client.close();
  });

  test("nor is an expired one of two plain strings; streams do not fail because of it", async () => {
    const over = jwtOf(time.clock - 5000, "over");
    const { client, sent } = inTime(
      time,
      { apiKey: over, nextApiKey: FAKE_NEXT_KEY, baseURL: "https://api.example/v2" },
      (credential) => (credential === over ? 401 : 200),
    );
    assert.deepEqual(await client.post("/things", { body: new Blob(["once"]).stream() }), { ok: true });
    assert.deepEqual(await callsAt(client, 0), ["ok"]);
    assert.deepEqual(
      sent.map(({ credential }) => credential),
      Array(2).fill(FAKE_NEXT_KEY),
    );
    client.close();
  });

  test("a renewal that fails in the background fails no call, is reported, and causes no unhandled rejection", async (t) => {
    const unhandled = [];
    const note = (error) => unhandled.push(error);
    process.on("unhandledRejection", note);
    t.after(() => process.off("unhandledRejection", note));
    const [told, lines] = [[], []];
    const logger = Object.fromEntries(
      ["debug", "info", "warn", "error"].map((level) => [level, (line) => lines.push(`${level} ${line}`)]),
    );
    let asked = 0;
    const token = async () => {
      if (asked++ > 0) throw new Error("down");
      return { token: FAKE_KEY, expiresAt: time.clock + 100_000 };
    };
    const onRenewalFailed = ({ error }) => {
      told.push(error);
      throw new Error("a hook that throws");
    };
    const { client } = inTime(time, { token, logger, logLevel: "warn", onRenewalFailed });
    assert.deepEqual(await callsAt(client, 0, 81_000, 81_100, 81_200, 82_500), Array(5).fill("ok"));
    assert.equal(asked, 3);
    assert.deepEqual(
      told.map(({ code, cause }) => [code, cause.message]),
      Array(2).fill(["key_provider_failed", "down"]),
    );
    assert.deepEqual(
      lines.map((line) => line.split(" ")[0]),
      ["warn", "error", "warn", "error"],
    );
    assert.deepEqual(unhandled, []);
    client.close();
  });

  test("refreshCredentials: later calls use the new credential, whatever was requested before", async () => {
    let user = "one";
    const asked = [];
    const token = async () => {
      const mine = user;
      asked.push(mine);
      await time.sleep(mine === "one" ? 500 : 100);
      return `fake-token-of-user-${mine}`;
    };
    const { client, sent } = inTime(time, { token });
    let changed;
    const early = client.get("/users");
    time.at(50, () => {
      user = "two";
      changed = client.refreshCredentials();
      client.get("/users");
    });
    await time.run();
    await early;
    assert.equal(await changed, true);
    assert.deepEqual(asked, ["one", "two"]);
    assert.deepEqual(
      sent.map(({ credential }) => credential),
      Array(2).fill("fake-token-of-user-two"),
    );
    const again = client.refreshCredentials();
    await time.run();
    assert.equal(await again, false);
    client.close();
  });

  test("after a failed refreshCredentials, the former user's token is no longer used", async () => {
    let isDown = false;
    const token = () => {
      if (isDown) throw new Error("down");
      return "fake-token-of-user-one";
    };
    const { client, sent } = inTime(time, { token });
    await callsAt(client, 0);
    isDown = true;
    const refused = rejection(client.refreshCredentials());
    await time.run();
    assert.equal((await refused).code, "key_provider_failed");
    assert.deepEqual(await callsAt(client, time.now, time.now + 3000), ["key_provider_failed", "key_provider_failed"]);
    assert.equal(sent.length, 1);
    client.close();
  });

  test("refreshCredentials of a function that hangs ends with the client's timeout", async () => {
    const { client } = inTime(time, { token: () => new Promise(() => {}), timeout: 2000 });
    const refused = rejection(client.refreshCredentials());
    await time.run();
    assert.deepEqual([(await refused).code, time.now], ["key_provider_timeout", 2000]);
    client.close();
  });

  test("if a client is closed while its function runs, the call continues", async () => {
    const token = async () => {
      await time.sleep(100);
      return { token: FAKE_KEY, expiresAt: time.clock + 1000 };
    };
    const { client } = inTime(time, { token });
    const call = client.get("/users");
    client.close();
    await time.run();
    assert.deepEqual(await call, { ok: true });
    const { client: other } = inTime(time, { token });
    const refreshed = other.refreshCredentials();
    other.close();
    await time.run();
    assert.equal(await refreshed, false);
  });
});

test("strings are never renewed, and refreshCredentials says so", async (t) => {
  const { client } = await served(t);
  assert.equal(await client.refreshCredentials(), false);
  client.close();
  assert.equal((await rejection(client.refreshCredentials())).code, "closed");
});

test("a function's result is checked strictly, and a refusal names the problem without the value", async (t) => {
  const token = FAKE_NEXT_KEY;
  for (const [given, says] of [
    [
      { token, expiresAt: Math.floor(Date.now() / 1000) + 900 },
      /not in milliseconds since 1970, but perhaps in seconds/,
    ],
    [{ token, expiresAt: 900 }, /perhaps in seconds: multiply them by 1000, and count from 1970/],
    [{ token, expiresAt: 900_000 }, /perhaps in seconds/],
    [{ token, expiresAt: 0 }, /perhaps in seconds/],
    [{ token, expiresAt: -1 }, /perhaps in seconds/],
    [{ token, expiresAt: Date.now() * 1000 }, /perhaps in microseconds/],
    [{ token, expiresAt: -Infinity }, /perhaps in seconds/],
    [{ token, expiresAt: NaN }, /`expiresAt` that is not a date/],
    [{ token, expiresAt: new Date(Math.floor(Date.now() / 1000) + 900) }, /perhaps in seconds/],
    [{ token, expiresAt: new Date("nonsense") }, /`expiresAt` that is not a date/],
    [{ token, expiresAt: new Date().toISOString() }, /`expiresAt` that is a string: return a Date or a number/],
    [{ token, expiresAt: BigInt(Date.now()) }, /`expiresAt` that is a bigint/],
    [{ token, expiresAt: {} }, /`expiresAt` that is a object|`expiresAt` that is an object/],
    [{ access_token: token }, /returned an object without `token`, not a string or \{ token, expiresAt \}/],
    [{ token: 5 }, /returned an object without `token`/],
    [[token], /returned an object without `token`/],
    [undefined, /returned undefined/],
    [null, /returned null, not a string/],
    [5, /returned a number, not a string/],
  ]) {
    const { client, upstream } = await served(t, { apiKey: () => given });
    const error = await rejection(client.get("/things"));
    assert.ok(error instanceof ConfigError && error.code === "key_provider_failed", inspect(error));
    assert.match(error.message, says);
    assert.ok(!inspect(error).includes(token) && !JSON.stringify(error).includes(token));
    assert.equal(upstream.records.length, 0);
  }
  // The end of four-digit years means "never" in many programs; no timer is set, so none overflows.
  const never = new Date("9999-12-31T23:59:59.999Z");
  for (const expiresAt of [
    undefined,
    null,
    new Date(Date.now() + 1e6),
    Date.now() + 1e6,
    Date.now() + 60 * 864e5,
    never,
  ]) {
    const { client } = await served(t, { apiKey: async () => ({ token, expiresAt }) });
    assert.deepEqual(await client.get("/things"), { ok: true });
    assert.equal(client.keys.keys[0].expiresAt, expiresAt?.valueOf());
    for (const shown of [inspect(client, { depth: 9, showHidden: true }), JSON.stringify(client), String(client)])
      assert.ok(!shown.includes(token));
  }
  for (const expiresAt of [Infinity, new Date(8.64e15), 8.64e15]) {
    const { client } = await served(t, { apiKey: () => ({ token, expiresAt }) });
    assert.deepEqual(await client.get("/things"), { ok: true });
    assert.equal(client.keys.keys[0].expiresAt, undefined);
  }
});

test("the diagnosis of a refused, expired token says since when", async (t) => {
  const { client } = await served(
    t,
    { apiKey: undefined, token: sessionOf(Date.now() - 600_000) },
    { handler: () => Response.json({}, { status: 401 }) },
  );
  const { diagnosis } = await rejection(client.get("/things"));
  assert.match(diagnosis.findings[2].reason, /^the token expired 10 minutes ago$/);
});

test("an error of the vault that contains a former key is redacted", async (t) => {
  let asked = 0;
  const apiKey = async () => {
    if (asked++ > 0) throw Object.assign(new Error(`lease of ${FAKE_KEY} is over`), { config: { key: FAKE_KEY } });
    return FAKE_KEY;
  };
  const { client } = await served(t, { apiKey });
  await client.get("/things");
  const error = await rejection(client.refreshCredentials());
  assert.equal(error.code, "key_provider_failed");
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(FAKE_KEY));
});

test("sessions are renewed silently; the expiry of a plain string is announced", async (t) => {
  const told = [];
  const onKeyExpiring = ({ fingerprint }) => told.push(fingerprint);
  const end = Date.now() + 900_000;
  for (const [options, times] of [
    [{ token: () => sessionOf(end) }, 0],
    [{ token: () => ({ token: FAKE_KEY, expiresAt: end }) }, 0],
    [{ apiKey: () => ({ token: FAKE_KEY, expiresAt: end }) }, 0],
    [{ apiKey: () => jwtOf(end) }, 1],
    [{ token: sessionOf(end) }, 1],
    [{ token: jwtOf(end) }, 1],
  ]) {
    told.length = 0;
    const { client } = await served(t, { apiKey: undefined, ...options, onKeyExpiring });
    await client.get("/things");
    await client.get("/things");
    assert.equal(told.length, times, inspect(options));
  }
});

describe("a function that calls its own client", () => {
  const codes = async (promise) => {
    const error = await rejection(promise);
    assert.ok(error instanceof ConfigError && error instanceof AttentionError, inspect(error));
    return error.code;
  };

  for (const [what, provider] of [
    ["at once", (client) => () => client().get("/key")],
    [
      "after a while",
      (client) => async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return client().get("/key");
      },
    ],
    ["through a derived client", (client) => async () => client().withOptions({ maxRetries: 0 }).get("/key")],
    ["through a resource", (client) => async () => client().users.list()],
    ["by asking for a new key", (client) => async () => client().refreshCredentials()],
    ["in parallel", (client) => () => Promise.all([client().get("/a"), client().get("/b")])],
  ]) {
    test(what, { timeout: 20_000 }, async (t) => {
      let client;
      const apiKey = provider(() => client);
      ({ client } = await served(t, { apiKey }));
      assert.equal(await codes(client.get("/things")), "key_provider_recursive");
      assert.equal(await codes(client.refreshCredentials()), "key_provider_recursive");
    });
  }

  test("through another client, whose function calls the first", { timeout: 20_000 }, async (t) => {
    let one;
    const other = await served(t, { apiKey: async () => one.client.get("/key") });
    one = await served(t, { apiKey: async () => other.client.get("/key") });
    assert.match(await codes(one.client.get("/things")), /^key_provider_(recursive|failed)$/);
  });

  test("through new clients with the same function, each of which would make another", {
    timeout: 20_000,
  }, async (t) => {
    let made = 0;
    const { upstream } = await served(t);
    const apiKey = async () => {
      if (++made > 20) throw new Error("without end");
      return new Client({ apiKey, baseURL: `${upstream.url}/v2` }).get("/key");
    };
    const client = new Client({ apiKey, baseURL: `${upstream.url}/v2` });
    assert.match(await codes(client.get("/things")), /^key_provider_(recursive|failed)$/);
    assert.ok(made <= 2, String(made));
  });

  test("a function that avoids the call after the error returns its key", async (t) => {
    let client;
    const apiKey = async () => client.get("/key").catch(() => FAKE_KEY);
    ({ client } = await served(t, { apiKey }));
    assert.deepEqual(await client.get("/things"), { ok: true });
  });

  test("other calls meanwhile, and the function's calls after its result, are not affected", async (t) => {
    let client;
    let later;
    const apiKey = async () => {
      later = new Promise((resolve) => setTimeout(resolve, 50)).then(() => client.get("/later"));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return FAKE_KEY;
    };
    ({ client } = await served(t, { apiKey }));
    assert.deepEqual(await Promise.all([client.get("/a"), client.get("/b")]), [{ ok: true }, { ok: true }]);
    assert.deepEqual(await later, { ok: true });
  });

  test("another client, whose key is a string, may be called for it", async (t) => {
    const { client: vault } = await served(t, {}, { handler: () => Response.json({ token: FAKE_NEXT_KEY }) });
    const { client } = await served(t, { apiKey: async () => vault.get("/key") });
    assert.deepEqual(await client.get("/things"), { ok: true });
  });
});

/** A script in a separate process, in a project with the package. */
async function script(text) {
  const run = promisify(execFile);
  return run(process.execPath, ["--input-type=module", "--eval", text], { cwd: await project(), timeout: 30_000 });
}

test("where the runtime cannot tell who calls, a function that calls its client ends with the call's timeout", async () => {
  const { stdout } = await script(`
    process.getBuiltinModule = undefined;
    const { Client } = await import("attention-wasm");
    const fetch = async () => Response.json({});
    const client = new Client({ fetch, timeout: 300, apiKey: async () => { await null; return client.get("/key"); } });
    const { name, code, message } = await client.get("/things").catch((error) => error);
    console.log(JSON.stringify({ name, code, message }));
    const direct = new Client({ fetch, timeout: 300, apiKey: () => direct.get("/key") });
    console.log((await direct.get("/things").catch((error) => error)).code);
  `);
  const [one, other] = stdout.trim().split("\n");
  const { name, code, message } = JSON.parse(one);
  // The inner call may time out first; then the function failed with that.
  assert.ok(["TimeoutError key_provider_timeout", "ConfigError key_provider_failed"].includes(`${name} ${code}`), one);
  if (name === "TimeoutError") assert.match(message, /does not call this client/);
  assert.equal(other, "key_provider_recursive");
});

test("waiting for a renewal does not keep a process alive", async () => {
  const { stdout } = await script(`
    const { Client } = await import("attention-wasm");
    let asked = 0;
    const token = () => asked++ === 0 ? { token: "an-obviously-fake-token-0001", expiresAt: Date.now() + 5000 } : new Promise(() => {});
    const client = new Client({ token, baseURL: "https://worker.example/v2", fetch: async () => Response.json({}) });
    await client.get("/users");
    await new Promise((resolve) => setTimeout(resolve, 4100));
    await client.get("/users");
    const ended = performance.now();
    process.on("exit", () => console.log(asked, Math.round(performance.now() - ended) < 500 ? "at once" : "late"));
  `);
  assert.equal(stdout.trim(), "2 at once");
});

test("sessionToken fails on a server when it is called, and at once for a wrong argument", async (t) => {
  const { sessionToken } = attention;
  const { client, upstream } = await served(t, { apiKey: undefined, token: sessionToken("/api/attention-session") });
  const error = await rejection(client.get("/things"));
  assert.deepEqual([error.name, error.code], ["ConfigError", "session_no_page"]);
  assert.equal(upstream.records.length, 0);
  for (const given of [[], [""], [5], ["/x", { method: "PUT" }], ["/x", { header: {} }], ["/x", { headers: "a: b" }]])
    assert.throws(() => sessionToken(...given), TypeError, inspect(given));
});
