// Calls of every operation, generated from the description: all parameters, odd values, invalid bodies, faults. The
// description allows every response, and the resulting state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice } from "../random.mjs";
import { testing } from "./bundle.mjs";
import { api, identifiers, operations } from "./calls.mjs";
import { assertDescribed, bodyError, expectedGuesses } from "./described.mjs";

const { mockAttention, MOCK_USER_API_KEY, MockNetworkError } = testing;

const SEEDS = process.env.ATTENTION_SLOW ? 40 : 6;
const CALLS = 400;

const ODD = [
  null,
  true,
  0,
  -1,
  1.5,
  1e21,
  "",
  " ",
  "a".repeat(9000),
  "é😀\u0000",
  "__proto__",
  "..",
  "2026-02-30T00:00:00Z",
  "2026-02-03",
  [],
  [[]],
  {},
  { a: { b: [null] } },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
];

const resolved = (schema) =>
  schema.$ref === undefined ? schema : resolved(api.components.schemas[schema.$ref.split("/").at(-1)]);

/** The source of identifiers for a member of this name. */
const HOLDERS = [
  [/^(userID|user_uuid|userUUID|userUUIDs|filter\[(user_id|owner\.id)\])$/, "/users"],
  [/^conversation(s_ids|_id|_uuid|UUIDs)$/, "/conversations"],
  [/^(uuid|teamUUID|teamUUIDs|teamsUUID|parentTeamUUID|teamUUIDsToRemove)$/, "/teams"],
  [/^roleUUID$/, "/organizations/roles"],
  [/^scorecard(UUID|_uuid)$/, "/scorecards"],
  [/^session_id$/, "/super-agent/sessions"],
];

/** A value of the schema, for a member of that name; `odd` percent of its parts are invalid. */
function made(schema, given, odd, name = "") {
  const { random, known } = given;
  const { type, enum: values, "x-extensible-enum": others, format, items, ...rest } = resolved(schema);
  // A mock may return a value of an open enumeration unchanged, so only known values are used.
  if (random.chance(odd)) return random.pick(others ? [null, 1, {}] : [...ODD, random.pick(known.any)]);
  if (values ?? others) return random.pick(values ?? others);
  const holder = HOLDERS.find(([pattern]) => pattern.test(name))?.[1];
  if (type === "string" && known[holder] && random.chance(80)) return random.pick(known[holder]);
  switch ([type].flat()[0]) {
    case "string":
      if (format === "date-time") return random.pick(["2026-09-02T10:00:00Z", "2026-09-29T10:00:00.5+02:00"]);
      if (format === "uri") return "https://callback.example/";
      return random.pick([random.pick(known.any), "Renewal", "x".repeat(rest.minLength ?? 1)]);
    case "integer":
      return (rest.minimum ?? 1) + random.below(Math.min(rest.maximum ?? 60, 60));
    case "number":
      return random.below(1000) / 8;
    case "boolean":
      return random.chance(50);
    case "array":
      return Array.from({ length: (rest.minItems ?? 0) + random.below(3) }, () => made(items ?? {}, given, odd, name));
    case "object":
      return objectOf(rest, given, odd);
    default:
      return random.pick([...ODD, "40k"]);
  }
}

function objectOf({ properties = {}, required = [] }, given, odd) {
  const { random } = given;
  const entries = Object.entries(properties)
    .filter(([name]) => (required.includes(name) ? !random.chance(odd / 2) : random.chance(60)))
    .map(([name, each]) => [name, made(each, given, odd, name)]);
  if (random.chance(30)) entries.push([random.pick(["more", "urn:x:1.0", "uuid", "__proto__"]), random.pick(ODD)]);
  return Object.fromEntries(entries);
}

/** The path with identifiers that occurred below its prefix, or with others. */
function filled(path, { random, known }) {
  return path.split("/").reduce((before, segment) => {
    if (!segment.startsWith("{")) return `${before}/${segment}`;
    const seen = known[before.replace(/^\/organizations\/teams/, "/teams")] ?? known.any;
    const id = random.chance(90) ? random.pick(seen) : random.pick([...known.any, "none", "a/b", "%", "😀"]);
    return `${before}/${encodeURIComponent(id)}`;
  });
}

