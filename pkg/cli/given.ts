// The sources of secrets. Arguments are not one: the shell's history and every process list have them.
import { createReadStream } from "node:fs";
import { Failed } from "./outcome.js";
import { runShell } from "./programs.js";
import { Secret } from "./secret.js";
import { ask } from "./terminal.js";

/** The options that name the source of a secret. */
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
  /** The source, for messages. */
  readonly origin: string;
}

/** Longer than any key. */
const MOST = 64 * 1024;

/** The secret from the options, the environment or a prompt; undefined without one. */
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
  return typed === undefined ? undefined : { secret: new Secret(typed), origin: "the typed text" };
}

/** The new key from the options. */
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
    throw new Failed("usage", `use only one of --${name}-from, --${name}-fd and --${name}-stdin`);
  if (from !== undefined) return ofCommand(from, `${name}-from`);
  if (fd !== undefined) return ofDescriptor(fd, `${name}-fd`);
  if (stdin !== true) return undefined;
  return { secret: await ofStream(process.stdin, "standard input"), origin: "standard input" };
}

/** Like `given`, for a command that needs the secret. */
export async function required(options: SecretOptions, variable: string, question: string): Promise<GivenSecret> {
  const found = await given(options, variable, question);
  if (found !== undefined) return found;
  throw new Failed(
    "usage",
    `no key: set ${variable}, or use --key-from 'COMMAND', --key-fd N or --key-stdin`,
    "a key must not be an argument, which shells keep in their history",
  );
}

/** The output of a command, without the trailing line break. Neither its output nor its errors are shown. */
async function ofCommand(command: string, option: string): Promise<GivenSecret> {
  const origin = `the command of --${option}`;
  const ended = await runShell(command);
  const next = "run it by hand: it must print the secret, and nothing else";
  if (ended.kind === "late") throw new Failed("api", `${origin} did not end within ${ended.seconds} s`, next);
  if (ended.kind === "badly") throw new Failed("api", `${origin} ${ended.reason}`, next);
  const value = ended.output.trim();
  if (value === "") throw new Failed("api", `${origin} printed nothing`, next);
  return { secret: new Secret(value), origin };
}

async function ofDescriptor(text: string, option: string): Promise<GivenSecret> {
  const fd = Number(text);
  if (!/^\d+$/.test(text) || fd < 3)
    throw new Failed("usage", `--${option} takes the number of a file descriptor, at least 3, such as 3 with 3< file`);
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
      if (size > MOST) throw new Failed("usage", `${origin} is longer than any key`);
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new Failed("usage", `${origin} cannot be read (${(error as { code?: string }).code})`);
  }
  const value = Buffer.concat(chunks).toString("utf8").trim();
  if (value === "") throw new Failed("usage", `${origin} is empty`);
  return new Secret(value);
}
