// What the compiler must and must not take of the operations by name. Never run.
import type { Attention, Client, components, Listing } from "attention-wasm";

type Schemas = components["schemas"];

declare const attention: Attention;

const list: Listing<Schemas["ConversationCollection"], Schemas["Conversation"]> = attention.conversations.list(
  { size: 50, filter: { title: "Renewal" } },
  { limit: 200 },
);
for await (const conversation of list) conversation satisfies Schemas["Conversation"];
for await (const page of attention.actions.list().pages()) page.next_cursor satisfies string | null | undefined;
for await (const meeting of attention.recorderMetrics.listMeetings({
  fromDateTime: new Date(),
  toDateTime: "2026-10-01T00:00:00Z",
}))
  meeting satisfies Schemas["RecorderMeeting"];
for await (const session of attention.superAgent.listSessions()) session.session_id satisfies string | undefined;
(await attention.conversations.list()).data satisfies Schemas["Conversation"][];
(await attention.labels.get("id", { timeout: 1000 }).withResponse()).data satisfies unknown;

attention.scorecards.updateItem("card", "item", { weight: 2 }, { signal: AbortSignal.timeout(1) });
attention.tools.askAttention({ prompt: "?", conversations_ids: ["a"] }, { query: { include_timestamps: true } });

// @ts-expect-error: its query is required
attention.generalizedInsights.listHistory();
// @ts-expect-error: an identifier
attention.labels.get();
// @ts-expect-error: no such parameter
attention.conversations.list({ siz: 10 });
// @ts-expect-error: a name
attention.labels.create({});
// @ts-expect-error: only lists have a limit
attention.labels.get("id", { limit: 5 });
// @ts-expect-error: no such operation
attention.labels.archive("id");
// @ts-expect-error: calls by path alone
(null as unknown as Client).labels;

(await attention.superAgent.send({ content: "?" }, { onProgress: ({ sessionId }) => sessionId satisfies string }))
  .content satisfies string | undefined;
attention.knowledgeBase.upload({ title: "Facts", file: new Blob([]) });
// @ts-expect-error: a stream has no length
attention.knowledgeBase.upload({ file: new ReadableStream() });
