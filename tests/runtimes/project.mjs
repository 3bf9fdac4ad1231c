// A project that depends on the packed package, as its users have one.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageFolder } from "./packed.mjs";

/**
 * @param {import("node:test").TestContext} t removes it
 * @param {Record<string, string>} files path → text
 * @param {{ type?: "module" | "commonjs" | "", parent?: string }} [options] `type` of its package.json, "" for none;
 *   `parent`: its parent folder, for tools that search upwards
 * @returns {Promise<string>} its folder
 */
export async function makeProject(t, files, { type = "module", parent = tmpdir() } = {}) {
  const folder = await mkdtemp(join(parent, "attention-project-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await cp(await packageFolder(), join(folder, "node_modules/attention-wasm"), { recursive: true });
  const manifest = { name: "project", private: true, ...(type && { type }), dependencies: { "attention-wasm": "*" } };
  for (const [path, text] of Object.entries({ "package.json": JSON.stringify(manifest), ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
