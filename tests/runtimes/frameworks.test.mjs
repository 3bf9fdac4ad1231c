// Frameworks that build for many places, each with a client at a module's top and no key while it builds. All of them are
// slow: ATTENTION_SLOW=1 runs them.
import assert from "node:assert/strict";
import { readdir, readFile, symlink } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { openPage } from "../browser/page.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { startApi, startGateway } from "./api.mjs";
import { makeProject } from "./project.mjs";
import { run, start } from "./run.mjs";
import { command, tool } from "./tools.mjs";

const slow = process.env.ATTENTION_SLOW === "1" ? {} : { skip: "ATTENTION_SLOW=1 runs it" };
const named = (name) => `${name} (slow: ATTENTION_SLOW=1 runs it)`;

/** A project with the framework's packages beside ours; what is built in it finds both. */
async function project(t, framework, files, dependencies = {}) {
  const manifest = { name: "app", private: true, type: "module", dependencies };
  const cwd = await makeProject(t, { "package.json": JSON.stringify(manifest), ...files });
  const folder = join(await tool(framework), "node_modules");
  for (const name of await readdir(folder)) {
    if (name.startsWith(".") || name === "attention-wasm") continue;
    await symlink(join(folder, name), join(cwd, "node_modules", name), "junction");
  }
  return cwd;
}

const NITRO = {
  "routes/index.js": `import { eventHandler } from "h3";
import { Attention } from "attention-wasm";
let attention;
export default eventHandler(async (event) => {
  const env = event.context.cloudflare?.env ?? process.env;
  attention ??= new Attention({ apiKey: env.ATTENTION_API_KEY, baseURL: env.ATTENTION_BASE_URL });
  return { count: (await attention.get("/conversations/list", { query: { size: 2 } })).data.length };
});
`,
};
const WASM = "experimental: { wasm: true }";

for (const [preset, setting] of [
  ["cloudflare_module", WASM],
  ["cloudflare-pages", WASM],
  ["vercel-edge", WASM],
  ["netlify-edge", WASM],
  ["node-server", ""],
  ["aws-lambda", ""],
  ["deno-server", ""],
  ["bun", ""],
]) {
  test(named(`Nitro, as in Nuxt, ${preset}, ${setting || "without a setting"}: builds`), slow, async (t) => {
    const { env } = await startApi(t);
    const config = `export default { compatibilityDate: "2026-01-01", ${setting} };`;
    const cwd = await project(t, "nitro", { ...NITRO, "nitro.config.js": config });
    await run(process.execPath, [await command("nitro", "nitro", "nitropack"), "build"], {
      cwd,
      env: { NITRO_PRESET: preset },
    });
    const readme = await readFile(new URL("../../pkg/README.md", import.meta.url), "utf8");
    if (setting !== "") assert.ok(readme.includes(setting), "the README names the setting");
    if (preset === "node-server") await assertServes(t, cwd, ".output/server/index.mjs", "/", { count: 2 }, env);
    if (preset === "cloudflare_module") await assertWorks(t, join(cwd, ".output/server"), env);
  });
}

/** The built server in Node answers so. */
async function assertServes(t, cwd, script, path, expected, env) {
  const port = 20_000 + (process.pid % 20_000);
  const server = start(process.execPath, [script], { cwd, env: { ...env, PORT: String(port), HOST: "127.0.0.1" } });
  t.after(() => server.kill("SIGKILL"));
  for (let tries = 0; ; tries++) {
    const text = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (response) => response.text(),
      () => undefined,
    );
    if (text === undefined && tries < 200) await new Promise((resolve) => setTimeout(resolve, 50));
    else if (expected instanceof RegExp) return assert.match(text ?? "", expected, server.output());
    else return assert.deepEqual(JSON.parse(text ?? "null"), expected, server.output());
  }
}

/** The built Worker in workerd answers so. */
async function assertWorks(t, folder, env) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && /\.(mjs|js|wasm)$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort((one, other) => Number(other === "index.mjs") - Number(one === "index.mjs"));
  const modules = names.map((name) => ({
    name,
    file: join(folder, name),
    ...(name.endsWith(".wasm") && { type: "wasm" }),
  }));
  const service = { name: "app", modules, bindings: env, compatibilityFlags: ["nodejs_compat"] };
  const workerd = await startWorkerd({ services: [service] });
  t.after(() => workerd.close());
  const response = await fetch(workerd.url);
  const text = await response.text();
  assert.deepEqual([response.status, text.replaceAll(/\s/g, "")], [200, '{"count":2}'], workerd.output);
}

test(named("SvelteKit, adapter-node: prerenders without a key, and a route calls with one"), slow, async (t) => {
  const { env } = await startApi(t);
  const cwd = await project(t, "sveltekit", {
    "svelte.config.js":
      'import adapter from "@sveltejs/adapter-node";\nexport default { kit: { adapter: adapter() } };\n',
    "vite.config.js": 'import { sveltekit } from "@sveltejs/kit/vite";\nexport default { plugins: [sveltekit()] };\n',
    "src/app.html": "<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>",
    "src/routes/+page.svelte": `<script>
  import { Attention } from "attention-wasm";
  const attention = new Attention();
</script>
<p>{String(attention)}</p>`,
    "src/routes/+page.js": "export const prerender = true;\n",
    "src/routes/api/+server.js": `import { Attention } from "attention-wasm";
const attention = new Attention();
export async function GET() {
  const { data } = await attention.get("/conversations/list", { query: { size: 2 } });
  return Response.json({ count: data.length });
}
`,
  });
  await run(process.execPath, [join(cwd, "node_modules/vite/bin/vite.js"), "build"], { cwd });
  // The address is read when a client is made; for the build it was the default.
  await assertServes(t, cwd, "build/index.js", "/api", { count: 2 }, env);
});

