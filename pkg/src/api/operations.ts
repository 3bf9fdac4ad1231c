/**
 * Generated from openapi/attention.v2.yaml by `npm run generate -w openapi`; do not edit.
 *
 * @module
 */

import type { APIPromise } from "../call/promise.js";
import type { Listing } from "./listing.js";
import type { BodyOptions, ListOptions, PlainOptions, QueryOptions } from "./options.js";
import type { AnswerOf, BodyOf, ItemOf, QueryOf } from "./paths.js";
import type { Operation } from "./resources.js";
import type { operations } from "./schema.js";
import type { SuperAgentHelpers } from "./super-agent.js";
import type { KnowledgeBaseHelpers } from "./upload.js";

/** Every operation, by resource and name. */
export const OPERATIONS = {
  conversations: {
    listWithTranscripts: {
      method: "GET",
      path: "/conversations",
      takes: "query",
      pages: { style: "page", parameter: "page", items: "data", end: "meta.totalRecords" },
    },
    list: {
      method: "GET",
      path: "/conversations/list",
      takes: "query",
      pages: { style: "page", parameter: "page", items: "data", end: "meta.totalRecords" },
    },
    get: { method: "GET", path: "/conversations/{id}", takes: "query" },
    update: { method: "PUT", path: "/conversations/{id}", takes: "body" },
    archive: { method: "DELETE", path: "/conversations/{id}" },
    changeTitle: { method: "PUT", path: "/conversations/{id}/title", takes: "body" },
    changeLabels: { method: "PUT", path: "/conversations/{id}/labels", takes: "body" },
    changePrivacy: { method: "PUT", path: "/conversations/{id}/change_privacy", idempotent: false },
    updateLinkedCrmRecords: { method: "PUT", path: "/conversations/{id}/linked-crm-records", takes: "body" },
    confirmCrmIntelligence: { method: "POST", path: "/conversations/{id}/crm/confirm", takes: "body" },
    triggerNativeIntegration: { method: "POST", path: "/conversations/{id}/trigger-native-integration", takes: "body" },
    getByExternalId: { method: "GET", path: "/conversations/by-external-id/{externalId}" },
    listWorkflowLogs: {
      method: "GET",
      path: "/conversations/workflow-logs",
      takes: "query",
      pages: { style: "offset", parameter: "offset", items: "data", end: "total" },
    },
    import: { method: "POST", path: "/conversations/import", takes: "body" },
  },
  opportunities: { change: { method: "POST", path: "/changeConversationOpportunity", takes: "body" } },
  tools: {
    askAttention: { method: "POST", path: "/ask_attention/v2", takes: "body" },
    createSnippet: { method: "POST", path: "/snippets", takes: "body" },
  },
  chats: {
    list: {
      method: "GET",
      path: "/chats",
      takes: "query",
      pages: { style: "page", parameter: "page", items: "data", end: "meta.totalRecords" },
    },
  },
  emails: {
    list: {
      method: "GET",
      path: "/emails",
      takes: "query",
      pages: { style: "page", parameter: "page", items: "data", end: "meta.totalRecords" },
    },
  },
  generalizedInsights: {
    listHistory: {
      method: "GET",
      path: "/gi/history",
      takes: "query",
      pages: { style: "offset", parameter: "offset", items: "data", end: "meta.totalRecords" },
    },
  },
  library: { listFolders: { method: "GET", path: "/library/folders", takes: "query" } },
  actions: {
    list: {
      method: "GET",
      path: "/actions",
      takes: "query",
      pages: { style: "cursor", parameter: "cursor", items: "data", end: "next_cursor" },
    },
  },
  recorderMetrics: {
    listMeetings: {
      method: "GET",
      path: "/recorder_metrics/all_meetings",
      takes: "query",
      pages: { style: "cursor", parameter: "cursor", items: "items", end: "nextCursor" },
    },
  },
  users: { list: { method: "GET", path: "/users", takes: "query" } },
  organizations: {
    listUsers: { method: "GET", path: "/organizations/users", takes: "query" },
    createUser: { method: "POST", path: "/organizations/users", takes: "body" },
    updateUser: { method: "PATCH", path: "/organizations/users/{userId}", takes: "body" },
    deleteUser: { method: "DELETE", path: "/organizations/users/{userId}" },
    listRoles: { method: "GET", path: "/organizations/roles" },
    listTeams: { method: "GET", path: "/organizations/teams" },
    createTeam: { method: "POST", path: "/organizations/teams", takes: "body" },
    updateTeam: { method: "PATCH", path: "/organizations/teams/{teamId}", takes: "body" },
  },
  teams: {
    list: { method: "GET", path: "/teams" },
    get: { method: "GET", path: "/teams/{id}" },
    listMembers: { method: "GET", path: "/teams/{id}/members" },
  },
  labels: {
    list: { method: "GET", path: "/labels" },
    create: { method: "POST", path: "/labels", takes: "body" },
    get: { method: "GET", path: "/labels/{id}" },
    update: { method: "PATCH", path: "/labels/{id}", takes: "body" },
    delete: { method: "DELETE", path: "/labels/{id}" },
  },
  scorecards: {
    list: { method: "GET", path: "/scorecards" },
    create: { method: "POST", path: "/scorecards", takes: "body" },
    get: { method: "GET", path: "/scorecards/{id}" },
    update: { method: "PATCH", path: "/scorecards/{id}", takes: "body" },
    listItems: { method: "GET", path: "/scorecards/{id}/items" },
    createItem: { method: "POST", path: "/scorecards/{id}/items", takes: "body" },
    getItem: { method: "GET", path: "/scorecards/{id}/items/{itemId}" },
    updateItem: { method: "PATCH", path: "/scorecards/{id}/items/{itemId}", takes: "body" },
    deleteItem: { method: "DELETE", path: "/scorecards/{id}/items/{itemId}" },
    getSummary: { method: "POST", path: "/scorecards/summary", takes: "body" },
    createResult: { method: "POST", path: "/createScorecardResult", takes: "body", idempotent: false },
  },
  fieldConfigurations: {
    list: { method: "GET", path: "/field-configurations" },
    create: { method: "POST", path: "/field-configurations", takes: "body" },
    get: { method: "GET", path: "/field-configurations/{id}" },
    update: { method: "PATCH", path: "/field-configurations/{id}", takes: "body" },
    delete: { method: "DELETE", path: "/field-configurations/{id}" },
    listItems: {
      method: "GET",
      path: "/field-configurations/{id}/items",
      takes: "query",
      pages: { style: "page", parameter: "page", items: "data", end: "meta.totalRecords" },
    },
    createItem: { method: "POST", path: "/field-configurations/{id}/items", takes: "body" },
    getItem: { method: "GET", path: "/field-configurations/{id}/items/{itemId}" },
    updateItem: { method: "PATCH", path: "/field-configurations/{id}/items/{itemId}", takes: "body" },
    deleteItem: { method: "DELETE", path: "/field-configurations/{id}/items/{itemId}" },
  },
  knowledgeBase: {
    list: { method: "GET", path: "/knowledge-base/sources" },
    create: { method: "POST", path: "/knowledge-base/sources", takes: "body" },
    requestUpload: { method: "POST", path: "/knowledge-base/sources/upload", takes: "body" },
    get: { method: "GET", path: "/knowledge-base/sources/{sourceId}" },
    update: { method: "PATCH", path: "/knowledge-base/sources/{sourceId}", takes: "body" },
    delete: { method: "DELETE", path: "/knowledge-base/sources/{sourceId}" },
    confirmUpload: { method: "POST", path: "/knowledge-base/sources/{sourceId}/confirm-upload" },
  },
  superAgent: {
    sendMessage: { method: "POST", path: "/super-agent/messages", takes: "body", idempotent: false },
    listSessions: {
      method: "GET",
      path: "/super-agent/sessions",
      takes: "query",
      pages: { style: "limit", items: "sessions" },
    },
    listSessionMessages: { method: "GET", path: "/super-agent/sessions/{sessionId}/messages" },
    deleteSession: { method: "DELETE", path: "/super-agent/sessions/{sessionId}" },
  },
  apiKeys: {
    list: { method: "GET", path: "/api_keys" },
    create: { method: "POST", path: "/api_keys", takes: "body", idempotent: false },
  },
  scim: {
    getServiceProviderConfig: { method: "GET", path: "/scim/ServiceProviderConfigs" },
    listUsers: { method: "GET", path: "/scim/Users" },
    createUser: { method: "POST", path: "/scim/Users", takes: "body" },
    getUser: { method: "GET", path: "/scim/Users/{id}" },
    replaceUser: { method: "PUT", path: "/scim/Users/{id}", takes: "body" },
    patchUser: { method: "PATCH", path: "/scim/Users/{id}", takes: "body" },
    listGroups: { method: "GET", path: "/scim/Groups" },
    createGroup: { method: "POST", path: "/scim/Groups", takes: "body" },
    getGroup: { method: "GET", path: "/scim/Groups/{id}" },
    replaceGroup: { method: "PUT", path: "/scim/Groups/{id}", takes: "body" },
    patchGroup: { method: "PATCH", path: "/scim/Groups/{id}", takes: "body" },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** What a client has, by resource. */
export interface Resources {
  /** Recorded or imported conversations. */
  readonly conversations: Conversations;
  /** CRM opportunity of a conversation. */
  readonly opportunities: Opportunities;
  /** Questions over conversations, and clips. */
  readonly tools: Tools;
  /** Analysed chats and e-mail threads. */
  readonly chats: Chats;
  /** E-mails tied to accounts and deals. */
  readonly emails: Emails;
  /** Past generalised insights. */
  readonly generalizedInsights: GeneralizedInsights;
  /** Library folders. */
  readonly library: Library;
  /** Proactive actions. */
  readonly actions: Actions;
  /** Recording status of meetings. */
  readonly recorderMetrics: RecorderMetrics;
  /** Users. */
  readonly users: Users;
  /** Users, teams and roles of the organisation. */
  readonly organizations: Organizations;
  /** Teams and their members. */
  readonly teams: Teams;
  /** Label categories. */
  readonly labels: Labels;
  /** Scorecards, their items and results. */
  readonly scorecards: Scorecards;
  /** Field configurations and their items. */
  readonly fieldConfigurations: FieldConfigurations;
  /** Knowledge base sources. */
  readonly knowledgeBase: KnowledgeBase;
  /** The super agent. */
  readonly superAgent: SuperAgent;
  /** API keys. */
  readonly apiKeys: ApiKeys;
  /** SCIM provisioning. */
  readonly scim: Scim;
}

/** Recorded or imported conversations. */
export interface Conversations {
  /**
   * List conversations, transcripts included: GET /conversations.
   *
   * @see https://docs.attention.com/api-reference/conversation/list-conversations
   */
  listWithTranscripts(
    query?: QueryOf<operations["listConversations"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listConversations"]>, ItemOf<AnswerOf<operations["listConversations"]>, "data">>;
  /**
   * List conversations, lighter form: GET /conversations/list.
   *
   * @see https://docs.attention.com/api-reference/conversation/list-conversations-optimized
   */
  list(
    query?: QueryOf<operations["listConversationsOptimized"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listConversationsOptimized"]>,
    ItemOf<AnswerOf<operations["listConversationsOptimized"]>, "data">
  >;
  /**
   * Read one conversation: GET /conversations/{id}.
   *
   * @see https://docs.attention.com/api-reference/conversation/get-conversation
   */
  get(
    id: string,
    query?: QueryOf<operations["getConversation"]>,
    options?: QueryOptions,
  ): APIPromise<AnswerOf<operations["getConversation"]>>;
  /**
   * Update a conversation: PUT /conversations/{id}.
   *
   * @see https://docs.attention.com/api-reference/conversation/update-conversation
   */
  update(
    id: string,
    body: BodyOf<operations["updateConversation"]>,
    options?: BodyOptions<operations["updateConversation"]>,
  ): APIPromise<AnswerOf<operations["updateConversation"]>>;
  /**
   * Archive a conversation: DELETE /conversations/{id}.
   *
   * @see https://docs.attention.com/api-reference/conversation/archive-conversation
   */
  archive(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["archiveConversation"]>>;
  /**
   * Rename a conversation: PUT /conversations/{id}/title.
   *
   * @see https://docs.attention.com/api-reference/conversation/change-conversation-title
   */
  changeTitle(
    id: string,
    body: BodyOf<operations["changeConversationTitle"]>,
    options?: BodyOptions<operations["changeConversationTitle"]>,
  ): APIPromise<AnswerOf<operations["changeConversationTitle"]>>;
  /**
   * Set labels on a conversation: PUT /conversations/{id}/labels.
   *
   * @see https://docs.attention.com/api-reference/conversation/change-conversation-labels
   */
  changeLabels(
    id: string,
    body: BodyOf<operations["changeConversationLabels"]>,
    options?: BodyOptions<operations["changeConversationLabels"]>,
  ): APIPromise<AnswerOf<operations["changeConversationLabels"]>>;
  /**
   * Flip a conversation between private and public: PUT /conversations/{id}/change_privacy.
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/api-reference/conversation/change-conversation-privacy
   */
  changePrivacy(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["changeConversationPrivacy"]>>;
  /**
   * Replace the CRM records linked to a conversation: PUT /conversations/{id}/linked-crm-records.
   *
   * @see https://docs.attention.com/api-reference/conversation/update-linked-crm-records.md
   */
  updateLinkedCrmRecords(
    id: string,
    body: BodyOf<operations["updateLinkedCrmRecords"]>,
    options?: BodyOptions<operations["updateLinkedCrmRecords"]>,
  ): APIPromise<AnswerOf<operations["updateLinkedCrmRecords"]>>;
  /**
   * Confirm extracted CRM values: POST /conversations/{id}/crm/confirm.
   *
   * @see https://docs.attention.com/api-reference/conversation/confirm-crm-intelligence
   */
  confirmCrmIntelligence(
    id: string,
    body: BodyOf<operations["confirmCrmIntelligence"]>,
    options?: BodyOptions<operations["confirmCrmIntelligence"]>,
  ): APIPromise<AnswerOf<operations["confirmCrmIntelligence"]>>;
  /**
   * Start native integration workflows for a conversation: POST /conversations/{id}/trigger-native-integration.
   *
   * @see https://docs.attention.com/api-reference/conversation/trigger-native-integration
   */
  triggerNativeIntegration(
    id: string,
    body?: BodyOf<operations["triggerNativeIntegration"]>,
    options?: BodyOptions<operations["triggerNativeIntegration"]>,
  ): APIPromise<AnswerOf<operations["triggerNativeIntegration"]>>;
  /**
   * Find an imported conversation by its external identifier: GET /conversations/by-external-id/{externalId}.
   *
   * @see https://docs.attention.com/api-reference/conversation/get-conversation-by-external-id
   */
  getByExternalId(
    externalId: string,
    options?: PlainOptions,
  ): APIPromise<AnswerOf<operations["getConversationByExternalId"]>>;
  /**
   * List workflow runs on conversations: GET /conversations/workflow-logs.
   *
   * @see https://docs.attention.com/api-reference/conversation/list-conversation-workflow-logs
   */
  listWorkflowLogs(
    query?: QueryOf<operations["listConversationWorkflowLogs"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listConversationWorkflowLogs"]>,
    ItemOf<AnswerOf<operations["listConversationWorkflowLogs"]>, "data">
  >;
  /**
   * Import a recording from elsewhere: POST /conversations/import.
   *
   * @see https://docs.attention.com/api-reference/conversation/import-conversation
   */
  import(
    body: BodyOf<operations["importConversation"]>,
    options?: BodyOptions<operations["importConversation"]>,
  ): APIPromise<AnswerOf<operations["importConversation"]>>;
}

/** CRM opportunity of a conversation. */
export interface Opportunities {
  /**
   * Link, replace or remove the opportunity of a conversation: POST /changeConversationOpportunity.
   *
   * @see https://docs.attention.com/api-reference/opportunity/change-conversation-opportunity
   */
  change(
    body: BodyOf<operations["changeConversationOpportunity"]>,
    options?: BodyOptions<operations["changeConversationOpportunity"]>,
  ): APIPromise<AnswerOf<operations["changeConversationOpportunity"]>>;
}

/** Questions over conversations, and clips. */
export interface Tools {
  /**
   * Ask a question of chosen conversations or of a deal: POST /ask_attention/v2.
   *
   * @see https://docs.attention.com/api-reference/tool/ask-attention-v2
   */
  askAttention(
    body: BodyOf<operations["askAttention"]>,
    options?: BodyOptions<operations["askAttention"]>,
  ): APIPromise<AnswerOf<operations["askAttention"]>>;
  /**
   * Create a shareable clip: POST /snippets.
   *
   * @see https://docs.attention.com/api-reference/tool/create-snippet
   */
  createSnippet(
    body: BodyOf<operations["createSnippet"]>,
    options?: BodyOptions<operations["createSnippet"]>,
  ): APIPromise<AnswerOf<operations["createSnippet"]>>;
}

/** Analysed chats and e-mail threads. */
export interface Chats {
  /**
   * List chats and e-mail threads that were analysed: GET /chats.
   *
   * @see https://docs.attention.com/api-reference/chat/list-chats
   */
  list(
    query?: QueryOf<operations["listChats"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listChats"]>, ItemOf<AnswerOf<operations["listChats"]>, "data">>;
}

/** E-mails tied to accounts and deals. */
export interface Emails {
  /**
   * List e-mails: GET /emails.
   *
   * @see https://docs.attention.com/api-reference/email/list-emails
   */
  list(
    query?: QueryOf<operations["listEmails"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listEmails"]>, ItemOf<AnswerOf<operations["listEmails"]>, "data">>;
}

/** Past generalised insights. */
export interface GeneralizedInsights {
  /**
   * List past generalised insights of a user: GET /gi/history.
   *
   * @see https://docs.attention.com/api-reference/gi/list-gi-history
   */
  listHistory(
    query: QueryOf<operations["listGiHistory"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listGiHistory"]>, ItemOf<AnswerOf<operations["listGiHistory"]>, "data">>;
}

/** Library folders. */
export interface Library {
  /**
   * List library folders: GET /library/folders.
   *
   * @see https://docs.attention.com/api-reference/library/list-library-folder-structure
   */
  listFolders(
    query: QueryOf<operations["listLibraryFolders"]>,
    options?: QueryOptions,
  ): APIPromise<AnswerOf<operations["listLibraryFolders"]>>;
}

/** Proactive actions. */
export interface Actions {
  /**
   * List proactive actions: GET /actions.
   *
   * @see https://docs.attention.com/api-reference/proactive/list-actions
   */
  list(
    query?: QueryOf<operations["listActions"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listActions"]>, ItemOf<AnswerOf<operations["listActions"]>, "data">>;
}

/** Recording status of meetings. */
export interface RecorderMetrics {
  /**
   * List calendar meetings with their recording status: GET /recorder_metrics/all_meetings.
   *
   * @see https://docs.attention.com/api-reference/recordermetrics/list-recorder-meetings
   */
  listMeetings(
    query: QueryOf<operations["listRecorderMeetings"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listRecorderMeetings"]>,
    ItemOf<AnswerOf<operations["listRecorderMeetings"]>, "items">
  >;
}

/** Users. */
export interface Users {
  /**
   * List users: GET /users.
   *
   * @see https://docs.attention.com/api-reference/user/list-users
   */
  list(query?: QueryOf<operations["listUsers"]>, options?: QueryOptions): APIPromise<AnswerOf<operations["listUsers"]>>;
}

/** Users, teams and roles of the organisation. */
export interface Organizations {
  /**
   * List the users of the organisation: GET /organizations/users.
   *
   * @see https://docs.attention.com/api-reference/organization/list-organization-users
   */
  listUsers(
    query?: QueryOf<operations["listOrganizationUsers"]>,
    options?: QueryOptions,
  ): APIPromise<AnswerOf<operations["listOrganizationUsers"]>>;
  /**
   * Create a user: POST /organizations/users.
   *
   * @see https://docs.attention.com/api-reference/organization/create-user
   */
  createUser(
    body: BodyOf<operations["createOrganizationUser"]>,
    options?: BodyOptions<operations["createOrganizationUser"]>,
  ): APIPromise<AnswerOf<operations["createOrganizationUser"]>>;
  /**
   * Update a user: PATCH /organizations/users/{userId}.
   *
   * @see https://docs.attention.com/api-reference/organization/update-user
   */
  updateUser(
    userId: string,
    body: BodyOf<operations["updateOrganizationUser"]>,
    options?: BodyOptions<operations["updateOrganizationUser"]>,
  ): APIPromise<AnswerOf<operations["updateOrganizationUser"]>>;
  /**
   * Remove a user: DELETE /organizations/users/{userId}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/users-roles
   */
  deleteUser(userId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteOrganizationUser"]>>;
  /**
   * List roles: GET /organizations/roles.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/users-roles
   */
  listRoles(options?: PlainOptions): APIPromise<AnswerOf<operations["listOrganizationRoles"]>>;
  /**
   * List the teams of the organisation: GET /organizations/teams.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/organization/create-team
   */
  listTeams(options?: PlainOptions): APIPromise<AnswerOf<operations["listOrganizationTeams"]>>;
  /**
   * Create a team: POST /organizations/teams.
   *
   * @see https://docs.attention.com/api-reference/organization/create-team
   */
  createTeam(
    body: BodyOf<operations["createOrganizationTeam"]>,
    options?: BodyOptions<operations["createOrganizationTeam"]>,
  ): APIPromise<AnswerOf<operations["createOrganizationTeam"]>>;
  /**
   * Update a team: PATCH /organizations/teams/{teamId}.
   *
   * @see https://docs.attention.com/api-reference/organization/update-team
   */
  updateTeam(
    teamId: string,
    body: BodyOf<operations["updateOrganizationTeam"]>,
    options?: BodyOptions<operations["updateOrganizationTeam"]>,
  ): APIPromise<AnswerOf<operations["updateOrganizationTeam"]>>;
}

/** Teams and their members. */
export interface Teams {
  /**
   * List teams: GET /teams.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/teams
   */
  list(options?: PlainOptions): APIPromise<AnswerOf<operations["listTeams"]>>;
  /**
   * Read one team: GET /teams/{id}.
   *
   * @see https://docs.attention.com/api-reference/team/get-team
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getTeam"]>>;
  /**
   * List the members of a team: GET /teams/{id}/members.
   *
   * @see https://docs.attention.com/api-reference/team/get-team-members
   */
  listMembers(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["listTeamMembers"]>>;
}

/** Label categories. */
export interface Labels {
  /**
   * List labels: GET /labels.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/labels
   */
  list(options?: PlainOptions): APIPromise<AnswerOf<operations["listLabels"]>>;
  /**
   * Create a label: POST /labels.
   *
   * @see https://docs.attention.com/api-reference/label/create-label
   */
  create(
    body: BodyOf<operations["createLabel"]>,
    options?: BodyOptions<operations["createLabel"]>,
  ): APIPromise<AnswerOf<operations["createLabel"]>>;
  /**
   * Read one label: GET /labels/{id}.
   *
   * @see https://docs.attention.com/api-reference/label/get-label
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getLabel"]>>;
  /**
   * Update a label: PATCH /labels/{id}.
   *
   * @see https://docs.attention.com/api-reference/label/update-label
   */
  update(
    id: string,
    body: BodyOf<operations["updateLabel"]>,
    options?: BodyOptions<operations["updateLabel"]>,
  ): APIPromise<AnswerOf<operations["updateLabel"]>>;
  /**
   * Delete a label: DELETE /labels/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/labels
   */
  delete(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteLabel"]>>;
}

/** Scorecards, their items and results. */
export interface Scorecards {
  /**
   * List scorecards: GET /scorecards.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  list(options?: PlainOptions): APIPromise<AnswerOf<operations["listScorecards"]>>;
  /**
   * Create a scorecard: POST /scorecards.
   *
   * @see https://docs.attention.com/api-reference/scorecard/create-scorecard
   */
  create(
    body: BodyOf<operations["createScorecard"]>,
    options?: BodyOptions<operations["createScorecard"]>,
  ): APIPromise<AnswerOf<operations["createScorecard"]>>;
  /**
   * Read one scorecard: GET /scorecards/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScorecard"]>>;
  /**
   * Update a scorecard: PATCH /scorecards/{id}.
   *
   * @see https://docs.attention.com/api-reference/scorecard/update-scorecard
   */
  update(
    id: string,
    body: BodyOf<operations["updateScorecard"]>,
    options?: BodyOptions<operations["updateScorecard"]>,
  ): APIPromise<AnswerOf<operations["updateScorecard"]>>;
  /**
   * List the items of a scorecard: GET /scorecards/{id}/items.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scorecard/create-scorecard-item
   */
  listItems(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["listScorecardItems"]>>;
  /**
   * Add an item to a scorecard: POST /scorecards/{id}/items.
   *
   * @see https://docs.attention.com/api-reference/scorecard/create-scorecard-item
   */
  createItem(
    id: string,
    body: BodyOf<operations["createScorecardItem"]>,
    options?: BodyOptions<operations["createScorecardItem"]>,
  ): APIPromise<AnswerOf<operations["createScorecardItem"]>>;
  /**
   * Read one scorecard item: GET /scorecards/{id}/items/{itemId}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scorecard/update-scorecard-item
   */
  getItem(id: string, itemId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScorecardItem"]>>;
  /**
   * Update a scorecard item: PATCH /scorecards/{id}/items/{itemId}.
   *
   * @see https://docs.attention.com/api-reference/scorecard/update-scorecard-item
   */
  updateItem(
    id: string,
    itemId: string,
    body: BodyOf<operations["updateScorecardItem"]>,
    options?: BodyOptions<operations["updateScorecardItem"]>,
  ): APIPromise<AnswerOf<operations["updateScorecardItem"]>>;
  /**
   * Delete a scorecard item: DELETE /scorecards/{id}/items/{itemId}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scorecard/update-scorecard-item
   */
  deleteItem(
    id: string,
    itemId: string,
    options?: PlainOptions,
  ): APIPromise<AnswerOf<operations["deleteScorecardItem"]>>;
  /**
   * Summarise scores over a period: POST /scorecards/summary.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  getSummary(
    body: BodyOf<operations["getScorecardsSummary"]>,
    options?: BodyOptions<operations["getScorecardsSummary"]>,
  ): APIPromise<AnswerOf<operations["getScorecardsSummary"]>>;
  /**
   * Record a scorecard result: POST /createScorecardResult.
   * Its own page was not read: inferred from others.
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  createResult(
    body: BodyOf<operations["createScorecardResult"]>,
    options?: BodyOptions<operations["createScorecardResult"]>,
  ): APIPromise<AnswerOf<operations["createScorecardResult"]>>;
}

/** Field configurations and their items. */
export interface FieldConfigurations {
  /**
   * List field configurations: GET /field-configurations.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/create-field-configuration
   */
  list(options?: PlainOptions): APIPromise<AnswerOf<operations["listFieldConfigurations"]>>;
  /**
   * Create a field configuration: POST /field-configurations.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/create-field-configuration
   */
  create(
    body: BodyOf<operations["createFieldConfiguration"]>,
    options?: BodyOptions<operations["createFieldConfiguration"]>,
  ): APIPromise<AnswerOf<operations["createFieldConfiguration"]>>;
  /**
   * Read one field configuration: GET /field-configurations/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/update-field-configuration
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getFieldConfiguration"]>>;
  /**
   * Update a field configuration: PATCH /field-configurations/{id}.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/update-field-configuration
   */
  update(
    id: string,
    body: BodyOf<operations["updateFieldConfiguration"]>,
    options?: BodyOptions<operations["updateFieldConfiguration"]>,
  ): APIPromise<AnswerOf<operations["updateFieldConfiguration"]>>;
  /**
   * Delete a field configuration: DELETE /field-configurations/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/update-field-configuration
   */
  delete(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteFieldConfiguration"]>>;
  /**
   * List the items of a field configuration: GET /field-configurations/{id}/items.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/list-field-configuration-items
   */
  listItems(
    id: string,
    query?: QueryOf<operations["listFieldConfigurationItems"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listFieldConfigurationItems"]>,
    ItemOf<AnswerOf<operations["listFieldConfigurationItems"]>, "data">
  >;
  /**
   * Add an item to a field configuration: POST /field-configurations/{id}/items.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/create-field-configuration-item
   */
  createItem(
    id: string,
    body: BodyOf<operations["createFieldConfigurationItem"]>,
    options?: BodyOptions<operations["createFieldConfigurationItem"]>,
  ): APIPromise<AnswerOf<operations["createFieldConfigurationItem"]>>;
  /**
   * Read one field configuration item: GET /field-configurations/{id}/items/{itemId}.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/get-field-configuration-item
   */
  getItem(
    id: string,
    itemId: string,
    options?: PlainOptions,
  ): APIPromise<AnswerOf<operations["getFieldConfigurationItem"]>>;
  /**
   * Update a field configuration item: PATCH /field-configurations/{id}/items/{itemId}.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/update-field-configuration-item
   */
  updateItem(
    id: string,
    itemId: string,
    body: BodyOf<operations["updateFieldConfigurationItem"]>,
    options?: BodyOptions<operations["updateFieldConfigurationItem"]>,
  ): APIPromise<AnswerOf<operations["updateFieldConfigurationItem"]>>;
  /**
   * Delete a field configuration item: DELETE /field-configurations/{id}/items/{itemId}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/get-field-configuration-item
   */
  deleteItem(
    id: string,
    itemId: string,
    options?: PlainOptions,
  ): APIPromise<AnswerOf<operations["deleteFieldConfigurationItem"]>>;
}

/** Knowledge base sources. */
export interface KnowledgeBase extends KnowledgeBaseHelpers {
  /**
   * List knowledge base sources: GET /knowledge-base/sources.
   *
   * @see https://docs.attention.com/api-reference/knowledgebase/list-kb-sources
   */
  list(options?: PlainOptions): APIPromise<AnswerOf<operations["listKbSources"]>>;
  /**
   * Create a source from text: POST /knowledge-base/sources.
   *
   * @see https://docs.attention.com/api-reference/knowledgebase/create-kb-source
   */
  create(
    body: BodyOf<operations["createKbSource"]>,
    options?: BodyOptions<operations["createKbSource"]>,
  ): APIPromise<AnswerOf<operations["createKbSource"]>>;
  /**
   * Ask for an address to upload a file to: POST /knowledge-base/sources/upload.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/request-kb-source-upload-url
   */
  requestUpload(
    body?: BodyOf<operations["requestKbSourceUpload"]>,
    options?: BodyOptions<operations["requestKbSourceUpload"]>,
  ): APIPromise<AnswerOf<operations["requestKbSourceUpload"]>>;
  /**
   * Read one source, content included: GET /knowledge-base/sources/{sourceId}.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/get-kb-source
   */
  get(sourceId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getKbSource"]>>;
  /**
   * Update a source: PATCH /knowledge-base/sources/{sourceId}.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/update-kb-source
   */
  update(
    sourceId: string,
    body: BodyOf<operations["updateKbSource"]>,
    options?: BodyOptions<operations["updateKbSource"]>,
  ): APIPromise<AnswerOf<operations["updateKbSource"]>>;
  /**
   * Delete a source: DELETE /knowledge-base/sources/{sourceId}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/get-kb-source
   */
  delete(sourceId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteKbSource"]>>;
  /**
   * Confirm an uploaded file and index it: POST /knowledge-base/sources/{sourceId}/confirm-upload.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/confirm-kb-source-upload
   */
  confirmUpload(sourceId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["confirmKbSourceUpload"]>>;
}

/** The super agent. */
export interface SuperAgent extends SuperAgentHelpers {
  /**
   * Send a message to the super agent: POST /super-agent/messages.
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/api-reference/superagent/send-super-agent-message
   */
  sendMessage(
    body: BodyOf<operations["sendSuperAgentMessage"]>,
    options?: BodyOptions<operations["sendSuperAgentMessage"]>,
  ): APIPromise<AnswerOf<operations["sendSuperAgentMessage"]>>;
  /**
   * List super agent sessions: GET /super-agent/sessions.
   *
   * @see https://docs.attention.com/api-reference/super-agent/list-super-agent-sessions
   */
  listSessions(
    query?: QueryOf<operations["listSuperAgentSessions"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listSuperAgentSessions"]>,
    ItemOf<AnswerOf<operations["listSuperAgentSessions"]>, "sessions">
  >;
  /**
   * Read the messages of a session: GET /super-agent/sessions/{sessionId}/messages.
   *
   * @see https://docs.attention.com/api-reference/super-agent/get-super-agent-session-history
   */
  listSessionMessages(
    sessionId: string,
    options?: PlainOptions,
  ): APIPromise<AnswerOf<operations["listSuperAgentSessionMessages"]>>;
  /**
   * Delete a session and its messages: DELETE /super-agent/sessions/{sessionId}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/super-agent
   */
  deleteSession(sessionId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteSuperAgentSession"]>>;
}

/** API keys. */
export interface ApiKeys {
  /**
   * List API keys: GET /api_keys.
   *
   * @see https://docs.attention.com/api-reference/api-key/list-api-keys
   */
  list(options?: PlainOptions): APIPromise<AnswerOf<operations["listApiKeys"]>>;
  /**
   * Create an API key: POST /api_keys.
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/api-reference/apikey/create-api-key
   */
  create(
    body: BodyOf<operations["createApiKey"]>,
    options?: BodyOptions<operations["createApiKey"]>,
  ): APIPromise<AnswerOf<operations["createApiKey"]>>;
}

/** SCIM provisioning. */
export interface Scim {
  /**
   * Read SCIM capabilities: GET /scim/ServiceProviderConfigs.
   *
   * @see https://docs.attention.com/api-reference/scim/get-scim-service-provider-config
   */
  getServiceProviderConfig(options?: PlainOptions): APIPromise<AnswerOf<operations["getScimServiceProviderConfig"]>>;
  /**
   * List SCIM users: GET /scim/Users.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-user
   */
  listUsers(options?: PlainOptions): APIPromise<AnswerOf<operations["listScimUsers"]>>;
  /**
   * Create a SCIM user: POST /scim/Users.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-user
   */
  createUser(
    body: BodyOf<operations["createScimUser"]>,
    options?: BodyOptions<operations["createScimUser"]>,
  ): APIPromise<AnswerOf<operations["createScimUser"]>>;
  /**
   * Read a SCIM user: GET /scim/Users/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-user
   */
  getUser(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScimUser"]>>;
  /**
   * Replace a SCIM user: PUT /scim/Users/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-user
   */
  replaceUser(
    id: string,
    body: BodyOf<operations["replaceScimUser"]>,
    options?: BodyOptions<operations["replaceScimUser"]>,
  ): APIPromise<AnswerOf<operations["replaceScimUser"]>>;
  /**
   * Update part of a SCIM user: PATCH /scim/Users/{id}.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-user
   */
  patchUser(
    id: string,
    body: BodyOf<operations["patchScimUser"]>,
    options?: BodyOptions<operations["patchScimUser"]>,
  ): APIPromise<AnswerOf<operations["patchScimUser"]>>;
  /**
   * List SCIM groups: GET /scim/Groups.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  listGroups(options?: PlainOptions): APIPromise<AnswerOf<operations["listScimGroups"]>>;
  /**
   * Create a SCIM group: POST /scim/Groups.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  createGroup(
    body: BodyOf<operations["createScimGroup"]>,
    options?: BodyOptions<operations["createScimGroup"]>,
  ): APIPromise<AnswerOf<operations["createScimGroup"]>>;
  /**
   * Read a SCIM group: GET /scim/Groups/{id}.
   * Its own page was not read: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  getGroup(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScimGroup"]>>;
  /**
   * Replace a SCIM group: PUT /scim/Groups/{id}.
   *
   * @see https://docs.attention.com/api-reference/scim/update-scim-group
   */
  replaceGroup(
    id: string,
    body: BodyOf<operations["replaceScimGroup"]>,
    options?: BodyOptions<operations["replaceScimGroup"]>,
  ): APIPromise<AnswerOf<operations["replaceScimGroup"]>>;
  /**
   * Update part of a SCIM group: PATCH /scim/Groups/{id}.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  patchGroup(
    id: string,
    body: BodyOf<operations["patchScimGroup"]>,
    options?: BodyOptions<operations["patchScimGroup"]>,
  ): APIPromise<AnswerOf<operations["patchScimGroup"]>>;
}
