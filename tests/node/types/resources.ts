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
attention.tools.askAttention(
  { prompt: "?", conversations_ids: ["a"], deal_id: "" },
  { query: { include_timestamps: true } },
);

// What is known of answers, and no more.
const { attributes } = await attention.conversations.get("id", { detailedTranscript: true });
const transcript = attributes?.transcript;
if (Array.isArray(transcript)) transcript[0]?.words?.[0]?.startTimestamp satisfies number | undefined;
else if (typeof transcript === "string") transcript.length satisfies number;
else transcript satisfies { [name: string]: unknown } | null | undefined;
attributes?.extractedIntelligence?.next_steps?.title satisfies string | undefined;
attributes?.scorecardResults?.[0]?.summary?.averageScore satisfies number | undefined;
for await (const user of attention.users.list({}, { limit: 5 })) user.email satisfies string | undefined;
for await (const label of attention.labels.list({ query: { page: 2 } })) label satisfies Schemas["Label"];
for await (const key of attention.apiKeys.list()) key satisfies Schemas["ApiKey"];
const promised: Promise<Schemas["UserCollection"]> = attention.users.list();
promised satisfies PromiseLike<unknown>;
// An answer is one page, and no list.
// @ts-expect-error
for await (const _ of await attention.conversations.list());
for await (const card of attention.scorecards.list({ size: 200 })) card.teamId satisfies string | undefined;
for await (const item of attention.scorecards.listItems("card")) item.expertPrompt satisfies string | undefined;
for await (const each of attention.fieldConfigurations.list()) each satisfies Schemas["FieldConfiguration"];
(await attention.labels.list()).data?.[0]?.name satisfies string | undefined;
(await attention.organizations.listRoles()).data?.[0]?.type satisfies string | undefined;
(await attention.conversations.getUploadUrl()).downloadUrl satisfies string;
(await attention.conversations.getMediaUrl("id")).url satisfies string;

// Open enumerations: known values are offered, others taken. In requests they are closed where a page lists them.
const status: NonNullable<NonNullable<typeof attributes>["importStatus"]> = "FINISHED";
status satisfies Schemas["ConversationAttributes"]["importStatus"];
"one that nobody has seen yet" satisfies Schemas["ConversationAttributes"]["importStatus"];
// @ts-expect-error: text
5 satisfies Schemas["ConversationAttributes"]["importStatus"];
"another" satisfies Schemas["RecorderMeeting"]["status"];
// @ts-expect-error: the page lists them
attention.organizations.updateUser("id", { seat_type: "standing" });
// @ts-expect-error: the schema of the page requires it
attention.tools.askAttention({ prompt: "?", conversations_ids: ["a"] });
// @ts-expect-error: what a score belongs to
attention.scorecards.createResult({ summary: "", items: [] });

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
