// Every limit of the Worker is written once, in the gateway: a build in which each is half as large passes the tests
// that read them from its source, with no file of the Worker edited. `ATTENTION_SLOW=1 node --test tests/worker/halved.test.mjs`
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { copyRepository } from "./copied-repository.mjs";
import { halve } from "./rust-limits.mjs";

const run = promisify(execFile);
const slow = process.env.ATTENTION_SLOW === "1" ? {} : { skip: "builds for two minutes; ATTENTION_SLOW=1 runs it" };

test("with every limit of the gateway halved, the Worker follows without edits", {
  ...slow,
  timeout: 900_000,
}, async (t) => {
  const folder = await copyRepository(/^(crates|xtask|worker|\.cargo|Cargo\.\w+|package[\w-]*\.json|clippy\.toml)/);
  t.after(() => rm(folder, { recursive: true }));
  assert.ok(halve(folder) > 40, "limits were found");
  await run("cargo", ["xtask", "build", "worker"], { cwd: folder });
  const env = { ...process.env, ATTENTION_HALVED: folder, NODE_TEST_CONTEXT: undefined };
  const tests = fileURLToPath(new URL("bounds.test.mjs", import.meta.url));
  const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", tests], { env });
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# pass 1\d$/m);
});
