// Notices of a client: log lines by level, and keys that will expire soon.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attention, FAKE_KEY, served } from "./fixture.mjs";

const { Attention } = attention;
const DAY = 24 * 3600 * 1000;

/** A fake JWT that ends then. */
function jwt(expiresAt, name = "fake") {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: name, exp: Math.floor(expiresAt / 1000) })}.not-a-signature`;
}

function recorder() {
  const lines = [];
  const logger = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [level, (line) => lines.push(`${level} ${line}`)]),
  );
  return { lines, logger };
}

test("a key that expires within a week is announced once, before the call", async (t) => {
  const told = [];
  const { lines, logger } = recorder();
  const expiresAt = Math.floor((Date.now() + 3 * DAY) / 1000) * 1000;
  const { upstream, client } = await served(t, {
    apiKey: jwt(expiresAt),
    nextApiKey: jwt(Date.now() + 300 * DAY, "next"),
    logger,
    logLevel: "warn",
    onKeyExpiring: ({ slot, fingerprint, expiresAt }) =>
      told.push({ slot, fingerprint, expiresAt, sent: upstream.records.length }),
  });
  const { fingerprint } = client.keys.keys[0];
  await client.get("/things");
  await client.get("/things");
  await client.withOptions({ maxRetries: 0 }).get("/things");
  assert.deepEqual(told, [{ slot: "current", fingerprint, expiresAt, sent: 0 }]);
  assert.deepEqual(lines, [
    `warn attention: the current key (${fingerprint}) expires on ${new Date(expiresAt).toISOString()}`,
  ]);
});

test("both keys, each once; an expired one is called so", async (t) => {
  const told = [];
  const { lines, logger } = recorder();
  const { client } = await served(t, {
    apiKey: jwt(Date.now() - DAY),
    nextApiKey: jwt(Date.now() + DAY, "next"),
    logger,
    logLevel: "warn",
    onKeyExpiring: ({ slot }) => told.push(slot),
  });
  await client.get("/things");
  await client.get("/things");
  assert.deepEqual(told, ["current", "next"]);
  assert.match(lines[0], /expired on/);
  assert.match(lines[1], /expires on/);
});

test("a key from a function is checked when it is returned, and so is its successor", async (t) => {
  const told = [];
  const keys = [jwt(Date.now() + DAY, "first"), jwt(Date.now() + DAY, "second")];
  const { upstream, client } = await served(t, {
    apiKey: () => keys.shift(),
    onKeyExpiring: ({ fingerprint }) => told.push(fingerprint),
  });
  await client.get("/things");
  upstream.script([{ status: 401 }]);
  await client.get("/things");
  await client.get("/things");
  assert.equal(new Set(told).size, 2);
  assert.equal(told.length, 2);
});

test("keys with a late or unknown expiry are not announced", async (t) => {
  for (const apiKey of [jwt(Date.now() + 8 * DAY), FAKE_KEY]) {
    const { client } = await served(t, { apiKey, onKeyExpiring: () => assert.fail("nothing to tell") });
    await client.get("/things");
  }
});

test("logLevel cuts off what is below it", async (t) => {
  for (const [logLevel, levels] of [
    ["debug", ["debug", "debug", "info", "debug", "debug"]],
    ["info", ["info"]],
    ["warn", []],
    ["off", []],
    [undefined, ["debug", "debug", "info", "debug", "debug"]],
  ]) {
    const { lines, logger } = recorder();
    const { upstream, client } = await served(t, { logger, logLevel });
    upstream.script([{ status: 503, headers: [["retry-after", "0"]] }]);
    await client.get("/things");
    assert.deepEqual(
      lines.map((line) => line.split(" ")[0]),
      levels,
      String(logLevel),
    );
  }
});

test("without a logger the level turns the console on, and off wins over the environment", async (t) => {
  const printed = t.mock.method(console, "debug", () => {});
  process.env.ATTENTION_LOG = "debug";
  t.after(() => {
    delete process.env.ATTENTION_LOG;
  });
  await (await served(t, { logLevel: "off" })).client.get("/things");
  assert.equal(printed.mock.callCount(), 0);
  await (await served(t)).client.get("/things");
  assert.equal(printed.mock.callCount(), 2);
  delete process.env.ATTENTION_LOG;
  await (await served(t, { logLevel: "debug" })).client.get("/things");
  assert.equal(printed.mock.callCount(), 4);
});

test("ATTENTION_LOG: a level in any case, empty counts as unset, anything else is ignored with a warning", async (t) => {
  const [debug, warn] = [t.mock.method(console, "debug", () => {}), t.mock.method(console, "warn", () => {})];
  t.after(() => {
    delete process.env.ATTENTION_LOG;
  });
  for (const [value, lines] of [
    ["DEBUG", 2],
    [" Debug ", 2],
    ["", 0],
    ["OFF", 0],
    ["verbose", 0],
    ["verbose", 0],
  ]) {
    process.env.ATTENTION_LOG = value;
    debug.mock.resetCalls();
    await (await served(t)).client.get("/things");
    assert.equal(debug.mock.callCount(), lines, value);
  }
  assert.deepEqual(
    warn.mock.calls.map(({ arguments: [line] }) => line),
    ["attention: ATTENTION_LOG is ignored: it must be debug, info, warn, error or off"],
  );
});

test("errors about keys lead to the page about keys", async () => {
  await assert.rejects(new Attention({}).users.list(), {
    code: "key_missing",
    documentation: "https://docs.attention.com/api-authentication",
  });
});
