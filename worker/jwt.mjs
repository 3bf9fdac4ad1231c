// Whether a request carries a JWT of the issuer that the configuration believes.
// The terms are the gatekeeper's; `jose` holds to them.
import { createLocalJWKSet, errors, jwtVerify } from "jose";

const KEYS_BYTES = 256 * 1024;
const KEYS_MILLIS = 5_000;
// A key set is asked for again when it is this old, and when a token names a key
// that is not in it, but not more often than the second number says: a stream of
// made-up key names must not become a stream of look-ups.
const FRESH_MILLIS = 10 * 60_000;
const COOLDOWN_MILLIS = 30_000;
const TOKEN_CHARACTERS = 16 * 1024;

// Gives a function of a request's headers that gives nothing when no JWT is
// there, `{ claims }` for a good one, as JSON, and `{ refusal }` for another.
export function verifier(terms) {
  const options = {
    issuer: terms.issuer,
    audience: terms.audience,
    algorithms: terms.algorithms,
    clockTolerance: terms.leewaySeconds,
    requiredClaims: ["exp"],
  };
  let keys;
  let askedAt = -Infinity;
  let asking = false;

  // The last key set that was had stays in use while the issuer does not answer.
  async function keySet(renew) {
    // What another request has asked for will do. It is looked for by a timer of
    // one's own: the other's promise never settles when its caller goes away.
    while (asking && (keys === undefined || renew) && Date.now() - askedAt < KEYS_MILLIS) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const age = Date.now() - askedAt;
    if (keys === undefined ? age > 1_000 : age > (renew ? COOLDOWN_MILLIS : FRESH_MILLIS)) {
      askedAt = Date.now();
      asking = true;
      keys = (await fetchKeys(terms.jwks)) ?? keys;
      asking = false;
    }
    if (keys === undefined) throw new errors.JWKSTimeout();
    return keys;
  }

  return async (headers) => {
    const token = tokenOf(headers, terms.header);
    if (token === undefined) return undefined;
    if (token.length > TOKEN_CHARACTERS) return { refusal: "too long" };
    try {
      return await check(false);
    } catch (error) {
      if (error?.code !== "ERR_JWKS_NO_MATCHING_KEY") return { refusal: reason(error) };
    }
    try {
      return await check(true);
    } catch (error) {
      return { refusal: reason(error) };
    }

    async function check(renew) {
      const { payload, protectedHeader } = await jwtVerify(token, await keySet(renew), options);
      if (isOfAnotherKind(protectedHeader.typ)) return { refusal: "typ" };
      return { claims: JSON.stringify(payload) };
    }
  };
}

// RFC 8725 §3.11: what is typed as something else than a token for access is none,
// such as an issuer's `logout+jwt`. A `typ` that names no kind says nothing.
const isOfAnotherKind = (typ) =>
  typ !== undefined && (typeof typ !== "string" || (/\+jwt$/i.test(typ) && !/at\+jwt$/i.test(typ)));

// jose names the fault and, for claims, which one; never a value.
const reason = (error) => `${error?.code ?? "unreadable"}${error?.claim ? ` (${error.claim})` : ""}`;

function tokenOf(headers, header) {
  if (header !== undefined) return headers.get(header) ?? undefined;
  const value = /^bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(headers.get("authorization") ?? "")?.[1];
  // A session has three parts too, of which the first is no JOSE header.
  return value?.startsWith("eyJ") ? value : undefined;
}

// A key set that does not come, is a redirect, too large or not one is none.
async function fetchKeys(url) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), KEYS_MILLIS);
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: controller.signal,
      headers: { accept: "application/json" },
    });
    if (response.status !== 200) return undefined;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      if (text.length > KEYS_BYTES) {
        controller.abort();
        return undefined;
      }
    }
    return createLocalJWKSet(JSON.parse(text));
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
