// No key and no token in anything that can be printed: Node, workerd, Chromium.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { after, before, test } from "node:test";
import { openPage } from "../browser/page.mjs";
import { workerdModules } from "../runtimes/edge.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { answers, assertHidden } from "./probe.mjs";

/** Has the form of a real key, and is obviously fake. */
const SECRETS = {
  apiKey: "eyJmYWtlIjoibm8ta2V5In0.eyJmYWtlIjoib2J2aW91c2x5LWZha2UtY2xhaW1zIn0.b2J2aW91c2x5LWZha2Utc2lnbmF0dXJl",
  token: "obviously-fake-caller-token-of-these-tests-0001",
};
/** Fewer mean that the probe ended early. */
const LEAST_TEXTS = 150;

let upstream;

before(async () => {
  upstream = await startUpstream({ handler: answers, cors: true });
});

after(() => upstream.close());

for (const as of ["apiKey", "token"]) {
  const secret = SECRETS[as];

  test(`Node, ${as}`, async () => {
    const where = { baseURL: `${upstream.url}/v2`, secret, as };
    const child = fork(new URL("./node-child.mjs", import.meta.url), {
      silent: true,
      env: { ...process.env, PROBE: JSON.stringify(where) },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        output += data;
      });
    const texts = await new Promise((resolve, reject) => {
      child.once("message", resolve);
      child.once("close", (code) => reject(new Error(`the probe ended with ${code}\n${output}`)));
    });
    await new Promise((resolve) => child.once("close", resolve));
    assert.ok(texts.length > LEAST_TEXTS, `${texts.length} texts`);
    assert.ok(output.length > 1000);
    assertHidden([...texts, { name: "output", text: output }], secret);
  });

  test(`workerd, ${as}`, async (t) => {
    const workerd = await startWorkerd({
      services: [
        {
          name: "probe",
          modules: await workerdModules(PROBE_WORKER, [
            { name: "probe.js", file: new URL("./probe.mjs", import.meta.url) },
          ]),
          bindings: {
            WHERE: { json: { baseURL: `${upstream.url}/v2`, as } },
            SECRET: { fromEnvironment: "PROBE_SECRET" },
          },
        },
      ],
      env: { PROBE_SECRET: secret },
    });
    t.after(() => workerd.close());
    const response = await fetch(workerd.url);
    const body = await response.text();
    assert.equal(response.status, 200, body);
    const texts = JSON.parse(body);
    assert.ok(texts.length > LEAST_TEXTS, `${texts.length} texts`);
    assert.ok(workerd.output.length > 1000);
    assertHidden([...texts, { name: "output", text: workerd.output }], secret);
  });

  test(`Chromium, ${as}`, async (t) => {
    const { page, printed, url } = await openPage(t, { "/probe.mjs": new URL("./probe.mjs", import.meta.url) });
    const texts = await page.evaluate(
      async ([where, at]) => {
        const attention = await import(`${at}/attention/index.js`);
        const { probe } = await import(`${at}/probe.mjs`);
        return probe(attention, where);
      },
      [{ baseURL: `${upstream.url}/v2`, secret, as }, url],
    );
    assert.ok(texts.length > LEAST_TEXTS, `${texts.length} texts`);
    assert.ok(printed.length > 50);
    assertHidden([...texts, ...printed.map((text) => ({ name: "console", text }))], secret);
  });
}

const PROBE_WORKER = `
import * as attention from "./index.workerd.js";
import { probe } from "./probe.js";

export default {
  async fetch(request, { WHERE, SECRET }) {
    try {
      return Response.json(await probe(attention, { ...WHERE, secret: SECRET }));
    } catch (error) {
      return new Response(error.stack, { status: 500 });
    }
  },
};
`;
