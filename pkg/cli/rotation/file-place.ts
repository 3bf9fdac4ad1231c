// A file that has only the key, or a line with the key.
import { readFile } from "node:fs/promises";
import { parseEnv } from "../env-files.js";
import { Failed } from "../outcome.js";
import { ownerOf, replaceFile } from "../private-file.js";
import { inspectKey, isFault } from "../rules.js";
import { Secret } from "../secret.js";
import type { FilePlace } from "./config.js";
import { type Outcome, outcome, type Slot } from "./steps.js";

const variableOf = (place: FilePlace, slot: Slot) => (slot === "current" ? place.variable : place.nextVariable);

export async function deliver(place: FilePlace, slot: Slot, key: Secret): Promise<Outcome> {
  const name = variableOf(place, slot);
  return written(place, "delivered", (text) =>
    name === undefined ? `${key.expose()}\n` : withLine(text, name, `${name}=${key.expose()}`),
  );
}

export async function clearNext(place: FilePlace): Promise<Outcome> {
  return written(place, "cleared", (text) => withLine(text, place.nextVariable!, undefined));
}

async function written(place: FilePlace, well: "delivered" | "cleared", change: (text: string) => string) {
  try {
    await replaceFile(place.path, change(await textOf(place)));
    return outcome(well);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return outcome("failed", `${error.message}${error.next === undefined ? "" : `; ${error.next}`}`);
  }
}

async function textOf({ path }: FilePlace): Promise<string> {
  // A device may be endless.
  if ((await ownerOf(path)) === undefined) return "";
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Failed("usage", `${path} cannot be read (${error.code})`);
  });
}

/** The text with the variable's lines replaced by this one, or removed; other lines are unchanged. */
function withLine(text: string, name: string, line: string | undefined): string {
  const lines = text.split("\n");
  const set = new Set(parseEnv(text).flatMap((each) => (each.name === name ? [each.line - 1] : [])));
  const [first] = set;
  const kept = lines.flatMap((each, at) => (at === first && line !== undefined ? [line] : set.has(at) ? [] : [each]));
  if (first !== undefined || line === undefined) return kept.join("\n");
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

export async function verify(place: FilePlace, slot: Slot, fingerprint: string): Promise<Outcome> {
  let read: Secret | undefined;
  try {
    read = await valueIn(place, variableOf(place, slot));
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return outcome("not_verified", error.message);
  }
  const inspected = read === undefined ? undefined : inspectKey(read.expose());
  if (inspected === undefined || isFault(inspected)) return outcome("not_verified", `${place.path} has no key there`);
  return inspected.fingerprint === fingerprint
    ? outcome("verified")
    : outcome("not_verified", `${place.path} has the key ${inspected.fingerprint} instead of ${fingerprint}`);
}

async function valueIn(place: FilePlace, variable: string | undefined): Promise<Secret | undefined> {
  const text = await textOf(place);
  const value =
    variable === undefined
      ? text.trim()
      : parseEnv(text)
          .filter(({ name }) => name === variable)
          .at(-1)?.value;
  return value === undefined || value === "" ? undefined : new Secret(value);
}

export async function held(place: FilePlace): Promise<Secret[]> {
  const names = place.nextVariable === undefined ? [place.variable] : [place.variable, place.nextVariable];
  // An unreadable file has no key.
  const read = await Promise.all(names.map((name) => valueIn(place, name).catch(() => undefined)));
  return read.filter((each) => each !== undefined);
}
