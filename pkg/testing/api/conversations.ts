/** Conversations: lists, single ones, changes, imports, recordings. */

import type { Storage } from "../storage.js";
import { valuesOf } from "./operation.js";
import { linkedPage, slice } from "./paging.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import { shown } from "./transcript.js";
import { type Conversation, conversation, type World } from "./world.js";

export function conversationRoutes(world: World, storage: Storage): readonly Route[] {
  const external = new Map<string, string>();
  const byId = (id: unknown) => {
    const found = world.conversations.find((each) => each.id === id);
    if (found === undefined) throw new Refused(404, "Conversation not found");
    return found;
  };
  const one = (call: Call) => byId(call.param("id"));
  const changed = (call: Call, changes: JsonObject) => {
    const found = one(call);
    Object.assign(found.attributes, changes);
    return whole(found, call);
  };

  return [
    {
      method: "GET",
      path: "/conversations",
      answer(call) {
        const found = select(world, call.query).filter(({ attributes }) => !attributes.isEmpty);
        return linkedPage(found.map(listed(call, true)), call.query, PAGE, `${call.base}/conversations`);
      },
    },
    {
      method: "GET",
      path: "/conversations/list",
      answer(call) {
        const insights = ["withCrmRecords", "withIntelligenceItems"].some((name) => call.query.get(name) === "true");
        const found = select(world, call.query).map(listed(call, insights));
        // As in the documented sample, the links of this list lead to the full one.
        return linkedPage(found, call.query, PAGE, `${call.base}/conversations`);
      },
    },
    {
      method: "GET",
      path: "/conversations/{id}",
      answer(call) {
        const isExternal = call.query.get("by") === "external_id";
        const found = isExternal ? byId(external.get(call.param("id"))) : one(call);
        const answer = whole(found, call);
        // After one response with the status in progress, the next one is finished.
        if (found.attributes.importStatus === "IN_PROGRESS") {
          Object.assign(found.attributes, { importStatus: "FINISHED", transcriptStatus: "completed" });
        }
        return answer;
      },
    },
    {
      method: "PUT",
      path: "/conversations/{id}",
      answer: (call) => changed(call, call.body),
    },
    { method: "DELETE", path: "/conversations/{id}", answer: (call) => changed(call, { archived: true }) },
    {
      method: "PUT",
      path: "/conversations/{id}/title",
      answer: (call) => changed(call, { title: call.body.title }),
    },
    {
      method: "PUT",
      path: "/conversations/{id}/labels",
      answer: (call) => changed(call, { labels: call.body.labels ?? {} }),
    },
    {
      method: "PUT",
      path: "/conversations/{id}/change_privacy",
      answer: (call) => changed(call, { private: !one(call).attributes.private }),
    },
    {
      method: "PUT",
      path: "/conversations/{id}/linked-crm-records",
      answer(call) {
        // Body and response are undocumented, so the records do not change.
        one(call);
        return {};
      },
    },
    {
      method: "POST",
      path: "/conversations/{id}/crm/confirm",
      answer(call) {
        const confirmed = Object.entries(one(call).attributes.confirmedExtractedIntelligence);
        const given = ((call.body.intelligence ?? []) as readonly JsonObject[]).map(
          (each) => [String(each.key ?? each.id ?? ""), each] as const,
        );
        return changed(call, { confirmedExtractedIntelligence: Object.fromEntries([...confirmed, ...given]) });
      },
    },
    {
      method: "POST",
      path: "/conversations/{id}/trigger-native-integration",
      answer(call) {
        one(call);
        const ids = (call.body.workflowIds ?? []) as readonly string[];
        return { workflows: ids.map((workflowId) => ({ workflowId, runId: world.dice.uuid() })) };
      },
    },
    {
      method: "POST",
      path: "/conversations/{id}/media/download",
      answer(call) {
        const { id, attributes } = one(call);
        if (attributes.isEmpty || attributes.importStatus === "IN_PROGRESS") {
          throw new Refused(call.guesses.noRecordingStatus, "This conversation has no recording");
        }
        storage.keep(`recordings/${id}`, { bytes: 4096, type: "video/mp4" });
        return { url: storage.address(call, `recordings/${id}`) };
      },
    },
    {
      method: "GET",
      path: "/conversations/upload-url",
      answer(call) {
        const key = `uploads/${world.dice.uuid()}`;
        const address = storage.address(call, key);
        return { url: address, downloadUrl: address, key };
      },
    },
    {
      method: "GET",
      path: "/conversations/by-external-id/{externalId}",
      answer(call) {
        const found = external.get(call.param("externalId"));
        if (found === undefined) throw new Refused(404, "No conversation was imported under that identifier");
        return { conversation_id: found };
      },
    },
    {
      method: "GET",
      path: "/conversations/workflow-logs",
      answer({ query }) {
        const logs = workflowLogs(world, query);
        return { data: slice(logs, query, 100), total: logs.length };
      },
    },
    {
      method: "POST",
      path: "/conversations/import",
      answer({ body, now, guesses }) {
        const user = world.users.find(({ uuid }) => uuid === body.userID);
        if (user === undefined) throw new Refused(guesses.invalidStatus, "userID is not a user of this organization");
        const uuid = world.dice.uuid();
        const made = conversation(uuid, null, {
          title: text(body.conversationTitle, "Imported conversation"),
          createdAt: iso(typeof body.conversationStartedAt === "string" ? Date.parse(body.conversationStartedAt) : now),
          user,
          isInternal: false,
          dealUUID: text(body.opportunityID, ""),
          linkedCrmRecords: body.linkedCrmRecords ?? [],
        });
        Object.assign(made.attributes, { importStatus: "IN_PROGRESS", transcriptStatus: undefined });
        world.conversations.unshift(made);
        if (typeof body.applicationExternalID === "string") external.set(body.applicationExternalID, uuid);
        return { uuid };
      },
    },
    {
      method: "POST",
      path: "/changeConversationOpportunity",
      answer({ body }) {
        const found = byId(body.conversation_id);
        found.attributes.dealUUID = body.remove_opportunity === true ? "" : text(body.opportunity_id, "");
        return { success: true };
      },
    },
  ];
}

