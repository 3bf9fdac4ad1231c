// The Workers that are measured against each other.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { build } from "esbuild";
import { buildWorkersRs } from "../../tests/examples/build.mjs";
import { DOWN, UP } from "../../tests/worker/header-lists.mjs";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const gzip = promisify(zlib.gzip);

// Invented; they open nothing but the nginx of this bench.
export const KEY = "bench-key-0123456789abcdef";
export const TOKEN = "bench-token-0123456789abcdef";
const SHA256 = createHash("sha256").update(TOKEN).digest("hex");

/** In the order of the tables. The first is what the others are compared with. */
const VARIANTS = {
  bare: { title: "bare JS, no checks", modules: () => bundled("bare.mjs"), checks: false },
  floor: { title: "bare JS, header lists", modules: () => bundled("floor.mjs"), checks: false },
  ours: { title: "this Worker", modules: ours },
  "ours-log": { title: "this Worker, log on", modules: ours, bindings: { ATTENTION_LOG: "all" } },
  "ours-gate": { title: "this Worker, gate bound", modules: ours, ...gated({}) },
  // A budget that no round comes near to: what is measured is how places are had, not how calls are held back.
  "ours-leases": { title: "this Worker, gate with leases", modules: ours, ...gated({ ATTENTION_BUDGET: "100000/s" }) },
  hono: { title: "Hono, same checks", modules: () => bundled("hono.mjs") },
  "hono-log": { title: "Hono, log on", modules: () => bundled("hono.mjs"), bindings: { ATTENTION_LOG: "all" } },
  "workers-rs": { title: "workers-rs, core's rules", modules: async () => compiled(await buildWorkersRs()) },
};

/** The variant that is there when asked for: the Worker of another commit. */
export const AGAINST = "against";

/** Whose requests per second are to be at least so many of whose. */
export const BUDGETS = [
  { of: "ours", to: AGAINST, least: 0.95 },
  { of: "ours-gate", to: "ours", least: 0.97 },
  { of: "ours-leases", to: "ours", least: 0.9 },
];

function gated(bindings) {
  return { durableObjects: ["Gate"], bindings: { ATTENTION_GATE: { durableObject: "Gate" }, ...bindings } };
}

export const ids = Object.keys(VARIANTS);

/**
 * @param {string[]} wanted which of them, in their order
 * @param {string} upstream the origin that every variant forwards to
 * @param {{ name: string, folder: string }} [against] the other commit, and where its Worker is
 * @returns {Promise<Array<{ id: string, title: string, checks: boolean, service: object, sizes: object }>>}
 *   `checks`: whether it checks callers; otherwise it lets everybody in
 */
export function variants(wanted, upstream, against) {
  const shared = {
    UPSTREAM_ORIGIN: upstream,
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `${upstream}/v2`,
    ATTENTION_CALLERS: JSON.stringify([{ name: "bench", sha256: SHA256 }]),
    CALLER_SHA256: SHA256,
    ATTENTION_ALLOWED_ORIGINS: "https://app.example",
    ATTENTION_POLICY: "allow GET /v2/**\nallow HEAD /v2/**\nallow POST /v2/upload",
    ATTENTION_LOG: "silent",
  };
  return Promise.all(
    wanted.map(async (id) => {
      const variant = id === AGAINST ? workerOf(against) : VARIANTS[id];
      const { title, modules: made, bindings, durableObjects, checks = true } = variant;
      const modules = await made();
      return {
        id,
        title,
        checks,
        sizes: await sizes(modules),
        service: { name: id, modules, durableObjects, bindings: { ...shared, ...bindings } },
      };
    }),
  );
}

function workerOf({ name, folder }) {
  return { title: `the Worker of ${name}`, modules: () => compiled(folder) };
}

function ours() {
  return compiled(join(repo, "worker/build"));
}

/** A Worker of one JavaScript file, minified as wrangler would on request. */
async function bundled(name) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    define: { HEADERS_UP: JSON.stringify(UP), HEADERS_DOWN: JSON.stringify(DOWN) },
  });
  return [{ name: "index.js", text: outputFiles[0].text }];
}

/** A Worker of JavaScript and wasm, as its own build left it. */
function compiled(folder) {
  return [
    { name: "index.js", file: join(folder, "index.js") },
    { name: "index_bg.wasm", type: "wasm", file: join(folder, "index_bg.wasm") },
  ];
}

async function sizes(modules) {
  const sum = { js: 0, jsGzip: 0, wasm: 0, wasmGzip: 0 };
  for (const { type = "esm", file, text } of modules) {
    const bytes = file === undefined ? Buffer.from(text) : await readFile(file);
    const kind = type === "wasm" ? "wasm" : "js";
    sum[kind] += bytes.length;
    sum[`${kind}Gzip`] += (await gzip(bytes, { level: 9 })).length;
  }
  return sum;
}
