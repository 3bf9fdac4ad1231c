// Tokens that the issuer never signed, or signed for another purpose. The Worker accepts its RS256, ES256 and EdDSA keys.
import {
  AUDIENCE,
  claims,
  ec,
  ed,
  hmac,
  ISSUER,
  jws,
  jwt,
  now,
  pair,
  part,
  rsa,
  session,
  stranger,
} from "../../worker/issuer.mjs";

const CONVERSATIONS = { target: "/v2/conversations" };
const row = (name, token, want, more = {}) => ({ name, service: "jwt", request: { token }, want, ...more });
/** Refused, with the reason only in the log. */
const no = (name, token, reason) =>
  row(name, token, {
    status: 401,
    code: "invalid_token",
    headers: {
      "www-authenticate":
        'Bearer realm="attention", error="invalid_token", ' +
        'resource_metadata="http://worker.example/.well-known/oauth-protected-resource"',
    },
    ...(reason && { fault: `the JWT was refused: ${reason}` }),
  });
/** Accepted: it has no fault, or none that matters. */
const yes = (name, token) => row(name, token, { status: 200 }, { sent: [CONVERSATIONS] });
/** A valid token that no grant matches. */
const ungranted = (name, token) => row(name, token, { status: 403, code: "token_not_granted" });

/** With its own terms. */
const granted = (name, terms, more, status = 200) => ({
  name,
  terms,
  request: { token: () => jwt(more) },
  want: { status, ...(status !== 200 && { code: status === 403 ? "token_not_granted" : "invalid_token" }) },
  ...(status === 200 && { sent: [CONVERSATIONS] }),
});
const EVERYBODY = [{ everybody: true }];
const ENTRA = "https://login.microsoftonline.com/fake-tenant/v2.0";
const BY_SUB = { nameClaim: "sub", grants: EVERYBODY };
const by = (grant) => ({ nameClaim: "sub", grants: [grant] });
const BOTH = by({
  all: [
    { claim: "email", domain: "corp.example" },
    { claim: "groups", is: ["admins", "owners"] },
  ],
});
const SERVICES = {
  nameClaim: ["email", "common_name"],
  grants: [
    { claim: "email", domain: "corp.example" },
    { claim: "common_name", is: "fake.access" },
  ],
};

const ALG = "ERR_JOSE_ALG_NOT_ALLOWED";
const SIGNATURE = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
const NO_KEY = "ERR_JWKS_NO_MATCHING_KEY";
const JWS = "ERR_JWS_INVALID";
const claim = (name) => `ERR_JWT_CLAIM_VALIDATION_FAILED (${name})`;

const unsigned =
  (alg, signature = "") =>
  () =>
    `${part({ alg, kid: "rsa" })}.${part(claims())}.${signature}`;
const pem = rsa.publicKey.export({ format: "pem", type: "spki" });
/** The order of P-256, which is invalid as r and as s. */
const ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
const ecToken = (signature) => () => jws({ alg: "ES256", kid: "ec" }, claims(), signature);
const resigned = (make) => () => {
  const [header, payload, signature] = jwt().split(".");
  return make(header, payload, signature);
};
/** Another spelling of the same bytes for a lenient decoder. */
const otherBits = (text) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1);
const p384 = pair("ES384", "ec", "ec", { namedCurve: "P-384" });
const wide = pair("RS256", "rsa", "rsa", { modulusLength: 1024 });
/** `{"email":"ann@corp.example",…}` as text, with additions before its end, without the claims that are `undefined` here. */
const raw =
  (more, without = {}) =>
  () =>
    jws({ alg: "RS256", kid: "rsa" }, JSON.stringify(claims(without)).replace(/\}$/, `${more}}`), rsa.signed);

