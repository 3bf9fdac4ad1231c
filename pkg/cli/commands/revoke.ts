// `keys revoke`: deletes a key after showing what still uses it, and proves the deletion.
import { findEnvFiles, readEnvFile } from "../env-files.js";
import { required, type SecretOptions } from "../given.js";
import { type Exit, Failed } from "../outcome.js";
import { keysIn } from "../project-keys.js";
import * as api from "../rotation/api.js";
import type { Outcome } from "../rotation/steps.js";
import { DELETION_STEPS } from "../rotation/tell.js";
import { readiness } from "../rotation/web.js";
import { type ListedKey, mustBeKey, readKeys, valueIn } from "../rules.js";
import { Secret } from "../secret.js";
import { askOpenly, isInteractive, say, tell, tinted } from "../terminal.js";
import { addressOf } from "./doctor-worker.js";

export interface RevokeOptions extends SecretOptions {
  readonly worker?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** The proof that the key is deleted; `null` without proof. */
type Proof = "rejected" | "unlisted" | null;

const ADMIN = "An API key of an Admin, other than the one to revoke";

export async function runKeysRevoke([wanted, ...more]: readonly string[], options: RevokeOptions): Promise<Exit> {
  if (wanted === undefined || more.length > 0)
    throw new Failed(
      "usage",
      "keys revoke takes one id, fingerprint or name",
      "npx attention-wasm keys list shows them",
    );
  const { secret, origin } = await required(options, "ATTENTION_API_KEY", ADMIN);
  const admin = new Secret(secret.expose().trim());
  const own = mustBeKey(admin, origin);
  const list = await listed(admin);
  const key = find(readKeys(list), wanted);
  if (key.fingerprint === own.fingerprint)
    throw new Failed(
      "usage",
      "the command itself calls with this key, which cannot prove its own deletion",
      "pass another Admin's key by --key-from, or use keys rotate",
    );
  const uses = await usesOf(key, options.worker);
  if (options.json !== true) describe(key, uses);
  await confirm(key, options);
  const value = key.fingerprint === null ? undefined : valueIn(list, key.fingerprint);
  const wasAlive = value !== undefined && (await api.tryKey(value)).report.kind === "accepted";
  const deleted = await removed(key, admin, options);
  const proof = deleted ? await proven(key, admin, value, wasAlive) : null;
  if (options.json === true) tell({ key, uses, deleted, proof, ...(!deleted && { steps: DELETION_STEPS }) });
  else conclude(key, proof, deleted);
  return proof === null ? "found" : "ok";
}

/** Stops the command if the API does not list its keys. */
async function listed(admin: Secret): Promise<string> {
  return textOf(await api.list(admin));
}

function textOf({ report, why }: Outcome): string {
  if (report.kind === "keys") return report.list;
  throw new Failed(report.kind === "denied" ? "refused" : "api", why ?? "the API does not list its keys");
}

/** Finds exactly one key by its id, fingerprint or name. */
function find(keys: readonly ListedKey[], wanted: string): ListedKey {
  const exact = keys.filter(({ id, fingerprint }) => id === wanted || fingerprint === wanted.toLowerCase());
  const found = exact.length > 0 ? exact : keys.filter(({ name }) => name === wanted);
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw new Failed("usage", "the API lists no key with this id, fingerprint or name", "npx attention-wasm keys list");
  const ids = found.map(({ id }) => id).join(", ");
  throw new Failed("usage", `${found.length} keys match`, `use an id: ${ids}`);
}

/** Where the key is used, as far as this command can tell. */
async function usesOf({ fingerprint }: ListedKey, worker: string | undefined): Promise<string[]> {
  if (fingerprint === null) return [];
  const uses: string[] = [];
  const root = process.cwd();
  const files = await findEnvFiles(root);
  const lines = (await Promise.all(files.map((file) => readEnvFile(root, file)))).flat();
  for (const { line, fingerprint: its } of keysIn(lines))
    if (its === fingerprint) uses.push(`${line.file}:${line.line} ${line.name}`);
  if (worker !== undefined) {
    const base = addressOf(worker);
    const ready = await readiness(base);
    if (typeof ready === "string") throw new Failed("api", ready, "without --worker, the Worker is not checked");
    for (const shown of ready.keys)
      if (shown.fingerprint === fingerprint)
        uses.push(`the Worker ${base.host}, as its ${shown.slot} key${shown.inUse ? ", in use" : ""}`);
  }
  return uses;
}

function describe(key: ListedKey, uses: readonly string[]): void {
  const seen = key.lastSeenAt === null ? "never used" : `last used at ${new Date(key.lastSeenAt).toISOString()}`;
  say(`${tinted("strong", key.name)} (${key.fingerprint ?? "value hidden"}, id ${key.id}), ${seen}`);
  for (const use of uses) say(`  ${tinted("warning", "used by")} ${use}`);
  if (uses.length === 0) say("  nothing here uses it; other uses show only in `lastSeenAt`");
}

async function confirm(key: ListedKey, { yes, json }: RevokeOptions): Promise<void> {
  if (yes === true) return;
  if (!isInteractive() || json === true)
    throw new Failed("usage", "everything that uses this key stops at once: confirm with --yes");
  const typed = await askOpenly(`Everything that uses it stops at once. Type its name to revoke it: `);
  if (typed !== key.name) throw new Failed("usage", "the name does not match: nothing was done");
}

/** Deletes it through the API, or lets a person do it. */
async function removed(key: ListedKey, admin: Secret, { json }: RevokeOptions): Promise<boolean> {
  const { report, why } = await api.remove(key.id, admin);
  if (report.kind === "deleted" || report.kind === "not_found") return true;
  if (report.kind !== "denied") {
    const next = "run the command again: deleting twice is harmless";
    throw new Failed("api", `it is unknown whether the key was deleted: ${why ?? "there was no response"}`, next);
  }
  if (json === true) return false;
  say(`\nThe API refuses to delete it with this key${why === undefined ? "" : ` (${why})`}. By hand:`);
  for (const [at, step] of DELETION_STEPS.entries()) say(`  ${at + 1}. ${step}`);
  if (!isInteractive()) return false;
  await askOpenly("Press Enter once it is deleted: ");
  return true;
}

/** A 401 is proof only if the key was accepted before; otherwise its absence from a complete list. */
async function proven(key: ListedKey, admin: Secret, value: Secret | undefined, wasAlive: boolean): Promise<Proof> {
  if (wasAlive && value !== undefined && (await api.tryKey(value)).report.kind === "rejected") return "rejected";
  const left = readKeys(await listed(admin));
  const isListed = left.some(
    ({ id, fingerprint }) => id === key.id || (fingerprint !== null && fingerprint === key.fingerprint),
  );
  const isAccepted = value !== undefined && (await api.tryKey(value)).report.kind === "accepted";
  return isListed || isAccepted ? null : "unlisted";
}

function conclude({ name }: ListedKey, proof: Proof, deleted: boolean): void {
  if (proof === "rejected") say(tinted("good", `${name} is deleted: the API accepted it before, and now answers 401.`));
  else if (proof === "unlisted") say(tinted("good", `${name} is deleted: the API no longer lists it.`));
  else if (deleted) say(tinted("bad", `${name} still exists: the API accepts or lists it. Delete it in the app.`));
  else say(`\n  next: run this again once it is deleted, to prove it`);
}
