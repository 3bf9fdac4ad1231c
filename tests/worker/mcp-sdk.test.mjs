// The API's MCP endpoint behind the Worker, with the official client on one side and the official server on the other:
// both eras, sessions, streams that break off and are resumed, and lists of tools.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, describe, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  createMcpHandler,
  fromJsonSchema,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { OTHER_TOKEN, TOKEN, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const open = workers.with({ ATTENTION_POLICY: "allow * /mcp" });
const few = workers.with({ ATTENTION_POLICY: "allow * /mcp tool=search_*,get_call" });

const STATELESS = "2026-07-28";
const schema = (properties) => fromJsonSchema({ type: "object", properties, required: Object.keys(properties) });
const said = (text) => ({ content: [{ type: "text", text }] });

function makeServer() {
  const server = new McpServer(
    { name: "fake-attention", version: "1.0.0" },
    { capabilities: { tools: { listChanged: true }, resources: {} } },
  );
  const tool = (name, properties, run) =>
    server.registerTool(name, { description: name, inputSchema: schema(properties) }, run);
  const region = { type: "string", "x-mcp-header": "Region" };
  tool("search_calls", { region, limit: { type: "integer", "x-mcp-header": "Limit" } }, ({ region, limit }) =>
    said(`${limit} of ${region}`),
  );
  tool("get_call", { id: { type: "string" } }, ({ id }) => said(`call ${id}`));
  tool("ask", { question: { type: "string" } }, ({ question }) => said(`${question}?`));
  tool("list_api_keys", {}, () => said("fake keys"));
  // Its stream breaks off before it has answered.
  tool("search_slowly", {}, async (_, context) => {
    context.http?.closeSSE?.();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return said("found after all");
  });
  server.registerResource("notes", "notes://all", {}, () => ({ contents: [{ uri: "notes://all", text: "notes" }] }));
  return server;
}

/** Events by their ids, for streams that are resumed. */
class Events {
  #all = [];

  async storeEvent(streamId, message) {
    this.#all.push({ streamId, message });
    return `${this.#all.length}`;
  }

  async replayEventsAfter(lastEventId, { send }) {
    const { streamId } = this.#all[Number(lastEventId) - 1];
    const missed = [...this.#all.entries()].slice(Number(lastEventId));
    for (const [index, event] of missed) {
      if (event.streamId === streamId) await send(`${index + 1}`, event.message);
    }
    return streamId;
  }
}

const modern = createMcpHandler(makeServer, { legacy: "reject" });
after(() => modern.close());
/** The servers of 2025's sessions, by their ids. */
const sessions = new Map();

async function serve(request) {
  if (!(await isLegacyRequest(request))) return modern.fetch(request);
  const known = sessions.get(request.headers.get("mcp-session-id"));
  if (known !== undefined) return known.handleRequest(request);
  if (request.headers.has("mcp-session-id")) return new Response("no such session", { status: 404 });
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    eventStore: new Events(),
    retryInterval: 50,
    onsessioninitialized: (id) => void sessions.set(id, transport),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await makeServer().connect(transport);
  return transport.handleRequest(request);
}

const clients = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

/** A client of this Worker, connected. */
async function connect(service, mode, { token = TOKEN, sessionId } = {}) {
  workers.respond = serve;
  const transport = new StreamableHTTPClientTransport(new URL("/mcp", workers.workerd.urls[service]), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    sessionId,
  });
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  clients.push(client);
  return { client, transport };
}

const names = ({ tools }) => tools.map(({ name }) => name).sort();
const text = ({ content }) => content[0].text;
const has = (status, words) => (error) => {
  const told = JSON.stringify([error.message, error.status, error.code, error.data, error.cause]);
  return told.includes(`${status}`) && told.includes(words) ? true : assert.fail(told);
};

for (const [era, mode] of [
  ["2025", "legacy"],
  ["2026", { pin: STATELESS }],
  ["whichever there is", "auto"],
]) {
  describe(`a client of ${era}`, () => {
    test("lists and calls tools", async () => {
      workers.upstream.clear();
      const { client } = await connect(open, mode);
      assert.ok(names(await client.listTools()).includes("ask"));
      const args = { region: "eu-west, Zürich", limit: 42 };
      assert.equal(text(await client.callTool({ name: "search_calls", arguments: args })), "42 of eu-west, Zürich");
      assert.equal(text(await client.callTool({ name: "ask", arguments: { question: "why" } })), "why?");
      const { contents } = await client.readResource({ uri: "notes://all" });
      assert.equal(contents[0].text, "notes");
      const call = workers.upstream.records.find(({ body }) => body.text.includes("search_calls"));
      const repeats = mode !== "legacy";
      assert.deepEqual(call.all("mcp-param-limit"), repeats ? ["42"] : []);
      assert.deepEqual(call.all("mcp-name"), repeats ? ["search_calls"] : []);
    });

    test("cannot read keys", async () => {
      const { client } = await connect(open, mode);
      await assert.rejects(client.callTool({ name: "list_api_keys" }), has(403, "mcp_tool_denied"));
    });

    test("sees and calls only the tools that its policy names", async () => {
      const { client } = await connect(few, mode);
      assert.deepEqual(names(await client.listTools()), ["get_call", "search_calls", "search_slowly"]);
      assert.equal(text(await client.callTool({ name: "get_call", arguments: { id: "7" } })), "call 7");
      await assert.rejects(
        client.callTool({ name: "ask", arguments: { question: "why" } }),
        has(403, "mcp_tool_denied"),
      );
      await assert.rejects(client.readResource({ uri: "notes://all" }), has(403, "mcp_method_denied"));
    });
  });
}

describe("a session of 2025", () => {
  test("belongs to its client until it ends, and to nobody else", async () => {
    const { client, transport } = await connect(open, "legacy");
    const sessionId = transport.sessionId;
    assert.ok(![...sessions.keys()].includes(sessionId), "what comes down is sealed");
    const other = await connect(open, "legacy", { token: OTHER_TOKEN });
    assert.notEqual(other.transport.sessionId, sessionId);
    const stolen = new StreamableHTTPClientTransport(new URL("/mcp", workers.workerd.urls[open]), {
      requestInit: { headers: { authorization: `Bearer ${OTHER_TOKEN}` } },
      sessionId,
    });
    await stolen.start();
    await assert.rejects(stolen.send({ jsonrpc: "2.0", id: 1, method: "ping" }), has(404, "mcp_session_unknown"));
    await assert.rejects(stolen.terminateSession(), /404|terminate/i);
    assert.equal(text(await client.callTool({ name: "get_call", arguments: { id: "7" } })), "call 7");
    const before = sessions.size;
    await transport.terminateSession();
    assert.equal(sessions.size, before - 1);
  });

  test("a stream that breaks off is resumed, only within the session", async () => {
    workers.upstream.clear();
    const { client, transport } = await connect(open, "legacy");
    assert.equal(text(await client.callTool({ name: "search_slowly" })), "found after all");
    const resumed = workers.upstream.records.find((record) => record.all("last-event-id").length > 0);
    assert.equal(resumed.method, "GET");
    for (const token of [OTHER_TOKEN, TOKEN]) {
      const response = await fetch(new URL("/mcp", workers.workerd.urls[open]), {
        headers: {
          authorization: `Bearer ${token}`,
          accept: "text/event-stream",
          "last-event-id": "1",
          ...(token === OTHER_TOKEN && { "mcp-session-id": transport.sessionId }),
        },
      });
      assert.equal(response.status, token === OTHER_TOKEN ? 404 : 400);
      await response.arrayBuffer();
    }
  });
});

test("a client of 2026 receives changes while it listens", async () => {
  const { client } = await connect(few, { pin: STATELESS });
  const heard = new Promise((resolve) => {
    client.setNotificationHandler("notifications/tools/list_changed", () => resolve("heard"));
  });
  const subscription = await client.listen({ toolsListChanged: true });
  modern.notify.toolsChanged();
  assert.equal(await heard, "heard");
  await subscription.close();
  await assert.rejects(client.listen({ resourcesListChanged: true }), has(403, "mcp_method_denied"));
});
