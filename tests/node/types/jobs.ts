// Types of the entries beside the client.
import type { components } from "attention-wasm";
import { Attention } from "attention-wasm/jobs";

const attention = new Attention({ apiKey: "an-obviously-fake-key-for-tests-0001" }).withOptions({ timeout: 5 });
const file = new Blob(["x"], { type: "audio/mpeg" });

const { uuid } = await attention.conversations.importMedia(
  { file, userID: "u", conversationTitle: "A call" },
  { onProgress: ({ loaded, total }) => loaded satisfies number | typeof total },
);
await attention.conversations.importMedia({ file: new Uint8Array(3), type: "audio/mpeg", userID: "u" });
await attention.conversations.importMedia({ url: "https://files.example/call.mp3", userID: "u" });
// @ts-expect-error: one of them.
attention.conversations.importMedia({ userID: "u" });
// @ts-expect-error: not both.
attention.conversations.importMedia({ file, url: "https://files.example/call.mp3", userID: "u" });
// @ts-expect-error: the owner is needed.
attention.conversations.importMedia({ file });
// @ts-expect-error: of unknown length.
attention.conversations.importMedia({ file: file.stream(), userID: "u" });

const done = await attention.conversations.waitUntil(uuid, { status: ["FINISHED", "new"], field: "importStatus" });
done satisfies components["schemas"]["Conversation"];
const source = await attention.knowledgeBase.waitUntilIndexed("s", { signal: AbortSignal.timeout(5) });
source.data?.attributes?.status satisfies string | undefined;
const media = await attention.conversations.downloadMedia(uuid);
media.body satisfies ReadableStream<Uint8Array>;
// The operations are still there.
for await (const each of attention.conversations.list({ size: 1 })) each.id satisfies string;
