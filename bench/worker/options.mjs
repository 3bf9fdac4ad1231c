import { parseArgs } from "node:util";
import { AGAINST, BUDGETS, ids } from "./variants.mjs";

export const HELP = `Usage: cargo xtask bench worker -- [OPTIONS]
  --rounds N       rounds over all variants, alternating (15)
  --seconds N      length of each measurement (1)
  --stream-mib N   size of the streamed bodies, 0 for none (256)
  --only A,B       some variants beside bare: ${ids.slice(1).join(", ")}
  --against REV    the Worker of that commit too, and the ratios of ours to it
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
      against: { type: "string" },
      // What `cargo xtask` adds to it: the commit's name for the tables, and the folder of its Worker.
      "against-name": { type: "string" },
      "against-build": { type: "string" },
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
  const against = other(values);
  // A ratio has two sides.
  const others = BUDGETS.filter(({ of }) => only.includes(of)).map(({ to }) => to);
  const always = ["bare", ...others, ...(against === undefined ? [] : ["ours"])];
  const some = ids.filter((id) => always.includes(id) || only.includes(id));
  return {
    help: values.help,
    json: values.json,
    rounds: count("rounds", values.quick ? 2 : 15, 1),
    seconds: count("seconds", 1, 1),
    bytes: count("stream-mib", values.quick ? 32 : 256, 0) * 1024 * 1024,
    against,
    wanted: against === undefined ? some : some.flatMap((id) => (id === "ours" ? [id, AGAINST] : [id])),
  };
}

/** The Worker of another commit: `{ name, folder }`. */
function other({ against, "against-name": name, "against-build": folder }) {
  if (against === undefined) return undefined;
  if (folder === undefined) throw new Error("--against: only `cargo xtask bench worker -- --against REV` builds it");
  return { name, folder };
}
