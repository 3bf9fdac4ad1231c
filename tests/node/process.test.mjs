// The package's effects on its process: none that last.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { packageFolder, project } from "../runtimes/packed.mjs";
import { FAKE_KEY, served } from "./fixture.mjs";

const run = promisify(execFile);

/** Runs a module in the project; returns its output. A module that does not end is killed, and an error. */
async function module(source, env = {}) {
  return run(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: await project(),
    env: { ...process.env, ...env },
    timeout: 45_000,
  });
}

test("importing changes no global and compiles nothing", async () => {
  const { stdout } = await module(`
    const before = Reflect.ownKeys(globalThis).length;
    let compiled = 0;
    WebAssembly.Module = class { constructor() { compiled++; } };
    await import("attention-wasm");
    await import("attention-wasm/core");
    await import("attention-wasm/testing");
    console.log(Reflect.ownKeys(globalThis).length - before, compiled);
  `);
  assert.equal(stdout, "0 0\n");
});

test("the process ends by itself after calls, even if nobody awaits them", async (t) => {
  const { upstream } = await served(t);
  const { stdout } = await module(
    `
    import { Attention } from "attention-wasm";
    const attention = new Attention();
    console.log(await attention.get("/things"));
    attention.get("/unread");
    (await attention.get("/handed-out").asResponse()).body.cancel();
    attention.get("/missing", { timeout: 50_000 }).catch(() => {});
  `,
    { ATTENTION_API_KEY: FAKE_KEY, ATTENTION_BASE_URL: `${upstream.url}/v2` },
  );
  assert.equal(stdout, "{ ok: true }\n");
});

test("ATTENTION_LOG turns the console on, without the key and the query", async (t) => {
  const { upstream } = await served(t);
  const { stdout } = await module(
    `
    import { Attention } from "attention-wasm";
    await new Attention().get("/things", { query: { email: "somebody@example.test" } });
  `,
    { ATTENTION_API_KEY: FAKE_KEY, ATTENTION_BASE_URL: `${upstream.url}/v2`, ATTENTION_LOG: "debug" },
  );
  assert.match(stdout, /attention: GET \S+\/v2\/things, try 1: 200/);
  assert.ok(!stdout.includes(FAKE_KEY) && !stdout.includes("somebody"));
});

test("the embedded wasm is plain ASCII that a page may contain, whatever its charset", async () => {
  const text = await readFile(join(await packageFolder(), "dist/core.js"), "latin1");
  assert.doesNotMatch(text, /[^\t\n\x20-\x7e]|<\/script|<!--/);
  assert.ok(text.length > 50_000);
});

test("the package contains the required files and nothing else", async () => {
  const folder = await packageFolder();
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.sideEffects, false);
  const { stdout } = await run("find", [".", "-type", "f"], { cwd: folder });
  const kinds =
    /^\.\/(package\.json|README\.md|CHANGELOG\.md|api\.md|LICENSE-\w+|dist\/[\w.-]+\.(js|cjs|wasm|js\.map|cjs\.map)|dist\/types\/[\w/-]+\.d\.c?ts)$/;
  for (const file of stdout.trim().split("\n")) assert.match(file, kinds);
});
