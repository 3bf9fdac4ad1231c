// The system's shell, for the commands that an operator gives as one text.
import { platform } from "node:process";

/** The program that runs such a command, and its arguments. */
export function inShell(command: string): [program: string, args: string[]] {
  return platform === "win32" ? ["cmd.exe", ["/c", command]] : ["/bin/sh", ["-c", command]];
}
