// An issuer that is down, was taken over, or has an invalid key set. `keys` are its responses, one after the
// other.
import { constants, createHash, createHmac, publicEncrypt } from "node:crypto";
import { gzipSync } from "node:zlib";
import { claims, ec, ed, jws, jwt, KEYS, pair, part, rsa, stranger } from "../../worker/issuer.mjs";

const set = (...keys) => ({ body: JSON.stringify({ keys }), headers: [["Content-Type", "application/json"]] });
const CONVERSATIONS = { target: "/v2/conversations" };
const row = (name, keys, tokens, want, more = {}) => ({
  name,
  keys: [keys].flat(),
  requests: [tokens].flat().map((token) => ({ token })),
  want,
  ...more,
});
/** The forwarded calls: one for each accepted token. */
const sent = (last, before = []) => [...before, last].filter((status) => status === 200).map(() => CONVERSATIONS);
const no = (name, keys, reason, tokens = () => jwt(), more = {}) =>
  row(
    name,
    keys,
    tokens,
    { status: 401, code: "invalid_token", ...(reason && { fault: `the JWT was refused: ${reason}` }), ...more },
    { sent: sent(401, more.before) },
  );
/** It is unknown whether the token is valid, so it is not refused as invalid, and can be tried again later. */
const down = (name, keys, tokens = () => jwt(), more = {}) =>
  row(
    name,
    keys,
    tokens,
    {
      status: 503,
      code: "issuer_unavailable",
      headers: { "retry-after": "1", "www-authenticate": null },
      fault: "the JWT could not be verified: the issuer's key set could not be fetched",
      ...more,
    },
    { sent: [] },
  );
const yes = (name, keys, tokens = () => jwt(), more = {}) =>
  row(name, keys, tokens, { status: 200, ...more }, { sent: sent(200, more.before) });

const SIGNATURE = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
const NO_KEY = "ERR_JWKS_NO_MATCHING_KEY";
const next = pair("RS256", "next", "rsa", { modulusLength: 2048 });
const p384 = pair("ES384", "ec", "ec", { namedCurve: "P-384" });
const small = pair("RS256", "rsa", "rsa", { modulusLength: 1024 });
const unknown = (count) => Array.from({ length: count }, (_, index) => () => jwt({}, { kid: `made-up-${index}` }));
const times = (count, value) => Array.from({ length: count }, () => value);

/** A digest in PKCS #1 form, which is its own signature with an exponent of one. */
function padded(text) {
  const digest = Buffer.concat([
    Buffer.from("3031300d060960864801650304020105000420", "hex"),
    createHash("sha256").update(text).digest(),
  ]);
  return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - digest.length - 3, 0xff), Buffer.from([0]), digest]);
}
/** The public key the wrong way round. */
const encrypted = (text) => publicEncrypt({ key: rsa.publicKey, padding: constants.RSA_NO_PADDING }, padded(text));

