/**
 * Generated from openapi/attention.v2.yaml by `npm run generate -w openapi`; do not edit.
 *
 * @module
 */

export interface paths {
  "/conversations": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List conversations, transcripts included
     * @description Responses are large: each conversation includes its transcript and insights. Conversations that are empty are omitted, unlike in the lighter list.
     */
    get: operations["listConversations"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/list": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List conversations, lighter form
     * @description Omits extractedIntelligence and confirmedExtractedIntelligence unless withCrmRecords is true; a second source says withCrmRecords or withIntelligenceItems. Conversations that are empty are included, unlike in the list with transcripts.
     */
    get: operations["listConversationsOptimized"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one conversation */
    get: operations["getConversation"];
    /** Update a conversation */
    put: operations["updateConversation"];
    post?: never;
    /** Archive a conversation */
    delete: operations["archiveConversation"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/title": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Rename a conversation
     * @description The search index is refreshed after the change.
     */
    put: operations["changeConversationTitle"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/labels": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /** Set labels on a conversation */
    put: operations["changeConversationLabels"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/change_privacy": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /** Flip a conversation between private and public */
    put: operations["changeConversationPrivacy"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/linked-crm-records": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /** Replace the CRM records linked to a conversation */
    put: operations["updateLinkedCrmRecords"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/crm/confirm": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Confirm extracted CRM values */
    post: operations["confirmCrmIntelligence"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/trigger-native-integration": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Start native integration workflows for a conversation */
    post: operations["triggerNativeIntegration"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/{id}/media/download": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ask for an address to download the recording from
     * @description The response is a presigned, short-lived address of the recording: anybody who has it may read the recording. Organisation-level keys only: a user-level key can list calls, but fails here. Clients received both 403 and 404 where there is no recording. The videoUID of a conversation cannot be used instead: it resolves only in Attention's own player.
     */
    post: operations["getConversationMediaUrl"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/by-external-id/{externalId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Find an imported conversation by its external identifier */
    get: operations["getConversationByExternalId"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/workflow-logs": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List workflow runs on conversations */
    get: operations["listConversationWorkflowLogs"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/upload-url": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Ask for an address to upload a recording to
     * @description The response has an address for one PUT of the recording, with its Content-Type and without the API key: anybody who has the address may write there. Then pass downloadUrl to POST /conversations/import as its mediaURL.
     */
    get: operations["getConversationUploadUrl"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/conversations/import": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Import a recording from elsewhere
     * @description The uuid is returned before the media is processed. Public clients poll the conversation until its importStatus is FINISHED, DISCARDED or FAILED; compare without case.
     */
    post: operations["importConversation"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/changeConversationOpportunity": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Link, replace or remove the opportunity of a conversation */
    post: operations["changeConversationOpportunity"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/ask_attention/v2": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ask a question of chosen conversations or of a deal
     * @description Pass conversations_ids together with deal_id "", or a deal_id and no conversations_ids. If both are non-empty, the response is 400; if both are empty, it is an error (a public client received 500). The failure for one conversation is in its error field, with a success status.
     */
    post: operations["askAttention"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/ask_attention": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ask a question of conversations (deprecated)
     * @deprecated
     * @description Use askAttention instead. Body and response are undocumented.
     */
    post: operations["askAttentionV1"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/snippets": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Create a shareable clip */
    post: operations["createSnippet"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/create_deck": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Generate a presentation from conversations or deals
     * @description Body and response are undocumented.
     */
    post: operations["createDeck"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/integration-workflows": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List native integration workflows
     * @description Returns the identifiers for triggerNativeIntegration. The response is undocumented.
     */
    get: operations["listIntegrationWorkflows"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/chats": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List chats and e-mail threads that were analysed */
    get: operations["listChats"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/emails": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List e-mails */
    get: operations["listEmails"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/email-templates": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List e-mail templates
     * @description The response is undocumented.
     */
    get: operations["listEmailTemplates"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/gi/history": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List past generalised insights of a user */
    get: operations["listGiHistory"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/library/folders": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List library folders */
    get: operations["listLibraryFolders"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/actions": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List proactive actions
     * @description An organisation-level key sees the actions of everyone, a user-level key those of its user. Suppressed actions are never listed.
     */
    get: operations["listActions"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/calendar_events/{user_uuid}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the calendar events of a user
     * @description The index says that this list is paged, but paging and response are undocumented: look for a total or a next page in the response.
     */
    get: operations["listCalendarEvents"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/recorder_metrics/all_meetings": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List calendar meetings with their recording status
     * @description Organisation-level keys only. Past meetings are sorted latest first; with upcoming, future ones soonest first.
     */
    get: operations["listRecorderMeetings"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/usageReport": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Read the usage of users or teams over a period
     * @description The parameters of the period, and the response, are undocumented.
     */
    get: operations["getUsageReport"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/connectionReport": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Read which users have connected calendar and e-mail
     * @description The response is undocumented.
     */
    get: operations["getConnectionReport"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/crm/query": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Query the connected CRM
     * @description A POST that only reads. Body and response are undocumented.
     */
    post: operations["queryCrm"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/users": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List users */
    get: operations["listUsers"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/organizations/users": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List the users of the organisation */
    get: operations["listOrganizationUsers"];
    put?: never;
    /** Create a user */
    post: operations["createOrganizationUser"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/organizations/users/{userId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Remove a user
     * @description Sources disagree about the deletion. The page of the MCP tool delete_user says soft delete: access ends at once, memberships are kept, the user can be reactivated. A third-party index and a public connector of this operation say permanent.
     */
    delete: operations["deleteOrganizationUser"];
    options?: never;
    head?: never;
    /** Update a user */
    patch: operations["updateOrganizationUser"];
    trace?: never;
  };
  "/organizations/roles": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List roles */
    get: operations["listOrganizationRoles"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/organizations/teams": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List the teams of the organisation */
    get: operations["listOrganizationTeams"];
    put?: never;
    /** Create a team */
    post: operations["createOrganizationTeam"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/organizations/teams/{teamId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /** Update a team */
    patch: operations["updateOrganizationTeam"];
    trace?: never;
  };
  "/teams": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List teams */
    get: operations["listTeams"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/teams/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one team */
    get: operations["getTeam"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/teams/{id}/members": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List the members of a team */
    get: operations["listTeamMembers"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/teams/{id}/opportunity": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    /**
     * Update the opportunity association of a team
     * @description Body, response and meaning are undocumented.
     */
    put: operations["updateTeamOpportunity"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/labels": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List labels */
    get: operations["listLabels"];
    put?: never;
    /**
     * Create a label
     * @description Without aiFlow (false by default here, true in the MCP tool) the label neither appears in the app nor classifies calls, according to the page of the MCP tool; it also says that a category needs an option.
     */
    post: operations["createLabel"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/labels/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one label */
    get: operations["getLabel"];
    put?: never;
    post?: never;
    /** Delete a label */
    delete: operations["deleteLabel"];
    options?: never;
    head?: never;
    /** Update a label */
    patch: operations["updateLabel"];
    trace?: never;
  };
  "/scorecards": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List scorecards
     * @description Comes in pages of 50: awaited, it is the first page; `for await` has them all. The paging is inferred from a public connector.
     */
    get: operations["listScorecards"];
    put?: never;
    /**
     * Create a scorecard
     * @description Needs an organisation-level key ("admin-equivalent"). The team is teamUUID in the request, and teamId in the response.
     */
    post: operations["createScorecard"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/scorecards/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one scorecard */
    get: operations["getScorecard"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /** Update a scorecard */
    patch: operations["updateScorecard"];
    trace?: never;
  };
  "/scorecards/{id}/items": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the items of a scorecard
     * @description Comes in pages of 50: awaited, it is the first page; `for await` has them all. The paging is inferred from a public connector.
     */
    get: operations["listScorecardItems"];
    put?: never;
    /**
     * Add an item to a scorecard
     * @description Needs an organisation-level key.
     */
    post: operations["createScorecardItem"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/scorecards/{id}/items/{itemId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one scorecard item */
    get: operations["getScorecardItem"];
    put?: never;
    post?: never;
    /** Delete a scorecard item */
    delete: operations["deleteScorecardItem"];
    options?: never;
    head?: never;
    /** Update a scorecard item */
    patch: operations["updateScorecardItem"];
    trace?: never;
  };
  "/scorecards/summary": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Summarise scores over a period */
    post: operations["getScorecardsSummary"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/createScorecardResult": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Record a scorecard result */
    post: operations["createScorecardResult"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/field-configurations": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List field configurations
     * @description Comes in pages, probably of 50: awaited, it is the first page; `for await` has them all. The paging is inferred from sibling lists.
     */
    get: operations["listFieldConfigurations"];
    put?: never;
    /** Create a field configuration */
    post: operations["createFieldConfiguration"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/field-configurations/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one field configuration */
    get: operations["getFieldConfiguration"];
    put?: never;
    post?: never;
    /** Delete a field configuration */
    delete: operations["deleteFieldConfiguration"];
    options?: never;
    head?: never;
    /** Update a field configuration */
    patch: operations["updateFieldConfiguration"];
    trace?: never;
  };
  "/field-configurations/{id}/items": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List the items of a field configuration */
    get: operations["listFieldConfigurationItems"];
    put?: never;
    /** Add an item to a field configuration */
    post: operations["createFieldConfigurationItem"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/field-configurations/{id}/items/{itemId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one field configuration item */
    get: operations["getFieldConfigurationItem"];
    put?: never;
    post?: never;
    /** Delete a field configuration item */
    delete: operations["deleteFieldConfigurationItem"];
    options?: never;
    head?: never;
    /** Update a field configuration item */
    patch: operations["updateFieldConfigurationItem"];
    trace?: never;
  };
  "/knowledge-base/sources": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List knowledge base sources */
    get: operations["listKbSources"];
    put?: never;
    /** Create a source from text */
    post: operations["createKbSource"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/knowledge-base/sources/upload": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Ask for an address to upload a file to */
    post: operations["requestKbSourceUpload"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/knowledge-base/sources/{sourceId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read one source, content included */
    get: operations["getKbSource"];
    put?: never;
    post?: never;
    /** Delete a source */
    delete: operations["deleteKbSource"];
    options?: never;
    head?: never;
    /** Update a source */
    patch: operations["updateKbSource"];
    trace?: never;
  };
  "/knowledge-base/sources/{sourceId}/confirm-upload": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Confirm an uploaded file and index it */
    post: operations["confirmKbSourceUpload"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/super-agent/messages": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send a message to the super agent
     * @description User-level keys only. Answers within 15 seconds, or else 202 with the session to poll every 15 to 20 seconds; superAgent.send does that.
     */
    post: operations["sendSuperAgentMessage"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/super-agent/sessions": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List super agent sessions
     * @description User-level keys only.
     */
    get: operations["listSuperAgentSessions"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/super-agent/sessions/{sessionId}/messages": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Read the messages of a session
     * @description User-level keys only.
     */
    get: operations["listSuperAgentSessionMessages"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/super-agent/sessions/{sessionId}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Delete a session and its messages
     * @description User-level keys only.
     */
    delete: operations["deleteSuperAgentSession"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/api_keys": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List API keys
     * @description The response contains the keys themselves, in value. The authentication guide says that a key is shown only once, at creation; this page contradicts it.
     */
    get: operations["listApiKeys"];
    put?: never;
    /**
     * Create an API key
     * @description The response contains the new key itself.
     */
    post: operations["createApiKey"];
    /**
     * Delete an API key
     * @description How this call identifies the key is undocumented: no parameter is declared, so pass it in the options (query or body). A deleted key stops working at once.
     */
    delete: operations["deleteApiKey"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/scim/ServiceProviderConfigs": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read SCIM capabilities */
    get: operations["getScimServiceProviderConfig"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/scim/Users": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List SCIM users */
    get: operations["listScimUsers"];
    put?: never;
    /** Create a SCIM user */
    post: operations["createScimUser"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/scim/Users/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read a SCIM user */
    get: operations["getScimUser"];
    /** Replace a SCIM user */
    put: operations["replaceScimUser"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /** Update part of a SCIM user */
    patch: operations["patchScimUser"];
    trace?: never;
  };
  "/scim/Groups": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** List SCIM groups */
    get: operations["listScimGroups"];
    put?: never;
    /** Create a SCIM group */
    post: operations["createScimGroup"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/scim/Groups/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Read a SCIM group */
    get: operations["getScimGroup"];
    /** Replace a SCIM group */
    put: operations["replaceScimGroup"];
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /** Update part of a SCIM group */
    patch: operations["patchScimGroup"];
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /**
     * @description Body of an error response. Its form is undocumented, so it is left open: it may be JSON of any form,
     * plain text or empty.
     */
    ErrorBody: unknown;
    /** @description Paging counters. Not every list fills every counter (some samples show totalRecords alone). */
    ListMeta: {
      pageCount?: number;
      totalRecords?: number;
      pageNumber?: number;
      pageSize?: number;
    } & {
      [key: string]: unknown;
    };
    /**
     * @description JSON:API-like links. In the samples they are relative or lead to another path than the one called:
     * do not follow them blindly, and never send a key to a host taken from them.
     */
    ListLinks: {
      self?: string;
      related?: string;
    } & {
      [key: string]: unknown;
    };
    /** @description Object whose fields are unknown. */
    OpenObject: {
      [key: string]: unknown;
    };
    /** @description Undocumented: any JSON value. */
    Unread: unknown;
    Participant: {
      id?: string;
      email?: string;
      name?: string;
      organizer?: boolean;
      status?: string;
      type?: string;
    } & {
      [key: string]: unknown;
    };
    /** @description A CRM record by its identifier and entity code. */
    CrmRecordRef: {
      id?: string;
      code?: string;
    } & {
      [key: string]: unknown;
    };
    SlackConnection: {
      id?: string;
      info?: {
        id?: string;
        name?: string;
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    /**
     * @description A team; children are its sub-teams.
     * @example {
     *       "uuid": "0b6f7a1e-2f0d-4b7b-9a51-7f4f0f4d5a01",
     *       "name": "Northern sales",
     *       "parentTeamUUID": "0b6f7a1e-2f0d-4b7b-9a51-7f4f0f4d5a00",
     *       "organizationUUID": "7d1c0a52-61a7-4a8e-8a1e-0d5b6b0c9f10",
     *       "children": []
     *     }
     */
    Team: {
      uuid?: string;
      name?: string;
      phrases?: string[];
      slackConnection?: components["schemas"]["SlackConnection"];
      domain?: string;
      organizerJoinInternalMeetings?: boolean;
      consentEmailEnabled?: boolean;
      parentTeamUUID?: string;
      organizationUUID?: string;
      children?: components["schemas"]["Team"][];
    } & {
      [key: string]: unknown;
    };
    TeamEnvelope: {
      data?: components["schemas"]["Team"];
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    TeamCollection: {
      data?: components["schemas"]["Team"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    Role: {
      uuid?: string;
      name?: string;
      /** @description Those in samples. */
      type?: "ADMIN" | "SALES_REP" | (string & {});
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    RoleCollection: {
      data?: components["schemas"]["Role"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @description A person in the organisation.
     * @example {
     *       "uuid": "5a0e3c1c-8a43-4f4e-9a52-0e1f6f1c2b33",
     *       "email": "ines@example.com",
     *       "firstName": "Ines",
     *       "lastName": "Roy",
     *       "roles": [
     *         {
     *           "uuid": "c0ffee00-1111-4222-8333-444455556666",
     *           "name": "Sales lead",
     *           "type": "SALES_REP"
     *         }
     *       ],
     *       "transcriptLang": "en"
     *     }
     */
    User: {
      uuid?: string;
      email?: string;
      firstName?: string;
      lastName?: string;
      /** Format: date-time */
      createdAt?: string;
      /** Format: date-time */
      deletedAt?: string;
      transcriptLang?: string;
      joinOutsideHostMeetings?: boolean;
      realTimeCapabilities?: boolean;
      /** @description Recorder and seat settings, mostly booleans. */
      settings?: {
        [key: string]: unknown;
      };
      botName?: string;
      botImageURL?: string;
      primaryTeamUUID?: string;
      organizationRoleUUID?: string;
      roles?: components["schemas"]["Role"][];
      teams?: components["schemas"]["Team"][];
      showReferralScreen?: boolean;
      seatType?: "listener" | "recording" | (string & {});
    } & {
      [key: string]: unknown;
    };
    UserEnvelope: {
      data?: components["schemas"]["User"];
    } & {
      [key: string]: unknown;
    };
    UserCollection: {
      data?: components["schemas"]["User"][];
    } & {
      [key: string]: unknown;
    };
    TeamMember: {
      userUUID?: string;
      teamUUID?: string;
      user?: components["schemas"]["User"];
      team?: components["schemas"]["Team"];
    } & {
      [key: string]: unknown;
    };
    TeamMemberCollection: {
      data?: components["schemas"]["TeamMember"][];
    } & {
      [key: string]: unknown;
    };
    TeamAssignment: {
      uuid: string;
      primary?: boolean;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "email": "noor@example.com",
     *       "first_name": "Noor",
     *       "last_name": "Haddad",
     *       "roleUUID": "c0ffee00-1111-4222-8333-444455556666",
     *       "teams": [
     *         {
     *           "uuid": "0b6f7a1e-2f0d-4b7b-9a51-7f4f0f4d5a01",
     *           "primary": true
     *         }
     *       ],
     *       "seat_type": "listener"
     *     }
     */
    UserCreate: {
      email: string;
      first_name: string;
      last_name: string;
      teams: components["schemas"]["TeamAssignment"][];
      roleUUID: string;
      /** Format: password */
      password?: string;
      /**
       * @default recording
       * @enum {string}
       */
      seat_type?: "listener" | "recording";
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "firstName": "Noor",
     *       "seat_type": "recording"
     *     }
     */
    UserUpdate: {
      firstName?: string;
      lastName?: string;
      /** Format: password */
      password?: string;
      botName?: string;
      dealsEnabled?: boolean;
      teamUUIDsToRemove?: string[];
      teamsToAdd?: components["schemas"]["TeamAssignment"][];
      roleUUID?: string;
      /** @enum {string} */
      seat_type?: "listener" | "recording";
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "name": "Renewals",
     *       "parentTeamUUID": "0b6f7a1e-2f0d-4b7b-9a51-7f4f0f4d5a00"
     *     }
     */
    TeamWrite: {
      name?: string;
      parentTeamUUID?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "name": "Renewals"
     *     }
     */
    TeamCreate: {
      name: string;
      parentTeamUUID?: string;
    } & {
      [key: string]: unknown;
    };
    /** @description What one person said without a break. */
    TranscriptTurn: {
      speaker?: {
        id?: string;
        name?: string;
        email?: string;
      } & {
        [key: string]: unknown;
      };
      words?: ({
        text?: string;
        /** @description Seconds from the start. */
        startTimestamp?: number;
        /** @description Seconds from the start. */
        endTimestamp?: number;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /**
     * @description The reference says object, and its samples are empty. Two independent clients receive turns with
     * detailedTranscript=true, else often plain text; null occurs. Check with Array.isArray and typeof.
     */
    Transcript:
      | components["schemas"]["TranscriptTurn"][]
      | string
      | {
          [key: string]: unknown;
        }
      | null;
    ExtractedInsight: {
      id?: string;
      key?: string;
      /** @description Often a string. */
      value?: unknown;
      title?: string;
      category?: string;
      refreshing?: boolean;
      /** @description Otherwise undocumented. */
      options?: unknown;
      /** @description Otherwise undocumented. */
      source?: unknown;
      /** @description Otherwise undocumented. */
      scope_insight?: unknown;
    } & {
      [key: string]: unknown;
    };
    /** @description Insights by their key. */
    ExtractedIntelligence: {
      [key: string]: components["schemas"]["ExtractedInsight"];
    };
    ConversationScorecardResult: {
      uuid?: string;
      title?: string;
      summary?: {
        averageScore?: number;
        min?: number;
        max?: number;
        summaryText?: string;
      } & {
        [key: string]: unknown;
      };
      items?: ({
        uuid?: string;
        title?: string;
        description?: string;
        evidences?: unknown[];
        numericResult?: {
          score?: number;
          min?: number;
          max?: number;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /** @description Attributes seen in the samples. Older and newer samples differ: treat every field as optional. */
    ConversationAttributes: {
      uuid?: string;
      title?: string;
      /** Format: date-time */
      createdAt?: string;
      /** Format: date-time */
      finishedAt?: string;
      /** Format: date-time */
      liveStreamStartedAt?: string;
      /** Format: date-time */
      liveStreamEndedAt?: string;
      userUUID?: string;
      user?: components["schemas"]["User"];
      teamUUID?: string;
      archived?: boolean;
      referenceable?: boolean;
      private?: boolean;
      isInternal?: boolean;
      isEmpty?: boolean;
      /** @description Seconds, as public clients read it; the pages do not state the unit. */
      mediaDuration?: number;
      videoUID?: string;
      videoStatus?: string;
      /** @description Samples are lower case, live values upper case: compare without case. */
      mediaStorageStatus?: "PENDING" | "UNAVAILABLE" | "IMPORTING" | "READY" | (string & {});
      /** @description "completed" in samples, "READY" live: compare without case. */
      transcriptStatus?: "completed" | "READY" | (string & {});
      crmExportStatus?: string;
      /** @description Samples are lower case, live values upper case: compare without case. */
      importStatus?: "NONE" | "PENDING" | "IN_PROGRESS" | "FINISHED" | "DISCARDED" | "FAILED" | (string & {});
      dealUUID?: string;
      emailTemplateID?: string;
      externalIntelligenceOpportunityID?: string;
      externalOpportunity?: {
        uuid?: string;
        title?: string;
      } & {
        [key: string]: unknown;
      };
      externalAccounts?: components["schemas"]["CrmRecordRef"][];
      externalContacts?: components["schemas"]["CrmRecordRef"][];
      linkedCrmRecords?: components["schemas"]["CrmRecordRef"][];
      zoomMeetingJoinUrl?: string;
      googleMeetJoinUrl?: string;
      microsoftTeamsJoinUrl?: string;
      webexJoinUrl?: string;
      zoomMetadata?: {
        calleeName?: string;
        calleeNumber?: string;
        callerName?: string;
        callerNumber?: string;
      } & {
        [key: string]: unknown;
      };
      importMetadata?: {
        [key: string]: unknown;
      };
      transcript?: components["schemas"]["Transcript"];
      extractedIntelligence?: components["schemas"]["ExtractedIntelligence"];
      confirmedExtractedIntelligence?: components["schemas"]["ExtractedIntelligence"];
      /** @description Label category name to value. */
      labels?: {
        [key: string]: unknown;
      };
      participants?: components["schemas"]["Participant"][];
      attendees?: components["schemas"]["Participant"][];
      bots?: ({
        uuid?: string;
        meetingUrl?: string;
        status?: {
          code?: string;
          message?: string;
          /** Format: date-time */
          createdAt?: string;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      })[];
      /** @description The page shows inner fields; they were not transcribed. */
      boards?: {
        [key: string]: unknown;
      }[];
      /** @description The page shows inner fields; they were not transcribed. */
      talktracks?: {
        [key: string]: unknown;
      }[];
      scorecardResults?: components["schemas"]["ConversationScorecardResult"][];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "type": "conversations",
     *       "id": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
     *       "attributes": {
     *         "uuid": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
     *         "title": "Renewal call with Fabrikam",
     *         "createdAt": "2026-02-03T09:00:00Z",
     *         "transcriptStatus": "completed",
     *         "transcript": {},
     *         "participants": [
     *           {
     *             "id": "p-1",
     *             "email": "ines@example.com",
     *             "name": "Ines Roy",
     *             "organizer": true,
     *             "status": "accepted"
     *           }
     *         ]
     *       }
     *     }
     */
    Conversation: {
      /** @description "conversations" in every sample. */
      type: string;
      id: string;
      links?: components["schemas"]["ListLinks"];
      attributes?: components["schemas"]["ConversationAttributes"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "data": [],
     *       "links": {
     *         "self": "/v2/conversations?page=3",
     *         "related": "/v2/conversations?page=4"
     *       },
     *       "meta": {
     *         "totalRecords": 212
     *       }
     *     }
     */
    ConversationCollection: {
      data: components["schemas"]["Conversation"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    ConversationMediaUrl: {
      /**
       * @description Presigned, short-lived address of the recording (MP4). It grants access by itself: never log it.
       */
      url: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Renewal call with Fabrikam"
     *     }
     */
    ConversationUpdate: {
      title?: string;
      /** @description Label category name to value. */
      labels?: {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Kick-off with Fabrikam"
     *     }
     */
    ConversationTitleChange: {
      title: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "labels": {
     *         "call_type": "renewal"
     *       },
     *       "skip_analysis": true
     *     }
     */
    ConversationLabelsChange: {
      /** @description Label category name to value; strings in the sample. */
      labels?: {
        [key: string]: unknown;
      };
      /** @description The sample value is false; the effect is undocumented. */
      skip_analysis?: boolean;
    } & {
      [key: string]: unknown;
    };
    TranscriptV1: {
      pieceInFlux?: string;
      final?: ({
        speaker?: string;
        sentence?: string;
        startTimestamp?: number;
        endTimestamp?: number;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    TranscriptV2: {
      pieceInFlux?: string;
      final?: ({
        speaker?: string;
        words?: ({
          text?: string;
          startTimestamp?: number;
          endTimestamp?: number;
        } & {
          [key: string]: unknown;
        })[];
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /** @description Names taken from two public scripts that use them. */
    ConversationUploadTicket: {
      /**
       * @description Presigned address for one HTTP PUT of the recording. It grants access by itself: never log it,
       * never send the API key to it.
       */
      url: string;
      /** @description The mediaURL for importConversation. It grants access by itself too. */
      downloadUrl: string;
      key?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "mediaURL": "https://media.example.com/call-77.mp3",
     *       "userID": "5a0e3c1c-8a43-4f4e-9a52-0e1f6f1c2b33",
     *       "applicationName": "example-dialer",
     *       "applicationExternalID": "call-77",
     *       "conversationTitle": "Inbound 77"
     *     }
     */
    ConversationImport: {
      /** @description Address of the audio or video file to fetch. */
      mediaURL: string;
      /** @description UUID of the user who will own the conversation. */
      userID: string;
      applicationName?: string;
      applicationExternalID?: string;
      conversationTitle?: string;
      /** Format: date-time */
      conversationStartedAt?: string;
      /** @description Header pairs. They may contain credentials for the media host: keep them out of logs. */
      headers?: ({
        key?: string;
        value?: string;
      } & {
        [key: string]: unknown;
      })[];
      opportunityID?: string;
      linkedCrmRecords?: components["schemas"]["CrmRecordRef"][];
      skipScorecardCalculation?: boolean;
      skipCRMFieldsCalculation?: boolean;
      skipOpportunitiesExport?: boolean;
      transcriptionSettings?: {
        gladia?: {
          enableDiarization?: boolean;
        } & {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      };
      transcript?: {
        v1?: components["schemas"]["TranscriptV1"];
        v2?: components["schemas"]["TranscriptV2"];
      } & {
        [key: string]: unknown;
      };
      externalMetadata?: {
        participants?: ({
          email?: string;
          name?: string;
          /** @description That of the sample. */
          accessType?: "Internal" | (string & {});
          organizer?: boolean;
        } & {
          [key: string]: unknown;
        })[];
        extra?: {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    ConversationImported: {
      uuid: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "conversation_id": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20"
     *     }
     */
    ConversationIdByExternal: {
      conversation_id?: string;
    } & {
      [key: string]: unknown;
    };
    WorkflowLog: {
      conversationUUID?: string;
      workflowName?: string;
      success?: boolean;
      error?: string;
      /** Format: date-time */
      createdAt?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "data": [
     *         {
     *           "conversationUUID": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
     *           "workflowName": "crm_push",
     *           "success": true,
     *           "error": "",
     *           "createdAt": "2026-02-03T10:00:00Z"
     *         }
     *       ],
     *       "total": 1
     *     }
     */
    WorkflowLogCollection: {
      data?: components["schemas"]["WorkflowLog"][];
      /** Format: int64 */
      total?: number;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "intelligence": [
     *         {
     *           "id": "i-9",
     *           "key": "budget",
     *           "value": "40k",
     *           "title": "Budget"
     *         }
     *       ],
     *       "opportunity_id": "opp-31"
     *     }
     */
    CrmIntelligenceConfirm: {
      intelligence?: ({
        id?: string;
        key?: string;
        /** @description A string in the sample. */
        value?: unknown;
        title?: string;
      } & {
        [key: string]: unknown;
      })[];
      opportunity_id?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "workflowIds": [
     *         "wf-1"
     *       ],
     *       "autoExecution": false
     *     }
     */
    NativeIntegrationTrigger: {
      /** @description Left empty: every enabled integration workflow. */
      workflowIds?: string[];
      /** @description Left empty: every confirmed field. */
      fieldKeys?: string[];
      /** @description true retries hard, false is cautious. */
      autoExecution?: boolean;
    } & {
      [key: string]: unknown;
    };
    NativeIntegrationRuns: {
      workflows?: ({
        workflowId?: string;
        runId?: string;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "conversation_id": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
     *       "opportunity_id": "opp-31"
     *     }
     */
    OpportunityChange: {
      conversation_id: string;
      /** @description Needed when an opportunity is linked or replaced. */
      opportunity_id?: string;
      /** @description CRM entity code. */
      entity_code?: string;
      /** @default false */
      skip_intelligence_calculation?: boolean;
      /** @default false */
      remove_opportunity?: boolean;
    } & {
      [key: string]: unknown;
    };
    SuccessFlag: {
      success: boolean;
    } & {
      [key: string]: unknown;
    };
    /**
     * @description Exactly one of conversations_ids and deal_id must be non-empty.
     * @example {
     *       "prompt": "Which objections were raised?",
     *       "conversations_ids": [
     *         "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20"
     *       ],
     *       "deal_id": ""
     *     }
     */
    AskAttentionRequest: {
      prompt: string;
      conversations_ids?: string[];
      /**
       * @description A deal UUID, or the empty string when conversations are named. The schema of the page requires it.
       */
      deal_id: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "output": "Two: price and timing.",
     *       "conversation_id": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
     *       "error": "",
     *       "segments": [
     *         {
     *           "start_sec": 12.5,
     *           "end_sec": 20,
     *           "text": "The price is above plan."
     *         }
     *       ]
     *     }
     */
    AskAttentionAnswer: {
      output?: string;
      conversation_id?: string;
      /** @description Empty when this conversation was answered. */
      error?: string;
      segments?: ({
        start_sec?: number;
        end_sec?: number;
        text?: string;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "user_uuid": "5a0e3c1c-8a43-4f4e-9a52-0e1f6f1c2b33",
     *       "conversation_id": "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
     *       "video": {
     *         "start_time": 30,
     *         "end_time": 55.5,
     *         "duration": 25.5
     *       },
     *       "internal": true,
     *       "notify_views": false,
     *       "title": "Good opening"
     *     }
     */
    SnippetCreate: {
      user_uuid: string;
      conversation_id: string;
      video: {
        start_time?: number;
        end_time?: number;
        duration?: number;
      } & {
        [key: string]: unknown;
      };
      internal: boolean;
      notify_views: boolean;
      reference?: {
        characters?: {
          start_idx?: string;
          end_idx?: string;
        } & {
          [key: string]: unknown;
        };
        speakers?: {
          start_idx?: string;
          end_idx?: string;
        } & {
          [key: string]: unknown;
        };
        /** @description Those in samples. */
        transcript_version?: "V1" | "V2" | (string & {});
      } & {
        [key: string]: unknown;
      };
      notes?: string;
      title?: string;
      in_library?: boolean;
      library_item_info?: {
        my_library?: boolean;
        folder_path?: string;
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    Snippet: {
      id: string;
      url: string;
      /** @description Gives access to the clip: do not log it. */
      share_code?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "uuid": "1f4c8f0a-77f0-4a7e-8d2f-3a8a4c1e5d66",
     *       "name": "Call type",
     *       "aiFlow": true,
     *       "allTeams": true,
     *       "options": [
     *         {
     *           "value": "renewal",
     *           "description": "About a renewal"
     *         }
     *       ]
     *     }
     */
    Label: {
      uuid?: string;
      name?: string;
      description?: string;
      aiFlow?: boolean;
      allTeams?: boolean;
      isDefaultTemplate?: boolean;
      options?: components["schemas"]["LabelOption"][];
      organizationUUID?: string;
      /** Format: date-time */
      createdAt?: string;
    } & {
      [key: string]: unknown;
    };
    LabelOption: {
      value?: string;
      description?: string;
    } & {
      [key: string]: unknown;
    };
    LabelEnvelope: {
      data?: components["schemas"]["Label"];
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    LabelCollection: {
      data?: components["schemas"]["Label"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "name": "Call type",
     *       "aiFlow": true,
     *       "options": [
     *         {
     *           "value": "renewal"
     *         }
     *       ]
     *     }
     */
    LabelCreate: {
      /** @description Trimmed; unique in the organisation. */
      name: string;
      description?: string;
      /**
       * @description The page of the MCP tool: must be true for the label to appear in the app and to classify calls.
       * @default false
       */
      aiFlow?: boolean;
      /** @default false */
      allTeams?: boolean;
      options?: components["schemas"]["LabelOption"][];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "aiFlow": false
     *     }
     */
    LabelUpdate: {
      name?: string;
      description?: string | null;
      aiFlow?: boolean | null;
      allTeams?: boolean | null;
      /** @description Replaces the whole list; an empty list clears it. */
      options?: components["schemas"]["LabelOption"][];
    } & {
      [key: string]: unknown;
    };
    /** @description Conditions that decide where the thing applies. */
    LabelCriteria: {
      operator?: "AND" | "OR" | (string & {});
      conditions?: ({
        field?: string;
        value?: string;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /** @enum {string} */
    InteractionType: "conversation" | "chat" | "email";
    Scorecard: {
      id?: string;
      title?: string;
      organizationId?: string;
      /** @description The field of the request is teamUUID. */
      teamId?: string;
      allTeams?: boolean;
      enabled?: boolean;
      interactionType?: "conversation" | "chat" | "email" | (string & {});
      expertMode?: boolean;
      isDefaultTemplate?: boolean;
      /** Format: date-time */
      createdAt?: string;
      detailedInstructions?: string;
      scorecardPrompt?: string;
      criteria?: components["schemas"]["LabelCriteria"];
    } & {
      [key: string]: unknown;
    };
    ScorecardEnvelope: {
      data: components["schemas"]["Scorecard"];
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    ScorecardCollection: {
      data?: components["schemas"]["Scorecard"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Discovery",
     *       "allTeams": true,
     *       "interactionType": "conversation"
     *     }
     */
    ScorecardCreate: {
      title: string;
      /** @description Excludes allTeams=true. */
      teamUUID?: string;
      /** @default false */
      allTeams?: boolean;
      /** @default true */
      enabled?: boolean;
      interactionType?: components["schemas"]["InteractionType"];
      detailedInstructions?: string;
      scorecardPrompt?: string;
      /** @default false */
      expertMode?: boolean;
      criteria?: components["schemas"]["LabelCriteria"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "enabled": false
     *     }
     */
    ScorecardUpdate: {
      title?: string;
      /** @description Excludes allTeams=true. */
      teamUUID?: string;
      allTeams?: boolean | null;
      enabled?: boolean | null;
      interactionType?: components["schemas"]["InteractionType"];
      detailedInstructions?: string;
      scorecardPrompt?: string;
      expertMode?: boolean | null;
      criteria?: components["schemas"]["LabelCriteria"];
    } & {
      [key: string]: unknown;
    };
    ScorecardItemMetadata: {
      numericMetadata?: {
        min?: number;
        middle?: number;
        max?: number;
        minCriteria?: string;
        middleCriteria?: string;
        maxCriteria?: string;
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    ScorecardItem: {
      id?: string;
      scorecardId?: string;
      title?: string;
      type?: "numeric" | (string & {});
      position?: number;
      weight?: number;
      version?: number;
      metadata?: components["schemas"]["ScorecardItemMetadata"];
      /** Format: date-time */
      createdAt?: string;
      /** Format: date-time */
      lastUpdatedAt?: string;
      expertPrompt?: string;
    } & {
      [key: string]: unknown;
    };
    ScorecardItemEnvelope: {
      data: components["schemas"]["ScorecardItem"];
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    ScorecardItemCollection: {
      data?: components["schemas"]["ScorecardItem"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Agenda set",
     *       "type": "numeric",
     *       "weight": 20,
     *       "metadata": {
     *         "numericMetadata": {
     *           "min": 1,
     *           "middle": 3,
     *           "max": 5,
     *           "minCriteria": "None",
     *           "middleCriteria": "Partial",
     *           "maxCriteria": "Clear"
     *         }
     *       }
     *     }
     */
    ScorecardItemCreate: {
      title: string;
      /**
       * @description The only type accepted for now.
       * @enum {string}
       */
      type: "numeric";
      weight: number;
      position?: number;
      expertPrompt?: string;
      metadata?: components["schemas"]["ScorecardItemMetadata"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "weight": 15
     *     }
     */
    ScorecardItemUpdate: {
      title?: string;
      weight?: number;
      position?: number;
      expertPrompt?: string;
      metadata?: components["schemas"]["ScorecardItemMetadata"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @description Names taken from public clients, which also require what is required here; one of conversation_uuid
     * and chat_uuid.
     */
    ScorecardResultCreate: {
      conversation_uuid?: string;
      chat_uuid?: string;
      scorecard_uuid: string;
      summary: string;
      items: ({
        scorecard_item_uuid: string;
        description: string;
        numeric_result?: number;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    /** @description Names taken from public clients, which send every array even when it is empty. */
    ScorecardSummaryRequest: {
      /** Format: date-time */
      fromDateTime: string;
      /** Format: date-time */
      toDateTime: string;
      scorecardUUID: string;
      scorecardsItemsUUIDs: string[];
      teamUUIDs: string[];
      userUUIDs: string[];
    } & {
      [key: string]: unknown;
    };
    /**
     * @description The members of a row that a public client reads. Rows may have no user, and null for missing values.
     */
    ScorecardSummaryRow: {
      userName?: string | null;
      teamName?: string | null;
      overallScoreTotals?: number | null;
      metricsCount?: number | null;
      min?: number | null;
      max?: number | null;
      itemAverageTotals?:
        | ({
            title?: string;
            average?: number;
          } & {
            [key: string]: unknown;
          })[]
        | null;
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    ScorecardSummaryCollection: {
      data?: components["schemas"]["ScorecardSummaryRow"][];
    } & {
      [key: string]: unknown;
    };
    FieldConfiguration: {
      uuid?: string;
      name?: string;
      organizationUUID?: string;
      teamsUUID?: string[];
      allTeams?: boolean;
      criteria?: components["schemas"]["LabelCriteria"];
      isDefaultTemplate?: boolean;
    } & {
      [key: string]: unknown;
    };
    FieldConfigurationEnvelope: {
      data?: components["schemas"]["FieldConfiguration"];
    } & {
      [key: string]: unknown;
    };
    /** @description The envelope and the elements are those of the sibling operations. */
    FieldConfigurationCollection: {
      data?: components["schemas"]["FieldConfiguration"][];
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "name": "Renewal fields",
     *       "allTeams": true
     *     }
     */
    FieldConfigurationCreate: {
      name: string;
      /** @description Ignored when allTeams is true. */
      teamsUUID?: string[];
      allTeams?: boolean;
      criteria?: components["schemas"]["LabelCriteria"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "name": "Renewal fields 2026"
     *     }
     */
    FieldConfigurationUpdate: {
      name?: string;
      /** @description Replaces the assigned teams. */
      teamsUUID?: string[];
      allTeams?: boolean | null;
      criteria?: components["schemas"]["LabelCriteria"];
    } & {
      [key: string]: unknown;
    };
    /** @enum {string} */
    AnalysisLevel: "conversation" | "deal" | "lead" | "contact" | "account";
    FieldConfigurationItem: {
      uuid?: string;
      fieldConfigurationUUID?: string;
      title?: string;
      category?: "CRM" | "Indicators" | "BuiltInInsight" | "CustomInsight" | (string & {});
      contents?: string;
      promptType?: string;
      contentType?: string;
      analysisLevel?: "conversation" | "deal" | "lead" | "contact" | "account" | (string & {});
      /** Format: date-time */
      createdAt?: string;
      /** Format: date-time */
      lastModifiedAt?: string;
    } & {
      [key: string]: unknown;
    };
    FieldConfigurationItemEnvelope: {
      data?: components["schemas"]["FieldConfigurationItem"];
    } & {
      [key: string]: unknown;
    };
    FieldConfigurationItemCollection: {
      data?: components["schemas"]["FieldConfigurationItem"][];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @description The example has placeholders for promptType and contentType: their values are unknown.
     * @example {
     *       "title": "Contract end",
     *       "category": "CRM",
     *       "contents": "When does the contract end?",
     *       "analysisLevel": "conversation",
     *       "promptType": "(not read)",
     *       "contentType": "(not read)"
     *     }
     */
    FieldConfigurationItemCreate: {
      title: string;
      /** @enum {string} */
      category: "CRM" | "Indicators" | "BuiltInInsight" | "CustomInsight";
      /** @description Prompt put to the conversation. */
      contents: string;
      description?: string;
      /**
       * @description The page lists it among the required fields, without the word "Optional" that later ones have, so
       * it is probably required. Its values are unknown.
       */
      promptType: string;
      /**
       * @description The page lists it among the required fields, without the word "Optional" that later ones have, so
       * it is probably required. Its values are unknown.
       */
      contentType: string;
      responseType?: string;
      options?: string[];
      dependsOn?: string[];
      maxValues?: number | null;
      /** @description The text is on the page; the name is that of the update page. */
      allowLongResponse?: boolean | null;
      /** @description The text is on the page; the name is that of the update page. */
      extractQuotes?: boolean | null;
      analysisLevel?: components["schemas"]["AnalysisLevel"];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Contract end date"
     *     }
     */
    FieldConfigurationItemUpdate: {
      title?: string;
      /** @description Prompt put to the conversation. */
      contents?: string;
      description?: string;
      promptType?: string;
      contentType?: string;
      responseType?: string;
      options?: string[];
      dependsOn?: string[];
      maxValues?: number | null;
      allowLongResponse?: boolean | null;
      extractQuotes?: boolean | null;
      analysisLevel?: components["schemas"]["AnalysisLevel"];
    } & {
      [key: string]: unknown;
    };
    FieldConfigurationItemCreated: {
      data?: {
        item?: components["schemas"]["FieldConfigurationItem"];
        assignments?: ({
          uuid?: string;
          intelligenceItemUUID?: string;
          teamUUID?: string;
          category?: string;
          displayOrder?: number;
        } & {
          [key: string]: unknown;
        })[];
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "type": "kb_sources",
     *       "id": "3c7e2a90-0d55-4f1c-9b0e-2f9f1d7a6b44",
     *       "attributes": {
     *         "title": "Pricing notes",
     *         "source_type": "manual",
     *         "format": "text/plain",
     *         "status": "indexing",
     *         "file_size": 900,
     *         "chunk_count": 0
     *       }
     *     }
     */
    KbSource: {
      /** @description "kb_sources" in every sample. */
      type: string;
      id: string;
      attributes?: {
        title?: string;
        /** @description Those in samples. */
        source_type?: "manual" | "upload" | (string & {});
        /** @description Left out of lists. */
        content?: string;
        format?: string;
        /**
         * @description The values in samples. The status of a source before its upload is confirmed is undocumented.
         */
        status?: "indexed" | "indexing" | (string & {});
        file_size?: number;
        chunk_count?: number;
        /** Format: date-time */
        created_at?: string;
        /** Format: date-time */
        updated_at?: string;
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    KbSourceEnvelope: {
      data?: components["schemas"]["KbSource"];
    } & {
      [key: string]: unknown;
    };
    KbSourceCollection: {
      data?: components["schemas"]["KbSource"][];
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Pricing notes",
     *       "content": "List price is per seat.",
     *       "format": "text/plain"
     *     }
     */
    KbSourceCreate: {
      title: string;
      /** @description Needed for a source written by hand. */
      content?: string;
      /**
       * @default text/markdown
       * @enum {string}
       */
      format?: "text/markdown" | "text/html" | "text/plain";
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "Pricing notes, second edition"
     *     }
     */
    KbSourceUpdate: {
      title?: string;
      /** @description A change starts a new indexing. */
      content?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "title": "battlecard.pdf"
     *     }
     */
    KbUploadRequest: {
      /** @description Default: from PDF metadata, else a placeholder. */
      title?: string;
    } & {
      [key: string]: unknown;
    };
    KbUploadTicket: {
      source_id?: string;
      /**
       * @description Presigned address for one HTTP PUT of the file. It grants access by itself: never log it, never
       * send the API key to it.
       */
      upload_url?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "id": "m-2",
     *       "session_id": "s-9",
     *       "content": "Four renewals are open.",
     *       "role": "assistant",
     *       "timestamp": "2026-02-03T10:00:05Z",
     *       "metadata": {}
     *     }
     */
    SuperAgentMessage: {
      id?: string;
      session_id?: string;
      content?: string;
      /** @description Those in samples. */
      role?: "user" | "assistant" | (string & {});
      /** Format: date-time */
      timestamp?: string;
      metadata?: {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "content": "List the open renewals.",
     *       "timezone": "Europe/Paris"
     *     }
     */
    SuperAgentSend: {
      content: string;
      /** @description Left out: a new session is opened. */
      session_id?: string;
      /** @description Time zone name, such as Europe/Paris. */
      timezone?: string;
    } & {
      [key: string]: unknown;
    };
    SuperAgentExchange: {
      session_id?: string;
      user_message?: components["schemas"]["SuperAgentMessage"];
      assistant_message?: components["schemas"]["SuperAgentMessage"];
    } & {
      [key: string]: unknown;
    };
    /** @description The work continues; poll with the session identifier. Other fields are undocumented. */
    SuperAgentAccepted: {
      session_id?: string;
    } & {
      [key: string]: unknown;
    };
    SuperAgentSession: {
      id?: string;
      session_id?: string;
      title?: string;
      /** @description Those in samples. */
      status?: "ACTIVE" | "COMPLETED" | (string & {});
      /** Format: date-time */
      created_at?: string;
      /** Format: date-time */
      updated_at?: string;
    } & {
      [key: string]: unknown;
    };
    SuperAgentSessionCollection: {
      sessions?: components["schemas"]["SuperAgentSession"][];
    } & {
      [key: string]: unknown;
    };
    SuperAgentHistory: {
      session_id?: string;
      title?: string;
      /** @description Those in samples. */
      status?: "ACTIVE" | "COMPLETED" | (string & {});
      messages?: components["schemas"]["SuperAgentMessage"][];
    } & {
      [key: string]: unknown;
    };
    /**
     * @description The reference marks every field as required, yet its own samples have no userUUID.
     * @example {
     *       "id": "6e1f0b7c-5d1a-4f0c-8c35-9f8a1b2c3d4e",
     *       "name": "nightly export",
     *       "organizationUUID": "7d1c0a52-61a7-4a8e-8a1e-0d5b6b0c9f10",
     *       "value": "EXAMPLE-NOT-A-KEY",
     *       "lastSeenAt": "2026-02-03T10:00:00Z"
     *     }
     */
    ApiKey: {
      id: string;
      name: string;
      organizationUUID?: string;
      userUUID?: string;
      /** @description SECRET: the key itself. Strip or mask before anything is stored, logged or passed on. */
      readonly value: string;
      /** Format: date-time */
      lastSeenAt?: string;
    } & {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "name": "nightly export",
     *       "orgLevel": false
     *     }
     */
    ApiKeyCreate: {
      name: string;
      /** @description true: organisation-level key; false: key of the calling user. */
      orgLevel: boolean;
    } & {
      [key: string]: unknown;
    };
    Email: {
      messageId?: string;
      threadId?: string;
      /** Format: date-time */
      sendDate?: string;
      sender?: string;
      recipients?: string[];
      ccRecipients?: string[];
      subject?: string;
      snippet?: string;
      bodyUrl?: string;
      isInternalUser?: boolean;
    } & {
      [key: string]: unknown;
    };
    EmailCollection: {
      data?: components["schemas"]["Email"][];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    Chat: {
      id?: string;
      externalId?: string;
      applicationName?: string;
      title?: string;
      type?: "chat" | "email" | (string & {});
      userId?: string;
      teamId?: string;
      /** Format: date-time */
      dateStart?: string;
      /** Format: date-time */
      createdAt?: string;
      participants?: {
        [key: string]: unknown;
      }[];
      transcript?: {
        [key: string]: unknown;
      }[];
    } & {
      [key: string]: unknown;
    };
    ChatCollection: {
      data?: components["schemas"]["Chat"][];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    GiHistoryEntry: {
      uuid?: string;
      title?: string;
      results?: ({
        uuid?: string;
        synthesis?: string;
        prompt?: string;
        status?: "PENDING" | "FINISHED" | (string & {});
        items?: {
          [key: string]: unknown;
        }[];
        conversationsUsed?: string[];
        emailsUsed?: string[];
        type?: string;
        result?: {
          [key: string]: unknown;
        };
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    GiHistoryCollection: {
      /** @description A public client reports null, not an empty list, when there is no history. */
      data?: components["schemas"]["GiHistoryEntry"][] | null;
      links?: components["schemas"]["ListLinks"];
      meta?: components["schemas"]["ListMeta"];
    } & {
      [key: string]: unknown;
    };
    LibraryFolder: {
      uuid?: string;
      name?: string;
      organizationUUID?: string;
      parentUUID?: string;
      path?: string;
      hidden?: boolean;
      userUUID?: string;
      subFolders?: components["schemas"]["LibraryFolder"][];
      subFoldersTotal?: number;
      totalElements?: number;
      totalFolders?: number;
    } & {
      [key: string]: unknown;
    };
    LibraryFolderEnvelope: {
      data?: components["schemas"]["LibraryFolder"];
    } & {
      [key: string]: unknown;
    };
    ProactiveAction: {
      uuid?: string;
      entity_type?: string;
      entity_id?: string;
      owner_user_uuid?: string;
      action_type?: string;
      title?: string;
      signal_type?: string;
      severity?: string;
      display_group?: string;
      subject?: string;
      draft_body?: string;
      proposed_recipients?: string[];
      proposed_slots?: unknown[];
      status?: "pending" | "drafted" | "sent" | "dismissed" | "expired" | (string & {});
      external_url?: string;
      why?: {
        rationale?: string;
        key_quote?: {
          text?: string;
          speaker?: string;
          source_label?: string;
          source_url?: string;
        } & {
          [key: string]: unknown;
        };
        evidence?: ({
          label?: string;
          description?: string;
          impact?: string;
          source_label?: string;
          source_url?: string;
        } & {
          [key: string]: unknown;
        })[];
      } & {
        [key: string]: unknown;
      };
      /** Format: date-time */
      generated_at?: string;
      /** Format: date-time */
      updated_at?: string;
      /** Format: date-time */
      expires_at?: string;
    } & {
      [key: string]: unknown;
    };
    ProactiveActionPage: {
      data?: components["schemas"]["ProactiveAction"][];
      /** @description Absent on the last page. */
      next_cursor?: string;
    } & {
      [key: string]: unknown;
    };
    RecorderMeeting: {
      /** @description Calendar event; the key for deduplication. */
      uuid?: string;
      summary?: string;
      /** Format: date-time */
      date?: string;
      userUuid?: string;
      userName?: string;
      /** @description An open list, says the page: new ones may be added. */
      status?:
        | "recorded"
        | "calendar_event_cancelled"
        | "empty_recording"
        | "user_override"
        | "event_not_accepted"
        | "not_join_internal_team_meetings"
        | "external_meetings_disabled"
        | "blacklisted_attendees"
        | "not_join_when_alone"
        | "bot_disabled"
        | "bot_removed"
        | "waiting_room"
        | "technical_error"
        | "no_meeting_link"
        | "bot_not_scheduled"
        | "scheduled_future"
        | (string & {});
      statusLabel?: string;
      participants?: ({
        userUuid?: string;
        userName?: string;
        status?: string;
        statusLabel?: string;
      } & {
        [key: string]: unknown;
      })[];
      /** @description Only when a recording exists. */
      conversationUuid?: string;
      consentLinkUsed?: boolean;
      consentStatus?: string;
    } & {
      [key: string]: unknown;
    };
    RecorderMeetingPage: {
      items: components["schemas"]["RecorderMeeting"][];
      /** @description Absent at the end. */
      nextCursor?: string;
    } & {
      [key: string]: unknown;
    };
    /** @description SCIM 2.0 resource, with extension URNs as extra members. */
    ScimResource: {
      [key: string]: unknown;
    };
    /**
     * @example {
     *       "schemas": [
     *         "urn:ietf:params:scim:api:messages:2.0:PatchOp"
     *       ],
     *       "Operations": [
     *         {
     *           "op": "replace",
     *           "value": {
     *             "active": false
     *           }
     *         }
     *       ]
     *     }
     */
    ScimPatch: {
      schemas?: string[];
      Operations?: ({
        /** @enum {string} */
        op?: "add" | "remove" | "replace";
        path?: string;
        value?: unknown;
      } & {
        [key: string]: unknown;
      })[];
    } & {
      [key: string]: unknown;
    };
    ScimGroup: {
      schemas?: string[];
      id?: string;
      displayName?: string;
      members?: ({
        value?: string;
        display?: string;
      } & {
        [key: string]: unknown;
      })[];
      "urn:okta:custom:group:1.0"?: {
        description?: string;
      } & {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    /** @description The list of RFC 7644; this list is undocumented. */
    ScimGroupList: {
      schemas?: string[];
      totalResults?: number;
      startIndex?: number;
      itemsPerPage?: number;
      Resources?: components["schemas"]["ScimGroup"][];
    } & {
      [key: string]: unknown;
    };
    ScimUser: {
      schemas?: string[];
      id?: string;
      externalId?: string;
      userName?: string;
      displayName?: string;
      preferredLanguage?: string;
      locale?: string;
      timezone?: string;
      active?: boolean;
      emails?: ({
        value?: string;
        type?: string;
        primary?: boolean;
      } & {
        [key: string]: unknown;
      })[];
      phoneNumbers?: ({
        value?: string;
        type?: string;
      } & {
        [key: string]: unknown;
      })[];
      groups?: unknown[];
      name?: {
        familyName?: string;
        givenName?: string;
      } & {
        [key: string]: unknown;
      };
      meta?: {
        [key: string]: unknown;
      };
    } & {
      [key: string]: unknown;
    };
    /** @description The list of RFC 7644; this list is undocumented. */
    ScimUserList: {
      schemas?: string[];
      totalResults?: number;
      startIndex?: number;
      itemsPerPage?: number;
      Resources?: components["schemas"]["ScimUser"][];
    } & {
      [key: string]: unknown;
    };
  };
  responses: {
    /**
     * @description No or malformed Authorization header, Bearer left out, key revoked or expired, or no right to this
     * operation.
     */
    Unauthorized: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/json": components["schemas"]["ErrorBody"];
      };
    };
    /**
     * @description Over the limit set by contract. No number and no header is documented: honour Retry-After if it is
     * there, assume nothing.
     */
    TooManyRequests: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/json": components["schemas"]["ErrorBody"];
      };
    };
    /** @description Any other failure. */
    Error: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/json": components["schemas"]["ErrorBody"];
      };
    };
  };
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  listConversations: {
    parameters: {
      query?: {
        /** @description Start of the window, ISO 8601. */
        fromDateTime?: string | Date;
        /** @description End of the window, ISO 8601. */
        toDateTime?: string | Date;
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
        "filter[owner.id]"?: string[];
        "filter[owner.email]"?: string[];
        /** @description Part of the title; case does not matter. */
        "filter[title]"?: string;
        "filter[participants.email]"?: string[];
        "filter[external_opportunity.id]"?: string[];
        "filter[crm_field.entity_code]"?:
          | "companies"
          | "contacts"
          | "deals"
          | "owners"
          | "pipelines"
          | "users"
          | "account"
          | "contact"
          | "lead"
          | "opportunity"
          | "user";
        "filter[crm_field.field_name]"?: string;
        /** @description Exact values, joined by OR; ten at most. */
        "filter[crm_field.values]"?: string[];
        "filter[team.id]"?: string[];
        "filter[hide_internal]"?: boolean;
        "filter[hide_non_analyzed]"?: boolean;
        "filter[hide_pending]"?: boolean;
        "filter[hide_transcript]"?: boolean;
        "filter[hide_failed]"?: boolean;
        "filter[include_internal_participants]"?: boolean;
        "filter[include_zoom_metadata]"?: boolean;
        "filter[include_import_metadata]"?: boolean;
        /**
         * @description Asks for the transcript as a list of turns with the time of each word. Two readings of the
         * official document: false on lists, true for one conversation.
         */
        detailedTranscript?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ConversationCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listConversationsOptimized: {
    parameters: {
      query?: {
        /** @description Start of the window, ISO 8601. */
        fromDateTime?: string | Date;
        /** @description End of the window, ISO 8601. */
        toDateTime?: string | Date;
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
        "filter[owner.id]"?: string[];
        "filter[owner.email]"?: string[];
        /** @description Part of the title; case does not matter. */
        "filter[title]"?: string;
        "filter[participants.email]"?: string[];
        "filter[external_opportunity.id]"?: string[];
        "filter[crm_field.entity_code]"?:
          | "companies"
          | "contacts"
          | "deals"
          | "owners"
          | "pipelines"
          | "users"
          | "account"
          | "contact"
          | "lead"
          | "opportunity"
          | "user";
        "filter[crm_field.field_name]"?: string;
        /** @description Exact values, joined by OR; ten at most. */
        "filter[crm_field.values]"?: string[];
        "filter[team.id]"?: string[];
        "filter[hide_internal]"?: boolean;
        "filter[hide_non_analyzed]"?: boolean;
        "filter[hide_pending]"?: boolean;
        "filter[hide_transcript]"?: boolean;
        "filter[hide_failed]"?: boolean;
        "filter[include_internal_participants]"?: boolean;
        "filter[include_zoom_metadata]"?: boolean;
        "filter[include_import_metadata]"?: boolean;
        /**
         * @description Asks for the transcript as a list of turns with the time of each word. Two readings of the
         * official document: false on lists, true for one conversation.
         */
        detailedTranscript?: boolean;
        /** @description Adds extractedIntelligence and confirmedExtractedIntelligence. */
        withCrmRecords?: boolean;
        /** @description According to one source, adds the insights as well. */
        withIntelligenceItems?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ConversationCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  getConversation: {
    parameters: {
      query?: {
        /**
         * @description Which kind of identifier the path has: the UUID, or the one that the importing application gave.
         */
        by?: "id" | "external_id" | (string & {});
        /**
         * @description Asks for the transcript as a list of turns with the time of each word. Two readings of the
         * official document: false on the lists, true here.
         */
        detailedTranscript?: boolean;
        "filter[include_internal_participants]"?: boolean;
        "filter[include_zoom_metadata]"?: boolean;
        "filter[include_import_metadata]"?: boolean;
      };
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  updateConversation: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ConversationUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  archiveConversation: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  changeConversationTitle: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ConversationTitleChange"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  changeConversationLabels: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ConversationLabelsChange"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  changeConversationPrivacy: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  updateLinkedCrmRecords: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["OpenObject"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["OpenObject"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  confirmCrmIntelligence: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["CrmIntelligenceConfirm"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Conversation"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  triggerNativeIntegration: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        "application/json": components["schemas"]["NativeIntegrationTrigger"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["NativeIntegrationRuns"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getConversationMediaUrl: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Conversation UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ConversationMediaUrl"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getConversationByExternalId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Identifier given by the external application at import. */
        externalId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ConversationIdByExternal"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listConversationWorkflowLogs: {
    parameters: {
      query?: {
        fromDateTime?: string | Date;
        toDateTime?: string | Date;
        conversationUUIDs?: string[];
        success?: boolean;
        limit?: number;
        offset?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["WorkflowLogCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  getConversationUploadUrl: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ConversationUploadTicket"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  importConversation: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ConversationImport"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ConversationImported"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  changeConversationOpportunity: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["OpportunityChange"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SuccessFlag"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  askAttention: {
    parameters: {
      query?: {
        include_timestamps?: boolean;
        summarize?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["AskAttentionRequest"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["AskAttentionAnswer"][];
        };
      };
      400: components["responses"]["Error"];
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  askAttentionV1: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["OpenObject"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  createSnippet: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SnippetCreate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Snippet"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createDeck: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["OpenObject"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listIntegrationWorkflows: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listChats: {
    parameters: {
      query?: {
        "filter[external_id]"?: string;
        "filter[type]"?: "chat" | "email";
        "filter[title]"?: string;
        "filter[participant_name]"?: string;
        "filter[scorecard_id]"?: string[];
        "filter[user_id]"?: string[];
        "filter[team_id]"?: string[];
        from_date_time?: string | Date;
        to_date_time?: string | Date;
        exclude_transcript?: boolean;
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ChatCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listEmails: {
    parameters: {
      query?: {
        subject?: string;
        crm_account_id?: string[];
        deal_uuid?: string[];
        from_date_time?: string | Date;
        to_date_time?: string | Date;
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["EmailCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listEmailTemplates: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listGiHistory: {
    parameters: {
      query: {
        user_uuid: string;
        /** @description Raw results only. */
        withoutEnhancingResults?: boolean;
        limit?: number;
        offset?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["GiHistoryCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listLibraryFolders: {
    parameters: {
      query: {
        userUUID: string;
        /** @description Left out: the root. */
        folderUUID?: string;
        myLibrary?: boolean;
        includeHidden?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LibraryFolderEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listActions: {
    parameters: {
      query?: {
        /** @description Only with an organisation-level key; ignored otherwise. */
        owner_uuid?: string;
        /** @description Left out: pending only. */
        status?: ("pending" | "drafted" | "sent" | "dismissed" | "expired")[];
        /** @description The previous next_cursor, unchanged. */
        cursor?: string;
        /** @description 200 at most: larger sizes are clamped, not refused. */
        size?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ProactiveActionPage"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listCalendarEvents: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description User UUID. */
        user_uuid: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listRecorderMeetings: {
    parameters: {
      query: {
        /** @description Inclusive start. */
        fromDateTime: string | Date;
        /** @description Inclusive end, after the start and at most 90 days later. */
        toDateTime: string | Date;
        cursor?: string;
        /** @description 200 at most: larger sizes are clamped, not refused. */
        size?: number;
        /** @description true: future meetings, soonest first. */
        upcoming?: boolean;
        /** @description Unknown users are dropped in silence. */
        "filter[user_id]"?: string[];
        "filter[meeting_type]"?: "internal" | "external";
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["RecorderMeetingPage"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  getUsageReport: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getConnectionReport: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  queryCrm: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["OpenObject"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listUsers: {
    parameters: {
      query?: {
        "filter[id]"?: string[];
        "filter[email]"?: string[];
        teamUUID?: string;
        includeDeleted?: boolean;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["UserCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listOrganizationUsers: {
    parameters: {
      query?: {
        /** @description Only that team. */
        teamUUID?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["UserCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createOrganizationUser: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["UserCreate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["UserEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteOrganizationUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description User UUID. */
        userId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Removed; an empty body is reported. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  updateOrganizationUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description User UUID. */
        userId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["UserUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["UserEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listOrganizationRoles: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["RoleCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listOrganizationTeams: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TeamCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createOrganizationTeam: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["TeamCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TeamEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  updateOrganizationTeam: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Team UUID. */
        teamId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["TeamWrite"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TeamEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listTeams: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TeamCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  getTeam: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Team UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Team"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listTeamMembers: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Team UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["TeamMemberCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  updateTeamOpportunity: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Team UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["OpenObject"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Unread"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listLabels: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LabelCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createLabel: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["LabelCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LabelEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getLabel: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Label UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LabelEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      404: components["responses"]["Error"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteLabel: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Label UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Deleted; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  updateLabel: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Label UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["LabelUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["LabelEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      404: components["responses"]["Error"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listScorecards: {
    parameters: {
      query?: {
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createScorecard: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScorecardCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getScorecard: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  updateScorecard: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScorecardUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listScorecardItems: {
    parameters: {
      query?: {
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
      };
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardItemCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createScorecardItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScorecardItemCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardItemEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getScorecardItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
        /** @description Scorecard item UUID. */
        itemId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardItemEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteScorecardItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
        /** @description Scorecard item UUID. */
        itemId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Deleted; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  updateScorecardItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Scorecard UUID. */
        id: string;
        /** @description Scorecard item UUID. */
        itemId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScorecardItemUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardItemEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  getScorecardsSummary: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScorecardSummaryRequest"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScorecardSummaryCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createScorecardResult: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScorecardResultCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SuccessFlag"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  listFieldConfigurations: {
    parameters: {
      query?: {
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createFieldConfiguration: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["FieldConfigurationCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getFieldConfiguration: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteFieldConfiguration: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Deleted; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  updateFieldConfiguration: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["FieldConfigurationUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listFieldConfigurationItems: {
    parameters: {
      query?: {
        /** @description Page, counted from 1. */
        page?: number;
        /** @description Elements per page. */
        size?: number;
      };
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationItemCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createFieldConfigurationItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["FieldConfigurationItemCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationItemCreated"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getFieldConfigurationItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
        /** @description Field configuration item identifier; not a bare UUID in the samples. */
        itemId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationItemEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      404: components["responses"]["Error"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteFieldConfigurationItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
        /** @description Field configuration item identifier; not a bare UUID in the samples. */
        itemId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Deleted; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  updateFieldConfigurationItem: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Field configuration UUID. */
        id: string;
        /** @description Field configuration item identifier; not a bare UUID in the samples. */
        itemId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["FieldConfigurationItemUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FieldConfigurationItemEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      404: components["responses"]["Error"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listKbSources: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["KbSourceCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createKbSource: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["KbSourceCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["KbSourceEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  requestKbSourceUpload: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: {
      content: {
        "application/json": components["schemas"]["KbUploadRequest"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["KbUploadTicket"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getKbSource: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Source identifier. */
        sourceId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["KbSourceEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteKbSource: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Source identifier. */
        sourceId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Deleted; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  updateKbSource: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Source identifier. */
        sourceId: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["KbSourceUpdate"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["KbSourceEnvelope"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  confirmKbSourceUpload: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Source identifier. */
        sourceId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["KbSourceEnvelope"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  sendSuperAgentMessage: {
    parameters: {
      query?: {
        /** @description Address that receives the answer when it is ready. */
        callback_url?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SuperAgentSend"];
      };
    };
    responses: {
      /** @description Answered within the wait. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SuperAgentExchange"];
        };
      };
      /** @description Still working; poll the session. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SuperAgentAccepted"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listSuperAgentSessions: {
    parameters: {
      query?: {
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SuperAgentSessionCollection"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listSuperAgentSessionMessages: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Session identifier (session_id, not id). */
        sessionId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SuperAgentHistory"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  deleteSuperAgentSession: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Session identifier (session_id, not id). */
        sessionId: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Deleted; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  listApiKeys: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ApiKey"][];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createApiKey: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ApiKeyCreate"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ApiKey"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  deleteApiKey: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Done; the body is undocumented. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      default: components["responses"]["Error"];
    };
  };
  getScimServiceProviderConfig: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimResource"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listScimUsers: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimUserList"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createScimUser: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScimUser"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimUser"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getScimUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description SCIM identifier. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimUser"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  replaceScimUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description SCIM identifier. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScimUser"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimUser"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  patchScimUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description SCIM identifier. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScimPatch"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimUser"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  listScimGroups: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimGroupList"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  createScimGroup: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScimGroup"];
      };
    };
    responses: {
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      /** @description Success. */
      "2XX": {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimGroup"];
        };
      };
      default: components["responses"]["Error"];
    };
  };
  getScimGroup: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description SCIM identifier. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimGroup"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  replaceScimGroup: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description SCIM identifier. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScimGroup"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimGroup"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
  patchScimGroup: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description SCIM identifier. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ScimPatch"];
      };
    };
    responses: {
      /** @description Success. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["ScimGroup"];
        };
      };
      401: components["responses"]["Unauthorized"];
      429: components["responses"]["TooManyRequests"];
      default: components["responses"]["Error"];
    };
  };
}
