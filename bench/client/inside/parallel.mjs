// Many calls at once, in a process of its own: all of a process share Node's pool
// of connections, and a thousand that one client opened are in the way of the next.
const [, , id, base, calls, bursts] = process.argv;
const { make } = await import(`./variants/${id}.mjs`);
const call = make(base);
const WARM = 5;

const times = [];
for (let burst = -WARM; burst < bursts; burst++) {
  const used = process.cpuUsage();
  const begin = performance.now();
  await Promise.all(Array.from({ length: Number(calls) }, call));
  const wall = performance.now() - begin;
  const { user, system } = process.cpuUsage(used);
  if (burst >= 0) times.push({ wall, cpu: (user + system) / 1000 });
}
console.log(JSON.stringify(times));
process.exit();
