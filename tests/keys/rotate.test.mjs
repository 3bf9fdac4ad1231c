// `keys rotate`: from beginning to end, and after a SIGKILL before and after every step, with traffic all the time.
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fingerprint, held, journalOf, rotationWorld, STOP, traffic } from "./rotation-bed.mjs";

/** The correct end: every place has only the new key, and only the new key is valid. */
async function assertRotated(world) {
  const { old, api } = world;
  const found = await held(world);
  assert.equal(found.next, undefined);
  assert.ok(found.worker === found.file && found.file === found.vault && found.vault !== old, JSON.stringify(found));
  assert.equal(api.mock.keys.get(old), undefined);
  assert.equal(api.mock.keys.get(found.worker)?.revoked, false);
  return found.worker;
}

/** The keys are neither in the output nor in any file other than the places. */
async function assertNoLeak(world, ended, ...keys) {
  for (const key of keys) {
    assert.ok(!ended.all.includes(key), ended.all);
    assert.ok(!(await journalOf(world)).includes(key));
  }
  assert.deepEqual(
    (await readdir(world.root)).filter((name) => /\.(part|lock)/.test(name)),
    [],
  );
}

test("a key is created, delivered, verified and promoted; the old one is provably deleted; no call fails", async (t) => {
  const world = await rotationWorld(t);
  const stop = traffic(world);
  const ended = await world.rotate();
  const { failed, calls } = await stop();
  assert.equal(ended.code, 0, ended.all);
  const made = await assertRotated(world);
  assert.deepEqual(failed, []);
  assert.ok(calls > 20);
  assert.match(ended.stdout, /now answers 401/);
  assert.equal((await stat(join(world.root, "attention.rotate.json.journal"))).mode & 0o777, 0o600);
  await assertNoLeak(world, ended, world.old, made);
  const again = await world.rotate(["--resume", "--json"]);
  assert.equal(again.code, 0, again.all);
  const told = JSON.parse(again.stdout);
  assert.deepEqual([told.state, told.end.ending, told.new], ["ended", "rotated", fingerprint(made)]);
});

test("a key from the app is read first, and a person deletes the old one if the API does not", async (t) => {
  const world = await rotationWorld(t, { create: false });
  const made = world.api.mock.keys.create({ name: "from the app" }).value;
  const stop = traffic(world);
  // The API has no such path.
  world.api.deny("DELETE");
  const ended = await world.rotate(["--new-key-stdin"], { input: `${made}\r\n` });
  assert.equal(ended.code, 1, ended.all);
  assert.match(ended.stdout, /cannot be deleted over the API[\s\S]*Delete it: it stops working at once/);
  world.api.mock.keys.delete(world.old);
  const resumed = await world.rotate(["--resume", "--answer", "deleted_by_hand"], { env: { ATTENTION_API_KEY: made } });
  assert.equal(resumed.code, 0, resumed.all);
  assert.equal(await assertRotated(world), made);
  assert.deepEqual((await stop()).failed, []);
  await assertNoLeak(world, ended, world.old, made);
});

describe("SIGKILL", () => {
  test("before and after every step: --resume completes it, and no call fails", { timeout: 480_000 }, async (t) => {
    const whole = await rotationWorld(t);
    assert.equal((await whole.rotate()).code, 0);
    const writings = JSON.parse(await journalOf(whole)).revision;
    assert.ok(writings > 15, `${writings}`);
    const stops = Array.from({ length: writings }, (_, at) => [`${at + 1}:before`, `${at + 1}:after`]).flat();
    const next = async () => {
      for (let at = stops.shift(); at !== undefined; at = stops.shift()) await crash(t, at);
    };
    await Promise.all([next(), next(), next()]);
  });

  async function crash(t, at) {
    const world = await rotationWorld(t);
    const stop = traffic(world);
    const killed = await world.rotate([], { env: { STOP_AT: at }, node: ["--import", STOP] });
    assert.equal(killed.signal, "SIGKILL", `${at}: ${killed.all}`);
    const hasJournal = await journalOf(world).then(
      () => true,
      () => false,
    );
    const resumed = await world.rotate(hasJournal ? ["--resume"] : []);
    // Killed right before it requested a key: it is unknown whether it did, so a person is told to look.
    const mayHaveAsked = at === "2:after";
    assert.equal(resumed.code, mayHaveAsked ? 1 : 0, `${at}: ${resumed.all}`);
    assert.equal(/1 more may exist/.test(resumed.stdout), mayHaveAsked, resumed.all);
    const made = await assertRotated(world);
    assert.deepEqual((await stop()).failed, [], at);
    await assertNoLeak(world, resumed, world.old, made);
  }
});
