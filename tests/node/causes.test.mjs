// Reasons for a missing response, distinguished by `code` and `message`; a caller's mistake is a TypeError without a
// request.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { library } from "../runtimes/tools.mjs";
import { attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const { Attention, AttentionError } = attention;

/** The error of a call with this `fetch`, and how often it was called. */
async function over(fetch, options, request = (client) => client.get("/things")) {
  let tries = 0;
  const counted = (...args) => {
    tries++;
    return fetch(...args);
  };
  const client = new Attention({ apiKey: FAKE_KEY, fetch: counted, maxRetries: 0, ...options });
  return { error: await rejection(request(client)), tries };
}

/** An address where nothing listens. */
async function vacant() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

test("Node's own fetch: unknown name, refused, reset, closed, no TLS, not HTTP", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 0 });
  // It reports at once that a TLS handshake is not an HTTP request.
  const plain = createHttpServer().listen(0, "127.0.0.1");
  await once(plain, "listening");
  t.after(() => plain.close());
  for (const [baseURL, entry, code] of [
    ["https://no-such-host.invalid/v2", undefined, "name_not_resolved"],
    [`http://${await vacant()}/v2`, undefined, "connection_refused"],
    [`http://localhost:${(await vacant()).split(":")[1]}/v2`, undefined, "connection_refused"],
    [`https://127.0.0.1:${plain.address().port}/v2`, undefined, "tls_failed"],
    [client.baseURL, { reset: true }, "connection_reset"],
    [client.baseURL, { close: true }, "connection_reset"],
    [client.baseURL, { raw: "junk\r\n\r\n" }, "not_http"],
  ]) {
    if (entry !== undefined) upstream.script([entry]);
    const error = await rejection(client.withOptions({ baseURL, maxRetries: 0 }).get("/things"));
    assert.deepEqual([error.kind, error.code, error.attempts], ["connection", code, 1], `${baseURL}: ${error}`);
    assert.equal(error.cause.message, "fetch failed");
  }
});

test("undici's own limits are timeouts, and say which", async (t) => {
  const { fetch: undici, Agent } = await library("undici-7", "undici");
  const { upstream, client } = await served(t, { maxRetries: 0 });
  for (const [limits, entry, code] of [
    [{ headersTimeout: 200 }, { hang: true }, "head_timeout"],
    [
      { bodyTimeout: 200 },
      { headers: [["content-type", "application/json"]], body: "[1]", cutAfter: 1, bodyDelayMs: 5000 },
      "body_timeout",
    ],
  ]) {
    const dispatcher = new Agent(limits);
    upstream.script([entry]);
    const fetch = (url, init) => undici(url, { ...init, dispatcher });
    const error = await rejection(client.withOptions({ fetch }).get("/things"));
    await dispatcher.destroy();
    assert.ok(error instanceof attention.TimeoutError, String(error));
    assert.deepEqual([error.kind, error.code], ["timeout", code]);
    assert.match(error.message, /`(headers|body)Timeout`/);
    assert.equal(error.documentation, "https://www.npmjs.com/package/attention-wasm#timeout");
  }
});

const failure = (code, message = code, more) => Object.assign(new Error(message), { code }, more);
const fetchFailed = (cause) => new TypeError("fetch failed", { cause });

