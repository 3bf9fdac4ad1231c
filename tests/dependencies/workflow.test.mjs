// The workflow has a job for every suite, and no other job.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFile(join(repo, path), "utf8");

let suites;
let jobs;
before(async () => {
  const table = [
    ...(await read("xtask/src/suites.rs")).split("#[cfg(test)]")[0].matchAll(/\b(?:cargo|suite)\(\s*"([\w-]+)"/g),
  ];
  const folders = [];
  for (const entry of await readdir(join(repo, "tests"), { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === "node_modules") continue;
    const files = await readdir(join(repo, "tests", entry.name), { recursive: true });
    if (files.some((file) => file.endsWith(".test.mjs"))) folders.push(entry.name);
  }
  suites = [...table.map(([, name]) => name), ...folders].sort();
  ({ jobs } = parse(await read(".github/workflows/ci.yml")));
});

test("every suite is in one job of the workflow", () => {
  const named = jobs.suite.strategy.matrix.include.flatMap((job) => job.suites.split(" "));
  assert.deepEqual(named.sort(), suites);
  for (const some of jobs.elsewhere.strategy.matrix.suites.flatMap((each) => each.split(" ")))
    assert.ok(suites.includes(some), some);
});

test("tests/README.md says of every suite what it proves, and of no other", async () => {
  const [table] = (await read("tests/README.md")).split("\n| bed |");
  const rows = [...table.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, names]) => [...names.matchAll(/`([\w-]+)`/g)]);
  assert.deepEqual(rows.map(([, name]) => name).sort(), suites);
});

test("CI is the test command of the README and nothing else", async () => {
  const lines = (await read(".ci/run")).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(lines, ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec cargo xtask test"]);
  assert.match(await read("README.md"), /^cargo xtask test +#/m);
  assert.ok(jobs.everything.steps.some(({ run }) => run === ".ci/run"));
});
