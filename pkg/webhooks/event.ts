/** Events, typed as far as their payloads are documented. */

import type { Attention, components } from "../src/index.js";

/** The senders of events: the triggers of workflows, and the super agent's `callback_url`. */
export type Trigger =
  | "conversation.analyzed"
  | "crm_fields.exported"
  | "generalized_insights.calculated"
  | "labels.changed"
  | "email.imported"
  | "super_agent.answered";

export const TRIGGERS: readonly Trigger[] = [
  "conversation.analyzed",
  "crm_fields.exported",
  "generalized_insights.calculated",
  "labels.changed",
  "email.imported",
  "super_agent.answered",
];

type Attributes = NonNullable<components["schemas"]["Conversation"]["attributes"]>;

/** The payload of Conversation Analyzed, the only documented one: a reduced conversation without a transcript. */
export interface ConversationAnalyzed {
  readonly id: string;
  readonly type?: string;
  readonly links?: { readonly self?: string };
  /** The documented members. Others may occur, and any may be missing: the workflow's author composes the body. */
  readonly attributes: Partial<
    Pick<
      Attributes,
      | "title"
      | "createdAt"
      | "finishedAt"
      | "userUUID"
      | "crmExportStatus"
      | "dealUUID"
      | "externalAccounts"
      | "linkedCrmRecords"
      | "extractedIntelligence"
      | "externalOpportunity"
      | "scorecardResults"
    >
  > & { readonly [name: string]: unknown };
}

/** The part of the client that is used. */
export interface WebhookClient {
  readonly conversations: Pick<Attention["conversations"], "get">;
  readonly superAgent: Pick<Attention["superAgent"], "listSessionMessages">;
}

/** The current state according to the API, not to the sender. */
export type Rereading =
  | { readonly of: "conversation"; readonly conversation: components["schemas"]["Conversation"] }
  | { readonly of: "session"; readonly history: components["schemas"]["SuperAgentHistory"] };

interface Common {
  /** The SHA-256 of the body, in hex: the same for a repeated body. The API documents no delivery id. */
  readonly digest: string;
  /** The conversation's id, if the body has the documented form. */
  readonly conversationId: string | undefined;
  /** The super agent's session id, if the body has one like the API's responses. */
  readonly sessionId: string | undefined;
  /** Asks the API. Rejects with a TypeError without a client, or if the body names nothing to ask for. */
  reread(): Promise<Rereading>;
}

/** An event. */
export type WebhookEvent =
  | (Common & { readonly type: "conversation.analyzed"; readonly data: ConversationAnalyzed })
  /** An event of the configured `trigger`, with an undocumented payload. */
  | (Common & { readonly type: Exclude<Trigger, "conversation.analyzed">; readonly data: unknown })
  /** Any other body. */
  | (Common & { readonly type: "unknown"; readonly data: unknown });

/** Makes the event of a body. */
export function eventOf(
  data: unknown,
  digest: string,
  trigger: Trigger | undefined,
  client: WebhookClient | undefined,
): WebhookEvent {
  const { session_id } = (data ?? {}) as { readonly session_id?: unknown };
  const conversationId = isConversation(data) ? data.id : undefined;
  const sessionId = typeof session_id === "string" && session_id !== "" ? session_id : undefined;
  const common: Common = { digest, conversationId, sessionId, reread: () => reread(conversationId, sessionId, client) };
  if (trigger !== undefined && trigger !== "conversation.analyzed") return { ...common, type: trigger, data };
  return isConversation(data)
    ? { ...common, type: "conversation.analyzed", data }
    : { ...common, type: "unknown", data };
}

/** Whether it has the documented form of a resource: `id`, `type`, `attributes`. */
function isConversation(data: unknown): data is ConversationAnalyzed {
  const { id, type, attributes } = (data ?? {}) as { readonly [name: string]: unknown };
  return (
    typeof id === "string" &&
    id !== "" &&
    typeof attributes === "object" &&
    attributes !== null &&
    !Array.isArray(attributes) &&
    (type === undefined || (typeof type === "string" && /^conversations?$/i.test(type)))
  );
}

async function reread(
  conversationId: string | undefined,
  sessionId: string | undefined,
  client: WebhookClient | undefined,
): Promise<Rereading> {
  if (client === undefined) throw new TypeError("reread: pass the client to `receive`, as `attention`");
  if (conversationId !== undefined)
    return { of: "conversation", conversation: await client.conversations.get(conversationId) };
  if (sessionId !== undefined)
    return { of: "session", history: await client.superAgent.listSessionMessages(sessionId) };
  throw new TypeError("reread: the body names neither a conversation nor a session");
}
