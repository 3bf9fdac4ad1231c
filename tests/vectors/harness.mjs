// Drives the binding's `Upstream` through the golden vectors. The same in every
// runtime: nothing is imported, time and chance come from the cases.

/** The files that say something of the wasm package, by name. */
export const FILES = [
  "authorization.json",
  "keys.json",
  "urls.json",
  "errors.json",
  "retry_after.json",
  "retries.json",
  "ring.json",
];

const ACTIONS = ["send", "wait", "success", "rejected", "failed"];
const IDEMPOTENT = 1;
const ONE_SHOT = 2;
const NOT_IDEMPOTENT = 4;
const BASE = "https://api.attention.tech/v2";
/** For cases to which the key does not matter. */
const KEY = "fake-key-of-the-vectors";

/** How many cases of each file a runtime has to run: what a report is compared with. */
export function countCases(files, runtime) {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, applicable(file, runtime).length]));
}

/** The cases of a file that a runtime runs. */
export function applicable(file, runtime) {
  return file.cases.filter(({ runs = file.runs }) => runs === undefined || runs.includes(runtime));
}

/**
 * @param {{ Upstream: Function, files: Record<string, object> }} what the class of `attention-wasm/core`, and the
 *   parsed files by name
 * @returns {Promise<{
 *   passed: number,
 *   failed: Array<{ file: string, name: string, expected?: unknown, got: unknown }>,
 *   ran: Record<string, number>,
 * }>}
 */
export async function runVectors({ Upstream, files }) {
  const failed = [];
  const ran = {};
  let passed = 0;
  for (const [file, content] of Object.entries(files)) {
    const check = CHECKS[file];
    ran[file] = 0;
    for (const each of applicable(content, "wasm")) {
      ran[file] += 1;
      try {
        check(each, content, Upstream);
        passed += 1;
      } catch (error) {
        failed.push({
          file,
          name: each.name,
          expected: error.expected,
          got: error.got ?? String(error.stack ?? error),
        });
      }
    }
  }
  return { passed, failed, ran };
}

const CHECKS = {
  "authorization.json": checkAuthorization,
  "keys.json": checkKey,
  "urls.json": checkUrl,
  "errors.json": checkError,
  "retry_after.json": checkRetryAfter,
  "retries.json": checkScript,
  "ring.json": checkScript,
};

// ------------------------------------------------------------ the cases

function checkAuthorization({ current, next, token = false, headers }, _, Upstream) {
  withUpstream(Upstream, { current: text(current), next: optional(next), token }, (upstream) => {
    same("current", upstream.authorization(0), text(headers.current));
    same("next", upstream.authorization(1) ?? null, headers.next === null ? null : text(headers.next));
  });
}

/** A text is judged alike wherever a credential can stand. */
function checkKey({ text: parts, ok, error }, _, Upstream) {
  const given = text(parts);
  const places = {
    current: { current: given },
    next: { current: KEY, next: given },
    token: { current: given, token: true },
  };
  for (const [place, keys] of Object.entries(places)) {
    const thrown = refusal(() => new Upstream(BASE, keys.current, keys.next, keys.token ?? false));
    if (ok !== undefined) {
      same(`refused as ${place}`, thrown, null);
      withUpstream(Upstream, keys, (upstream) => {
        const held = JSON.parse(upstream.keys()).keys.at(-1);
        same(`fingerprint as ${place}`, held.fingerprint, ok.fingerprint);
        // A token is opaque to its bearer, whatever it looks like.
        same(`expiry as ${place}`, held.expiresAt ?? null, place === "token" ? null : ok.expiresAt);
      });
    } else {
      checkKeyError(place, thrown, error, given);
    }
  }
  if (error === undefined) return;
  withUpstream(Upstream, { current: KEY }, (upstream) => {
    checkKeyError(
      "replacement",
      refusal(() => upstream.replaceKeys(given, undefined)),
      error,
      given,
    );
    same("what was held before", upstream.authorization(0), `Bearer ${KEY}`);
  });
}

function checkKeyError(place, thrown, { code, position, says = [] }, given) {
  if (thrown === null) fail(`refused as ${place}`, "accepted", code);
  same(`kind as ${place}`, thrown.kind, "invalid_key");
  same(`code as ${place}`, thrown.code, code);
  const told = / at position (\d+) /.exec(thrown.message);
  same(`position as ${place}`, told === null ? null : Number(told[1]), position ?? null);
  for (const words of says) contains(`message as ${place}`, thrown.message, words);
  if (given.includes("fake")) lacks(`error as ${place}`, JSON.stringify(thrown), "fake");
}

