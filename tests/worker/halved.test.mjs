// Every limit of the Worker is written once, in the gateway: a build in which each is half as large passes the tests
// that read them from its source, with no file of the Worker edited. `ATTENTION_SLOW=1 node --test tests/worker/halved.test.mjs`
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { halve } from "./rust-limits.mjs";

const run = promisify(execFile);
const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const slow = process.env.ATTENTION_SLOW === "1" ? {} : { skip: "builds for two minutes; ATTENTION_SLOW=1 runs it" };

/** A copy of the repository, as far as building takes it, with the tools of this one. */
async function copy() {
  const folder = await mkdtemp(join(tmpdir(), "attention-halved-"));
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: repo });
  const needed = /^(crates|xtask|worker|\.cargo|Cargo\.\w+|package[\w-]*\.json|clippy\.toml)/;
  for (const file of stdout.split("\0").filter((name) => needed.test(name))) {
    await cp(join(repo, file), join(folder, file), { recursive: true }).catch((error) => {
      // Deleted, and not committed yet.
      if (error.code !== "ENOENT") throw error;
    });
  }
  await mkdir(join(folder, ".tools"));
  await symlink(join(repo, ".tools/bin"), join(folder, ".tools/bin"));
  await symlink(join(repo, "node_modules"), join(folder, "node_modules"));
  return folder;
}

test("with every limit of the gateway halved the Worker follows, unedited", {
  ...slow,
  timeout: 900_000,
}, async (t) => {
  const folder = await copy();
  t.after(() => rm(folder, { recursive: true }));
  assert.ok(halve(folder) > 40, "limits were found");
  await run("cargo", ["xtask", "build", "worker"], { cwd: folder });
  const env = { ...process.env, ATTENTION_HALVED: folder, NODE_TEST_CONTEXT: undefined };
  const tests = fileURLToPath(new URL("bounds.test.mjs", import.meta.url));
  const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", tests], { env });
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# pass 1\d$/m);
});
