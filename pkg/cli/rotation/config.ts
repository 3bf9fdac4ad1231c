// attention.rotate.json: the places that use the key, and how to update each. Read strictly; it must not contain a key.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Failed } from "../outcome.js";
import { scrub } from "../rules.js";

/** Members of every place. */
interface PlaceBase {
  readonly name: string;
  /** Addresses that return success while the place's key works. */
  readonly urls: readonly string[];
  /** The timeout of a program. */
  readonly seconds: number;
}

/** How to find out which key a Worker uses. */
export interface WorkerView {
  /** The Worker's address. */
  readonly url: string;
  /** A command that prints a caller token; a call with it must succeed. */
  readonly tokenFrom: string | undefined;
  /** A command that prints the operator's token, with which the Worker itself tests the next key. */
  readonly adminTokenFrom: string | undefined;
}

/** A Worker whose keys are its secrets. */
export interface WorkerPlace extends PlaceBase, WorkerView {
  readonly kind: "worker";
  readonly environment: string | undefined;
  /** The folder of its wrangler.toml. */
  readonly folder: string;
}

/** A Worker whose keys are in a Secrets Store. */
export interface StorePlace extends PlaceBase, WorkerView {
  readonly kind: "secrets-store";
  readonly store: string;
  /** The ids of the two secrets. */
  readonly secret: string;
  readonly nextSecret: string | undefined;
  readonly folder: string;
}

/** A file that has only the key, or a line `NAME=key` of a file. */
export interface FilePlace extends PlaceBase {
  readonly kind: "file";
  readonly path: string;
  readonly variable: string | undefined;
  readonly nextVariable: string | undefined;
}

/** A command that reads the key from its standard input, without a line break. */
export interface CommandPlace extends PlaceBase {
  readonly kind: "command";
  readonly run: string;
  /** A command that prints the place's current key. */
  readonly read: string | undefined;
  readonly runNext: string | undefined;
  readonly readNext: string | undefined;
  readonly clearNext: string | undefined;
  readonly folder: string;
}

export type PlaceConfig = WorkerPlace | StorePlace | FilePlace | CommandPlace;

export interface RotationConfig {
  readonly file: string;
  /** The name for a new key that the API creates; without it, a person creates and pastes the key. */
  readonly create: { readonly name: string; readonly orgLevel: boolean } | undefined;
  /** How long the old key must be unused before it is deleted. */
  readonly quietSeconds: number;
  readonly places: readonly PlaceConfig[];
}

/** Whether a place can have a second key during a rotation. */
export function holdsNext(place: PlaceConfig): boolean {
  switch (place.kind) {
    case "worker":
      return true;
    case "secrets-store":
      return place.nextSecret !== undefined;
    case "file":
      return place.nextVariable !== undefined;
    case "command":
      return place.runNext !== undefined;
  }
}

export async function readConfig(file: string): Promise<RotationConfig> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Failed("usage", `${file} cannot be read (${error.code})`, "docs/keys.md has an example");
  });
  if (scrub(text) !== text)
    throw new Failed(
      "usage",
      `${file} contains a key, or something like one`,
      "remove it; if it was committed, rotate it",
    );
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new Failed("usage", `${file} is not JSON`, "docs/keys.md has an example");
  }
  return configOf(file, new Members(json, file));
}

function configOf(file: string, root: Members): RotationConfig {
  const create = root.optional("create", "object");
  const quiet = root.optional("quiet", "string") as string | undefined;
  const places = root.required("places", "array") as unknown[];
  const base = dirname(resolve(file));
  const config: RotationConfig = {
    file,
    create: create === undefined ? undefined : createOf(new Members(create, `${file}: create`)),
    quietSeconds: quiet === undefined ? 86_400 : seconds(quiet, `${file}: quiet`),
    places: places.map((place, at) => placeOf(new Members(place, `${file}: places[${at}]`), base)),
  };
  root.finish();
  return config;
}

function createOf(create: Members): { name: string; orgLevel: boolean } {
  const made = {
    name: create.required("name", "string") as string,
    orgLevel: (create.optional("orgLevel", "boolean") as boolean | undefined) ?? true,
  };
  create.finish();
  return made;
}

