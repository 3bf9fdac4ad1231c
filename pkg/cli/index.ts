// `npx attention-wasm`: commands for the life cycle of a key.
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
  // The message does not quote the argument, which could be a key.
  if (found === undefined) throw new Failed("usage", "unknown command", "attention-wasm --help");
  if (found.rest.includes("--help") || found.rest.includes("-h")) {
    helpOf(found.command);
    return "ok";
  }
  return run(found.command, found.rest);
}

/** Reports an unexpected exception by class and place; its message could quote a secret. */
function told(error: unknown): Exit {
  if (error instanceof Failed) {
    console.error(`${tinted("bad", "error:")} ${error.message}`);
    if (error.next !== undefined) console.error(`  next: ${error.next}`);
    return error.exit;
  }
  const { name, code } = error as { name?: string; code?: string };
  const place =
    error instanceof Error ? error.stack?.split("\n").find((line) => line.trim().startsWith("at ")) : undefined;
  console.error(`error: a bug in this program (${name}${code === undefined ? "" : `, ${code}`})${place ?? ""}`);
  return "api";
}

process.on("SIGINT", () => process.exit(EXIT.interrupted));
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  // A reader that stops early, such as head: the work continues to its end, and the exit code shows its result.
  if (code === "EPIPE" || code === "EOF") return;
  console.error(`${tinted("bad", "error:")} the output cannot be written (${code})`);
  process.exit(EXIT.api);
});
process.exitCode = EXIT[await main(process.argv.slice(2)).catch(told)];
