// The testing module as one file, as the package build makes it: for tests
// that run before there is a build, and to embed in a workerd configuration.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "attention-mock-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Where the bundle is. */
export const file = join(folder, "testing.mjs");

await build({
  entryPoints: [fileURLToPath(new URL("../../pkg/testing/index.ts", import.meta.url))],
  bundle: true,
  format: "esm",
  target: "es2022",
  outfile: file,
  logLevel: "warning",
});

/** What it exports. */
export const testing = await import(pathToFileURL(file).href);

/** The service that `startWorkerd` takes to run the mock as a Worker. */
export const mockService = {
  name: "mock",
  modules: [
    { name: "worker.mjs", file: new URL("./worker.mjs", import.meta.url) },
    { name: "testing.js", file },
  ],
};