// Observed in Node 20 and 24, Deno 2.9, Bun 1.4 and workerd, and not reproducible on this machine.
for (const [seen, error, code, kind = "connection"] of [
  [
    "undici, connect",
    fetchFailed(failure("UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error (attempted address: tls-cert.example:443)")),
    "connect_timeout",
    "timeout",
  ],
  ["Node, connect", fetchFailed(failure("ETIMEDOUT", "connect ETIMEDOUT 192.0.2.1:443")), "connect_timeout", "timeout"],
  [
    "Node, both families",
    fetchFailed(
      Object.assign(
        new AggregateError(
          [
            failure("ETIMEDOUT", "connect ETIMEDOUT 192.0.2.1:443"),
            failure("ENETUNREACH", "connect ENETUNREACH 2001:db8::1:443"),
          ],
          "",
        ),
        { code: "ETIMEDOUT" },
      ),
    ),
    "connect_timeout",
    "timeout",
  ],
  [
    "Node, both refused",
    fetchFailed(new AggregateError([failure("ECONNREFUSED"), failure("ECONNREFUSED")])),
    "connection_refused",
  ],
  ["Node, read", fetchFailed(failure("ETIMEDOUT", "read ETIMEDOUT")), "connection_reset"],
  [
    "Node, DNS away",
    fetchFailed(failure("EAI_AGAIN", "getaddrinfo EAI_AGAIN api.attention.tech")),
    "name_not_resolved",
  ],
  ...[
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "CERT_HAS_EXPIRED",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "EPROTO",
  ].map((name) => ["Node, TLS", fetchFailed(failure(name, "a sentence of OpenSSL's")), "tls_failed"]),
  [
    "Node, TLS cut",
    fetchFailed(
      failure("ECONNRESET", "Client network socket disconnected before secure TLS connection was established"),
    ),
    "tls_failed",
  ],
  ["undici, closed", fetchFailed(failure("UND_ERR_SOCKET", "other side closed")), "connection_reset"],
  [
    "Deno, name",
    fetchFailed(
      new Error(
        "error sending request for url (http://no-such-host.invalid/x): client error (Connect): dns error: failed to lookup address information: Name or service not known",
      ),
    ),
    "name_not_resolved",
  ],
  [
    "Deno, refused",
    fetchFailed(
      new Error(
        "error sending request for url (https://certificate.example/TLS): client error (Connect): tcp connect error: Connection refused (os error 111)",
      ),
    ),
    "connection_refused",
  ],
  [
    "Deno, certificate",
    fetchFailed(
      new Error(
        "error sending request for url (https://127.0.0.1/x): client error (Connect): invalid peer certificate: UnknownIssuer",
      ),
    ),
    "tls_failed",
  ],
  [
    "Deno, no TLS",
    fetchFailed(
      new Error(
        "error sending request for url (https://127.0.0.1/x): client error (Connect): received corrupt message of type InvalidContentType",
      ),
    ),
    "tls_failed",
  ],
  ["Deno, reset", fetchFailed(new Error("Connection reset by peer (os error 104)")), "connection_reset"],
  [
    "Deno, closed",
    fetchFailed(new Error("client error (SendRequest): connection closed before message completed")),
    "connection_reset",
  ],
  ...[
    ["Node 20", failure("HPE_INVALID_CONSTANT", "Parse Error: Expected HTTP/")],
    ["Node 24", new Error("Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)")],
    ["undici", failure("UND_ERR_HEADERS_OVERFLOW", "Headers Overflow Error")],
    ["Deno", new Error("client error (SendRequest): invalid HTTP version parsed")],
    ["Deno, two lengths", new Error("client error (SendRequest): invalid content-length parsed")],
    ["Bun", failure("Malformed_HTTP_Response", 'Malformed_HTTP_Response fetching "http://127.0.0.1:22/".')],
  ].map(([name, cause]) => [`${name}, no HTTP`, fetchFailed(cause), "not_http"]),
  [
    "Bun, name",
    Object.assign(new TypeError("getaddrinfo ENOTFOUND no-such-host.invalid"), { code: "ENOTFOUND" }),
    "name_not_resolved",
  ],
  [
    "Bun, refused",
    Object.assign(new TypeError("ECONNREFUSED: Unable to connect. Is the computer able to access the url?"), {
      code: "ECONNREFUSED",
    }),
    "connection_refused",
  ],
  [
    "Bun, certificate",
    Object.assign(new TypeError("self signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    "tls_failed",
  ],
  [
    "Bun, reset",
    Object.assign(new TypeError("ECONNRESET: The socket connection was closed unexpectedly."), { code: "ECONNRESET" }),
    "connection_reset",
  ],
  ["workerd", new Error("Network connection lost."), "connection"],
  [
    "a wrapper's wrapper",
    new Error("outer", { cause: new Error("inner", { cause: fetchFailed(failure("ECONNREFUSED")) }) }),
    "connection_refused",
  ],
  ["nobody knows", new TypeError("fetch failed"), "connection"],
  ["no error at all", "odd", "connection"],
  [
    "one that cannot be looked at",
    new Proxy(new Error(), {
      get() {
        throw new Error("no");
      },
    }),
    "connection",
  ],
  [
    "a cause that is its own",
    (() => {
      const error = new Error("x");
      error.cause = error;
      return error;
    })(),
    "connection",
  ],
]) {
  // biome-ignore format: what was seen is a line.
  test(`${seen}: ${code}`, async () => {
    const { error: told } = await over(() => Promise.reject(error));
    assert.ok(told instanceof AttentionError);
    assert.deepEqual([told.kind, told.code, told.toJSON().code], [kind, code, code]);
  });
}

test("in a page, both the network and CORS are named, unless the error says more", async (t) => {
  globalThis.window = globalThis;
  globalThis.document = {};
  t.after(() => {
    delete globalThis.window;
    delete globalThis.document;
  });
  const options = { dangerouslyAllowBrowser: true };
  for (const message of ["Failed to fetch", "NetworkError when attempting to fetch resource.", "Load failed"]) {
    const { error } = await over(() => Promise.reject(new TypeError(message)), options);
    assert.deepEqual([error.kind, error.code], ["connection", "network_or_cors"]);
    assert.match(error.message, /no network.*CORS.*console/);
  }
  const { error } = await over(() => Promise.reject(fetchFailed(failure("ECONNREFUSED"))), options);
  assert.equal(error.code, "connection_refused");
});

test("a caller's mistake is a TypeError that names the part, without a request or a wait", async (t) => {
  const { upstream, client } = await served(t);
  async function* text() {
    yield "text";
  }
  async function* broken() {
    yield new Uint8Array(1);
    throw new RangeError("of the source");
  }
  for (const [call, name, pattern] of [
    [() => client.get("/things", { headers: { "x-user": "山田" } }), "TypeError", /^headers: x-user has a character/],
    [() => client.get("/things", { body: { a: 1 } }), "TypeError", /^GET: body: a GET request has no body$/],
    [() => client.head("/things", { body: "x" }), "TypeError", /^HEAD: body/],
    [() => client.request("G T", "/things"), "TypeError", /^request: the method is not one of GET, HEAD, /],
    [() => client.request("get", "/things"), "TypeError", /^request: the method is not one of GET, HEAD, /],
    [() => client.request(undefined, "/things"), "TypeError", /^request: the method is not one of GET, HEAD, /],
    [() => client.post("/things", { body: text() }), "TypeError", /^body: a part of the stream is a string/],
    [() => client.post("/things", { body: broken() }), "RangeError", /^of the source$/],
    [
      () => client.post("/things", { body: "x", headers: { expect: "100-continue" } }),
      "TypeError",
      /^POST: the request cannot be sent: .*expect/,
    ],
    [
      () => client.post("/things", { body: "x", headers: { "content-length": "5" } }),
      "TypeError",
      /^POST: the request cannot be sent: .*(content-length|REQ_CONTENT_LENGTH)/,
    ],
  ]) {
    // biome-ignore format: a mistake is a line.
    const error = await rejection((async () => call())());
    assert.equal(error.name, name, String(error));
    assert.match(error.message, pattern);
    assert.ok(!(error instanceof AttentionError));
  }
  assert.ok(upstream.records.every(({ head }) => !head.startsWith("GET")));
});

test("a faulty request is not retried, and its cause contains no key", async () => {
  const cause = failure("UND_ERR_INVALID_ARG", `invalid connection header, ${FAKE_KEY}`);
  const { error, tries } = await over(() => Promise.reject(fetchFailed(cause)), { maxRetries: 5 });
  assert.deepEqual([error.name, tries], ["TypeError", 1]);
  assert.match(error.message, /invalid connection header, \[redacted\]$/);
  assert.ok(!error.cause.cause.message.includes(FAKE_KEY));
});

test("a mock that returns no Response is named at the first attempt", async () => {
  for (const [given, what] of [
    [undefined, "undefined"],
    [null, "null"],
    [{ ok: true, status: 200, json: async () => ({}) }, "an Object"],
    ["text", "a string"],
    [{ headers: new Headers() }, "an Object"],
  ]) {
    const { error, tries } = await over(async () => given, { maxRetries: 5 });
    assert.ok(error instanceof TypeError, String(error));
    assert.equal(error.message, `fetch returned ${what}, not a Response; a mock may return Response.json(…)`);
    assert.equal(tries, 1);
  }
});
