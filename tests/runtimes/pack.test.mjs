// The published package: everything that is needed, and nothing else.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { test } from "node:test";
import { packageFolder } from "./packed.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";

const FILES = [
  "CHANGELOG.md",
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "api.md",
  "package.json",
  "dist/attention.wasm",
  "dist/cli.js",
  "dist/core.cjs",
  "dist/core.edge-light.js",
  "dist/core.js",
  "dist/core.workerd.js",
  "dist/index.cjs",
  "dist/index.edge-light.js",
  "dist/index.js",
  "dist/index.workerd.js",
  "dist/jobs.cjs",
  "dist/jobs.edge-light.js",
  "dist/jobs.js",
  "dist/jobs.workerd.js",
  "dist/operator.wasm",
  "dist/opentelemetry.cjs",
  "dist/opentelemetry.js",
  "dist/testing.cjs",
  "dist/testing.js",
  "dist/webhooks.cjs",
  "dist/webhooks.js",
];

test("the tarball has these files, and only the declarations that an entry reaches", async () => {
  const folder = await packageFolder();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const packed = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
  const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const roots = Object.values(exports).flatMap((conditions) =>
    typesIn(conditions).map((types) => posix.normalize(types)),
  );
  const types = await reachable(folder, roots);
  const maps = FILES.filter((name) => /^dist\/.*js$/.test(name)).map((name) => `${name}.map`);
  assert.deepEqual(packed.sort(), [...FILES, ...maps, ...types].sort());
});

test("no file names a path of the build machine, and none has anything like a key", async () => {
  const folder = await packageFolder();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "latin1");
    for (const found of [/\/(?:home|root|Users|work)\/[\w.-]+\/[\w./-]*/, /\beyJ[\w-]{20,}\.eyJ/]) {
      assert.equal(found.exec(text)?.[0], undefined, entry.name);
    }
  }
});

test("the source maps have our sources, but not the embedded wasm again", async () => {
  const folder = await packageFolder();
  for (const name of FILES.filter((file) => /^dist\/.*js$/.test(file))) {
    assert.match(await readFile(join(folder, name), "utf8"), /\/\/# sourceMappingURL=[\w.-]+\.map\n$/, name);
    const map = await readFile(join(folder, `${name}.map`), "utf8");
    const { sources, sourcesContent } = JSON.parse(map);
    for (const [at, source] of sources.entries())
      if (source.endsWith(".ts")) assert.ok(sourcesContent[at]?.length > 0, `${name}: ${source}`);
    assert.equal(sourcesContent[sources.findIndex((source) => source.endsWith("bytes:bytes"))] ?? null, null, name);
  }
});

test("the package names its repository, and the published one names where it was published from", async (t) => {
  const manifest = JSON.parse(await readFile(join(await packageFolder(), "package.json"), "utf8"));
  for (const name of ["homepage", "repository", "bugs"]) assert.ok(manifest[name], name);
  const workflow = await readFile(new URL("../../.github/workflows/publish.yml", import.meta.url), "utf8");
  const commands = [...workflow.matchAll(/^ +(npm pkg set .*)$/gm)].map(([, command]) => command);
  const cwd = await makeProject(t, { "package.json": JSON.stringify(manifest) });
  await run("sh", ["-c", commands.join(" && ")], { cwd, env: { GITHUB_REPOSITORY: "somebody/somewhere" } });
  const published = await readFile(join(cwd, "package.json"), "utf8");
  // npm refuses provenance where it is another.
  assert.equal(JSON.parse(published).repository.url, "git+https://github.com/somebody/somewhere.git");
  assert.doesNotMatch(published, /YOUR-/);
});

test("installing it runs no script, and it has no dependencies", async () => {
  const manifest = JSON.parse(await readFile(join(await packageFolder(), "package.json"), "utf8"));
  for (const name of ["dependencies", "optionalDependencies", "bundleDependencies"])
    assert.equal(manifest[name], undefined, name);
  // For the entry that traces: whoever imports it has it.
  assert.deepEqual(Object.keys(manifest.peerDependencies), ["@opentelemetry/api"]);
  assert.deepEqual(manifest.peerDependenciesMeta, { "@opentelemetry/api": { optional: true } });
  for (const name of ["preinstall", "install", "postinstall", "prepare"])
    assert.equal(manifest.scripts?.[name], undefined, name);
});

/** Of an entry's conditions, which nest. */
function typesIn(conditions) {
  if (typeof conditions === "string") return [];
  return Object.entries(conditions).flatMap(([name, held]) => (name === "types" ? [held] : typesIn(held)));
}

/** Declarations, followed from the entries through their imports. */
async function reachable(folder, roots) {
  const found = new Set(roots);
  for (const file of found) {
    const text = await readFile(join(folder, file), "utf8");
    for (const [, path] of text.matchAll(/["'](\.{1,2}\/[^"']+\.c?js)["']/g)) {
      found.add(posix.join(dirname(file), path.replace(/\.(c?)js$/, ".d.$1ts")));
    }
    for (const [, path] of text.matchAll(/<reference path="([^"]+)"/g)) found.add(posix.join(dirname(file), path));
  }
  return found;
}