function checkUrl({ base, key = KEY, target, query, pairs, url, error }, _, Upstream) {
  const encoded = pairs === undefined ? (query === undefined ? "" : text(query)) : String(new URLSearchParams(pairs));
  let got;
  const thrown = refusal(() => {
    const upstream = new Upstream(base ?? BASE, key, undefined, false);
    try {
      upstream.begin("GET", text(target), encoded, 0, 0, -1, -1, 0);
      got = upstream.url();
    } finally {
      upstream.free();
    }
  });
  if (error === undefined) {
    same("refused", thrown, null);
    return same("url", got, text(url));
  }
  if (thrown === null) fail("refused", got, error.code);
  same("kind", thrown.kind, error.kind);
  same("code", thrown.code, error.code);
  if (error.position !== undefined) contains("message", thrown.message, `at byte ${error.position} (`);
}

function checkError({ key = KEY, token = false, history = [], status, headers = [], body, error }, { now }, Upstream) {
  withUpstream(Upstream, { current: key, token }, (upstream) => {
    for (const before of history) {
      const at = now - before.ago;
      const number = sent(upstream, at);
      if (upstream.onResponse(number, before.status, new Headers(), at, 0.5) !== 2)
        upstream.error(number, new Uint8Array(), at);
    }
    const number = sent(upstream, now);
    const action = ACTIONS[upstream.onResponse(number, status, new Headers(headers), now, 0.5)];
    if (error === null) return same("action", action, "success");
    same("action", action, "rejected");
    const got = upstream.error(number, bytes(body), now);
    same("status", JSON.parse(got).status, status);
    checkFields(got, error, [key]);
    same("open calls", upstream.openCalls(), 0);
  });
}

/** Through a 429, whose error carries what was understood. */
function checkRetryAfter({ value, now, millis }, file, Upstream) {
  withUpstream(Upstream, { current: KEY }, (upstream) => {
    const at = now ?? file.now;
    const number = sent(upstream, at);
    upstream.onResponse(number, 429, new Headers([["retry-after", text(value)]]), at, 0.5);
    same("retryAfter", JSON.parse(upstream.error(number, new Uint8Array(), at)).retryAfter ?? null, millis);
  });
}

// ------------------------------------------------------------ step by step

function checkScript({ keys, steps }, file, Upstream) {
  const held = keys ?? file.keys;
  withUpstream(Upstream, held, (upstream) => {
    const calls = {};
    for (const [index, step] of steps.entries()) {
      try {
        checkStep(step, file.now + step.at, calls, held, upstream);
      } catch (error) {
        throw Object.assign(error, { got: `step ${index + 1}, at ${step.at} ms: ${error.got ?? error}` });
      }
    }
    const ended = steps.filter(({ then }) => ["success", "rejected", "failed", "refused"].includes(then.action)).length;
    const begun = steps.filter(({ begin }) => begin !== undefined).length;
    same("open calls", upstream.openCalls(), begun - ended);
  });
}

function checkStep({ call = "a", then, ...step }, now, calls, keys, upstream) {
  const { action, error } = happen(step, now, call, calls, upstream);
  same("action", action, then.action);
  if (action === "send") {
    same("slot", ["current", "next"][upstream.slot()], then.slot);
    same("timeout", upstream.timeoutMillis(), then.timeout ?? -1);
  }
  if (action === "wait") same("wait", upstream.waitMillis(), then.millis);
  if (action === "refused") checkFields(error, then.error, secrets(keys));
  if (action === "rejected" || action === "failed") {
    checkFields(upstream.error(calls[call], bytes(step.body), now), then.error, secrets(keys));
  }
  same("switch", [null, "current", "next"][upstream.takeSwitch()], then.switch ?? null);
  if (then.keys === undefined) return;
  const { inUse, keys: held } = JSON.parse(upstream.keys());
  same("keys", { inUse, ...Object.fromEntries(held.map(({ slot, verdict }) => [slot, verdict])) }, then.keys);
}

