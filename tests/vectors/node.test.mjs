// The golden vectors in Node, through the packed package, as a module and as CommonJS.
import { importPacked, requirePacked } from "../runtimes/packed.mjs";
import { runVectors } from "./harness.mjs";
import { testVectors } from "./suite.mjs";

for (const [how, load] of [
  ["import", importPacked],
  ["require", requirePacked],
]) {
  await testVectors(`node, ${how}`, async (files) => {
    return runVectors({ core: await load("attention-wasm/core"), files });
  });
}
