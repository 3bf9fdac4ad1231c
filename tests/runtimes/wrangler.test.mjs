// A Worker project: wrangler bundles it like a deployment, and workerd runs the result.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startWorkerd } from "../upstream/workerd.mjs";
import { startApi } from "./api.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { command, needs, newerNode } from "./tools.mjs";

const WORKER = `
import { Attention } from "attention-wasm";
import { Upstream } from "attention-wasm/core";
export default {
  async fetch(request, { KEY, BASE }) {
    const { data } = await new Attention({ apiKey: KEY, baseURL: BASE }).get("/conversations/list", { query: { size: 2 } });
    return Response.json({ count: data.length, core: new Upstream(undefined, KEY, undefined, false).baseUrl() });
  },
};
`;

test("wrangler's bundle, without any setting, runs in workerd", needs("node"), async (t) => {
  const { env, upstream } = await startApi(t);
  const cwd = await makeProject(t, {
    "index.js": WORKER,
    "wrangler.json": JSON.stringify({ name: "app", main: "index.js", compatibility_date: "2026-11-01" }),
  });
  // wrangler asks for a newer Node than this package.
  const { output } = await run(
    await newerNode(),
    [await command("wrangler"), "deploy", "--dry-run", "--outdir", "out"],
    {
      cwd,
      env: { CI: "1", WRANGLER_SEND_METRICS: "false" },
    },
  );
  assert.doesNotMatch(output, /warn/i);
  const files = await readdir(join(cwd, "out"));
  const wasm = files.filter((name) => name.endsWith(".wasm"));
  assert.equal(wasm.length, 1, "the wasm is one module, uploaded beside the script");
  const workerd = await startWorkerd({
    services: [
      {
        name: "app",
        modules: [
          { name: "index.js", file: join(cwd, "out/index.js") },
          { name: wasm[0], type: "wasm", file: join(cwd, "out", wasm[0]) },
        ],
        bindings: { KEY: env.ATTENTION_API_KEY, BASE: env.ATTENTION_BASE_URL },
      },
    ],
  });
  t.after(() => workerd.close());
  const response = await fetch(workerd.url);
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${workerd.output}`);
  assert.deepEqual(JSON.parse(text), { count: 2, core: "https://api.attention.tech/v2" });
  assert.equal(upstream.records.length, 1);
});
