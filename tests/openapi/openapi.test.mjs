// The description is a valid OpenAPI document, and the generated files are up to
// date.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { api, file, operations } from "../../openapi/describe.mjs";
import { outputs } from "../../openapi/generate.mjs";
import { counts } from "../../openapi/remarks.mjs";

const { createConfig, lint } = createRequire(new URL("../../openapi/package.json", import.meta.url))(
  "@redocly/openapi-core",
);

test("attention.v2.yaml passes the linter", async () => {
  const config = await createConfig({
    extends: ["recommended"],
    rules: {
      // The description is ours; the API's terms are unknown.
      "info-license": "off",
      // Two of the API's own paths are ambiguous this way. No conversation is called by-external-id.
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

const described = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
);

test("every operation has its confidence and its source", async () => {
  for (const { operationId, confidence, documentation } of operations) {
    assert.match(confidence, /^(documented|inferred)$/, operationId);
    // A page, not its Markdown version, with the current slugs.
    assert.match(documentation, /^https:\/\/docs\.attention\.com\/[a-z0-9/-]+$/, operationId);
    assert.doesNotMatch(documentation, /\/(apikey|superagent|knowledgebase)\//, operationId);
  }
  for (const { operationId, ...operation } of described) {
    const isInferred = operation["x-confidence"] === "inferred";
    assert.equal(
      typeof operation["x-evidence"] === "string",
      isInferred,
      `${operationId}: the evidence of an inference`,
    );
  }
});

test("the twelve operations that only an index or clients show are here, as inferred", () => {
  const paths = [
    "post /conversations/{id}/media/download",
    "get /conversations/upload-url",
    "delete /api_keys",
    "get /integration-workflows",
    "get /calendar_events/{user_uuid}",
    "get /email-templates",
    "get /usageReport",
    "get /connectionReport",
    "post /crm/query",
    "post /create_deck",
    "put /teams/{id}/opportunity",
    "post /ask_attention",
  ];
  const found = described.filter(({ method, path }) => paths.includes(`${method} ${path}`));
  assert.equal(found.length, paths.length);
  for (const operation of found) assert.equal(operation["x-confidence"], "inferred", operation.operationId);
  assert.equal(described.length, 97);
});

test("every operation has its key level and its effect", () => {
  for (const { operationId, method, ...operation } of described) {
    assert.match(operation["x-key-level"] ?? "", /^(organization|user|either|unknown)$/, operationId);
    const effect = operation["x-effect"];
    assert.match(effect ?? "", /^(read|write|secret|hands-out-access)$/, operationId);
    // The older marks agree.
    assert.equal(operation["x-returns-secret"] === true, effect === "secret", operationId);
    assert.equal(operation["x-returns-capability-url"] === true, effect === "hands-out-access", operationId);
    if (effect === "read") assert.ok(method === "get" || operation["x-read-only"] === true, operationId);
    if (effect === "write") assert.ok(method !== "get" && operation["x-read-only"] !== true, operationId);
  }
});

test("the documentation names the key level of every operation", async () => {
  const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const [list, declarations, readme] = await Promise.all([
    read("pkg/api.md"),
    read("pkg/src/api/operations.ts"),
    read("openapi/README.md"),
  ]);
  for (const { method, path, operationId, keyLevel } of operations) {
    const line = list.split("\n").find((each) => each.includes(`: \`${method} ${path}\``));
    assert.ok(line?.includes(`key: ${keyLevel}`), `${operationId}: ${line}`);
    const comment = declarations.split("/**").find((each) => each.includes(`: ${method} ${path}.\n`));
    assert.match(
      comment ?? "",
      /\* Key: (organisation-level only|user-level only|of either level|the level is not documented)/,
      operationId,
    );
  }
  for (const text of [list, readme]) assert.ok(text.includes(counts()));
  assert.match(counts(), /^97 operations: \d+ documented, \d+ inferred$/);
});

/** Every schema below a place, references followed. */
function* schemas(schema, seen = new Set()) {
  if (typeof schema !== "object" || schema === null || seen.has(schema)) return;
  seen.add(schema);
  if (schema.$ref) yield* schemas(api.components.schemas[schema.$ref.split("/").at(-1)], seen);
  yield schema;
  for (const [name, each] of Object.entries(schema)) if (name !== "examples") yield* schemas(each, seen);
}

test("surprising behaviour is documented at the operation", async () => {
  const declarations = await readFile(new URL("../../pkg/src/api/operations.ts", import.meta.url), "utf8");
  const said = (operationId) => {
    const { method, path } = operations.find((each) => each.operationId === operationId);
    const comment = declarations.split("/**").find((each) => each.includes(`: ${method} ${path}.\n`));
    return comment.split("*/")[0].replace(/\s+\*\s+/g, " ");
  };
  assert.match(said("listConversationsOptimized"), /unless withCrmRecords is true.*that are empty are included/);
  assert.match(said("deleteOrganizationUser"), /soft delete.*permanent/);
  assert.match(said("createLabel"), /aiFlow/);
  assert.match(said("listScorecards"), /pages of 50/);
  assert.match(said("getConversationUploadUrl"), /may write there.*grants access/);
  assert.match(said("listApiKeys"), /contains API keys/);
  assert.match(said("askAttentionV1"), /@deprecated/);
});

test("no enumeration in a response is closed", () => {
  for (const { operationId, responses } of described) {
    for (const { content } of Object.values(responses)) {
      for (const schema of schemas(content?.["application/json"]?.schema)) {
        assert.ok(!Array.isArray(schema.enum), `${operationId}: ${schema.enum}`);
      }
    }
  }
});

test("lists with known paging say so", () => {
  const paged = operations.filter(({ pagination }) => pagination).map(({ operationId }) => operationId);
  for (const id of ["listScorecards", "listScorecardItems", "listFieldConfigurations", "listFieldConfigurationItems"]) {
    assert.ok(paged.includes(id), id);
  }
});

test("every operation that returns a list can be iterated, unless its response is undocumented", () => {
  const isList = (schema) => {
    const found = schema?.$ref ? api.components.schemas[schema.$ref.split("/").at(-1)] : schema;
    return (
      found?.type === "array" ||
      Object.values(found?.properties ?? {}).some(({ type }) => [type].flat().includes("array"))
    );
  };
  for (const { operationId, responses, ...rest } of described) {
    if (!operationId.startsWith("list")) continue;
    const success = Object.entries(responses).find(([status]) => status.startsWith("2"))?.[1];
    const listed = isList(success?.content["application/json"].schema);
    assert.equal(rest["x-pagination"] !== undefined, listed, operationId);
  }
});

test("api.md names the parameters of a query", async () => {
  const list = await readFile(new URL("../../pkg/api.md", import.meta.url), "utf8");
  for (const { method, path, operationId, query } of operations) {
    const lines = list.split("\n");
    const below = lines[lines.findIndex((each) => each.includes(`: \`${method} ${path}\``)) + 1];
    const names = query.map(({ name, isRequired }) => `\`${name}\`${isRequired ? " (required)" : ""}`);
    if (names.length > 0) assert.equal(below, `  query: ${names.join(", ")}`, operationId);
    else assert.ok(!below.startsWith("  query:"), operationId);
  }
});

for (const [path, text] of await outputs()) {
  test(`${path} is up to date with the generator`, async () => {
    const written = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
    assert.ok(written === text, "stale: run `npm run generate -w openapi`");
  });
}
