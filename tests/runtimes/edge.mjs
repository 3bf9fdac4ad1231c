// The packed package as modules of a Worker, as a bundler for workerd would resolve it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageFolder } from "./packed.mjs";

/**
 * Modules for `startWorkerd`: the entry's text first, then what it may import.
 * The names are those of the package's `workerd` condition.
 */
export async function workerdModules(entry, more = []) {
  const folder = await packageFolder();
  const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = [".", "./core"].map((name) => exports[name].workerd.default.replace("./dist/", ""));
  return [
    { name: "worker.js", text: entry },
    ...files.map((name) => ({ name, file: join(folder, "dist", name) })),
    { name: "attention.wasm", type: "wasm", file: join(folder, "dist/attention.wasm") },
    ...more,
  ];
}
