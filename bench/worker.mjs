// `cargo xtask bench worker`: our Worker beside bare JavaScript, Hono and plain
// workers-rs. What the numbers mean stands in bench/README.md.
import { startNginx } from "./lib/nginx.mjs";
import { startSink } from "./lib/sink.mjs";
import { bodies, coldStarts } from "./worker/alone.mjs";
import { counts } from "./worker/counts.mjs";
import { HELP, options } from "./worker/options.mjs";
import { ownTime } from "./worker/own.mjs";
import { report } from "./worker/report.mjs";
import { throughput } from "./worker/throughput.mjs";
import { KEY, variants as made } from "./worker/variants.mjs";

// Progress goes beside the results, so that these can be piped.
const say = (text) => console.error(text);

async function main() {
  const { help, json, rounds, seconds, bytes, against, wanted } = options();
  if (help) return console.log(HELP);
  const sink = await startSink();
  const upstream = await startNginx({ key: KEY, downloadBytes: bytes, sink: sink.url });
  try {
    const variants = await made(wanted, upstream.url, against);
    const results = {
      variants: variants.map(({ id, title, sizes }) => ({ id, title, sizes })),
      throughput: await throughput(variants, { rounds, seconds, say }),
      own: await ownTime(variants, { rounds, say }),
      counts: await counts(variants, { say }),
      // A start takes long and varies little.
      cold: await coldStarts(variants, { rounds: Math.min(rounds, 7), say }),
      bodies: await bodies(variants, { rounds: Math.min(rounds, 5), seconds, bytes, say }),
      bytes,
    };
    console.log(
      json
        ? JSON.stringify(results, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value))
        : report(results),
    );
  } finally {
    await upstream.close();
    sink.close();
  }
}

// `exit` handlers, which end nginx and workerd, run for these only when asked.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
])
  process.once(signal, () => process.exit(code));

try {
  await main();
} catch (error) {
  console.error(`error: ${error.message}`);
  if (error.code === "ERR_ASSERTION")
    console.error(`  got ${JSON.stringify(error.actual)}, expected ${error.expected}`);
  // Not `exitCode`: whatever failed may have left something running.
  process.exit(1);
}
