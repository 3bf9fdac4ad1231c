// `attention-wasm/core`: the driver in its documentation runs unchanged, and throws AttentionErrors.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { importPacked } from "../runtimes/packed.mjs";
import { attention, FAKE_KEY, FAKE_NEXT_KEY, rejection } from "./fixture.mjs";

const core = await importPacked("attention-wasm/core");
const { Action, errorOf, Failure, Slot, Upstream } = core;

/** The example as a function, with its imports and free variables as parameters. */
async function example() {
  const source = await readFile(new URL("../../pkg/src/core.ts", import.meta.url), "utf8");
  const [, block] = /```js\n([\s\S]*?)```/.exec(source);
  const [, names, code] = /^import \{ (.*) \} from "attention-wasm\/core";\n([\s\S]*)$/.exec(
    block.replaceAll(/^ \* ?/gm, ""),
  );
  const AsyncFunction = (async () => {}).constructor;
  const run = new AsyncFunction(...names.split(", "), "key", "fetch", "setTimeout", code);
  return (fetch) => run(...names.split(", ").map((name) => core[name]), FAKE_KEY, fetch, (done) => done());
}

test("the driver in the documentation answers, retries and fails as the client does", async () => {
  const call = await example();
  const sending = (...answers) => {
    const sent = [];
    const outcome = call(async (url, { headers }) => {
      sent.push(`${url} ${headers.authorization}`);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError("cut");
      return new Response(answer === 404 ? '{"message":"gone for good"}' : "", { status: answer });
    });
    return { sent, outcome };
  };
  const once = `https://api.attention.tech/v2/users Bearer ${FAKE_KEY}`;
  for (const [answers, sends] of [
    [[200], 1],
    [[503, 500, 200], 3],
  ]) {
    const { sent, outcome } = sending(...answers);
    assert.equal((await outcome).status, 200);
    assert.deepEqual(sent, Array(sends).fill(once));
  }
  for (const [answers, kind, attempts] of [
    [[404], "not_found", 1],
    [[503, 503, 503], "server", 3],
    [[], "connection", 3],
  ]) {
    const error = await rejection(sending(...answers).outcome);
    assert.ok(error instanceof attention.AttentionError, String(error));
    assert.deepEqual([error.kind, error.attempts], [kind, attempts]);
    if (kind === "not_found") assert.match(error.message, /gone for good/);
  }
});

test("the binding throws an AttentionError of the client's classes", () => {
  for (const refused of [
    () => new Upstream(undefined, "Bearer fake", undefined, false),
    () => new Upstream(undefined, FAKE_KEY, "", false),
    () => new Upstream(undefined, FAKE_KEY, undefined, false).replaceKeys("not a key"),
  ]) {
    assert.throws(refused, (error) => error.constructor === attention.InvalidKeyError && !("findings" in error));
  }
  assert.throws(() => new Upstream("http://api.attention.tech", FAKE_KEY, undefined, false), attention.ConfigError);
  assert.throws(() => new Upstream(undefined, undefined, undefined, false), TypeError);
});

test("an enum has its names, and a step shows no key", () => {
  const names = (values) => Object.keys(values).filter((name) => Number.isNaN(Number(name)));
  assert.deepEqual(names(Action), ["Send", "Wait", "Success", "Rejected", "Failed"]);
  assert.deepEqual(names(Slot), ["Current", "Next"]);
  assert.deepEqual(names(Failure), ["Connection", "Timeout", "Aborted"]);
  const upstream = new Upstream(undefined, FAKE_KEY, FAKE_NEXT_KEY, false);
  const step = upstream.begin({ method: "POST", path: "/x", query: "a=b" }, 0, 0);
  const other = upstream.onResponse(step.call, 401, new Headers(), 0, 0);
  assert.deepEqual([step.slot, other.slot], [Slot.Current, Slot.Next]);
  const rejected = upstream.onResponse(step.call, 401, new Headers(), 0, 0);
  assert.equal(rejected.action, Action.Rejected);
  const facts = upstream.error(step.call, FAKE_KEY, 0);
  const shown = JSON.stringify([step, other, rejected, facts, errorOf(facts), upstream.keys(), { ...upstream }]);
  assert.ok(!shown.includes(FAKE_KEY) && !shown.includes(FAKE_NEXT_KEY), shown);
  upstream.free();
});

test("a request that cannot be read is a TypeError, and costs nothing", () => {
  const upstream = new Upstream(undefined, FAKE_KEY, undefined, false);
  const get = { method: "GET", path: "/x" };
  const odd = () => {
    throw new TypeError("odd");
  };
  for (const request of [
    ...[5, undefined, null, {}, new String("/x"), Symbol("/x")].map((path) => ({ ...get, path })),
    ...[5, null, {}, new URLSearchParams("a=b")].map((query) => ({ ...get, query })),
    ...[Symbol("1"), 1n].map((timeout) => ({ ...get, timeout })),
    { ...get, attemptTimeout: { valueOf: odd } },
    {
      ...get,
      get method() {
        return odd();
      },
    },
    new Proxy(get, { get: odd }),
    undefined,
    null,
  ]) {
    assert.throws(() => upstream.begin(request, 0, 0), TypeError);
    assert.equal(upstream.openCalls(), 0);
  }
  const { call } = upstream.begin(get, 0, 0);
  assert.equal(upstream.onResponse(call, 200, new Headers(), 0, 0).action, Action.Success);
  upstream.free();
});
