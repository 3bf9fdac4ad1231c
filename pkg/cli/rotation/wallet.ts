// The values of the two keys, by their fingerprints. A rotation that goes on has forgotten them, and looks for them.
import type { GivenSecret } from "../given.js";
import { inspectKey, isFault, valueIn } from "../rules.js";
import { Secret } from "../secret.js";
import * as api from "./api.js";

export class Wallet {
  readonly #held = new Map<string, Secret>();

  /** Keeps a key; gives its fingerprint, or undefined for what is none. */
  keep(secret: Secret): string | undefined {
    // As it was copied: with a line break, which is no part of it.
    const value = secret.expose().trim();
    const inspected = inspectKey(value);
    if (isFault(inspected)) return undefined;
    this.#held.set(inspected.fingerprint, new Secret(value));
    return inspected.fingerprint;
  }

  keepGiven(given: GivenSecret | undefined): void {
    if (given !== undefined) this.keep(given.secret);
  }

  get(fingerprint: string): Secret | undefined {
    return this.#held.get(fingerprint);
  }

  /** A key that is held, or that the list shows to another one that is held. */
  async find(fingerprint: string): Promise<Secret | undefined> {
    const held = this.get(fingerprint);
    if (held !== undefined) return held;
    for (const other of this.#held.values()) {
      const { report } = await api.list(other);
      const found = report.kind === "keys" ? valueIn(report.list, fingerprint) : undefined;
      if (found === undefined) continue;
      this.keep(found);
      return found;
    }
    return undefined;
  }
}
