// The golden vectors in workerd, through the packed package: its wasm is a module there.
import { join } from "node:path";
import { packageFolder } from "../runtimes/packed.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { harnessText, testVectors } from "./suite.mjs";

const MAIN = `
import * as core from "./core.workerd.js";
import { runVectors } from "./harness.mjs";
export default {
  async fetch(request) {
    return Response.json(await runVectors({ core, files: await request.json() }));
  },
};
`;

await testVectors("workerd", async (files) => {
  const dist = join(await packageFolder(), "dist");
  const workerd = await startWorkerd({
    services: [
      {
        name: "vectors",
        modules: [
          { name: "main.mjs", text: MAIN },
          { name: "harness.mjs", text: await harnessText() },
          { name: "core.workerd.js", file: join(dist, "core.workerd.js") },
          { name: "attention.wasm", type: "wasm", file: join(dist, "attention.wasm") },
        ],
      },
    ],
  });
  try {
    const response = await fetch(workerd.url, { method: "POST", body: JSON.stringify(files) });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}\n${workerd.output}`);
    return await response.json();
  } finally {
    await workerd.close();
  }
});
