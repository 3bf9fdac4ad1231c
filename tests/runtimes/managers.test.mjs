// What every package manager makes of `add attention-wasm`: the README's first call, CommonJS, and the command with its wasm.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { blocksOf } from "../journeys/document.mjs";
import { startPackedMock } from "./packed.mjs";
import { startRegistry } from "./registry.mjs";
import { run } from "./run.mjs";
import { bun, command, deno, needs } from "./tools.mjs";

let key;
let upstream;
let registry;
before(async () => {
  ({ key, upstream } = await startPackedMock());
  registry = await startRegistry();
});
after(() => {
  upstream?.close();
  registry?.close();
});

const REQUIRED = `
const { Attention } = require("attention-wasm");
new Attention().users.list().then(({ data }) => console.log("users", data.length));
`;

/** Runs a program in the reader's folder. `"$"` is where the manager's own caches go. */
function reader(cwd, environment) {
  const env = { ATTENTION_API_KEY: key, ATTENTION_BASE_URL: `${upstream.url}/v2` };
  for (const [name, value] of Object.entries(environment)) env[name] = value.replace("$", join(cwd, ".own"));
  return async (program, ...args) => (await run(program, args, { cwd, env })).stdout;
}

/** A folder with the README's first call, unchanged, one for CommonJS, and a policy. */
async function begin(t) {
  const cwd = await mkdtemp(join(tmpdir(), "attention-manager-"));
  t.after(() => rm(cwd, { recursive: true, force: true, maxRetries: 5 }));
  const first = (await blocksOf("README.md", "A server, in JavaScript")).find(({ file }) => file === "first-call.mjs");
  const files = {
    "package.json": '{ "name": "project", "private": true }',
    "first-call.mjs": first.text,
    "users.cjs": REQUIRED,
    "policy.txt": "allow GET /v2/conversations/list\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  return cwd;
}

/** All that a reader does once the package is there. `node` runs a file, `bin` the package's command. */
async function use(node, bin, requires = true) {
  const titles = (await node("first-call.mjs")).trim().split("\n");
  assert.equal(titles.filter((line) => /^[0-9a-f-]{36} /.test(line)).length, 3, titles.join("\n"));
  if (requires) assert.match(await node("users.cjs"), /^users \d+$/m);
  assert.equal((await bin("--version")).trim(), registry.version);
  assert.match(await bin("policy", "check", "policy.txt"), /^policy default: 1 of \d+ known operations allowed$/m);
}

const node = process.execPath;

test("npm", async (t) => {
  const cwd = await begin(t);
  const call = reader(cwd, { npm_config_registry: registry.url, npm_config_cache: "$", npm_config_audit: "false" });
  await call("npm", "install", "attention-wasm");
  await use(
    (file) => call(node, file),
    (...args) => call("npx", "attention-wasm", ...args),
  );
});

test("Bun", needs("bun"), async (t) => {
  const cwd = await begin(t);
  const program = await bun();
  const call = reader(cwd, { BUN_CONFIG_REGISTRY: registry.url, BUN_INSTALL_CACHE_DIR: "$" });
  await call(program, "add", "attention-wasm");
  await use(
    (file) => call(program, file),
    (...args) => call(program, "run", "--bun", "attention-wasm", ...args),
  );
});

for (const how of ["npm:attention-wasm in the import", "deno add npm:attention-wasm"]) {
  test(`Deno: ${how}, with the two permissions that the documents name`, needs("deno"), async (t) => {
    const cwd = await begin(t);
    const program = await deno();
    const call = reader(cwd, { NPM_CONFIG_REGISTRY: registry.url, DENO_DIR: "$" });
    const hasPackageJson = how.startsWith("deno add");
    if (hasPackageJson) await call(program, "add", "npm:attention-wasm");
    else {
      await rm(join(cwd, "package.json"));
      const first = join(cwd, "first-call.mjs");
      await writeFile(first, (await readFile(first, "utf8")).replace('"attention-wasm"', '"npm:attention-wasm"'));
    }
    await use(
      // CommonJS is resolved at run time, for which Deno wants to read.
      (file) =>
        call(
          program,
          "run",
          "--no-prompt",
          "--allow-env",
          "--allow-net",
          ...(file.endsWith(".cjs") ? ["--allow-read"] : []),
          file,
        ),
      (...args) => call(program, "run", "--no-prompt", "-A", "npm:attention-wasm", ...args),
      // `require` knows no `npm:`.
      hasPackageJson,
    );
  });
}

const slow =
  process.env.ATTENTION_SLOW === "1" ? {} : { skip: "installs 32 MB of package managers; ATTENTION_SLOW=1 runs it" };

test("pnpm (installs 32 MB of package managers; ATTENTION_SLOW=1 runs it)", slow, async (t) => {
  const cwd = await begin(t);
  const call = reader(cwd, { npm_config_registry: registry.url, npm_config_store_dir: "$", CI: "1" });
  const pnpm = await command("managers", "pnpm", "pnpm");
  await call(node, pnpm, "add", "attention-wasm");
  await use(
    (file) => call(node, file),
    (...args) => call(node, pnpm, "exec", "attention-wasm", ...args),
  );
});

test("Yarn 1 (installs 32 MB of package managers; ATTENTION_SLOW=1 runs it)", slow, async (t) => {
  const cwd = await begin(t);
  const call = reader(cwd, { YARN_CACHE_FOLDER: "$", YARN_REGISTRY: registry.url });
  const yarn = await command("managers", "yarn", "yarn");
  await call(node, yarn, "add", "attention-wasm", "--registry", registry.url);
  await use(
    (file) => call(node, file),
    (...args) => call(node, yarn, "--silent", "run", "attention-wasm", ...args),
  );
});

for (const linker of ["node-modules", "pnp"]) {
  test(`Yarn 4, ${linker} (installs 32 MB of package managers; ATTENTION_SLOW=1 runs it)`, slow, async (t) => {
    const cwd = await begin(t);
    // A separate project, whatever its parent folders contain.
    await writeFile(join(cwd, "yarn.lock"), "");
    const call = reader(cwd, {
      YARN_NODE_LINKER: linker,
      YARN_NPM_REGISTRY_SERVER: registry.url,
      YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1",
      YARN_ENABLE_TELEMETRY: "0",
      YARN_GLOBAL_FOLDER: "$",
    });
    const yarn = await command("managers", "yarn", "@yarnpkg/cli-dist");
    await call(node, yarn, "add", "attention-wasm");
    await use(
      (file) => call(node, yarn, "node", file),
      (...args) => call(node, yarn, "attention-wasm", ...args),
    );
  });
}
