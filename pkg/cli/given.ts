// The ways in which a secret may be given. None is an argument: those are in the shell's history and in every list of processes.
import { createReadStream } from "node:fs";
import { Failed } from "./outcome.js";
import { runShell } from "./programs.js";
import { Secret } from "./secret.js";
import { ask } from "./terminal.js";

/** Where the options say that a secret is. */
export interface SecretOptions {
  readonly "key-from"?: string | undefined;
  readonly "key-fd"?: string | undefined;
  readonly "key-stdin"?: boolean | undefined;
}

/** The same for a second key, the new one of a rotation. */
export interface NewSecretOptions {
  readonly "new-key-from"?: string | undefined;
  readonly "new-key-fd"?: string | undefined;
  readonly "new-key-stdin"?: boolean | undefined;
}

export interface GivenSecret {
  readonly secret: Secret;
  /** For messages: where it came from. */
  readonly origin: string;
}

/** Longer than any key. */
const MOST = 64 * 1024;

/** The secret that the options, the environment or a person give; undefined when nobody does. */
export async function given(
  options: SecretOptions,
  variable: string,
  question?: string,
): Promise<GivenSecret | undefined> {
  const { "key-from": from, "key-fd": fd, "key-stdin": stdin } = options;
  const named = await ofOptions("key", { from, fd, stdin });
  if (named !== undefined) return named;
  const value = process.env[variable];
  if (value !== undefined && value.trim() !== "") return { secret: new Secret(value), origin: variable };
  if (question === undefined) return undefined;
  const typed = await ask(question);
  return typed === undefined ? undefined : { secret: new Secret(typed), origin: "what was typed" };
}

/** The new key that the options give. */
export function givenNew(options: NewSecretOptions): Promise<GivenSecret | undefined> {
  const { "new-key-from": from, "new-key-fd": fd, "new-key-stdin": stdin } = options;
  return ofOptions("new-key", { from, fd, stdin });
}

interface Source {
  readonly from: string | undefined;
  readonly fd: string | undefined;
  readonly stdin: boolean | undefined;
}

async function ofOptions(name: string, { from, fd, stdin }: Source): Promise<GivenSecret | undefined> {
  if ([from, fd, stdin].filter((each) => each !== undefined).length > 1)
    throw new Failed("usage", `give one of --${name}-from, --${name}-fd and --${name}-stdin`);
  if (from !== undefined) return ofCommand(from, `${name}-from`);
  if (fd !== undefined) return ofDescriptor(fd, `${name}-fd`);
  if (stdin !== true) return undefined;
  return { secret: await ofStream(process.stdin, "standard input"), origin: "standard input" };
}

/** As `given`, for a command that cannot do without. */
export async function required(options: SecretOptions, variable: string, question: string): Promise<GivenSecret> {
  const found = await given(options, variable, question);
  if (found !== undefined) return found;
  throw new Failed(
    "usage",
    `there is no key: set ${variable}, or use --key-from 'COMMAND', --key-fd N or --key-stdin`,
    "a key is never an argument, which the shell would remember",
  );
}

/** What a command prints, without the line break at its end. Neither its output nor its complaints are shown. */
async function ofCommand(command: string, option: string): Promise<GivenSecret> {
  const origin = `the command of --${option}`;
  const ended = await runShell(command);
  const next = "run it by hand: it has to print the secret, and nothing else";
  if (ended.kind === "late") throw new Failed("api", `${origin} did not end within ${ended.seconds} s`, next);
  if (ended.kind === "badly") throw new Failed("api", `${origin} ${ended.reason}`, next);
  const value = ended.output.trim();
  if (value === "") throw new Failed("api", `${origin} printed nothing`, next);
  return { secret: new Secret(value), origin };
}

async function ofDescriptor(text: string, option: string): Promise<GivenSecret> {
  const fd = Number(text);
  if (!/^\d+$/.test(text) || fd < 3)
    throw new Failed("usage", `--${option} takes the number of a descriptor from 3 on, such as 3 with 3< file`);
  const origin = `descriptor ${fd}`;
  return { secret: await ofStream(createReadStream("", { fd }), origin), origin };
}

async function ofStream(stream: AsyncIterable<string | Uint8Array>, origin: string): Promise<Secret> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      if (size > MOST) throw new Failed("usage", `${origin} has more than a key`);
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new Failed("usage", `${origin} cannot be read (${(error as { code?: string }).code})`);
  }
  const value = Buffer.concat(chunks).toString("utf8").trim();
  if (value === "") throw new Failed("usage", `${origin} has no key in it`);
  return new Secret(value);
}
