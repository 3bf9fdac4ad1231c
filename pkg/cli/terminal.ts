// Output: coloured text on a terminal, JSON for programs, progress for work of more than a second.
import { stderr, stdin, stdout } from "node:process";
import { createInterface } from "node:readline/promises";
import { EXIT, Failed } from "./outcome.js";

export type Tone = "good" | "notice" | "warning" | "bad" | "strong" | "soft";

const CODES: Readonly<Record<Tone, string>> = {
  good: "32",
  notice: "36",
  warning: "33",
  bad: "31",
  strong: "1",
  soft: "2",
};

/** Whether colours are wanted: https://no-color.org, and only on a terminal. */
const hasColour = () =>
  stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";

export const tinted = (tone: Tone, text: string) => (hasColour() ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text);

export const say = (line = "") => stdout.write(`${line}\n`);

/** Prints the JSON document of `--json`. */
export const tell = (value: unknown) => stdout.write(`${JSON.stringify(value, null, 2)}\n`);

/** Prints aligned rows below a header. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd();
  say(tinted("soft", line(head)));
  for (const row of rows) say(line(row));
}

/** Shows progress on a terminal, if the work takes longer than a second. */
export async function progress<T>(title: string, work: (step: (done: string) => void) => Promise<T>): Promise<T> {
  let shown = false;
  let last = title;
  const show = () => {
    shown = true;
    stderr.write(`\r\x1b[K${last} …`);
  };
  const timer = stderr.isTTY === true ? setInterval(show, 1000) : undefined;
  try {
    return await work((done) => {
      last = `${title}: ${done}`;
    });
  } finally {
    clearInterval(timer);
    if (shown) stderr.write("\r\x1b[K");
  }
}

/** Whether a person can be asked. */
export const isInteractive = () => stdin.isTTY === true && stderr.isTTY === true;

/** Lets the person choose an option by name or number; undefined if none is chosen. */
export async function choose(words: readonly string[]): Promise<string | undefined> {
  const typed = (await askOpenly("Your answer (Enter to stop here and continue later): ")).trim();
  return words.includes(typed) ? typed : words[Number(typed) - 1];
}

/** Reads a visible answer. */
export async function askOpenly(question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  lines.on("SIGINT", () => process.exit(EXIT.interrupted));
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** Reads a hidden answer; undefined without a terminal. */
export async function ask(question: string): Promise<string | undefined> {
  if (!isInteractive()) return undefined;
  // Set first, because the person may type at once and the terminal would show it.
  stdin.setRawMode(true);
  stderr.write(`${question} (hidden): `);
  stdin.resume();
  try {
    return await typed();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}

/** Reads up to the end of a line; pasted text may arrive in pieces. */
function typed(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const done = (end: () => void) => {
      stdin.off("data", onData);
      end();
    };
    function onData(bytes: Buffer): void {
      for (const character of bytes.toString("utf8")) {
        if (character === "\r" || character === "\n") {
          done(() => resolve(text));
          return;
        }
        if (character === "\x03") {
          done(() => reject(new Failed("interrupted", "interrupted")));
          return;
        }
        text = character === "\x7f" || character === "\b" ? text.slice(0, -1) : text + character;
      }
    }
    stdin.on("data", onData);
  });
}
