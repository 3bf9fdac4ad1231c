// Runtimes and bundlers at the versions of versions.json, installed when a test
// first needs them: they are too large for every `npm ci`.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { installed } from "./install.mjs";
import { run } from "./run.mjs";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const versions = JSON.parse(await readFile(new URL("versions.json", import.meta.url), "utf8"));
const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/**
 * Platforms that npm has a binary for. Elsewhere a test of it cannot run; where npm should have it and does not, it
 * fails.
 */
const PLATFORMS = {
  deno: ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win-x64", "win-arm64"],
  bun: ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win-x64", "win-arm64"],
  node: ["linux-x64", "linux-arm64", "win-x64"],
};

/** Options of a test that needs this tool; without it, the test is skipped with the reason. */
export function needs(name) {
  const known = PLATFORMS[name];
  return known === undefined || known.includes(platform) ? {} : { skip: `npm has no ${name} for ${platform}` };
}

/** The folder that holds the tool's node_modules. */
export async function tool(name) {
  const wanted = Object.entries(versions[name]).map(([dependency, version]) => [
    dependency.replace("{platform}", platform),
    version,
  ]);
  const id = createHash("sha256")
    .update(JSON.stringify([platform, wanted]))
    .digest("hex")
    .slice(0, 8);
  return installed(join(repo, ".tools/runtimes"), name, id, Object.fromEntries(wanted), FINISH[name]);
}

/** Install scripts are off; these two packages need theirs. */
const FINISH = {
  bun: (folder) => run(process.execPath, [join(folder, "node_modules/bun/install.js")], { cwd: folder }),
  deno: (folder) => run(process.execPath, [join(folder, "node_modules/deno/install.cjs")], { cwd: folder }),
};

const executable = (name) => (process.platform === "win32" ? `${name}.exe` : name);

export async function deno() {
  return join(await tool("deno"), "node_modules/deno", executable("deno"));
}

export async function bun() {
  return join(await tool("bun"), "node_modules/bun/bin/bun.exe");
}

/** A newer Node than the oldest that is supported. */
export async function newerNode() {
  return nodeOf("node");
}

/** The one between the two. */
export async function node22() {
  return nodeOf("node-22");
}

async function nodeOf(name) {
  return join(await tool(name), `node_modules/node-${platform}/bin`, executable("node"));
}

/** Imports what the tool of this name installs. */
export async function library(name, dependency = name) {
  const { resolve } = createRequire(join(await tool(name), "index.cjs"));
  return import(pathToFileURL(resolve(dependency)));
}

/** The script behind a command of a tool's package. */
export async function command(name, bin = name, dependency = name) {
  const folder = await tool(name);
  const file = join(folder, "node_modules", dependency, "package.json");
  const { bin: bins } = createRequire(file)(file);
  return join(folder, "node_modules", dependency, typeof bins === "string" ? bins : bins[bin]);
}
