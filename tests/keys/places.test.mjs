// The kinds of places, each with its two keys: a Secrets Store, a command that holds two, a Worker that is asked as a
// caller and as its operator.
import assert from "node:assert/strict";
import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CALLER, callWith, OPERATOR, placesOf, rotationWorld, traffic } from "./rotation-bed.mjs";

const STORE = ["store-1", "store-2"];
const secretsOf = async ({ secrets }) => JSON.parse(await readFile(secrets, "utf8"));
const newKeys = ({ api }) => api.mock.keys.list().filter(({ name }) => name === "reports 2027");

/** A vault that accepts no key until it is repaired, after the tested place. */
const brokenVault = {
  ...placesOf({ worker: {} }).vault,
  run: "test -e mended && cat > vault/.new && mv vault/.new vault/key",
};

/** Rotates until the vault stops it, and goes back. */
async function goBack(world) {
  const stop = traffic(world);
  const first = await world.rotate(["--json"]);
  assert.equal(JSON.parse(first.stdout).question?.problem, "delivery_failed", first.all);
  await world.project.put("mended", "");
  const second = await world.rotate(["--resume", "--answer", "go_back", "--json"]);
  assert.equal(JSON.parse(second.stdout).end?.ending, "rolled_back", second.all);
  assert.deepEqual((await stop()).failed, []);
  assert.deepEqual(newKeys(world), []);
}

