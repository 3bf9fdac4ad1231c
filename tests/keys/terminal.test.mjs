// The command on a real terminal: hidden prompts, Ctrl-C, colours, questions.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { packageFolder } from "../runtimes/packed.mjs";
import { held, journalOf, rotationWorld } from "./rotation-bed.mjs";

const TERMINAL = fileURLToPath(new URL("fakes/terminal.py", import.meta.url));

/** Runs the command; each of the script's texts is typed once its prompt is shown. */
async function onTerminal(args, { cwd, env }, script = []) {
  const program = join(await packageFolder(), "dist/cli.js");
  const { PATH, HOME } = process.env;
  return new Promise((resolve, reject) => {
    execFile(
      "python3",
      [TERMINAL, process.execPath, program, ...args, JSON.stringify(script)],
      { cwd, env: { PATH, HOME, TERM: "xterm", ...env } },
      (error, stdout) => (error === null ? resolve(JSON.parse(stdout)) : reject(error)),
    );
  });
}

test("a key is pasted into a hidden prompt: in pieces, corrected, and with surrounding text reported", async (t) => {
  const { old, root, env } = await rotationWorld(t);
  const ended = await onTerminal(["keys", "list"], { cwd: root, env }, [["hidden", `x\x7f${old}\r`]]);
  assert.deepEqual([ended.code, ended.left], [0, 0], ended.shown);
  assert.match(ended.shown, /Default mock key/);
  assert.ok(!ended.shown.includes(old) && !ended.shown.includes(old.slice(-20)), ended.shown);
  for (const [pasted, words] of [
    [`Bearer ${old}`, /Bearer/],
    [`"${old}"`, /quot/],
    ["", /empty|no key/],
  ]) {
    const refused = await onTerminal(["keys", "list"], { cwd: root, env }, [["hidden", `${pasted}\n`]]);
    assert.deepEqual([refused.code, words.test(refused.shown)], [2, true], refused.shown);
    assert.ok(!refused.shown.includes(old.slice(-20)), refused.shown);
  }
});

test("Ctrl-C at a prompt ends it with 130, and leaves no lock", async (t) => {
  const { old, root, env, rotate } = await rotationWorld(t, { create: false });
  assert.equal((await onTerminal(["keys", "list"], { cwd: root, env }, [["hidden", "\x03"]])).code, 130);
  const given = { cwd: root, env: { ...env, ATTENTION_API_KEY: old } };
  const left = await onTerminal(["keys", "rotate"], given, [["The new key", "\x03"]]);
  assert.equal(left.code, 130, left.shown);
  assert.doesNotMatch((await rotate(["--resume"])).stderr, /another rotation/);
});

test("a rotation by a person: the key is pasted, the old one is refused, and then deleted by hand", async (t) => {
  const world = await rotationWorld(t, { create: false });
  const made = world.api.mock.keys.create({ name: "pasted" }).value;
  world.api.deny("DELETE");
  // The person deletes it in the app before saying so.
  world.api.judge((request) => {
    if (request.method === "DELETE") world.api.mock.keys.delete(world.old);
    return undefined;
  });
  const given = { cwd: world.root, env: { ...world.env, ATTENTION_API_KEY: world.old } };
  const ended = await onTerminal(["keys", "rotate"], given, [
    ["The new key", `${world.old}\r`],
    ["Your answer", "take_key\r"],
    ["The new key", `'${made}'\r`],
    ["The new key", `  ${made}\r`],
    ["Your answer", "deleted_by_hand\r"],
  ]);
  assert.deepEqual([ended.code, ended.left], [0, 0], ended.shown);
  assert.match(ended.shown, /the new key is the old one/);
  assert.match(ended.shown, /Delete it: it stops working at once/);
  const { worker, file, vault } = await held(world);
  assert.deepEqual([worker, file, vault], [made, made, made]);
  for (const key of [made, world.old]) assert.ok(!(ended.shown + (await journalOf(world))).includes(key), ended.shown);
});

test("revoke asks for the name, and does nothing for another", async (t) => {
  const { old, root, env, api } = await rotationWorld(t);
  const { id } = api.mock.keys.create({ name: "laptop" });
  const given = { cwd: root, env: { ...env, ATTENTION_API_KEY: old } };
  const wrong = await onTerminal(["keys", "revoke", id], given, [["Type its name", "y\r"]]);
  assert.deepEqual([wrong.code, api.mock.keys.get(id)?.name], [2, "laptop"], wrong.shown);
  const right = await onTerminal(["keys", "revoke", id], given, [["Type its name", "laptop\r"]]);
  assert.deepEqual([right.code, api.mock.keys.get(id)], [0, undefined], right.shown);
});

test("colours on a terminal but not with NO_COLOR; progress only after a second", async (t) => {
  const { old, root, env } = await rotationWorld(t);
  const list = (more) => onTerminal(["keys", "list"], { cwd: root, env: { ...env, ATTENTION_API_KEY: old, ...more } });
  assert.ok((await list({})).shown.includes("\x1b[2mNAME"));
  const plain = await list({ NO_COLOR: "1" });
  assert.ok(!plain.shown.includes("\x1b[2m"), plain.shown);
  const slow = { ATTENTION_BASE_URL: (await slowApi(t, old)).base };
  assert.match((await list(slow)).shown, /calling the API …/);
});

/** An API that needs one and a half seconds. */
async function slowApi(t) {
  const { api } = await rotationWorld(t);
  api.judge(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });
  return api;
}
