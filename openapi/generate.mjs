// Writes what the package takes from attention.v2.yaml: `npm run generate -w openapi`.
// tests/openapi fails when a file is not what this would write.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { file } from "./describe.mjs";

const NOTE = "Generated from openapi/attention.v2.yaml by `npm run generate -w openapi`; do not edit.";

/** The text of each generated file, by its path in the repository. */
export async function outputs() {
  return new Map([["pkg/src/schema.ts", await schema()]]);
}

/** The types, as openapi-typescript writes them. */
async function schema() {
  const keyword = (kind) => ts.factory.createKeywordTypeNode(kind);
  const dateToo = ts.factory.createUnionTypeNode([
    keyword(ts.SyntaxKind.StringKeyword),
    ts.factory.createTypeReferenceNode("Date"),
  ]);
  const nodes = await openapiTS(file, {
    silent: true,
    // A field with a default need not be sent.
    defaultNonNullable: false,
    // The client writes a Date in a query as ISO 8601.
    transform: ({ format }, { path }) => (format === "date-time" && path.includes("/parameters/query/") ? dateToo : undefined),
  });
  return `/**\n * ${NOTE}\n *\n * @module\n */\n\n${astToString(nodes)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of await outputs()) {
    await writeFile(new URL(`../${path}`, import.meta.url), text);
    console.log(path);
  }
}
