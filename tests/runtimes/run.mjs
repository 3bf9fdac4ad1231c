// Runs commands of other tools, whose output is part of the tests.
import { spawn } from "node:child_process";

/**
 * Runs a command to its end; a failure is an Error with its whole output.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: Record<string, string>, timeoutMs?: number }} options `env` is all that it gets beside
 *   PATH and HOME
 */
export async function run(command, args, options) {
  const child = start(command, args, options);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 120_000);
  const code = await child.ended.finally(() => clearTimeout(timer));
  if (code !== 0) throw new Error(`${[command, ...args].join(" ")} ended with ${code}\n${child.output()}`);
  return { stdout: child.stdout(), output: child.output() };
}

/** Starts a command that runs until it is killed. */
export function start(command, args, { cwd, env = {} }) {
  const { PATH, HOME, USERPROFILE, SystemRoot } = process.env;
  const child = spawn(command, args, {
    cwd,
    // So that nothing depends on the machine, and the whole process group can be killed.
    env: { PATH, HOME, ...(SystemRoot && { USERPROFILE, SystemRoot }), NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    shell: command.endsWith(".cmd"),
    detached: process.platform !== "win32",
  });
  const printed = [];
  for (const name of ["stdout", "stderr"])
    child[name].setEncoding("utf8").on("data", (text) => printed.push([name, text]));
  const text = (of) =>
    printed
      .filter(([name]) => of === undefined || of === name)
      .map(([, part]) => part)
      .join("");
  const ended = new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new Error(`${command} does not start: ${error.message}`)));
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  return {
    ended,
    stdout: () => text("stdout"),
    output: () => text(),
    kill(signal = "SIGTERM") {
      if (child.pid === undefined) return;
      try {
        process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
    },
    /** Waits for a line that matches. */
    async printed(pattern, timeoutMs = 30_000) {
      const end = Date.now() + timeoutMs;
      for (;;) {
        const found = pattern.exec(text());
        if (found !== null) return found;
        if (Date.now() > end || child.exitCode !== null)
          throw new Error(`${command} did not print ${pattern}:\n${text()}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
  };
}
