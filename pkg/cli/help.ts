// Help texts that fit on one screen.
import { COMMANDS, type Command } from "./commands.js";
import { say, tinted } from "./terminal.js";

export function help(): void {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  say("attention-wasm: manages keys of the Attention API\n");
  for (const { name, summary } of COMMANDS) say(`  ${tinted("strong", name.padEnd(width))}  ${summary}`);
  say(`
  --help after a command has its options, --version is this package's.
  A key comes from ATTENTION_API_KEY, --key-from 'COMMAND', --key-fd N, --key-stdin or a hidden
  prompt: never from an argument. ATTENTION_BASE_URL is where the API is. NO_COLOR is heeded.

  Exit codes: 0 fine, 1 something was found, 2 called wrongly, 3 the API refuses the key,
  4 something that was asked does not answer as it should, 5 not done yet, 130 interrupted.

  Example: npx attention-wasm doctor`);
}

export function helpOf({ name, summary, usage, example, options }: Command): void {
  say(`${name}: ${summary}\n\n  ${usage}\n`);
  const named = Object.entries(options).map(
    ([option, { type, help: text }]) => [`--${option}${type === "string" ? " …" : ""}`, text] as const,
  );
  const width = Math.max(...named.map(([option]) => option.length));
  for (const [option, text] of named) say(`  ${option.padEnd(width)}  ${text}`);
  say(`\n  Example: ${example}`);
}
