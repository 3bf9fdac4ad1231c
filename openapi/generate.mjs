// Generates the package's files from attention.v2.yaml: `npm run generate -w openapi`.
// tests/openapi fails if a generated file is stale.
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { file, resources } from "./describe.mjs";
import { mockTable } from "./mock.mjs";
import { counts, lines, marks, readme, remarks } from "./remarks.mjs";

const NOTE = "Generated from openapi/attention.v2.yaml by `npm run generate -w openapi`; do not edit.";

/** The line width of biome.jsonc. */
const COLUMNS = 120;

/** The text of each generated file, by its path in the repository. */
export async function outputs() {
  return new Map([
    ["pkg/src/api/schema.ts", formatted(await schema())],
    ["pkg/src/api/operations.ts", formatted(table())],
    ["pkg/testing/api/operations.ts", formatted(mockTable(NOTE))],
    ["pkg/api.md", list()],
    ["openapi/README.md", readme(await readFile(new URL("./README.md", import.meta.url), "utf8"))],
  ]);
}

/** Formats the source like `npm run format`, so that generated files need no exemption from the formatter. */
function formatted(source) {
  const biome = fileURLToPath(import.meta.resolve("@biomejs/biome/bin/biome"));
  const command = [biome, "format", "--stdin-file-path=generated.ts"];
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  return wrapped(execFileSync(process.execPath, command, { cwd, input: source, encoding: "utf8" }));
}

/** Wraps comments of one overlong line, which formatters leave alone. */
function wrapped(source) {
  return source.replaceAll(/^( *)\/\*\* (.+) \*\/$/gm, (line, indent, text) => {
    if (line.length <= COLUMNS) return line;
    const lines = text.match(new RegExp(`.{1,${COLUMNS - indent.length - " * ".length}}(?= |$)|\\S+`, "g"));
    return `${indent}/**\n${lines.map((each) => `${indent} * ${each.trim()}\n`).join("")}${indent} */`;
  });
}

/** `"done" | (string & {})`: editors offer the known values, and others are accepted. */
function openEnumeration({ "x-extensible-enum": values }) {
  if (values === undefined) return undefined;
  const { factory, SyntaxKind } = ts;
  const others = factory.createIntersectionTypeNode([
    factory.createKeywordTypeNode(SyntaxKind.StringKeyword),
    factory.createTypeLiteralNode([]),
  ]);
  return factory.createUnionTypeNode([
    ...values.map((value) => factory.createLiteralTypeNode(factory.createStringLiteral(value))),
    factory.createParenthesizedType(others),
  ]);
}

/** The types from openapi-typescript. */
async function schema() {
  const keyword = (kind) => ts.factory.createKeywordTypeNode(kind);
  const dateToo = ts.factory.createUnionTypeNode([
    keyword(ts.SyntaxKind.StringKeyword),
    ts.factory.createTypeReferenceNode("Date"),
  ]);
  const nodes = await openapiTS(file, {
    silent: true,
    // A field with a default is optional.
    defaultNonNullable: false,
    // In a query, the client converts a Date to ISO 8601.
    transform: (schema, { path }) =>
      schema.format === "date-time" && path.includes("/parameters/query/") ? dateToo : openEnumeration(schema),
  });
  return `/**\n * ${NOTE}\n *\n * @module\n */\n\n${astToString(nodes)}`;
}

/** An operation in the client's run-time form. */
function described({ method, path, params, query, keyLevel, pagination, isRepeatable }) {
  return {
    method,
    path,
    ...(params && { takes: params }),
    // One string is shorter than a list; no name has a blank.
    ...(query.length > 0 && { query: query.map(({ name }) => name).join(" ") }),
    ...(["user", "organization"].includes(keyLevel) && { keyLevel }),
    ...(pagination && { pages: paging(pagination) }),
    ...(isRepeatable ? {} : { idempotent: false }),
  };
}

