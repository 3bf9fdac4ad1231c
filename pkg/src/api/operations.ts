/**
 * Generated from openapi/attention.v2.yaml by `npm run generate -w openapi`; do not edit.
 *
 * @module
 */

import type { APIPromise } from "../call/promise.js";
import type { Listing } from "./listing.js";
import type { BodyOptions, ListOptions, PlainListOptions, PlainOptions, QueryOptions } from "./options.js";
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
      query:
        "fromDateTime toDateTime page size filter[owner.id] filter[owner.email] filter[title] filter[participants.email] filter[external_opportunity.id] filter[crm_field.entity_code] filter[crm_field.field_name] filter[crm_field.values] filter[team.id] filter[hide_internal] filter[hide_non_analyzed] filter[hide_pending] filter[hide_transcript] filter[hide_failed] filter[include_internal_participants] filter[include_zoom_metadata] filter[include_import_metadata] detailedTranscript",
      pages: { style: "page", parameter: "page", size: "size", items: "data", end: "meta.totalRecords" },
    },
    list: {
      method: "GET",
      path: "/conversations/list",
      takes: "query",
      query:
        "fromDateTime toDateTime page size filter[owner.id] filter[owner.email] filter[title] filter[participants.email] filter[external_opportunity.id] filter[crm_field.entity_code] filter[crm_field.field_name] filter[crm_field.values] filter[team.id] filter[hide_internal] filter[hide_non_analyzed] filter[hide_pending] filter[hide_transcript] filter[hide_failed] filter[include_internal_participants] filter[include_zoom_metadata] filter[include_import_metadata] detailedTranscript withCrmRecords withIntelligenceItems",
      pages: { style: "page", parameter: "page", size: "size", items: "data", end: "meta.totalRecords" },
    },
    get: {
      method: "GET",
      path: "/conversations/{id}",
      takes: "query",
      query:
        "by detailedTranscript filter[include_internal_participants] filter[include_zoom_metadata] filter[include_import_metadata]",
    },
    update: { method: "PUT", path: "/conversations/{id}", takes: "body" },
    archive: { method: "DELETE", path: "/conversations/{id}" },
    changeTitle: { method: "PUT", path: "/conversations/{id}/title", takes: "body" },
    changeLabels: { method: "PUT", path: "/conversations/{id}/labels", takes: "body" },
    changePrivacy: { method: "PUT", path: "/conversations/{id}/change_privacy", idempotent: false },
    updateLinkedCrmRecords: { method: "PUT", path: "/conversations/{id}/linked-crm-records", takes: "body" },
    confirmCrmIntelligence: { method: "POST", path: "/conversations/{id}/crm/confirm", takes: "body" },
    triggerNativeIntegration: { method: "POST", path: "/conversations/{id}/trigger-native-integration", takes: "body" },
    getMediaUrl: { method: "POST", path: "/conversations/{id}/media/download", keyLevel: "organization" },
    getByExternalId: { method: "GET", path: "/conversations/by-external-id/{externalId}" },
    listWorkflowLogs: {
      method: "GET",
      path: "/conversations/workflow-logs",
      takes: "query",
      query: "fromDateTime toDateTime conversationUUIDs success limit offset",
      pages: { style: "offset", parameter: "offset", size: "limit", usual: 100, items: "data", end: "total" },
    },
    getUploadUrl: { method: "GET", path: "/conversations/upload-url" },
    import: { method: "POST", path: "/conversations/import", takes: "body" },
  },
  opportunities: { change: { method: "POST", path: "/changeConversationOpportunity", takes: "body" } },
  tools: {
    askAttention: { method: "POST", path: "/ask_attention/v2", takes: "body", query: "include_timestamps summarize" },
    askAttentionV1: { method: "POST", path: "/ask_attention", takes: "body" },
    createSnippet: { method: "POST", path: "/snippets", takes: "body" },
    createDeck: { method: "POST", path: "/create_deck", takes: "body", idempotent: false },
  },
  integrations: { listWorkflows: { method: "GET", path: "/integration-workflows" } },
  chats: {
    list: {
      method: "GET",
      path: "/chats",
      takes: "query",
      query:
        "filter[external_id] filter[type] filter[title] filter[participant_name] filter[scorecard_id] filter[user_id] filter[team_id] from_date_time to_date_time exclude_transcript page size",
      pages: { style: "page", parameter: "page", size: "size", usual: 10, items: "data", end: "meta.totalRecords" },
    },
  },
  emails: {
    list: {
      method: "GET",
      path: "/emails",
      takes: "query",
      query: "subject crm_account_id deal_uuid from_date_time to_date_time page size",
      pages: { style: "page", parameter: "page", size: "size", usual: 10, items: "data", end: "meta.totalRecords" },
    },
    listTemplates: { method: "GET", path: "/email-templates" },
  },
  generalizedInsights: {
    listHistory: {
      method: "GET",
      path: "/gi/history",
      takes: "query",
      query: "user_uuid withoutEnhancingResults limit offset",
      pages: { style: "offset", parameter: "offset", size: "limit", items: "data", end: "meta.totalRecords" },
    },
  },
  library: {
    listFolders: {
      method: "GET",
      path: "/library/folders",
      takes: "query",
      query: "userUUID folderUUID myLibrary includeHidden",
    },
  },
  actions: {
    list: {
      method: "GET",
      path: "/actions",
      takes: "query",
      query: "owner_uuid status cursor size",
      pages: { style: "cursor", parameter: "cursor", items: "data", end: "next_cursor" },
    },
  },
  recorderMetrics: {
    listMeetings: {
      method: "GET",
      path: "/recorder_metrics/all_meetings",
      takes: "query",
      query: "fromDateTime toDateTime cursor size upcoming filter[user_id] filter[meeting_type]",
      keyLevel: "organization",
      pages: { style: "cursor", parameter: "cursor", items: "items", end: "nextCursor" },
    },
  },
  crm: { query: { method: "POST", path: "/crm/query", takes: "body" } },
  reports: {
    getUsage: { method: "GET", path: "/usageReport" },
    getConnection: { method: "GET", path: "/connectionReport" },
  },
  calendar: { listEvents: { method: "GET", path: "/calendar_events/{user_uuid}" } },
  users: {
    list: {
      method: "GET",
      path: "/users",
      takes: "query",
      query: "filter[id] filter[email] teamUUID includeDeleted",
      pages: { style: "whole", items: "data" },
    },
  },
  organizations: {
    listUsers: {
      method: "GET",
      path: "/organizations/users",
      takes: "query",
      query: "teamUUID",
      pages: { style: "whole", items: "data" },
    },
    createUser: { method: "POST", path: "/organizations/users", takes: "body" },
    updateUser: { method: "PATCH", path: "/organizations/users/{userId}", takes: "body" },
    deleteUser: { method: "DELETE", path: "/organizations/users/{userId}" },
    listRoles: { method: "GET", path: "/organizations/roles", pages: { style: "whole", items: "data" } },
    listTeams: { method: "GET", path: "/organizations/teams", pages: { style: "whole", items: "data" } },
    createTeam: { method: "POST", path: "/organizations/teams", takes: "body" },
    updateTeam: { method: "PATCH", path: "/organizations/teams/{teamId}", takes: "body" },
  },
  teams: {
    list: { method: "GET", path: "/teams", pages: { style: "whole", items: "data" } },
    get: { method: "GET", path: "/teams/{id}" },
    listMembers: { method: "GET", path: "/teams/{id}/members", pages: { style: "whole", items: "data" } },
    updateOpportunity: { method: "PUT", path: "/teams/{id}/opportunity", takes: "body", idempotent: false },
  },
  labels: {
    list: { method: "GET", path: "/labels", pages: { style: "whole", items: "data" } },
    create: { method: "POST", path: "/labels", takes: "body" },
    get: { method: "GET", path: "/labels/{id}" },
    update: { method: "PATCH", path: "/labels/{id}", takes: "body" },
    delete: { method: "DELETE", path: "/labels/{id}" },
  },
  scorecards: {
    list: {
      method: "GET",
      path: "/scorecards",
      takes: "query",
      query: "page size",
      pages: { style: "page", parameter: "page", size: "size", usual: 50, items: "data", end: "meta.totalRecords" },
    },
    create: { method: "POST", path: "/scorecards", takes: "body", keyLevel: "organization" },
    get: { method: "GET", path: "/scorecards/{id}" },
    update: { method: "PATCH", path: "/scorecards/{id}", takes: "body" },
    listItems: {
      method: "GET",
      path: "/scorecards/{id}/items",
      takes: "query",
      query: "page size",
      pages: { style: "page", parameter: "page", size: "size", usual: 50, items: "data", end: "meta.totalRecords" },
    },
    createItem: { method: "POST", path: "/scorecards/{id}/items", takes: "body", keyLevel: "organization" },
    getItem: { method: "GET", path: "/scorecards/{id}/items/{itemId}" },
    updateItem: { method: "PATCH", path: "/scorecards/{id}/items/{itemId}", takes: "body" },
    deleteItem: { method: "DELETE", path: "/scorecards/{id}/items/{itemId}" },
    getSummary: { method: "POST", path: "/scorecards/summary", takes: "body" },
    createResult: { method: "POST", path: "/createScorecardResult", takes: "body", idempotent: false },
  },
  fieldConfigurations: {
    list: {
      method: "GET",
      path: "/field-configurations",
      takes: "query",
      query: "page size",
      pages: { style: "page", parameter: "page", size: "size", usual: 50, items: "data", end: "meta.totalRecords" },
    },
    create: { method: "POST", path: "/field-configurations", takes: "body" },
    get: { method: "GET", path: "/field-configurations/{id}" },
    update: { method: "PATCH", path: "/field-configurations/{id}", takes: "body" },
    delete: { method: "DELETE", path: "/field-configurations/{id}" },
    listItems: {
      method: "GET",
      path: "/field-configurations/{id}/items",
      takes: "query",
      query: "page size",
      pages: { style: "page", parameter: "page", size: "size", usual: 50, items: "data", end: "meta.totalRecords" },
    },
    createItem: { method: "POST", path: "/field-configurations/{id}/items", takes: "body" },
    getItem: { method: "GET", path: "/field-configurations/{id}/items/{itemId}" },
    updateItem: { method: "PATCH", path: "/field-configurations/{id}/items/{itemId}", takes: "body" },
    deleteItem: { method: "DELETE", path: "/field-configurations/{id}/items/{itemId}" },
  },
  knowledgeBase: {
    list: { method: "GET", path: "/knowledge-base/sources", pages: { style: "whole", items: "data" } },
    create: { method: "POST", path: "/knowledge-base/sources", takes: "body" },
    requestUpload: { method: "POST", path: "/knowledge-base/sources/upload", takes: "body" },
    get: { method: "GET", path: "/knowledge-base/sources/{sourceId}" },
    update: { method: "PATCH", path: "/knowledge-base/sources/{sourceId}", takes: "body" },
    delete: { method: "DELETE", path: "/knowledge-base/sources/{sourceId}" },
    confirmUpload: { method: "POST", path: "/knowledge-base/sources/{sourceId}/confirm-upload" },
  },
  superAgent: {
    sendMessage: {
      method: "POST",
      path: "/super-agent/messages",
      takes: "body",
      query: "callback_url",
      keyLevel: "user",
      idempotent: false,
    },
    listSessions: {
      method: "GET",
      path: "/super-agent/sessions",
      takes: "query",
      query: "limit",
      keyLevel: "user",
      pages: { style: "limit", parameter: "limit", usual: 50, most: 1000, items: "sessions" },
    },
    listSessionMessages: {
      method: "GET",
      path: "/super-agent/sessions/{sessionId}/messages",
      keyLevel: "user",
      pages: { style: "whole", items: "messages" },
    },
    deleteSession: { method: "DELETE", path: "/super-agent/sessions/{sessionId}", keyLevel: "user" },
  },
  apiKeys: {
    list: { method: "GET", path: "/api_keys", pages: { style: "whole", items: "" } },
    create: { method: "POST", path: "/api_keys", takes: "body", idempotent: false },
    delete: { method: "DELETE", path: "/api_keys" },
  },
  scim: {
    getServiceProviderConfig: { method: "GET", path: "/scim/ServiceProviderConfigs" },
    listUsers: { method: "GET", path: "/scim/Users", pages: { style: "whole", items: "Resources" } },
    createUser: { method: "POST", path: "/scim/Users", takes: "body" },
    getUser: { method: "GET", path: "/scim/Users/{id}" },
    replaceUser: { method: "PUT", path: "/scim/Users/{id}", takes: "body" },
    patchUser: { method: "PATCH", path: "/scim/Users/{id}", takes: "body" },
    listGroups: { method: "GET", path: "/scim/Groups", pages: { style: "whole", items: "Resources" } },
    createGroup: { method: "POST", path: "/scim/Groups", takes: "body" },
    getGroup: { method: "GET", path: "/scim/Groups/{id}" },
    replaceGroup: { method: "PUT", path: "/scim/Groups/{id}", takes: "body" },
    patchGroup: { method: "PATCH", path: "/scim/Groups/{id}", takes: "body" },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** The resources of a client. */
export interface Resources {
  /** Recorded or imported conversations. */
  readonly conversations: Conversations;
  /** CRM opportunity of a conversation. */
  readonly opportunities: Opportunities;
  /** Questions over conversations, and clips. */
  readonly tools: Tools;
  /** Native integrations. */
  readonly integrations: Integrations;
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
  /** The connected CRM. */
  readonly crm: Crm;
  /** Reports. */
  readonly reports: Reports;
  /** Calendars. */
  readonly calendar: Calendar;
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
   * Responses are large: each conversation includes its transcript and insights. Conversations that are empty are
   * omitted, unlike in the lighter list.
   *
   * Key: the level is not documented.
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
   * Omits extractedIntelligence and confirmedExtractedIntelligence unless withCrmRecords is true; a second source says
   * withCrmRecords or withIntelligenceItems. Conversations that are empty are included, unlike in the list with
   * transcripts.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/conversation/archive-conversation
   */
  archive(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["archiveConversation"]>>;
  /**
   * Rename a conversation: PUT /conversations/{id}/title.
   *
   * The search index is refreshed after the change.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/api-reference/conversation/change-conversation-privacy
   */
  changePrivacy(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["changeConversationPrivacy"]>>;
  /**
   * Replace the CRM records linked to a conversation: PUT /conversations/{id}/linked-crm-records.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/conversation/update-linked-crm-records
   */
  updateLinkedCrmRecords(
    id: string,
    body: BodyOf<operations["updateLinkedCrmRecords"]>,
    options?: BodyOptions<operations["updateLinkedCrmRecords"]>,
  ): APIPromise<AnswerOf<operations["updateLinkedCrmRecords"]>>;
  /**
   * Confirm extracted CRM values: POST /conversations/{id}/crm/confirm.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/conversation/trigger-native-integration
   */
  triggerNativeIntegration(
    id: string,
    body?: BodyOf<operations["triggerNativeIntegration"]>,
    options?: BodyOptions<operations["triggerNativeIntegration"]>,
  ): APIPromise<AnswerOf<operations["triggerNativeIntegration"]>>;
  /**
   * Ask for an address to download the recording from: POST /conversations/{id}/media/download.
   *
   * The response is a presigned, short-lived address of the recording: anybody who has it may read the recording.
   * Organisation-level keys only: a user-level key can list calls, but fails here. Clients received both 403 and 404
   * where there is no recording. The videoUID of a conversation cannot be used instead: it resolves only in Attention's
   * own player.
   *
   * Key: organisation-level only; a user-level key is refused.
   *
   * The response grants access by itself: keep it out of logs.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/conversation/get-conversation
   */
  getMediaUrl(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getConversationMediaUrl"]>>;
  /**
   * Find an imported conversation by its external identifier: GET /conversations/by-external-id/{externalId}.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * Ask for an address to upload a recording to: GET /conversations/upload-url.
   *
   * The response has an address for one PUT of the recording, with its Content-Type and without the API key: anybody
   * who has the address may write there. Then pass downloadUrl to POST /conversations/import as its mediaURL.
   *
   * Key: the level is not documented.
   *
   * The response grants access by itself: keep it out of logs.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/conversation/import-conversation
   */
  getUploadUrl(options?: PlainOptions): APIPromise<AnswerOf<operations["getConversationUploadUrl"]>>;
  /**
   * Import a recording from elsewhere: POST /conversations/import.
   *
   * The uuid is returned before the media is processed. Public clients poll the conversation until its importStatus is
   * FINISHED, DISCARDED or FAILED; compare without case.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * Pass conversations_ids together with deal_id "", or a deal_id and no conversations_ids. If both are non-empty, the
   * response is 400; if both are empty, it is an error (a public client received 500). The failure for one conversation
   * is in its error field, with a success status.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/tool/ask-attention-v2
   */
  askAttention(
    body: BodyOf<operations["askAttention"]>,
    options?: BodyOptions<operations["askAttention"]>,
  ): APIPromise<AnswerOf<operations["askAttention"]>>;
  /**
   * Ask a question of conversations (deprecated): POST /ask_attention.
   *
   * Use askAttention instead. Body and response are undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @deprecated The API's own index says so.
   *
   * @see https://docs.attention.com/api-reference/tool/ask-attention-v2
   */
  askAttentionV1(
    body: BodyOf<operations["askAttentionV1"]>,
    options?: BodyOptions<operations["askAttentionV1"]>,
  ): APIPromise<AnswerOf<operations["askAttentionV1"]>>;
  /**
   * Create a shareable clip: POST /snippets.
   *
   * Key: the level is not documented.
   *
   * The response grants access by itself: keep it out of logs.
   *
   * @see https://docs.attention.com/api-reference/tool/create-snippet
   */
  createSnippet(
    body: BodyOf<operations["createSnippet"]>,
    options?: BodyOptions<operations["createSnippet"]>,
  ): APIPromise<AnswerOf<operations["createSnippet"]>>;
  /**
   * Generate a presentation from conversations or deals: POST /create_deck.
   *
   * Body and response are undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/mcp/tools-overview
   */
  createDeck(
    body: BodyOf<operations["createDeck"]>,
    options?: BodyOptions<operations["createDeck"]>,
  ): APIPromise<AnswerOf<operations["createDeck"]>>;
}

/** Native integrations. */
export interface Integrations {
  /**
   * List native integration workflows: GET /integration-workflows.
   *
   * Returns the identifiers for triggerNativeIntegration. The response is undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/conversation/trigger-native-integration
   */
  listWorkflows(options?: PlainOptions): APIPromise<AnswerOf<operations["listIntegrationWorkflows"]>>;
}

/** Analysed chats and e-mail threads. */
export interface Chats {
  /**
   * List chats and e-mail threads that were analysed: GET /chats.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/email/list-emails
   */
  list(
    query?: QueryOf<operations["listEmails"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listEmails"]>, ItemOf<AnswerOf<operations["listEmails"]>, "data">>;
  /**
   * List e-mail templates: GET /email-templates.
   *
   * The response is undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/email/list-emails
   */
  listTemplates(options?: PlainOptions): APIPromise<AnswerOf<operations["listEmailTemplates"]>>;
}

/** Past generalised insights. */
export interface GeneralizedInsights {
  /**
   * List past generalised insights of a user: GET /gi/history.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * An organisation-level key sees the actions of everyone, a user-level key those of its user. Suppressed actions are
   * never listed.
   *
   * Key: of either level.
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
   * Organisation-level keys only. Past meetings are sorted latest first; with upcoming, future ones soonest first.
   *
   * Key: organisation-level only; a user-level key is refused.
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

/** The connected CRM. */
export interface Crm {
  /**
   * Query the connected CRM: POST /crm/query.
   *
   * A POST that only reads. Body and response are undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools-overview
   */
  query(
    body: BodyOf<operations["queryCrm"]>,
    options?: BodyOptions<operations["queryCrm"]>,
  ): APIPromise<AnswerOf<operations["queryCrm"]>>;
}

/** Reports. */
export interface Reports {
  /**
   * Read the usage of users or teams over a period: GET /usageReport.
   *
   * The parameters of the period, and the response, are undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools-overview
   */
  getUsage(options?: PlainOptions): APIPromise<AnswerOf<operations["getUsageReport"]>>;
  /**
   * Read which users have connected calendar and e-mail: GET /connectionReport.
   *
   * The response is undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools-overview
   */
  getConnection(options?: PlainOptions): APIPromise<AnswerOf<operations["getConnectionReport"]>>;
}

/** Calendars. */
export interface Calendar {
  /**
   * List the calendar events of a user: GET /calendar_events/{user_uuid}.
   *
   * The index says that this list is paged, but paging and response are undocumented: look for a total or a next page
   * in the response.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/recordermetrics/list-recorder-meetings
   */
  listEvents(user_uuid: string, options?: PlainOptions): APIPromise<AnswerOf<operations["listCalendarEvents"]>>;
}

/** Users. */
export interface Users {
  /**
   * List users: GET /users.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/user/list-users
   */
  list(
    query?: QueryOf<operations["listUsers"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listUsers"]>, ItemOf<AnswerOf<operations["listUsers"]>, "data">>;
}

/** Users, teams and roles of the organisation. */
export interface Organizations {
  /**
   * List the users of the organisation: GET /organizations/users.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/organization/list-organization-users
   */
  listUsers(
    query?: QueryOf<operations["listOrganizationUsers"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listOrganizationUsers"]>,
    ItemOf<AnswerOf<operations["listOrganizationUsers"]>, "data">
  >;
  /**
   * Create a user: POST /organizations/users.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   *
   * Sources disagree about the deletion. The page of the MCP tool delete_user says soft delete: access ends at once,
   * memberships are kept, the user can be reactivated. A third-party index and a public connector of this operation say
   * permanent.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/users-roles
   */
  deleteUser(userId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteOrganizationUser"]>>;
  /**
   * List roles: GET /organizations/roles.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/users-roles
   */
  listRoles(
    options?: PlainListOptions,
  ): Listing<
    AnswerOf<operations["listOrganizationRoles"]>,
    ItemOf<AnswerOf<operations["listOrganizationRoles"]>, "data">
  >;
  /**
   * List the teams of the organisation: GET /organizations/teams.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/organization/create-team
   */
  listTeams(
    options?: PlainListOptions,
  ): Listing<
    AnswerOf<operations["listOrganizationTeams"]>,
    ItemOf<AnswerOf<operations["listOrganizationTeams"]>, "data">
  >;
  /**
   * Create a team: POST /organizations/teams.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/teams
   */
  list(
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listTeams"]>, ItemOf<AnswerOf<operations["listTeams"]>, "data">>;
  /**
   * Read one team: GET /teams/{id}.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/team/get-team
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getTeam"]>>;
  /**
   * List the members of a team: GET /teams/{id}/members.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/team/get-team-members
   */
  listMembers(
    id: string,
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listTeamMembers"]>, ItemOf<AnswerOf<operations["listTeamMembers"]>, "data">>;
  /**
   * Update the opportunity association of a team: PUT /teams/{id}/opportunity.
   *
   * Body, response and meaning are undocumented.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/mcp/tools/teams
   */
  updateOpportunity(
    id: string,
    body: BodyOf<operations["updateTeamOpportunity"]>,
    options?: BodyOptions<operations["updateTeamOpportunity"]>,
  ): APIPromise<AnswerOf<operations["updateTeamOpportunity"]>>;
}

/** Label categories. */
export interface Labels {
  /**
   * List labels: GET /labels.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/labels
   */
  list(
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listLabels"]>, ItemOf<AnswerOf<operations["listLabels"]>, "data">>;
  /**
   * Create a label: POST /labels.
   *
   * Without aiFlow (false by default here, true in the MCP tool) the label neither appears in the app nor classifies
   * calls, according to the page of the MCP tool; it also says that a category needs an option.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/label/get-label
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getLabel"]>>;
  /**
   * Update a label: PATCH /labels/{id}.
   *
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/labels
   */
  delete(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteLabel"]>>;
}

/** Scorecards, their items and results. */
export interface Scorecards {
  /**
   * List scorecards: GET /scorecards.
   *
   * Comes in pages of 50: awaited, it is the first page; `for await` has them all. The paging is inferred from a public
   * connector.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  list(
    query?: QueryOf<operations["listScorecards"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listScorecards"]>, ItemOf<AnswerOf<operations["listScorecards"]>, "data">>;
  /**
   * Create a scorecard: POST /scorecards.
   *
   * Needs an organisation-level key ("admin-equivalent"). The team is teamUUID in the request, and teamId in the
   * response.
   *
   * Key: organisation-level only; a user-level key is refused.
   *
   * @see https://docs.attention.com/api-reference/scorecard/create-scorecard
   */
  create(
    body: BodyOf<operations["createScorecard"]>,
    options?: BodyOptions<operations["createScorecard"]>,
  ): APIPromise<AnswerOf<operations["createScorecard"]>>;
  /**
   * Read one scorecard: GET /scorecards/{id}.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScorecard"]>>;
  /**
   * Update a scorecard: PATCH /scorecards/{id}.
   *
   * Key: the level is not documented.
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
   *
   * Comes in pages of 50: awaited, it is the first page; `for await` has them all. The paging is inferred from a public
   * connector.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scorecard/create-scorecard-item
   */
  listItems(
    id: string,
    query?: QueryOf<operations["listScorecardItems"]>,
    options?: ListOptions,
  ): Listing<AnswerOf<operations["listScorecardItems"]>, ItemOf<AnswerOf<operations["listScorecardItems"]>, "data">>;
  /**
   * Add an item to a scorecard: POST /scorecards/{id}/items.
   *
   * Needs an organisation-level key.
   *
   * Key: organisation-level only; a user-level key is refused.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scorecard/update-scorecard-item
   */
  getItem(id: string, itemId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScorecardItem"]>>;
  /**
   * Update a scorecard item: PATCH /scorecards/{id}/items/{itemId}.
   *
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/scorecards
   */
  getSummary(
    body: BodyOf<operations["getScorecardsSummary"]>,
    options?: BodyOptions<operations["getScorecardsSummary"]>,
  ): APIPromise<AnswerOf<operations["getScorecardsSummary"]>>;
  /**
   * Record a scorecard result: POST /createScorecardResult.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
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
   *
   * Comes in pages, probably of 50: awaited, it is the first page; `for await` has them all. The paging is inferred
   * from sibling lists.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/create-field-configuration
   */
  list(
    query?: QueryOf<operations["listFieldConfigurations"]>,
    options?: ListOptions,
  ): Listing<
    AnswerOf<operations["listFieldConfigurations"]>,
    ItemOf<AnswerOf<operations["listFieldConfigurations"]>, "data">
  >;
  /**
   * Create a field configuration: POST /field-configurations.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/create-field-configuration
   */
  create(
    body: BodyOf<operations["createFieldConfiguration"]>,
    options?: BodyOptions<operations["createFieldConfiguration"]>,
  ): APIPromise<AnswerOf<operations["createFieldConfiguration"]>>;
  /**
   * Read one field configuration: GET /field-configurations/{id}.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/update-field-configuration
   */
  get(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getFieldConfiguration"]>>;
  /**
   * Update a field configuration: PATCH /field-configurations/{id}.
   *
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/field-configuration/update-field-configuration
   */
  delete(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteFieldConfiguration"]>>;
  /**
   * List the items of a field configuration: GET /field-configurations/{id}/items.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/list-kb-sources
   */
  list(
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listKbSources"]>, ItemOf<AnswerOf<operations["listKbSources"]>, "data">>;
  /**
   * Create a source from text: POST /knowledge-base/sources.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/create-kb-source
   */
  create(
    body: BodyOf<operations["createKbSource"]>,
    options?: BodyOptions<operations["createKbSource"]>,
  ): APIPromise<AnswerOf<operations["createKbSource"]>>;
  /**
   * Ask for an address to upload a file to: POST /knowledge-base/sources/upload.
   *
   * Key: the level is not documented.
   *
   * The response grants access by itself: keep it out of logs.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/get-kb-source
   */
  get(sourceId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getKbSource"]>>;
  /**
   * Update a source: PATCH /knowledge-base/sources/{sourceId}.
   *
   * Key: the level is not documented.
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
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/get-kb-source
   */
  delete(sourceId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["deleteKbSource"]>>;
  /**
   * Confirm an uploaded file and index it: POST /knowledge-base/sources/{sourceId}/confirm-upload.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/knowledge-base/confirm-kb-source-upload
   */
  confirmUpload(sourceId: string, options?: PlainOptions): APIPromise<AnswerOf<operations["confirmKbSourceUpload"]>>;
}

/** The super agent. */
export interface SuperAgent extends SuperAgentHelpers {
  /**
   * Send a message to the super agent: POST /super-agent/messages.
   *
   * User-level keys only. Answers within 15 seconds, or else 202 with the session to poll every 15 to 20 seconds;
   * superAgent.send does that.
   *
   * Key: user-level only; an organisation-level key is refused.
   *
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/api-reference/super-agent/send-super-agent-message
   */
  sendMessage(
    body: BodyOf<operations["sendSuperAgentMessage"]>,
    options?: BodyOptions<operations["sendSuperAgentMessage"]>,
  ): APIPromise<AnswerOf<operations["sendSuperAgentMessage"]>>;
  /**
   * List super agent sessions: GET /super-agent/sessions.
   *
   * User-level keys only.
   *
   * Key: user-level only; an organisation-level key is refused.
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
   * User-level keys only.
   *
   * Key: user-level only; an organisation-level key is refused.
   *
   * @see https://docs.attention.com/api-reference/super-agent/get-super-agent-session-history
   */
  listSessionMessages(
    sessionId: string,
    options?: PlainListOptions,
  ): Listing<
    AnswerOf<operations["listSuperAgentSessionMessages"]>,
    ItemOf<AnswerOf<operations["listSuperAgentSessionMessages"]>, "messages">
  >;
  /**
   * Delete a session and its messages: DELETE /super-agent/sessions/{sessionId}.
   *
   * User-level keys only.
   *
   * Key: user-level only; an organisation-level key is refused.
   *
   * Its own page was not available: inferred from others.
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
   * The response contains the keys themselves, in value. The authentication guide says that a key is shown only once,
   * at creation; this page contradicts it.
   *
   * Key: the level is not documented.
   *
   * The response contains API keys: keep it out of logs, and away from callers.
   *
   * @see https://docs.attention.com/api-reference/api-key/list-api-keys
   */
  list(
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listApiKeys"]>, ItemOf<AnswerOf<operations["listApiKeys"]>, "">>;
  /**
   * Create an API key: POST /api_keys.
   *
   * The response contains the new key itself.
   *
   * Key: the level is not documented.
   *
   * The response contains API keys: keep it out of logs, and away from callers.
   *
   * Not safe to repeat: see the README on retries.
   *
   * @see https://docs.attention.com/api-reference/api-key/create-api-key
   */
  create(
    body: BodyOf<operations["createApiKey"]>,
    options?: BodyOptions<operations["createApiKey"]>,
  ): APIPromise<AnswerOf<operations["createApiKey"]>>;
  /**
   * Delete an API key: DELETE /api_keys.
   *
   * How this call identifies the key is undocumented: no parameter is declared, so pass it in the options (query or
   * body). A deleted key stops working at once.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/mcp/tools/api-keys
   */
  delete(options?: PlainOptions): APIPromise<AnswerOf<operations["deleteApiKey"]>>;
}

/** SCIM provisioning. */
export interface Scim {
  /**
   * Read SCIM capabilities: GET /scim/ServiceProviderConfigs.
   *
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/scim/get-scim-service-provider-config
   */
  getServiceProviderConfig(options?: PlainOptions): APIPromise<AnswerOf<operations["getScimServiceProviderConfig"]>>;
  /**
   * List SCIM users: GET /scim/Users.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  listUsers(
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listScimUsers"]>, ItemOf<AnswerOf<operations["listScimUsers"]>, "Resources">>;
  /**
   * Create a SCIM user: POST /scim/Users.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  createUser(
    body: BodyOf<operations["createScimUser"]>,
    options?: BodyOptions<operations["createScimUser"]>,
  ): APIPromise<AnswerOf<operations["createScimUser"]>>;
  /**
   * Read a SCIM user: GET /scim/Users/{id}.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  getUser(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScimUser"]>>;
  /**
   * Replace a SCIM user: PUT /scim/Users/{id}.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  replaceUser(
    id: string,
    body: BodyOf<operations["replaceScimUser"]>,
    options?: BodyOptions<operations["replaceScimUser"]>,
  ): APIPromise<AnswerOf<operations["replaceScimUser"]>>;
  /**
   * Update part of a SCIM user: PATCH /scim/Users/{id}.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  patchUser(
    id: string,
    body: BodyOf<operations["patchScimUser"]>,
    options?: BodyOptions<operations["patchScimUser"]>,
  ): APIPromise<AnswerOf<operations["patchScimUser"]>>;
  /**
   * List SCIM groups: GET /scim/Groups.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  listGroups(
    options?: PlainListOptions,
  ): Listing<AnswerOf<operations["listScimGroups"]>, ItemOf<AnswerOf<operations["listScimGroups"]>, "Resources">>;
  /**
   * Create a SCIM group: POST /scim/Groups.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  createGroup(
    body: BodyOf<operations["createScimGroup"]>,
    options?: BodyOptions<operations["createScimGroup"]>,
  ): APIPromise<AnswerOf<operations["createScimGroup"]>>;
  /**
   * Read a SCIM group: GET /scim/Groups/{id}.
   *
   * Key: the level is not documented.
   *
   * Its own page was not available: inferred from others.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  getGroup(id: string, options?: PlainOptions): APIPromise<AnswerOf<operations["getScimGroup"]>>;
  /**
   * Replace a SCIM group: PUT /scim/Groups/{id}.
   *
   * Key: the level is not documented.
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
   * Key: the level is not documented.
   *
   * @see https://docs.attention.com/api-reference/scim/patch-scim-group
   */
  patchGroup(
    id: string,
    body: BodyOf<operations["patchScimGroup"]>,
    options?: BodyOptions<operations["patchScimGroup"]>,
  ): APIPromise<AnswerOf<operations["patchScimGroup"]>>;
}
