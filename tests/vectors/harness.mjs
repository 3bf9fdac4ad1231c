// Drives the binding through the golden vectors. The same in every runtime: nothing
// is imported, time and chance come from the cases.

/** The files with cases for the wasm package, by name. */
export const FILES = [
  "authorization.json",
  "keys.json",
  "urls.json",
  "errors.json",
  "retry_after.json",
  "retries.json",
  "ring.json",
  "sessions.json",
];

const BASE = "https://api.attention.tech/v2";
/** For cases that do not depend on the key. */
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
 * @param {{ core: object, files: Record<string, object> }} what the module `attention-wasm/core`, and the parsed files
 *   by name
 * @returns {Promise<{
 *   passed: number,
 *   failed: Array<{ file: string, name: string, expected?: unknown, got: unknown }>,
 *   ran: Record<string, number>,
 * }>}
 */
export async function runVectors({ core, files }) {
  const failed = [];
  const ran = {};
  let passed = 0;
  for (const [file, content] of Object.entries(files)) {
    const check = CHECKS[file];
    ran[file] = 0;
    for (const each of applicable(content, "wasm")) {
      ran[file] += 1;
      try {
        check(each, content, core);
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
  "sessions.json": checkSessionEnd,
};

// ------------------------------------------------------------ the cases

function checkAuthorization({ current, next, token = false, headers }, _, core) {
  withUpstream(core, { current: text(current), next: optional(next), token }, (upstream) => {
    same("current", upstream.authorization(core.Slot.Current), text(headers.current));
    same("next", upstream.authorization(core.Slot.Next) ?? null, headers.next === null ? null : text(headers.next));
  });
}

/** A text gets the same verdict in every place for a credential. */
function checkKey({ text: parts, ok, error }, _, core) {
  const given = text(parts);
  const places = {
    current: { current: given },
    next: { current: KEY, next: given },
    token: { current: given, token: true },
  };
  for (const [place, keys] of Object.entries(places)) {
    const thrown = refusal(core, () => new core.Upstream(BASE, keys.current, keys.next, keys.token ?? false));
    if (ok !== undefined) {
      same(`refused as ${place}`, thrown, null);
      withUpstream(core, keys, (upstream) => {
        const held = upstream.keys().keys.at(-1);
        same(`fingerprint as ${place}`, held.fingerprint, ok.fingerprint);
        same(`expiry as ${place}`, held.expiresAt ?? null, ok.expiresAt);
      });
    } else {
      checkKeyError(place, thrown, error, given);
    }
  }
  if (error === undefined) return;
  withUpstream(core, { current: KEY }, (upstream) => {
    checkKeyError(
      "replacement",
      refusal(core, () => upstream.replaceKeys(given, undefined)),
      error,
      given,
    );
    same("what was held before", upstream.authorization(core.Slot.Current), `Bearer ${KEY}`);
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

function checkUrl({ base, key = KEY, target, query, pairs, url, error }, _, core) {
  const encoded = pairs === undefined ? (query === undefined ? "" : text(query)) : String(new URLSearchParams(pairs));
  let step;
  let thrown = refusal(core, () => {
    const upstream = new core.Upstream(base ?? BASE, key, undefined, false);
    step = upstream.begin({ method: "GET", path: text(target), query: encoded, maxRetries: 0 }, 0, 0);
    return upstream;
  });
  thrown ??= step.action === core.Action.Failed ? step.error : null;
  if (error === undefined) {
    same("refused", thrown, null);
    return same("url", step.url, text(url));
  }
  if (thrown === null) fail("refused", step.url, error.code);
  same("kind", thrown.kind, error.kind);
  same("code", thrown.code, error.code);
  if (error.position !== undefined) contains("message", thrown.message, `at byte ${error.position} (`);
}

function checkError(vector, { now }, core) {
  const { key = KEY, token = false, history = [], status, headers = [], body, error, path, keyLevel } = vector;
  // A call is remembered by its path where the vector has one.
  const asked = (named) => (named === undefined ? {} : { path: named, remember: true });
  withUpstream(core, { current: key, token }, (upstream) => {
    for (const before of history) {
      const at = now - before.ago;
      const { call } = sent(core, upstream, at, asked(before.path));
      const { action } = upstream.onResponse(call, before.status, new Headers(), at, 0.5);
      if (action !== core.Action.Success) upstream.error(call, "", at);
    }
    const { call } = sent(core, upstream, now, { ...asked(path), keyLevel });
    const { action } = upstream.onResponse(call, status, new Headers(headers), now, 0.5);
    if (error === null) return same("action", nameOf(core.Action, action), "success");
    same("action", nameOf(core.Action, action), "rejected");
    const got = upstream.error(call, utf8(body), now);
    same("status", got.status, status);
    checkFields(got, error, [key]);
    same("open calls", upstream.openCalls(), 0);
  });
}

/** The part of a session that its holder can read: its expiry. Only the Worker can verify it. */
function checkSessionEnd({ token, exp }, _, core) {
  // A JWT says when it ends, too, which is not this file's subject; and no header could hold some of these texts.
  if (token.startsWith("eyJ") || !/^[\w.~+/-]+=*$/.test(token)) {
    return same("an end", exp, null);
  }
  withUpstream(core, { current: token, token: true }, (upstream) => {
    same("end", upstream.keys().keys[0].expiresAt ?? null, exp === null ? null : exp * 1000);
  });
}

/** Through a 429, whose error has the parsed value. */
function checkRetryAfter({ value, now, millis }, file, core) {
  withUpstream(core, { current: KEY }, (upstream) => {
    const at = now ?? file.now;
    const { call } = sent(core, upstream, at);
    upstream.onResponse(call, 429, new Headers([["retry-after", text(value)]]), at, 0.5);
    same("retryAfter", upstream.error(call, "", at).retryAfter ?? null, millis);
  });
}

// ------------------------------------------------------------ step by step

function checkScript({ keys, steps }, file, core) {
  const held = keys ?? file.keys;
  withUpstream(core, held, (upstream) => {
    const calls = {};
    for (const [index, step] of steps.entries()) {
      try {
        checkStep(core, step, file.now + step.at, calls, held, upstream);
      } catch (error) {
        throw Object.assign(error, { got: `step ${index + 1}, at ${step.at} ms: ${error.got ?? error}` });
      }
    }
    const ended = steps.filter(({ then }) => ["success", "rejected", "failed", "refused"].includes(then.action)).length;
    const begun = steps.filter(({ begin }) => begin !== undefined).length;
    same("open calls", upstream.openCalls(), begun - ended);
  });
}

function checkStep(core, { call = "a", then, ...given }, now, calls, keys, upstream) {
  const step = happen(core, given, now, call, calls, upstream);
  const action = step === undefined ? "none" : nameOf(core.Action, step.action);
  // A request that is refused before it is sent has failed at its beginning.
  same("action", action, then.action === "refused" ? "failed" : then.action);
  if (action === "send") {
    same("slot", nameOf(core.Slot, step.slot), then.slot);
    same("timeout", step.timeout ?? null, then.timeout ?? null);
  }
  if (action === "wait") same("wait", step.duration, then.millis);
  if (action === "failed") checkFields(step.error, then.error, secrets(keys));
  if (action === "rejected") {
    checkFields(upstream.error(calls[call], utf8(given.body), now), then.error, secrets(keys));
  }
  const switched = upstream.takeSwitch();
  same("switch", switched === undefined ? null : nameOf(core.Slot, switched), then.switch ?? null);
  if (then.keys === undefined) return;
  const { inUse, keys: held } = upstream.keys();
  same("keys", { inUse, ...Object.fromEntries(held.map(({ slot, verdict }) => [slot, verdict])) }, then.keys);
}

/** Performs one event; returns the resulting step, or undefined if it concerns no call. */
function happen(core, given, now, call, calls, upstream) {
  const { begin, response, failure, waited, replaceKeys, headers = [], unit = 0 } = given;
  if (begin !== undefined) {
    const { oneShot, ...request } = begin;
    const step = upstream.begin({ path: "/conversations", isOneShot: oneShot, ...request }, now, now);
    calls[call] = step.call;
    return step;
  }
  if (replaceKeys !== undefined) {
    upstream.replaceKeys(replaceKeys.current, replaceKeys.next);
    return undefined;
  }
  const number = calls[call];
  if (response !== undefined) return upstream.onResponse(number, response, new Headers(headers), now, unit);
  if (failure !== undefined) return upstream.onFailure(number, valueNamed(core.Failure, failure), now, unit);
  if (waited === true) return upstream.onWaited(number, now);
  throw new Error("nothing happens");
}

// ------------------------------------------------------------ errors

/** Members that are not mentioned must be absent, except message and attempts. */
function checkFields(got, expected, hidden) {
  const json = JSON.stringify(got);
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

/** The error that was thrown; null when none was. */
function refusal(core, act) {
  try {
    act()?.free();
    return null;
  } catch (error) {
    if (!(error instanceof core.AttentionError)) throw error;
    return error;
  }
}

// ------------------------------------------------------------ small parts

/** The vectors' name of a value of an enum: in lower case. */
function nameOf(values, value) {
  return values[value].toLowerCase();
}

function valueNamed(values, name) {
  return Object.entries(values).find(([each]) => each.toLowerCase() === name)[1];
}

function withUpstream(core, { current, next, token = false }, use) {
  const upstream = new core.Upstream(BASE, current, next, token);
  try {
    use(upstream);
  } finally {
    upstream.free();
  }
}

/** The first step of a GET without retries, which is to be sent. */
function sent(core, upstream, at, asked) {
  const step = upstream.begin({ method: "GET", path: "/conversations", maxRetries: 0, ...asked }, at, at);
  same("first action", nameOf(core.Action, step.action), "send");
  return step;
}

const secrets = ({ current, next }) => [current, next].filter((secret) => secret !== undefined);
const optional = (parts) => (parts === undefined ? undefined : text(parts));

/** A string, or parts to be joined, of which a repetition is one. */
export function text(parts) {
  if (typeof parts === "string") return parts;
  if (Array.isArray(parts)) return parts.map(text).join("");
  return parts.repeat.repeat(parts.times);
}

/** A body as a driver reads it. */
const utf8 = (body) => new TextDecoder().decode(bytes(body));

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
