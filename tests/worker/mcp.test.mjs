// The API's MCP endpoint behind the Worker: Streamable HTTP with the key injected, as bytes on a socket have it.
// tests/worker/mcp-sdk.test.mjs has the same with the official client and server.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dice } from "../random.mjs";
import { assertNoSecret, KEY, OTHER_TOKEN, sha256, TOKEN, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const open = workers.with({ ATTENTION_POLICY: "allow * /mcp" });
const usual = workers.with();
const few = workers.with({ ATTENTION_POLICY: "allow * /mcp tool=search_*,get_call" });
const anywhere = workers.with({
  ATTENTION_BASE_URL: (upstream) => upstream.url,
  ATTENTION_POLICY: "allow * /**",
});
const PAGE = "https://app.example";
const paged = workers.with({ ATTENTION_POLICY: "allow * /mcp", ATTENTION_ALLOWED_ORIGINS: JSON.stringify([PAGE]) });
const withSecret = { ATTENTION_SESSION_SECRET: "an-obviously-fake-secret-of-the-mcp-tests" };
const minting = workers.with({
  ...withSecret,
  ATTENTION_CALLERS: JSON.stringify([{ name: "backend", sha256: sha256(TOKEN), mintsSessions: true }]),
  ATTENTION_POLICY: "allow * /mcp tool=search_*,get_call",
});
const one = workers.with({ ATTENTION_POLICY: "allow * /mcp", ...withSecret });
const another = workers.with({ ATTENTION_POLICY: "allow * /mcp", ...withSecret });

const STATELESS = "2026-07-28";
const message = (method, params, more = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params, ...more });
const meta = { "io.modelcontextprotocol/protocolVersion": STATELESS };
/** A message of 2026-07-28 and the headers that repeat it. */
const modern = (method, params = {}) => ({
  body: message(method, { ...params, _meta: meta }),
  headers: {
    "mcp-protocol-version": STATELESS,
    "mcp-method": method,
    ...(params.name && { "mcp-name": params.name }),
  },
});

function call(service, init = {}, path = "/mcp") {
  return fetch(workers.workerd.urls[service] + path, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, accept: "application/json, text/event-stream", ...init.headers },
  });
}

const post = (service, body, headers = {}) =>
  call(service, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });

/** The session that the API's `id` becomes for a caller. */
async function begin(service, id, headers = {}) {
  workers.respond = () => Response.json({ jsonrpc: "2.0", id: 1, result: {} }, { headers: { "mcp-session-id": id } });
  const response = await post(service, message("initialize", { protocolVersion: "2025-06-18" }), headers);
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  workers.respond = undefined;
  return response.headers.get("mcp-session-id");
}

async function problem(response, status, code) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(JSON.parse(text).code, code, text);
}

test("a message is forwarded with the key and its session, and the response's session is passed on", async () => {
  workers.upstream.clear();
  const session = await begin(open, "session-1");
  workers.upstream.clear();
  const body = message("tools/call", { name: "search_calls", arguments: { text: "list_api_keys" } });
  const response = await post(open, body, { "mcp-session-id": session, "mcp-protocol-version": "2025-06-18" });
  assert.equal(response.status, 200);
  const [record] = workers.upstream.records;
  assert.equal(record.requestLine, "POST /mcp HTTP/1.1");
  assert.deepEqual(record.all("authorization"), [`Bearer ${KEY}`]);
  assert.deepEqual(record.all("mcp-session-id"), ["session-1"]);
  assert.deepEqual(record.all("mcp-protocol-version"), ["2025-06-18"]);
  assert.equal(record.body.text, body);
  const line = await workers.log({ get: (name) => response.headers.get(name) });
  assert.equal(line.tool, "search_calls");
  await response.arrayBuffer();
});

