// `init`: keeps a project's key out of git, and tests the key.
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Check, isBad, show } from "../checks.js";
import { given, type SecretOptions } from "../given.js";
import type { Exit } from "../outcome.js";
import { mustBeKey } from "../rules.js";
import { progress, say, tell, tinted } from "../terminal.js";
import { checkCall } from "./doctor-call.js";

export interface InitOptions extends SecretOptions {
  readonly json?: boolean | undefined;
  readonly offline?: boolean | undefined;
}

/** The files from which Node's tools and wrangler read secrets. */
const IGNORED = [".env", ".env.*", "!.env.example", ".dev.vars*", "!.dev.vars.example"];
const EXAMPLE = [
  "# An API key of Attention (app.attention.tech, Settings, API keys). The app shows it only once.",
  "ATTENTION_API_KEY=",
];

/** The steps from Attention's page on keys. */
export const KEY_STEPS = [
  "In the Attention app, open Settings, API keys (as an Admin, for a key of the organisation).",
  "Create a key, with a name that says who uses it.",
  "Copy its value, which is shown only once.",
  "Store it in a secret store, or for this machine in .env, as ATTENTION_API_KEY=…",
];

export async function runInit(options: InitOptions): Promise<Exit> {
  const root = process.cwd();
  const checks: Check[] = [
    await complete(root, ".gitignore", IGNORED, (line) => line),
    await complete(root, ".env.example", EXAMPLE, (line) => line.split("=", 1)[0]!),
  ];
  if (options.json !== true) {
    show(checks);
    say(`\n${tinted("strong", "A key")}`);
    for (const [at, step] of KEY_STEPS.entries()) say(`  ${at + 1}. ${step}`);
    say();
  }
  const key = await given(options, "ATTENTION_API_KEY", "The key, to test it; Enter to skip");
  if (key !== undefined && key.secret.expose().trim() !== "") {
    const { fingerprint } = mustBeKey(key.secret, key.origin);
    const found: Check[] = [{ area: "Key", status: "ok", message: `it is well-formed (${fingerprint})` }];
    if (options.offline !== true) found.push(...(await progress("asking the API", () => checkCall(key))));
    if (options.json !== true) show(found);
    checks.push(...found);
  }
  if (options.json === true) tell({ checks, steps: KEY_STEPS });
  return isBad(checks) ? "found" : "ok";
}

/** Appends missing lines to a file; existing lines stay as they are. */
async function complete(
  root: string,
  file: string,
  lines: readonly string[],
  name: (line: string) => string,
): Promise<Check> {
  const path = join(root, file);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const there = new Set(text.split(/\r?\n/).map((line) => name(line.trim())));
  const missing = lines.filter((line) => !there.has(name(line)));
  if (missing.length === 0) return { area: "Files", status: "ok", message: `${file} is complete` };
  const before = text === "" || text.endsWith("\n") ? "" : "\n";
  await appendFile(path, `${before}${missing.join("\n")}\n`);
  return { area: "Files", status: "ok", message: `${file}: ${missing.length} lines added` };
}
