// How each kind of place receives a key, shows it, and removes its second one.
import type { Secret } from "../secret.js";
import * as command from "./command-place.js";
import type { PlaceConfig } from "./config.js";
import * as file from "./file-place.js";
import { type Outcome, outcome, type Slot } from "./steps.js";
import * as store from "./store-place.js";
import { answers } from "./web.js";
import * as worker from "./worker-place.js";

export function deliver(place: PlaceConfig, slot: Slot, key: Secret): Promise<Outcome> {
  switch (place.kind) {
    case "worker":
      return worker.deliver(place, slot, key);
    case "secrets-store":
      return store.deliver(place, slot, key);
    case "file":
      return file.deliver(place, slot, key);
    case "command":
      return command.deliver(place, slot, key);
  }
}

/** Whether the place has this key in that slot, and whether its addresses return success. */
export async function verify(place: PlaceConfig, slot: Slot, fingerprint: string): Promise<Outcome> {
  const shown = await shows(place, slot, fingerprint);
  if (shown.report.kind !== "verified") return shown;
  for (const url of place.urls) {
    const why = await answers(url);
    if (why !== undefined) return outcome("not_verified", why);
  }
  return shown;
}

function shows(place: PlaceConfig, slot: Slot, fingerprint: string): Promise<Outcome> {
  switch (place.kind) {
    case "worker":
    case "secrets-store":
      return worker.verify(place, slot, fingerprint);
    case "file":
      return file.verify(place, slot, fingerprint);
    case "command":
      return command.verify(place, slot, fingerprint);
  }
}

/** Empties the second slot; `used` is the first slot's key. */
export async function clearNext(place: PlaceConfig, used: () => Promise<Secret>): Promise<Outcome> {
  switch (place.kind) {
    case "worker":
      return worker.clearNext(place);
    case "secrets-store":
      return store.clearNext(place, await used());
    case "file":
      return file.clearNext(place);
    case "command":
      return command.clearNext(place);
  }
}

/** The key of a place that can be read back. */
export async function held(place: PlaceConfig): Promise<Secret[]> {
  switch (place.kind) {
    case "worker":
    case "secrets-store":
      return [];
    case "file":
      return file.held(place);
    case "command":
      return command.held(place);
  }
}