test("tools that manage keys, and ambiguous messages, are refused and not sent", async () => {
  workers.upstream.clear();
  for (const body of [
    message("tools/call", { name: "list_api_keys" }),
    message("tools/call", { name: "create-API-key" }),
    JSON.stringify([
      { jsonrpc: "2.0", method: "ping" },
      { jsonrpc: "2.0", method: "tools/call", params: { name: "delete_api_key" } },
    ]),
    '{"jsonrpc":"2.0","method":"ping","method":"tools/call","params":{"name":"search_calls"}}',
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"},"paramſ":{"name":"list_api_keys"}}`,
    String.raw`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name\u0000":"list_api_keys"}}`,
    message("TOOLS/CALL", { name: "x" }),
    message("tools/call ", { name: "x" }),
    message("tools/call\u0000", { name: "x" }),
    message("ping", {}, { _method: "GET" }),
  ]) {
    await problem(await post(open, body), 403, "mcp_tool_denied");
  }
  for (const body of [
    "{",
    "list_api_keys",
    `{"method":"ping","pad":"${"x".repeat(300_000)}"}`,
    '{"method":"ping"}',
    message(["tools/call"], { name: "x" }),
    message("tools/call", { name: ["list_api_keys"] }),
    message("ping", {}, { id: null }),
    `\u{feff}${message("ping")}`,
    Buffer.from(message("ping"), "utf16le"),
    Buffer.from(message("tools/call", { name: "caf\u{e9}" }), "latin1"),
    "[]",
  ]) {
    await problem(await post(open, body), 400, "mcp_message");
  }
  assert.equal(workers.upstream.records.length, 0);
});

test("a body that a server could read as anything but UTF-8 JSON is refused", async () => {
  workers.upstream.clear();
  const body = message("ping");
  for (const headers of [
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "application/json; charset=utf-16" },
    { "content-type": "application/json; charset=utf-7" },
    { "content-type": "application/vnd.api+json" },
    { "content-type": "application/json, text/plain" },
    { "content-encoding": "gzip" },
    { "content-encoding": "identity, br" },
  ]) {
    await problem(await post(open, body, headers), 415, "mcp_content_type");
  }
  assert.equal(workers.upstream.records.length, 0);
  // The Worker adds the type to a response without one.
  const answer = await workers.call(open, { method: "POST", target: "/mcp", body });
  assert.equal(answer.status, 200);
  assert.deepEqual(workers.upstream.records[0].all("content-type"), ["application/json"]);
});

test("each method is inspected or refused, and a query is neither a message nor a session", async () => {
  workers.upstream.clear();
  const body = message("tools/call", { name: "list_api_keys" });
  for (const method of ["PUT", "PATCH"]) {
    await problem(await call(open, { method, body }), 405, "method_not_allowed");
  }
  assert.equal((await call(open, { method: "HEAD" })).status, 405);
  await problem(await call(open, { method: "DELETE", body }), 400, "body_not_allowed");
  await problem(await call(open, { method: "DELETE" }), 400, "mcp_session_missing");
  await problem(await call(open, { method: "POST" }), 400, "mcp_message");
  for (const query of [
    "?_method=POST",
    "?method=tools/call&params=%7B%7D",
    "?sessionId=1",
    "?%6dethod=x",
    "?x",
    "?;",
  ]) {
    const response = await call(open, {}, `/mcp${query}`);
    assert.ok([400, 403].includes(response.status), `${query}: ${response.status}`);
    await response.arrayBuffer();
  }
  assert.equal(workers.upstream.records.length, 0);
});

test("no other path that a server could take for the endpoint is forwarded unread", async () => {
  workers.upstream.clear();
  const body = message("tools/call", { name: "list_api_keys" });
  for (const target of [
    "/%6dcp",
    "/MCP",
    "/mcp/",
    "/mcp/x",
    "/mcp/%73se",
    "/mcp.json",
    "/mcp;x",
    "//mcp",
    "/.x/mcp/y",
  ]) {
    for (const method of ["POST", "PUT"]) {
      const answer = await workers.call(anywhere, {
        method,
        target,
        body,
        headers: [
          ["Content-Type", "application/json"],
          ["X-HTTP-Method-Override", "POST"],
        ],
      });
      assert.ok([400, 404].includes(answer.status), `${method} ${target}: ${answer.status}`);
    }
  }
  assert.equal(workers.upstream.records.length, 0);
});

