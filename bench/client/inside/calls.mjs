// All clients in one process, each round in another order: CPU and time of a
// call. Nothing forces a collection between them: it would throw optimised code
// away, and whoever comes next would pay for that.
const [, , base, ids, rounds, calls] = process.argv;
const variants = await Promise.all(
  ids.split(",").map(async (id) => {
    const { make } = await import(`./variants/${id}.mjs`);
    const call = make(base);
    const answer = await call();
    if (answer.data?.length !== 5) throw new Error(`${id} gave ${JSON.stringify(answer)}`);
    return { id, call, cpu: [], wall: [] };
  }),
);

async function sequential({ call, cpu, wall }, count) {
  const used = process.cpuUsage();
  const begin = performance.now();
  for (let left = count; left > 0; left--) await call();
  wall.push(((performance.now() - begin) * 1000) / count);
  const { user, system } = process.cpuUsage(used);
  cpu.push((user + system) / count);
}

async function inTurn(times, count) {
  for (let round = 0; round < times; round++) {
    for (const variant of shuffled()) await sequential(variant, count);
  }
}

/** Not merely rotated: then everybody would always have the same forerunner. */
function shuffled() {
  return variants
    .map((variant) => [Math.random(), variant])
    .sort(([a], [b]) => a - b)
    .map(([, variant]) => variant);
}

// Warm: compiled, and with a connection.
await inTurn(10, 500);
for (const variant of variants) Object.assign(variant, { cpu: [], wall: [] });
await inTurn(Number(rounds), Number(calls));
console.log(JSON.stringify(variants.map(({ call: _, ...numbers }) => numbers)));
process.exit();
