// Performs docs/keys.md: its commands, and its recipes for vaults with fakes of their programs.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { command } from "./bed.mjs";
import { program, rotationWorld } from "./rotation-bed.mjs";

const read = (name) => readFile(new URL(`../../${name}`, import.meta.url), "utf8");
const guide = await read("docs/keys.md");
const blocks = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text));

/** Like the real ones, they store their input unchanged and refuse unknown arguments. */
const FAKES = {
  aws: `case "$*" in
    "secretsmanager put-secret-value --secret-id attention --secret-string file:///dev/stdin") cat /dev/stdin > aws.kept ;;
    "secretsmanager get-secret-value --secret-id attention --query SecretString --output text") cat aws.kept; echo ;;
    *) exit 252 ;; esac`,
  vault: `case "$*" in
    "kv put -mount=secret attention key=-") cat > vault.kept ;;
    "kv get -mount=secret -field=key attention") cat vault.kept ;;
    *) exit 2 ;; esac`,
  op: `case "$*" in
    "item get attention --format json") echo '{"id":"i","fields":[{"id":"username","value":"u"},{"id":"credential","value":"old"}]}' ;;
    "item edit attention") jq -j '.fields[1].value' > op.kept ;;
    "read op://vault/attention/credential") cat op.kept; echo ;;
    *) exit 1 ;; esac`,
  gh: `case "$*" in
    "secret set ATTENTION_API_KEY --env production") cat > gh.kept ;;
    "workflow run deploy.yml") ;;
    *) exit 1 ;; esac`,
};

describe("each vault's recipe stores the exact key, and shows it to nobody", () => {
  for (const [name, tool, needs] of [
    ["aws", "aws", ""],
    ["vault", "vault", ""],
    ["1password", "op", ", with the real jq"],
    ["github", "gh", ""],
  ])
    test(`${name}${needs}`, async (t) => {
      const recipe = blocks.find((block) => block.name === name);
      assert.ok(recipe, `docs/keys.md has no recipe ${name}`);
      const world = await rotationWorld(t);
      const place = { ...recipe, ...(recipe.urls && { urls: [`${world.worker.url}/call`] }) };
      await writeFile(
        join(world.root, "attention.rotate.json"),
        JSON.stringify({ create: { name: "reports 2027" }, quiet: "0s", places: [place] }),
      );
      // Every program records its arguments and environment.
      const watch = 'printf "%s " "$@" >> seen; env >> seen';
      await program(world, tool, `#!/bin/sh\n${watch}\n${FAKES[tool]}\n`);
      // Only the places of the configuration are rotated, so the Worker needs another key.
      if (recipe.urls)
        await writeFile(world.secrets, JSON.stringify({ ATTENTION_API_KEY: world.api.mock.keys.create().value }));
      const ended = await world.rotate();
      assert.equal(ended.code, 0, ended.all);
      const kept = await readFile(join(world.root, `${tool}.kept`), "utf8");
      const made = world.api.mock.keys.list().find((key) => key.name === "reports 2027");
      assert.equal(kept, made.value);
      for (const text of [await readFile(join(world.root, "seen"), "utf8"), ended.all])
        for (const secret of [made.value, world.old]) assert.ok(!text.includes(secret), text);
    });
});

test("the command reads the configuration of docs/keys.md", async (t) => {
  const world = await rotationWorld(t);
  await writeFile(join(world.root, "attention.rotate.json"), JSON.stringify(blocks.find((block) => block.places)));
  const ended = await world.rotate(["--resume"]);
  assert.match(ended.stderr, /there is no rotation to resume/);
});

test("every step of docs/keys.md is a command that works", async (t) => {
  const world = await rotationWorld(t);
  await world.project.git("init", "-q");
  await world.project.put(".gitignore", "*\n");
  const steps = [...guide.matchAll(/^\| [^|]+ \| `npx attention-wasm ([^`]+)`/gm)].map(([, step]) => step.split(" "));
  assert.ok(steps.length >= 10, `${steps}`);
  for (const step of steps) {
    const key = world.api.mock.keys.list().find(({ name }) => /reports 2027|Default/.test(name)).value;
    const given = { cwd: world.root, env: { ...world.env, ATTENTION_API_KEY: key } };
    const ended = await command(step, given);
    // Findings are not a failure: an audit always reports something about a mock's keys.
    const well = step[1] === "audit" ? [0, 1] : [0];
    assert.ok(well.includes(ended.code), `${step.join(" ")}: ${ended.all}`);
    assert.ok(!ended.all.includes(key));
  }
});

test("the rotation in the README is what the command prints", async (t) => {
  const world = await rotationWorld(t);
  const { stdout } = await world.rotate();
  const [, shown] = /```text\n\$ npx attention-wasm keys rotate\n(.*?)```/s.exec(await read("README.md")) ?? [];
  assert.equal(shown, stdout);
});
