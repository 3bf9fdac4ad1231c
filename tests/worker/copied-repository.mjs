// A copy of the repository to build otherwise, without a file of this one being touched.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));

/** Its folder: the files whose paths `needed` matches, with the tools of this repository. */
export async function copyRepository(needed) {
  const folder = await mkdtemp(join(tmpdir(), "attention-halved-"));
  const listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await promisify(execFile)("git", listed, { cwd: repo });
  for (const file of stdout.split("\0").filter((name) => needed.test(name))) {
    await cp(join(repo, file), join(folder, file), { recursive: true }).catch((error) => {
      // Deleted, and not committed yet.
      if (error.code !== "ENOENT") throw error;
    });
  }
  await mkdir(join(folder, ".tools"));
  await symlink(join(repo, ".tools/bin"), join(folder, ".tools/bin"));
  await symlink(join(repo, "node_modules"), join(folder, "node_modules"));
  return folder;
}
