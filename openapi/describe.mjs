// The operations of openapi/attention.v2.yaml for the client: their resources,
// names and parameters.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";

/** The path of the description. */
export const file = new URL("./attention.v2.yaml", import.meta.url);

export const api = parse(await readFile(file, "utf8"));

const METHODS = ["get", "post", "put", "patch", "delete"];

/**
 * The part of an operationId that repeats its resource: `getConversationByExternalId` is
 * `conversations.getByExternalId`.
 */
const NOUNS = {
  conversations: /Conversations?/,
  opportunities: /ConversationOpportunity/,
  chats: /Chats/,
  integrations: /Integration/,
  emails: /Emails?/,
  generalizedInsights: /Gi(?=[A-Z])/,
  library: /Library/,
  actions: /Actions/,
  calendar: /Calendar/,
  recorderMetrics: /Recorder/,
  reports: /Report/,
  crm: /Crm/,
  users: /Users/,
  organizations: /Organization/,
  teams: /Teams?/,
  labels: /Labels?/,
  scorecards: /Scorecards?/,
  fieldConfigurations: /FieldConfigurations?/,
  knowledgeBase: /KbSources?/,
  superAgent: /SuperAgent/,
  apiKeys: /ApiKeys?/,
  scim: /Scim/,
};

/** Exceptions from that rule. */
const NAMES = {
  // The full list is the exception: its page says so itself.
  listConversations: "listWithTranscripts",
  listConversationsOptimized: "list",
};

/** Every operation, in the order of the file. */
export const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method] !== undefined).map((method) => operation(path, method, item[method])),
);

function operation(path, method, { operationId, tags: [resource], summary, parameters = [], requestBody, ...rest }) {
  const query = parameters.filter((parameter) => parameter.in === "query");
  // The body if there is one; then a query is an option of the call.
  const params = requestBody !== undefined ? "body" : query.length > 0 ? "query" : undefined;
  return {
    operationId,
    resource,
    name: NAMES[operationId] ?? operationId.replace(NOUNS[resource] ?? "", ""),
    method: method.toUpperCase(),
    path,
    summary,
    description: rest.description,
    isDeprecated: rest.deprecated === true,
    keyLevel: rest["x-key-level"],
    effect: rest["x-effect"],
    documentation: rest["x-docs"],
    confidence: rest["x-confidence"],
    ids: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    params,
    query: query.map(({ name, required }) => ({ name, isRequired: required === true })),
    paramsRequired: params === "body" ? requestBody.required === true : query.some(({ required }) => required === true),
    queryRequired: params === "body" && query.some(({ required }) => required === true),
    pagination: rest["x-pagination"],
    isRepeatable: rest["x-idempotent"] !== false,
  };
}

/** By resource, in the order of the file's tags. */
export const resources = api.tags.map(({ name, description }) => ({
  name,
  description,
  operations: operations.filter(({ resource }) => resource === name),
}));
