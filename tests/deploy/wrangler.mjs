// wrangler at a fixed version, in .tools/deploy: it is too large for the lock file,
// since the build does not need it.
import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL(".tools/deploy/", ROOT);

export const WRANGLER = "4.164.0";
/** Of wrangler's own `engines`. */
const NEEDS_NODE = [22, 12];
/** The npm package with a Node binary, which runs it if this process is too old. */
const NODE = "24.21.0";
const NODE_PACKAGE = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

const INSTALL_MS = 5 * 60_000;
const RUN_MS = 5 * 60_000;

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: fileURLToPath(FOLDER),
  CARGO_HOME: process.env.CARGO_HOME ?? `${process.env.HOME}/.cargo`,
  RUSTUP_HOME: process.env.RUSTUP_HOME ?? `${process.env.HOME}/.rustup`,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_LOG_PATH: fileURLToPath(new URL("log/", FOLDER)),
  CI: "1",
  NO_COLOR: "1",
};

/**
 * Runs wrangler in worker/ without network, questions and telemetry. Returns its output; throws unless it succeeds.
 */
export async function wrangler(...args) {
  const { node, script } = await installed();
  const { stdout, stderr } = await run(node, [script, ...args], {
    cwd: fileURLToPath(new URL("worker/", ROOT)),
    env: ENVIRONMENT,
    timeout: RUN_MS,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout + stderr;
}

/**
 * `wrangler dev` with a custom configuration: workerd with miniflare's bindings of the platform. Returns its address
 * and `close()`.
 */
export async function dev(config) {
  const { node, script } = await installed();
  const child = spawn(
    node,
    [script, "dev", "--config", config, "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"],
    { env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  const printed = [];
  const url = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        const ready = /Ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
        if (ready) resolve(ready[1]);
      });
    }
    void ended.then(() => reject(new Error(`wrangler dev ended\n${printed.join("\n")}`)));
  });
  const close = async () => {
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(force);
  };
  try {
    return { url: await url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Environment variables that turn off wrangler's questions and telemetry. */
export const QUIET = { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: ENVIRONMENT.WRANGLER_LOG_PATH, CI: "1" };

let ready;
/** Returns `{ node, script }`: a new enough Node, and the script to run. */
export function installed() {
  ready ??= install();
  return ready;
}

async function install() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const isNew = major > NEEDS_NODE[0] || (major === NEEDS_NODE[0] && minor >= NEEDS_NODE[1]);
  const wanted = { wrangler: WRANGLER, ...(isNew ? {} : { [NODE_PACKAGE]: NODE }) };
  const has = async ([name, version]) => (await versionOf(name)) === version;
  if (!(await Promise.all(Object.entries(wanted).map(has))).every(Boolean)) {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(new URL("package.json", FOLDER), JSON.stringify({ private: true, dependencies: wanted }));
    // Without the packages' install scripts, which are foreign code and not needed.
    await run(
      "npm",
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
      {
        cwd: fileURLToPath(FOLDER),
        timeout: INSTALL_MS,
      },
    );
  }
  const at = (path) => fileURLToPath(new URL(`node_modules/${path}`, FOLDER));
  return { node: isNew ? process.execPath : at(`${NODE_PACKAGE}/bin/node`), script: at("wrangler/bin/wrangler.js") };
}

async function versionOf(name) {
  try {
    return JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, FOLDER), "utf8")).version;
  } catch {
    return undefined;
  }
}
