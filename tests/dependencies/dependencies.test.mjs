// Checks dependencies: licences, sources, and that none is unused. deny.toml has the lists. cargo-deny, which the
// workflow also runs, takes minutes to compile, so it is not part of the test command.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import satisfies from "spdx-satisfies";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFile(join(repo, path), "utf8");

let denied;
let crates;
before(async () => {
  denied = await read("deny.toml");
  const found = new Map();
  for (const manifest of ["Cargo.toml", ...(await examples())]) {
    const args = ["metadata", "--locked", "--format-version", "1", "--manifest-path", manifest];
    const { stdout } = await promisify(execFile)("cargo", args, { cwd: repo, maxBuffer: 1 << 28 });
    for (const each of JSON.parse(stdout).packages) found.set(each.id, each);
  }
  crates = [...found.values()];
});

/** Each of them is a workspace of its own. */
async function examples() {
  const folders = await readdir(join(repo, "examples"));
  return folders.map((name) => join("examples", name, "Cargo.toml")).filter((path) => existsSync(join(repo, path)));
}

/** The strings of a list in deny.toml. */
function listed(name) {
  const [, list] = new RegExp(`^${name} = \\[([^\\]]*)\\]`, "m").exec(denied);
  return [...list.matchAll(/"([^"]+)"/g)].map(([, text]) => text);
}

/** Old manifests write `MIT/Apache-2.0`. */
const isAllowed = (licence, allowed) => satisfies(licence.replaceAll(/\s*\/\s*/g, " OR "), allowed);

test("every crate has an allowed licence", () => {
  const allowed = listed("allow");
  const others = crates.filter(({ license }) => license === null || !isAllowed(license, allowed));
  assert.deepEqual(
    others.map(({ name, license }) => `${name}: ${license}`),
    [],
  );
});

test("every crate comes from the allowed registry, or from here", () => {
  const sources = listed("allow-registry").map((url) => `registry+${url}`);
  const others = crates.filter(({ source }) => source !== null && !sources.includes(source));
  assert.deepEqual(
    others.map(({ name, source }) => `${name}: ${source}`),
    [],
  );
  for (const { name, source, manifest_path: path } of crates) {
    if (source === null) assert.ok(path.startsWith(repo), `${name} is at ${path}`);
  }
});

test("no banned crate is used", () => {
  const banned = [...denied.matchAll(/\{ name = "([^"]+)"/g)].map(([, name]) => name);
  assert.ok(banned.length > 0);
  assert.deepEqual(
    crates.filter(({ name }) => banned.includes(name)).map(({ name }) => name),
    [],
  );
});

test("every dependency of our crates is named by their sources", async () => {
  const unused = [];
  for (const { name, dependencies, manifest_path: path, metadata } of crates.filter(({ source }) => source === null)) {
    const sources = await rustOf(dirname(path));
    for (const { name: dependency, rename, optional } of dependencies) {
      // What macros alone name; cargo-machete reads the same list.
      if (metadata?.["cargo-machete"]?.ignored?.includes(dependency)) continue;
      const ident = (rename ?? dependency).replaceAll("-", "_");
      if (!new RegExp(`\\b${ident}\\b`).test(sources))
        unused.push(`${name}: ${dependency}${optional ? ", optional" : ""}`);
    }
  }
  assert.deepEqual(unused, []);
});

async function rustOf(folder) {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((file) => file.endsWith(".rs") && !/(^|\/)(target|node_modules)\//.test(file));
  return (await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))).join("\n");
}

test("every npm package has a licence that is allowed, and a digest", async () => {
  const allowed = listed("allow");
  const { packages } = JSON.parse(await read("package-lock.json"));
  const others = [];
  for (const [path, { license, integrity, link }] of Object.entries(packages)) {
    // Ours, and the links to ours.
    if (!path.startsWith("node_modules/") || link) continue;
    if (license === undefined || !isAllowed(license, allowed)) others.push(`${path}: ${license}`);
    if (integrity === undefined) others.push(`${path}: no digest`);
  }
  assert.deepEqual(others, []);
});

test("every dependency of our npm packages is named by a source, a script or the chores", async () => {
  const unused = [];
  const text = await everythingThatNames();
  for (const manifest of ["package.json", "openapi/package.json", "pkg/package.json"]) {
    const { dependencies, devDependencies } = JSON.parse(await read(manifest));
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      // The compiler reads type packages, which tsconfig names or which it finds itself.
      const typed = name.startsWith("@types/") ? [`"${name.slice("@types/".length)}"`] : [];
      if (![name, ...typed, ...(await programs(name))].some((each) => text.includes(each))) {
        unused.push(`${manifest}: ${name}`);
      }
    }
  }
  assert.deepEqual(unused, []);
});

/** The programs that a package brings. */
async function programs(name) {
  const { bin = {} } = JSON.parse(await read(`node_modules/${name}/package.json`).catch(() => "{}"));
  return typeof bin === "string" ? [] : Object.keys(bin);
}

/** All text that can name a package: sources, tests, xtask and npm scripts. */
async function everythingThatNames() {
  const { stdout } = await promisify(execFile)("git", ["ls-files", "-z"], { cwd: repo, maxBuffer: 1 << 26 });
  const files = stdout.split("\0").filter((file) => /\.(mjs|js|ts|rs|jsonc|toml)$|tsconfig.*\.json$/.test(file));
  const texts = await Promise.all(files.map((file) => read(file).catch(() => "")));
  const scripts = await Promise.all(
    ["package.json", "pkg/package.json", "openapi/package.json"].map(async (file) =>
      Object.values(JSON.parse(await read(file)).scripts ?? {}).join("\n"),
    ),
  );
  return [...texts, ...scripts].join("\n");
}
