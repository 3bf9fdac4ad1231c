// The operator's rules, in a wasm module that only the command loads. JSON crosses the border; this module adds types.
import { readFileSync } from "node:fs";
import * as glue from "#operator";
import { Failed } from "./outcome.js";
import type { Report, Step } from "./rotation/steps.js";
import { Secret } from "./secret.js";

/** Exports of wasm-bindgen's module for bundlers that its declarations lack. */
interface Glue {
  readonly __wbg_set_wasm: (exports: WebAssembly.Exports) => void;
}

interface Exports {
  readonly __wbindgen_start?: () => void;
}

const module = new WebAssembly.Module(readFileSync(new URL("./operator.wasm", import.meta.url)));
const { exports } = new WebAssembly.Instance(module, {
  "./attention_bg.js": glue as unknown as WebAssembly.ModuleImports,
});
(glue as unknown as Glue).__wbg_set_wasm(exports);
(exports as Exports).__wbindgen_start?.();

/** The claims of a key. Times are Unix milliseconds. */
export interface Claims {
  readonly expiresAt: number | null;
  readonly issuedAt: number | null;
}

/** A key without its value. */
export interface InspectedKey {
  readonly fingerprint: string;
  /** Null if the key is not a JWT. */
  readonly claims: Claims | null;
}

/** A key of the API's list, without its value. */
export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly fingerprint: string | null;
  readonly userUUID: string | null;
  readonly lastSeenAt: number | null;
  readonly claims: Claims | null;
  readonly value: "shown" | "hidden" | "unusable";
}

export interface AuditFinding {
  readonly code: string;
  readonly severity: "notice" | "warning" | "critical";
  readonly message: string;
  readonly nextStep: string;
}

/** Where a key is used. */
export interface KeyUse {
  readonly environment: string;
  readonly fingerprint: string;
  readonly by: "service" | "person";
}

/** A place in a text with a key, or something like one. */
export interface Leak {
  readonly line: number;
  readonly column: number;
  readonly fingerprint: string;
  readonly confidence: "placeholder" | "possible" | "likely" | "certain";
  readonly message: string;
}

/** Why a text is not a key. It never contains the text. */
export interface KeyFault {
  readonly code: string;
  readonly message: string;
}

/** The key in a text, or why it is not one. */
export function inspectKey(text: string): InspectedKey | KeyFault {
  try {
    return JSON.parse(glue.inspectKey(text)) as InspectedKey;
  } catch (error) {
    return refusal(error);
  }
}

export const isFault = (inspected: InspectedKey | KeyFault): inspected is KeyFault => "code" in inspected;

/** The key in a secret; throws if it is not one. */
export function mustBeKey(secret: Secret, origin: string): InspectedKey {
  const inspected = inspectKey(secret.expose());
  if (isFault(inspected)) throw new Failed("usage", `${origin}: ${inspected.message}`);
  return inspected;
}

export const readKeys = (answer: string) => read<ListedKey[]>(() => glue.readKeys(answer));
export const readCreated = (answer: string) => read<ListedKey>(() => glue.readCreated(answer));
export const auditKeys = (answer: string, uses: readonly KeyUse[]) =>
  read<AuditFinding[]>(() => glue.auditKeys(answer, JSON.stringify(uses), Date.now()));

function read<T>(rule: () => string): T {
  try {
    return JSON.parse(rule()) as T;
  } catch (error) {
    throw new Failed("api", `the API's response has an unexpected form: ${refusal(error).message}`);
  }
}

/** Scans a text that arrives in pieces. */
export class Scanner {
  readonly #scanner: glue.Scanner;

  constructor(known: readonly string[]) {
    this.#scanner = new glue.Scanner(known.join(","));
  }

