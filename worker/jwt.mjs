// The issuer's key set, and signatures checked with it. When it is asked for, and
// what a token may say, is the gatekeeper's to decide.
import { compactVerify, createLocalJWKSet } from "jose";
import { discard } from "./answer.mjs";
import { readInTime } from "./body.mjs";
import { settled } from "./time.mjs";

export class KeySet {
  #algorithms;
  #keys;

  constructor(algorithms) {
    this.#algorithms = algorithms;
  }

  // Gets the set at this URL; the one that is there stays when none comes. Gives
  // whether it came. A redirect, and what is too large or not a set, is none.
  async fetch(url, millis, limit) {
    const ends = Date.now() + millis;
    const headers = { accept: "application/json" };
    const response = await settled(fetch(url, { redirect: "manual", headers }), millis);
    if (typeof response === "boolean") return false;
    if (response.status !== 200) {
      discard(response);
      return false;
    }
    const bytes = await readInTime(response, limit, Math.max(0, ends - Date.now()));
    if (bytes === undefined) return false;
    try {
      this.#keys = createLocalJWKSet(JSON.parse(new TextDecoder().decode(bytes)));
      return true;
    } catch {
      return false;
    }
  }

  // Whether a token was signed with one of the keys: `undefined` when it was, else
  // jose's name for the fault, which never holds a value.
  async check(token) {
    try {
      await compactVerify(token, this.#keys, { algorithms: this.#algorithms });
      return undefined;
    } catch (error) {
      return String(error?.code ?? "unreadable");
    }
  }
}

// The token names a key that is not in the set.
export const UNKNOWN_KEY = "ERR_JWKS_NO_MATCHING_KEY";
