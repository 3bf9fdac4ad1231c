// The packed package in every server runtime, as a module and as CommonJS.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startApi } from "./api.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { APPS, TOLD } from "./server-app.mjs";
import { bun, deno, needs, newerNode } from "./tools.mjs";

/** Deno's permissions: these are all that are needed. */
const DENO = [
  "run",
  "--no-prompt",
  "--allow-net=127.0.0.1",
  "--allow-env=ATTENTION_API_KEY,ATTENTION_API_KEY_NEXT,ATTENTION_BASE_URL,ATTENTION_LOG",
];

const RUNTIMES = [
  [`Node ${process.versions.node}`, () => process.execPath, [], {}],
  ["a newer Node", newerNode, [], needs("node")],
  ["Deno", deno, DENO, needs("deno")],
  ["Bun", bun, ["run"], needs("bun")],
];

for (const [runtime, program, args, options] of RUNTIMES) {
  for (const [format, file] of [
    ["esm", "app.mjs"],
    ["cjs", "app.cjs"],
  ]) {
    test(
      `${runtime}, ${format}: calls, retries, errors, signals and streams; the process ends by itself`,
      options,
      async (t) => {
        const { upstream, env, key } = await startApi(t);
        const cwd = await makeProject(t, { [file]: APPS[format] });
        // CommonJS is resolved at run time, for which Deno needs the permission to read.
        const more = runtime === "Deno" && format === "cjs" ? ["--allow-read"] : [];
        const { output } = await run(await program(), [...args, ...more, file], { cwd, env, timeoutMs: 30_000 });
        const { shown, ...told } = JSON.parse(output.split("\n", 1)[0]);
        assert.deepEqual(told, TOLD, output);
        assert.match(shown, /^Attention\(http:\/\/127\.0\.0\.1:\d+\/v2, current key [0-9a-f]{8}\)$/);
        assert.ok(!output.includes(key), "the key was printed");
        assert.ok(!/warning/i.test(output), output);
        assert.ok(upstream.records.every((record) => record.all("authorization").join() === `Bearer ${key}`));
      },
    );
  }
}

test("Deno without any permission for the environment: options do", needs("deno"), async (t) => {
  const { env } = await startApi(t);
  const options = JSON.stringify({ apiKey: env.ATTENTION_API_KEY, baseURL: env.ATTENTION_BASE_URL });
  const cwd = await makeProject(t, {
    "app.ts": `import { Attention } from "attention-wasm";\nconsole.log(typeof await new Attention(${options}).get("/users"));\n`,
  });
  const { output } = await run(await deno(), ["run", "--no-prompt", "--check", "--allow-net=127.0.0.1", "app.ts"], {
    cwd,
  });
  assert.match(output, /^object$/m);
});
