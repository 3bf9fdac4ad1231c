// In a process of its own: what 10,000 calls leave on the heap, and how high the process grew.
const [, , id, base] = process.argv;
const { make } = await import(`./variants/${id}.mjs`);
const call = make(base);
const CALLS = 10_000;
const WIDTH = 50;

async function calls(count) {
  for (let left = count; left > 0; left -= WIDTH) await Promise.all(Array.from({ length: WIDTH }, call));
}

async function heap() {
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await calls(2000);
const before = await heap();
await calls(CALLS);
const after = await heap();
console.log(JSON.stringify({ kept: after - before, peak: process.resourceUsage().maxRSS * 1024 }));
process.exit();