const PAGE = 50;

function text(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

/** A conversation as a single response. */
function whole(found: Conversation, { query, guesses }: Call): object {
  const isDetailed = query.get("detailedTranscript") !== "false";
  const transcript = shown(found.transcript, isDetailed, guesses.transcript);
  return { type: found.type, id: found.id, attributes: { ...found.attributes, transcript } };
}

/** A conversation in a list. */
function listed({ query, guesses }: Call, withInsights: boolean): (found: Conversation) => object {
  const isDetailed = query.get("detailedTranscript") === "true";
  const isHidden = query.get("filter[hide_transcript]") === "true";
  return ({ type, id, transcript, attributes }) => {
    const { extractedIntelligence, confirmedExtractedIntelligence, ...rest } = attributes;
    const insights = withInsights ? { extractedIntelligence, confirmedExtractedIntelligence } : {};
    const said = isHidden ? {} : { transcript: shown(transcript, isDetailed, guesses.transcript) };
    return { type, id, attributes: { ...rest, ...insights, ...said } };
  };
}

/** The conversations that match the query. Filters combine with AND, the values of one with OR. */
function select(world: World, query: URLSearchParams): readonly Conversation[] {
  const from = moment(query, "fromDateTime", -Infinity);
  const to = moment(query, "toDateTime", Infinity);
  const owners = valuesOf(query, "filter[owner.id]");
  const emails = valuesOf(query, "filter[owner.email]");
  const teams = valuesOf(query, "filter[team.id]");
  const deals = valuesOf(query, "filter[external_opportunity.id]");
  const guests = valuesOf(query, "filter[participants.email]");
  const title = query.get("filter[title]")?.toLowerCase();
  const hideInternal = query.get("filter[hide_internal]") === "true";
  return world.conversations.filter(({ attributes }) => {
    const at = Date.parse(attributes.createdAt);
    const people = (attributes.participants ?? []) as { email: string }[];
    return (
      !attributes.archived &&
      at >= from &&
      at <= to &&
      (owners?.includes(attributes.userUUID) ?? true) &&
      (emails?.includes(attributes.user.email) ?? true) &&
      (teams?.includes(attributes.teamUUID) ?? true) &&
      (deals?.includes(attributes.dealUUID) ?? true) &&
      (guests === undefined || people.some(({ email }) => guests.includes(email))) &&
      (title === undefined || attributes.title.toLowerCase().includes(title)) &&
      !(hideInternal && attributes.isInternal)
    );
  });
}

export function moment(query: URLSearchParams, name: string, fallback: number): number {
  const given = query.get(name);
  return given === null ? fallback : Date.parse(given);
}

function workflowLogs(world: World, query: URLSearchParams): readonly object[] {
  const only = valuesOf(query, "conversationUUIDs");
  const success = query.get("success");
  const from = moment(query, "fromDateTime", -Infinity);
  const to = moment(query, "toDateTime", Infinity);
  return world.conversations
    .filter(({ id }) => only?.includes(id) ?? true)
    .map(({ id, attributes: { createdAt } }, index) =>
      index % 10 === 9
        ? { conversationUUID: id, workflowName: "CRM export", success: false, error: "The record is locked", createdAt }
        : { conversationUUID: id, workflowName: "CRM export", success: true, createdAt },
    )
    .filter((log) => success === null || String(log.success) === success)
    .filter(({ createdAt }) => Date.parse(createdAt) >= from && Date.parse(createdAt) <= to);
}
