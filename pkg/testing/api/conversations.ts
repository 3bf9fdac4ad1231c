/** Conversations: lists, one, changes, imports. */

import { json } from "../answer.js";
import { linkedPage, slice } from "./paging.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import { type Conversation, conversation, type World } from "./world.js";

export function conversationRoutes(world: World): readonly Route[] {
  const one = (call: Call) => {
    const found = world.conversations.find(({ id }) => id === call.param("id"));
    if (found === undefined) throw new Refused(404, "There is no such conversation");
    return found;
  };
  const external = new Map<string, string>();

  return [
    {
      method: "GET",
      path: "/conversations",
      answer: ({ url, query }) => json(linkedPage(select(world, query).map(shown(query)), url, FORM, HEAVY)),
    },
    {
      method: "GET",
      path: "/conversations/list",
      // In the documented sample the links of this list lead to the heavy one: so do these.
      answer: ({ url, query }) => json(linkedPage(select(world, query).map(shown(query)).map(light), url, FORM, HEAVY)),
    },
    { method: "GET", path: "/conversations/{id}", answer: (call) => json(one(call)) },
    {
      method: "PUT",
      path: "/conversations/{id}",
      async answer(call) {
        const { title, labels } = await call.object({ title: "string", labels: "object" });
        return json(
          change(one(call), { ...(title !== undefined && { title }), ...(labels !== undefined && { labels }) }),
        );
      },
    },
    { method: "DELETE", path: "/conversations/{id}", answer: (call) => json(change(one(call), { archived: true })) },
    {
      method: "PUT",
      path: "/conversations/{id}/title",
      async answer(call) {
        const { title } = await call.object({ title: "string!" });
        return json(change(one(call), { title }));
      },
    },
    {
      method: "PUT",
      path: "/conversations/{id}/labels",
      async answer(call) {
        const { labels } = await call.object({ labels: "object", skip_analysis: "boolean" });
        return json(change(one(call), { labels: labels ?? {} }));
      },
    },
    {
      method: "PUT",
      path: "/conversations/{id}/change_privacy",
      answer(call) {
        const found = one(call);
        return json(change(found, { private: !found.attributes.private }));
      },
    },
    {
      method: "PUT",
      path: "/conversations/{id}/linked-crm-records",
      async answer(call) {
        const { linkedCrmRecords } = await call.object({ linkedCrmRecords: "array" });
        change(one(call), { linkedCrmRecords: linkedCrmRecords ?? [] });
        return json({ success: true });
      },
    },
    {
      method: "POST",
      path: "/conversations/{id}/crm/confirm",
      async answer(call) {
        await call.object({ intelligence: "array", opportunity_id: "string" });
        return json(change(one(call), { crmExportStatus: "confirmed" }));
      },
    },
    {
      method: "POST",
      path: "/conversations/{id}/trigger-native-integration",
      async answer(call) {
        one(call);
        const { workflowIds } = await call.object({
          workflowIds: "array",
          fieldKeys: "array",
          autoExecution: "boolean",
        });
        const ids = (workflowIds as unknown[] | undefined) ?? [];
        return json({ workflows: ids.map((id) => ({ workflowId: String(id), runId: world.dice.uuid() })) });
      },
    },
    {
      method: "GET",
      path: "/conversations/by-external-id/{externalId}",
      answer(call) {
        const found = external.get(call.param("externalId"));
        if (found === undefined) throw new Refused(404, "No conversation was imported under that identifier");
        return json({ conversation_id: found });
      },
    },
    {
      method: "GET",
      path: "/conversations/workflow-logs",
      answer({ query }) {
        const logs = workflowLogs(world, query);
        return json({ data: slice(logs, query, 100, 1000), total: logs.length });
      },
    },
    {
      method: "POST",
      path: "/conversations/import",
      async answer(call) {
        const body = await call.object({ mediaURL: "string!", userID: "string!", conversationTitle: "string" });
        const user = world.users.find(({ uuid }) => uuid === body.userID);
        if (user === undefined) throw new Refused(400, "userID is not a user of this organization");
        const uuid = world.dice.uuid();
        world.conversations.unshift(
          conversation(uuid, {
            title: text(body, "conversationTitle", "Imported conversation"),
            createdAt: text(body, "conversationStartedAt", iso(call.now)),
            user,
            isInternal: false,
            dealUUID: text(body, "opportunityID", ""),
            importStatus: "processing",
          }),
        );
        if (typeof body.applicationExternalID === "string") external.set(body.applicationExternalID, uuid);
        return json({ uuid }, 201);
      },
    },
    {
      method: "POST",
      path: "/changeConversationOpportunity",
      async answer(call) {
        const body = await call.object({
          conversation_id: "string!",
          opportunity_id: "string",
          remove_opportunity: "boolean",
        });
        const found = world.conversations.find(({ id }) => id === body.conversation_id);
        if (found === undefined) throw new Refused(404, "There is no such conversation");
        change(found, { dealUUID: body.remove_opportunity === true ? "" : text(body, "opportunity_id", "") });
        return json({ success: true });
      },
    },
  ];
}

