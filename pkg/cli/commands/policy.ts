// `policy check | explain`: shows what a policy of the Worker allows before it is deployed.
import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { type Exit, Failed } from "../outcome.js";
import { builtInPolicy, checkPolicy, explainPolicy, type Judgement } from "../rules.js";
import { tell } from "../terminal.js";

export interface PolicyOptions {
  readonly strict?: boolean | undefined;
  readonly policy?: string | undefined;
  readonly json?: boolean | undefined;
}

/** The policy for callers without a named policy. */
const DEFAULT = "default";

export async function runPolicyCheck([file, ...more]: readonly string[], options: PolicyOptions): Promise<Exit> {
  if (file === undefined || more.length > 0)
    throw new Failed("usage", "policy check takes one file, - for standard input, or built-in");
  return told(checkPolicy(await read(file), options.strict === true), options, "good");
}

export async function runPolicyExplain(positionals: readonly string[], options: PolicyOptions): Promise<Exit> {
  const [file, method, target, ...more] = positionals;
  if (file === undefined || method === undefined || target === undefined || more.length > 0)
    throw new Failed("usage", "policy explain takes a file, a method and a path, such as GET '/v2/users?page=1'");
  const policy = options.policy ?? DEFAULT;
  return told(explainPolicy(await read(file), policy, method, target), options, "allowed");
}

function told({ said, isGood }: Judgement, { json }: PolicyOptions, name: "good" | "allowed"): Exit {
  if (json === true) tell({ [name]: isGood, lines: said.trimEnd().split("\n") });
  else process.stdout.write(said);
  return isGood ? "ok" : "found";
}

async function read(file: string): Promise<string> {
  if (file === "-") return textOf(process.stdin);
  if (file === "built-in") return builtInPolicy();
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Failed("usage", `${file} cannot be read (${error.code})`);
  });
}
