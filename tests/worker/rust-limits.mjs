// Reads the limits from the gateway's source for tests, so that none is written twice.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whose source is read, and whose Worker is tested. */
export const ROOT = process.env.ATTENTION_HALVED ?? fileURLToPath(new URL("../..", import.meta.url));

/** Numbers in the source that are not limits. */
const NOT_LIMITS = {
  "the length of what is given": ["CLASSES", "LONGEST_KEYS", "SIGNATURE_BYTES", "DIGEST_DIGITS"],
  "a unit, or the largest number that JSON has": ["MILLIS_PER_MINUTE", "MICROS", "CYCLE", "LARGEST", "MINUTE"],
  "a drawing": ["WIDTH", "HEIGHT", "ROOM_ABOVE"],
  "how keys are found in texts": [
    "ALPHABET",
    "GROUP",
    "NUMBERS",
    "MOST_HARMLESS",
    "LEAST_HARMLESS",
    "DEPTH",
    "WORK",
    "MOST_WORK",
    "LEAST_WORK",
    "PASSES",
  ],
  "the platform's own": ["PLATFORM_PERIOD"],
  "an estimate": ["ENTRY_OVERHEAD"],
};

const CONSTANT = /^(\s*(?:pub(?:\([^)]*\))? )?const )([A-Z_]+)(: (?:usize|u8|u16|u32|u64|Duration) = )([^;]+);/gm;
const UNITS = { millis: 1, secs: 1000, mins: 60_000, hours: 3_600_000 };

/** A number, or a duration in milliseconds; `undefined` for what is put together from others. */
function value(written) {
  const [, unit, digits] = written.match(/^Duration::from_(\w+)\(([\d_]+)\)$/) ?? [];
  if (unit !== undefined) return UNITS[unit] * Number(digits.replaceAll("_", ""));
  if (!/^[\d_ *]+$/.test(written)) return undefined;
  return written.split("*").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

const sources = (root) => join(root, "crates/gateway/src");

/** The limit of this name in a file of the gateway. */
export function limit(file, name) {
  const text = readFileSync(join(sources(ROOT), file), "utf8");
  const found = [...text.matchAll(CONSTANT)].filter(([, , known]) => known === name);
  const read = found.length === 1 ? value(found[0][4]) : undefined;
  if (read === undefined) throw new Error(`${file} has no limit ${name}`);
  return read;
}

/**
 * All numbers of these folders, as Rust names them: `{ name: "Places::MOST", file, value }`, or by the module, outside
 * of an `impl`.
 */
export function limits(folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .filter((path) => path.endsWith(".rs") && !path.includes("analysis"))
      .flatMap((path) => {
        const [code] = readFileSync(join(ROOT, folder, path), "utf8").split("#[cfg(test)]\nmod tests");
        const module = path.replace(/(\/mod)?\.rs$/, "").replace(/.*\//, "");
        return [...code.matchAll(CONSTANT)].map(({ index, 1: start, 2: name, 4: written }) => {
          const types = [...code.slice(0, index).matchAll(/^impl(?:<.*?>)? (?:\w+ for )?(\w+)/gm)];
          const owner = /^\n?\s+\S/.test(start) && types.length > 0 ? types.at(-1)[1] : module;
          return { name: `${owner}::${name}`, file: `${folder}/${path}`, value: value(written) };
        });
      }),
  );
}

/** Makes each limit of a copy half as large, and returns how many there are. */
export function halve(root) {
  const others = Object.values(NOT_LIMITS).flat();
  let halved = 0;
  for (const entry of readdirSync(sources(root), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // The tools of operators are not in the Worker.
    if (!entry.name.endsWith(".rs") || path.includes("analysis")) continue;
    const [code, ...tests] = readFileSync(path, "utf8").split("#[cfg(test)]\nmod tests");
    const changed = code.replace(CONSTANT, (whole, start, name, type, written) => {
      const read = value(written);
      if (read === undefined || others.includes(name)) return whole;
      halved++;
      const half = Math.floor(read / 2);
      return `${start}${name}${type}${written.startsWith("Duration") ? `Duration::from_millis(${half})` : half};`;
    });
    if (changed !== code) writeFileSync(path, [changed, ...tests].join("#[cfg(test)]\nmod tests"));
  }
  return halved;
}
