// The package as users get it: packed by npm and installed into a separate
// project, once per build.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { startUpstream } from "../upstream/server.mjs";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const pkg = join(repo, "pkg");
const run = promisify(execFile);

let installed;

/** The folder of a project that depends on the packed tarball. */
export function project() {
  installed ??= install();
  return installed;
}

/** The folder of the installed package. */
export async function packageFolder() {
  return join(await project(), "node_modules/attention-wasm");
}

/** Imports from the project, as a module in it would. */
export async function importPacked(name = "attention-wasm") {
  // Found by Node itself, through the package's own map.
  const probe = pathToFileURL(join(await project(), "resolve.mjs"));
  const { resolve } = await import(probe);
  return import(resolve(name));
}

/** Requires from the project, as a CommonJS module in it would. */
export async function requirePacked(name = "attention-wasm") {
  return createRequire(join(await project(), "index.cjs"))(name);
}

async function install() {
  const folder = join(tmpdir(), `attention-packed-${await buildId()}`);
  if (await exists(folder)) return folder;
  // Prepared elsewhere and moved into place, because test files run at the same time.
  const draft = await mkdtemp(join(tmpdir(), "attention-packing-"));
  const npm = (...args) =>
    run("npm", [...args, "--offline", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: draft });
  const { stdout } = await npm("pack", pkg, "--ignore-scripts", "--json", "--pack-destination", draft);
  const [{ filename }] = JSON.parse(stdout);
  await writeFile(join(draft, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  await writeFile(join(draft, "resolve.mjs"), "export const resolve = (name) => import.meta.resolve(name);\n");
  await npm("install", `./${filename}`, "--ignore-scripts", "--no-package-lock");
  await rename(draft, folder).catch(async (error) => {
    // Another test file was faster.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    await rm(draft, { recursive: true });
  });
  return folder;
}

/** Of all that could be packed. */
async function buildId() {
  const dist = join(pkg, "dist");
  if (!(await exists(join(dist, "index.js"))))
    throw new Error("pkg/dist is not built: run `cargo xtask build pkg` first");
  const hash = createHash("sha256").update(await readFile(join(pkg, "package.json")));
  for (const entry of (await readdir(dist, { recursive: true, withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (entry.isFile()) hash.update(entry.name).update(await readFile(join(entry.parentPath, entry.name)));
  }
  return hash.digest("hex").slice(0, 16);
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The package's mock behind a socket, and the key that it accepts. The caller must close `upstream`. */
export async function startPackedMock() {
  const { mockAttention, MOCK_API_KEY } = await importPacked("attention-wasm/testing");
  const mock = mockAttention();
  return { key: MOCK_API_KEY, mock, upstream: await startUpstream({ mock }) };
}
