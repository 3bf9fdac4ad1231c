// The description is a sound OpenAPI document, and what is generated from it is
// what it says today.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { file, operations } from "../../openapi/describe.mjs";
import { outputs } from "../../openapi/generate.mjs";

const { createConfig, lint } = createRequire(new URL("../../openapi/package.json", import.meta.url))(
  "@redocly/openapi-core",
);

test("attention.v2.yaml passes the linter", async () => {
  const config = await createConfig({
    extends: ["recommended"],
    rules: {
      // The description is ours; the API's terms were not read.
      "info-license": "off",
      // Two of the API's own paths are so. No conversation is called by-external-id.
      "no-ambiguous-paths": "off",
      "operation-operationId-unique": "error",
      "operation-tag-defined": "error",
      "no-unused-components": "error",
    },
  });
  const problems = await lint({ ref: fileURLToPath(file), config });
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => `${location[0]?.pointer}: ${message} (${ruleId})`),
    [],
  );
});

test("every operation says how sure it is and where it was read", async () => {
  for (const { operationId, confidence, documentation } of operations) {
    assert.match(confidence, /^(documented|inferred)$/, operationId);
    assert.match(documentation, /^https:\/\/docs\.attention\.com\//, operationId);
  }
});

for (const [path, text] of await outputs()) {
  test(`${path} is what the generator writes`, async () => {
    const written = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
    assert.ok(written === text, "stale: run `npm run generate -w openapi`");
  });
}
