// Requests per second, latency and CPU time, all variants in one workerd.
import { startWorkerd } from "../../tests/upstream/workerd.mjs";
import { cpuMicros } from "../lib/process.mjs";
import { wrk } from "../lib/wrk.mjs";
import { HEADERS, PATH } from "./request.mjs";
import { verify } from "./verify.mjs";

/** Saturated: what it can do. Alone: what it adds to a call. */
const LOADS = { busy: 32, single: 1 };

/** @returns {Promise<Map<string, { busy: object[], single: object[] }>>} a measurement per variant, load and round */
export async function throughput(variants, { rounds, seconds, say }) {
  const workerd = await startWorkerd({ services: variants.map(({ service }) => service) });
  try {
    for (const variant of variants) await verify(variant, workerd.urls[variant.id]);
    say("every variant answers rightly, and those with checks refuse what they have to");
    const measure = async (id, connections, seconds) => {
      const before = await cpuMicros(workerd.pid);
      const { requests, ...rest } = await wrk(workerd.urls[id] + PATH, { seconds, connections, headers: HEADERS });
      const cpu = ((await cpuMicros(workerd.pid)) - before) / requests;
      // The lines of the variant that logs: nobody reads them here.
      workerd.lines.length = 0;
      return { ...rest, cpu };
    };
    for (const { id } of variants) await measure(id, LOADS.busy, 1);
    const results = new Map(variants.map(({ id }) => [id, { busy: [], single: [] }]));
    for (let round = 0; round < rounds; round++) {
      // Another one begins each time: going first or last must not matter.
      const order = variants.map((_, index) => variants[(index + round) % variants.length]);
      for (const [load, connections] of Object.entries(LOADS)) {
        for (const { id } of order) results.get(id)[load].push(await measure(id, connections, seconds));
      }
      say(`throughput: round ${round + 1} of ${rounds}`);
    }
    return results;
  } finally {
    await workerd.close();
  }
}
