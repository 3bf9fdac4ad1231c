// `npx attention-wasm`: the life of a key, a command for each part of it.
import { chosen, run } from "./commands.js";
import { help, helpOf } from "./help.js";
import { EXIT, type Exit, Failed } from "./outcome.js";
import { say, tinted } from "./terminal.js";

declare const __VERSION__: string;

async function main(args: readonly string[]): Promise<Exit> {
  if (args.length === 0 || args[0] === "--help" || args[0] === "-h" || args[0] === "help") {
    help();
    return "ok";
  }
  if (args[0] === "--version") {
    say(__VERSION__);
    return "ok";
  }
  const found = chosen(args);
  // Not what was typed: it could be a key.
  if (found === undefined) throw new Failed("usage", "there is no such command", "attention-wasm --help");
  if (found.rest.includes("--help") || found.rest.includes("-h")) {
    helpOf(found.command);
    return "ok";
  }
  return run(found.command, found.rest);
}

/** What nobody foresaw is told by its sort and place: its message could quote what it was given. */
function told(error: unknown): Exit {
  if (error instanceof Failed) {
    console.error(`${tinted("bad", "error:")} ${error.message}`);
    if (error.next !== undefined) console.error(`  next: ${error.next}`);
    return error.exit;
  }
  const { name, code } = error as { name?: string; code?: string };
  const place =
    error instanceof Error ? error.stack?.split("\n").find((line) => line.trim().startsWith("at ")) : undefined;
  console.error(`error: a fault of this program (${name}${code === undefined ? "" : `, ${code}`})${place ?? ""}`);
  return "api";
}

process.on("SIGINT", () => process.exit(EXIT.interrupted));
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  // A reader that has seen enough, such as head: the work goes on to its end, and the exit code tells how it ended.
  if (code === "EPIPE" || code === "EOF") return;
  console.error(`${tinted("bad", "error:")} the output cannot be written (${code})`);
  process.exit(EXIT.api);
});
process.exitCode = EXIT[await main(process.argv.slice(2)).catch(told)];