/** A call of the operation. */
function callOf(operation, given) {
  const { random } = given;
  const { path, method, parameters = [], requestBody } = operation;
  const odd = random.pick([0, 0, 0, 5, 30]);
  const target = filled(path, given);
  const query = new URLSearchParams();
  for (const { name, in: where, required, schema } of parameters) {
    if (where !== "query" || !(required || random.chance(30))) continue;
    const value = made(schema, given, odd, name);
    for (const each of [value].flat())
      query.append(name, typeof each === "object" ? JSON.stringify(each) : String(each));
  }
  const [from, to] = [query.get("fromDateTime"), query.get("toDateTime")];
  if (from > to && random.chance(80)) {
    query.set("fromDateTime", to);
    query.set("toDateTime", from);
  }
  if (random.chance(5)) query.append("unknown", "1");
  // How it is told the key was not read: one of the mock's guesses.
  if (operation.operationId === "deleteApiKey") query.append("id", random.pick(given.known["/api_keys"] ?? ["none"]));
  const schema = requestBody?.content["application/json"].schema;
  const value = schema && made(schema, given, odd);
  const text = schema && random.chance(5) ? random.pick(["", "{", "null", "[]", "7", '"a"']) : JSON.stringify(value);
  return { method: method.toUpperCase(), path: `${target}${query.size > 0 ? `?${query}` : ""}`, text, odd };
}

/** A key of that level that earlier calls have not deleted. */
function keyOf(mock, level) {
  return (mock.keys.list().find((key) => key.level === level) ?? mock.keys.create({ level })).value;
}

/** Remembers the identifiers in a response by its path. */
function remember(known, path, text) {
  const { data, Resources, sessions, ...one } = JSON.parse(text);
  const things = [data ?? Resources ?? sessions ?? one].flat();
  const found = things.flatMap((each) => each?.session_id ?? each?.uuid ?? each?.id ?? each?.item?.uuid ?? []);
  const ids = found.filter((id) => typeof id === "string" && id !== "" && id.length < 100);
  const place = path.split("?")[0].replace(/^\/super-agent\/messages$/, "/super-agent/sessions");
  if (ids.length > 0) known[place] = [...(known[place] ?? []).slice(-10), ...ids.slice(0, 10)];
  known.any = [...known.any, ...ids.slice(0, 2)].slice(-60);
}

/** Lists with identifiers, requested from time to time, because remembered ones may be gone. */
const LISTS = [
  "/users",
  "/teams",
  "/labels",
  "/scorecards",
  "/field-configurations",
  "/conversations",
  "/organizations/users",
  "/organizations/roles",
  "/scim/Users",
  "/scim/Groups",
];

async function refresh(mock, known) {
  const key = keyOf(mock, "organization");
  const below = [
    known["/scorecards"] && `/scorecards/${known["/scorecards"].at(-1)}/items`,
    known["/field-configurations"] && `/field-configurations/${known["/field-configurations"].at(-1)}/items`,
  ];
  for (const path of [...LISTS, ...below.filter(Boolean)]) {
    known[path] = undefined;
    const { status, body } = await answered(mock, { method: "GET", path }, key);
    if (status === 200) remember(known, path, body);
  }
  known["/api_keys"] = [mock.keys.create().id];
  known["/conversations/by-external-id"] = ["ext-1"];
}

/** A file for a requested upload, sometimes one that is not a document. */
async function upload(mock, random, { upload_url, source_id }, known) {
  const type = random.pick(["text/markdown", "application/pdf", "image/png"]);
  await mock.fetch(upload_url, { method: "PUT", body: "# File", headers: { "content-type": type } });
  known["/knowledge-base/sources"] = [source_id];
}

function faultOf(random) {
  return random.pick([
    { status: random.pick([400, 404, 409, 418, 500, 503]), errorBody: "json" },
    { headers: [["x-more", "1"]] },
    { drip: { bytes: 3000, ms: 0 } },
    { cutAfter: random.below(50) },
    { networkError: true },
    { status: 503, headers: [["retry-after", "1"]] },
  ]);
}

