// The operator's rules, in a wasm module that the command alone loads. What crosses is JSON; here it gets types.
import { readFileSync } from "node:fs";
import * as glue from "#operator";
import { Failed } from "./outcome.js";
import type { Report, Step } from "./rotation/steps.js";
import { Secret } from "./secret.js";

/** What wasm-bindgen's module for bundlers has beside its declarations. */
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

/** What a key says of itself. Times are milliseconds since 1970. */
export interface Claims {
  readonly expiresAt: number | null;
  readonly issuedAt: number | null;
}

/** A key without its value. */
export interface InspectedKey {
  readonly fingerprint: string;
  /** Null for a key that is no JWT. */
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

/** A place in a text that holds a key, or something like one. */
export interface Leak {
  readonly line: number;
  readonly column: number;
  readonly fingerprint: string;
  readonly confidence: "placeholder" | "possible" | "likely" | "certain";
  readonly message: string;
}

/** Why a text is no key. It never holds the text. */
export interface KeyFault {
  readonly code: string;
  readonly message: string;
}

/** The key of a text, or why it is none. */
export function inspectKey(text: string): InspectedKey | KeyFault {
  try {
    return JSON.parse(glue.inspectKey(text)) as InspectedKey;
  } catch (error) {
    return refusal(error);
  }
}

export const isFault = (inspected: InspectedKey | KeyFault): inspected is KeyFault => "code" in inspected;

/** The key of a secret that has to be one. */
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
    throw new Failed("api", `the API's answer is not what was expected: ${refusal(error).message}`);
  }
}

/** What is left to find of a text that comes in pieces. */
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

/** What the rules say of a policy, or of a call under it. */
export interface Judgement {
  readonly said: string;
  readonly isGood: boolean;
}

export const builtInPolicy = () => glue.builtInPolicy();
export const checkPolicy = (text: string, strict: boolean) =>
  wellFormed(() => JSON.parse(glue.checkPolicy(text, strict)) as Judgement);
export const explainPolicy = (text: string, policy: string, method: string, target: string) =>
  wellFormed(() => JSON.parse(glue.explainPolicy(text, policy, method, target)) as Judgement);

/** What a rotation is to do. */
export interface RotationPlan {
  readonly source:
    | { readonly kind: "take" }
    | { readonly kind: "create"; readonly name: string; readonly orgLevel: boolean };
  readonly old: string;
  readonly places: readonly { readonly name: string; readonly holdsNext: boolean }[];
  readonly quietSeconds: number;
}

/** Where a rotation is: it says what to do next, and is told what came of it. */
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

  /** Why an answer of the API is no list of keys; undefined when it is one. */
  static unreadable(list: string): string | undefined {
    try {
      glue.readKeys(list);
      return undefined;
    } catch (error) {
      return refusal(error).message;
    }
  }

  /** That the journal is the one which this rotation wrote last. */
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

/** What is refused here was given by a person: a configuration, a journal. */
function wellFormed<T>(rule: () => T): T {
  try {
    return rule();
  } catch (error) {
    throw new Failed("usage", refusal(error).message);
  }
}

/** All leaks of a text that are no placeholders. */
export function scan(text: Uint8Array, known: readonly string[]): Leak[] {
  const scanner = new Scanner(known);
  return [...scanner.feed(text), ...scanner.finish()].filter(({ confidence }) => confidence !== "placeholder");
}

/** The digest by which the Worker knows a caller token. */
export const callerDigest = (token: Secret) => glue.callerDigest(token.expose());

/** A text of someone else's without this secret, and without anything that looks like a key. */
export const scrub = (text: string, secret?: Secret) => glue.scrub(text, secret?.expose() ?? "");

/** The value of the key with this fingerprint, out of the API's list of keys. */
export function valueIn(answer: string, fingerprint: string): Secret | undefined {
  try {
    const value = glue.valueIn(answer, fingerprint);
    return value === undefined ? undefined : new Secret(value);
  } catch (error) {
    throw new Failed("api", `the API's answer is not what was expected: ${refusal(error).message}`);
  }
}

/** A rule throws JSON; anything else is a fault of this program. */
function refusal(error: unknown): KeyFault {
  if (typeof error !== "string") throw error;
  return JSON.parse(error) as KeyFault;
}