function placeOf(members: Members, base: string): PlaceConfig {
  const text = (name: string) => members.optional(name, "string") as string | undefined;
  const folder = () => resolve(base, text("folder") ?? ".");
  const common = {
    name: members.required("name", "string") as string,
    urls: ((members.optional("urls", "array") as unknown[] | undefined) ?? []).map((url) => address(url, members.at)),
    seconds: seconds(text("timeout") ?? "60s", `${members.at}.timeout`),
  };
  const view = () => ({
    url: address(members.required("url", "string"), members.at),
    tokenFrom: text("tokenFrom"),
    adminTokenFrom: text("adminTokenFrom"),
  });
  let place: PlaceConfig;
  switch (members.required("kind", "string")) {
    case "worker":
      place = { kind: "worker", ...common, ...view(), environment: word(members, "environment"), folder: folder() };
      break;
    case "secrets-store":
      place = { kind: "secrets-store", ...common, ...view(), ...storeOf(members), folder: folder() };
      break;
    case "file":
      place = { kind: "file", ...common, ...fileOf(members, base) };
      break;
    case "command":
      place = { kind: "command", ...common, ...commandOf(members), folder: folder() };
      break;
    default:
      throw new Failed("usage", `${members.at}.kind must be worker, secrets-store, file or command`);
  }
  members.finish();
  if (place.kind === "command" && place.read === undefined && place.urls.length === 0)
    throw new Failed(
      "usage",
      `${members.at} cannot be verified, and the old key is deleted only after verification`,
      "add `read`, a command that prints the key, or `urls` that return success while the key works",
    );
  return place;
}

function storeOf(members: Members) {
  const needed = (name: string) => {
    const found = word(members, name);
    if (found === undefined) throw new Failed("usage", `${members.at} has no ${name}`);
    return found;
  };
  return { store: needed("store"), secret: needed("secret"), nextSecret: word(members, "nextSecret") };
}

function fileOf(members: Members, base: string) {
  const [variable, nextVariable] = [word(members, "variable"), word(members, "nextVariable")];
  if (nextVariable !== undefined && (variable === undefined || variable === nextVariable))
    throw new Failed("usage", `${members.at}.nextVariable needs a different \`variable\``);
  return { path: resolve(base, members.required("path", "string") as string), variable, nextVariable };
}

function commandOf(members: Members) {
  const text = (name: string) => members.optional(name, "string") as string | undefined;
  const run = members.required("run", "string") as string;
  const found = { run, read: text("read"), runNext: text("runNext"), readNext: text("readNext") };
  const clearNext = text("clearNext");
  if ((found.runNext === undefined) !== (clearNext === undefined))
    throw new Failed("usage", `${members.at}: \`runNext\` and \`clearNext\` need each other`);
  return { ...found, clearNext };
}

/** The name of a variable, or an argument of wrangler; it has no characters that are special in a shell. */
function word(members: Members, name: string): string | undefined {
  const found = members.optional(name, "string") as string | undefined;
  if (found !== undefined && !/^[A-Za-z0-9_][\w.-]*$/.test(found))
    throw new Failed("usage", `${members.at}.${name} may have only letters, digits, _, - and .`);
  return found;
}

function address(value: unknown, at: string): string {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const isPlain = url?.username === "" && url.password === "";
  if (!isPlain || (url?.protocol !== "https:" && url?.protocol !== "http:"))
    throw new Failed(
      "usage",
      `${at} must be an address such as https://attention.example.com, without user and password`,
    );
  return url.href;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

function seconds(text: string, at: string): number {
  const read = /^(\d{1,6})(s|min|h|d)$/.exec(text);
  if (read === null) throw new Failed("usage", `${at} must be a time such as 90s, 15min, 24h or 7d`);
  return Number(read[1]) * UNITS[read[2]!]!;
}

type Type = "string" | "boolean" | "object" | "array";

/** The members of an object. Each known one is taken; a remaining one is unknown. */
class Members {
  readonly at: string;
  readonly #rest: Map<string, unknown>;

  constructor(value: unknown, at: string) {
    if (typeOf(value) !== "object") throw new Failed("usage", `${at} is not an object`);
    this.at = at;
    this.#rest = new Map(Object.entries(value as object));
  }

  optional(name: string, type: Type): unknown {
    const value = this.#rest.get(name);
    if (value === undefined) return undefined;
    if (typeOf(value) !== type || value === "") throw new Failed("usage", `${this.at}.${name} must be a ${type}`);
    this.#rest.delete(name);
    return value;
  }

  required(name: string, type: Type): unknown {
    const value = this.optional(name, type);
    if (value === undefined) throw new Failed("usage", `${this.at} has no ${name}`);
    return value;
  }

  finish(): void {
    const [unknown] = this.#rest.keys();
    if (unknown !== undefined) throw new Failed("usage", `${this.at} has an unknown member: ${unknown.slice(0, 40)}`);
  }
}

const typeOf = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
