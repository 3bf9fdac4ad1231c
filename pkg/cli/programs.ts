// Runs external programs: vaults, wrangler. They receive a key only on standard input, never by an argument or the
// environment.
import { spawn } from "node:child_process";
import { KEY_NAMES, scrub } from "./rules.js";
import type { Secret } from "./secret.js";
import { inShell } from "./shell.js";

/** How a program ended. */
export type Ended =
  /** It exited with 0; `output` is its standard output. */
  | { readonly kind: "well"; readonly output: string }
  /** It could not be run, or failed. Its messages are redacted. */
  | { readonly kind: "badly"; readonly reason: string; readonly said: string }
  /** It was stopped after `seconds`, and may have done its work. */
  | { readonly kind: "late"; readonly seconds: number };

export interface Running {
  /** Its standard input. */
  readonly input?: Secret | undefined;
  readonly folder?: string | undefined;
  readonly seconds?: number | undefined;
}

/** The default timeout; a vault may have to ask a person. */
export const PATIENCE_SECONDS = 60;
/** The most output that is kept: more than any key, and enough of an error. */
const MOST_BYTES = 64 * 1024;

/** Runs a command line in the system's shell. */
export function runShell(command: string, options: Running = {}): Promise<Ended> {
  const [program, args] = inShell(command);
  if (options.input === undefined || process.platform === "win32") return run(program, args, options);
  // Node's end of a child's standard input is a socket, which no program can open as /dev/stdin or /dev/fd/0.
  return run(program, ["-c", `cat | ${program} -c "$1"`, "sh", command], options);
}

/** Runs a program; on Windows in the shell, which finds `.cmd` files. Arguments must not have blanks or quotes. */
export function runProgram(program: string, args: readonly string[], options: Running = {}): Promise<Ended> {
  return process.platform === "win32"
    ? run(...inShell([program, ...args].join(" ")), options)
    : run(program, args, options);
}

function run(program: string, args: readonly string[], options: Running): Promise<Ended> {
  const { input, folder, seconds = PATIENCE_SECONDS } = options;
  const child = spawn(program, args as string[], { cwd: folder, env: withoutKeys(), windowsHide: true });
  const [output, said] = [new Kept(), new Kept()];
  child.stdout.on("data", (bytes: Buffer) => output.add(bytes));
  child.stderr.on("data", (bytes: Buffer) => said.add(bytes));
  // It may not read its input; then its exit says why.
  child.stdin.on("error", () => {});
  child.stdin.end(input?.expose() ?? "");
  const badly = (reason: string): Ended => ({ kind: "badly", reason, said: scrub(said.text().trim(), input) });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // Its child processes may keep its pipes open.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      resolve({ kind: "late", seconds });
    }, seconds * 1000);
    const end = (ended: Ended) => {
      clearTimeout(timer);
      resolve(ended);
    };
    child.once("error", (error: NodeJS.ErrnoException) => end(badly(`could not be run (${error.code})`)));
    child.once("close", (code, signal) =>
      end(code === 0 ? { kind: "well", output: output.text() } : badly(`ended with ${code ?? signal}`)),
    );
  });
}

/** This environment without keys, because /proc shows a child's environment, and its own children inherit it. */
export function withoutKeys(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !KEY_NAMES.has(name)));
}

/** The beginning of a program's output. */
class Kept {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  add(bytes: Buffer): void {
    if (this.#size < MOST_BYTES) this.#chunks.push(bytes.subarray(0, MOST_BYTES - this.#size));
    this.#size += bytes.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
