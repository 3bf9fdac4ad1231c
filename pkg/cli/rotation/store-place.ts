// A Secrets Store whose secrets are bound to a Worker.
import type { Secret } from "../secret.js";
import type { StorePlace } from "./config.js";
import { type Outcome, outcome, type Slot } from "./steps.js";
import { judged, wrangler } from "./wrangler.js";

export async function deliver(place: StorePlace, slot: Slot, key: Secret): Promise<Outcome> {
  const id = slot === "current" ? place.secret : place.nextSecret;
  if (id === undefined) return outcome("failed", `${place.name} has no second secret`);
  const args = ["secrets-store", "secret", "update", place.store, "--secret-id", id, "--remote"];
  const { folder, seconds } = place;
  return judged("wrangler", await wrangler(args, { folder, seconds, input: key }), "delivered");
}

/**
 * A binding without its secret would stop the Worker, so the second secret gets the first one's key; the Worker counts
 * both as one. After a rotation it already has that key; on the way back it has the key that is deleted next.
 */
export async function clearNext(place: StorePlace, used: Secret): Promise<Outcome> {
  const delivered = await deliver(place, "next", used);
  return delivered.report.kind === "delivered" ? outcome("cleared") : delivered;
}