test(named("React Router: builds without a key, and a loader calls with one"), slow, async (t) => {
  const { env } = await startApi(t);
  const cwd = await project(
    t,
    "react-router",
    {
      "vite.config.js":
        'import { reactRouter } from "@react-router/dev/vite";\nexport default { plugins: [reactRouter()] };\n',
      "app/routes.js": 'import { index } from "@react-router/dev/routes";\nexport default [index("./home.jsx")];\n',
      "app/root.jsx": `import { Outlet, Scripts } from "react-router";
export default function Root() { return <html><body><Outlet /><Scripts /></body></html>; }
`,
      "app/home.jsx": `import { Attention } from "attention-wasm";
const attention = new Attention();
export async function loader() {
  return { count: (await attention.get("/conversations/list", { query: { size: 2 } })).data.length };
}
export default function Home({ loaderData }) { return <p>got {loaderData.count}</p>; }
`,
    },
    { "@react-router/node": "*", react: "*", "react-dom": "*", "react-router": "*", isbot: "*" },
  );
  await run(process.execPath, [join(cwd, "node_modules/@react-router/dev/bin.js"), "build"], { cwd });
  const serve = join(cwd, "node_modules/@react-router/serve/bin.js");
  const port = 20_000 + (process.pid % 20_000);
  const server = start(process.execPath, [serve, "./build/server/index.js"], {
    cwd,
    env: { ...env, PORT: String(port) },
  });
  t.after(() => server.kill("SIGKILL"));
  await server.printed(/http:\/\//);
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.match(text.replaceAll("<!-- -->", ""), /got 2/);
});

test(named("Angular: builds, and a page calls with a token in Chromium"), slow, async (t) => {
  const gateway = await startGateway(t);
  const target = {
    browser: "src/main.ts",
    index: "src/index.html",
    outputPath: "dist",
    tsConfig: "tsconfig.json",
    polyfills: [],
  };
  const build = { builder: "@angular/build:application", options: target };
  const app = { projectType: "application", root: "", sourceRoot: "src", architect: { build } };
  const cwd = await project(t, "angular", {
    "angular.json": JSON.stringify({ version: 1, projects: { app }, cli: { analytics: false } }),
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "ES2022",
        module: "ES2022",
        moduleResolution: "bundler",
        strict: true,
        lib: ["ES2022", "dom"],
        types: [],
      },
      files: ["src/main.ts"],
    }),
    "src/index.html": "<!doctype html><title>app</title><link rel=icon href=data:,><app-root></app-root>",
    "src/main.ts": `import { Component, provideZonelessChangeDetection } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { Attention } from "attention-wasm";
const attention = new Attention(${gateway.options});
@Component({ selector: "app-root", template: "<p>app</p>" })
class App {
  constructor() {
    attention.get("/conversations/list", { query: { size: 3 } }).then(
      ({ data }) => { document.title = "got " + data.length; },
      (error) => { document.title = String(error); },
    );
  }
}
bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] });
`,
  });
  await run(process.execPath, [join(cwd, "node_modules/@angular/cli/bin/ng.js"), "build"], {
    cwd,
    env: { NG_CLI_ANALYTICS: "false" },
  });
  const files = {};
  for (const name of await readdir(join(cwd, "dist/browser")))
    files[`/${name}`] = pathToFileURL(join(cwd, "dist/browser", name));
  const { page, url } = await openPage(t, { ...files, "/app.html": files["/index.html"] });
  await page.goto(`${url}/app.html`);
  await page.waitForFunction(() => document.title !== "app");
  assert.equal(await page.title(), "got 3");
});

test(
  named("Vite's SSR build for a Worker, with attention.wasm kept as an import: runs in workerd"),
  slow,
  async (t) => {
    const { env } = await startApi(t);
    const cwd = await project(t, "vite", {
      "vite.config.js": `export default {
  ssr: { target: "webworker", noExternal: true, resolve: { conditions: ["workerd"] } },
  build: { ssr: "app.js", rollupOptions: { external: [/\\.wasm$/] } },
};
`,
      "app.js": `import { Attention } from "attention-wasm";
let attention;
export default {
  async fetch(_request, { ATTENTION_API_KEY: apiKey, ATTENTION_BASE_URL: baseURL }) {
    attention ??= new Attention({ apiKey, baseURL });
    return Response.json({ count: (await attention.get("/conversations/list", { query: { size: 2 } })).data.length });
  },
};
`,
    });
    await run(process.execPath, [join(cwd, "node_modules/vite/bin/vite.js"), "build"], { cwd });
    const [script] = (await readdir(join(cwd, "dist"))).filter((name) => name.endsWith("js"));
    const text = await readFile(join(cwd, "dist", script), "utf8");
    const [, specifier] = /from ?["']([^"']*attention\.wasm)["']/.exec(text) ?? [];
    assert.ok(specifier, "the import is still there");
    const workerd = await startWorkerd({
      services: [
        {
          name: "app",
          modules: [
            { name: "app.js", text: text.replace(specifier, "./attention.wasm") },
            {
              name: "attention.wasm",
              type: "wasm",
              file: join(cwd, "node_modules/attention-wasm/dist/attention.wasm"),
            },
          ],
          bindings: env,
        },
      ],
    });
    t.after(() => workerd.close());
    assert.deepEqual(await (await fetch(workerd.url)).json(), { count: 2 });
  },
);