const FORM = { size: 50, most: 50 };
const HEAVY = "/v2/conversations";

function text(body: JsonObject, name: string, fallback: string): string {
  const value = body[name];
  return typeof value === "string" ? value : fallback;
}

function change(found: Conversation, changes: JsonObject): Conversation {
  Object.assign(found.attributes, changes);
  return found;
}

/** The lighter list leaves out what makes a conversation heavy. */
function light({ type, id, attributes }: Conversation): object {
  const { boards: _, talktracks: __, scorecardResults: ___, ...rest } = attributes;
  return { type, id, attributes: rest };
}

function shown(query: URLSearchParams): (found: Conversation) => Conversation {
  if (query.get("filter[hide_transcript]") !== "true") return (found) => found;
  return ({ type, id, attributes }) => {
    const { transcript: _, ...rest } = attributes;
    return { type, id, attributes: rest as typeof attributes };
  };
}

/** Those that the query asks for. Filters join with AND; the values of one with OR. */
function select(world: World, query: URLSearchParams): readonly Conversation[] {
  const from = moment(query, "fromDateTime", -Infinity);
  const to = moment(query, "toDateTime", Infinity);
  const owners = values(query, "filter[owner.id]");
  const emails = values(query, "filter[owner.email]");
  const teams = values(query, "filter[team.id]");
  const deals = values(query, "filter[external_opportunity.id]");
  const guests = values(query, "filter[participants.email]");
  const title = query.get("filter[title]")?.toLowerCase();
  const hideInternal = query.get("filter[hide_internal]") === "true";
  return world.conversations.filter(({ attributes }) => {
    const at = Date.parse(attributes.createdAt);
    const people = (attributes.participants ?? []) as { email: string }[];
    return (
      !attributes.archived &&
      at >= from &&
      at <= to &&
      (owners?.has(attributes.userUUID) ?? true) &&
      (emails?.has(attributes.user.email) ?? true) &&
      (teams?.has(attributes.teamUUID) ?? true) &&
      (deals?.has(attributes.dealUUID) ?? true) &&
      (guests === undefined || people.some(({ email }) => guests.has(email))) &&
      (title === undefined || attributes.title.toLowerCase().includes(title)) &&
      !(hideInternal && attributes.isInternal)
    );
  });
}

/** How arrays are written is not documented: repeated names and commas are both read. */
export function values(query: URLSearchParams, name: string): ReadonlySet<string> | undefined {
  const all = [...query.getAll(name), ...query.getAll(`${name}[]`)];
  return all.length === 0 ? undefined : new Set(all.flatMap((value) => value.split(",")));
}

export function moment(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Refused(400, `${name} must be an ISO 8601 date and time`);
  return at;
}

function workflowLogs(world: World, query: URLSearchParams): readonly object[] {
  const only = values(query, "conversationUUIDs");
  const success = query.get("success");
  return world.conversations
    .filter(({ id }) => only?.has(id) ?? true)
    .map(({ id, attributes: { createdAt } }, index) =>
      index % 10 === 9
        ? { conversationUUID: id, workflowName: "CRM export", success: false, error: "The record is locked", createdAt }
        : { conversationUUID: id, workflowName: "CRM export", success: true, createdAt },
    )
    .filter((log) => success === null || String(log.success) === success);
}
