// The system's shell, for an operator's command lines.
import { platform } from "node:process";

/** The program that runs such a command, and its arguments. */
export function inShell(command: string): [program: string, args: string[]] {
  return platform === "win32" ? ["cmd.exe", ["/c", command]] : ["/bin/sh", ["-c", command]];
}
