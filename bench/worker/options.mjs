import { parseArgs } from "node:util";
import { ids } from "./variants.mjs";

export const HELP = `Usage: cargo xtask bench worker -- [OPTIONS]
  --rounds N       rounds over all variants, alternating (15)
  --seconds N      length of each measurement (1)
  --stream-mib N   size of the streamed bodies, 0 for none (256)
  --only A,B       some variants beside bare: ${ids.slice(1).join(", ")}
  --quick          two rounds, bodies of 32 MiB
  --json           the numbers of every round, as JSON`;

/** What the command line asks for; a mistake in it is an Error that names it. */
export function options() {
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
  const count = (name, otherwise, least) => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (!Number.isInteger(value) || value < least) throw new Error(`--${name}: not a whole number from ${least}`);
    return value;
  };
  const only = values.only?.split(",") ?? ids;
  const unknown = only.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw new Error(`--only: there is no ${unknown}, only ${ids.join(", ")}`);
  return {
    help: values.help,
    json: values.json,
    rounds: count("rounds", values.quick ? 2 : 15, 1),
    seconds: count("seconds", 1, 1),
    bytes: count("stream-mib", values.quick ? 32 : 256, 0) * 1024 * 1024,
    wanted: ids.filter((id) => id === "bare" || only.includes(id)),
  };
}
