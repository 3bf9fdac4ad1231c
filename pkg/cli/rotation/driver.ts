// Performs a rotation's steps in order, and writes its journal after each.
import { setTimeout as sleep } from "node:timers/promises";
import { Failed } from "../outcome.js";
import { Rotation } from "../rules.js";
import type { Secret } from "../secret.js";
import { progress } from "../terminal.js";
import * as api from "./api.js";
import type { PlaceConfig } from "./config.js";
import type { Journal } from "./journal.js";
import * as places from "./places.js";
import { type End, type Outcome, outcome, type Question, type Report, type Role, type Work } from "./steps.js";
import type { Wallet } from "./wallet.js";

/** The longest wait by default; after longer ones, the rotation is resumed from the journal. */
const LONGEST_WAIT = 120_000;
/** The longest duration of a timer. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Where a rotation stopped. */
export type Stop =
  | { readonly kind: "ended"; readonly end: End }
  /** A person must decide. `why` is the last step's message. */
  | { readonly kind: "asking"; readonly question: Question; readonly why: string | undefined }
  | { readonly kind: "waiting"; readonly until: number };

/** The driver's questions to its caller. */
export interface Person {
  /** The value of a new key that was created in the app. */
  readonly takeKey: () => Promise<Secret | undefined>;
  /** The value of a key that is not available. */
  readonly recall: (role: Role, fingerprint: string) => Promise<Secret | undefined>;
  /** The code of an answer; undefined to stop. */
  readonly decide: (question: Question, why: string | undefined) => Promise<string | undefined>;
  /** Called after each step, with its result. */
  readonly tell: (step: Work, done: Outcome) => void;
}

export interface Drive {
  readonly journal: Journal;
  readonly places: readonly PlaceConfig[];
  readonly wallet: Wallet;
  readonly person: Person;
  /** Whether to wait for long times too. */
  readonly stays: boolean;
}

export async function drive(rotation: Rotation, to: Drive): Promise<Stop> {
  await to.journal.write(rotation.journal());
  let why: string | undefined;
  for (;;) {
    const step = rotation.step();
    if (step.kind === "end") return { kind: "ended", end: step };
    let report: Report;
    if (step.kind === "ask") {
      const answer = await to.person.decide(step, why);
      if (answer === undefined) return { kind: "asking", question: step, why };
      report = { kind: "answer", answer };
    } else if (step.kind === "wait") {
      if (step.millis > LONGEST_WAIT && !to.stays) return { kind: "waiting", until: Date.now() + step.millis };
      await progress("waiting", () => sleep(Math.min(step.millis, LONGEST_TIMER)));
      report = { kind: "waited" };
    } else {
      const done = await work(step, rotation, to);
      to.person.tell(step, done);
      ({ report, why } = done);
    }
    rotation.check(await to.journal.read());
    rotation.report(report);
    await to.journal.write(rotation.journal());
  }
}

async function work(step: Work, rotation: Rotation, to: Drive): Promise<Outcome> {
  try {
    return await perform(step, rotation, to);
  } catch (error) {
    if (error instanceof KeyMissing) return { report: { kind: "key_missing", key: error.role } };
    throw error;
  }
}

async function perform(step: Work, rotation: Rotation, to: Drive): Promise<Outcome> {
  const key = (role: Role) => keyOf(role, rotation, to);
  switch (step.kind) {
    case "list": {
      const listed = await api.list(await key(step.with));
      // Parsed here, so that an invalid list fails this step.
      return listed.report.kind === "keys" ? readable(listed) : listed;
    }
    case "create": {
      const { name, orgLevel } = step;
      return api.create(await key(step.with), { name, orgLevel }, (value) => to.wallet.keep(value));
    }
    case "take":
      return take(to);
    case "try":
      return api.tryKey(await key(step.key));
    case "deliver":
      return places.deliver(placeOf(step.place, to), step.slot, await key(step.key));
    case "verify":
      return places.verify(placeOf(step.place, to), step.slot, step.fingerprint);
    case "clear_next":
      return places.clearNext(placeOf(step.place, to), () => key(step.key));
    case "delete":
      return api.remove(step.id, await key(step.with));
  }
}

function readable(listed: Outcome): Outcome {
  const why = listed.report.kind === "keys" ? Rotation.unreadable(listed.report.list) : undefined;
  return why === undefined ? listed : outcome("failed", why);
}

async function take({ person, wallet }: Drive): Promise<Outcome> {
  const taken = await person.takeKey();
  const fingerprint = taken === undefined ? undefined : wallet.keep(taken);
  return fingerprint === undefined
    ? outcome("failed", "no key was passed")
    : { report: { kind: "taken", fingerprint } };
}

class KeyMissing extends Error {
  readonly role: Role;

  constructor(role: Role) {
    super("a key is not available");
    this.role = role;
  }
}

/** The value of a key: in memory, from the list, from a place, or from the person. */
async function keyOf(role: Role, rotation: Rotation, { wallet, places: all, person }: Drive): Promise<Secret> {
  const summary = rotation.summary();
  const fingerprint = role === "old" ? summary.old : summary.new;
  if (fingerprint === null) throw new KeyMissing(role);
  const found = await wallet.find(fingerprint);
  if (found !== undefined) return found;
  for (const place of all) for (const secret of await places.held(place)) wallet.keep(secret);
  const given = wallet.get(fingerprint) ?? (await person.recall(role, fingerprint));
  if (given !== undefined) wallet.keep(given);
  const kept = wallet.get(fingerprint);
  if (kept === undefined) throw new KeyMissing(role);
  return kept;
}

function placeOf(name: string, { places: all }: Drive): PlaceConfig {
  const place = all.find((each) => each.name === name);
  if (place === undefined) throw new Failed("usage", "the configuration lacks a place of the journal");
  return place;
}