test("no generated message is forwarded in which a lenient parser reads another one", async () => {
  const { below, pick: of } = dice(7);
  const dressed = (name) =>
    of([name, name.toUpperCase(), `${name}\0`, name.replace("s", "ſ").replace("k", "K"), `_${name}`, ` ${name}`]);
  const member = (name, value) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  /** The value that Go's parser, and others that ignore case, find under a name: the last such member. */
  const loosely = (object, name) => {
    const plain = (text) => text.split("\0")[0].normalize("NFKC").toLowerCase().replace(/[_\s]/g, "").replace("ſ", "s");
    return Object.entries(object ?? {}).findLast(([own]) => plain(own) === plain(name))?.[1];
  };
  workers.upstream.clear();
  let refused = 0;
  for (let round = 0; round < 400; round += 1) {
    const params = [member("name", of(["ask", "search_calls"])), member("arguments", { q: "x" })];
    const members = [member("jsonrpc", "2.0"), member("id", round), member("method", of(["tools/call", "ping"]))];
    if (below(3) === 0) params.splice(below(3), 0, member(dressed("name"), of(["list_api_keys", "other"])));
    members.push(`"params":{${params.join(",")}}`);
    if (below(3) === 0) {
      const hostile = of([
        [dressed("method"), "tools/call"],
        [dressed("params"), { name: "delete_api_key" }],
        [dressed("id"), 0],
      ]);
      members.splice(below(5), 0, member(...hostile));
    }
    const body = `{${members.join(of([",", " ,\n"]))}}`;
    const before = workers.upstream.records.length;
    const response = await post(open, body);
    await response.arrayBuffer();
    const [record] = workers.upstream.records.slice(before);
    if (record === undefined) {
      assert.ok([400, 403].includes(response.status), body);
      refused += 1;
      continue;
    }
    assert.equal(record.body.text, body);
    const read = JSON.parse(body);
    const called = [loosely(read, "method"), loosely(loosely(read, "params"), "name")];
    assert.deepEqual(called, [read.method, read.params.name], body);
    assert.ok(!JSON.stringify(called).includes("api_key"), body);
    // Each member is there once, so the first is the last.
    for (const name of ["method", "params", "name"]) assert.equal(body.split(`"${name}":`).length, 2, body);
  }
  assert.ok(refused > 100 && refused < 350, `${refused}`);
});

describe("a session belongs to the caller that received it", () => {
  const other = { authorization: `Bearer ${OTHER_TOKEN}` };

  test("any other caller with its id gets 404, for every method", async () => {
    const session = await begin(open, "shared");
    const own = await begin(open, "shared", other);
    assert.notEqual(session, own);
    workers.upstream.clear();
    for (const id of [session, "shared", `${own}x`, "", `${session}, ${own}`]) {
      for (const method of ["GET", "DELETE", "POST"]) {
        const init = method === "POST" ? { body: message("ping") } : {};
        const headers = { ...other, "mcp-session-id": id, "content-type": "application/json" };
        await problem(await call(open, { method, headers, ...init }), 404, "mcp_session_unknown");
      }
    }
    assert.equal(workers.upstream.records.length, 0);
    for (const method of ["GET", "DELETE"]) {
      await (await call(open, { method, headers: { ...other, "mcp-session-id": own } })).arrayBuffer();
    }
    assert.deepEqual(
      workers.upstream.records.map((record) => record.all("mcp-session-id")),
      [["shared"], ["shared"]],
    );
  });

  test("in every isolate", async () => {
    const session = await begin(one, "s");
    workers.upstream.clear();
    const headers = { "mcp-session-id": session };
    assert.equal((await post(another, message("ping"), headers)).status, 200);
    await problem(await post(another, message("ping"), { ...headers, ...other }), 404, "mcp_session_unknown");
    // Without the secret, the API key seals, which is another secret.
    await problem(await post(open, message("ping"), headers), 404, "mcp_session_unknown");
    assert.equal(workers.upstream.records.length, 1);
  });

  test("it comes only from the MCP endpoint, and the API's own id is never passed on", async () => {
    const headers = { "mcp-session-id": "plain" };
    workers.respond = () => Response.json({ ok: true }, { headers });
    assert.equal((await call(usual, {}, "/v2/conversations")).headers.get("mcp-session-id"), null);
    const sealed = (await post(open, message("ping"))).headers.get("mcp-session-id");
    assert.match(sealed, /^plain\.[\w-]{43}$/);
    // 2026-07-28 has no sessions.
    const { body, headers: repeated } = modern("tools/list");
    assert.equal((await post(open, body, repeated)).headers.get("mcp-session-id"), null);
    // A response with a key is not passed on either.
    workers.respond = () => Response.json({ ok: true }, { headers: { "mcp-session-id": `x-${KEY}` } });
    const response = await post(open, message("ping"));
    assert.equal(response.headers.get("mcp-session-id"), null);
    assertNoSecret(JSON.stringify([...response.headers]));
    workers.respond = undefined;
  });
});

