// Every limit of the client is written once, in Rust: a build in which each is half as large passes the tests that
// read them from the binding, with no file of the package edited. `ATTENTION_SLOW=1 node --test tests/node/halved.test.mjs`
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { copyRepository } from "../worker/copied-repository.mjs";

const run = promisify(execFile);
const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const slow = process.env.ATTENTION_SLOW === "1" ? {} : { skip: "builds for a minute; ATTENTION_SLOW=1 runs it" };

/** What is halved: a file of core, what is in it, and what takes its place. */
const LIMITS = [
  ["call/error.rs", "MAX_ERROR_BODY_BYTES: usize = 64 * 1024", "MAX_ERROR_BODY_BYTES: usize = 32 * 1024"],
  ["call/error.rs", "MAX_SERVER_MESSAGE_CHARS: usize = 500", "MAX_SERVER_MESSAGE_CHARS: usize = 250"],
  [
    "call/retry.rs",
    "DEFAULT_TIMEOUT: Duration = Duration::from_mins(1)",
    "DEFAULT_TIMEOUT: Duration = Duration::from_secs(30)",
  ],
  ["call/retry.rs", "max_retries: 2,", "max_retries: 1,"],
  ["call/retry.rs", "base: Duration::from_millis(500)", "base: Duration::from_millis(250)"],
  ["call/retry.rs", "cap: Duration::from_secs(8)", "cap: Duration::from_secs(4)"],
  ["call/retry.rs", "longest_wait: Duration::from_mins(1)", "longest_wait: Duration::from_secs(30)"],
  ["call/retry.rs", "CAPACITY: u16 = 500", "CAPACITY: u16 = 250"],
  ["url/path.rs", "MAX_TARGET_BYTES: usize = 8 * 1024", "MAX_TARGET_BYTES: usize = 4 * 1024"],
  ["credential/key_error.rs", "MAX_KEY_BYTES: usize = 8 * 1024", "MAX_KEY_BYTES: usize = 4 * 1024"],
];

async function halve(folder) {
  for (const [file, limit, half] of LIMITS) {
    const path = join(folder, "crates/core/src", file);
    const parts = (await readFile(path, "utf8")).split(limit);
    assert.equal(parts.length, 2, `${file} has "${limit}" ${parts.length - 1} times`);
    await writeFile(path, parts.join(half));
  }
}

test("with every limit in Rust halved the package follows, unedited", { ...slow, timeout: 600_000 }, async (t) => {
  const folder = await copyRepository(
    /^(crates|pkg|xtask|worker|openapi|\.cargo|Cargo\.\w+|package[\w-]*\.json|clippy\.toml)/,
  );
  t.after(() => rm(folder, { recursive: true }));
  await halve(folder);
  await run("cargo", ["xtask", "build", "pkg"], { cwd: folder });
  const defaultsOf = async (root) => (await import(pathToFileURL(join(root, "pkg/dist/core.js")))).defaults();
  const [usual, halved] = [await defaultsOf(repo), await defaultsOf(folder)];
  for (const name of ["timeout", "maxRetries", "maxErrorBody"]) assert.equal(halved[name], usual[name] / 2, name);
  const tests = fileURLToPath(new URL("limits.test.mjs", import.meta.url));
  const env = { ...process.env, ATTENTION_REPO: folder, NODE_TEST_CONTEXT: undefined };
  const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", tests], { env });
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# pass [1-9]/m);
});