/** Lets one thing happen; the action it led to. */
function happen({ begin, response, failure, waited, replaceKeys, headers = [], unit = 0 }, now, call, calls, upstream) {
  if (begin !== undefined) {
    const { method, idempotent, oneShot, maxRetries = 2, timeout = -1, attemptTimeout = -1 } = begin;
    const flags = (idempotent === undefined ? 0 : idempotent ? IDEMPOTENT : NOT_IDEMPOTENT) | (oneShot ? ONE_SHOT : 0);
    try {
      calls[call] = upstream.begin(method, "/conversations", "", flags, maxRetries, timeout, attemptTimeout, now);
    } catch (error) {
      return { action: "refused", error };
    }
    return { action: ACTIONS[upstream.action()] };
  }
  if (replaceKeys !== undefined) {
    upstream.replaceKeys(replaceKeys.current, replaceKeys.next);
    return { action: "none" };
  }
  const number = calls[call];
  if (response !== undefined)
    return { action: ACTIONS[upstream.onResponse(number, response, new Headers(headers), now, unit)] };
  if (failure !== undefined) {
    return {
      action: ACTIONS[upstream.onFailure(number, ["connection", "timeout", "aborted"].indexOf(failure), now, unit)],
    };
  }
  if (waited === true) return { action: ACTIONS[upstream.onWaited(number, now)] };
  throw new Error("nothing happens");
}

// ------------------------------------------------------------ errors

/** What is not mentioned must be absent, words and attempts excepted. */
function checkFields(json, expected, hidden) {
  const got = JSON.parse(json);
  same("kind", got.kind, expected.kind);
  same("code", got.code, expected.code);
  same("requestId", got.requestId ?? null, expected.requestId ?? null);
  same("retryAfter", got.retryAfter ?? null, expected.retryAfter ?? null);
  if (expected.attempts !== undefined) same("attempts", got.attempts, expected.attempts);
  for (const words of expected.says ?? []) contains("message", got.message, words);
  for (const words of [...(expected.unsaid ?? []), ...hidden]) {
    for (const said of [json, got.message, got.code, got.requestId ?? ""]) lacks("error", said, words);
  }
  same("a diagnosis", got.diagnosis !== undefined, expected.kind === "unauthorized");
  if (expected.diagnosis !== undefined) {
    same(
      "diagnosis",
      Object.fromEntries(got.diagnosis.findings.map(({ cause, likelihood }) => [cause, likelihood])),
      expected.diagnosis,
    );
  }
  if (expected.next !== undefined) contains("next step", got.diagnosis.nextStep, expected.next);
}

/** The error that was thrown, as JSON says it; null when none was. */
function refusal(act) {
  try {
    act()?.free();
    return null;
  } catch (error) {
    if (typeof error !== "string") throw error;
    return JSON.parse(error);
  }
}

// ------------------------------------------------------------ small parts

function withUpstream(Upstream, { current, next, token = false }, use) {
  const upstream = new Upstream(BASE, current, next, token);
  try {
    use(upstream);
  } finally {
    upstream.free();
  }
}

/** The number of a GET without retries that has just been sent. */
function sent(upstream, at) {
  const number = upstream.begin("GET", "/conversations", "", 0, 0, -1, -1, at);
  same("first action", ACTIONS[upstream.action()], "send");
  return number;
}

const secrets = ({ current, next }) => [current, next].filter((secret) => secret !== undefined);
const optional = (parts) => (parts === undefined ? undefined : text(parts));

/** A string, or parts to be joined, of which a repetition is one. */
export function text(parts) {
  if (typeof parts === "string") return parts;
  if (Array.isArray(parts)) return parts.map(text).join("");
  return parts.repeat.repeat(parts.times);
}

/** A text in UTF-8, or bytes in hex. */
export function bytes(body = "") {
  if (body.hex === undefined) return new TextEncoder().encode(text(body));
  return Uint8Array.from(body.hex.match(/../g), (pair) => parseInt(pair, 16));
}

function same(what, got, expected) {
  if (canonical(got) !== canonical(expected)) fail(what, got, expected);
}

function contains(what, got, words) {
  if (!got.includes(words)) fail(`${what} has`, got, words);
}

function lacks(what, got, words) {
  if (got.includes(words)) fail(`${what} has not`, got, words);
}

/** JSON with sorted members: the order in which they are made is nobody's promise. */
function canonical(value) {
  return JSON.stringify(value, (_, held) =>
    typeof held === "object" && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}

function fail(what, got, expected) {
  throw Object.assign(new Error(what), { got: `${what}: ${short(got)}`, expected: `${what}: ${short(expected)}` });
}

const short = (value) => String(typeof value === "string" ? value : canonical(value)).slice(0, 400);
