// Arguments of another realm: test runners and server frameworks run the application and this package in different
// realms. Each argument works like one of this realm.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { runInNewContext } from "node:vm";
import { assertNoOpenCalls, attention, FAKE_KEY, served, testing } from "./fixture.mjs";

const { Attention } = attention;
const { mockAttention, MOCK_API_KEY } = testing;
const FOREIGN = runInNewContext("globalThis");

after(assertNoOpenCalls);

/** A Blob and a URL of polyfills, recognizable only by their names and members. */
class ForeignBlob {
  #bytes;
  constructor(text, type) {
    this.#bytes = new TextEncoder().encode(text);
    this.type = type;
  }
  get size() {
    return this.#bytes.length;
  }
  get [Symbol.toStringTag]() {
    return "Blob";
  }
  arrayBuffer() {
    return Promise.resolve(this.#bytes.buffer);
  }
}

class ForeignURL {
  constructor(href) {
    this.href = href;
  }
  toString() {
    return this.href;
  }
  get [Symbol.toStringTag]() {
    return "URL";
  }
}

test("the expiry of a credential may be another realm's Date, valid or not", async (t) => {
  const expiresAt = new FOREIGN.Date(Date.now() + 3_600_000);
  const { client } = await served(t, { apiKey: () => ({ token: FAKE_KEY, expiresAt }) });
  await client.get("/things");
  assert.equal(client.keys.keys[0].expiresAt, expiresAt.getTime());
  const wrong = new Attention({ apiKey: () => ({ token: FAKE_KEY, expiresAt: new FOREIGN.Date(NaN) }) });
  await assert.rejects(wrong.get("/things"), {
    code: "key_provider_failed",
    message: /`expiresAt` that is not a date/,
  });
});

test("an address may be another implementation's URL", () => {
  const client = new Attention({ apiKey: FAKE_KEY, baseURL: new ForeignURL("https://api.example.com/v2") });
  assert.equal(client.baseURL, "https://api.example.com/v2");
  client.close();
});

test("a file may be another realm's bytes, or another implementation's Blob with its type", async () => {
  const mock = mockAttention();
  const client = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  const bytes = new FOREIGN.Uint8Array(new TextEncoder().encode("# Facts"));
  for (const file of [bytes, bytes.buffer, new ForeignBlob("# Facts", "")])
    await client.knowledgeBase.upload({ title: "Facts", file, type: "text/markdown" });
  await client.knowledgeBase.upload({ title: "Facts", file: new ForeignBlob("# Facts", "text/markdown") });
  const puts = mock.requests.filter(({ method }) => method === "PUT");
  assert.equal(puts.length, 4);
  for (const { headers, body } of puts) {
    assert.equal(new Headers(headers).get("content-type"), "text/markdown");
    assert.equal(body, "# Facts");
  }
  await assert.rejects(client.knowledgeBase.upload({ file: new ForeignBlob("# Facts", "") }), /the Blob has no type/);
});
