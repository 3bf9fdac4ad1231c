// What Linux knows of a process. Elsewhere nothing is known, and shown as such.
import { readdir, readFile, writeFile } from "node:fs/promises";

const KB = 1024;
// USER_HZ, which is 100 wherever Linux runs Node.
const TICK_MICROS = 1e6 / 100;

/** Resident set now and at its highest, in bytes. */
export async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? NaN) * KB;
  return { rss: field("VmRSS"), peak: field("VmHWM") };
}

/** Lets the highest resident set start again from here. */
export async function resetPeak(pid) {
  await writeFile(`/proc/${pid}/clear_refs`, "5").catch(() => {});
}

/** CPU time used by all threads so far, in microseconds. */
export async function cpuMicros(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name stands in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

/**
 * The same to the nanosecond, as the scheduler counts it; a thread that has ended is not in it. Neighbours make a
 * process wait, which is no time of its own, so this moves little with them.
 */
export async function schedMicros(pid) {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const each = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0"));
  const nanos = (await Promise.all(each)).reduce((sum, text) => sum + Number(text.split(" ")[0]), 0);
  return threads.length === 0 ? NaN : nanos / 1000;
}
