// `scan`: finds keys in files, in staged changes and in every commit.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Exit } from "../outcome.js";
import { Failed } from "../outcome.js";
import {
  eachOnce,
  type FoundLeak,
  isRepository,
  scanHistory,
  staged,
  stagedFiles,
  trackedFiles,
} from "../repository.js";
import { inspectKey, isFault, KEY_NAMES, scan } from "../rules.js";
import { progress, say, tell, tinted } from "../terminal.js";

export interface ScanOptions {
  readonly staged?: boolean | undefined;
  readonly history?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Fingerprints of this environment's keys, which are found in any context. */
export function knownKeys(): string[] {
  return [...KEY_NAMES].flatMap((name) => {
    const inspected = inspectKey(process.env[name] ?? "");
    return isFault(inspected) ? [] : [inspected.fingerprint];
  });
}

export async function runScan(paths: readonly string[], options: ScanOptions): Promise<Exit> {
  const root = process.cwd();
  const known = knownKeys();
  const found = await progress("searching for keys", async (step) => {
    const now = await scanNow(root, paths, options, known);
    return options.history === true ? eachOnce([...now, ...(await scanHistory(root, known, step))]) : now;
  });
  if (options.json === true) tell({ leaks: found });
  else report(found);
  return found.length > 0 ? "found" : "ok";
}

async function scanNow(
  root: string,
  paths: readonly string[],
  options: ScanOptions,
  known: readonly string[],
): Promise<FoundLeak[]> {
  if (options.staged === true) {
    if (!(await isRepository(root))) throw new Failed("usage", "--staged: this is not a git repository");
    return scanEach(await stagedFiles(root), (path) => staged(root, path), known);
  }
  const files = paths.length > 0 ? paths : await filesHere(root);
  return scanEach(files, (path) => content(root, path, paths.length > 0), known);
}

async function filesHere(root: string): Promise<string[]> {
  if (await isRepository(root)) return trackedFiles(root);
  throw new Failed("usage", "this is not a git repository: name the files to scan");
}

/** A named file must exist; a tracked file that was deleted is skipped. */
async function content(root: string, path: string, isAskedFor: boolean): Promise<Uint8Array> {
  const file = path.startsWith("/") ? path : join(root, path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() === true) return readFile(file);
  if (isAskedFor) throw new Failed("usage", `${path} is not a file`);
  return new Uint8Array();
}

export async function scanEach(
  paths: readonly string[],
  read: (path: string) => Promise<Uint8Array>,
  known: readonly string[],
): Promise<FoundLeak[]> {
  const found: FoundLeak[] = [];
  for (const path of paths) found.push(...scan(await read(path), known).map((leak) => ({ ...leak, path })));
  return found;
}

function report(found: readonly FoundLeak[]): void {
  for (const leak of found) say(`${tinted("bad", place(leak))} ${leak.message}`);
  if (found.length === 0) say(tinted("good", "no key was found"));
  else say(`\n${found.length} found. Rotate each real key: npx attention-wasm keys --help`);
}

/** The place of a leak, in the form that editors and terminals link. */
export const place = ({ path, commit, line }: FoundLeak) =>
  `${commit === undefined ? "" : `${commit}:`}${path}:${line}`;