/** Sends the call; undefined if the connection broke as planned. */
async function answered(mock, { method, path, text }, key, fault) {
  try {
    const response = await mock.fetch(`https://api.attention.tech/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(text !== undefined && { body: text }),
    });
    return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
  } catch (error) {
    assert.ok(
      error instanceof TypeError && (fault?.cutAfter !== undefined || error instanceof MockNetworkError),
      error,
    );
    return undefined;
  }
}

/** Operations that refuse valid input: things that do not exist, or that exclude each other. */
const CHOOSY = new Set([
  "askAttention",
  "confirmKbSourceUpload",
  "createOrganizationTeam",
  "createOrganizationUser",
  "createScimGroup",
  "createScimUser",
  "importConversation",
  "listActions",
  "listRecorderMeetings",
  "patchScimGroup",
  "patchScimUser",
  "updateOrganizationTeam",
  "updateOrganizationUser",
]);

/** Whether the description allows the call, as far as its schemas go. */
function isAllowed(operation, { text, odd }) {
  if (odd > 0) return false;
  if (operation.requestBody === undefined) return true;
  try {
    return bodyError(operation, JSON.parse(text)) === undefined;
  } catch {
    return false;
  }
}

function checked(operation, call, answer, entry, fault) {
  const { operationId } = operation;
  assertDescribed(operation, answer);
  if (fault?.status !== undefined) {
    if (answer.status !== 429 && answer.status !== 401) assert.deepEqual(entry.guesses, []);
    return;
  }
  assert.deepEqual(entry.guesses, expectedGuesses(operation, answer), `${operationId} ${answer.status}`);
  assert.ok(answer.status < 500 || operationId === "askAttention", `${operationId}: ${answer.status} ${answer.body}`);
  if (answer.status === 400 && !CHOOSY.has(operationId)) {
    assert.ok(!isAllowed(operation, call), `${operationId} refused what is allowed: ${answer.body}`);
  }
  if (answer.status >= 300 || call.text === undefined || call.text === "") return;
  assert.equal(
    bodyError(operation, JSON.parse(call.text)),
    undefined,
    `${operationId} took ${call.text.slice(0, 500)}`,
  );
}

const succeeded = new Set();

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`seed ${seed}`, async () => {
    const random = dice(seed);
    let now = Date.UTC(2026, 10, 1);
    const mock = mockAttention({ conversations: 60, now: () => now, superAgentMs: random.pick([0, 5000]) });
    await identifiers(mock, MOCK_USER_API_KEY);
    const known = { any: ["none"] };
    for (let n = 0; n < CALLS; n++) {
      if (n % 40 === 0) await refresh(mock, known);
      // Every operation in turn, and chosen ones between.
      const operation = n % 2 === 0 ? operations[(n / 2 + seed * 31) % operations.length] : random.pick(operations);
      const call = callOf(operation, { random, known });
      const usual = operation["x-key-level"] === "user" ? "user" : "organization";
      const key = keyOf(mock, random.chance(10) ? random.pick(["user", "organization"]) : usual);
      const fault = random.chance(6) ? faultOf(random) : undefined;
      mock.set(fault ? { ...fault, times: 1 } : null);
      mock.setRate(random.chance(2) ? { limit: 0, windowMs: 1000 } : null);
      now += random.below(3000);
      const answer = await answered(mock, call, key, fault);
      mock.set(null);
      mock.setRate(null);
      if (answer === undefined) continue;
      try {
        checked(operation, call, answer, mock.requests.at(-1), fault);
      } catch (error) {
        const sent = `${call.method} ${call.path} ${call.text?.slice(0, 400)}`;
        error.message = `seed ${seed}, call ${n}: ${sent}\n${error.message}`;
        throw error;
      }
      if (answer.status >= 300) continue;
      succeeded.add(operation.operationId);
      if (answer.body !== "") remember(known, call.path, answer.body);
      if (operation.operationId === "requestKbSourceUpload") await upload(mock, random, JSON.parse(answer.body), known);
    }
    assert.equal({}.polluted, undefined);
  });
}

// Without this, a mock that refuses everything would pass.
test("every operation has succeeded", () => {
  const refused = operations.map(({ operationId }) => operationId).filter((id) => !succeeded.has(id));
  assert.deepEqual(refused, []);
});