export default [
  yes("asked for once, kept for the next", set(rsa.jwk), [() => jwt(), () => jwt()], { before: [200], asked: 1 }),

  // Changes.
  no(
    "another's key under the same name: the one that was had stays",
    [set(rsa.jwk), set(stranger.jwk)],
    SIGNATURE,
    [() => jwt(), () => jwt({}, {}, stranger)],
    { before: [200], asked: 1 },
  ),
  yes(
    "another's key under the same name does not shut out the issuer's",
    [set(rsa.jwk), set(stranger.jwk)],
    [() => jwt(), () => jwt({}, {}, stranger), () => jwt()],
    { before: [200, 401], asked: 1 },
  ),
  no("another's key instead of it, from the beginning", set(stranger.jwk), SIGNATURE),
  no(
    "a new name right after the set was had: not asked for again so soon",
    [set(rsa.jwk), set(rsa.jwk, next.jwk)],
    NO_KEY,
    [() => jwt(), () => jwt({}, {}, next)],
    { before: [200], asked: 1 },
  ),
  yes(
    "down, once it was had",
    [set(rsa.jwk), { close: true, times: 20 }],
    [() => jwt(), () => jwt({}, { kid: "nobody" }), () => jwt()],
    { before: [200, 401], asked: 1 },
  ),
  no("twenty names that nobody has: one question", set(rsa.jwk), NO_KEY, unknown(20), {
    before: times(19, 401),
    asked: 1,
  }),
  down(
    "ten tokens while it is down: not a question each",
    { status: 503, times: 10 },
    times(10, () => jwt()),
    { before: times(9, 503), asked: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
  ),
  yes(
    "a token's own words do not lead to questions elsewhere",
    set({ ...rsa.jwk, x5u: "http://{other}/cert", jku: "http://{other}/keys" }),
    () => jwt({}, { jku: "http://{other}/keys", x5u: "http://{other}/cert" }),
  ),

  // Invalid key sets. A redirect is not followed.
  ...[301, 302, 303, 307, 308].map((status) =>
    down(`a redirect with ${status} to another server`, {
      status,
      headers: [["Location", "http://{other}/keys"]],
      body: JSON.stringify(KEYS),
    }),
  ),
  down("a redirect to its own server", { status: 302, headers: [["Location", "/keys"]] }, () => jwt(), {
    asked: 1,
  }),
  down("a Refresh header", { status: 200, headers: [["Refresh", "0; url=http://{other}/keys"]], body: "" }),
  ...[201, 206, 400, 401, 403, 404, 429, 500, 503].map((status) =>
    down(`the whole set under a ${status}`, { ...set(rsa.jwk), status }),
  ),
  down("204", { status: 204 }),
  down("10 MB", { body: JSON.stringify({ more: "x".repeat(10_000_000), keys: [rsa.jwk] }) }),
  down("a bit more than 256 KiB", { body: JSON.stringify({ keys: [rsa.jwk], more: "x".repeat(256 * 1024) }) }),
  yes("a bit less than 256 KiB", { body: JSON.stringify({ keys: [rsa.jwk], more: "x".repeat(255 * 1024) }) }),
  down("a bomb", {
    body: gzipSync(JSON.stringify({ keys: [rsa.jwk], more: "x".repeat(20_000_000) })),
    headers: [["Content-Encoding", "gzip"]],
  }),
  down("100 MB of blanks before it", { body: { zeros: 100_000_000 } }),
  down("a page", { body: "<!doctype html><title>Sign in</title>", headers: [["Content-Type", "text/html"]] }),
  down("half of it", { body: JSON.stringify(KEYS).slice(0, -20) }),
  down("cut off before its end", { ...set(rsa.jwk), cutAfter: 100 }),
  down("cut off between chunks", { ...set(rsa.jwk), chunked: true, cutAfter: 100 }),
  down("a length that lies upwards", { ...set(rsa.jwk), contentLength: 5000 }),
  down("no HTTP", { raw: "keys\r\n\r\n", times: 20 }),
  down("silence", { hang: true }),
  down("a byte now and then", { ...set(rsa.jwk), drip: { bytes: 1, ms: 100 } }),
  down("a reset", { reset: true, times: 20 }),
  ...[
    "",
    "null",
    "[]",
    "{}",
    "1",
    '"keys"',
    '{"keys":{}}',
    '{"keys":null}',
    '{"keys":"rsa"}',
    '{"keys":[null]}',
    '{"keys":["rsa"]}',
    '{"keys":[[]]}',
    '{"__proto__":{"keys":[]}}',
    JSON.stringify([rsa.jwk]),
    JSON.stringify(rsa.jwk),
    `{"__proto__":${JSON.stringify(KEYS)}}`,
    `${JSON.stringify(KEYS)}{}`,
  ].map((body) =>
    down(`the text ${body.slice(0, 40) || "of nothing"}${body.length > 40 ? `… (${body.length})` : ""}`, { body }),
  ),
  no(
    "keys twice, the other's last",
    { body: `{"keys":[${JSON.stringify(rsa.jwk)}],"keys":[${JSON.stringify(stranger.jwk)}]}` },
    SIGNATURE,
  ),

  // A set with unusable entries.
  yes("a key of a kind that nobody knows, beside the good one", set({ kty: "LMS", kid: "rsa", pub: "fake" }, rsa.jwk)),
  yes("a key that says nothing but its kid", set({ kid: "rsa" }, rsa.jwk)),
  yes("a key for encrypting under the same name", set({ ...next.jwk, kid: "rsa", use: "enc" }, rsa.jwk)),
  yes(
    "a key for wrapping under the same name",
    set({ ...next.jwk, kid: "rsa", use: undefined, key_ops: ["wrapKey"] }, rsa.jwk),
  ),
  yes("a key that says by key_ops that it checks", set({ ...rsa.jwk, use: undefined, key_ops: ["verify"] })),
  yes(
    "a key with a certificate of somebody else's: its own members count",
    set({ ...rsa.jwk, x5c: ["AAAA"], x5t: "fake" }),
  ),
  yes("a key without alg and use", set({ ...rsa.jwk, alg: undefined, use: undefined })),
  no("a certificate alone", set({ kty: "RSA", kid: "rsa", x5c: ["AAAA"] })),

  // Unsuitable keys.
  no("no keys", set(), NO_KEY),
  no(
    "a symmetric key that says HS256",
    set({ kty: "oct", k: part("fake-secret"), kid: "rsa", alg: "HS256" }),
    "ERR_JOSE_ALG_NOT_ALLOWED",
    () =>
      jws({ alg: "HS256", kid: "rsa" }, claims(), (text) => createHmac("sha256", "fake-secret").update(text).digest()),
  ),
  no(
    "a symmetric key that says RS256",
    set({ kty: "oct", k: part("fake-secret"), kid: "rsa", alg: "RS256" }),
    NO_KEY,
    () =>
      jws({ alg: "RS256", kid: "rsa" }, claims(), (text) => createHmac("sha256", "fake-secret").update(text).digest()),
  ),
  no(
    "a symmetric key that says nothing",
    set({ kty: "oct", k: part("fake-secret"), kid: "rsa" }),
    "ERR_JOSE_ALG_NOT_ALLOWED",
    () =>
      jws({ alg: "HS256", kid: "rsa" }, claims(), (text) => createHmac("sha256", "fake-secret").update(text).digest()),
  ),
  no("a symmetric key of nothing", set({ kty: "oct", k: "", kid: "rsa" }), "ERR_JOSE_ALG_NOT_ALLOWED", () =>
    jws({ alg: "HS256", kid: "rsa" }, claims(), (text) => createHmac("sha256", "").update(text).digest()),
  ),
  no(
    "two keys of one name and kind: nobody knows which",
    set(rsa.jwk, stranger.jwk),
    "ERR_JWKS_MULTIPLE_MATCHING_KEYS",
  ),
  no("the same, the other's token", set(rsa.jwk, stranger.jwk), "ERR_JWKS_MULTIPLE_MATCHING_KEYS", () =>
    jwt({}, {}, stranger),
  ),
  no("no kid, and two keys that it could be", set(rsa.jwk, next.jwk), "ERR_JWKS_MULTIPLE_MATCHING_KEYS", () =>
    jwt({}, { kid: undefined }),
  ),
  yes("two keys of one name and different kinds", set({ ...ec.jwk, kid: "rsa" }, rsa.jwk, { ...ed.jwk, kid: "rsa" })),
  no("a key for encrypting", set({ ...rsa.jwk, use: "enc" }), NO_KEY),
  no("a key of RS512", set({ ...rsa.jwk, alg: "RS512" }), NO_KEY),
  no("a key of PS256", set({ ...rsa.jwk, alg: "PS256" }), NO_KEY),
  no("a key of HS256, though it is RSA", set({ ...rsa.jwk, alg: "HS256" }), NO_KEY),
  no("a key of none", set({ ...rsa.jwk, alg: "none" }), NO_KEY),
  no("a key for signing, not for checking", set({ ...rsa.jwk, key_ops: ["sign"] }), NO_KEY),
  no("a key for wrapping", set({ ...rsa.jwk, use: undefined, key_ops: ["wrapKey"] }), NO_KEY),
  no("the private key as well", set({ ...stranger.privateKey.export({ format: "jwk" }), kid: "rsa", alg: "RS256" })),
  no("a key of 1024 bits", set(small.jwk), undefined, () => jwt({}, {}, small)),
  no("an exponent of one: a digest signs itself", set({ ...rsa.jwk, e: "AQ" }), undefined, () =>
    jws({ alg: "RS256", kid: "rsa" }, claims(), padded),
  ),
  no("what the public key makes of a digest is no signature", set(rsa.jwk), SIGNATURE, () =>
    jws({ alg: "RS256", kid: "rsa" }, claims(), encrypted),
  ),
  no("an exponent of zero", set({ ...rsa.jwk, e: "AA" }), undefined, () =>
    jws({ alg: "RS256", kid: "rsa" }, claims(), () => Buffer.from([...Buffer.alloc(255), 1])),
  ),
  no("a modulus of nothing", set({ ...rsa.jwk, n: "" })),
  no("a modulus that is no text", set({ ...rsa.jwk, n: 1 })),
  no("a point that is on no curve", set({ ...ec.jwk, y: ec.jwk.x }), undefined, () => jwt({}, {}, ec)),
  no("the point of zeros", set({ ...ec.jwk, x: "A".repeat(43), y: "A".repeat(43) }), undefined, () =>
    jws({ alg: "ES256", kid: "ec" }, claims(), () => Buffer.alloc(64)),
  ),
  no("a key of P-384 for ES256", set({ ...p384.jwk, alg: "ES256" }), NO_KEY, () =>
    jws({ alg: "ES256", kid: "ec" }, claims(), p384.signed),
  ),
  no("a key of P-384 that calls itself P-256", set({ ...p384.jwk, alg: "ES256", crv: "P-256" }), undefined, () =>
    jws({ alg: "ES256", kid: "ec" }, claims(), p384.signed),
  ),
  no("a key of P-256 that calls itself P-384", set({ ...ec.jwk, crv: "P-384" }), NO_KEY, () => jwt({}, {}, ec)),
  no("Ed25519 that calls itself Ed448", set({ ...ed.jwk, crv: "Ed448" }), NO_KEY, () => jwt({}, {}, ed)),
  no("Ed25519 that calls itself X25519", set({ ...ed.jwk, crv: "X25519" }), NO_KEY, () => jwt({}, {}, ed)),
  no("an RSA key that says it is EC", set({ ...rsa.jwk, kty: "EC" }), NO_KEY),
  no("a kid that is no text", set({ ...rsa.jwk, kid: 1 }), NO_KEY, () => jwt({}, { kid: "1" })),
  {
    ...no(
      "an algorithm that is not listed here, though its key is there",
      set(rsa.jwk, ec.jwk),
      "ERR_JOSE_ALG_NOT_ALLOWED",
      () => jwt({}, {}, ec),
    ),
    terms: { algorithms: ["RS256"] },
  },
];
