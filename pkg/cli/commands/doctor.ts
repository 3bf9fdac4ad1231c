// `doctor`: what a project, its history, its key and its Worker look like, and what to do about what is wrong.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Check, isBad, show } from "../checks.js";
import { type Assignment, findEnvFiles, readEnvFile } from "../env-files.js";
import { type GivenSecret, given, type SecretOptions } from "../given.js";
import type { Exit } from "../outcome.js";
import { KEY_NAMES, keysIn } from "../project-keys.js";
import { type FoundLeak, isRepository, notIgnored, scanHistory, trackedFiles } from "../repository.js";
import { type InspectedKey, inspectKey, isFault } from "../rules.js";
import { progress, say, tell, tinted } from "../terminal.js";
import { checkCall } from "./doctor-call.js";
import { checkWorker } from "./doctor-worker.js";
import { knownKeys, place, scanEach } from "./scan.js";

export interface DoctorOptions extends SecretOptions {
  readonly json?: boolean | undefined;
  readonly offline?: boolean | undefined;
  readonly worker?: string | undefined;
  readonly origin?: string | undefined;
  readonly "token-from"?: string | undefined;
}

/** Names that are read: by the package, or by the Worker. */
const KNOWN = /^ATTENTION_[A-Z_]*$/;
/** What these begin is put into pages by the tools that build them. */
const PUBLIC = /^(NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|PUBLIC|EXPO_PUBLIC|GATSBY)_/;
const SOON = 30 * 24 * 3600 * 1000;

export async function runDoctor(options: DoctorOptions): Promise<Exit> {
  const root = process.cwd();
  const checks = await progress("looking", async (step) => {
    const files = await findEnvFiles(root);
    const lines = (await Promise.all(files.map((file) => readEnvFile(root, file)))).flat();
    const key = await given(options, "ATTENTION_API_KEY");
    const known = [...knownKeys(), ...keysIn(lines).map(({ fingerprint }) => fingerprint)];
    step("files and history");
    return [
      ...checkEnvironment(key),
      ...checkFiles(files, lines),
      ...(await checkRepository(root, files, known, step)),
      ...(options.offline === true ? [] : await checkCall(key ?? keyOf(lines))),
      ...(options.worker === undefined ? [] : await checkWorker(options.worker, options)),
    ];
  });
  const verdict = isBad(checks) ? "wrong" : "ok";
  if (options.json === true) tell({ verdict, checks });
  else {
    show(checks);
    say(verdict === "ok" ? `\n${tinted("good", "nothing is wrong")}` : `\n${tinted("bad", "see what is wrong above")}`);
  }
  return verdict === "ok" ? "ok" : "found";
}

/** What is wrong with a key, whoever has it. */
function checkKey(area: string, name: string, value: string): Check[] {
  const inspected = inspectKey(value);
  if (isFault(inspected)) return [{ area, status: "bad", message: `${name}: ${inspected.message}` }];
  const told = `${name} is a key (${inspected.fingerprint})`;
  return [{ area, ...expiry(told, inspected) }];
}

function expiry(told: string, { claims }: InspectedKey): Omit<Check, "area"> {
  const at = claims?.expiresAt ?? undefined;
  if (at === undefined) return { status: "ok", message: told };
  const date = new Date(at).toISOString().slice(0, 10);
  if (at <= Date.now())
    return {
      status: "bad",
      message: `${told}, which expired on ${date}`,
      next: "rotate it: npx attention-wasm keys --help",
    };
  if (at - Date.now() < SOON)
    return { status: "warning", message: `${told}, which expires on ${date}`, next: "rotate it before then" };
  return { status: "ok", message: `${told}, which expires on ${date}` };
}

function checkEnvironment(key: GivenSecret | undefined): Check[] {
  const area = "Environment";
  const checks: Check[] = [];
  if (key !== undefined) checks.push(...checkKey(area, key.origin, key.secret.expose()));
  else checks.push({ area, status: "notice", message: "ATTENTION_API_KEY is not set here" });
  const next = process.env["ATTENTION_API_KEY_NEXT"];
  if (next !== undefined && next.trim() !== "") checks.push(...checkKey(area, "ATTENTION_API_KEY_NEXT", next));
  for (const [name, value] of Object.entries(process.env)) checks.push(...checkName(area, name, name, value ?? ""));
  return checks;
}

