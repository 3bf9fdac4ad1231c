// Bundles without jobs and webhooks do not grow, to the byte.
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { packageFolder, project, requirePacked } from "../runtimes/packed.mjs";

const OPTIONAL = /^(jobs|webhooks)\./;

/** A bundler's minified output for an app, and the package's files that it read. */
async function bundled(folder, app, options) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: app, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    absWorkingDir: folder,
    external: ["*.wasm", "*.wasm?module"],
    ...options,
  });
  const read = Object.keys(metafile.inputs).map((path) => path.split("/").at(-1));
  return { text: outputFiles[0].text, read: read.filter((name) => /^\w+(\.[\w-]+)?\.js$/.test(name)) };
}

/** A project with the package, and with a copy without the optional entries. */
async function projects(t) {
  const root = await mkdtemp(join(tmpdir(), "attention-entries-"));
  t.after(() => rm(root, { recursive: true }));
  const folders = [];
  for (const name of ["with", "without"]) {
    const folder = join(root, name);
    await cp(await packageFolder(), join(folder, "node_modules/attention-wasm"), { recursive: true });
    await writeFile(join(folder, "package.json"), "{}");
    folders.push(folder);
  }
  const dist = join(folders[1], "node_modules/attention-wasm/dist");
  const removed = (await readdir(dist)).filter((name) => OPTIONAL.test(name));
  assert.ok(removed.length >= 4, `${removed}`);
  for (const name of removed) await rm(join(dist, name));
  return folders;
}

test("a bundle that imports neither jobs nor webhooks is the same to the byte", async (t) => {
  const [folder, without] = await projects(t);
  for (const app of [
    'import { Attention } from "attention-wasm"; new Attention().users.list().then(console.log);',
    'import { Client } from "attention-wasm"; new Client().get("/users").then(console.log);',
    'export * from "attention-wasm"; export * as core from "attention-wasm/core";',
  ]) {
    for (const conditions of [[], ["workerd"], ["edge-light"]]) {
      const one = await bundled(folder, app, { conditions });
      const other = await bundled(without, app, { conditions });
      assert.equal(one.text, other.text, `${app} ${conditions}`);
      assert.ok(one.read.length >= 2 && !one.read.some((name) => OPTIONAL.test(name)), `${one.read}`);
      assert.doesNotMatch(one.text, /importMedia|downloadMedia|waitUntilIndexed/);
    }
  }
});

test("a page with only an error class contains neither client nor options nor rules", async () => {
  const app = 'import { NotFoundError } from "attention-wasm"; globalThis.kind = NotFoundError;';
  for (const conditions of [[], ["workerd"], ["edge-light"]]) {
    const { text } = await bundled(await project(), app, { conditions });
    assert.match(text, /NotFoundError/);
    assert.doesNotMatch(text, /apiKey|onKeySwitch|Rejected|WebAssembly|upstream_/, `${conditions}`);
  }
});

test("the wasm's imports have the shortest names, and its exports keep theirs", async () => {
  const bytes = await readFile(join(await packageFolder(), "dist/attention.wasm"));
  const module = new WebAssembly.Module(bytes);
  for (const { name, kind } of WebAssembly.Module.imports(module)) {
    assert.equal(kind, "function");
    assert.ok(name.length <= 2, name);
  }
  assert.ok(WebAssembly.Module.exports(module).some(({ name }) => name === "upstream_beginCall"));
});

test("a bundle with jobs has one client and one core in it", async (t) => {
  const [folder] = await projects(t);
  const app =
    'import { Attention } from "attention-wasm/jobs"; import { NotFoundError } from "attention-wasm"; new Attention();';
  for (const [conditions, suffix] of [
    [[], "js"],
    [["workerd"], "workerd.js"],
    [["edge-light"], "edge-light.js"],
  ]) {
    const { read, text } = await bundled(folder, app, { conditions });
    assert.deepEqual(read.sort(), [`core.${suffix}`, `index.${suffix}`, `jobs.${suffix}`], `${conditions}`);
    assert.match(text, /importMedia/);
  }
});

test("jobs and webhooks exist for CommonJS too", async () => {
  const { Attention } = await requirePacked("attention-wasm/jobs");
  const { Attention: Plain, ConfigError } = await requirePacked("attention-wasm");
  const client = new Attention({ apiKey: "an-obviously-fake-key-for-tests-0001" });
  assert.ok(client instanceof Plain);
  assert.equal(typeof client.conversations.waitUntil, "function");
  client.close();
  assert.throws(() => client.toJSON() && client.keys, ConfigError);
});