export default [
  yes("the issuer's own, with RS256", () => jwt()),
  yes("the issuer's own, with ES256", () => jwt({}, {}, ec)),
  yes("the issuer's own, with EdDSA", () => jwt({}, {}, ed)),

  // The algorithm.
  ...[
    "none",
    "None",
    "NONE",
    "nOnE",
    "none ",
    "",
    "HS512",
    "rs256",
    "RS256 ",
    "RS256\u0000",
    "RS384",
    "PS256",
    "ES384",
    "ES256K",
    "Ed25519",
    "Ed448",
    "RSA-OAEP",
    "dir",
    "A128KW",
    "__proto__",
    "toString",
  ].flatMap((alg) => [
    no(`alg ${JSON.stringify(alg)}, no signature`, unsigned(alg), alg === "" ? JWS : ALG),
    no(`alg ${JSON.stringify(alg)}, the signature of RS256`, () => jwt({}, { alg }), alg === "" ? JWS : ALG),
  ]),
  ...[null, 0, ["RS256"], { RS256: 1 }, true, undefined].map((alg) =>
    no(`alg ${JSON.stringify(alg)}, which is no text`, () => jwt({}, { alg }), JWS),
  ),
  no("HS256 with the public key's PEM for a secret", () => hmac("HS256", pem), ALG),
  no("HS256 with the PEM without its last line break", () => hmac("HS256", pem.trimEnd()), ALG),
  no("HS256 with the PEM of PKCS #1", () => hmac("HS256", rsa.publicKey.export({ format: "pem", type: "pkcs1" })), ALG),
  no(
    "HS256 with the public key's DER",
    () => hmac("HS256", rsa.publicKey.export({ format: "der", type: "spki" })),
    ALG,
  ),
  no("HS256 with the public JWK", () => hmac("HS256", JSON.stringify(rsa.jwk)), ALG),
  no("HS256 with the modulus", () => hmac("HS256", Buffer.from(rsa.jwk.n, "base64url")), ALG),
  no("HS256 with nothing for a secret", () => hmac("HS256", ""), ALG),
  no("HS384 with the PEM", () => hmac("HS384", pem), ALG),
  no("HS512 with the PEM", () => hmac("HS512", pem), ALG),
  no("an HMAC that says RS256", () => hmac("HS256", pem, { alg: "RS256" }), SIGNATURE),
  no(
    "an HMAC that says ES256",
    () => hmac("HS256", ec.publicKey.export({ format: "pem", type: "spki" }), { alg: "ES256", kid: "ec" }),
    SIGNATURE,
  ),
  no("RS256 over the EC key", () => jwt({}, { kid: "ec" }), NO_KEY),
  no("ES256 over the RSA key", () => jwt({}, { kid: "rsa" }, ec), NO_KEY),
  no("EdDSA over the EC key", () => jwt({}, { kid: "ec" }, ed), NO_KEY),
  no("ES256 with a key of P-384", () => jws({ alg: "ES256", kid: "ec" }, claims(), p384.signed), SIGNATURE),
  no(
    "ES384, which is not listed, with a key of P-384",
    () => jws({ alg: "ES384", kid: "ec" }, claims(), p384.signed),
    ALG,
  ),
  no("an RSA key of 1024 bits, a stranger's", () => jwt({}, {}, wide), SIGNATURE),

  // The signature.
  no(
    "ES256 with r and s of zero",
    ecToken(() => Buffer.alloc(64)),
    SIGNATURE,
  ),
  no(
    "ES256 with r of zero",
    ecToken((text) => Buffer.concat([Buffer.alloc(32), ec.signed(text).subarray(32)])),
    SIGNATURE,
  ),
  no(
    "ES256 with s of zero",
    ecToken((text) => Buffer.concat([ec.signed(text).subarray(0, 32), Buffer.alloc(32)])),
    SIGNATURE,
  ),
  no(
    "ES256 with r and s of the curve's order",
    ecToken(() => Buffer.concat([ORDER, ORDER])),
    SIGNATURE,
  ),
  no(
    "ES256 with r and s of one",
    ecToken(() => Buffer.from([...Buffer.alloc(31), 1, ...Buffer.alloc(31), 1])),
    SIGNATURE,
  ),
  no(
    "ES256 with r and s of ones",
    ecToken(() => Buffer.alloc(64, 0xff)),
    SIGNATURE,
  ),
  no(
    "ES256 with s twice",
    ecToken((text) => Buffer.concat([ec.signed(text).subarray(32), ec.signed(text).subarray(32)])),
    SIGNATURE,
  ),
  no(
    "ES256 a byte short",
    ecToken((text) => ec.signed(text).subarray(0, 63)),
    SIGNATURE,
  ),
  no(
    "ES256 a byte long",
    ecToken((text) => Buffer.concat([ec.signed(text), Buffer.alloc(1)])),
    SIGNATURE,
  ),
  no(
    "ES256 in DER",
    ecToken(() => Buffer.from("3006020101020101", "hex")),
    SIGNATURE,
  ),
  no("EdDSA of zeros", () => jws({ alg: "EdDSA", kid: "ed" }, claims(), () => Buffer.alloc(64)), SIGNATURE),
  no(
    "EdDSA with a point of small order",
    () => jws({ alg: "EdDSA", kid: "ed" }, claims(), () => Buffer.from([1, ...Buffer.alloc(63)])),
    SIGNATURE,
  ),
  no("RS256 of zeros", () => jws({ alg: "RS256", kid: "rsa" }, claims(), () => Buffer.alloc(256)), SIGNATURE),
  no(
    "RS256 of one",
    () => jws({ alg: "RS256", kid: "rsa" }, claims(), () => Buffer.from([...Buffer.alloc(255), 1])),
    SIGNATURE,
  ),
  no(
    "RS256 that is the modulus",
    () => jws({ alg: "RS256", kid: "rsa" }, claims(), () => Buffer.from(rsa.jwk.n, "base64url")),
    SIGNATURE,
  ),
  no(
    "RS256 cut in half",
    () => jws({ alg: "RS256", kid: "rsa" }, claims(), (text) => rsa.signed(text).subarray(0, 128)),
    SIGNATURE,
  ),
  no(
    "no signature",
    resigned((header, payload) => `${header}.${payload}.`),
    SIGNATURE,
  ),
  no(
    "a signature of one letter",
    resigned((header, payload) => `${header}.${payload}.A`),
    JWS,
  ),
  no("another's key under the issuer's name for one", () => jwt({}, {}, stranger), SIGNATURE),
  no(
    "the signature of another token of the issuer",
    () => `${jwt({ email: "eve@corp.example" }).split(".", 2).join(".")}.${jwt().split(".")[2]}`,
    SIGNATURE,
  ),
  no(
    "the payload of another token, the header and signature its own",
    resigned((header, _, signature) => `${header}.${part(claims({ email: "eve@corp.example" }))}.${signature}`),
    SIGNATURE,
  ),
  no(
    "the signature over the payload alone",
    () => jws({ alg: "RS256", kid: "rsa" }, claims(), (text) => rsa.signed(text.split(".")[1])),
    SIGNATURE,
  ),
  no(
    "the signature over the parts in the other order",
    () => jws({ alg: "RS256", kid: "rsa" }, claims(), (text) => rsa.signed(text.split(".").reverse().join("."))),
    SIGNATURE,
  ),
  no(
    "a changed letter of the signature",
    resigned(
      (header, payload, signature) =>
        `${header}.${payload}.${signature.slice(0, -2)}${signature.at(-2) === "A" ? "B" : "A"}${signature.at(-1)}`,
    ),
    SIGNATURE,
  ),
  no(
    "padding behind the signature",
    resigned((...parts) => `${parts.join(".")}==`),
  ),
  // Another spelling of the same token, which does not matter here.
  yes(
    "bits in the signature's last letter that no byte has",
    resigned((header, payload, signature) => `${header}.${payload}.${otherBits(signature)}`),
  ),
  row(
    "padding behind the payload",
    resigned((header, payload, signature) => `${header}.${payload}=.${signature}`),
    { status: 400, code: "authorization_malformed" },
  ),
  no(
    "base64 with + instead of base64url",
    resigned((header, payload) => `${header}.${payload}.++++`),
  ),

  // The header.
  no(
    "crit with an extension that nobody knows",
    () => jwt({}, { crit: ["fake-extension"], "fake-extension": 1 }),
    "ERR_JOSE_NOT_SUPPORTED",
  ),
  no("crit with exp", () => jwt({}, { crit: ["exp"], exp: 1 }), "ERR_JOSE_NOT_SUPPORTED"),
  no("crit with alg", () => jwt({}, { crit: ["alg"] }), "ERR_JOSE_NOT_SUPPORTED"),
  no("crit with a member that is not there", () => jwt({}, { crit: ["b64"] }), JWS),
  no("crit of nothing", () => jwt({}, { crit: [] }), JWS),
  no("crit that is a text", () => jwt({}, { crit: "b64", b64: true }), JWS),
  no("crit null", () => jwt({}, { crit: null }), JWS),
  no(
    "b64 false: the payload as it is",
    () => {
      const header = part({ alg: "RS256", kid: "rsa", b64: false, crit: ["b64"] });
      return `${header}.${part(claims())}.${rsa.signed(`${header}.${part(claims())}`).toString("base64url")}`;
    },
    "ERR_JWT_INVALID",
  ),
  no("b64 that is no flag", () => jwt({}, { b64: "false", crit: ["b64"] }), JWS),
  no(
    "a key that the token brings along, signed with it",
    () => jwt({}, { kid: "own", jwk: stranger.jwk }, stranger),
    NO_KEY,
  ),
  no("the same under the issuer's name for a key", () => jwt({}, { jwk: stranger.jwk }, stranger), SIGNATURE),
  no(
    "a private key that the token brings along",
    () => jwt({}, { jwk: stranger.privateKey.export({ format: "jwk" }) }, stranger),
    SIGNATURE,
  ),
  no("a key set that the token names", () => jwt({}, { kid: "own", jku: "http://{other}/keys" }, stranger), NO_KEY),
  no(
    "a key set that the token names, under the issuer's name for a key",
    () => jwt({}, { jku: "http://{other}/keys" }, stranger),
    SIGNATURE,
  ),
  no("a certificate that the token names", () => jwt({}, { x5u: "http://{other}/cert.pem" }, stranger), SIGNATURE),
  no(
    "a certificate that the token brings along",
    () =>
      jwt(
        {},
        { x5c: [stranger.publicKey.export({ format: "der", type: "spki" }).toString("base64")], x5t: "fake" },
        stranger,
      ),
    SIGNATURE,
  ),
  no(
    "a key of another's in every place there is",
    () => jwt({}, { jwk: stranger.jwk, jku: "http://{other}/", x5u: "http://{other}/", x5c: ["fake"] }, stranger),
    SIGNATURE,
  ),
  ...[
    "nobody",
    "",
    "../../../dev/null",
    "..\\..\\windows\\win.ini",
    "file:///dev/null",
    "http://{other}/key",
    "rsa' OR '1'='1",
    "rsa'; DROP TABLE keys; --",
    "rsa\u0000",
    "rsa ",
    "RSA",
    "$(id)",
    "| id",
    "${7*7}",
    "__proto__",
    "constructor",
    "a".repeat(5000),
  ].map((kid) => no(`kid ${JSON.stringify(kid).slice(0, 40)}`, () => jwt({}, { kid }), NO_KEY)),
  ...[0, null, true, ["rsa"], { toString: "rsa" }].map((kid) =>
    no(`kid ${JSON.stringify(kid)}, which is no text`, () => jwt({}, { kid })),
  ),
  yes("no kid: the one key of its algorithm", () => jwt({}, { kid: undefined })),
  ...["JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT", undefined].map((typ) =>
    yes(`typ ${JSON.stringify(typ)}`, () => jwt({}, { typ })),
  ),
  ...[
    "logout+jwt",
    "application/logout+jwt",
    "LOGOUT+JWT",
    "secevent+jwt",
    "dpop+jwt",
    "kb+jwt",
    "+jwt",
    "stat+jwt",
    "fake",
    "",
  ].map((typ) => no(`typ ${typ}: a token of the issuer's for something else`, () => jwt({}, { typ }), "typ")),
  ...[1, null, ["JWT"]].map((typ) => no(`typ ${JSON.stringify(typ)}, which is no text`, () => jwt({}, { typ }))),
  yes("members of the header that mean nothing", () => jwt({}, { zip: "DEF", "fake-member": { a: [1] } })),
  no("a header that is no JSON", () => jws("eyJ", claims(), rsa.signed)),
  no("a header cut in its middle", () => jws('{"alg":"RS256","kid":"rsa"', claims(), rsa.signed), JWS),
  no("a header with something behind it", () => jws('{"alg":"RS256","kid":"rsa"}{}', claims(), rsa.signed), JWS),
  no(
    "a header of no UTF-8",
    () => jws(Buffer.from('{"alg":"RS256","kid":"rsa","x":"\xff"}', "latin1"), claims(), rsa.signed),
    JWS,
  ),
  no("alg twice, none last", () => jws('{"alg":"RS256","kid":"rsa","alg":"none"}', claims(), rsa.signed), ALG),
  no(
    "alg twice, none last, no signature",
    () => `${part('{"alg":"RS256","kid":"rsa","alg":"none"}')}.${part(claims())}.`,
    ALG,
  ),
  no(
    "alg twice, none first, no signature",
    () => `${part('{"alg":"none","kid":"rsa","alg":"RS256"}')}.${part(claims())}.`,
    SIGNATURE,
  ),
  no("alg in the payload alone", () => jws({ kid: "rsa" }, claims({ alg: "RS256" }), rsa.signed), JWS),
  no(
    "typ twice, the harmless one last",
    () => jws('{"alg":"RS256","kid":"rsa","typ":"logout+jwt","typ":"JWT"}', claims(), rsa.signed),
    JWS,
  ),
  no("alg of a prototype's", () => jws('{"__proto__":{"alg":"RS256"},"kid":"rsa"}', claims(), rsa.signed), JWS),

  // The form.
  no(
    "two parts",
    resigned((header, payload) => `${header}.${payload}`),
  ),
  no(
    "four parts",
    resigned((...parts) => [...parts, "AAAA"].join(".")),
  ),
  no(
    "five parts, as encrypted ones have",
    () => `${part({ alg: "RSA-OAEP", enc: "A256GCM", kid: "rsa" })}.AAAA.AAAA.AAAA.AAAA`,
  ),
  no(
    "five parts, encrypted directly with nothing",
    () => `${part({ alg: "dir", enc: "A128CBC-HS256" })}..AAAA.AAAA.AAAA`,
  ),
  no("a thousand parts", () => `${part({ alg: "RS256" })}${".AAAA".repeat(1000)}`),
  no(
    "no payload",
    resigned((header, _, signature) => `${header}..${signature}`),
  ),
  no(
    "no header",
    resigned((_, payload, signature) => `.${payload}.${signature}`),
  ),
  no("a header of blanks before its brace", () => jws(' {"alg":"RS256","kid":"rsa"}', claims(), rsa.signed)),
  no(
    "one token inside another",
    () => jws({ alg: "RS256", kid: "rsa", cty: "JWT" }, jwt(), rsa.signed),
    "ERR_JWT_INVALID",
  ),
  no("a session's first part before it", () => `s1.${jwt()}`),
  row(
    "the JSON serialization",
    () =>
      JSON.stringify({ protected: part({ alg: "none" }), payload: part(claims()), signature: "" }).replaceAll('"', ""),
    { status: 400, code: "authorization_repeated" },
  ),
  no("20 KB of it", () => jwt({ more: "a".repeat(15_000) }), "too long"),
  row(
    "as Authorization: JWT",
    null,
    { status: 401, code: "authorization_scheme" },
    { request: { token: null, headers: [["Authorization", () => `JWT ${jwt()}`]] } },
  ),
  row(
    "as Authorization: DPoP",
    null,
    { status: 401, code: "authorization_scheme" },
    { request: { token: null, headers: [["Authorization", () => `DPoP ${jwt()}`]] } },
  ),
  row(
    "beside a token of a caller",
    null,
    { status: 400, code: "authorization_repeated" },
    { request: { headers: [["Authorization", () => `Bearer ${jwt()}`]] } },
  ),
  row(
    "in the query",
    null,
    { status: 401, code: "authorization_missing" },
    { request: { token: null, target: () => `/v2/x?access_token=${jwt()}` } },
  ),
  row(
    "in a cookie",
    null,
    { status: 401, code: "authorization_missing" },
    { request: { token: null, headers: [["Cookie", () => `CF_Authorization=${jwt()}`]] } },
  ),
  row(
    "in the header of another Worker's configuration",
    null,
    { status: 401, code: "authorization_missing" },
    { request: { token: null, headers: [["Cf-Access-Jwt-Assertion", () => jwt()]] } },
  ),

  // The payload.
  ...["", "null", "[]", '"text"', "1", "{", '{"exp":1}{}', "\ufeff{}", Buffer.from('{"iss":"\xff"}', "latin1")].map(
    (payload) =>
      no(`a payload that is no claims: ${JSON.stringify(String(payload))}`, () =>
        jws({ alg: "RS256", kid: "rsa" }, payload, rsa.signed),
      ),
  ),
  ungranted("an address twice, the granted one first", raw(',"email":"eve@other.example"')),
  ungranted("an address twice, the granted one last", () =>
    jws(
      { alg: "RS256", kid: "rsa" },
      JSON.stringify(claims({ email: undefined })).replace(
        "{",
        '{"email":"eve@other.example","email":"ann@corp.example",',
      ),
      rsa.signed,
    ),
  ),
  no("exp twice, the past one last", raw(',"exp":1'), claim("exp")),
  no("exp twice, the later one last", raw(',"exp":9999999999'), claim("exp")),
  no("nbf twice, the past one last", raw(',"nbf":1'), claim("nbf")),
  no("iss twice, the same", raw(`,"iss":"${ISSUER}"`), claim("iss")),
  no("aud twice, the other one last", raw(',"aud":"another"'), claim("aud")),
  ungranted("claims in a prototype", () =>
    jws(
      { alg: "RS256", kid: "rsa" },
      JSON.stringify(claims({ email: undefined })).replace(/\}$/, ',"__proto__":{"email":"ann@corp.example"}}'),
      rsa.signed,
    ),
  ),
  no(
    "exp in a prototype",
    () =>
      jws(
        { alg: "RS256", kid: "rsa" },
        JSON.stringify(claims({ exp: undefined })).replace(/\}$/, ',"__proto__":{"exp":9999999999}}'),
        rsa.signed,
      ),
    claim("exp"),
  ),

  // Times.
  no("no exp", () => jwt({ exp: undefined }), claim("exp")),
  ...[
    ["null", null],
    ["a text", "9999999999"],
    ["true", true],
    ["a list", [9999999999]],
    ["an object", {}],
  ].map(([name, exp]) => no(`exp is ${name}`, () => jwt({ exp }), claim("exp"))),
  no("exp is zero", () => jwt({ exp: 0 }), "ERR_JWT_EXPIRED (exp)"),
  no("exp is negative", () => jwt({ exp: -1 }), "ERR_JWT_EXPIRED (exp)"),
  no("exp is less than any number", raw(',"exp":-1e999', { exp: undefined }), "ERR_JWT_EXPIRED (exp)"),
  no("expired, a second beyond the leeway", () => jwt({ exp: now() - 31 }), "ERR_JWT_EXPIRED (exp)"),
  no("expired as long ago as the leeway lasts", () => jwt({ exp: now() - 30 }), "ERR_JWT_EXPIRED (exp)"),
  yes("expired within the leeway", () => jwt({ exp: now() - 10 })),
  yes("exp is a fraction", () => jwt({ exp: now() + 60.5 })),
  no("nbf beyond the leeway", () => jwt({ nbf: now() + 60 }), claim("nbf")),
  yes("nbf within the leeway", () => jwt({ nbf: now() + 10 })),
  no("nbf is a text", () => jwt({ nbf: "0" }), claim("nbf")),
  no("nbf is null", () => jwt({ nbf: null }), claim("nbf")),
  no("nbf is more than any number", raw(',"nbf":1e999', { nbf: undefined }), claim("nbf")),
  no("iat is a text", () => jwt({ iat: "now" }), claim("iat")),

  // Audience and issuer.
  no("no aud", () => jwt({ aud: undefined }), claim("aud")),
  ...[
    ["another", "another-application"],
    ["a list of others", ["another", "third"]],
    ["an empty list", []],
    ["an empty text", ""],
    ["null", null],
    ["an object", { 0: AUDIENCE }],
    ["a list in a list", [[AUDIENCE]]],
    ["a list in a text", `another,${AUDIENCE}`],
    ["a blank longer", `${AUDIENCE} `],
    ["in capitals", AUDIENCE.toUpperCase()],
    ["a prefix", AUDIENCE.slice(0, -1)],
    ["a wildcard", "*"],
    ["an address that ends with it", `https://evil.example/${AUDIENCE}`],
  ].map(([name, aud]) => no(`aud is ${name}`, () => jwt({ aud }), claim("aud"))),
  yes("aud among others", () => jwt({ aud: ["another", AUDIENCE] })),
  yes("aud as a text", () => jwt({ aud: AUDIENCE })),
  ...[
    ["not there", undefined],
    ["another", "https://other-team.example"],
    ["with a slash", `${ISSUER}/`],
    ["in capitals", ISSUER.toUpperCase()],
    ["with a capital host", "https://Fake-team.example"],
    ["in plain http", ISSUER.replace("https", "http")],
    ["with its port", `${ISSUER}:443`],
    ["a prefix of another's name", `${ISSUER}.evil.example`],
    ["behind a user", "https://fake-team.example@evil.example"],
    ["a list", [ISSUER]],
    ["an object", { toString: ISSUER }],
    ["null", null],
    ["a blank longer", ` ${ISSUER}`],
  ].map(([name, iss]) => no(`iss is ${name}`, () => jwt({ iss }), claim("iss"))),

  // Grants.
  ...[
    ["of another domain", "eve@other.example"],
    ["of a domain that begins with it", "eve@corp.example.evil.example"],
    ["in capitals", "ann@CORP.EXAMPLE"],
    ["a list", ["ann@corp.example"]],
    ["an object", { email: "ann@corp.example" }],
    ["null", null],
    ["true", true],
    ["with a blank", "a b@corp.example"],
    ["with a line break", "ann\n{}@corp.example"],
    ["with a NUL", "eve\u0000@corp.example"],
    ["with look-alikes", "аnn@corp.example"],
    ["of 5,000 letters", `${"a".repeat(5000)}@corp.example`],
    ["not there", undefined],
    ["empty", ""],
  ].map(([name, email]) => ungranted(`an address ${name}`, () => jwt({ email }))),

  ungranted("an address with two @, the last domain's", () => jwt({ email: "attacker@evil.example@corp.example" })),
  ungranted("an address with two @, quoted", () => jwt({ email: '"a@b"@corp.example' })),
  ungranted("an address of nobody", () => jwt({ email: "@corp.example" })),
  ...[false, "false", null, 0, 1, "True", "yes", "", [true], {}].map((email_verified) =>
    ungranted(`an address of which email_verified is ${JSON.stringify(email_verified)}`, () => jwt({ email_verified })),
  ),
  ungranted("an address that is verified and is not", raw(',"email_verified":true,"email_verified":false')),
  ...[true, "true"].map((email_verified) =>
    yes(`an address of which email_verified is ${JSON.stringify(email_verified)}`, () => jwt({ email_verified })),
  ),
  ...[{}, { emailVerified: "required" }, { issuer: ENTRA }].map((terms) =>
    granted(
      `an address of which nothing is said, ${JSON.stringify(terms)}`,
      terms,
      { iss: terms.issuer ?? ISSUER, email_verified: undefined },
      403,
    ),
  ),
  granted("an address that has to be verified, and is", { emailVerified: "required" }, { email_verified: true }),
  granted("an address of an issuer that vouches for each", { emailVerified: "issuer" }, { email_verified: undefined }),
  granted("and says no of this one", { emailVerified: "issuer" }, { email_verified: false }, 403),
  granted(
    "a domain in another claim, of which nothing is said",
    by({ claim: "upn", domain: "corp.example" }),
    { upn: "ann@corp.example", email_verified: undefined },
    403,
  ),
  granted(
    "a domain in another claim of an issuer that vouches",
    { ...by({ claim: "upn", domain: "corp.example" }), emailVerified: "issuer" },
    { upn: "ann@corp.example", email_verified: undefined },
  ),
  granted("a subject's unverified address is nobody's business", BY_SUB, { email_verified: false }),

  // Several claims, and claims of several kinds.
  ...[
    ["both hold", { groups: ["admins"] }, 200],
    ["one is not there", {}, 403],
    ["one has another value", { groups: ["guests"] }, 403],
    ["the other one is not verified", { groups: ["admins"], email_verified: false }, 403],
    ["the other one is of another domain", { groups: ["admins"], email: "eve@evil.example" }, 403],
  ].map(([name, more, status]) => granted(`two claims of which ${name}`, BOTH, more, status)),
  ...[
    ["in the list", "openid attention.read profile", 200],
    ["alone", "attention.read", 200],
    ["as an element", ["openid", "attention.read"], 200],
    ["as the beginning of one", "attention.readwrite", 403],
    ["as the end of one", "not-attention.read", 403],
    ["between commas", "openid,attention.read", 403],
    ["in another case", "Attention.Read", 403],
    ["in a list in a list", [["attention.read"]], 403],
    ["not there", undefined, 403],
  ].flatMap(([name, value, status]) =>
    ["scope", "scp"].map((claim) =>
      granted(`${claim}: ${name}`, by({ claim, is: "attention.read" }), { [claim]: value }, status),
    ),
  ),
  ...[
    [true, true, 200],
    ["true", true, 200],
    ["true", "true", 200],
    [true, "true", 403],
    [true, false, 403],
    [true, 1, 403],
    [false, false, 200],
    [false, undefined, 403],
    [3, 3, 200],
    [3, "3", 403],
    [3, 3.5, 403],
    [[1, "x"], [7, "x"], 200],
  ].map(([is, flag, status]) =>
    granted(
      `a claim that is ${JSON.stringify(flag)} where ${JSON.stringify(is)} is asked for`,
      by({ claim: "flag", is }),
      { flag },
      status,
    ),
  ),
  ...[
    ["ann@corp.example", 200],
    ["Ann.O'Neil+x@CORP.Example", 200],
    ["ann@sub.corp.example", 403],
    ["ann@notcorp.example", 403],
    ["ann@corp.example.", 403],
    ["ann@corp.example.evil.example", 403],
    ["a@evil.example@corp.example", 403],
    ["corp.example", 403],
    ["@corp.example", 403],
    ["ann@", 403],
    ["ann@corp.example\n", 403],
    ["ann @corp.example", 403],
    ["ann@ corp.example", 403],
    ["ann@CORP\u2024example", 403],
    ["<x@evil.example>ann@corp.example", 403],
  ].map(([email, status]) =>
    granted(
      `domain: ${JSON.stringify(email)}`,
      { nameClaim: "sub", grants: [{ claim: "email", domain: "corp.example" }] },
      { email },
      status,
    ),
  ),

  // Names from issuers.
  ...[
    "auth0|5f7c8ec7c33c6c004bbafe82",
    "repo:octo-org/octo-repo:ref:refs/heads/main",
    "system:serviceaccount:ns:name",
    "urn:uuid:9f1c0f6e-53d8-4fb6-8f4b-8ab8f30e1f0a",
    "CN=Ann Example,OU=Sales",
    "Zo\u00eb \u674e",
    "x".repeat(255),
    "x".repeat(5000),
    'a"b\\c',
    "a\nb",
    "a\u202eb",
    "a\u0000b",
  ].map((sub) => granted(`the name ${JSON.stringify(sub).slice(0, 50)} (${sub.length})`, BY_SUB, { sub })),
  ...["", null, 7, ["user-1"], {}, undefined, "a\ufffdb"].map((sub) =>
    granted(`the name ${JSON.stringify(sub)}, which is none`, BY_SUB, { sub }, 403),
  ),
  granted("a service of Access, by its second name", SERVICES, {
    email: undefined,
    sub: "",
    common_name: "fake.access",
  }),
  granted("a service that is not named", SERVICES, { email: undefined, sub: "", common_name: "other.access" }, 403),
  granted(
    "a first name that is none does not lead to the second",
    SERVICES,
    { email: null, common_name: "fake.access" },
    403,
  ),

  // Purposes.
  ...["nonce", "at_hash", "c_hash", "events", "cnf"].map((name) =>
    no(
      `a token with ${name}`,
      () => jwt({ [name]: name === "events" || name === "cnf" ? {} : "fake" }),
      `issued for another purpose (${name})`,
    ),
  ),
  ...[
    ["token_use", "id"],
    ["token_use", "refresh"],
    ["token_use", 1],
    ["typ", "ID"],
    ["typ", "Refresh"],
    ["type", "org"],
  ].map(([name, value]) =>
    no(`a token whose ${name} is ${value}`, () => jwt({ [name]: value }), `issued for another purpose (${name})`),
  ),
  ...[
    ["token_use", "access"],
    ["typ", "Bearer"],
    ["typ", "JWT"],
    ["type", "app"],
    ["identity_nonce", "fake"],
  ].map(([name, value]) => yes(`a token whose ${name} is ${value}`, () => jwt({ [name]: value }))),
  granted("an ID token where ID tokens are believed", { tokens: "id" }, { nonce: "fake", at_hash: "fake" }),
  granted("an ID token where both are", { tokens: "any" }, { nonce: "fake" }),
  granted("a token for access where ID tokens are believed", { tokens: "id" }, { token_use: "access" }, 401),
  granted("a logout token where both are", { tokens: "any" }, { events: {} }, 401),
  granted("a client that is named", { clients: ["own"] }, { azp: "own" }),
  granted("a client that is named, as RFC 9068 has it", { clients: "own" }, { client_id: "own" }),
  granted("a client that is not named", { clients: ["own"] }, { azp: "other" }, 401),
  granted("two clients of which one is not named", { clients: ["own"] }, { azp: "own", client_id: "other" }, 401),
  granted("no client where one has to be", { clients: ["own"] }, {}, 401),

  // Where JWTs are not accepted.
  {
    name: "it cannot mint a session",
    service: "sessions",
    request: { method: "POST", target: "/sessions", token: () => jwt(), body: "{}" },
    want: { status: 403, code: "route_denied" },
  },
  {
    name: "it is not the operator's token",
    service: "sessions",
    request: { method: "POST", target: "/admin/keys/current/test", token: () => jwt() },
    want: { status: 401, code: "invalid_token" },
  },
  {
    name: "it cannot read keys",
    service: "jwt",
    request: { target: "/v2/api_keys", token: () => jwt() },
    want: { status: 403, code: "route_denied" },
  },
  {
    name: "without an issuer, it is an unknown token",
    request: { token: () => jwt() },
    want: { status: 401, code: "invalid_token" },
  },
  row("a session is no JWT", () => session(), { status: 401, code: "invalid_token" }),

  // In a separate header, as from Cloudflare Access.
  ...Object.entries({
    "of another's key": () => jwt({}, {}, stranger),
    "for another application": () => jwt({ aud: ["another"] }),
    "no JWT": "x",
    "three letters and two dots": "a.b.c",
    empty: "",
    "with a scheme before it": () => `Bearer ${jwt()}`,
    "two in one": () => `${jwt()}, ${jwt()}`,
    "of 17 KB": `eyJ${"a".repeat(17_000)}`,
  }).map(([name, value]) => ({
    name: `an assertion ${name} is refused despite a caller's token`,
    service: "access",
    request: { headers: [["Cf-Access-Jwt-Assertion", value]] },
    want: { status: 401, code: "invalid_token" },
  })),
  {
    name: "two assertions, a valid one first",
    service: "access",
    request: {
      token: null,
      headers: [
        ["Cf-Access-Jwt-Assertion", () => jwt()],
        ["Cf-Access-Jwt-Assertion", () => jwt({}, {}, stranger)],
      ],
    },
    want: { status: 401, code: "invalid_token" },
  },
  {
    name: "a valid assertion is not forwarded",
    service: "access",
    request: {
      token: null,
      headers: [
        ["Cf-Access-Jwt-Assertion", () => jwt()],
        ["Cookie", "CF_Authorization=fake"],
      ],
    },
    want: { status: 200 },
    sent: [{ ...CONVERSATIONS, headers: { "cf-access-jwt-assertion": null, cookie: null } }],
  },
  {
    name: "an assertion where a token belongs",
    service: "access",
    request: { token: () => jwt() },
    want: { status: 401, code: "invalid_token" },
  },
  {
    name: "an assertion only in a cookie",
    service: "access",
    request: { token: null, headers: [["Cookie", () => `CF_Authorization=${jwt()}`]] },
    want: { status: 401, code: "authorization_missing" },
  },
];
