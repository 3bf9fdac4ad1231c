// Files with secrets: replaced atomically, and readable only by their owner.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Failed } from "./outcome.js";

/** Replaces a file's content, or creates the file. The result survives a power failure. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const owner = await ownerOf(path);
  await sweep(path);
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await write(part, text, owner);
    await rename(part, path);
    await settle(dirname(path));
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw notWritten(path, error);
  }
}

/** Removes the partial files of processes that were killed while writing, which may contain a key. */
async function sweep(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  const left = names.filter(
    (name) => name.startsWith(`${basename(path)}.`) && PART.test(name.slice(basename(path).length)),
  );
  for (const name of left) await rm(join(dirname(path), name), { force: true }).catch(() => {});
}

const PART = /^\.[0-9a-f]{12}\.part$/;

/**
 * The existing file's owner, so that a service can still read it; undefined without a file. Anything but a file is
 * refused.
 */
export async function ownerOf(path: string): Promise<{ uid: number; gid: number } | undefined> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw notWritten(path, error);
  });
  if (found === undefined) return undefined;
  // Renaming would replace the link, and readers of its target would keep the old key.
  if (found.isSymbolicLink())
    throw new Failed("usage", `${path} is a symbolic link`, "use the path of its target, as `readlink -f` prints it");
  if (!found.isFile()) throw new Failed("usage", `${path} is not a file`, "name a file");
  return { uid: found.uid, gid: found.gid };
}

async function write(part: string, text: string, owner: { uid: number; gid: number } | undefined): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const handle = await open(part, flags, 0o600);
  try {
    const own = await handle.stat();
    if (owner !== undefined && (owner.uid !== own.uid || owner.gid !== own.gid))
      await handle.chown(owner.uid, owner.gid);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Flushes a renamed file's folder. Windows has no such call, and needs none. */
async function settle(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, constants.O_RDONLY);
    await handle.sync();
  } catch {
    // The file is complete under one of the two names.
  } finally {
    await handle?.close();
  }
}

const REASONS: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ENOSPC: ["the disk is full", "make room, then try again"],
  EDQUOT: ["the quota is used up", "make room, then try again"],
  EROFS: ["the file system is read-only", "choose another file"],
  EACCES: ["this user may not write there", "change the folder's permissions, or run this as another user"],
  EPERM: ["this user may not write there, or may not keep the file's owner", "run this as the file's owner"],
  ENOENT: ["the folder does not exist", "create the folder first"],
  ENOTDIR: ["the folder does not exist", "create the folder first"],
};

/** The message does not quote the error, which could contain the text. */
function notWritten(path: string, error: unknown): Failed {
  if (error instanceof Failed) return error;
  const { code } = error as NodeJS.ErrnoException;
  const [what, next] = REASONS[code ?? ""] ?? [`the system reported ${code}`, undefined];
  return new Failed("usage", `${path} was not written and is unchanged: ${what}`, next);
}