  feed(piece: Uint8Array): Leak[] {
    return JSON.parse(this.#scanner.feed(piece)) as Leak[];
  }

  finish(): Leak[] {
    return JSON.parse(this.#scanner.finish()) as Leak[];
  }
}

/** The rules' judgement of a policy, or of a call under it. */
export interface Judgement {
  readonly said: string;
  readonly isGood: boolean;
}

export const builtInPolicy = () => glue.builtInPolicy();
export const checkPolicy = (text: string, strict: boolean) =>
  wellFormed(() => JSON.parse(glue.checkPolicy(text, strict)) as Judgement);
export const explainPolicy = (text: string, policy: string, method: string, target: string) =>
  wellFormed(() => JSON.parse(glue.explainPolicy(text, policy, method, target)) as Judgement);

/** The plan of a rotation. */
export interface RotationPlan {
  readonly source:
    | { readonly kind: "take" }
    | { readonly kind: "create"; readonly name: string; readonly orgLevel: boolean };
  readonly old: string;
  readonly places: readonly { readonly name: string; readonly holdsNext: boolean }[];
  readonly quietSeconds: number;
}

/** The state of a rotation: it returns the next step, and receives its result. */
export class Rotation {
  readonly #rotation: glue.Rotation;

  private constructor(rotation: glue.Rotation) {
    this.#rotation = rotation;
  }

  static begin(plan: RotationPlan, owner: string): Rotation {
    return new Rotation(wellFormed(() => new glue.Rotation(JSON.stringify(plan), owner)));
  }

  static resume(journal: string, owner: string): Rotation {
    return new Rotation(wellFormed(() => glue.Rotation.resume(journal.trimEnd(), owner)));
  }

  /** Why a response of the API is not a list of keys; undefined if it is. */
  static unreadable(list: string): string | undefined {
    try {
      glue.readKeys(list);
      return undefined;
    } catch (error) {
      return refusal(error).message;
    }
  }

  /** Checks that this rotation was the last to write the journal. */
  check(journal: string | undefined): void {
    wellFormed(() => this.#rotation.check((journal ?? "").trimEnd()));
  }

  journal(): string {
    return this.#rotation.journal();
  }

  summary(): { readonly old: string; readonly new: string | null; readonly places: readonly string[] } {
    return JSON.parse(this.#rotation.summary());
  }

  step(): Step {
    return JSON.parse(this.#rotation.step(Date.now())) as Step;
  }

  report(report: Report): void {
    if (report.kind === "keys") wellFormed(() => this.#rotation.report('{"kind":"keys"}', report.list, Date.now()));
    else wellFormed(() => this.#rotation.report(JSON.stringify(report), undefined, Date.now()));
  }
}

/** Converts a refusal of a person's input, such as a configuration or a journal. */
function wellFormed<T>(rule: () => T): T {
  try {
    return rule();
  } catch (error) {
    throw new Failed("usage", refusal(error).message);
  }
}

/** All leaks in a text, without placeholders. */
export function scan(text: Uint8Array, known: readonly string[]): Leak[] {
  const scanner = new Scanner(known);
  return [...scanner.feed(text), ...scanner.finish()].filter(({ confidence }) => confidence !== "placeholder");
}

/** The digest of a caller token, for the Worker. */
export const callerDigest = (token: Secret) => glue.callerDigest(token.expose());

/** The variables that may contain a key. */
export const KEY_NAMES: ReadonlySet<string> = new Set(glue.keyNames().split(","));
/** Whether the Worker, or this package, reads a variable of this name. */
export const isKnownName = (name: string) => glue.isKnownName(name);

/** Removes this secret, and anything that looks like a key, from a foreign text. */
export const scrub = (text: string, secret?: Secret) => glue.scrub(text, secret?.expose() ?? "");

/** The value of the key with this fingerprint in the API's list of keys. */
export function valueIn(answer: string, fingerprint: string): Secret | undefined {
  try {
    const value = glue.valueIn(answer, fingerprint);
    return value === undefined ? undefined : new Secret(value);
  } catch (error) {
    throw new Failed("api", `the API's response has an unexpected form: ${refusal(error).message}`);
  }
}

/** Rules throw JSON; anything else is a bug in this program. */
function refusal(error: unknown): KeyFault {
  if (typeof error !== "string") throw error;
  return JSON.parse(error) as KeyFault;
}
