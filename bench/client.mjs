// `cargo xtask bench client`: the packed package beside other clients, each
// doing the same GET against the same loopback server.
//
//   --quick   fewer rounds        --write   into docs/performance-client.md
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { run } from "../tests/runtimes/run.mjs";
import { bytes } from "./client/bytes.mjs";
import { page } from "./client/page.mjs";
import { place } from "./client/place.mjs";
import { report } from "./client/report.mjs";
import { VARIANTS } from "./client/variants.mjs";

const PARALLEL = 1000;
/** So often in each of the processes. */
const BURSTS = 10;

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const [rounds, calls, starts, crowds, memories] = options.quick ? [8, 200, 5, 2, 1] : [40, 200, 15, 5, 2];
const ids = VARIANTS.map(({ id }) => id);
const say = (text) => console.error(text);

const undo = [];
try {
  await main();
} finally {
  for (const end of undo.reverse()) await end();
}

async function main() {
  const { folder, node, base, versions } = await place({ after: (end) => undo.push(end) });
  const child = async (...args) => JSON.parse((await run(node, args, { cwd: folder, timeoutMs: 600_000 })).stdout);

  say("bytes …");
  const sizes = await bytes(folder, ids);
  say(`first calls, ${starts} fresh processes each …`);
  const first = ids.map((id) => ({ id, total: [], ready: [] }));
  for (let round = 0; round < starts; round++) {
    for (let at = 0; at < ids.length; at++) {
      const held = first[(at + round) % ids.length];
      const { total, ready } = await child("first.mjs", held.id, base);
      held.total.push(total);
      held.ready.push(ready);
    }
  }
  say(`calls, ${rounds} rounds …`);
  const measured = await child("calls.mjs", base, ids.join(), rounds, calls);
  say(`${PARALLEL} calls at once, ${crowds} processes each …`);
  const crowd = ids.map((id) => ({ id, wall: [], cpu: [] }));
  for (let round = 0; round < crowds; round++) {
    for (let at = 0; at < ids.length; at++) {
      const held = crowd[(at + round) % ids.length];
      for (const { wall, cpu } of await child("parallel.mjs", held.id, base, PARALLEL, BURSTS)) {
        held.wall.push(wall);
        held.cpu.push(cpu);
      }
    }
  }
  say("memory …");
  const memory = [];
  for (const id of ids) {
    const runs = [];
    for (let left = memories; left > 0; left--) runs.push(await child("--expose-gc", "memory.mjs", id, base));
    // The least of what was kept: the rest is the collector's, not the client's.
    memory.push({
      id,
      kept: Math.min(...runs.map(({ kept }) => kept)),
      peak: Math.min(...runs.map(({ peak }) => peak)),
    });
  }

  const titles = Object.fromEntries(
    VARIANTS.map(({ id, title }) => [id, versions[id] === undefined ? title : `${title} ${versions[id]}`]),
  );
  const tables = report({ titles, sizes, first, calls: measured, crowd, memory });
  console.log(tables);
  if (!options.write) return;
  const { stdout } = await run(node, ["--version"], { cwd: folder });
  await writeFile(
    new URL("../docs/performance-client.md", import.meta.url),
    page({
      tables,
      node: stdout.trim(),
      processors: cpus().length,
      load: loadavg()[0],
      rounds,
      calls,
      starts,
      crowds,
      bursts: BURSTS,
    }),
  );
}
