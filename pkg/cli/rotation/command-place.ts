// A place that is updated by commands: a vault, a CI's secrets.
import { type Running, runShell } from "../programs.js";
import { inspectKey, isFault } from "../rules.js";
import { Secret } from "../secret.js";
import type { CommandPlace } from "./config.js";
import { type Outcome, outcome, type Slot } from "./steps.js";
import { judged } from "./wrangler.js";

const running = ({ folder, seconds }: CommandPlace): Running => ({ folder, seconds });

export async function deliver(place: CommandPlace, slot: Slot, key: Secret): Promise<Outcome> {
  const command = slot === "current" ? place.run : place.runNext;
  if (command === undefined) return outcome("failed", `${place.name} has no second key`);
  return judged("its command", await runShell(command, { ...running(place), input: key }), "delivered");
}

/** A place without `read` is verified by its addresses; the configuration requires some. */
export async function verify(place: CommandPlace, slot: Slot, fingerprint: string): Promise<Outcome> {
  const command = slot === "current" ? place.read : place.readNext;
  if (command === undefined) return outcome("verified");
  const read = await valueIn(place, command);
  if (typeof read === "string") return outcome("not_verified", read);
  const inspected = inspectKey(read.expose());
  if (isFault(inspected)) return outcome("not_verified", `its value is not a key: ${inspected.message}`);
  return inspected.fingerprint === fingerprint
    ? outcome("verified")
    : outcome("not_verified", `it has the key ${inspected.fingerprint} instead of ${fingerprint}`);
}

export async function clearNext(place: CommandPlace): Promise<Outcome> {
  if (place.clearNext === undefined) return outcome("cleared");
  return judged("its command", await runShell(place.clearNext, running(place)), "cleared");
}

export async function held(place: CommandPlace): Promise<Secret[]> {
  const commands = [place.read, place.readNext].filter((each) => each !== undefined);
  const read = await Promise.all(commands.map((command) => valueIn(place, command)));
  return read.filter((each) => typeof each !== "string");
}

async function valueIn(place: CommandPlace, command: string): Promise<Secret | string> {
  const ended = await runShell(command, running(place));
  switch (ended.kind) {
    case "well":
      return new Secret(ended.output.trim());
    case "late":
      return `its \`read\` command did not end within ${ended.seconds} s`;
    case "badly":
      return `its \`read\` command ${ended.reason}`;
  }
}
