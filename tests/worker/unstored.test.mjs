// A gate's object whose storage takes no counts: its log says so once for each attempt, and everything else goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { assertNoSecret, CALLERS, KEY, MODULES, sha256, TOKEN } from "./worker.mjs";

const OPERATOR = "fake-operator-token-of-the-tests-of-storage";
/** The Worker, with a gate whose storage fails in one of two ways. */
const FULL = `
import worker, { Gate as Real } from "./index.js";
export default worker;
export class Gate extends Real {
  constructor(context, env) {
    super(context, env);
    const { storage } = context;
    const put = storage.put.bind(storage);
    storage.put = (name, value) => {
      if (name !== "counted") return put(name, value);
      if (env.HOW === "throws") throw new RangeError("full");
      return Promise.reject(new RangeError("full"));
    };
  }
}
`;
const WAYS = ["throws", "rejects"];

let upstream;
let workerd;

before(async () => {
  upstream = await startUpstream({ handler: () => Response.json({ data: [] }) });
  workerd = await startWorkerd({
    services: WAYS.map((how) => ({
      name: how,
      modules: [{ name: "full.js", text: FULL }, ...MODULES],
      durableObjects: ["Gate"],
      bindings: {
        ATTENTION_API_KEY: KEY,
        ATTENTION_BASE_URL: `${upstream.url}/v2`,
        ATTENTION_CALLERS: CALLERS,
        ATTENTION_ADMIN_SHA256: sha256(OPERATOR),
        ATTENTION_LOG: "silent",
        ATTENTION_GATE: { durableObject: "Gate" },
        HOW: how,
      },
    })),
    startMs: 60_000,
  });
});

after(async () => {
  await workerd?.close();
  await upstream?.close();
});

for (const [at, how] of WAYS.entries())
  test(`counts that cannot be stored are logged and stay in memory: storage ${how}`, { timeout: 60_000 }, async () => {
    const ask = (path, token) =>
      fetch(workerd.urls[how] + path, { headers: { authorization: `Bearer ${token}` } }).then((r) => r.text());
    const calls = async () => (await ask("/status", OPERATOR)).match(/<dt>calls<\/dt>\s*<dd>([^<]*)</i)?.[1];
    await ask("/v2/conversations", TOKEN);
    assert.equal(await calls(), "1");
    // The object's first attempt is at once.
    const told = () => workerd.logs.filter(({ event }) => event === "counts_not_stored");
    while (told().length <= at) await new Promise((resolve) => setTimeout(resolve, 20));
    const { fault, ...line } = told()[at];
    assert.deepEqual(line, { event: "counts_not_stored", level: "warn", error: "RangeError" });
    assert.match(fault, /counts of the status page were not stored/);
    await ask("/v2/conversations", TOKEN);
    assert.equal(await calls(), "2");
    assert.doesNotMatch(workerd.output, /uncaught/i);
    assertNoSecret(workerd.output);
  });
