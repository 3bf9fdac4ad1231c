// Projects in TypeScript: the packed declarations with every kind of module resolution.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { tool } from "./tools.mjs";

const tsc = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));
const typeRoots = [fileURLToPath(new URL("..", import.meta.resolve("@types/node/package.json")))];

const USE = `
const attention = new Attention({ apiKey: () => Promise.resolve("an-obviously-fake-key"), maxRetries: 1 });
export async function use(): Promise<number> {
  const { data, response, attempts } = await attention.get("/conversations/list", { query: { size: 2 } }).withResponse();
  const untyped: unknown = await attention.get("/no/such/path" as string);
  void [data, untyped];
  const { fetch } = mockAttention();
  const other = new Attention({ apiKey: MOCK_API_KEY, fetch });
  return response.status + attempts + other.baseURL.length;
}
export function status(error: unknown): number | undefined {
  return error instanceof RateLimitedError ? error.retryAfter : error instanceof AttentionError ? error.status : undefined;
}
export const disposed: () => void = () => attention[Symbol.dispose]();
export const raw: string = new Upstream(undefined, "an-obviously-fake-key", undefined, false).baseUrl();
// @ts-expect-error an option that there is not
new Attention({ apikey: "x" });
// @ts-expect-error a value that it cannot have
new Attention({ maxRetries: "2" });
`;

/** From TypeScript 5.2 on. */
const USING = `
export function using(): string {
  using attention = new Attention({ apiKey: MOCK_API_KEY });
  return attention.baseURL;
}
`;

const IMPORTS = `
import { Attention, AttentionError, RateLimitedError } from "attention-wasm";
import { Upstream } from "attention-wasm/core";
import { MOCK_API_KEY, mockAttention } from "attention-wasm/testing";
`;
const ESM = IMPORTS + USE + USING;

const CJS = `
import attentionWasm = require("attention-wasm");
import core = require("attention-wasm/core");
import testing = require("attention-wasm/testing");
const { Attention, AttentionError, RateLimitedError } = attentionWasm;
const { Upstream } = core;
const { MOCK_API_KEY, mockAttention } = testing;
${USE}`;
const OLD = IMPORTS + USE;

const STRICT = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: "es2022",
  typeRoots,
};
const NODE = { types: ["node"], lib: ["es2022", "esnext.disposable"] };
const PAGE = { types: [], lib: ["es2022", "esnext.disposable", "dom", "dom.iterable"] };

const PROJECTS = [
  ["bundler, a page", { ...PAGE, module: "esnext", moduleResolution: "bundler" }, { "app.ts": ESM }],
  ["bundler, Node without the DOM", { ...NODE, module: "esnext", moduleResolution: "bundler" }, { "app.ts": ESM }],
  [
    "node16, modules and CommonJS",
    { ...NODE, module: "node16", moduleResolution: "node16" },
    { "app.mts": ESM, "app.cts": CJS },
  ],
  [
    "nodenext, modules and CommonJS",
    { ...NODE, module: "nodenext", moduleResolution: "nodenext" },
    { "app.mts": ESM, "app.cts": CJS },
  ],
];

for (const [what, compilerOptions, files] of PROJECTS) {
  test(`tsc, moduleResolution ${what}: no error, in our declarations either`, (t) =>
    quiet(t, tsc, compilerOptions, files));
}

/** Neither knows `using`; the declarations must check without a `lib` that does. */
const OLD_PAGE = { types: [], lib: ["es2022", "dom", "dom.iterable"] };
const OLD_NODE = { types: ["node"], lib: ["es2022"] };
const OLD_PROJECTS = [
  [
    "node10, CommonJS without the DOM",
    { ...OLD_NODE, module: "commonjs", moduleResolution: "node" },
    { "app.ts": OLD },
  ],
  ["node10, a page", { ...OLD_PAGE, module: "esnext", moduleResolution: "node" }, { "app.ts": OLD }],
  [
    "node16, modules and CommonJS",
    { ...OLD_PAGE, module: "node16", moduleResolution: "node16" },
    { "app.mts": OLD, "app.cts": CJS },
  ],
  ["bundler, a page", { ...OLD_PAGE, module: "esnext", moduleResolution: "bundler" }, { "app.ts": OLD }],
];
const all = process.env.ATTENTION_SLOW === "1";

for (const version of ["4.9", "5.0", "5.2", "5.4", "5.6", "5.9"]) {
  const options = all || ["4.9", "5.9"].includes(version) ? {} : { skip: "ATTENTION_SLOW=1 runs it" };
  for (const [what, compilerOptions, files] of OLD_PROJECTS) {
    if (version === "4.9" && what.startsWith("bundler")) continue;
    test(`TypeScript ${version}, moduleResolution ${what}: every entry has its types`, options, async (t) =>
      quiet(t, join(await tool(`typescript-${version}`), "node_modules/typescript/bin/tsc"), compilerOptions, files),
    );
  }
}

async function quiet(t, compiler, compilerOptions, files) {
  const config = JSON.stringify({ compilerOptions: { ...STRICT, ...compilerOptions }, include: Object.keys(files) });
  const cwd = await makeProject(t, { ...files, "tsconfig.json": config });
  const { output } = await run(process.execPath, [compiler], { cwd });
  assert.equal(output, "");
}
