// The journal of a rotation on disk: one writer at a time, always complete, and without keys.
import { randomUUID } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { Failed } from "../outcome.js";
import { replaceFile } from "../private-file.js";

export class Journal {
  readonly path: string;
  /** The id of this process, for the rotation's check and for others. */
  readonly owner: string;

  private constructor(path: string, owner: string) {
    this.path = path;
    this.owner = owner;
  }

  /** Locks the journal until this process ends. */
  static async open(path: string): Promise<Journal> {
    const owner = randomUUID();
    const lock = `${path}.lock`;
    await acquire(lock, JSON.stringify({ owner, process: process.pid, since: startOf(process.pid), host: hostname() }));
    process.on("exit", () => {
      if (holderOf(lock)?.owner === owner) rmSync(lock, { force: true });
    });
    return new Journal(path, owner);
  }

  /** The content; undefined without a rotation. */
  async read(): Promise<string | undefined> {
    return readFile(this.path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new Failed("usage", `${this.path} cannot be read (${error.code})`);
    });
  }

  async write(text: string): Promise<void> {
    if (holderOf(`${this.path}.lock`)?.owner !== this.owner)
      throw new Failed("usage", "another process has taken over this rotation", "let that process finish");
    await replaceFile(this.path, `${text}\n`);
  }
}

interface Holder {
  readonly owner: string;
  readonly process: number;
  /** When the process started, if known, because process ids are reused. */
  readonly since: string | null;
  readonly host: string;
}

async function acquire(lock: string, text: string): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const own = `${lock}.${randomUUID()}`;
    try {
      const handle = await open(own, "wx", 0o600);
      await handle.writeFile(text).finally(() => handle.close());
      // Created complete: a reader never finds half a name.
      await link(own, lock);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST")
        throw new Failed("usage", `${lock} cannot be created (${code})`, "make the journal's folder writable");
    } finally {
      await rm(own, { force: true });
    }
    const holder = holderOf(lock);
    if (holder === undefined) continue;
    if (!isGone(holder)) throw underWay(lock, holder);
    await takeAway(lock);
  }
  throw new Failed("usage", `${lock} is locked repeatedly`, "check which processes run a rotation");
}

function underWay(lock: string, { process: number, host }: Holder): Failed {
  const where = host === hostname() ? "" : ` on ${host}`;
  const next = `wait for it; if that process is gone, delete ${lock}, then use --resume`;
  return new Failed("usage", `another rotation is in progress: process ${number}${where}`, next);
}

/** If two processes remove a stale lock, one may remove the other's new lock; it is then restored. */
async function takeAway(lock: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  await rename(lock, aside).catch(() => {});
  const holder = holderOf(aside);
  if (holder !== undefined && !isGone(holder)) await link(aside, lock).catch(() => {});
  await rm(aside, { force: true });
}

function holderOf(lock: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isGone(holder: Holder): boolean {
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.process, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const since = startOf(holder.process);
  return holder.since !== null && since !== null && since !== holder.since;
}

/** When a process started, in the system's own unit; null if unknown. */
function startOf(number: number): string | null {
  try {
    // After the program's name, which may have blanks.
    const stat = readFileSync(`/proc/${number}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A process that has ended, but that its parent has not waited for.
    return state === "Z" ? "ended" : (fields[18] ?? null);
  } catch {
    return null;
  }
}
