// Secrets, and the ways in which one may be given. None is an argument: those are in the shell's history and in every list of processes.
import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { Failed } from "./outcome.js";
import { inShell } from "./shell.js";
import { ask } from "./terminal.js";

/** A secret, which is shown by nothing but `expose`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  expose(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** Where the options say that a secret is. */
export interface SecretOptions {
  readonly "key-from"?: string | undefined;
  readonly "key-fd"?: string | undefined;
  readonly "key-stdin"?: boolean | undefined;
}

export interface GivenSecret {
  readonly secret: Secret;
  /** For messages: where it came from. */
  readonly origin: string;
}

/** A vault that has to ask a person takes its time. */
const COMMAND_TIMEOUT = 60_000;
/** Longer than any key. */
const MOST = 64 * 1024;

/** The secret that the options, the environment or a person give; undefined when nobody does. */
export async function given(
  options: SecretOptions,
  variable: string,
  question?: string,
): Promise<GivenSecret | undefined> {
  const named = [options["key-from"], options["key-fd"], options["key-stdin"]].filter((each) => each !== undefined);
  if (named.length > 1) throw new Failed("usage", "give one of --key-from, --key-fd and --key-stdin");
  if (options["key-from"] !== undefined) return ofCommand(options["key-from"]);
  if (options["key-fd"] !== undefined) return ofDescriptor(options["key-fd"]);
  if (options["key-stdin"] === true)
    return { secret: await ofStream(process.stdin, "standard input"), origin: "standard input" };
  const value = process.env[variable];
  if (value !== undefined && value.trim() !== "") return { secret: new Secret(value), origin: variable };
  if (question === undefined) return undefined;
  const typed = await ask(question);
  return typed === undefined ? undefined : { secret: new Secret(typed), origin: "what was typed" };
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
function ofCommand(command: string): Promise<GivenSecret> {
  return new Promise((resolve, reject) => {
    const options = { timeout: COMMAND_TIMEOUT, maxBuffer: MOST, windowsHide: true, encoding: "utf8" } as const;
    const child = execFile(...inShell(command), options, (error, stdout) => {
      const value = stdout.trim();
      if (error === null && value !== "") {
        resolve({ secret: new Secret(value), origin: "the command of --key-from" });
        return;
      }
      reject(
        new Failed("api", `the command of --key-from ${reason(error)}`, "run it by hand: it has to print the key"),
      );
    });
    // A vault may ask for a fingerprint or a password.
    child.stdin?.end();
  });
}

function reason(error: (Error & { code?: unknown; killed?: boolean }) | null): string {
  if (error === null) return "printed nothing";
  if (error.killed === true) return `did not end within ${COMMAND_TIMEOUT / 1000} s`;
  return typeof error.code === "number" ? `ended with ${error.code}` : "could not be run";
}

async function ofDescriptor(text: string): Promise<GivenSecret> {
  const fd = Number(text);
  if (!/^\d+$/.test(text) || fd < 3)
    throw new Failed("usage", "--key-fd takes the number of a descriptor from 3 on, such as 3 with 3< file");
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
