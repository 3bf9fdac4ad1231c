/** Fingerprints and verdicts of the credentials, never the credentials: types alone, nothing at run time. */

/** What is known of one key, without the key. Times are Unix milliseconds. */
export interface KeyInfo {
  readonly slot: "current" | "next";
  /** The first eight hex digits of its SHA-256. */
  readonly fingerprint: string;
  /** What the server said of it last. */
  readonly verdict: "untested" | "accepted" | "refused";
  /** When it said so. */
  readonly at?: number;
  /** When the key expires, when it is a JWT that tells. */
  readonly expiresAt?: number;
}

/** What is known of a client's credentials. */
export interface KeysInfo {
  readonly kind: "api_key" | "caller_token";
  /** Which key new calls use. */
  readonly inUse: "current" | "next";
  /** None before the first call, when a function gives them. */
  readonly keys: readonly KeyInfo[];
}
