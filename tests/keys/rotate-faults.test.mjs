// `keys rotate` with faults in every request and every command, compared with a table of expected outcomes.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { held, journalOf, placesOf, rotationWorld, STOP, traffic } from "./rotation-bed.mjs";

/** The requests of a rotation, in order. */
const REQUESTS = ["list", "create", "try", "list", "list", "try", "delete", "try", "list"];
const FAULTS = ["429", "lost before", "lost after", "500 before", "500 after", "403"];

/** The expected outcome: the problem that stops it, and whether it ends with a doubt. */
function expected(request, fault) {
  // A 403 means that the key was accepted but lacks a permission, which is enough for a test of the key.
  const denied = { list: "list_denied", create: "create_denied", delete: "delete_by_hand" };
  if (fault === "403") return { problem: denied[request] };
  // Requested again, because the name is not in the list; the first response could still arrive.
  if (request === "create" && / before$/.test(fault)) return { hasDoubt: true };
  return {};
}

function kindOf(request) {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith("/v2/api_keys")) return "try";
  return { GET: "list", POST: "create", DELETE: "delete" }[request.method];
}

/** Makes the nth request fail; returns the requests. */
function inject({ mock, judge }, nth, fault) {
  const seen = [];
  judge(async (request) => {
    seen.push(kindOf(request));
    if (seen.length !== nth + 1) return undefined;
    if (fault === "429") return new Response("", { status: 429, headers: { "retry-after": "0" } });
    if (fault === "403") return new Response("", { status: 403 });
    if (fault.endsWith("after")) await mock.handle(request);
    // A handler that throws breaks the connection.
    if (fault.startsWith("lost")) throw new Error("the connection broke");
    return new Response("", { status: 500 });
  });
  return seen;
}

async function assertRotated(world, stop) {
  const { old, api } = world;
  const found = await held(world);
  assert.deepEqual((await stop()).failed, []);
  assert.equal(found.next, undefined);
  assert.ok(found.worker === found.file && found.file === found.vault && found.vault !== old, JSON.stringify(found));
  assert.equal(api.mock.keys.get(old), undefined);
  assert.equal(api.mock.keys.list().filter(({ name }) => name === "reports 2027").length, 1);
}

/** Runs all of them, some at a time. */
async function each(cases, run) {
  const left = [...cases];
  const next = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await run(...one);
  };
  await Promise.all(Array.from({ length: 4 }, next));
}

/** Runs it: it must stop with this problem, and a retry must complete it. */
async function throughProblem(world, problem, given = {}, mend = () => {}) {
  const first = await world.rotate(["--json"], given);
  const told = JSON.parse(first.stdout);
  assert.ok(!first.all.includes(world.old), first.all);
  if (problem === undefined) return told;
  assert.equal(first.code, 1, first.all);
  assert.equal(told.question?.problem, problem, first.all);
  assert.ok(told.question.wayOn && told.question.wayBack && told.question.answers.length > 1);
  await mend();
  return JSON.parse((await world.rotate(["--resume", "--answer", "retry", "--json"], given)).stdout);
}

