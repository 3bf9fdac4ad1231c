// A gate that does not answer, for any reason, is noticed, logged once, not asked for a while, and used again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../until.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { Bed, CHANGING } from "./changing.mjs";
import { passingGate } from "./passing-gate.mjs";
import { trapping } from "./recovery/trapping.mjs";
import { requestBytes, send } from "./wire.mjs";
import { assertNoSecret, CALLERS, KEY, MODULES, TOKEN } from "./worker.mjs";

/** A gate that passes questions on to a real one, or does not. */
const CONTROLLED = `
let mode = "well";
let asked = 0;
${passingGate(
  "Controlled",
  `// Counts are reported as usual.
    if (name === "admit" || name === "news") asked += 1;
    if (mode === "silent") await new Promise(() => {});
    if (mode === "throws") throw new Error("broken");
    if (mode === "talks nonsense") return "nonsense";
    if (mode === "traps") await this.env.FRONT.fetch("http://gate/instances", { headers: { "x-arm": this.env[name] } });`,
)}
export default {
  fetch(request) {
    mode = request.headers.get("x-mode") ?? mode;
    return Response.json({ asked });
  },
};
`;
const MODES = ["silent", "throws", "talks nonsense", "traps"];

let upstream;
let workerd;
let bed;
before(async () => {
  upstream = await startUpstream();
  const { modules, exported } = trapping();
  const gates = MODES.flatMap((mode, index) => [
    {
      name: mode,
      modules: [{ name: "controlled.js", text: CONTROLLED }],
      durableObjects: ["Controlled"],
      bindings: {
        REAL: { durableObject: { className: "Gate", service: `real-${index}` } },
        FRONT: { service: `real-${index}` },
        admit: String(exported.sharedgate_admit),
        news: String(exported.sharedgate_news),
      },
    },
    {
      name: `real-${index}`,
      modules: mode === "traps" ? modules : MODULES,
      durableObjects: ["Gate"],
      bindings: { ATTENTION_BUDGET: "50/s" },
    },
  ]);
  const bound = Object.fromEntries(
    MODES.map((mode, index) => [`GATE_${index}`, { durableObject: { className: "Controlled", service: mode } }]),
  );
  workerd = await startWorkerd({
    services: [{ name: "isolate", modules: CHANGING, bindings: bound }, ...gates],
    startMs: 60_000,
  });
  bed = new Bed(
    {
      port: (service) => workerd.ports[service],
      call: (service, request) => send(workerd.ports[service], requestBytes(request)),
    },
    "isolate",
  );
});
after(async () => {
  await workerd?.close();
  await upstream?.close();
});

const control = async (mode, now) =>
  (await (await fetch(workerd.urls[mode], { headers: now ? { "x-mode": now } : {} })).json()).asked;
const told = (gate) => workerd.logs.filter((line) => line.event === "gate" && line.gate === gate).length;
const call = (env) =>
  bed.call(env, { target: "/v2/users", headers: [["Authorization", `Bearer ${TOKEN}`]] }).then(({ status }) => status);

test("a silent gate is noticed after three questions, logged once, not asked for half a minute, then asked in parallel with a call, and used again", async () => {
  // One by one: a gate's state belongs to a deployment, and an isolate keeps two. The budgets differ, because the same
  // texts would be the same deployment, to which a question to the previous gate may fail late.
  for (const [index, mode] of MODES.entries()) {
    const silentBefore = told("silent");
    await bed.set(mode, {
      ATTENTION_API_KEY: KEY,
      ATTENTION_BASE_URL: `${upstream.url}/v2`,
      ATTENTION_CALLERS: CALLERS,
      ATTENTION_BUDGET: `${50 + index}/s`,
      ATTENTION_GATE: { bound: `GATE_${index}` },
    });
    await control(mode, mode);
    // Whoever finds out is served all the same.
    for (let calls = 0; calls < 6 && told("silent") === silentBefore; calls++) {
      assert.deepEqual(await Promise.all([call(mode), call(mode), call(mode)]), [200, 200, 200], mode);
      await sleep(20);
    }
    await until(() => told("silent") === silentBefore + 1, `${mode} is told of`);

    const asked = await control(mode);
    assert.ok(asked >= 3, mode);
    for (let calls = 0; calls < 5; calls++) assert.equal(await call(mode), 200, mode);
    assert.equal(await control(mode), asked, `${mode}: it is left alone`);

    // It is asked again, once, and still silent: no call waits for it, and nothing is logged again.
    await bed.forward(31_000);
    for (let calls = 0; calls < 5; calls++) assert.equal(await call(mode), 200, mode);
    await until(async () => (await control(mode)) === asked + 1, `${mode} is tried`);
    assert.equal(told("silent"), silentBefore + 1, mode);

    // It is well again.
    const backBefore = told("back");
    await control(mode, "well");
    await bed.forward(35_000);
    await until(async () => (await call(mode)) === 200 && told("back") === backBefore + 1, `${mode} is back`);
    const wasBack = await control(mode);
    // What a trapped gate had leased is over, after a second.
    await sleep(1_300);
    await until(async () => (await call(mode)) === 200 && (await control(mode)) > wasBack, `${mode} is used again`);
    assert.deepEqual([told("silent"), told("back")], [silentBefore + 1, backBefore + 1], mode);
  }
  assertNoSecret(workerd.output);
});
