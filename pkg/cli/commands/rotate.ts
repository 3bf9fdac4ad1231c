// `keys rotate`: replaces a key without a failed call.
import { resolve } from "node:path";
import { type GivenSecret, given, givenNew, type NewSecretOptions, type SecretOptions } from "../given.js";
import { type Exit, Failed } from "../outcome.js";
import { holdsNext, type RotationConfig, readConfig } from "../rotation/config.js";
import { drive, type Person, type Stop } from "../rotation/driver.js";
import { Journal } from "../rotation/journal.js";
import { DELETION_STEPS, isWell, tellQuestion, tellStep, tellStop, titleOf } from "../rotation/tell.js";
import { Wallet } from "../rotation/wallet.js";
import { mustBeKey, Rotation } from "../rules.js";
import { Secret } from "../secret.js";
import { ask, choose, isInteractive, say, tell } from "../terminal.js";
import { KEY_STEPS } from "./init.js";

export interface RotateOptions extends SecretOptions, NewSecretOptions {
  readonly config?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly answer?: string | undefined;
  readonly wait?: boolean | undefined;
  readonly json?: boolean | undefined;
}

interface Begun extends RotateOptions {
  /** The new key from the options, read early: standard input can be read only once. */
  readonly fresh: () => Promise<GivenSecret | undefined>;
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}

const DEFAULT_FILE = "attention.rotate.json";

export async function runKeysRotate(options: RotateOptions): Promise<Exit> {
  if (options["key-stdin"] === true && options["new-key-stdin"] === true)
    throw new Failed("usage", "standard input can have only one key: pass the other by --key-from or --key-fd");
  if (options.answer !== undefined && options.resume !== true)
    throw new Failed("usage", "--answer needs --resume: it answers the question at which the rotation stopped");
  const file = options.config ?? DEFAULT_FILE;
  const config = await readConfig(file);
  const journal = await Journal.open(`${resolve(file)}.journal`);
  const wallet = new Wallet();
  const fresh = once(() => givenNew(options));
  const rotation = await begun(config, journal, wallet, { ...options, fresh });
  const lines: { step: string; done: boolean; why?: string | undefined }[] = [];
  const person = personOf({ ...options, fresh }, (step, done) => {
    lines.push({ step: titleOf(step), done: isWell(done.report), why: done.why });
    if (options.json !== true) tellStep(step, done);
  });
  const stop = await drive(rotation, { journal, places: config.places, wallet, person, stays: options.wait === true });
  const command = `npx attention-wasm keys rotate${options.config === undefined ? "" : ` --config ${file}`} --resume`;
  const { old, new: made } = rotation.summary();
  if (options.json === true) tell({ state: stop.kind, old, new: made, ...stop, kind: undefined, steps: lines });
  else tellStop(stop, command);
  return exitOf(stop);
}

function exitOf(stop: Stop): Exit {
  switch (stop.kind) {
    case "waiting":
      return "waiting";
    case "asking":
      return "found";
    case "ended": {
      const { ending, left, strays, unaccounted } = stop.end;
      return ending === "rotated" && left === null && strays.length === 0 && unaccounted === 0 ? "ok" : "found";
    }
  }
}

/** The rotation in the journal, or a new one; never a second one at the same time. */
async function begun(config: RotationConfig, journal: Journal, wallet: Wallet, options: Begun): Promise<Rotation> {
  const there = await journal.read();
  if (options.resume === true) {
    if (there === undefined) throw new Failed("usage", `there is no rotation to resume: no ${journal.path}`);
    const rotation = Rotation.resume(there, journal.owner);
    mustFit(rotation, config);
    // The variables may have either key by now.
    wallet.keepGiven(await given(options, "ATTENTION_API_KEY"));
    for (const name of ["ATTENTION_API_KEY", "ATTENTION_API_KEY_NEXT"]) {
      const value = process.env[name];
      if (value !== undefined) wallet.keep(new Secret(value));
    }
    wallet.keepGiven(await options.fresh());
    return rotation;
  }
  if (there !== undefined && Rotation.resume(there, journal.owner).step().kind !== "end")
    throw new Failed(
      "usage",
      "a rotation is in progress, and a second one would lose its keys",
      `continue it with --resume; its steps so far are in ${journal.path}`,
    );
  const old = await oldKey(options);
  const { fingerprint } = mustBeKey(old, "the current key");
  wallet.keep(old);
  const { create, places, quietSeconds } = config;
  return Rotation.begin(
    {
      source: create === undefined ? { kind: "take" } : { kind: "create", ...create },
      old: fingerprint,
      places: places.map((place) => ({ name: place.name, holdsNext: holdsNext(place) })),
      quietSeconds,
    },
    journal.owner,
  );
}

async function oldKey(options: RotateOptions): Promise<Secret> {
  const found = await given(options, "ATTENTION_API_KEY", "The current key");
  if (found !== undefined) return found.secret;
  throw new Failed(
    "usage",
    "the current key is missing",
    "set ATTENTION_API_KEY, or use --key-from 'COMMAND', --key-fd N or --key-stdin",
  );
}

function mustFit(rotation: Rotation, { places, file }: RotationConfig): void {
  const [wanted, found] = [rotation.summary().places, places.map(({ name }) => name)];
  if (wanted.length === found.length && wanted.every((name, at) => name === found[at])) return;
  throw new Failed(
    "usage",
    `the rotation in progress has the places ${wanted.join(", ")}, but ${file} has ${found.join(", ")}`,
    `restore ${file}, and change it after the rotation`,
  );
}

/** Asks the person at the terminal; without a terminal, an answer that is not in the options stops the rotation. */
function personOf(options: Begun, tellDone: Person["tell"]): Person {
  let { answer } = options;
  let isTaken = false;
  const isSilent = options.json === true;
  return {
    tell: tellDone,
    async takeKey() {
      const found = isTaken ? undefined : await options.fresh();
      isTaken = true;
      if (found !== undefined) return mustBe(found.secret, found.origin);
      if (!isInteractive())
        throw new Failed(
          "usage",
          "the new key is missing",
          "create it in the app, and pass it by --new-key-from 'COMMAND', --new-key-fd N or --new-key-stdin",
        );
      if (!isSilent) for (const [at, step] of KEY_STEPS.entries()) say(`  ${at + 1}. ${step}`);
      return pasted("The new key");
    },
    recall: async (role, fingerprint) =>
      isInteractive() ? pasted(`The ${role} key again, ${fingerprint}`) : undefined,
    async decide(question, why) {
      const codes = question.answers.map(({ code }) => code);
      if (answer !== undefined) {
        if (!codes.includes(answer))
          throw new Failed("usage", `--answer must be one of ${codes.join(", ")} here: ${question.message}`);
        const once = answer;
        answer = undefined;
        return once;
      }
      if (!isSilent) {
        tellQuestion(question, why);
        if (codes.includes("deleted_by_hand")) for (const step of DELETION_STEPS) say(`      ${step}`);
      }
      return isInteractive() && !isSilent ? choose(codes) : undefined;
    },
  };
}

function mustBe(secret: Secret, origin: string): Secret {
  const value = new Secret(secret.expose().trim());
  mustBeKey(value, origin);
  return value;
}

/** Reads a key from the terminal, in at most three attempts. */
async function pasted(question: string): Promise<Secret> {
  for (let tries = 1; ; tries += 1) {
    const typed = new Secret((await ask(question)) ?? "");
    try {
      return mustBe(typed, "the pasted text");
    } catch (error) {
      if (!(error instanceof Failed) || tries === 3) throw error;
      say(`  ${error.message}`);
    }
  }
}
