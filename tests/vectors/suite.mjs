// Shared by the runtimes' test files: the vectors, and the tests of a run.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { countCases, FILES } from "./harness.mjs";

/** The vectors, parsed, by file name. */
export async function loadFiles() {
  const entries = FILES.map(async (name) => [name, JSON.parse(await readFile(new URL(name, import.meta.url), "utf8"))]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The harness as text, for runtimes that get it served or embedded. */
export const harnessText = () => readFile(new URL("harness.mjs", import.meta.url), "utf8");

/**
 * Makes tests of a run: one for each file, which fails with the names of its
 * failed cases, and fails too when a case did not run.
 *
 * @param {string} runtime its name in the report
 * @param {(files: object) => Promise<object>} run resolves to what `runVectors` resolved to, over there
 */
export async function testVectors(runtime, run) {
  const files = await loadFiles();
  const expected = countCases(files, "wasm");
  let result;
  let broken;
  try {
    result = await run(files);
  } catch (error) {
    broken = error;
  }
  for (const name of FILES) {
    test(`${runtime}: ${name}, ${expected[name]} cases`, () => {
      if (broken !== undefined) throw broken;
      const failed = result.failed.filter(({ file }) => file === name);
      assert.deepEqual(
        failed,
        [],
        failed.map((each) => `${each.name}\n  got      ${each.got}\n  expected ${each.expected}`).join("\n"),
      );
      assert.equal(result.ran[name], expected[name]);
      assert.ok(expected[name] > 0, "a file without cases proves nothing");
    });
  }
  test(`${runtime}: as many cases passed as there are`, () => {
    if (broken !== undefined) throw broken;
    assert.equal(
      result.passed,
      Object.values(expected).reduce((sum, count) => sum + count),
    );
  });
  test(`${runtime}: every file is driven`, async () => {
    const found = (await readdir(new URL(".", import.meta.url))).filter((name) => name.endsWith(".json"));
    assert.deepEqual(found.sort(), FILES.toSorted());
  });
}
