// The declarations of the packed package, as the compilers of its users read them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { packageFolder } from "../runtimes/packed.mjs";

const folder = fileURLToPath(new URL("types/", import.meta.url));
/** The newest version, and the previous major, which the generator of the types needs. */
const compilers = ["../../package.json", "../../openapi/package.json"].map((from) => {
  const manifest = createRequire(new URL(from, import.meta.url)).resolve("typescript/package.json");
  return { tsc: join(dirname(manifest), "bin/tsc"), version: createRequire(manifest)(manifest).version };
});

for (const { tsc, version } of compilers) {
  for (const exactOptionalPropertyTypes of [true, false]) {
    test(`TypeScript ${version}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes}`, async (t) => {
      const project = await mkdtemp(join(tmpdir(), "attention-types-"));
      t.after(() => rm(project, { recursive: true }));
      const types = join(await packageFolder(), "dist/types");
      await writeFile(
        join(project, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            target: "ES2022",
            module: "ESNext",
            moduleResolution: "bundler",
            lib: ["ES2022", "DOM", "DOM.Iterable"],
            types: [],
            strict: true,
            noEmit: true,
            exactOptionalPropertyTypes,
            paths: {
              "attention-wasm": [join(types, "index.d.ts")],
              "attention-wasm/testing": [join(types, "testing/index.d.ts")],
              "attention-wasm/jobs": [join(types, "jobs/index.d.ts")],
              "attention-wasm/webhooks": [join(types, "webhooks/index.d.ts")],
              "attention-wasm/opentelemetry": [join(types, "opentelemetry/index.d.ts")],
              "@opentelemetry/api": [fileURLToPath(new URL("../../node_modules/@opentelemetry/api", import.meta.url))],
            },
          },
          files: (await readdir(folder)).map((name) => join(folder, name)),
        }),
      );
      const output = await new Promise((resolve) =>
        execFile(process.execPath, [tsc, "-p", project], (_, stdout, stderr) => resolve(stdout + stderr)),
      );
      assert.equal(output, "");
    });
  }
}
