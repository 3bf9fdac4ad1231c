// Files that hold what others must not read: whole or not at all, and readable by their owner alone.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Failed } from "./outcome.js";

/** Puts a text in the place of a file's, or makes the file. It is there after a power failure, too. */
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

/** Takes away what was left by processes that were killed while they wrote: it may hold a key. */
async function sweep(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  const left = names.filter(
    (name) => name.startsWith(`${basename(path)}.`) && PART.test(name.slice(basename(path).length)),
  );
  for (const name of left) await rm(join(dirname(path), name), { force: true }).catch(() => {});
}

const PART = /^\.[0-9a-f]{12}\.part$/;

/** Who owns the file that is there: a service that reads it goes on to. */
async function ownerOf(path: string): Promise<{ uid: number; gid: number } | undefined> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw notWritten(path, error);
  });
  if (found === undefined) return undefined;
  // Renaming would replace the link, and whoever reads the file it names would keep the old key.
  if (found.isSymbolicLink())
    throw new Failed(
      "usage",
      `${path} is a symbolic link`,
      "name the file that it leads to, as `readlink -f` prints it",
    );
  if (!found.isFile()) throw new Failed("usage", `${path} is no file`, "name a file");
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

/** Makes the new name of a file last. Windows cannot, and does it by itself. */
async function settle(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, constants.O_RDONLY);
    await handle.sync();
  } catch {
    // The file is whole under the one name or the other.
  } finally {
    await handle?.close();
  }
}

const REASONS: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ENOSPC: ["the disk is full", "make room, then try again"],
  EDQUOT: ["the quota is used up", "make room, then try again"],
  EROFS: ["its file system is read-only", "choose another file"],
  EACCES: ["this user may not write there", "change the folder's permissions, or be another user"],
  EPERM: ["this user may not write there, or not keep the file's owner", "run this as the file's owner"],
  ENOENT: ["there is no such folder", "make the folder first"],
  ENOTDIR: ["there is no such folder", "make the folder first"],
};

/** What it was about is not in the message: a part of it could be the text. */
function notWritten(path: string, error: unknown): Failed {
  if (error instanceof Failed) return error;
  const { code } = error as NodeJS.ErrnoException;
  const [what, next] = REASONS[code ?? ""] ?? [`the system says ${code}`, undefined];
  return new Failed("usage", `${path} was not written, and is as it was: ${what}`, next);
}
