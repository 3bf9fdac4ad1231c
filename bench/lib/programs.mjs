// The programs that a bench runs beside Node.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

// Debian keeps servers where an ordinary user's PATH does not look.
const ALSO = ["/usr/sbin", "/usr/local/sbin"];

const HOW = {
  nginx: "Debian: apt-get install --no-install-recommends nginx-light; macOS: brew install nginx",
  wrk: "Debian: apt-get install wrk; macOS: brew install wrk",
};

export function program(name) {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...ALSO]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  throw new Error(`${name} is not on the PATH\n  next: ${HOW[name]}`);
}
