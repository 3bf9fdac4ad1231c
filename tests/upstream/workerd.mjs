// Runs Workers in the real workerd: one process, any number of services, each
// on its own loopback port, nothing left behind.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { config, moduleTypes } from "./capnp.mjs";

const COMPATIBILITY_DATE = "2026-11-01";

/**
 * @param {object} options
 * @param {Array<{
 *   name: string,
 *   modules: Array<{
 *     name: string, type?: "esm"|"cjs"|"wasm"|"text"|"json"|"data", file?: string | URL, text?: string,
 *   }>,
 *   bindings?: Record<string, string | { json: unknown } | { fromEnvironment: string }
 *     | { service: string | { name: string, entrypoint?: string } }
 *     | { durableObject: string | { className: string, service: string } } | { analyticsEngine: string }>,
 *   durableObjects?: string[],
 *   storage?: string,
 *   port?: number | false,
 *   outbound?: string,
 *   compatibilityDate?: string,
 *   compatibilityFlags?: string[],
 * }>} options.services the first module of each is its entry; `port: false` is for services reached by binding only;
 *   `storage` is a folder that Durable Objects keep their storage in, in memory without
 * @param {string[]} [options.outbound] which networks `fetch` may reach: of "public", "private", "local"; all by
 *   default
 * @param {Record<string, string>} [options.env] what `fromEnvironment` bindings read
 * @param {string[]} [options.args] more arguments for workerd, such as "--experimental"
 * @param {number} [options.startMs] how long it may take to listen; 15 s by default
 */
export async function startWorkerd({
  services,
  outbound = ["public", "private", "local"],
  env = {},
  args = [],
  startMs = 15_000,
}) {
  const folder = await mkdtemp(join(tmpdir(), "attention-workerd-"));
  try {
    const placed = await Promise.all(services.map((service, index) => place(service, index, folder)));
    const file = join(folder, "config.capnp");
    await writeFile(file, config(placed, outbound));
    const sockets = placed.filter(({ port }) => port !== false).map(({ name }) => name);
    const workerd = new Workerd(
      folder,
      spawn(binary(), ["serve", "--control-fd=3", ...args, file], {
        stdio: ["ignore", "pipe", "pipe", "pipe"],
        env: { ...process.env, ...env },
      }),
    );
    await workerd.listening(sockets, startMs);
    return workerd;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The native binary: the npm package's own launcher would be one process more. */
function binary() {
  return process.env.WORKERD || createRequire(import.meta.url)("workerd").default;
}

/** Puts the modules beside the configuration: `embed` takes paths from there. */
async function place(service, index, folder) {
  const modules = await Promise.all(
    service.modules.map(async ({ name, type = "esm", file, text }, number) => {
      if (!moduleTypes.includes(type)) throw new TypeError(`module ${name}: type is one of ${moduleTypes.join(", ")}`);
      if ((file === undefined) === (text === undefined))
        throw new TypeError(`module ${name}: give either file or text`);
      const path = `s${index}m${number}`;
      if (file === undefined) await writeFile(join(folder, path), text);
      else await copyFile(file, join(folder, path));
      return { name, type, path };
    }),
  );
  return { compatibilityDate: COMPATIBILITY_DATE, ...service, modules };
}

class Workerd {
  /** Everything it printed, a line each: `{ stream: "stdout" | "stderr", text }`. */
  lines = [];
  /** Service name → address. */
  urls = {};
  /** Service name → port. */
  ports = {};
  #folder;
  #child;
  #exited;
  #wake = new Set();
  #killNow = () => {
    this.#child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  };

  constructor(folder, child) {
    this.#folder = folder;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(`exit ${signal ?? code}`));
    });
    void this.#exited.then(() => this.#changed());
    // A test run that ends early must not leave a server behind.
    process.once("exit", this.#killNow);
    for (const stream of ["stdout", "stderr"]) {
      createInterface({ input: child[stream] }).on("line", (text) => {
        this.lines.push({ stream, text });
        this.#changed();
      });
    }
    createInterface({ input: child.stdio[3] }).on("line", (line) => this.#control(JSON.parse(line)));
  }

  get pid() {
    return this.#child.pid;
  }

  /** The address of the first service. */
  get url() {
    return Object.values(this.urls)[0];
  }

  /** All that was printed, as one text: what a test searches for secrets. */
  get output() {
    return this.lines.map(({ text }) => text).join("\n");
  }

  /** The lines that are JSON objects: the structured log. */
  get logs() {
    return this.lines.flatMap(({ text }) => {
      try {
        const value = JSON.parse(text);
        return typeof value === "object" && value !== null ? [value] : [];
      } catch {
        return [];
      }
    });
  }

  /** The first line that `matches` (a RegExp or a function of the text), now or soon. */
  async line(matches, timeoutMs = 30_000) {
    const test = matches instanceof RegExp ? (text) => matches.test(text) : matches;
    const found = () => this.lines.find(({ text }) => test(text))?.text;
    return this.#until(found, timeoutMs, () => `no line ${matches} in ${timeoutMs} ms`);
  }

  async listening(names, timeoutMs) {
    const all = () => (names.every((name) => name in this.ports) ? true : undefined);
    try {
      await this.#until(all, timeoutMs, () => `workerd did not listen in ${timeoutMs} ms`);
    } catch (error) {
      await this.close();
      throw new Error(`${error.message}\n${this.output}`);
    }
  }

  async close() {
    process.off("exit", this.#killNow);
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 2000);
    this.#child.kill("SIGTERM");
    await this.#exited;
    clearTimeout(force);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #control({ event, socket, port }) {
    if (event !== "listen") return;
    this.ports[socket] = port;
    this.urls[socket] = `http://127.0.0.1:${port}`;
    this.#changed();
  }

  #changed() {
    for (const wake of this.#wake) wake();
  }

  /** The result of `look`, which is repeated whenever something happened. */
  async #until(look, timeoutMs, complaint) {
    let ended;
    void this.#exited.then((how) => {
      ended = how;
    });
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (ended !== undefined) throw new Error(`workerd ended: ${ended}`);
      if (Date.now() >= end) throw new Error(complaint());
      await new Promise((resolve) => {
        const timer = setTimeout(done, end - Date.now());
        const wake = this.#wake;
        function done() {
          clearTimeout(timer);
          wake.delete(done);
          resolve();
        }
        wake.add(done);
      });
    }
  }
}
