// A project's git repository: its files, staged changes and every commit.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { Failed } from "./outcome.js";
import { type Leak, Scanner } from "./rules.js";

/** A leak in a file of the project or of its history. */
export interface FoundLeak extends Leak {
  readonly path: string;
  /** The first commit that has it; absent for current files. */
  readonly commit?: string;
}

/** Each key once per file: its current place, or else its first one. The history is in reverse order. */
export function eachOnce(leaks: readonly FoundLeak[]): FoundLeak[] {
  const found = new Map<string, FoundLeak>();
  for (const leak of leaks) {
    const name = `${leak.fingerprint} ${leak.path}`;
    // A line that contains it twice counts as two places.
    if (leak.commit === undefined) found.set(`${name} ${leak.line}:${leak.column}`, leak);
    else if (
      !leaks.some((now) => now.commit === undefined && now.fingerprint === leak.fingerprint && now.path === leak.path)
    )
      found.set(name, leak);
  }
  return [...found.values()];
}

const MOST = 1 << 28;
/** Larger blobs are skipped; nobody writes a key into such a file by hand. */
const MAX_BLOB_BYTES = 16 << 20;

function git(root: string, args: readonly string[], input?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, maxBuffer: MOST, encoding: "buffer" } as const;
    const child = execFile("git", args as string[], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Failed("api", `git ${args[0]} failed (${(error as { code?: unknown }).code})`));
    });
    child.stdin?.end(input);
  });
}

const texts = async (answer: Promise<Buffer>) => (await answer).toString("utf8").split("\0").filter(Boolean);

/** Whether this folder is in a git repository. */
export const isRepository = (root: string) =>
  git(root, ["rev-parse", "--is-inside-work-tree"]).then(
    () => true,
    () => false,
  );

export const trackedFiles = (root: string) => texts(git(root, ["ls-files", "-z"]));
export const stagedFiles = (root: string) =>
  texts(git(root, ["diff", "--cached", "--name-only", "-z", "--diff-filter=ACMR"]));
export const staged = (root: string, path: string) => git(root, ["show", `:${path}`]);

/** The files that git does not ignore, which `git add` could commit. */
export async function notIgnored(root: string, files: readonly string[]): Promise<string[]> {
  if (files.length === 0) return [];
  const ignored = await git(root, ["check-ignore", "-z", "--stdin"], files.join("\0")).then(
    (answer) => new Set(answer.toString("utf8").split("\0")),
    // git exits with 1 if it ignores none of them.
    () => new Set<string>(),
  );
  return files.filter((file) => !ignored.has(file));
}

interface Blob {
  readonly id: string;
  readonly path: string;
}

/** Every leak in any commit; each blob is read once. */
export async function scanHistory(
  root: string,
  known: readonly string[],
  step: (done: string) => void,
): Promise<FoundLeak[]> {
  const blobs = await allBlobs(root);
  const found: FoundLeak[] = [];
  let read = 0;
  for await (const [blob, content] of contents(root, blobs)) {
    read += 1;
    if (read % 500 === 0) step(`${read} of ${blobs.length} file versions`);
    const scanner = new Scanner(known);
    for (const leak of [...scanner.feed(content), ...scanner.finish()]) {
      if (leak.confidence === "placeholder") continue;
      found.push({ ...leak, path: blob.path, commit: await firstCommit(root, blob) });
    }
  }
  return found;
}

async function allBlobs(root: string): Promise<Blob[]> {
  const listed = await git(root, [
    "rev-list",
    "--all",
    "--objects",
    "--filter=object:type=blob",
    "--filter-provided-objects",
  ]);
  return listed
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const at = line.indexOf(" ");
      return at < 0 ? [] : [{ id: line.slice(0, at), path: line.slice(at + 1) }];
    });
}

async function firstCommit(root: string, { id }: Blob): Promise<string> {
  const found = await git(root, ["log", "--all", "--format=%h", `--find-object=${id}`]);
  return found.toString("utf8").trim().split("\n").at(-1) ?? "";
}

/** The content of the blobs, in order, from one git process. */
async function* contents(root: string, blobs: readonly Blob[]): AsyncGenerator<[Blob, Uint8Array]> {
  const child = spawn("git", ["cat-file", "--batch", "--buffer"], { cwd: root, stdio: ["pipe", "pipe", "ignore"] });
  // Registered early, because it may close before the last of its output was read.
  const closed = once(child, "close");
  child.stdin.on("error", () => {});
  child.stdin.end(blobs.map(({ id }) => `${id}\n`).join(""));
  const source = new Bytes(child.stdout);
  for (const blob of blobs) {
    const head = (await source.line()).split(" ");
    if (head[1] !== "blob") continue;
    const size = Number(head[2]);
    const content = await source.take(size);
    await source.take(1);
    if (size <= MAX_BLOB_BYTES) yield [blob, content];
  }
  await closed;
}

/** A stream, read by lines and by counts. */
class Bytes {
  readonly #stream: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    let end = this.#held.indexOf(10);
    while (end < 0) {
      if (!(await this.#more())) return "";
      end = this.#held.indexOf(10);
    }
    const line = this.#held.subarray(0, end).toString("utf8");
    this.#held = this.#held.subarray(end + 1);
    return line;
  }

  async take(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = count;
    while (left > this.#held.length) {
      parts.push(this.#held);
      left -= this.#held.length;
      this.#held = Buffer.alloc(0);
      if (!(await this.#more())) throw new Failed("api", "git exited in the middle of an object");
    }
    parts.push(this.#held.subarray(0, left));
    this.#held = this.#held.subarray(left);
    return Buffer.concat(parts);
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#stream.next();
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}
