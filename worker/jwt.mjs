// Signatures, checked by jose. When a key set is asked for, and what a token may say, is the gateway's to decide.
import { compactVerify, createLocalJWKSet } from "jose";

/** A key set, for `verify`. Throws when the bytes are not one. */
export const keySet = (bytes) => createLocalJWKSet(JSON.parse(new TextDecoder().decode(bytes)));

/**
 * Whether a token was signed with one of the keys: `undefined` when it was, else jose's name for the fault, which never
 * holds a value.
 */
export async function verify(token, keys, algorithms) {
  try {
    await compactVerify(token, keys, { algorithms });
    return undefined;
  } catch (error) {
    return String(error?.code ?? "unreadable");
  }
}
