// The API's MCP endpoint behind the Worker: Streamable HTTP with the key injected.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY, TOKEN, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const open = workers.with({ ATTENTION_POLICY: "allow * /mcp" });
const usual = workers.with();

const message = (method, params, more = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params, ...more });

function call(service, init = {}, path = "/mcp") {
  return fetch(workers.workerd.urls[service] + path, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, accept: "application/json, text/event-stream", ...init.headers },
  });
}

const post = (service, body, headers = {}) =>
  call(service, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });

test("a message goes up with the key and its session, and the answer's session comes down", async () => {
  workers.upstream.clear();
  workers.respond = () =>
    Response.json({ jsonrpc: "2.0", id: 1, result: {} }, { headers: { "mcp-session-id": "session-1" } });
  const body = message("tools/call", { name: "search_calls", arguments: { text: "list_api_keys" } });
  const response = await post(open, body, { "mcp-session-id": "session-0", "mcp-protocol-version": "2025-06-18" });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("mcp-session-id"), "session-1");
  const [record] = workers.upstream.records;
  assert.equal(record.requestLine, "POST /mcp HTTP/1.1");
  assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
  assert.deepEqual(record.all("mcp-session-id"), ["session-0"]);
  assert.deepEqual(record.all("mcp-protocol-version"), ["2025-06-18"]);
  assert.equal(record.body.text, body);
});

test("tools that manage keys, and messages that can be read in two ways, are refused and not sent", async () => {
  workers.upstream.clear();
  for (const body of [
    message("tools/call", { name: "list_api_keys" }),
    message("tools/call", { name: "create-API-key" }),
    JSON.stringify([
      { jsonrpc: "2.0", method: "ping" },
      { jsonrpc: "2.0", method: "tools/call", params: { name: "delete_api_key" } },
    ]),
    '{"method":"ping","method":"tools/call","params":{"name":"search_calls"}}',
  ]) {
    const response = await post(open, body);
    assert.equal(response.status, 403, body);
    assert.equal((await response.json()).code, "mcp_tool_denied");
  }
  for (const body of ["{", "list_api_keys", `{"method":"ping","pad":"${"x".repeat(300_000)}"}`]) {
    const response = await post(open, body);
    assert.equal(response.status, 400, body.slice(0, 20));
    await response.arrayBuffer();
  }
  assert.equal(workers.upstream.records.length, 0);
});

test("an event stream comes down event by event, and stays open", async () => {
  workers.upstream.clear();
  let next;
  workers.respond = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          const say = (text) => controller.enqueue(new TextEncoder().encode(`data: ${text}\n\n`));
          say("one");
          next = () => {
            say("two");
            controller.close();
          };
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  const response = await call(open, { headers: { "last-event-id": "7" } });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "data: one\n\n");
  next();
  assert.equal((await reader.read()).value, "data: two\n\n");
  assert.equal((await reader.read()).done, true);
  assert.deepEqual(workers.upstream.records[0].all("last-event-id"), ["7"]);
});

test("it is closed unless the policy opens it, and nothing else opens beside /v2", async () => {
  workers.upstream.clear();
  assert.equal((await post(usual, message("ping"))).status, 403);
  for (const path of ["/mcp/", "/mcp/x", "/MCP", "/v2/mcp", "/other"]) {
    const { status } = await call(open, {}, path);
    assert.ok([403, 404].includes(status), `${path}: ${status}`);
  }
  assert.equal(workers.upstream.records.length, 0);
});
