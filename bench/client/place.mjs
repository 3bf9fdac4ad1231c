// A project that has the packed package and its peers, and the server they all call.
import { createHash } from "node:crypto";
import { copyFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installed } from "../../tests/runtimes/install.mjs";
import { makeProject } from "../../tests/runtimes/project.mjs";
import { start } from "../../tests/runtimes/run.mjs";
import { newerNode } from "../../tests/runtimes/tools.mjs";
import { VARIANTS } from "./variants.mjs";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const inside = new URL("inside/", import.meta.url);

/** What some of the peers ask for. */
const LEAST_NODE = 22;

/** @param {{ after(end: () => unknown): void }} t is told what to undo */
export async function place(t) {
  const versions = JSON.parse(await readFile(new URL("versions.json", import.meta.url), "utf8"));
  const id = createHash("sha256").update(JSON.stringify(versions)).digest("hex").slice(0, 8);
  const parent = await installed(join(repo, ".tools/bench"), "client", id, versions);
  const modules = Object.fromEntries(VARIANTS.map(({ id, source }) => [`variants/${id}.mjs`, source]));
  const folder = await makeProject(t, modules, { parent });
  for (const name of await readdir(inside)) await copyFile(new URL(name, inside), join(folder, name));
  const node = Number(process.versions.node.split(".")[0]) >= LEAST_NODE ? process.execPath : await newerNode();
  const server = start(process.execPath, ["server.mjs"], { cwd: folder });
  t.after(() => {
    server.kill();
    return server.ended;
  });
  const [, base] = await server.printed(/(http:\S+)/);
  return { folder, node, base, versions };
}
