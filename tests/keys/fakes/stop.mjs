// Loaded before the command (--import): kills it by SIGKILL at the write of the journal that STOP_AT names, counted
// from 1. "before" is after a step and before its entry in the journal; "after" is before the next step.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [at, side] = (process.env.STOP_AT ?? "0:after").split(":");
const real = fs.promises.rename;
let writings = 0;
fs.promises.rename = async (from, to) => {
  const isLast = String(to).endsWith(".journal") && ++writings === Number(at);
  if (isLast && side === "before") process.kill(process.pid, "SIGKILL");
  await real(from, to);
  if (isLast) process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
