// A reader who follows a document exactly: writes its files, runs its commands in one shell, and keeps servers running.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { start } from "../runtimes/run.mjs";
import { blocksOf } from "./document.mjs";

/**
 * How this machine differs from the reader's: `find` (a text, or a pattern) in a command or a file becomes `put`, for
 * the reason `why`. One that nothing needs is a fault.
 *
 * @typedef {{ find: string | RegExp, put: string | ((...found: string[]) => string), why: string }} Replacement
 */

export class Reader {
  /** The folder, which is removed afterwards. */
  folder;
  #shell;
  #output = "";
  #replacements;
  #used = new Set();
  #goesOn;
  #commandMs;
  #running = [];
  #scripts = 0;

  /**
   * @param {import("node:test").TestContext} t ends all of it, and fails on a replacement that was not needed
   * @param {object} options
   * @param {Record<string, string>} [options.env] what the reader has in the environment, beside PATH and HOME
   * @param {Replacement[]} [options.replacements]
   * @param {RegExp} [options.goesOn] commands that do not end by themselves
   * @param {number} [options.minutes] how long the commands of a block may take
   */
  static async begin(t, { env = {}, replacements = [], goesOn, minutes = 5 } = {}) {
    const reader = new Reader();
    reader.folder = await mkdtemp(join(tmpdir(), "attention-journey-"));
    reader.#replacements = replacements;
    reader.#goesOn = goesOn;
    reader.#commandMs = minutes * 60_000;
    const { PATH, HOME, CARGO_HOME, RUSTUP_HOME, CHROME } = process.env;
    const own = Object.entries({ CARGO_HOME, RUSTUP_HOME, CHROME }).filter(([, value]) => value !== undefined);
    reader.#shell = spawn("sh", ["-eu"], {
      cwd: reader.folder,
      env: { PATH, HOME, NO_COLOR: "1", ...Object.fromEntries(own), ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const stream of [reader.#shell.stdout, reader.#shell.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        reader.#output += text;
      });
    reader.#shell.stdin.on("error", () => {});
    t.after(() => reader.#end(t));
    return reader;
  }

  async #end(t) {
    this.#shell.kill();
    for (const child of this.#running) {
      child.kill();
      const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await child.ended.catch(() => {});
      clearTimeout(force);
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
    const unused = this.#replacements.filter((each) => !this.#used.has(each)).map(({ why }) => why);
    if (t.passed && unused.length > 0) throw new Error(`nothing needed: ${unused.join("; ")}`);
  }

  /** Performs all blocks below a heading, or those that `only` selects. Returns the commands' output. */
  async follow(document, heading, only = () => true) {
    let printed = "";
    for (const block of (await blocksOf(document, heading)).filter(only)) printed += await this.do(block);
    return printed;
  }

  /** Performs one block: writes its file, or runs its commands. */
  async do({ language, text, file, at }) {
    const meant = this.#replaced(text);
    if (file !== undefined) {
      const path = join((await this.#state()).cwd, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, meant);
      return "";
    }
    if (language !== "sh") throw new Error(`${at}: what is a reader to do with a block of ${language}?`);
    let printed = "";
    for (const command of this.#commands(meant))
      printed += this.#goesOn?.test(command) ? await this.#leave(command) : await this.run(command, at);
    return printed;
  }

  /** Splits a block into commands that end, and commands that keep running. */
  #commands(text) {
    if (this.#goesOn === undefined) return [text];
    const commands = [""];
    for (const line of text.split("\n")) {
      if (this.#goesOn.test(line)) commands.push(line, "");
      else commands[commands.length - 1] += `${line}\n`;
    }
    return commands.filter((command) => command.trim() !== "");
  }

  #replaced(text) {
    let meant = text;
    for (const replacement of this.#replacements) {
      const put = typeof replacement.put === "string" ? () => replacement.put : replacement.put;
      const next = meant.replaceAll(
        typeof replacement.find === "string" ? replacement.find : new RegExp(replacement.find, "gm"),
        put,
      );
      if (next !== meant) this.#used.add(replacement);
      meant = next;
    }
    return meant;
  }

  /** Runs commands in the shell, which keeps its variables and folder. A failure is an error with the whole output. */
  async run(commands, at = "a test") {
    const file = join(this.folder, `.commands-${this.#scripts++}`);
    await writeFile(file, commands);
    const done = `done-${file}`;
    const before = this.#output.length;
    this.#shell.stdin.write(`. ${file} < /dev/null\nprintf '%s\\n' ${done}\n`);
    const end = Date.now() + this.#commandMs;
    while (!this.#output.includes(`${done}\n`, before)) {
      if (this.#shell.exitCode !== null || Date.now() > end)
        throw new Error(`${at} did not go well:\n${commands}\n${this.#output.slice(before)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.#output.slice(before).replace(`${done}\n`, "");
  }

  /** A variable of the shell. */
  async variable(name) {
    return (await this.run(`printf '%s\\n' "$${name}"`)).trim();
  }

  async #state() {
    const file = join(this.folder, ".environment");
    await this.run(`pwd > ${file}.cwd; env -0 > ${file}`);
    const variables = (await readFile(file, "utf8")).split("\0").filter((each) => each.includes("="));
    const env = Object.fromEntries(variables.map((each) => each.split(/=(.*)/s).slice(0, 2)));
    return { cwd: (await readFile(`${file}.cwd`, "utf8")).trim(), env };
  }

  /** Starts a command that keeps running in another terminal, until the test ends or `leaveOff`. */
  async #leave(command) {
    const { cwd, env } = await this.#state();
    this.#running.push(start("sh", ["-c", command], { cwd, env }));
    return "";
  }

  /** Waits until the last started command prints this. */
  async printed(pattern, timeoutMs = 120_000) {
    return this.#running.at(-1).printed(pattern, timeoutMs);
  }

  /** The output of the last started command. */
  output() {
    return this.#running.at(-1).output();
  }

  /** Ctrl-C. */
  async leaveOff() {
    const child = this.#running.pop();
    child.kill("SIGINT");
    const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await child.ended;
    clearTimeout(force);
  }
}
