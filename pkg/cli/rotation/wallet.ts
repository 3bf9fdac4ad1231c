// The values of the two keys, by fingerprint. A resumed rotation must find them again.
import type { GivenSecret } from "../given.js";
import { inspectKey, isFault, valueIn } from "../rules.js";
import { Secret } from "../secret.js";
import * as api from "./api.js";

export class Wallet {
  readonly #held = new Map<string, Secret>();

  /** Stores a key and returns its fingerprint, or undefined if it is not a key. */
  keep(secret: Secret): string | undefined {
    // A copied key may end with a line break.
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

  /** A stored key, or one that the API lists for another stored key. */
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
