// In a fresh process: from before the import to the first answer, in milliseconds.
const [, , id, base] = process.argv;
const begin = performance.now();
const { make } = await import(`./variants/${id}.mjs`);
const call = make(base);
const ready = performance.now();
await call();
console.log(JSON.stringify({ total: performance.now() - begin, ready: ready - begin }));
// The connections that are kept would hold the process.
process.exit();
