// Finds .env and .dev.vars files, and reads them like the tools that load them.
import { readdir, readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { Secret } from "./secret.js";

/** A line that sets a variable. */
export interface Assignment {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly value: string;
  /** The value, for code that must not print it. */
  readonly secret: Secret;
  /** Details that some tools would read differently. */
  readonly oddities: readonly string[];
}

const NAMES = /^(\.env(\..+)?|\.dev\.vars(\..+)?)$/;
/** Folders that are not searched. */
const SKIPPED = new Set(["node_modules", ".git", "target", "dist", ".wrangler", ".next", ".tools"]);
const DEPTH = 4;

/** The files below a folder, without examples. */
export async function findEnvFiles(root: string, folder = root, depth = 0): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < DEPTH && !SKIPPED.has(entry.name)) {
      found.push(...(await findEnvFiles(root, path, depth + 1)));
    } else if (entry.isFile() && NAMES.test(entry.name) && !/\.(example|sample|template)$/.test(entry.name)) {
      found.push(relative(root, path));
    }
  }
  return found.sort();
}

/** The environment of a file: the suffix of its name. */
export function environmentOf(file: string): string {
  return basename(file).replace(/^\.(env|dev\.vars)\.?/, "") || "(all)";
}

/** The lines of a file that set a variable. */
export async function readEnvFile(root: string, file: string): Promise<Assignment[]> {
  return parseEnv(await readFile(join(root, file), "utf8"), file);
}

/** The lines of a text that set a variable. */
export function parseEnv(text: string, file = ""): Assignment[] {
  const lines = text.split("\n");
  const hasMark = text.startsWith("\uFEFF");
  const assignments: Assignment[] = [];
  for (const [at, line] of lines.entries()) {
    const read = /^\uFEFF?\s*(export\s+)?([\w.-]+)(\s*)=(\s*)(.*)$/s.exec(line);
    if (read === null) continue;
    const [, exported, name, before, after, rest] = read as unknown as [
      string,
      string?,
      string?,
      string?,
      string?,
      string?,
    ];
    const { value, oddities } = readValue(rest ?? "");
    if (hasMark && at === 0) oddities.push("a byte order mark precedes the name");
    if (before || after) oddities.push("there are blanks around the =, which shells do not accept");
    if (exported !== undefined) oddities.push("`export` precedes it, which wrangler and docker do not accept");
    assignments.push({ file, line: at + 1, name: name!, value, secret: new Secret(value), oddities });
  }
  return assignments;
}

function readValue(rest: string): { value: string; oddities: string[] } {
  const oddities: string[] = [];
  let text = rest;
  if (text.endsWith("\r")) {
    oddities.push("its line ends with CR LF: docker and shells treat the CR as a part of the value");
    text = text.slice(0, -1);
  }
  text = text.trimEnd();
  const quote = text[0];
  if (quote === '"' || quote === "'" || quote === "`") {
    if (text.length > 1 && text.endsWith(quote)) {
      oddities.push(`it is in ${quote} quotes, which docker treats as a part of the value`);
      return { value: text.slice(1, -1), oddities };
    }
    oddities.push("an opening quote is not closed");
  } else if (/\s#/.test(text)) {
    oddities.push("a comment follows the value; docker treats it as a part of the value");
    text = text.replace(/\s+#.*$/s, "");
  }
  if (/[“”‘’]/.test(text)) oddities.push("it has typographic quotes");
  return { value: text, oddities };
}
