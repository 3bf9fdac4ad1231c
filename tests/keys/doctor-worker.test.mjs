// `doctor --worker`: the built Worker in workerd, in order and not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { OTHER_TOKEN, SECRETS, TOKEN, useWorkers } from "../worker/worker.mjs";
import { command, projectWith } from "./bed.mjs";

const ORIGIN = "https://app.example";
const workers = useWorkers();
const ready = workers.with({ ATTENTION_ALLOWED_ORIGINS: ORIGIN, ATTENTION_POLICY: "allow GET /v2/conversations/list" });
const closed = workers.with({ ATTENTION_POLICY: "allow GET /v2/users" });
const broken = workers.with({ ATTENTION_API_KEY: undefined });

async function doctor(t, service, args) {
  const { root, put } = await projectWith(t);
  await put("token", TOKEN);
  const url = `http://127.0.0.1:${workers.workerd.ports[service]}`;
  return command(["doctor", "--offline", "--worker", url, ...args], { cwd: root });
}

test("a correct Worker: it is ready, and this page and this caller may call", async (t) => {
  workers.begin();
  const ended = await doctor(t, ready, ["--origin", ORIGIN, "--token-from", "cat token"]);
  assert.equal(ended.code, 0, ended.all);
  for (const words of [
    /healthz answers 200/,
    /readyz answers 200: current [0-9a-f]{8}, in use/,
    /pages of https:\/\/app.example may call/,
    /the caller may read/,
  ])
    assert.match(ended.stdout, words);
  for (const secret of SECRETS) assert.ok(!ended.all.includes(secret));
});

test("another page, caller or policy, a missing key and a missing Worker are each reported with the next step", async (t) => {
  workers.begin();
  for (const [service, args, words] of [
    [ready, ["--origin", `${ORIGIN}/`], /may not call.*\n.*ATTENTION_ALLOWED_ORIGINS/],
    [ready, ["--token-from", `echo not-${OTHER_TOKEN}`], /the caller is refused: 401/],
    [closed, ["--token-from", "cat token"], /the caller is refused: 403 route_denied/],
    [broken, [], /readyz answers 503.*\n.*log has the reason/],
  ]) {
    const ended = await doctor(t, service, args);
    assert.equal(ended.code, 1, ended.all);
    assert.match(ended.stdout, words);
    for (const secret of SECRETS) assert.ok(!ended.all.includes(secret));
  }
  const { root } = await projectWith(t);
  const left = await startUpstream();
  await left.close();
  const nobody = await command(["doctor", "--offline", "--worker", left.url], { cwd: root });
  assert.match(nobody.stdout, /does not answer \(ECONNREFUSED\)/);
});
