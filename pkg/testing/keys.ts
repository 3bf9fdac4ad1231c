/**
 * The API keys of a mock organisation: created, listed, expired, revoked, deleted.
 *
 * Attention's keys are JWTs (HS256). These have the same three parts, so that
 * code can read their claims, but the last part is not a signature: it says in
 * plain words that the key is fake.
 */

import { checkOptions, text } from "../src/call/check.js";
import { oneOf } from "./check.js";

/** The level of a key: the whole organisation, or one user. */
export type MockKeyLevel = "organization" | "user";

/** One key of the mock organisation. */
export interface MockKey {
  readonly id: string;
  readonly name: string;
  readonly level: MockKeyLevel;
  readonly organizationUUID: string;
  readonly userUUID: string;
  /** The key, without `Bearer `. */
  readonly value: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  readonly revoked: boolean;
  /** ISO 8601, or null before the first accepted call. */
  readonly lastSeenAt: string | null;
}

/** The options of a new key. */
export interface MockKeyOptions {
  readonly name?: string;
  /** Default: `"organization"`. */
  readonly level?: MockKeyLevel;
  /** The key's user. Default: the mock organisation's first administrator. */
  readonly userUUID?: string;
  /** Unix milliseconds or a Date, also used for the token's `exp`. Default: 2099. */
  readonly expiresAt?: number | Date;
}

/** The keys of a mock, which tests can change while a client runs. */
export interface MockKeys {
  /** Creates a key, which works at once. */
  create(options?: MockKeyOptions): MockKey;
  /** All keys that are not deleted, oldest first. */
  list(): readonly MockKey[];
  /** The key with this id or value. */
  get(idOrValue: string): MockKey | undefined;
  /** Revokes a key: it is refused, but still listed. Throws for an unknown key. */
  revoke(idOrValue: string): void;
  /** Expires a key, whatever its `exp` claim says. Throws for an unknown key. */
  expire(idOrValue: string): void;
  /** Deletes a key, like the API's own operation. False for an unknown key. */
  delete(idOrValue: string): boolean;
}

/** Why a call was refused. The response does not say it, like the real one. */
export type MockRefusal = "missing" | "malformed" | "no_bearer" | "unknown" | "expired" | "revoked";

/** The times in claims, fixed so that every run makes the same keys. */
const ISSUED = Date.UTC(2026, 0, 5, 9) / 1000;
const FAR_END = Date.UTC(2099, 11, 31) / 1000;

/** The invented organisation that every mock key belongs to. */
export const MOCK_ORGANIZATION = "0f0e0d0c-0000-4000-8000-00000000fa4e";
const ADMIN = "5eed0000-0000-4000-8000-000000000001";

/** An organisation-level key that every new mock accepts, and nothing else does. */
export const MOCK_API_KEY = keyValue("default", "organization", ADMIN, FAR_END);

/** A user-level key that every new mock accepts; some operations accept no other level. */
export const MOCK_USER_API_KEY = keyValue("user", "user", ADMIN, FAR_END);

function keyValue(label: string, level: MockKeyLevel, userUUID: string, exp: number): string {
  const header = { alg: "HS256", typ: "JWT" };
  const claims = { sub: userUUID, org: MOCK_ORGANIZATION, level, iat: ISSUED, exp };
  return `${segment(header)}.${segment(claims)}.fake-signature-not-a-key-${label}`;
}

function segment(part: object): string {
  return btoa(JSON.stringify(part)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

type Stored = { -readonly [Field in keyof MockKey]: MockKey[Field] };

/** The keys, and the check of credentials. */
export class KeyStore implements MockKeys {
  private keys: Stored[] = [];
  private made = 0;
  private readonly now: () => number;
  private readonly seeds: readonly MockKeyOptions[];

  constructor(now: () => number, seeds: readonly MockKeyOptions[]) {
    this.now = now;
    this.seeds = seeds;
    this.reset();
  }

  reset(): void {
    this.made = 0;
    this.keys = [];
    this.add(MOCK_API_KEY, { name: "Default mock key" });
    this.add(MOCK_USER_API_KEY, { name: "Mock user key", level: "user" });
    for (const seed of this.seeds) this.create(seed);
  }

  create(options: MockKeyOptions = {}): MockKey {
    checkOptions("key", options, {
      name: text,
      level: oneOf("organization", "user"),
      userUUID: text,
      expiresAt: [(value) => Number.isFinite(Number(value)), "Unix milliseconds or a valid Date"],
    });
    const { level = "organization", userUUID = ADMIN, expiresAt } = options;
    const exp = expiresAt === undefined ? FAR_END : Math.floor(Number(expiresAt) / 1000);
    return this.add(keyValue(String(this.made + 1), level, userUUID, exp), options);
  }

  list(): readonly MockKey[] {
    return this.keys.map((key) => ({ ...key }));
  }

  get(idOrValue: string): MockKey | undefined {
    const found = this.find(idOrValue);
    return found && { ...found };
  }

  revoke(idOrValue: string): void {
    this.must(idOrValue).revoked = true;
  }

  expire(idOrValue: string): void {
    this.must(idOrValue).expiresAt = this.now();
  }

  delete(idOrValue: string): boolean {
    const found = this.find(idOrValue);
    this.keys = this.keys.filter((key) => key !== found);
    return found !== undefined;
  }

  /** The key in an `Authorization` value, or why it is refused. */
  admit(authorization: string | null): MockKey | MockRefusal {
    if (authorization === null || authorization === "") return "missing";
    const credentials = /^bearer +(\S+)$/i.exec(authorization);
    if (credentials === null) return this.find(authorization) === undefined ? "malformed" : "no_bearer";
    const key = this.keys.find(({ value }) => value === credentials[1]);
    if (key === undefined) return "unknown";
    if (key.revoked) return "revoked";
    if (key.expiresAt <= this.now()) return "expired";
    key.lastSeenAt = new Date(this.now()).toISOString();
    return { ...key };
  }

  private add(value: string, options: MockKeyOptions): MockKey {
    const number = ++this.made;
    const key: Stored = {
      id: `a91c0000-0000-4000-8000-${String(number).padStart(12, "0")}`,
      name: options.name ?? `Mock key ${number}`,
      level: options.level ?? "organization",
      organizationUUID: MOCK_ORGANIZATION,
      userUUID: options.userUUID ?? ADMIN,
      value,
      expiresAt: Number(options.expiresAt ?? FAR_END * 1000),
      revoked: false,
      lastSeenAt: null,
    };
    this.keys.push(key);
    return { ...key };
  }

  private find(idOrValue: string): Stored | undefined {
    return this.keys.find(({ id, value }) => id === idOrValue || value === idOrValue);
  }

  private must(idOrValue: string): Stored {
    const found = this.find(idOrValue);
    // Not quoted, because it may be a real key that was pasted by mistake.
    if (found === undefined) throw new TypeError("the mock has no key with that id or value");
    return found;
  }
}
