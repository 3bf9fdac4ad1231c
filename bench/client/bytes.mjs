// What a page loads for the call, from esbuild's defaults: minified, then gzip.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const packed = (bytes) => gzipSync(bytes, { level: 9 }).length;

export async function bytes(folder, ids) {
  return Promise.all(
    ids.map(async (id) => {
      const script = await bundle(folder, id);
      if (id !== "attention") return { id, all: packed(script), js: packed(script), wasm: 0 };
      // Apart: an edge runtime takes the wasm as a file, so that its script is the JavaScript alone.
      const beside = await bundle(folder, id, { conditions: ["workerd"], external: ["*.wasm"] });
      const wasm = await readFile(join(folder, "node_modules/attention-wasm/dist/attention.wasm"));
      const client = await bundle(folder, id, { stdin: { contents: await ofClient(folder), resolveDir: folder } });
      return { id, all: packed(script), js: packed(beside), wasm: packed(wasm), client: packed(client) };
    }),
  );
}

/** The same call with `Client`, which has no operations by name: what a page takes that counts bytes. */
async function ofClient(folder) {
  const source = await readFile(join(folder, "variants/attention.mjs"), "utf8");
  return `${source.replaceAll(/\bAttention\b/g, "Client")}globalThis.call = make("https://api.example/v2");`;
}

async function bundle(folder, id, options) {
  const contents = `import { make } from "./variants/${id}.mjs"; globalThis.call = make("https://api.example/v2");`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "error",
    ...options,
  });
  return outputFiles[0].contents;
}
