// The upload of `wrangler deploy` for each environment: exactly the files that
// were built and tested, and no secret.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { wrangler } from "./wrangler.mjs";

const WORKER = new URL("../../worker/", import.meta.url);
const ENVIRONMENTS = ["dev", "staging", "production"];

const config = await readFile(new URL("wrangler.toml", WORKER), "utf8");
/** Its lines without comments. */
const settings = config
  .split("\n")
  .filter((line) => !line.trimStart().startsWith("#"))
  .join("\n");

/** A configuration outside of worker/ that builds nothing. */
function placed(text) {
  const build = fileURLToPath(new URL("build/", WORKER));
  return text
    .replace('main = "build/index.js"', `main = ${JSON.stringify(join(build, "index.js"))}`)
    .replace('base_dir = "build"', `base_dir = ${JSON.stringify(build)}`)
    .replace('command = "cargo xtask build worker"\n', "");
}

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "attention-deploy-"));
});
after(() => rm(folder, { recursive: true, force: true }));

describe("wrangler deploy --dry-run", () => {
  for (const environment of ENVIRONMENTS) {
    test(environment, { timeout: 10 * 60_000 }, async () => {
      const out = join(folder, environment);
      const said = await wrangler("deploy", "--dry-run", "--env", environment, "--outdir", out);
      assert.match(said, /cargo xtask build worker/);
      assert.match(said, /--dry-run: exiting now/);
      assert.match(said, /env\.ATTENTION_GATE \(Gate\)\s+Durable Object/);
      assert.doesNotMatch(said, /WARNING|deprecated/i, said);
      const files = (await readdir(out)).filter((name) => name !== "README.md").sort();
      assert.deepEqual(files, ["index.js", "index_bg.wasm"]);
      for (const name of files) {
        const [uploaded, built] = await Promise.all([
          readFile(join(out, name)),
          readFile(new URL(`build/${name}`, WORKER)),
        ]);
        assert.ok(uploaded.equals(built), `${name} is not what was built`);
      }
      const wasm = await readFile(join(out, "index_bg.wasm"));
      assert.equal(wasm.subarray(0, 4).toString("latin1"), "\0asm");
      // The free plan takes 3 MB of compressed code; this is a tenth of it at most.
      assert.ok(Number(/gzip: ([\d.]+) KiB/.exec(said)?.[1]) < 300, said);
    });
  }

  test("wrangler accepts the variables of docs/deploying.md", { timeout: 10 * 60_000 }, async () => {
    const guide = await readFile(new URL("../../docs/deploying.md", import.meta.url), "utf8");
    const blocks = [...guide.matchAll(/```toml\n(.*?)```/gs)].map(([, text]) => text);
    assert.equal(blocks.length, 3);
    for (const [index, text] of blocks.entries()) {
      const file = join(folder, `guide-${index}.toml`);
      const own = [/\[env\.production\.vars\]\nATTENTION_LOG = "all"\n/, text];
      await writeFile(
        file,
        placed(config).replace(own[0], () => own[1]),
      );
      const said = await wrangler("deploy", "--dry-run", "--env", "production", "--config", file);
      for (const [, name] of text.matchAll(/\b(ATTENTION_[A-Z_]+)\b(?: =|\])/g))
        assert.match(said, new RegExp(`env\\.${name} .*Environment Variable`));
      assert.doesNotMatch(said, /WARNING|deprecated/i, said);
    }
  });

  test("wrangler accepts callers, a store's secret and the commented bindings", {
    timeout: 10 * 60_000,
  }, async () => {
    const commented = config
      .slice(config.indexOf("# [[env.production.secrets_store_secrets]]"))
      .split("\n")
      .filter((line) => /^# (\[|\w+ = )/.test(line));
    assert.equal(commented.length, 13);
    const callers = /# {3}ATTENTION_CALLERS = \[.*?# {3}\]/s.exec(config)[0].replaceAll(/^# {3}/gm, "");
    const whole = placed(config).replace("[env.production.vars]", `[env.production.vars]\n${callers}`);
    const file = join(folder, "wrangler.toml");
    await writeFile(file, whole + commented.map((line) => line.slice(2)).join("\n"));
    const said = await wrangler("deploy", "--dry-run", "--env", "production", "--config", file);
    assert.match(said, /env\.ATTENTION_CALLERS .*\s+Environment Variable/);
    assert.match(said, /env\.ATTENTION_API_KEY .*\s+Secrets Store Secret/);
    assert.match(said, /env\.CF_VERSION_METADATA .*\s+Worker Version Metadata/);
    assert.match(said, /env\.ATTENTION_RATE_LIMIT .*\s+Rate Limit/);
    assert.match(said, /env\.ATTENTION_ANALYTICS .*\s+Analytics Engine Dataset/);
    assert.doesNotMatch(said, /WARNING|deprecated/i, said);
  });
});

describe("wrangler.toml", () => {
  test("each environment has its own section, vars and gate, of the same shape", () => {
    const of = (environment) =>
      settings
        .split(/^(?=\[)/m)
        .filter((part) => part.includes(`[env.${environment}`))
        .join("")
        .replaceAll(`env.${environment}`, "env.x")
        .trim();
    const [dev, ...others] = ENVIRONMENTS.map(of);
    assert.match(dev, /\[env\.x\.vars\]/);
    for (const other of others) assert.equal(other, dev);
  });

  test("wrangler.toml sets no secret", () => {
    for (const name of [
      "ATTENTION_API_KEY",
      "ATTENTION_API_KEY_NEXT",
      "ATTENTION_SESSION_SECRET",
      "ATTENTION_CALLERS",
      "ATTENTION_ADMIN_SHA256",
    ]) {
      assert.doesNotMatch(settings, new RegExp(`\\b${name}\\b`));
    }
    assert.doesNotMatch(settings, /eyJ|[0-9a-f]{32}|account_id/);
  });

  test("git ignores every file that wrangler or Vite reads a secret from, and not their examples", async () => {
    const names = [
      ".dev.vars",
      ".dev.vars.production",
      ".dev.vars.staging",
      ".dev.vars.my-env",
      ".env",
      ".env.local",
      ".env.production.local",
    ];
    const files = ["", "worker/", "examples/vite/", "examples/node-first-call/"].flatMap((at) =>
      names.map((name) => at + name),
    );
    const examples = ["worker/.dev.vars.example", ".env.example"];
    const args = ["check-ignore", "--no-index", "--", ...files, ...examples];
    const { stdout } = await promisify(execFile)("git", args, {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
    });
    assert.deepEqual(stdout.trim().split("\n"), files);
  });

  test("nothing answers before the Worker does: Cloudflare's cache for Workers stays off", () => {
    assert.doesNotMatch(settings, /^\s*\[.*cache|^\s*cache\b/m);
  });

  test("old versions are not reachable, and headers of callers are not logged by the platform", () => {
    assert.match(settings, /^preview_urls = false$/m);
    assert.match(settings, /\[observability\.logs\]\ninvocation_logs = false/);
  });
});
