// What a variant's own work costs for a request: no network, no other process.
import { fileURLToPath } from "node:url";
import { startWorkerd } from "../../tests/upstream/workerd.mjs";
import { schedMicros } from "../lib/process.mjs";
import { HEADERS, PATH } from "./request.mjs";
import { send } from "./verify.mjs";

const HARNESS = { name: "harness.mjs", file: fileURLToPath(new URL("./harness.mjs", import.meta.url)) };
// Long enough to pay for the garbage that it makes, short enough that some slices
// see little of the neighbours.
const TIMES = 1000;
const SLICES_A_ROUND = 4;
// Until V8 has compiled what it is going to.
const WARM_UP = 5000;

/**
 * Microseconds of CPU of each variant and slice, of all of workerd's threads: garbage is collected on others. Elsewhere
 * than on Linux it is the time that passed.
 */
export async function ownTime(variants, { rounds, say }) {
  const services = variants.map(({ service }) => ({ ...service, modules: [HARNESS, ...service.modules] }));
  const workerd = await startWorkerd({ services });
  try {
    const slice = async (id, times) => {
      const [start, before] = [performance.now(), await schedMicros(workerd.pid)];
      const { status } = await send(workerd.urls[id] + PATH, { headers: { ...HEADERS, "bench-times": String(times) } });
      const passed = (performance.now() - start) * 1000;
      const used = (await schedMicros(workerd.pid)) - before;
      const micros = (Number.isNaN(used) ? passed : used) / times;
      if (status !== 200) throw new Error(`own time of ${id}: answered ${status}`);
      workerd.lines.length = 0;
      return micros;
    };
    for (const { id } of variants) await slice(id, WARM_UP);
    const slices = new Map(variants.map(({ id }) => [id, []]));
    for (let i = 0; i < rounds * SLICES_A_ROUND; i++) {
      // Another one begins each time, as everywhere here.
      const order = variants.map((_, index) => variants[(index + i) % variants.length]);
      for (const { id } of order) slices.get(id).push(await slice(id, TIMES));
    }
    say("own time: done");
    return slices;
  } finally {
    await workerd.close();
  }
}
