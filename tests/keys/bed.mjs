// A project in a separate folder, the packed command, and the mock as the API.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { importPacked, packageFolder } from "../runtimes/packed.mjs";
import { startUpstream } from "../upstream/server.mjs";

/** The API, and its key. */
export async function startApi() {
  const { MOCK_API_KEY, mockAttention } = await importPacked("attention-wasm/testing");
  const mock = mockAttention();
  const denied = new Set();
  let judge = () => undefined;
  const upstream = await startUpstream({
    handler: async (request) =>
      (await judge(request)) ?? (denied.has(request.method) ? new Response("", { status: 405 }) : mock.handle(request)),
  });
  return {
    key: MOCK_API_KEY,
    mock,
    upstream,
    base: `${upstream.url}/v2`,
    close: () => upstream.close(),
    /** Answers a method with 405 from now on. */
    deny: (method) => denied.add(method),
    /** A handler that replaces the mock's response, if it returns one. */
    judge: (by) => {
      judge = by;
    },
  };
}

/** A folder with these files, and git if `commits` are wanted: each is a set of files. */
export async function projectWith(t, files = {}, commits = []) {
  const root = await mkdtemp(join(tmpdir(), "attention-keys-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const put = async (path, text) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  if (commits.length > 0) await git(root, "init", "-q");
  for (const commit of commits) {
    for (const [path, text] of Object.entries(commit)) {
      if (text === null) await rm(join(root, path));
      else await put(path, text);
    }
    await git(root, "add", "-A");
    await git(root, "-c", "user.name=x", "-c", "user.email=x@x.example", "commit", "-qm", "a commit");
  }
  for (const [path, text] of Object.entries(files)) await put(path, text);
  return { root, put, git: (...args) => git(root, ...args) };
}

function git(cwd, ...args) {
  return new Promise((resolve, reject) => {
    execFile("git", args, { cwd }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
}

/**
 * Runs the command. `input` goes to its standard input, `fd3` to a third descriptor; with `leaves` nobody reads its
 * standard output.
 */
export async function command(args, { cwd, env = {}, input, fd3, node = [], leaves = false } = {}) {
  const program = join(await packageFolder(), "dist/cli.js");
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [...node, program, ...args], {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ["pipe", "pipe", "pipe", ...(fd3 === undefined ? [] : ["pipe"])],
  });
  if (leaves) child.stdout.destroy();
  child.stdin.on("error", () => {});
  child.stdin.end(input ?? "");
  if (fd3 !== undefined) {
    child.stdio[3].on("error", () => {});
    child.stdio[3].end(fd3);
  }
  const [out, err] = [[], []];
  child.stdout.on("data", (bytes) => out.push(bytes));
  child.stderr.on("data", (bytes) => err.push(bytes));
  const [code, signal] = await once(child, "close");
  const text = (chunks) => Buffer.concat(chunks).toString("utf8");
  return { code, signal, stdout: text(out), stderr: text(err), all: text(out) + text(err) };
}
