/** What came, typed as far as a public page says what comes. */

import type { Attention, components } from "../src/index.js";

/** What can send to an address: the triggers of workflows, and the super agent's `callback_url`. */
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

/** The payload of Conversation Analyzed, the only documented one: a conversation, reduced, without a transcript. */
export interface ConversationAnalyzed {
  readonly id: string;
  readonly type?: string;
  readonly links?: { readonly self?: string };
  /** Members that the page names. Others may come, and any may be missing: a workflow's author composes the body. */
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

/** The client, or what of it is asked. */
export interface WebhookClient {
  readonly conversations: Pick<Attention["conversations"], "get">;
  readonly superAgent: Pick<Attention["superAgent"], "listSessionMessages">;
}

/** How things are, by the API and not by whoever sent the call. */
export type Rereading =
  | { readonly of: "conversation"; readonly conversation: components["schemas"]["Conversation"] }
  | { readonly of: "session"; readonly history: components["schemas"]["SuperAgentHistory"] };

interface Common {
  /** SHA-256 of the body, in hex: the same for a body that comes again. The API documents no id of a delivery. */
  readonly digest: string;
  /** The conversation that it names, if it does so as the documented payload does. */
  readonly conversationId: string | undefined;
  /** The super agent's session that it names as the API's answers do. */
  readonly sessionId: string | undefined;
  /** Asks the API. Rejects with a TypeError without a client, or when the body names nothing to ask for. */
  reread(): Promise<Rereading>;
}

/** What came. */
export type WebhookEvent =
  | (Common & { readonly type: "conversation.analyzed"; readonly data: ConversationAnalyzed })
  /** Of a trigger that you named by `trigger`, but whose payload no page shows. */
  | (Common & { readonly type: Exclude<Trigger, "conversation.analyzed">; readonly data: unknown })
  /** Anything else. */
  | (Common & { readonly type: "unknown"; readonly data: unknown });

/** The event of a body. */
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

/** Whether it is a resource as the page shows it: `id`, `type`, `attributes`. */
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
