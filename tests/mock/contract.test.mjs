// The mock answers every operation of openapi/attention.v2.yaml, in its shapes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { testing } from "./bundle.mjs";

const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;
const api = parse(await readFile(new URL("../../openapi/attention.v2.yaml", import.meta.url), "utf8"));
const METHODS = new Set(["get", "post", "put", "patch", "delete"]);
const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([method]) => METHODS.has(method)).map(([method, operation]) => ({ path, method, ...operation })));

/** Two readings of the document: as written, and without room for fields that it does not name. */
const open = validator(api);
const closed = validator(closeObjects(api));

/** Fields that the mock needs to be of use, though no page was read that names them. */
const UNNAMED = { changeConversationLabels: ["labels"], updateConversation: ["labels"] };

/** What an operation cannot do without. `ids` are those of a fresh mock. */
const requests = {
  updateConversation: () => ({ body: { title: "Changed", labels: {} } }),
  changeConversationTitle: () => ({ body: { title: "Changed" } }),
  changeConversationLabels: () => ({ body: { labels: {} } }),
  updateLinkedCrmRecords: () => ({ body: { linkedCrmRecords: [] } }),
  confirmCrmIntelligence: () => ({ body: { intelligence: [] } }),
  triggerNativeIntegration: () => ({ body: { workflowIds: ["w1"] } }),
  importConversation: ({ user }) => ({ body: { mediaURL: "https://media.example/a.mp4", userID: user } }),
  changeConversationOpportunity: ({ conversation }) => ({ body: { conversation_id: conversation, opportunity_id: "o" } }),
  askAttention: ({ conversation }) => ({ body: { prompt: "?", conversations_ids: [conversation] }, query: "include_timestamps=true" }),
  createSnippet: ({ conversation, user }) => ({
    body: { user_uuid: user, conversation_id: conversation, video: { start_time: 1, end_time: 2, duration: 1 }, internal: true, notify_views: false },
  }),
  listGiHistory: ({ user }) => ({ query: `user_uuid=${user}` }),
  listLibraryFolders: ({ user }) => ({ query: `userUUID=${user}` }),
  listRecorderMeetings: () => ({ query: "fromDateTime=2026-09-01T00:00:00Z&toDateTime=2026-09-30T00:00:00Z" }),
  createOrganizationUser: ({ team, role }) => ({
    body: { email: "new@attention-mock.example", first_name: "New", last_name: "Comer", teams: [{ uuid: team }], roleUUID: role },
  }),
  updateOrganizationUser: ({ team, role }) => ({ body: { firstName: "Other", roleUUID: role, teamsToAdd: [{ uuid: team, primary: true }] } }),
  createOrganizationTeam: ({ team }) => ({ body: { name: "New", parentTeamUUID: team } }),
  updateOrganizationTeam: () => ({ body: { name: "Renamed" } }),
  createLabel: () => ({ body: { name: "New", options: [{ value: "a" }] } }),
  updateLabel: () => ({ body: { name: "Renamed", allTeams: null } }),
  createScorecard: () => ({ body: { title: "New" } }),
  updateScorecard: () => ({ body: { enabled: false } }),
  createScorecardItem: () => ({ body: { title: "New", type: "numeric", weight: 10 } }),
  updateScorecardItem: () => ({ body: { weight: 20 } }),
  getScorecardsSummary: () => ({ body: {} }),
  createScorecardResult: ({ scorecard }) => ({ body: { scorecard_uuid: scorecard, items: [] } }),
  createFieldConfiguration: () => ({ body: { name: "New" } }),
  updateFieldConfiguration: () => ({ body: { name: "Renamed" } }),
  createFieldConfigurationItem: () => ({ body: { title: "New", category: "CRM", contents: "?" } }),
  updateFieldConfigurationItem: () => ({ body: { title: "Renamed" } }),
  createKbSource: () => ({ body: { title: "New", content: "# Text" } }),
  requestKbSourceUpload: () => ({ body: { title: "file.md" } }),
  updateKbSource: () => ({ body: { content: "# Other" } }),
  sendSuperAgentMessage: () => ({ body: { content: "Hello" } }),
  createApiKey: () => ({ body: { name: "new", orgLevel: true } }),
  createScimUser: () => ({ body: { userName: "new@attention-mock.example" } }),
  replaceScimUser: () => ({ body: { userName: "new@attention-mock.example", active: true } }),
  patchScimUser: () => ({ body: { Operations: [{ op: "replace", value: { active: false } }] } }),
  createScimGroup: () => ({ body: { displayName: "New" } }),
  replaceScimGroup: () => ({ body: { displayName: "Other" } }),
  patchScimGroup: () => ({ body: { Operations: [{ op: "replace", path: "displayName", value: "Other" }] } }),
};

