// A call of every operation that a new mock answers with a success.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";

export const api = parse(await readFile(new URL("../../openapi/attention.v2.yaml", import.meta.url), "utf8"));
const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/** Every operation of the description. */
export const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => METHODS.has(method))
    .map(([method, operation]) => ({ path, method, ...operation })),
);

/** The required parts of an operation. `ids` are those of a new mock. */
export const requests = {
  updateConversation: () => ({ body: { title: "Changed", labels: {} } }),
  changeConversationTitle: () => ({ body: { title: "Changed" } }),
  changeConversationLabels: () => ({ body: { labels: {} } }),
  updateLinkedCrmRecords: () => ({ body: { linkedCrmRecords: [] } }),
  confirmCrmIntelligence: () => ({ body: { intelligence: [] } }),
  triggerNativeIntegration: () => ({ body: { workflowIds: ["w1"] } }),
  importConversation: ({ user }) => ({ body: { mediaURL: "https://media.example/a.mp4", userID: user } }),
  changeConversationOpportunity: ({ conversation }) => ({
    body: { conversation_id: conversation, opportunity_id: "o" },
  }),
  askAttention: ({ conversation }) => ({
    body: { prompt: "?", conversations_ids: [conversation], deal_id: "" },
    query: "include_timestamps=true",
  }),
  createSnippet: ({ conversation, user }) => ({
    body: {
      user_uuid: user,
      conversation_id: conversation,
      video: { start_time: 1, end_time: 2, duration: 1 },
      internal: true,
      notify_views: false,
    },
  }),
  listGiHistory: ({ user }) => ({ query: `user_uuid=${user}` }),
  listLibraryFolders: ({ user }) => ({ query: `userUUID=${user}` }),
  listRecorderMeetings: () => ({ query: "fromDateTime=2026-09-01T00:00:00Z&toDateTime=2026-09-30T00:00:00Z" }),
  createOrganizationUser: ({ team, role }) => ({
    body: {
      email: "new@attention-mock.example",
      first_name: "New",
      last_name: "Comer",
      teams: [{ uuid: team }],
      roleUUID: role,
    },
  }),
  updateOrganizationUser: ({ team, role }) => ({
    body: { firstName: "Other", roleUUID: role, teamsToAdd: [{ uuid: team, primary: true }] },
  }),
  createOrganizationTeam: ({ team }) => ({ body: { name: "New", parentTeamUUID: team } }),
  updateOrganizationTeam: () => ({ body: { name: "Renamed" } }),
  createLabel: () => ({ body: { name: "New", options: [{ value: "a" }] } }),
  updateLabel: () => ({ body: { name: "Renamed", allTeams: null } }),
  createScorecard: () => ({ body: { title: "New" } }),
  updateScorecard: () => ({ body: { enabled: false } }),
  createScorecardItem: () => ({ body: { title: "New", type: "numeric", weight: 10 } }),
  updateScorecardItem: () => ({ body: { weight: 20 } }),
  getScorecardsSummary: ({ scorecard }) => ({
    body: {
      fromDateTime: "2026-09-01T00:00:00Z",
      toDateTime: "2026-09-30T00:00:00Z",
      scorecardUUID: scorecard,
      scorecardsItemsUUIDs: [],
      teamUUIDs: [],
      userUUIDs: [],
    },
  }),
  createScorecardResult: ({ scorecard, scorecardItem, conversation }) => ({
    body: {
      scorecard_uuid: scorecard,
      conversation_uuid: conversation,
      summary: "Good",
      items: [{ scorecard_item_uuid: scorecardItem, description: "Clear", numeric_result: 4 }],
    },
  }),
  askAttentionV1: () => ({ body: { prompt: "?" } }),
  createDeck: () => ({ body: {} }),
  queryCrm: () => ({ body: {} }),
  updateTeamOpportunity: () => ({ body: {} }),
  createFieldConfiguration: () => ({ body: { name: "New" } }),
  updateFieldConfiguration: () => ({ body: { name: "Renamed" } }),
  createFieldConfigurationItem: () => ({
    body: { title: "New", category: "CRM", contents: "?", promptType: "(not read)", contentType: "(not read)" },
  }),
  updateFieldConfigurationItem: () => ({ body: { title: "Renamed" } }),
  createKbSource: () => ({ body: { title: "New", content: "# Text" } }),
  requestKbSourceUpload: () => ({ body: { title: "file.md" } }),
  updateKbSource: () => ({ body: { content: "# Other" } }),
  sendSuperAgentMessage: () => ({ body: { content: "Hello" } }),
  createApiKey: () => ({ body: { name: "new", orgLevel: true } }),
  // How it identifies the key is undocumented: one of the mock's guesses.
  deleteApiKey: ({ apiKey }) => ({ query: `id=${apiKey}` }),
  createScimUser: () => ({ body: { userName: "new@attention-mock.example" } }),
  replaceScimUser: () => ({ body: { userName: "new@attention-mock.example", active: true } }),
  patchScimUser: () => ({ body: { Operations: [{ op: "replace", value: { active: false } }] } }),
  createScimGroup: () => ({ body: { displayName: "New" } }),
  replaceScimGroup: () => ({ body: { displayName: "Other" } }),
  patchScimGroup: () => ({ body: { Operations: [{ op: "replace", path: "displayName", value: "Other" }] } }),
};

/** A caller with that key. */
export function caller(mock, key) {
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

/** One identifier of each kind, created or found through the API itself. */
export async function identifiers(mock, userKey) {
  const call = caller(mock, userKey);
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
    apiKey: (await call("POST", "/api_keys", { name: "spare", orgLevel: true })).body.id,
    session: (await call("POST", "/super-agent/messages", { content: "Hello" })).body.session_id,
    source: source_id,
  };
}

/** The path with this mock's identifiers for its parameters. */
export function fill(path, ids) {
  const of = {
    conversations: "conversation",
    teams: "team",
    labels: "label",
    scorecards: "scorecard",
    "field-configurations": "configuration",
    Users: "user",
    Groups: "team",
  };
  const named = {
    externalId: "ext-1",
    userId: ids.user,
    user_uuid: ids.user,
    teamId: ids.team,
    sourceId: ids.source,
    sessionId: ids.session,
    itemId: path.startsWith("/scorecards") ? ids.scorecardItem : ids.configurationItem,
  };
  return path.replace(
    /([\w-]+)\/\{(\w+)\}/g,
    (_, parent, name) => `${parent}/${name === "id" ? ids[of[parent]] : named[name]}`,
  );
}
