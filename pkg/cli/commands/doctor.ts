// `doctor`: checks a project, its history, its key and its Worker, and says how to fix each problem.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Check, isBad, show } from "../checks.js";
import { type Assignment, findEnvFiles, readEnvFile } from "../env-files.js";
import { type GivenSecret, given, type SecretOptions } from "../given.js";
import type { Exit } from "../outcome.js";
import { keysIn } from "../project-keys.js";
import { eachOnce, type FoundLeak, isRepository, notIgnored, scanHistory, trackedFiles } from "../repository.js";
import { type InspectedKey, inspectKey, isFault, isKnownName, KEY_NAMES } from "../rules.js";
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

/** Names of our settings, including ones that nothing reads. */
const OURS = /^ATTENTION_[A-Z_]*$/;
/** Prefixes of variables that build tools put into pages. */
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
    say(
      verdict === "ok"
        ? `\n${tinted("good", "no problem was found")}`
        : `\n${tinted("bad", "problems were found, see above")}`,
    );
  }
  return verdict === "ok" ? "ok" : "found";
}

/** Checks a key, wherever it is. */
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

/** Checks for names that nothing reads, and names that publish a key. */
function checkName(area: string, where: string, name: string, value: string): Check[] {
  const inspected = inspectKey(value);
  if (!/ATTENTION/i.test(name) || KEY_NAMES.has(name) || value.trim() === "" || isFault(inspected)) return [];
  if (PUBLIC.test(name) && /KEY|TOKEN|SECRET/i.test(name)) {
    const message = `${where}: ${PUBLIC.exec(name)![0]} variables are built into pages, where everybody can read them`;
    return [
      { area, status: "bad", message, next: "call the Worker from pages, and revoke this key if it was published" },
    ];
  }
  // Other secrets have their own names, and a caller token may have any name.
  const isKey = inspected.claims !== null || (/KEY/i.test(name) && !isKnownName(name));
  if (!isKey) return [];
  const message = `${where} has a key (${inspected.fingerprint}), but nothing reads a key from that name`;
  return [{ area, status: "bad", message, next: "rename it to ATTENTION_API_KEY" }];
}

function checkFiles(files: readonly string[], lines: readonly Assignment[]): Check[] {
  const area = "Files";
  if (files.length === 0) return [{ area, status: "notice", message: "there is no .env or .dev.vars file" }];
  const checks: Check[] = [];
  for (const line of lines) {
    const where = `${line.file}:${line.line} ${line.name}`;
    checks.push(...checkName(area, where, line.name, line.value));
    if (!OURS.test(line.name)) continue;
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

/** A key in two environments cannot be revoked for only one of them. */
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
      next: "create a key for each, so that one can be revoked separately",
    }));
}

/** The first key in the files, for the call, if the environment has none. */
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
  if (!(await isRepository(root))) return [{ area, status: "notice", message: "this is not a git repository" }];
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
  for (const leak of eachOnce([...leaks, ...old])) {
    const status = leak.confidence === "possible" ? "warning" : "bad";
    checks.push({ area, status, message: `${place(leak)} ${leak.message}` });
  }
  if (leaks.length + old.length === 0) {
    checks.push({ area, status: "ok", message: `no key in ${tracked.length} tracked files or their history` });
  }
  return checks;
}
