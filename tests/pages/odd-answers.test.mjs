// Helpers of several calls, if one response differs from the description: null where Go writes an empty value, nothing,
// text, members of other types. They end with an error of this package or with a result; our own code never breaks.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, FAKE_KEY } from "../node/fixture.mjs";
import { dice } from "../random.mjs";
import { importPacked } from "../runtimes/packed.mjs";

const { AttentionError } = attention;
const { Attention } = await importPacked("attention-wasm/jobs");

after(assertNoOpenCalls);

const ODD = [null, undefined, "", "text", 0, 5, true, [], {}, [null], "\ud800", "../x", { id: 5 }];
const ADDRESS = "https://storage.test/file";
/** Correct responses, of which one member or all are altered. */
const RIGHT = {
  "upload-url": { url: ADDRESS, downloadUrl: ADDRESS, key: "k-1" },
  import: { uuid: "c-1" },
  "media/download": { url: ADDRESS },
  "conversations/c-1": { id: "c-1", attributes: { importStatus: "FINISHED" } },
  "sources/upload": { source_id: "s-1", upload_url: ADDRESS },
  "confirm-upload": { data: { id: "s-1" } },
  "sources/s-1": { data: { id: "s-1", attributes: { status: "indexed" } } },
  "super-agent/messages": { session_id: "a-1" },
  "sessions/a-1/messages": { messages: [{ role: "assistant", content: "words" }] },
};
const WAYS = {
  importMedia: (client) =>
    client.conversations.importMedia({ file: new Blob(["x"], { type: "audio/mpeg" }), userID: "u" }),
  downloadMedia: async (client) => (await client.conversations.downloadMedia("c-1")).blob(),
  waitUntil: (client) => client.conversations.waitUntil("c-1", { timeout: 400, pollInterval: 20 }),
  upload: (client) => client.knowledgeBase.upload({ file: "text" }),
  waitUntilIndexed: (client) => client.knowledgeBase.waitUntilIndexed("s-1", { timeout: 400, pollInterval: 20 }),
  send: (client) => client.superAgent.send({ content: "x" }, { timeout: 400, pollInterval: 20 }),
  "a list": async (client) => {
    for await (const _ of client.conversations.list({}, { limit: 3 }));
  },
};

/** The same with one part, however deep, replaced. */
function odd(value, { pick, chance }) {
  if (typeof value !== "object" || value === null || chance(25)) return pick(ODD);
  const names = Object.keys(value);
  const changed = pick(names);
  const made = Array.isArray(value) ? [...value] : { ...value };
  made[changed] = odd(value[changed], { pick, chance });
  return made;
}

test("helpers end with a result or an AttentionError, whatever a step returns", async () => {
  const outcomes = {};
  const one = async (seed) => {
    const { pick, chance } = dice(seed);
    const way = pick(Object.keys(WAYS));
    const broken = {};
    const client = new Attention({
      apiKey: FAKE_KEY,
      maxRetries: 0,
      fetch: async (url) => {
        if (String(url).startsWith(ADDRESS)) return new Response("bytes");
        const step = Object.keys(RIGHT).find((name) => new URL(url).pathname.endsWith(name));
        const answer =
          step === undefined || chance(60) ? odd(RIGHT[step] ?? { data: [] }, { pick, chance }) : RIGHT[step];
        broken[step ?? "list"] = answer;
        return answer === undefined ? new Response(null, { status: 204 }) : Response.json(answer);
      },
    });
    const error = await WAYS[way](client).then(
      () => undefined,
      (thrown) => thrown,
    );
    assert.ok(
      error === undefined || error instanceof AttentionError,
      `${way}, ${JSON.stringify(broken)}: ${error?.stack}`,
    );
    outcomes[`${way} ${error === undefined ? "ends" : error.code}`] = true;
    client.close();
  };
  // Most of their time is waiting: 25 at once.
  for (let first = 1; first <= 500; first += 25)
    await Promise.all(Array.from({ length: 25 }, (_, at) => one(first + at)));
  for (const way of Object.keys(WAYS)) assert.ok(outcomes[`${way} ends`], `${way}: ${Object.keys(outcomes)}`);
});
