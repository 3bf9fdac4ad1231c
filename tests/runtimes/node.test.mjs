// The packed package in Node, as a module and as CommonJS.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { importPacked, requirePacked, startPackedMock } from "./packed.mjs";

let upstream;
let key;

before(async () => {
  ({ key, upstream } = await startPackedMock());
});

after(() => upstream.close());

for (const [how, load] of [
  ["import", importPacked],
  ["require", requirePacked],
]) {
  test(`${how}: a call with a key reaches the API`, async () => {
    const { Attention } = await load();
    const attention = new Attention({ apiKey: key, baseURL: `${upstream.url}/v2` });
    const answer = await attention.get("/conversations/list", { query: { size: 2 } });
    assert.equal(answer.data.length, 2);
    const [record] = (await upstream.settled(1)).slice(-1);
    assert.equal(record.requestLine, "GET /v2/conversations/list?size=2 HTTP/1.1");
    assert.deepEqual(record.all("authorization"), [`Bearer ${key}`]);
  });

  test(`${how}: the core and the client are one instance`, async () => {
    const { Upstream } = await load("attention-wasm/core");
    const raw = new Upstream(undefined, key, undefined, false);
    assert.equal(raw.baseUrl(), "https://api.attention.tech/v2");
    assert.equal(raw.openCalls(), 0);
    raw.free();
  });
}

test("errors of both copies are instances of both classes", async () => {
  const [esm, cjs] = [await importPacked(), await requirePacked()];
  assert.notEqual(esm.Attention, cjs.Attention);
  for (const { Attention } of [esm, cjs]) {
    for (const { AttentionError, InvalidKeyError, ServerError } of [esm, cjs]) {
      assert.throws(
        () => new Attention({ apiKey: "Bearer x" }),
        (error) =>
          error instanceof AttentionError && error instanceof InvalidKeyError && !(error instanceof ServerError),
      );
    }
  }
});
