// Programs of others: vaults, wrangler. A key reaches them by their standard input alone, never by an argument or their environment.
import { spawn } from "node:child_process";
import { KEY_NAMES } from "./project-keys.js";
import { scrub } from "./rules.js";
import type { Secret } from "./secret.js";
import { inShell } from "./shell.js";

/** How a program ended. */
export type Ended =
  /** With 0; `output` is what it printed. */
  | { readonly kind: "well"; readonly output: string }
  /** It was not there, or ended with something else. What it said is without secrets. */
  | { readonly kind: "badly"; readonly reason: string; readonly said: string }
  /** It was stopped after `seconds`: what it was to do may have been done. */
  | { readonly kind: "late"; readonly seconds: number };

export interface Running {
  /** What it reads from its standard input. */
  readonly input?: Secret | undefined;
  readonly folder?: string | undefined;
  readonly seconds?: number | undefined;
}

/** A vault that has to ask a person takes its time. */
export const PATIENCE_SECONDS = 60;
/** Longer than any key, and enough of any complaint. */
const MOST_BYTES = 64 * 1024;

/** Runs a text as the system's shell does. */
export function runShell(command: string, options: Running = {}): Promise<Ended> {
  const [program, args] = inShell(command);
  if (options.input === undefined || process.platform === "win32") return run(program, args, options);
  // Node's end of a child's standard input is a socket, which no program can open as /dev/stdin or /dev/fd/0.
  return run(program, ["-c", `cat | ${program} -c "$1"`, "sh", command], options);
}

/** Runs a program; on Windows by the shell, which alone finds `.cmd` files: the arguments have no blanks or quotes. */
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
  // It may not read it, and say why by its end.
  child.stdin.on("error", () => {});
  child.stdin.end(input?.expose() ?? "");
  const badly = (reason: string): Ended => ({ kind: "badly", reason, said: scrub(said.text().trim(), input) });
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      // What it started may hold its pipes open.
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

/** This environment without keys: what a child has is in /proc, and goes on to whatever it starts. */
export function withoutKeys(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !KEY_NAMES.has(name)));
}

/** The beginning of what a program prints. */
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