test("an event stream is passed on event by event and stays open; it can only be resumed in its session", async () => {
  const session = await begin(open, "s");
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
  await problem(await call(open, { headers: { "last-event-id": "7" } }), 400, "mcp_session_missing");
  const response = await call(open, { headers: { "last-event-id": "7", "mcp-session-id": session } });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "data: one\n\n");
  next();
  assert.equal((await reader.read()).value, "data: two\n\n");
  assert.equal((await reader.read()).done, true);
  assert.equal(workers.upstream.records.length, 1);
  assert.deepEqual(workers.upstream.records[0].all("last-event-id"), ["7"]);
  assert.deepEqual(workers.upstream.records[0].all("mcp-session-id"), ["s"]);
  workers.respond = undefined;
});

describe("2026-07-28", () => {
  const mismatch = async (response) => {
    const text = await response.text();
    assert.equal(response.status, 400, text);
    assert.equal(response.headers.get("content-type"), "application/json");
    const { jsonrpc, id, error } = JSON.parse(text);
    assert.deepEqual({ jsonrpc, id, code: error.code }, { jsonrpc: "2.0", id: 1, code: -32020 }, text);
  };
  const params = { name: "search_calls", arguments: { region: "us-west1", deep: { n: 42, flag: true, ä: "Ä " } } };

  test("headers that repeat the message are forwarded with it", async () => {
    workers.upstream.clear();
    const { body, headers } = modern("tools/call", params);
    const repeated = {
      "mcp-param-region": "us-west1",
      "mcp-param-n": "42.0",
      "mcp-param-flag": "true",
      "mcp-param-text": "=?base64?w4Qg?=",
    };
    const ignored = { "last-event-id": "1", "mcp-session-id": "somebody's" };
    const response = await post(open, body, { ...headers, ...repeated, ...ignored });
    assert.equal(response.status, 200, await response.text());
    const [record] = workers.upstream.records;
    for (const [name, value] of Object.entries({ ...headers, ...repeated })) {
      assert.deepEqual(record.all(name), [value], name);
    }
    for (const name of Object.keys(ignored)) assert.deepEqual(record.all(name), [], name);
    // The same name in base64.
    const named = { ...headers, "mcp-name": `=?base64?${Buffer.from("search_calls").toString("base64")}?=` };
    assert.equal((await post(open, body, named)).status, 200);
  });

  test("a missing or contradicting header is a HeaderMismatch", async () => {
    workers.upstream.clear();
    const { body, headers } = modern("tools/call", params);
    for (const changed of [
      { "mcp-method": undefined },
      { "mcp-name": undefined },
      { "mcp-protocol-version": undefined },
      { "mcp-protocol-version": "2025-11-25" },
      { "mcp-method": "tools/list" },
      { "mcp-method": "TOOLS/CALL" },
      { "mcp-name": "ping" },
      { "mcp-name": "Search_calls" },
      { "mcp-name": "=?base64?c2VhcmNoX2NhbGxz" },
      { "mcp-name": "=?base64?!!!!?=" },
      { "mcp-param-region": "eu" },
      { "mcp-param-region": "us-west1", "mcp-param-other": "nowhere" },
      { "mcp-param-n": "43" },
    ]) {
      const sent = Object.entries({ ...headers, ...changed }).filter(([, value]) => value !== undefined);
      await mismatch(await post(open, body, Object.fromEntries(sent)));
    }
    // Without what the header repeats, and before there were such headers.
    await mismatch(await post(open, message("tools/list"), modern("tools/list").headers));
    await mismatch(await post(open, message("tools/list"), { "mcp-method": "tools/call" }));
    await mismatch(await post(open, message("ping"), { "mcp-param-x": "y" }));
    // Twice is neither.
    const twice = await workers.call(open, {
      method: "POST",
      target: "/mcp",
      body,
      headers: [["Content-Type", "application/json"], ...Object.entries(headers), ["Mcp-Name", "search_calls"]],
    });
    assert.equal(twice.status, 400);
    assert.equal(workers.upstream.records.length, 0);
  });

  test("an unknown revision is refused with a list of the known ones", async () => {
    const response = await post(open, message("ping"), { "mcp-protocol-version": "2099-01-01" });
    const { error } = await response.json();
    assert.equal(response.status, 400);
    assert.equal(error.code, -32022);
    assert.ok(error.data.supported.includes(STATELESS) && error.data.requested === "2099-01-01");
  });

  test("only 2025-03-26 has batches", async () => {
    const batch = JSON.stringify([{ jsonrpc: "2.0", id: 1, method: "ping" }]);
    assert.equal((await post(open, batch)).status, 200);
    assert.equal((await post(open, batch, { "mcp-protocol-version": "2025-03-26" })).status, 200);
    for (const version of ["2025-06-18", "2025-11-25", STATELESS]) {
      await problem(await post(open, batch, { "mcp-protocol-version": version }), 400, "mcp_message");
    }
  });

  test("a page may send the headers, those of its arguments too", async () => {
    const preflight = await workers.call(paged, {
      method: "OPTIONS",
      target: "/mcp",
      headers: [
        ["Origin", PAGE],
        ["Access-Control-Request-Headers", "authorization,mcp-method,mcp-param-region,mcp-param-é,x-evil"],
      ],
      token: null,
    });
    assert.equal(preflight.status, 204);
    const allowed = preflight.get("access-control-allow-headers").toLowerCase().split(", ");
    for (const name of ["mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id", "mcp-param-region"]) {
      assert.ok(allowed.includes(name), name);
    }
    assert.ok(!allowed.some((name) => name.includes("evil") || name.includes("é")));
  });
});