describe("faults, side by side as most of the time is waiting", { concurrency: true }, () => {
  test("every request × every fault: the reason is named, and the rotation can be completed", {
    timeout: 480_000,
  }, async (t) => {
    const pairs = REQUESTS.flatMap((request, nth) => FAULTS.map((fault) => [request, nth, fault]));
    await each(pairs, async (request, nth, fault) => {
      const world = await rotationWorld(t);
      const stop = traffic(world);
      const seen = inject(world.api, nth, fault);
      const { problem, hasDoubt } = expected(request, fault);
      const told = await throughProblem(world, problem);
      const where = `${request} ${nth}, ${fault}: ${JSON.stringify(told)}`;
      assert.equal(seen[nth], request, where);
      assert.equal(told.end?.ending, "rotated", where);
      assert.equal(told.end.unaccounted, hasDoubt ? 1 : 0, where);
      await assertRotated(world, stop);
    });
  });

  test("every command of a Worker × every fault", { timeout: 240_000 }, async (t) => {
    const failures = (command, name, problem) => ["before", "after"].map((fault) => [command, name, fault, problem]);
    const cases = [
      ["put", "ATTENTION_API_KEY_NEXT", "silent", "not_verified"],
      ["put", "ATTENTION_API_KEY", "silent", "not_verified"],
      ["delete", "ATTENTION_API_KEY_NEXT", "silent", "step_failed"],
      ["list", "", "silent", "step_failed"],
      ...failures("put", "ATTENTION_API_KEY_NEXT", "delivery_failed"),
      ...failures("put", "ATTENTION_API_KEY", "delivery_failed"),
      ...failures("delete", "ATTENTION_API_KEY_NEXT", "step_failed"),
      ...failures("list", "", "step_failed"),
    ];
    await each(cases, async (command, name, fault, problem) => {
      const world = await rotationWorld(t);
      const stop = traffic(world);
      const flag = `${world.secrets}.fault`;
      await writeFile(flag, "");
      const given = { env: { FAKE_FAULT: `${command}:${name}:${fault}` } };
      const told = await throughProblem(world, problem, given, () => rm(flag));
      assert.equal(told.end?.ending, "rotated", `${command} ${name} ${fault}: ${JSON.stringify(told)}`);
      await assertRotated(world, stop);
    });
  });

  describe("a vault's command", { concurrency: true }, () => {
    const keep = "cat > vault/.new && mv vault/.new vault/key";
    const cases = [
      ["missing", `if test -e broken; then no-such-vault put; else ${keep}; fi`, "delivery_failed"],
      ["failing, loudly", `if test -e broken; then cat >&2; exit 3; else ${keep}; fi`, "delivery_failed"],
      ["failing after it was done", `${keep}; test ! -e broken`, "delivery_failed"],
      ["silent", `if test -e broken; then cat > vault/other; else ${keep}; fi`, "not_verified"],
      ["slow once", `if test -e broken; then rm broken; exec sleep 30; else ${keep}; fi`, undefined],
    ];
    for (const [how, run, problem] of cases) {
      test(how, { timeout: 120_000 }, async (t) => {
        const vault = { name: "vault", kind: "command", run, read: "cat vault/key", timeout: "2s" };
        const world = await rotationWorld(t, { places: ["worker", "file", vault] });
        const stop = traffic(world);
        await world.project.put("broken", "");
        const told = await throughProblem(world, problem, {}, () => rm(join(world.root, "broken")));
        assert.equal(told.end?.ending, "rotated", JSON.stringify(told));
        await assertRotated(world, stop);
      });
    }
  });
});

test("if the API creates no keys, a key from the app is used", async (t) => {
  const world = await rotationWorld(t);
  const stop = traffic(world);
  world.api.judge((request) => (kindOf(request) === "create" ? new Response("", { status: 403 }) : undefined));
  const first = await world.rotate();
  assert.equal(first.code, 1, first.all);
  assert.match(first.stdout, /making one takes an Admin/);
  const made = world.api.mock.keys.create({ name: "reports 2027" }).value;
  const ended = await world.rotate(["--resume", "--answer", "take_key", "--new-key-stdin"], { input: made });
  assert.equal(ended.code, 0, ended.all);
  await assertRotated(world, stop);
});

test("with a lost new key, a list without values and a deleted old key, another key from the app completes it", async (t) => {
  const world = await rotationWorld(t, { places: ["worker"] });
  const { mock, judge } = world.api;
  // After the Worker has the key as its first, and before the journal has its verification.
  const killed = await world.rotate([], { env: { STOP_AT: "7:before" }, node: ["--import", STOP] });
  assert.equal(killed.signal, "SIGKILL", killed.all);
  const lost = (await held(world)).worker;
  judge(async (request) => {
    if (kindOf(request) !== "list") return undefined;
    const answer = await mock.handle(request);
    if (answer.status !== 200) return answer;
    return Response.json((await answer.json()).map((key) => ({ ...key, value: "" })));
  });
  mock.keys.delete(world.old);
  const stopped = await world.rotate(["--resume", "--json"]);
  assert.equal(JSON.parse(stopped.stdout).question?.problem, "new_key_missing", stopped.all);
  const other = mock.keys.create({ name: "from the app" }).value;
  const given = { input: other };
  const ended = await world.rotate(["--resume", "--answer", "take_key", "--new-key-stdin", "--json"], given);
  let told = JSON.parse(ended.stdout);
  // A person says what no list shows.
  for (let tries = 0; told.question !== undefined && tries < 4; tries += 1) {
    const code = told.question.answers.find(({ code }) => ["confirm", "deleted_by_hand"].includes(code))?.code;
    told = JSON.parse((await world.rotate(["--resume", "--answer", code, "--new-key-stdin", "--json"], given)).stdout);
  }
  assert.equal(told.end?.ending, "rotated", JSON.stringify(told));
  assert.equal((await held(world)).worker, other);
  // The lost key is named, so that somebody can delete it.
  assert.deepEqual(told.end.strays, [{ id: mock.keys.get(lost).id }]);
});