describe("side by side, as most of the time is waiting", { concurrency: true }, () => {
  describe("a Secrets Store, as wrangler writes it", { concurrency: true }, () => {
    for (const nextSecret of [STORE[1], undefined]) {
      const how = nextSecret === undefined ? "one secret" : "two secrets: between rotations, both hold the same key";
      const ring = nextSecret === undefined ? STORE.slice(0, 1) : STORE;

      async function storeWorld(t, others) {
        const world = await rotationWorld(t, { ring });
        const { nextSecret: _, ...store } = placesOf(world).store;
        const place = { ...store, urls: [`${world.worker.url}/call`], ...(nextSecret && { nextSecret }) };
        const places = [place, ...others.map((each) => (typeof each === "string" ? placesOf(world)[each] : each))];
        const config = { create: { name: "reports 2027" }, quiet: "0s", places };
        await world.project.put("attention.rotate.json", JSON.stringify(config));
        return world;
      }

      test(how, async (t) => {
        const world = await storeWorld(t, ["file", "vault"]);
        const stop = traffic(world);
        const ended = await world.rotate();
        assert.equal(ended.code, 0, ended.all);
        assert.deepEqual((await stop()).failed, []);
        const [made] = newKeys(world);
        const secrets = await secretsOf(world);
        assert.deepEqual(new Set(ring.map((name) => secrets[name])), new Set([made.value]));
        // Nothing else in the account is changed.
        assert.equal(secrets.ATTENTION_API_KEY, world.old);
        assert.equal(world.api.mock.keys.get(world.old), undefined);
        for (const secret of [world.old, made.value]) assert.ok(!ended.all.includes(secret));
      });

      test(`${how}; going back leaves no deleted key there`, async (t) => {
        const world = await storeWorld(t, ["file", brokenVault]);
        await goBack(world);
        const secrets = await secretsOf(world);
        assert.deepEqual(new Set(ring.map((name) => secrets[name])), new Set([world.old]));
      });
    }

    for (const [fault, problem] of [
      ["before", "delivery_failed"],
      ["after", "delivery_failed"],
      ["silent", "not_verified"],
    ])
      test(`wrangler fails, ${fault}: reported, and a retry completes it`, async (t) => {
        const world = await rotationWorld(t, { ring: STORE });
        await world.project.put(
          "attention.rotate.json",
          JSON.stringify({
            create: { name: "reports 2027" },
            quiet: "0s",
            places: ["store", "file", "vault"].map((name) => placesOf(world)[name]),
          }),
        );
        const flag = `${world.secrets}.fault`;
        await world.project.put("secrets.json.fault", "");
        const given = { env: { FAKE_FAULT: `secret::${fault}` } };
        const stop = traffic(world);
        const first = await world.rotate(["--json"], given);
        assert.equal(JSON.parse(first.stdout).question?.problem, problem, first.all);
        assert.ok(!first.all.includes(world.old));
        await rm(flag);
        const ended = await world.rotate(["--resume", "--answer", "retry"], given);
        assert.equal(ended.code, 0, ended.all);
        assert.deepEqual((await stop()).failed, []);
      });
  });

  describe("a command that holds two keys", { concurrency: true }, () => {
    const two = {
      name: "two",
      kind: "command",
      run: "cat > two.key.new && mv two.key.new two.key",
      read: "cat two.key",
      runNext: "cat > two.next.new && mv two.next.new two.next",
      readNext: "cat two.next",
      clearNext: "rm -f two.next && echo cleared >> two.log",
    };

    async function twoWorld(t, places) {
      const world = await rotationWorld(t, { places });
      await world.project.put("two.key", world.old);
      return world;
    }

    const isThere = (path) =>
      access(path).then(
        () => true,
        () => false,
      );

    test("the next key first, then the current one, and the next one is removed", async (t) => {
      const world = await twoWorld(t, [two, "worker", "file", "vault"]);
      const stop = traffic(world);
      const ended = await world.rotate(["--json"]);
      assert.equal(JSON.parse(ended.stdout).end?.ending, "rotated", ended.all);
      assert.deepEqual((await stop()).failed, []);
      const key = await readFile(join(world.root, "two.key"), "utf8");
      assert.equal(key, newKeys(world)[0].value);
      assert.equal(await callWith(world.api, key), 200);
      assert.equal(await isThere(join(world.root, "two.next")), false);
    });

    test("going back removes the next key too", async (t) => {
      const world = await twoWorld(t, [two, "worker", "file", brokenVault]);
      await goBack(world);
      assert.equal(await readFile(join(world.root, "two.key"), "utf8"), world.old);
      assert.equal(await isThere(join(world.root, "two.next")), false);
      assert.match(await readFile(join(world.root, "two.log"), "utf8"), /cleared/);
    });

    for (const [member, problem] of [
      ["runNext", "delivery_failed"],
      ["readNext", "not_verified"],
      ["clearNext", "step_failed"],
    ])
      test(`${member} fails: reported, and a retry completes it`, async (t) => {
        const broken = { ...two, [member]: `if test -e broken; then cat two.key >&2; exit 3; else ${two[member]}; fi` };
        const world = await twoWorld(t, [broken, "worker", "file", "vault"]);
        await world.project.put("broken", "");
        const first = await world.rotate(["--json"]);
        const { question } = JSON.parse(first.stdout);
        assert.deepEqual([question?.problem, question?.place], [problem, "two"], first.all);
        for (const secret of [world.old, newKeys(world)[0].value]) assert.ok(!first.all.includes(secret), first.all);
        await rm(join(world.root, "broken"));
        const ended = await world.rotate(["--resume", "--answer", "retry"]);
        assert.equal(ended.code, 0, ended.all);
        assert.equal(await isThere(join(world.root, "two.next")), false);
      });
  });

  describe("a Worker that is asked with tokens", { concurrency: true }, () => {
    const PROBE = "POST /admin/keys/next/test";
    const CALL = "GET /v2/conversations/list?page=1&size=1";

    async function tokenWorld(t, tokens) {
      const world = await rotationWorld(t, { places: ["file"] });
      await world.project.put("caller", CALLER);
      await world.project.put("operator", OPERATOR);
      const { urls: _, ...worker } = placesOf(world).worker;
      const places = [{ ...worker, ...tokens }, placesOf(world).file, placesOf(world).vault];
      const config = { create: { name: "reports 2027" }, quiet: "0s", places };
      await world.project.put("attention.rotate.json", JSON.stringify(config));
      return world;
    }

    test("the operator's token tests the next key before it is the current one, the caller's calls with it", async (t) => {
      const world = await tokenWorld(t, { tokenFrom: "cat caller", adminTokenFrom: "cat operator" });
      const ended = await world.rotate();
      assert.equal(ended.code, 0, ended.all);
      const { asked } = world.worker;
      assert.ok(asked.includes(PROBE) && asked.indexOf(PROBE) < asked.indexOf(CALL), asked.join("\n"));
      for (const secret of [CALLER, OPERATOR]) assert.ok(!ended.all.includes(secret));
    });

    for (const [tokens, words] of [
      [{ tokenFrom: "cat operator" }, /conversations\/list answers 401/],
      [{ tokenFrom: "cat caller >&2; exit 3" }, /of tokenFrom ended with 3/],
      [{ adminTokenFrom: "cat caller" }, /tested its next key: refused/],
      [{ adminTokenFrom: "true" }, /of adminTokenFrom printed nothing/],
    ])
      test(`${JSON.stringify(tokens)}: the old key stays, and the reason is shown without a token`, async (t) => {
        const world = await tokenWorld(t, tokens);
        const ended = await world.rotate();
        assert.equal(ended.code, 1, ended.all);
        assert.match(ended.all, words);
        assert.equal(world.api.mock.keys.get(world.old)?.revoked, false);
        for (const secret of [CALLER, OPERATOR]) assert.ok(!ended.all.includes(secret));
      });
  });
});
