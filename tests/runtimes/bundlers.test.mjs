// The packed package through each bundler with its default configuration: for
// the browser, run in Chromium; for Node, run in Node.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openPage } from "../browser/page.mjs";
import { startApi, startGateway } from "./api.mjs";
import { makeProject } from "./project.mjs";
import { run, start } from "./run.mjs";
import { APPS, TOLD } from "./server-app.mjs";
import { bun, command, needs } from "./tools.mjs";

const HTML = (script) => `<!doctype html><title>app</title><link rel=icon href=data:,>${script}`;

/** No `await` outside of functions: classic scripts have none. */
const pageApp = (options) => `import { Attention } from "attention-wasm";
const attention = new Attention(${options});
attention.get("/conversations/list", { query: { size: 3 } }).then(
  ({ data }) => { document.title = "got " + data.length; },
  (error) => { document.title = String(error); },
);
`;

const esbuild = fileURLToPath(new URL("../bin/esbuild", import.meta.resolve("esbuild")));
const node =
  (script) =>
  async (cwd, ...args) =>
    run(process.execPath, [await script(), ...args], { cwd });
const vite = node(() => command("vite"));
const webpack = node(() => command("webpack"));
const rollup = node(() => command("rollup"));
// Its command is the native program itself.
const runEsbuild = async (cwd, ...args) => run(esbuild, args, { cwd });
const runBun = async (cwd, ...args) => run(await bun(), ["build", ...args], { cwd });
const RESOLVE = ["--plugin", "@rollup/plugin-node-resolve"];

/** How each builds src/index.js into dist/ for the browser, and what a page then loads. */
const FOR_BROWSERS = [
  ["Vite", (cwd) => vite(cwd, "build"), undefined],
  ["webpack", (cwd) => webpack(cwd, "--mode", "production"), '<script defer src="/main.js"></script>'],
  [
    "Rollup",
    (cwd) => rollup(cwd, "src/index.js", ...RESOLVE, "--dir", "dist"),
    '<script type="module" src="/index.js"></script>',
  ],
  [
    "esbuild",
    (cwd) => runEsbuild(cwd, "src/index.js", "--bundle", "--minify", "--outdir=dist"),
    '<script defer src="/index.js"></script>',
  ],
  [
    "Bun",
    (cwd) => runBun(cwd, "src/index.js", "--minify", "--outdir=dist"),
    '<script type="module" src="/index.js"></script>',
    needs("bun"),
  ],
];

for (const [bundler, build, script, options] of FOR_BROWSERS) {
  const make = (t, app) =>
    makeProject(t, { "src/index.js": app, "index.html": HTML('<script type="module" src="/src/index.js"></script>') });

  test(`${bundler} for a page: no warning, no mock in it, a call with a token in Chromium`, options, async (t) => {
    const gateway = await startGateway(t);
    const cwd = await make(t, pageApp(gateway.options));
    quiet(await build(cwd));
    const files = await built(cwd);
    await assertLean(files);
    const { page, printed, url } = await openPage(t, {
      "/app.html": HTML(script),
      ...files,
      ...(files["/index.html"] && { "/app.html": files["/index.html"] }),
    });
    await page.goto(`${url}/app.html`);
    await page.waitForFunction(() => document.title !== "app");
    assert.equal(await page.title(), "got 3", printed.join("\n"));
    assert.deepEqual(printed, []);
  });

  test(`${bundler} for a page that only tells errors apart: neither client nor wasm in it`, options, async (t) => {
    const cwd = await make(
      t,
      'import { NotFoundError } from "attention-wasm";\nglobalThis.is404 = (error) => error instanceof NotFoundError;\n',
    );
    quiet(await build(cwd));
    const text = await texts(await built(cwd));
    assert.match(text, /is404/);
    assert.ok(text.length < 12_000, `${text.length} characters`);
  });
}

test("Vite's own server, which rebuilds dependencies for itself", async (t) => {
  const gateway = await startGateway(t);
  const cwd = await makeProject(t, {
    "src/index.js": pageApp(gateway.options),
    "index.html": HTML('<script type="module" src="/src/index.js"></script>'),
  });
  const server = start(process.execPath, [await command("vite"), "--host", "127.0.0.1", "--port", "0"], { cwd });
  t.after(() => server.kill());
  const [, at] = await server.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
  const { page } = await openPage(t);
  await page.goto(at);
  await page.waitForFunction(() => document.title !== "app");
  assert.equal(await page.title(), "got 3");
  quiet({ output: server.output() });
});

/** How each builds app.mjs or app.cjs for Node; gives the file that was made. */
const FOR_NODE = [
  [
    "webpack",
    "esm",
    async (cwd) => [
      await webpack(cwd, "--mode", "production", "--target", "node", "--entry", "./app.mjs"),
      "dist/main.js",
    ],
  ],
  [
    "webpack",
    "cjs",
    async (cwd) => [
      await webpack(cwd, "--mode", "production", "--target", "node", "--entry", "./app.cjs"),
      "dist/main.js",
    ],
  ],
  [
    "Rollup",
    "esm",
    async (cwd) => [await rollup(cwd, "app.mjs", ...RESOLVE, "--file", "dist/main.mjs"), "dist/main.mjs"],
  ],
  [
    "esbuild",
    "esm",
    async (cwd) => [
      await runEsbuild(cwd, "app.mjs", "--bundle", "--platform=node", "--format=esm", "--outfile=dist/main.mjs"),
      "dist/main.mjs",
    ],
  ],
  [
    "esbuild",
    "cjs",
    async (cwd) => [
      await runEsbuild(cwd, "app.cjs", "--bundle", "--platform=node", "--outfile=dist/main.cjs"),
      "dist/main.cjs",
    ],
  ],
];

for (const [bundler, format, build] of FOR_NODE) {
  test(`${bundler} for Node, ${format}: no warning, and the bundle runs where no package is`, async (t) => {
    const { env } = await startApi(t);
    const cwd = await makeProject(
      t,
      { [format === "esm" ? "app.mjs" : "app.cjs"]: APPS[format] },
      { type: "commonjs" },
    );
    const [printed, file] = await build(cwd);
    quiet(printed);
    const text = await readFile(join(cwd, file), "utf8");
    assert.doesNotMatch(text, /require\(["']attention-wasm|from ?["']attention-wasm/);
    const elsewhere = await makeProject(t, { [file]: text }, { type: "commonjs" });
    const { output } = await run(process.execPath, [file], { cwd: elsewhere, env, timeoutMs: 30_000 });
    const { shown: _, ...told } = JSON.parse(output.split("\n", 1)[0]);
    assert.deepEqual(told, TOLD, output);
  });
}

function quiet({ output }) {
  assert.doesNotMatch(output, /warn|\(!\)|import\.meta|top-level await|dynamic require|externalized/i);
}

/** What was built, as files for the page. */
async function built(cwd) {
  const dist = join(cwd, "dist");
  const files = {};
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[`/${relative(dist, file).replaceAll(sep, "/")}`] = pathToFileURL(file);
  }
  return files;
}

async function texts(files) {
  const scripts = Object.values(files).filter(({ pathname }) => pathname.endsWith("js"));
  return (await Promise.all(scripts.map((file) => readFile(file, "utf8")))).join("\n");
}

/** One file of script, and nothing of `attention-wasm/testing`. */
async function assertLean(files) {
  assert.equal(Object.keys(files).filter((name) => name.endsWith("js")).length, 1, Object.keys(files).join(" "));
  assert.doesNotMatch(await texts(files), /mockAttention|attention-mock|MockNetworkError/);
}