test("going back: every place has the old key again, and the new one is deleted", async (t) => {
  const vault = { name: "vault", kind: "command", run: "test -e mended && cat > vault/key", read: "cat vault/key" };
  const world = await rotationWorld(t, { places: ["worker", "file", vault] });
  const stop = traffic(world);
  const first = await world.rotate();
  assert.equal(first.code, 1, first.all);
  assert.match(first.stdout, /vault: the place did not take the key/);
  await world.project.put("mended", "");
  const second = await world.rotate(["--resume", "--answer", "go_back", "--json"]);
  assert.equal(second.code, 1, second.all);
  const { end } = JSON.parse(second.stdout);
  assert.deepEqual([end.ending, end.proof, end.strays, end.left], ["rolled_back", "rejected", [], null]);
  assert.deepEqual((await stop()).failed, []);
  const { next, ...others } = await held(world);
  assert.deepEqual([next, new Set(Object.values(others))], [undefined, new Set([world.old])]);
  assert.equal(world.api.mock.keys.get(world.old)?.revoked, false);
  assert.ok(!world.api.mock.keys.list().some(({ name }) => name === "reports 2027"));
});

describe("journals", () => {
  test("of two simultaneous rotations the second is refused, and the first completes", async (t) => {
    const wait = "until test -e go; do sleep 0.05; done; cat > vault/.new && mv vault/.new vault/key";
    const vault = { ...placesOf({ worker: {} }).vault, run: `touch waiting; ${wait}` };
    const world = await rotationWorld(t, { places: ["worker", "file", vault] });
    const first = world.rotate();
    while (!(await exists(join(world.root, "waiting")))) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const args of [[], ["--resume"]]) {
      const second = await world.rotate(args);
      assert.equal(second.code, 2, second.all);
      assert.match(second.stderr, /another rotation is in progress: process \d+/);
    }
    await world.project.put("go", "");
    assert.equal((await first).code, 0);
  });

  test("a journal that is in use, newer, torn or missing is refused with a reason, and stays unchanged", async (t) => {
    const world = await rotationWorld(t, { create: false });
    const path = "attention.rotate.json.journal";
    assert.match((await world.rotate(["--resume"])).stderr, /there is no rotation to resume/);
    // Stops because a key is missing.
    assert.equal((await world.rotate()).code, 2);
    const begun = await journalOf(world);
    const cases = [
      [begun, [], /a rotation is in progress.*\n.*--resume/],
      [begun.replace('"version":1', '"version":9'), ["--resume"], /version 9.*a newer one/],
      [begun.replace('"version":1', '"version":9'), [], /version 9.*a newer one/],
      [begun.slice(0, 40), ["--resume"], /the journal, line 1/],
      ["", ["--resume"], /the journal, line 1/],
    ];
    for (const [text, args, words] of cases) {
      await world.project.put(path, text);
      const ended = await world.rotate(args);
      assert.equal(ended.code, 2, ended.all);
      assert.match(ended.stderr, words);
      assert.equal(await journalOf(world), text);
    }
  });

  test("a configuration that changed during a rotation is refused", async (t) => {
    const world = await rotationWorld(t, { create: false });
    await world.rotate();
    const other = { places: [placesOf(world).file] };
    await world.project.put("attention.rotate.json", JSON.stringify(other));
    assert.match((await world.rotate(["--resume"])).stderr, /has the places worker, file, vault, but .* has file/);
  });

  const exists = (path) =>
    import("node:fs/promises").then(({ access }) =>
      access(path).then(
        () => true,
        () => false,
      ),
    );
});
