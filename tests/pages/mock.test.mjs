// The client and the mock together, in situations from users' tests.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, testing } from "../node/fixture.mjs";
import { importPacked } from "../runtimes/packed.mjs";

const { Attention } = attention;
const { mockAttention, MOCK_API_KEY } = testing;
const { Attention: WithJobs } = await importPacked("attention-wasm/jobs");

after(assertNoOpenCalls);

const later = setTimeout;

/** Runs every faked timer there is, as often as it takes, with one turn of the loop between, as runAllAsync does. */
async function runAll(t, promise) {
  let settled = false;
  promise
    .finally(() => {
      settled = true;
    })
    .catch(() => {});
  for (let turns = 0; !settled && turns < 500; turns++) {
    await new Promise((resolve) => later(resolve, 0));
    t.mock.timers.runAll();
  }
  return promise;
}

test("calls of the mock complete although all faked timers are run at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const mock = mockAttention();
  const client = new WithJobs({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  assert.ok((await runAll(t, client.users.list())).data.length > 0);
  assert.ok((await runAll(t, client.labels.create({ name: "x", aiFlow: true }))) !== undefined);
  mock.set({ status: 503, times: 2 });
  assert.ok((await runAll(t, client.users.list())).data.length > 0);
  mock.set({ status: 429, times: 1, headers: [["retry-after", "30"]] });
  assert.ok((await runAll(t, client.users.list())).data.length > 0);
  const file = new Blob(["x"], { type: "audio/mpeg" });
  const [user] = (await runAll(t, client.users.list())).data;
  const { uuid } = await runAll(t, client.conversations.importMedia({ file, userID: user.uuid }));
  assert.equal((await runAll(t, client.conversations.waitUntil(uuid))).attributes.importStatus, "FINISHED");
  client.close();
});

test("a page's base URLs reach the mock too", async (t) => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "location");
  globalThis.location = { origin: "https://app.example" };
  t.after(() => {
    if (own) Object.defineProperty(globalThis, "location", own);
    else delete globalThis.location;
  });
  for (const baseURL of ["/api/v2", "https://app.example/api/v2", "https://app.example/proxy/attention/v2/", "/v2"]) {
    const mock = mockAttention();
    const client = new Attention({ token: MOCK_API_KEY, baseURL, fetch: mock.fetch });
    assert.ok((await client.users.list()).data.length > 0, baseURL);
    let items = 0;
    for await (const _ of client.conversations.list({ size: 50 })) items++;
    assert.equal(items, 137, baseURL);
    const { requestId } = await client.users.list().withResponse();
    assert.equal(requestId, mock.requests.at(-1).requestId);
    client.close();
  }
});
