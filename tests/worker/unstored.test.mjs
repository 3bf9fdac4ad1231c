// The storage of the gate's object: one that accepts nothing, which is logged once per attempt while everything else
// continues; and one that is read again after the object's sudden end.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../until.mjs";
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
      if (name !== "counted" && name !== "reserved") return put(name, value);
      if (env.HOW === "throws") throw new RangeError("full");
      return Promise.reject(new RangeError("full"));
    };
  }
}
`;
const WAYS = ["throws", "rejects"];

/** Asks a gate for one place, for the caller in the path. */
const ASKING = `
export default {
  async fetch(request, { GATE }) {
    const holder = new URL(request.url).pathname;
    const asked = Date.now();
    const place = await GATE.get(GATE.idFromName("upstream")).admit(holder, undefined, 1);
    return Response.json({ asked, place, answered: Date.now() });
  },
};
`;

let upstream;
let workerd;
let folder;

/** A gate with a place every twenty seconds, whose storage outlives it. */
const kept = () => [
  {
    name: "kept",
    modules: MODULES,
    durableObjects: ["Gate"],
    storage: folder,
    bindings: { ATTENTION_BUDGET: "3/min" },
  },
  {
    name: "asking",
    modules: [{ name: "asking.js", text: ASKING }],
    bindings: { GATE: { durableObject: { className: "Gate", service: "kept" } } },
  },
];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "attention-unstored-"));
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
        ATTENTION_BUDGET: "1000/s",
        HOW: how,
      },
    })).concat(kept()),
    startMs: 60_000,
  });
});

after(async () => {
  await workerd?.close();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
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
    await until(() => told().length > at, "the failure is logged");
    const { fault, ...line } = told()[at];
    assert.deepEqual(line, { event: "counts_not_stored", level: "warn", error: "RangeError" });
    assert.match(fault, /counts of the status page were not stored/);
    await ask("/v2/conversations", TOKEN);
    assert.equal(await calls(), "2");
    // Nor does a call wait for a place that could not be reserved.
    const unreserved = workerd.logs.find(({ event }) => event === "reservation_not_stored");
    assert.deepEqual([unreserved?.level, unreserved?.error], ["warn", "RangeError"]);
    assert.doesNotMatch(workerd.output, /uncaught/i);
    assertNoSecret(workerd.output);
  });

// In an object whose replies did not wait for its writes, the end of the places would be unknown to the next one, which
// would begin at once.
test("no place is lost or given twice when the object ends the moment that it has answered", async () => {
  const place = async (holder) => (await fetch(`${workerd.urls.asking}/${holder}`)).json();
  const first = await place("first");
  assert.equal(first.place, 0);
  const second = await place("second");
  process.kill(workerd.pid, "SIGKILL");
  const end = second.asked + second.place + 20_000;
  await workerd.close();
  workerd = await startWorkerd({ services: kept(), startMs: 60_000 });
  const third = await place("third");
  assert.ok(second.place > 19_000 && second.place <= 20_000, JSON.stringify(second));
  // Negative: to be asked again.
  assert.ok(third.place < 0 || third.answered + third.place >= end, JSON.stringify({ second, third }));
});