describe("tool=", () => {
  const tools = [
    { name: "search_calls", inputSchema: { type: "object" } },
    { name: "ask", inputSchema: { type: "object" } },
    { name: "get_call", inputSchema: { type: "object" }, n: 1.0 },
    { name: "search_api_keys", inputSchema: { type: "object" } },
  ];
  const list = { jsonrpc: "2.0", id: 1, result: { tools, nextCursor: "2", cacheScope: "public" } };
  const names = (answer) => answer.result.tools.map(({ name }) => name);

  test("only the named tools can be called, and the log names them", async () => {
    workers.upstream.clear();
    for (const name of ["search_calls", "get_call", "search_"]) {
      assert.equal((await post(few, message("tools/call", { name }))).status, 200, name);
    }
    for (const name of ["ask", "Search_calls", "get_calls", "search_calls ", "search_é", "search_api_keys"]) {
      const response = await post(few, message("tools/call", { name }));
      assert.equal(response.status, 403, name);
      const line = await workers.log({ get: (header) => response.headers.get(header) });
      assert.equal(line.tool, /^[\w-]+$/.test(name) ? name : "?");
    }
    assert.equal(workers.upstream.records.length, 3);
  });

  test("methods that no tool name governs are refused", async () => {
    workers.upstream.clear();
    for (const [method, params] of [
      ["resources/list"],
      ["resources/read", { uri: "x:y" }],
      ["prompts/get", { name: "search_calls" }],
      ["completion/complete", { ref: {} }],
      ["tasks/result", { taskId: "1" }],
      ["logging/setLevel", { level: "debug" }],
      ["attention/own"],
      ["subscriptions/listen", { notifications: { resourceSubscriptions: ["x:y"] } }],
    ]) {
      await problem(await post(few, message(method, params)), 403, "mcp_method_denied");
    }
    const batch = [
      { jsonrpc: "2.0", id: 1, method: "ping" },
      { jsonrpc: "2.0", id: 2, method: "prompts/list" },
    ];
    await problem(await post(few, JSON.stringify(batch)), 403, "mcp_method_denied");
    assert.equal(workers.upstream.records.length, 0);
    for (const [method, params] of [
      ["ping"],
      ["subscriptions/listen", { notifications: { toolsListChanged: true } }],
    ]) {
      assert.equal((await post(few, message(method, params))).status, 200);
    }
  });

  test("lists show only these tools, in JSON and in events, page by page, for this caller", async () => {
    workers.respond = () => Response.json(list);
    const answer = await (await post(few, message("tools/list"))).json();
    assert.deepEqual(names(answer), ["search_calls", "get_call"]);
    assert.deepEqual([answer.result.nextCursor, answer.result.cacheScope], ["2", "private"]);
    assert.equal((await (await post(open, message("tools/list"))).json()).result.tools.length, 4);
    const stream = [
      "id: 1\ndata: \n\n",
      `event: message\r\ndata: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/tools/list_changed" })}\r\n\r\n`,
      `data: ${JSON.stringify(list)}\n\n`,
    ].join("");
    workers.respond = () => new Response(stream, { headers: { "content-type": "text/event-stream" } });
    const response = await post(few, message("tools/list"));
    const text = await response.text();
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.ok(text.includes("list_changed") && text.startsWith("id: 1\ndata: \n\n"));
    const last = JSON.parse(text.split("data: ").at(-1));
    assert.deepEqual(names(last), ["search_calls", "get_call"]);
    workers.respond = undefined;
  });

  test("a list that cannot be parsed is not passed on", async () => {
    for (const [body, type] of [
      ["{", "application/json"],
      ['{"result":{"tools":[],"Tools":[{"name":"ask"}]}}', "application/json"],
      [JSON.stringify(list), "text/plain"],
      [JSON.stringify(list), "application/json; charset=utf-16"],
      ["data: x\n\n", "text/event-stream"],
      [`data: ${" ".repeat(9 * 1024 * 1024)}\n\n`, "text/event-stream"],
    ]) {
      workers.respond = () => new Response(body, { headers: { "content-type": type } });
      await problem(await post(few, message("tools/list")), 502, "mcp_list_unreadable");
    }
    workers.respond = undefined;
  });

  test("a backend's session restricts the tools further, and has its own MCP sessions", async () => {
    const ask = (routes) =>
      fetch(`${workers.workerd.urls[minting]}/sessions`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify({ minutes: 5, routes }),
      }).then((response) => response.json());
    const { token } = await ask(["POST /mcp tool=get_*,ask", "GET /mcp"]);
    const { token: other } = await ask(["* /mcp"]);
    const by = (token) => ({ authorization: `Bearer ${token}` });
    workers.upstream.clear();
    for (const [name, status] of [
      ["get_call", 200],
      ["search_calls", 403],
      ["ask", 403],
    ]) {
      const response = await post(minting, message("tools/call", { name }), by(token));
      assert.equal(response.status, status, `${name}: ${await response.text()}`);
    }
    workers.respond = () => Response.json(list);
    const answer = await (await post(minting, message("tools/list"), by(token))).json();
    assert.deepEqual(names(answer), ["get_call"]);
    workers.respond = undefined;
    const session = await begin(minting, "s", by(token));
    await (await post(minting, message("ping"), { ...by(token), "mcp-session-id": session })).arrayBuffer();
    for (const stranger of [other, TOKEN]) {
      const response = await post(minting, message("ping"), { ...by(stranger), "mcp-session-id": session });
      await problem(response, 404, "mcp_session_unknown");
    }
  });

  test("a stream cannot be resumed, since it could contain a list", async () => {
    const session = await begin(few, "s");
    workers.upstream.clear();
    const headers = { "mcp-session-id": session, "last-event-id": "1" };
    await problem(await call(few, { headers }), 403, "mcp_resumption_denied");
    assert.equal(workers.upstream.records.length, 0);
  });
});

test("/mcp is closed unless the policy allows it, and no other path beside /v2 can be opened", async () => {
  workers.upstream.clear();
  assert.equal((await post(usual, message("ping"))).status, 403);
  for (const path of ["/mcp/", "/mcp/x", "/MCP", "/v2/mcp", "/other"]) {
    const { status } = await call(open, {}, path);
    assert.ok([403, 404].includes(status), `${path}: ${status}`);
  }
  assert.equal(workers.upstream.records.length, 0);
});
