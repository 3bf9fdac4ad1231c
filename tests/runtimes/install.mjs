// Packages of npm in a folder of their own, once.
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.mjs";

/**
 * @param {string} parent the parent of the folders
 * @param {string} name its name, for messages
 * @param {string} id its version; another version replaces the installed one
 * @param {Record<string, string>} dependencies as in a package.json
 * @param {(folder: string) => Promise<unknown>} [finish] runs after `npm install`
 * @returns the folder with node_modules
 */
export async function installed(parent, name, id, dependencies, finish) {
  const folder = join(parent, `${name}-${id}`);
  if (await exists(folder)) return folder;
  await mkdir(parent, { recursive: true });
  const what = Object.entries(dependencies)
    .map(([dependency, version]) => `${dependency}@${version}`)
    .join(" ");
  console.error(`installing ${what}, once`);
  // Made aside and moved into place: test files run at the same time, and a broken install leaves nothing half done.
  const draft = await mkdtemp(join(parent, ".draft-"));
  try {
    await writeFile(join(draft, "package.json"), JSON.stringify({ private: true, dependencies }));
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    await run(
      npm,
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
      { cwd: draft },
    );
    await finish?.(draft);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new Error(`${name} cannot be had: ${what} did not install from npm\n${error.message}`);
  }
  await rename(draft, folder).catch(async (error) => {
    // Another test file was quicker.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await rm(draft, { recursive: true });
  });
  for (const other of await readdir(parent)) {
    const [, of] = /^(.*)-[0-9a-f]{8}$/.exec(other) ?? [];
    if (of === name && other !== `${name}-${id}`) await rm(join(parent, other), { recursive: true, force: true });
  }
  return folder;
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