/** The client's paging. Sizes only where they are used: to detect a page that may have been cut off. */
function paging({ style, pageParam, offsetParam, cursorParam, limitParam, sizeParam, ...rest }) {
  const isCounted = style === "page" || style === "offset";
  const isCut = style === "limit";
  const entries = {
    style,
    parameter: pageParam ?? offsetParam ?? cursorParam ?? (isCut ? limitParam : undefined),
    size: isCounted ? (sizeParam ?? limitParam) : undefined,
    usual: isCounted || isCut ? (rest.defaultSize ?? rest.defaultLimit) : undefined,
    most: isCut ? rest.maxLimit : undefined,
    items: rest.itemsField,
    end: rest.nextCursorField ?? rest.totalField,
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

/** The handwritten interfaces of resources' additional methods. */
const HELPERS = { knowledgeBase: "KnowledgeBaseHelpers", superAgent: "SuperAgentHelpers" };

/** Every operation by resource and name: its run-time form, and its types. */
function table() {
  const kind = (name) => name[0].toUpperCase() + name.slice(1);
  return [
    `/**\n * ${NOTE}\n *\n * @module\n */\n`,
    'import type { APIPromise } from "../call/promise.js";',
    'import type { Listing } from "./listing.js";',
    'import type { BodyOptions, ListOptions, PlainListOptions, PlainOptions, QueryOptions } from "./options.js";',
    'import type { AnswerOf, BodyOf, ItemOf, QueryOf } from "./paths.js";',
    'import type { Operation } from "./resources.js";',
    'import type { operations } from "./schema.js";',
    'import type { SuperAgentHelpers } from "./super-agent.js";',
    'import type { KnowledgeBaseHelpers } from "./upload.js";\n',
    "/** Every operation, by resource and name. */",
    "export const OPERATIONS = {",
    ...resources.map(({ name, operations }) => {
      const all = Object.fromEntries(operations.map((each) => [each.name, described(each)]));
      return `  ${name}: ${JSON.stringify(all)},`;
    }),
    "} as const satisfies Readonly<Record<string, Readonly<Record<string, Operation>>>>;\n",
    "/** The resources of a client. */",
    "export interface Resources {",
    ...resources.flatMap(({ name, description }) => [`  /** ${description} */`, `  readonly ${name}: ${kind(name)};`]),
    "}",
    ...resources.flatMap(({ name, description, operations }) => [
      "",
      `/** ${description} */`,
      `export interface ${kind(name)} ${name in HELPERS ? `extends ${HELPERS[name]} ` : ""}{`,
      ...operations.flatMap((each) => [comment(each), `  ${signature(each)};`]),
      "}",
    ]),
    "",
  ].join("\n");
}

/** The handwritten methods, for the list. */
const BY_HAND = {
  conversations:
    "- with `attention-wasm/jobs`: `importMedia({ file | url, ... }, options?)`, `waitUntil(id, options?)`, " +
    "`downloadMedia(id, options?)`",
  knowledgeBase:
    "- `upload({ title?, file, type? }, options?)`: request, transfer to the storage without the key, confirm" +
    "\n- with `attention-wasm/jobs`: `waitUntilIndexed(id, options?)`",
  superAgent: "- `send(body, options?)`: sends a message and waits for the answer, with progress",
};

/** The list of every method. */
function list() {
  return [
    "# Every method",
    `<!-- ${NOTE} -->\n`,
    "Calls by path: `get`, `post`, `put`, `patch`, `delete`, `head`, `request`; see the README. " +
      "This page lists the methods of `Attention` for single operations.\n",
    "`options` are the options of a call (`headers`, `signal`, `timeout`, `attemptTimeout`, `maxRetries`, " +
      "`idempotencyKey`, and `query` if it is not a parameter).",
    "A list is an async iterable of its items, has `pages()`, and accepts the option `limit`. " +
      "In a query, you can write `filter[title]` as `{ filter: { title } }`.\n",
    `${counts()}. *Inferred*: the operation's own page was not available. ` +
      "*key*: the level of key that it accepts, `unknown` if it is undocumented.",
    ...resources.flatMap(({ name, description, operations }) => [
      `\n## attention.${name}\n`,
      `${description}\n`,
      ...operations.map((each) => {
        const { name, ids, params, paramsRequired, method, path, documentation } = each;
        const args = [...ids, ...(params ? [`${params}${paramsRequired ? "" : "?"}`] : []), "options?"].join(", ");
        const line = `- [\`${name}(${args})\`](${documentation}): ${[`\`${method} ${path}\``, ...marks(each)].join(", ")}`;
        return `${line}${queryNames(each)}`;
      }),
      ...(name in BY_HAND ? [BY_HAND[name]] : []),
    ]),
    "",
  ].join("\n");
}

/** The query parameters, in a separate line; nested ones can be written as `{ filter: { title } }`. */
function queryNames({ query }) {
  if (query.length === 0) return "";
  const names = query.map(({ name, isRequired }) => `\`${name}\`${isRequired ? " (required)" : ""}`);
  return `  \n  query: ${names.join(", ")}`;
}

function comment(operation) {
  const { summary, method, path, documentation } = operation;
  return [
    "  /**",
    `   * ${summary}: ${method} ${path}.`,
    ...remarks(operation).flatMap((remark) => ["   *", ...lines(remark, COLUMNS - 5).map((line) => `   * ${line}`)]),
    "   *",
    `   * @see ${documentation}`,
    "   */",
  ].join("\n");
}

function signature({ operationId, name, ids, params, paramsRequired, queryRequired, pagination }) {
  const id = `operations["${operationId}"]`;
  const mark = paramsRequired ? "" : "?";
  const args = [
    ...ids.map((each) => `${each}: string`),
    ...(params === "body"
      ? [`body${mark}: BodyOf<${id}>`, `options${queryRequired ? "" : "?"}: BodyOptions<${id}>`]
      : []),
    ...(params === "query"
      ? [`query${mark}: QueryOf<${id}>`, `options?: ${pagination ? "ListOptions" : "QueryOptions"}`]
      : []),
    ...(params === undefined ? [`options?: ${pagination ? "PlainListOptions" : "PlainOptions"}`] : []),
  ];
  const answer = pagination
    ? `Listing<AnswerOf<${id}>, ItemOf<AnswerOf<${id}>, "${pagination.itemsField}">>`
    : `APIPromise<AnswerOf<${id}>>`;
  return `${name}(${args.join(", ")}): ${answer}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of await outputs()) {
    await writeFile(new URL(`../${path}`, import.meta.url), text);
    console.log(path);
  }
}
