// Compares the outcome of an attack with its row. It has no side effects:
// the self-test passes forbidden outcomes to it.
import { DOWN, UP } from "../worker/header-lists.mjs";
import { SECRETS } from "../worker/worker.mjs";

/** Request headers that may be forwarded, beside `Host`, `Authorization`, the body's framing and those of `no-store`. */
const OWN = ["host", "authorization", "content-length", "transfer-encoding", "cache-control", "pragma"];
const MAY_GO_UP = new Set([...UP, ...OWN]);

/** Response headers that may be passed on: the upstream's listed ones, and those of the Worker and the runtime. */
const MAY_COME_DOWN = new Set([
  ...DOWN,
  "age",
  "allow",
  "www-authenticate",
  "vary",
  "x-request-id",
  "x-content-type-options",
  "content-length",
  "transfer-encoding",
  "connection",
  "server-timing",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
]);

/**
 * @param {object} row with its placeholders replaced
 * @param {object} seen `{ answers, records, log, otherConnections, asked, isAlive, host, key }`
 * @returns {string[]} the deviations; empty if the attack failed as expected
 */
export function judge(row, seen) {
  return [
    ...answered(row, seen),
    ...reasoned(row, seen),
    ...sent(row, seen),
    ...secrets(row, seen),
    ...log(seen),
    ...(seen.otherConnections > 0 ? ["another server was called"] : []),
    ...(seen.isAlive ? [] : ["the Worker does not go on"]),
  ];
}

function* answered({ want }, { answers }) {
  const last = answers.at(-1);
  const status = last?.status ?? 0;
  if (![want.status].flat().includes(status))
    yield `status ${status} instead of ${want.status}: ${last?.text?.slice(0, 200)}`;
  const before = JSON.stringify(answers.slice(0, -1).map((answer) => answer.status));
  if (want.before !== undefined && before !== JSON.stringify(want.before))
    yield `before it, ${before} instead of ${JSON.stringify(want.before)}`;
  if (want.answers !== undefined && answers.length !== want.answers)
    yield `${answers.length} answers instead of ${want.answers}`;
  for (const answer of answers) {
    const unknown = answer.headers.map(([name]) => name.toLowerCase()).filter((name) => !MAY_COME_DOWN.has(name));
    // workerd's own answers have no request id.
    if (answer.get("x-request-id") !== null && unknown.length > 0) yield `headers came down: ${unknown}`;
    if (answer.get("access-control-allow-credentials") !== null) yield "credentials are allowed";
    if (answer.status >= 400 && answer.get("x-request-id") !== null && !/no-store/.test(answer.get("cache-control")))
      yield `an error that may be stored: ${answer.status}`;
  }
  if (last === undefined) return;
  if (want.code !== undefined) {
    if (last.get("content-type") !== "application/problem+json") yield `not a problem: ${last.get("content-type")}`;
    else if (last.json().code !== want.code) yield `code ${last.json().code} instead of ${want.code}`;
  }
  for (const [name, value] of Object.entries(want.headers ?? {})) {
    const all = last.all(name);
    if (JSON.stringify(all) !== JSON.stringify(value === null ? [] : [value]))
      yield `${name}: ${JSON.stringify(all)} instead of ${value}`;
  }
  if (want.text !== undefined && last.text !== want.text) yield `the body is ${last.text.slice(0, 200)}`;
  for (const text of want.lacks ?? []) if ((last.head + last.text).includes(text)) yield `the answer holds ${text}`;
  if ((want.broken ?? false) === last.complete)
    yield last.complete ? "half an answer passes for a whole one" : "the answer breaks off";
}

/** Checks the reason of a refusal, which only the log may have, and the requests to the issuer. */
function* reasoned({ want }, { answers, log: lines, asked }) {
  if (want.asked !== undefined && ![want.asked].flat().includes(asked))
    yield `the issuer was asked ${asked} times instead of ${want.asked}`;
  if (want.fault === undefined || answers.length === 0) return;
  const line = lines.find((text) => text.includes(`"requestId":"${answers.at(-1).get("x-request-id")}"`));
  const fault = line === undefined ? "nothing" : JSON.parse(line).fault;
  if (fault !== want.fault) yield `the log says ${fault} instead of ${want.fault}`;
}

function* sent(row, { records, host, key }) {
  if (row.sent === "broken") {
    if (records.some(({ body }) => body?.complete)) yield "a broken upload looks whole";
  } else if (row.sent !== "any") {
    const wanted = row.sent ?? [];
    if (records.length !== wanted.length)
      yield `${records.length} requests upstream instead of ${wanted.length}: ${records.map(({ requestLine }) => requestLine)}`;
    for (const [index, { method = "GET", target, headers = {}, body, broken = false }] of wanted.entries()) {
      const record = records[index];
      if (record === undefined) continue;
      if (record.requestLine !== `${method} ${target} HTTP/1.1`) yield `upstream received ${record.requestLine}`;
      for (const [name, value] of Object.entries(headers)) {
        const all = record.all(name);
        if (JSON.stringify(all) !== JSON.stringify(value === null ? [] : [value]))
          yield `upstream received ${name}: ${JSON.stringify(all)}`;
      }
      if (body !== undefined && record.body?.text !== body) yield `upstream received the body ${record.body?.text}`;
      if ((record.body?.complete ?? false) === broken)
        yield broken ? "a broken upload looks whole" : "the upload is broken";
    }
  }
  for (const record of records) {
    if (JSON.stringify(record.all("authorization")) !== JSON.stringify([`Bearer ${key}`]))
      yield `upstream received ${record.all("authorization").length} Authorization headers, or another`;
    if (JSON.stringify(record.all("host")) !== JSON.stringify([host]))
      yield `upstream received Host ${record.all("host")}`;
    const unknown = record.headers.map(([name]) => name.toLowerCase()).filter((name) => !MAY_GO_UP.has(name));
    if (unknown.length > 0) yield `headers went up: ${unknown}`;
  }
}

/** A key may only be sent upstream; a caller's token may be sent nowhere. */
function* secrets(row, { answers, records, log: lines, key }) {
  const all = [...SECRETS, ...(row.secrets ?? [])];
  const places = [
    ["an answer", answers.map(({ head, text }) => head + text).join("\n"), all],
    ["the log", lines.join("\n"), all],
    [
      "what went up",
      records.map(({ head, body }) => head + (body?.text ?? "")).join("\n"),
      all.filter((secret) => secret !== key),
    ],
  ];
  for (const [place, text, hidden] of places) {
    const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    for (const secret of hidden) {
      const packed = Buffer.from(secret).toString("base64").replace(/=+$/, "");
      const quoted = JSON.stringify(secret).slice(1, -1);
      if ([secret, quoted, packed].some((form) => text.includes(form)) || decoded.includes(secret))
        yield `a secret stands in ${place}`;
    }
  }
}

function* log({ log: lines }) {
  for (const line of lines) {
    if (!/^[\x20-\x7e]*$/.test(line)) yield `a log line with odd characters: ${JSON.stringify(line)}`;
  }
}
