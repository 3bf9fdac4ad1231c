// Loaded before the command (--import): simulates a full disk when a file with a key is written.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const real = fs.promises.open;
fs.promises.open = async (path, ...rest) => {
  const handle = await real(path, ...rest);
  if (/service\.key\..*\.part$/.test(String(path)))
    handle.writeFile = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
  return handle;
};
syncBuiltinESMExports();
