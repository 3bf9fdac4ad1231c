// The packed package in workerd: wasm as a module, no compiling from bytes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { workerdModules } from "./edge.mjs";
import { importPacked } from "./packed.mjs";

const WORKER = `
import { Attention, AttentionError } from "./index.workerd.js";
import { Upstream } from "./core.workerd.js";

export default {
  async fetch(request, { KEY, BASE }) {
    const attention = new Attention({ apiKey: KEY, baseURL: BASE, maxRetries: 1 });
    const list = await attention.get("/conversations/list", { query: { size: 2 } });
    const sent = await attention.post("/_mock/echo", { body: request.body ?? "none" });
    const refused = await attention.get("/../x").catch((error) => error);
    const raw = new Upstream(undefined, KEY, undefined, false);
    return Response.json({
      count: list.data.length, bytes: sent.body.bytes, refused: refused instanceof AttentionError && refused.code,
      base: raw.baseUrl(), shown: String(attention),
    });
  },
};
`;

test("a call with a key from a Worker reaches the API", async (t) => {
  const { mockAttention, MOCK_API_KEY } = await importPacked("attention-wasm/testing");
  const upstream = await startUpstream({ mock: mockAttention() });
  t.after(() => upstream.close());
  const workerd = await startWorkerd({
    services: [
      {
        name: "app",
        modules: await workerdModules(WORKER),
        bindings: { KEY: MOCK_API_KEY, BASE: `${upstream.url}/v2` },
      },
    ],
  });
  t.after(() => workerd.close());
  const response = await fetch(workerd.url, { method: "POST", body: "x".repeat(300_000) });
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${workerd.output}`);
  const { shown, ...told } = JSON.parse(text);
  assert.deepEqual(told, {
    count: 2,
    bytes: 300_000,
    refused: "path_dot_segment",
    base: "https://api.attention.tech/v2",
  });
  assert.match(shown, /^Attention\(http:\/\/127\.0\.0\.1:\d+\/v2, current key [0-9a-f]{8}\)$/);
  assert.deepEqual(upstream.records[0].all("authorization"), [`Bearer ${MOCK_API_KEY}`]);
});

const RENEWING = `
import { Client } from "./index.workerd.js";

const fetch = async (_, { headers }) => Response.json({ sent: headers.authorization });
const options = { baseURL: "https://worker.example/v2", timeout: 300, fetch };

export default {
  async fetch() {
    let asked = 0;
    const good = new Client({ ...options, token: async () => ({ token: "fake-token-" + ++asked, expiresAt: Date.now() + 900_000 }) });
    const own = new Client({ ...options, token: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return own.get("/key");
    } });
    const { code } = await own.get("/users").catch((error) => error);
    return Response.json({ sent: [await good.get("/users"), await good.get("/users")], asked, code });
  },
};
`;

for (const flags of [["nodejs_compat"], []]) {
  test(`functions that provide tokens, and one that calls its own client, ${flags[0] ?? "without flags"}`, async (t) => {
    const modules = await workerdModules(RENEWING);
    const workerd = await startWorkerd({ services: [{ name: "app", modules, compatibilityFlags: flags }] });
    t.after(() => workerd.close());
    const response = await fetch(workerd.url);
    const text = await response.text();
    assert.equal(response.status, 200, `${text}\n${workerd.output}`);
    const { sent, asked, code } = JSON.parse(text);
    assert.deepEqual(sent, Array(2).fill({ sent: "Bearer fake-token-1" }));
    assert.equal(asked, 1);
    assert.equal(code, "key_provider_recursive");
  });
}