test("the description has operations", () => assert.ok(operations.length >= 80, `${operations.length} operations`));

for (const operation of operations) {
  const { operationId, method, path, responses } = operation;
  test(`${operationId}: ${method.toUpperCase()} ${path}`, async () => {
    const mock = mockAttention();
    const ids = await identifiers(mock);
    const call = caller(mock, operation["x-key-level"] === "user" ? MOCK_USER_API_KEY : MOCK_API_KEY);
    const { body, query } = requests[operationId]?.(ids) ?? {};
    const response = await call(method, `${fill(path, ids)}${query ? `?${query}` : ""}`, body);
    assert.ok(response.ok, `${response.status} ${JSON.stringify(response.body)}`);
    const name = [String(response.status), "2XX"].find((each) => each in responses);
    assert.ok(name, `${response.status} is not among ${Object.keys(responses)}`);
    if (responses[name].content === undefined) return assert.equal(response.body, undefined);
    const pointer = `/paths/${escape(path)}/${method}/responses/${name}/content/application~1json/schema`;
    open(pointer, response.body);
    closed(pointer, without(response.body, UNNAMED[operationId]));
  });
}

test("operations for one level of key refuse the other", async () => {
  const mock = mockAttention();
  const limited = operations.filter((operation) => operation["x-key-level"]);
  assert.ok(limited.length > 0);
  for (const { path, method, operationId, "x-key-level": level } of limited) {
    const other = level === "user" ? MOCK_API_KEY : MOCK_USER_API_KEY;
    const { status } = await caller(mock, other)(method, fill(path, { session: "s" }), requests[operationId]?.({}).body);
    assert.equal(status, 403, operationId);
  }
});

function caller(mock, key) {
  return async (method, path, body) => {
    const response = await mock.fetch(`https://api.attention.tech/v2${path}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, ok: response.ok, body: text === "" ? undefined : JSON.parse(text) };
  };
}

/** One identifier of each kind, made or found through the API itself. */
async function identifiers(mock) {
  const call = caller(mock, MOCK_USER_API_KEY);
  const first = async (path) => (await call("GET", path)).body.data[0];
  const scorecard = (await first("/scorecards")).id;
  const configuration = (await first("/field-configurations")).uuid;
  const user = (await first("/users")).uuid;
  const imported = { mediaURL: "https://media.example/a.mp4", userID: user, applicationExternalID: "ext-1" };
  await call("POST", "/conversations/import", imported);
  const { source_id, upload_url } = (await call("POST", "/knowledge-base/sources/upload", { title: "file.md" })).body;
  await mock.fetch(upload_url, { method: "PUT", body: "# File", headers: { "content-type": "text/markdown" } });
  return {
    user,
    scorecard,
    configuration,
    conversation: (await first("/conversations/list?page=2")).id,
    team: (await first("/teams")).uuid,
    role: (await first("/organizations/roles")).uuid,
    label: (await first("/labels")).uuid,
    scorecardItem: (await first(`/scorecards/${scorecard}/items`)).id,
    configurationItem: (await first(`/field-configurations/${configuration}/items`)).uuid,
    session: (await call("POST", "/super-agent/messages", { content: "Hello" })).body.session_id,
    source: source_id,
  };
}

/** The path with this mock's identifiers for its parameters. */
function fill(path, ids) {
  const of = { conversations: "conversation", teams: "team", labels: "label", scorecards: "scorecard", "field-configurations": "configuration",
    Users: "user", Groups: "team" };
  const named = { externalId: "ext-1", userId: ids.user, teamId: ids.team, sourceId: ids.source, sessionId: ids.session,
    itemId: path.startsWith("/scorecards") ? ids.scorecardItem : ids.configurationItem };
  return path.replace(/([\w-]+)\/\{(\w+)\}/g, (_, parent, name) => `${parent}/${name === "id" ? ids[of[parent]] : named[name]}`);
}

function validator(document) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
  addFormats(ajv);
  ajv.addSchema(document, "api");
  return (pointer, value) => {
    const validate = ajv.compile({ $ref: `api#${pointer}` });
    assert.ok(validate(value), JSON.stringify(validate.errors?.slice(0, 5), null, 1));
  };
}

function escape(path) {
  return encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** The same schemas, where an object that names its fields has no others. */
function closeObjects(node) {
  if (Array.isArray(node)) return node.map(closeObjects);
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closeObjects(value)]));
  return copy.type === "object" && copy.properties !== undefined ? { ...copy, additionalProperties: false } : copy;
}

function without(value, names = []) {
  return JSON.parse(JSON.stringify(value, (name, held) => (names.includes(name) ? undefined : held)));
}