/** Names that nobody reads, and names that hand a key to everybody. */
function checkName(area: string, where: string, name: string, value: string): Check[] {
  if (value.trim() === "" || isFault(inspectKey(value))) return [];
  const isOurs = /ATTENTION/i.test(name) && /KEY|TOKEN|SECRET/i.test(name);
  if (isOurs && PUBLIC.test(name)) {
    const message = `${where}: what begins with ${PUBLIC.exec(name)![0]} is built into pages, where everybody can read it`;
    return [
      { area, status: "bad", message, next: "call the Worker from pages, and revoke this key if it was published" },
    ];
  }
  if (isOurs && !KNOWN.test(name))
    return [{ area, status: "warning", message: `${where} is read by nobody`, next: "call it ATTENTION_API_KEY" }];
  return [];
}

function checkFiles(files: readonly string[], lines: readonly Assignment[]): Check[] {
  const area = "Files";
  if (files.length === 0) return [{ area, status: "notice", message: "there is no .env or .dev.vars file" }];
  const checks: Check[] = [];
  for (const line of lines) {
    const where = `${line.file}:${line.line} ${line.name}`;
    checks.push(...checkName(area, where, line.name, line.value));
    if (!KNOWN.test(line.name)) continue;
    for (const oddity of line.oddities) {
      const isKey = KEY_NAMES.has(line.name);
      checks.push({
        area,
        status: isKey ? "bad" : "warning",
        message: `${where}: ${oddity}`,
        next: "write NAME=value, with LF",
      });
    }
    if (KEY_NAMES.has(line.name) && line.value.trim() !== "") checks.push(...checkKey(area, where, line.value));
    else if (line.name === "ATTENTION_API_KEY") checks.push({ area, status: "warning", message: `${where} is empty` });
  }
  return [...checks, ...checkShared(area, lines)];
}

/** One key in two environments cannot be revoked for one of them. */
function checkShared(area: string, lines: readonly Assignment[]): Check[] {
  const places = new Map<string, Set<string>>();
  for (const { fingerprint, environment } of keysIn(lines)) {
    places.set(fingerprint, (places.get(fingerprint) ?? new Set()).add(environment));
  }
  return [...places]
    .filter(([, environments]) => environments.size > 1)
    .map(([fingerprint, environments]) => ({
      area,
      status: "warning",
      message: `the key ${fingerprint} is used by ${[...environments].join(" and ")}`,
      next: "make a key for each, so that one can be revoked alone",
    }));
}

/** The first key of the files, for the call, where the environment has none. */
function keyOf(lines: readonly Assignment[]): GivenSecret | undefined {
  const line = keysIn(lines).find(({ line }) => line.name === "ATTENTION_API_KEY")?.line;
  return line && { secret: line.secret, origin: `${line.file}:${line.line}` };
}

async function checkRepository(
  root: string,
  files: readonly string[],
  known: readonly string[],
  step: (done: string) => void,
): Promise<Check[]> {
  const area = "Repository";
  if (!(await isRepository(root))) return [{ area, status: "notice", message: "this is no git repository" }];
  const checks: Check[] = [];
  for (const file of await notIgnored(root, files))
    checks.push({
      area,
      status: "warning",
      message: `${file} is not ignored by git`,
      next: `add ${file} to .gitignore`,
    });
  const tracked = await trackedFiles(root);
  const read = (path: string) => readFile(join(root, path)).catch(() => new Uint8Array());
  const leaks: FoundLeak[] = await scanEach(tracked, read, known);
  const old = await scanHistory(root, known, step);
  for (const leak of [...leaks, ...old]) {
    const status = leak.confidence === "possible" ? "warning" : "bad";
    checks.push({ area, status, message: `${place(leak)} ${leak.message}` });
  }
  if (leaks.length + old.length === 0) {
    checks.push({ area, status: "ok", message: `no key in ${tracked.length} tracked files, nor in their history` });
  }
  return checks;
}
