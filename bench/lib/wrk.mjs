// wrk, one thread, and what it reports.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { program } from "./programs.mjs";

const run = promisify(execFile);
const UNIT = { us: 1, ms: 1e3, s: 1e6, m: 60e6 };

/**
 * Requests and requests per second; latencies in microseconds. An answer other than 2xx or a socket error ends the
 * bench.
 */
export async function wrk(url, { seconds, connections, headers }) {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "10s"];
  for (const [name, value] of Object.entries(headers)) args.push("-H", `${name}: ${value}`);
  const { stdout } = await run(program("wrk"), [...args, url]);
  const bad = /Non-2xx.*|Socket errors.*/.exec(stdout);
  if (bad) throw new Error(`${url}: ${bad[0]}`);
  const latency = (percent) => {
    const [, number, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)`, "m").exec(stdout);
    return Number(number) * UNIT[unit];
  };
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)[1]),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    p50: latency(50),
    p99: latency(99),
  };
}
