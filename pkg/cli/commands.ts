// The commands, their options and their help. Anything else is refused.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { runCallersNew } from "./commands/callers.js";
import { runDoctor } from "./commands/doctor.js";
import { runInit } from "./commands/init.js";
import { runKeysAudit, runKeysCreate, runKeysList } from "./commands/keys.js";
import { runPolicyCheck, runPolicyExplain } from "./commands/policy.js";
import { runKeysRevoke } from "./commands/revoke.js";
import { runKeysRotate } from "./commands/rotate.js";
import { runScan } from "./commands/scan.js";
import { type Exit, Failed } from "./outcome.js";
import { inspectKey, isFault } from "./rules.js";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  /** The words of the command. */
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly example: string;
  readonly options: Readonly<Record<string, { readonly type: "string" | "boolean"; readonly help: string }>>;
  readonly run: (positionals: readonly string[], values: Values) => Promise<Exit> | Exit;
}

const JSON_OPTION = { json: { type: "boolean", help: "one JSON document instead of text" } } as const;
const KEY_OPTIONS = {
  "key-from": { type: "string", help: "a command that prints the key, such as 'op read op://vault/attention/key'" },
  "key-fd": { type: "string", help: "a file descriptor to read the key from, such as 3 with 3< file" },
  "key-stdin": { type: "boolean", help: "read the key from standard input" },
} as const;
const OFFLINE = { offline: { type: "boolean", help: "make no call" } } as const;

export const COMMANDS: readonly Command[] = [
  {
    name: "init",
    summary: "keep this project's key out of git, and test the key",
    usage: "attention-wasm init [options]",
    example: "npx attention-wasm init",
    options: { ...OFFLINE, ...KEY_OPTIONS, ...JSON_OPTION },
    run: (_, values) => runInit(values),
  },
  {
    name: "doctor",
    summary: "find problems of the key, the project, its history and its Worker",
    usage: "attention-wasm doctor [--worker URL [--origin URL] [--token-from CMD]] [options]",
    example: "npx attention-wasm doctor --worker https://attention.example.com --origin https://app.example.com",
    options: {
      worker: { type: "string", help: "the address of a deployed Worker: check that it is ready" },
      origin: { type: "string", help: "a page's origin: check that it may call that Worker" },
      "token-from": { type: "string", help: "a command that prints a caller token: check that it is accepted" },
      ...OFFLINE,
      ...KEY_OPTIONS,
      ...JSON_OPTION,
    },
    run: (_, values) => runDoctor(values),
  },
  {
    name: "scan",
    summary: "find keys in files, in staged changes or in the whole history",
    usage: "attention-wasm scan [--staged | --history] [FILE…]",
    example: "npx attention-wasm scan --staged",
    options: {
      staged: { type: "boolean", help: "scan the staged changes, for a pre-commit hook" },
      history: { type: "boolean", help: "scan every commit, and the current files" },
      ...JSON_OPTION,
    },
    run: runScan,
  },
  {
    name: "keys list",
    summary: "list the organisation's keys, without their values",
    usage: "attention-wasm keys list [options]",
    example: "npx attention-wasm keys list --key-from 'op read op://vault/attention/admin'",
    options: { ...KEY_OPTIONS, ...JSON_OPTION },
    run: (_, values) => runKeysList(values),
  },
  {
    name: "keys audit",
    summary: "list keys that need attention: stale, unused, expiring, shared",
    usage: "attention-wasm keys audit [options]",
    example: "npx attention-wasm keys audit --json",
    options: { ...KEY_OPTIONS, ...JSON_OPTION },
    run: (_, values) => runKeysAudit(values),
  },
  {
    name: "keys create",
    summary: "create a key, and pass it to a file or a command without showing it",
    usage: "attention-wasm keys create --name NAME (--to-file FILE | --to-command CMD) [options]",
    example: "npx attention-wasm keys create --name reports --to-command 'wrangler secret put ATTENTION_API_KEY_NEXT'",
    options: {
      name: { type: "string", help: "a name that no other key has" },
      "org-level": { type: "boolean", help: "a key of the organisation instead of your own" },
      "to-file": { type: "string", help: "a file, which only you can read" },
      "to-command": { type: "string", help: "a command that reads the key from its standard input" },
      ...KEY_OPTIONS,
      ...JSON_OPTION,
    },
    run: (_, values) => runKeysCreate(values),
  },
  {
    name: "keys rotate",
    summary: "replace a key everywhere, then delete it",
    usage: "attention-wasm keys rotate [--config FILE] [--resume [--answer ANSWER]] [options]",
    example: "npx attention-wasm keys rotate --config attention.rotate.json",
    options: {
      config: { type: "string", help: "the list of places; attention.rotate.json by default" },
      resume: { type: "boolean", help: "continue the rotation in progress" },
      answer: { type: "string", help: "the answer to the question at which it stopped" },
      wait: { type: "boolean", help: "wait until the old key was unused for long enough, for hours" },
      "new-key-from": { type: "string", help: "a command that prints the new key, if the API does not create it" },
      "new-key-fd": { type: "string", help: "a file descriptor to read the new key from" },
      "new-key-stdin": { type: "boolean", help: "read the new key from standard input" },
      ...KEY_OPTIONS,
      ...JSON_OPTION,
    },
    run: (_, values) => runKeysRotate(values),
  },
  {
    name: "keys revoke",
    summary: "delete a key at once, and prove it",
    usage: "attention-wasm keys revoke ID|FINGERPRINT|NAME [--yes] [--worker URL] [options]",
    example: "npx attention-wasm keys revoke 1f2e3d4c --key-from 'op read op://vault/attention/admin'",
    options: {
      yes: { type: "boolean", help: "do not ask for confirmation; everything that uses the key stops at once" },
      worker: { type: "string", help: "a Worker's address: check whether it uses the key" },
      ...KEY_OPTIONS,
      ...JSON_OPTION,
    },
    run: runKeysRevoke,
  },
  {
    name: "policy check",
    summary: "show what a policy of the Worker allows, and which rules have no effect",
    usage: "attention-wasm policy check FILE|-|built-in [--strict] [--json]",
    example: "npx attention-wasm policy check worker/policy.txt",
    options: { strict: { type: "boolean", help: "fail on warnings too" }, ...JSON_OPTION },
    run: runPolicyCheck,
  },
  {
    name: "policy explain",
    summary: "show whether a call is allowed, by which line, and why",
    usage: "attention-wasm policy explain FILE|-|built-in METHOD PATH [--policy NAME] [--json]",
    example: "npx attention-wasm policy explain worker/policy.txt GET '/v2/conversations?page=1'",
    options: { policy: { type: "string", help: "the policy's name, for a file with several" }, ...JSON_OPTION },
    run: runPolicyExplain,
  },
  {
    name: "callers new",
    summary: "make a caller token for the Worker and its configuration entry",
    usage: "attention-wasm callers new NAME [options]",
    example: "npx attention-wasm callers new dashboard --limit 100/min",
    options: {
      policy: { type: "string", help: "the policy that applies to it" },
      expires: { type: "string", help: "a date, such as 2027-06-30" },
      limit: { type: "string", help: "calls per s, min or h, such as 100/min" },
      mints: { type: "boolean", help: "it may request sessions for pages" },
      ...JSON_OPTION,
    },
    run: runCallersNew,
  },
];

