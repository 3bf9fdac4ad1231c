// An error about a setting names the option or the variable, and which of the two keys is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection, served } from "./fixture.mjs";

const { Attention } = attention;
const VARIABLES = ["ATTENTION_API_KEY", "ATTENTION_API_KEY_NEXT", "ATTENTION_BASE_URL", "ATTENTION_LOG"];

/** A client under these variables. */
function under(env, options) {
  const before = VARIABLES.map((name) => [name, process.env[name]]);
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, env);
  try {
    return new Attention(options);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

const failure = (make) => {
  try {
    make();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
};

test("empty settings count as unset", () => {
  const empty = Object.fromEntries(VARIABLES.map((name) => [name, ""]));
  const client = under({ ...empty, ATTENTION_API_KEY: FAKE_KEY });
  assert.equal(client.baseURL, "https://api.attention.tech/v2");
  assert.equal(client.keys.keys.length, 1);
  assert.equal(
    under({ ...empty, ATTENTION_API_KEY: FAKE_KEY, ATTENTION_API_KEY_NEXT: FAKE_NEXT_KEY }).keys.keys.length,
    2,
  );
});

test("a refused key or address is named by its option or variable", () => {
  const [good, bad] = [FAKE_KEY, `Bearer ${FAKE_NEXT_KEY}`];
  for (const [env, options, setting, code] of [
    [{ ATTENTION_API_KEY: bad }, {}, "ATTENTION_API_KEY", "key_has_scheme"],
    [{ ATTENTION_API_KEY: "  " }, {}, "ATTENTION_API_KEY", "key_empty"],
    [{ ATTENTION_API_KEY: good, ATTENTION_API_KEY_NEXT: bad }, {}, "ATTENTION_API_KEY_NEXT", "key_has_scheme"],
    [{ ATTENTION_API_KEY: bad, ATTENTION_API_KEY_NEXT: bad }, {}, "ATTENTION_API_KEY", "key_has_scheme"],
    [{ ATTENTION_API_KEY: good }, { nextApiKey: bad }, "nextApiKey", "key_has_scheme"],
    [{}, { apiKey: bad }, "apiKey", "key_has_scheme"],
    [{}, { apiKey: "" }, "apiKey", "key_empty"],
    [{}, { apiKey: good, nextApiKey: "" }, "nextApiKey", "key_empty"],
    [{}, { token: bad, baseURL: "https://worker.example/v2" }, "token", "key_has_scheme"],
    [{ ATTENTION_API_KEY: good, ATTENTION_BASE_URL: "api.example" }, {}, "ATTENTION_BASE_URL", "base_url_not_absolute"],
    [{ ATTENTION_API_KEY: good }, { baseURL: "ftp://api.example" }, "baseURL", undefined],
  ]) {
    const error = failure(() => under(env, options));
    assert.ok(error instanceof attention.AttentionError, String(error));
    assert.ok(error.message.startsWith(`${setting}: `), error.message);
    if (code !== undefined) assert.equal(error.code, code);
    assert.ok(!error.stack.includes(FAKE_NEXT_KEY));
    assert.equal(error.name, error.kind === "config" ? "ConfigError" : "InvalidKeyError");
  }
});

test("so is a function without a usable result", async (t) => {
  const fails = () => {
    throw new Error("vault is sealed");
  };
  for (const [options, setting, code] of [
    [{ apiKey: () => "" }, "apiKey", "key_empty"],
    [{ apiKey: () => FAKE_KEY, nextApiKey: async () => "" }, "nextApiKey", "key_empty"],
    [{ apiKey: () => FAKE_KEY, nextApiKey: fails }, "nextApiKey", "key_provider_failed"],
    [{ apiKey: () => 5 }, "apiKey", "key_provider_failed"],
    [{ apiKey: undefined, token: fails }, "token", "key_provider_failed"],
  ]) {
    const { client } = await served(t, options);
    const error = await rejection(client.get("/things"));
    assert.equal(error.code, code);
    assert.ok(error.message.startsWith(`${setting}: `), error.message);
  }
});
