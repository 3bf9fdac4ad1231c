// Unusual tokens: JWTs of an issuer with real keys, and sessions signed like the
// Worker's own.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://fake-team.example";
export const AUDIENCE = "fake-audience-tag-of-the-application";
export const SESSION_SECRET = "fake-session-secret-of-the-attack-rows-0123456789";

const SIGNERS = {
  RS256: (data, key) => sign("sha256", data, key),
  ES256: (data, key) => sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }),
  ES384: (data, key) => sign("sha384", data, { key, dsaEncoding: "ieee-p1363" }),
  EdDSA: (data, key) => sign(null, data, key),
};

/** A key pair; the issuer publishes `jwk`, and never `secret`. */
export function pair(alg, kid, type, options = {}) {
  const { privateKey, publicKey } = generateKeyPairSync(type, options);
  return {
    alg,
    kid,
    publicKey,
    privateKey,
    jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" },
    signed: (data) => SIGNERS[alg](Buffer.from(data), privateKey),
  };
}

export const rsa = pair("RS256", "rsa", "rsa", { modulusLength: 2048 });
export const ec = pair("ES256", "ec", "ec", { namedCurve: "P-256" });
export const ed = pair("EdDSA", "ed", "ed25519");
/** A foreign key under a name that the issuer uses. */
export const stranger = pair("RS256", "rsa", "rsa", { modulusLength: 2048 });
/** The issuer's default key set. */
export const KEYS = { keys: [rsa.jwk, ec.jwk, ed.jwk] };

export const now = () => Math.floor(Date.now() / 1000);
export const claims = (more = {}) => ({
  iss: ISSUER,
  aud: [AUDIENCE],
  exp: now() + 300,
  nbf: now() - 1,
  sub: "user-1",
  email: "ann@corp.example",
  email_verified: true,
  ...more,
});

/** A part of a token: bytes and texts as they are, anything else as JSON. */
export const part = (value) =>
  (Buffer.isBuffer(value) || typeof value === "string"
    ? Buffer.from(value)
    : Buffer.from(JSON.stringify(value))
  ).toString("base64url");

/** A token with these parts, signed by `signed`: a function of what is signed, to bytes. */
export function jws(header, payload, signed) {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${Buffer.from(signed(text)).toString("base64url")}`;
}

/** A valid token with these changes of claims and header; `undefined` removes a member. */
export const jwt = (more = {}, header = {}, key = rsa) =>
  jws({ alg: key.alg, kid: key.kid, typ: "JWT", ...header }, claims(more), key.signed);

/** The same with an HMAC, whatever the secret is made of. */
export const hmac = (alg, secret, header = {}) =>
  jws({ alg, kid: "rsa", typ: "JWT", ...header }, claims(), (text) =>
    createHmac(`sha${alg.slice(2)}`, secret)
      .update(text)
      .digest(),
  );

/** A session as the Worker signs it, with this payload: an object over the usual, or a text. */
export function session(payload = {}, { secret = SESSION_SECRET, prefix = "s1" } = {}) {
  const usual = { sub: "app", exp: now() + 300, rts: "allow * /**", jti: "fake-session", org: "https://app.example" };
  const signed = `${prefix}.${part(typeof payload === "string" ? payload : { ...usual, ...payload })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