/** The command that the arguments name, and the remaining arguments. */
export function chosen(args: readonly string[]): { command: Command; rest: readonly string[] } | undefined {
  for (const command of COMMANDS) {
    const words = command.name.split(" ");
    if (words.every((word, at) => args[at] === word)) return { command, rest: args.slice(words.length) };
  }
  return undefined;
}

export function run(command: Command, args: readonly string[]): Promise<Exit> | Exit {
  mustHoldNoKey(args);
  const options: Options = { help: { type: "boolean", short: "h" } };
  for (const [name, { type }] of Object.entries(command.options)) options[name] = { type };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: args as string[], options, allowPositionals: true });
  } catch (error) {
    throw new Failed("usage", (error as Error).message.split(". ")[0]!, `attention-wasm ${command.name} --help`);
  }
  return command.run(parsed.positionals, parsed.values as Values);
}

/** Refuses keys as arguments: the shell's history and every process list have them, so others may know them. */
function mustHoldNoKey(args: readonly string[]): void {
  for (const argument of args) {
    const value = argument.slice(argument.startsWith("--") ? argument.indexOf("=") + 1 : 0);
    const inspected = inspectKey(value);
    if (!isFault(inspected) && inspected.claims !== null)
      throw new Failed(
        "usage",
        "a key must not be an argument: shells keep a history, and every process list shows it",
        "use ATTENTION_API_KEY, --key-from, --key-fd or --key-stdin; if others use this machine, rotate the key",
      );
  }
}
