// `cargo xtask bench worker`: our Worker beside bare JavaScript, Hono and plain
// workers-rs. What the numbers mean stands in bench/README.md.
import { parseArgs } from "node:util";
import { startNginx } from "./lib/nginx.mjs";
import { startSink } from "./lib/sink.mjs";
import { bodies, coldStarts } from "./worker/alone.mjs";
import { report } from "./worker/report.mjs";
import { throughput } from "./worker/throughput.mjs";
import { ids, KEY, variants as made } from "./worker/variants.mjs";

const HELP = `Usage: cargo xtask bench worker -- [OPTIONS]
  --rounds N       rounds over all variants, alternating (15)
  --seconds N      length of each measurement (1)
  --stream-mib N   size of the streamed bodies, 0 for none (256)
  --only A,B       some variants beside bare: ours, ours-log, hono, workers-rs
  --quick          two rounds, bodies of 32 MiB
  --json           the numbers of every round, as JSON`;

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    "stream-mib": { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

const rounds = count("rounds", values.quick ? 2 : 15, 1);
const seconds = count("seconds", 1, 1);
const bytes = count("stream-mib", values.quick ? 32 : 256, 0) * 1024 * 1024;
const only = values.only?.split(",") ?? ids;
const unknown = only.find((id) => !ids.includes(id));
if (unknown !== undefined) throw new Error(`--only: there is no ${unknown}, only ${ids.join(", ")}`);
// Progress goes beside the results, so that these can be piped.
const say = (text) => console.error(text);

const sink = await startSink();
const upstream = await startNginx({ key: KEY, downloadBytes: bytes, sink: sink.url });
try {
  const variants = await made(ids.filter((id) => id === "bare" || only.includes(id)), upstream.url);
  const results = {
    variants: variants.map(({ id, title, sizes }) => ({ id, title, sizes })),
    throughput: await throughput(variants, { rounds, seconds, say }),
    cold: await coldStarts(variants, { rounds, say }),
    bodies: await bodies(variants, { rounds: Math.min(rounds, 3), seconds, bytes, say }),
    bytes,
  };
  console.log(values.json ? JSON.stringify(results, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value)) : report(results));
} finally {
  await upstream.close();
  sink.close();
}

function count(name, otherwise, least) {
  const value = values[name] === undefined ? otherwise : Number(values[name]);
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name}: not a whole number from ${least}`);
  return value;
}
