// A Rate Limiting binding from wrangler: the binding is miniflare's, the Worker is the deployed one.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startUpstream } from "../upstream/server.mjs";
import { KEY, sha256 } from "../worker/worker.mjs";
import { dev } from "./wrangler.mjs";

const BUILD = fileURLToPath(new URL("../../worker/build/", import.meta.url));
const LIMIT = 5;
const token = (number) => `fake-token-of-caller-${number}`;

test("the platform's limit applies to each caller, and calls beyond it do not reach the API", async (t) => {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  const folder = await mkdtemp(join(tmpdir(), "attention-limit-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const callers = [1, 2, 3, 4].map((number) => `{ name = "caller-${number}", sha256 = "${sha256(token(number))}" }`);
  await writeFile(
    join(folder, "wrangler.toml"),
    `
name = "limited"
main = ${JSON.stringify(join(BUILD, "index.js"))}
base_dir = ${JSON.stringify(BUILD)}
no_bundle = true
rules = [{ type = "CompiledWasm", globs = ["index_bg.wasm"], fallthrough = false }]
compatibility_date = "2026-11-01"

[vars]
ATTENTION_API_KEY = "${KEY}"
ATTENTION_BASE_URL = "${upstream.url}/v2"
ATTENTION_CALLERS = [${callers.join(", ")}]

[[ratelimits]]
name = "ATTENTION_RATE_LIMIT"
namespace_id = "1001"
simple = { limit = ${LIMIT}, period = 60 }
`,
  );
  const { url, close } = await dev(join(folder, "wrangler.toml"));
  t.after(close);
  const minute = () => Math.floor(Date.now() / 60_000);
  let checked = 0;
  for (let number = 1; number <= 4 && checked < 2; number++) {
    const began = minute();
    upstream.clear();
    const headers = { authorization: `Bearer ${token(number)}` };
    const answers = await Promise.all(
      Array.from({ length: 3 * LIMIT }, () => fetch(`${url}/v2/conversations`, { headers })),
    );
    // Counts restart with each minute of the clock; then the next caller shows it.
    if (minute() !== began) continue;
    checked++;
    const limited = answers.filter(({ status }) => status === 429);
    assert.equal(answers.filter(({ status }) => status === 200).length, LIMIT);
    assert.equal(limited.length, 2 * LIMIT);
    assert.equal(upstream.records.length, LIMIT);
    assert.equal(limited[0].headers.get("retry-after"), "60");
    assert.equal((await limited[0].json()).code, "caller_rate_limited");
  }
  assert.equal(checked, 2);
});
