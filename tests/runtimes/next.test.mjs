// A Next.js app: a route in the edge runtime (the condition `edge-light`), one in Node, and a page that renders on the server
// and calls through a Worker in the browser.
import assert from "node:assert/strict";
import { readFile, realpath } from "node:fs/promises";
import { test } from "node:test";
import { startChromium } from "../browser/chromium.mjs";
import { startApi, startGateway, TOKEN } from "./api.mjs";
import { makeProject } from "./project.mjs";
import { run, start } from "./run.mjs";
import { command, tool } from "./tools.mjs";

const ROUTE = (runtime) => `
import { Attention } from "attention-wasm";
export const runtime = "${runtime}";
export const dynamic = "force-dynamic";
export async function GET() {
  const { data } = await new Attention().get("/conversations/list", { query: { size: 2 } });
  return Response.json({ count: data.length, runtime: globalThis.EdgeRuntime ?? "node" });
}
`;

/** A client component, which Next.js renders on the server first: the client is made there, too. */
const PAGE = `"use client";
import { Attention, sessionToken } from "attention-wasm";
import { useEffect, useState } from "react";

const attention = new Attention({ token: sessionToken("/session"), baseURL: process.env.NEXT_PUBLIC_WORKER });

export default function Titles() {
  const [said, say] = useState("nothing yet");
  useEffect(() => {
    attention.conversations.list({ size: 2 }).then(({ data }) => say(data.length + " conversations"), (error) => say(error.message));
  }, []);
  return <p>{said}</p>;
}
`;

const SESSION = `
export const POST = () => Response.json({ token: process.env.CALLER_TOKEN, expiresAt: Date.now() + 900_000 });
`;

/** The example's route handler, as it is. */
const WEBHOOK = new URL("../../examples/webhooks-next/app/api/attention/[secret]/route.js", import.meta.url);
const SECRET = "obviously-fake-secret-of-the-example";

// Next.js builds with Turbopack unless it is told otherwise, and with webpack three times as long.
const slow = process.env.ATTENTION_SLOW === "1" ? {} : { skip: "takes half a minute; ATTENTION_SLOW=1 runs it" };
const BUILDERS = [
  ["Turbopack", [], {}],
  ["webpack", ["--webpack"], slow],
];

for (const [builder, flags, options] of BUILDERS) {
  test(
    `next build with ${builder}: a route in the edge runtime, one in Node, a page in the browser`,
    options,
    async (t) => {
      const { env, key, upstream } = await startApi(t);
      const { upstream: worker } = await startGateway(t);
      // Below the folder that holds Next.js, which nothing above it may hide.
      const parent = await realpath(await tool("next"));
      const cwd = await makeProject(
        t,
        {
          "app/layout.js": "export default ({ children }) => <html><body>{children}</body></html>;\n",
          "app/page.js": "export default () => <p>page</p>;\n",
          "app/titles/page.js": PAGE,
          "app/session/route.js": SESSION,
          "app/edge/route.js": ROUTE("edge"),
          "app/node/route.js": ROUTE("nodejs"),
          "app/api/attention/[secret]/route.js": await readFile(WEBHOOK, "utf8"),
          "next.config.mjs": `export default { turbopack: { root: ${JSON.stringify(parent)} }, outputFileTracingRoot: ${JSON.stringify(parent)} };\n`,
          // Without a type, as create-next-app makes it: with webpack Next.js builds no edge route in one of modules.
        },
        { parent, type: "" },
      );
      const script = await command("next");
      const quiet = { NEXT_TELEMETRY_DISABLED: "1", NEXT_PUBLIC_WORKER: `${worker.url}/v2` };
      const { output } = await run(process.execPath, [script, "build", ...flags], {
        cwd,
        env: quiet,
        timeoutMs: 300_000,
      });
      // What it says of its edge runtime it says of every route in it.
      assert.doesNotMatch(output.replaceAll(/^.*edge runtime.*$/gim, ""), /warn|⚠/i);
      const server = start(process.execPath, [script, "start", "--port", "0", "--hostname", "127.0.0.1"], {
        cwd,
        env: { ...quiet, ...env, WEBHOOK_SECRET: SECRET, CALLER_TOKEN: TOKEN },
      });
      t.after(async () => {
        server.kill();
        await server.ended;
      });
      const [, url] = await server.printed(/(http:\/\/127\.0\.0\.1:\d+)/);
      for (const [path, runtime] of [
        ["/edge", "edge-runtime"],
        ["/node", "node"],
      ]) {
        const response = await fetch(url + path);
        const text = await response.text();
        assert.equal(response.status, 200, `${path}: ${text}\n${server.output()}`);
        assert.deepEqual(JSON.parse(text), { count: 2, runtime });
      }
      assert.equal(upstream.records.length, 2);
      // The webhook's handler, by its dynamic segment: a POST with the secret, one without, and a GET.
      const list = await fetch(`${upstream.url}/v2/conversations/list`, {
        headers: { authorization: `Bearer ${key}` },
      });
      const [{ id }] = (await list.json()).data;
      const body = JSON.stringify({ id, attributes: {} });
      const call = (secret, init) => fetch(`${url}/api/attention/${secret}`, init);
      const post = { method: "POST", headers: { "content-type": "application/json" }, body };
      const answers = [await call(SECRET, post), await call("somebody-elses-guess", post), await call(SECRET)];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [204, 401, 405],
        server.output(),
      );
      assert.match(server.output(), /conversation\.analyzed: /);
      assert.match(await (await fetch(`${url}/titles`)).text(), /nothing yet/);
      const browser = await startChromium();
      t.after(() => browser.close());
      const page = await browser.newPage();
      await page.goto(`${url}/titles`);
      await page.waitForFunction(() => document.querySelector("p").textContent !== "nothing yet");
      assert.equal(await page.textContent("p"), "2 conversations");
    },
  );
}
