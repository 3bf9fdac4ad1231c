// Webhooks of workflows and the super agent: who may send them, how much is read, and their types.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";
import { attention, FAKE_KEY, rejection, testing } from "../node/fixture.mjs";
import { importPacked } from "../runtimes/packed.mjs";

const { Attention, NotFoundError } = attention;
const { receive } = await importPacked("attention-wasm/webhooks");

const SECRET = "obviously-fake-secret-0001";
const OLD_SECRET = "obviously-fake-secret-0000";
const AT = `https://hooks.example/attention/${SECRET}`;
const JSON_TYPE = { "content-type": "application/json" };

/** From the documentation of triggers. */
const ANALYZED = {
  id: "9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20",
  type: "conversations",
  links: { self: "https://api.attention.tech/v2/conversations/9b2d6c1e-4b0f-4a57-8a0e-6b0d3f1c7a20" },
  attributes: { title: "Renewal", createdAt: "2026-11-01T10:00:00Z", extractedIntelligence: {} },
};

const post = (body, { url = AT, headers = JSON_TYPE, ...rest } = {}) =>
  new Request(url, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body), ...rest });

/** Fails if a result, exception or answer shows a secret in any way. */
async function assertSilent(received) {
  const shown = [inspect(received, { depth: 9, showHidden: true }), JSON.stringify(received), String(received)];
  if (received.response) shown.push(await received.response().text(), inspect([...received.response().headers]));
  if (received instanceof Error) shown.push(received.stack);
  for (const text of shown) {
    for (const secret of [SECRET, OLD_SECRET]) assert.ok(!String(text).includes(secret), text);
  }
}

test("a conversation that was analysed, by the secret in the path", async () => {
  const received = await receive(post(ANALYZED), { secret: SECRET });
  assert.deepEqual([received.kind, received.status, received.secret], ["event", 204, 0]);
  const { type, data, conversationId, sessionId, digest } = received.event;
  assert.deepEqual([type, data, conversationId], ["conversation.analyzed", ANALYZED, ANALYZED.id]);
  assert.equal(sessionId, undefined);
  assert.match(digest, /^[0-9a-f]{64}$/);
  const answer = received.response();
  assert.deepEqual([answer.status, await answer.text()], [204, ""]);
  await assertSilent(received);
});

test("the secret: in the path or in a header, several while one replaces another", async () => {
  const header = (value) => ({ url: "https://hooks.example/attention", headers: { ...JSON_TYPE, "x-hook": value } });
  const secret = [SECRET, OLD_SECRET];
  for (const [options, given, wanted] of [
    [{ secret: SECRET }, { url: `${AT}/?a=b#c` }, 0],
    [{ secret }, { url: `https://hooks.example/${OLD_SECRET}` }, 1],
    [{ secret: SECRET, header: "X-Hook" }, header(SECRET), 0],
    [{ secret, header: "x-hook" }, header(`Bearer ${OLD_SECRET}`), 1],
    [{ secret: "v3ry+odd/secret==but-ok", header: "x-hook" }, header("v3ry+odd/secret==but-ok"), 0],
    [{ secret: SECRET }, { url: "https://hooks.example/" }, "secret_missing"],
    [{ secret: SECRET }, { url: `https://hooks.example/${SECRET}/other` }, "secret_wrong"],
    [{ secret: SECRET }, { url: `https://hooks.example/?secret=${SECRET}` }, "secret_missing"],
    [{ secret: SECRET }, { url: `https://hooks.example/${SECRET}x` }, "secret_wrong"],
    [{ secret: SECRET }, { url: `https://hooks.example/${SECRET.slice(1)}` }, "secret_wrong"],
    [{ secret: SECRET }, { url: `https://hooks.example/${SECRET.toUpperCase()}` }, "secret_wrong"],
    [{ secret: SECRET }, header(SECRET), "secret_wrong"],
    [{ secret: SECRET, header: "x-hook" }, { url: AT }, "secret_missing"],
    [{ secret: SECRET, header: "x-hook" }, header(`${SECRET}, ${SECRET}`), "secret_wrong"],
    [{ secret: SECRET, header: "x-hook" }, header("Bearer "), "secret_missing"],
  ]) {
    const received = await receive(post(ANALYZED, given), options);
    assert.deepEqual(
      [received.secret, received.code],
      typeof wanted === "number" ? [wanted, undefined] : [undefined, wanted],
    );
    assert.equal(received.status, typeof wanted === "number" ? 204 : 401);
    await assertSilent(received);
  }
});

test("without the secret, the body is not read", async () => {
  let isRead = false;
  const body = new ReadableStream(
    {
      pull() {
        isRead = true;
      },
    },
    { highWaterMark: 0 },
  );
  const request = post(body, { url: "https://hooks.example/somebody-elses-guess", body, duplex: "half" });
  assert.equal((await receive(request, { secret: SECRET })).code, "secret_wrong");
  assert.ok(!isRead);
});

test("an invalid secret is the receiver's mistake, and no message quotes it", async () => {
  for (const [secret, pattern, header] of [
    [undefined, /^receive: secret is missing$/],
    [[], /secret is missing/],
    ["", /at least 16 characters/],
    ["short-secret", /at least 16 characters/],
    [[SECRET, "short-secret"], /at least 16 characters/],
    [5, /must be a string or a list of strings/],
    ["obviously fake secret", /letters, digits/],
    ["obviously/fake/secret", /letters, digits/],
    ["obviously fake secret", /visible ASCII/, "x-hook"],
    ["obviously-fäke-secret", /visible ASCII/, "x-hook"],
  ]) {
    const error = await rejection(receive(post(ANALYZED), { secret, header }));
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
    for (const each of [secret].flat()) if (each?.length > 8) assert.ok(!error.stack.includes(each), error.stack);
  }
});

test("anything but a POST of JSON is refused with a code", async () => {
  for (const [request, code, status] of [
    [new Request(AT), "method", 405],
    [new Request(AT, { method: "PUT", headers: JSON_TYPE, body: "{}" }), "method", 405],
    [post(ANALYZED, { headers: {} }), "content_type", 415],
    [post(ANALYZED, { headers: { "content-type": "text/html" } }), "content_type", 415],
    [post("a=b", { headers: { "content-type": "application/x-www-form-urlencoded" } }), "content_type", 415],
    [post(ANALYZED, { headers: { "content-type": "application/json; charset=utf-16" } }), "content_type", 415],
    [post(ANALYZED, { headers: { "content-type": "application/jsonp" } }), "content_type", 415],
    [post(ANALYZED, { headers: { ...JSON_TYPE, "content-encoding": "gzip" } }), "body_coded", 415],
    [post(""), "body_empty", 400],
    [post("{"), "body_not_json", 400],
    [post(`{"a":1}x`), "body_not_json", 400],
    [post("", { body: new Uint8Array([34, 255, 34]) }), "body_not_utf8", 400],
  ]) {
    const received = await receive(request, { secret: SECRET });
    assert.deepEqual([received.kind, received.code, received.status], ["refused", code, status]);
    const answer = received.response();
    assert.deepEqual([answer.status, await answer.json()], [status, { code }]);
    assert.equal(answer.headers.get("allow"), code === "method" ? "POST" : null);
    await assertSilent(received);
  }
  for (const type of [
    "application/json",
    "APPLICATION/JSON; charset=UTF-8",
    'application/vnd.api+json;charset="utf-8"',
  ])
    assert.equal(
      (await receive(post(ANALYZED, { headers: { "content-type": type } }), { secret: SECRET })).kind,
      "event",
    );
});

/** A body in chunks that reports how much was read. */
function pieces(size, each) {
  const state = { sent: 0, cancelled: false };
  state.body = new ReadableStream(
    {
      pull(controller) {
        if (state.sent >= size) return controller.close();
        const length = Math.min(each, size - state.sent);
        const text = new Uint8Array(length).fill(32);
        if (state.sent === 0) text[0] = 49;
        state.sent += length;
        controller.enqueue(text);
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return state;
}

test("the body is bounded by its bytes, not by its Content-Length", async () => {
  const MIB = 1024 * 1024;
  for (const [size, limit, isTaken] of [
    [MIB, undefined, true],
    [MIB + 1, undefined, false],
    [50 * MIB, undefined, false],
    [10, 10, true],
    [11, 10, false],
  ]) {
    const state = pieces(size, Math.min(size, 10_000));
    // No length, and a wrong one.
    const request = post("", { body: state.body, duplex: "half", headers: { ...JSON_TYPE, "content-length": "3" } });
    const received = await receive(request, { secret: SECRET, limit });
    assert.equal(received.kind, isTaken ? "event" : "refused", `${size}`);
    if (isTaken) continue;
    assert.deepEqual([received.code, received.status, state.cancelled], ["body_too_large", 413, true]);
    assert.ok(state.sent <= (limit ?? MIB) + 20_000, `${state.sent}`);
  }
  const told = pieces(5, 5);
  const request = post("", { body: told.body, duplex: "half", headers: { ...JSON_TYPE, "content-length": "2000000" } });
  assert.equal((await receive(request, { secret: SECRET })).code, "body_too_large");
  assert.equal(told.sent, 0);
});

test("a body that does not arrive is not awaited, and one that breaks off is refused", async () => {
  const never = new ReadableStream({ pull: () => new Promise(() => {}) });
  const late = await receive(post("", { body: never, duplex: "half" }), { secret: SECRET, timeout: 30 });
  assert.deepEqual([late.code, late.status], ["body_timeout", 408]);
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error(SECRET)) });
  const received = await receive(post("", { body: broken, duplex: "half" }), { secret: SECRET });
  assert.equal(received.code, "body_broken");
  await assertSilent(received);
});

test("a body that was already read is the receiver's mistake", async () => {
  const request = post(ANALYZED);
  await request.json();
  const error = await rejection(receive(request, { secret: SECRET }));
  assert.ok(error instanceof TypeError && /already been read/.test(error.message), String(error));
  await assertSilent(error);
  for (const none of [undefined, "x", ANALYZED])
    assert.ok((await rejection(receive(none, { secret: SECRET }))) instanceof TypeError);
});

test("an undocumented body is passed on unchanged, with the type unknown", async () => {
  for (const data of [
    {},
    [],
    null,
    5,
    "text",
    [ANALYZED],
    { id: 5, attributes: {} },
    { id: "", attributes: {} },
    { id: "a" },
    { id: "a", attributes: [] },
    { id: "a", type: "emails", attributes: {} },
    { event: "conversation.analyzed" },
    JSON.parse('{"__proto__": {"id": "a", "attributes": {}}}'),
  ]) {
    const { event } = await receive(post(JSON.stringify(data)), { secret: SECRET });
    assert.deepEqual(
      [event.type, event.data, event.conversationId],
      ["unknown", data, undefined],
      JSON.stringify(data),
    );
  }
  // Only the operator knows whose address it is.
  for (const trigger of [
    "crm_fields.exported",
    "generalized_insights.calculated",
    "labels.changed",
    "email.imported",
  ]) {
    const { event } = await receive(post(ANALYZED), { secret: SECRET, trigger });
    assert.deepEqual([event.type, event.data, event.conversationId], [trigger, ANALYZED, ANALYZED.id]);
  }
  const options = { secret: SECRET, trigger: "super_agent.answered" };
  const { event } = await receive(post({ session_id: "s-1", content: "42" }), options);
  assert.deepEqual([event.type, event.sessionId, event.conversationId], ["super_agent.answered", "s-1", undefined]);
});

test("claim recognizes repeats, in one step each", async () => {
  const seen = new Set();
  const claim = async ({ digest }) => seen.size !== seen.add(digest).size;
  const kinds = await Promise.all(
    [ANALYZED, ANALYZED, { ...ANALYZED, id: "other" }, ANALYZED].map(
      async (body) => (await receive(post(body), { secret: SECRET, claim })).kind,
    ),
  );
  assert.deepEqual(kinds.sort(), ["event", "event", "repeat", "repeat"]);
  const repeat = await receive(post(ANALYZED), { secret: SECRET, claim });
  assert.deepEqual([repeat.kind, repeat.status, repeat.response().status], ["repeat", 204, 204]);
  // By the conversation, for whoever wants it so.
  const once = ({ conversationId }) => conversationId !== ANALYZED.id;
  assert.equal((await receive(post({ ...ANALYZED, links: {} }), { secret: SECRET, claim: once })).kind, "repeat");
});

test("a failing claim loses no event, and is reported", async () => {
  for (const claim of [
    () => {
      throw new Error("the store is down");
    },
    async () => {
      throw new Error("the store is down");
    },
  ]) {
    const received = await receive(post(ANALYZED), { secret: SECRET, claim });
    assert.deepEqual(
      [received.kind, received.status, received.claimError.message],
      ["event", 204, "the store is down"],
    );
  }
  const fine = await receive(post(ANALYZED), { secret: SECRET, claim: () => true });
  assert.ok(!("claimError" in fine));
  const mistake = await rejection(receive(post(ANALYZED), { secret: SECRET, claim: () => undefined }));
  assert.ok(mistake instanceof TypeError && /claim must return true or false/.test(mistake.message));
  // Not asked about what is refused.
  const none = await receive(post("{"), { secret: SECRET, claim: () => assert.fail("asked") });
  assert.equal(none.kind, "refused");
});

test("reread asks the API, since a call is only a hint", async (t) => {
  const mock = testing.mockAttention({ conversations: 2 });
  const client = new Attention({ apiKey: testing.MOCK_API_KEY, fetch: mock.fetch, maxRetries: 0 });
  t.after(() => client.close());
  const [{ id, attributes }] = (await client.conversations.list()).data;
  const options = { secret: SECRET, attention: client };
  const forged = { ...ANALYZED, id, attributes: { title: "Forged" } };
  const { event } = await receive(post(forged), options);
  const { of, conversation } = await event.reread();
  assert.deepEqual([of, conversation.attributes.title], ["conversation", attributes.title]);
  const { event: other } = await receive(post({ ...forged, id: "00000000-0000-4000-8000-000000000000" }), options);
  assert.ok((await rejection(other.reread())) instanceof NotFoundError);
  // An identifier of theirs is a piece of a path, and nothing else.
  mock.clearRequests();
  const { event: odd } = await receive(post({ ...forged, id: "../api_keys" }), options);
  await rejection(odd.reread());
  assert.ok(mock.requests.every(({ path }) => !path.endsWith("/api_keys")));
  const asked = [];
  const agent = { superAgent: { listSessionMessages: async (session) => asked.push(session) }, conversations: {} };
  const answered = { secret: SECRET, trigger: "super_agent.answered", attention: agent };
  assert.equal((await (await receive(post({ session_id: "s-1" }), answered)).event.reread()).of, "session");
  assert.deepEqual(asked, ["s-1"]);
  const none = await receive(post({}), options);
  assert.match((await rejection(none.event.reread())).message, /names neither a conversation nor a session/);
  const without = await receive(post(ANALYZED), { secret: SECRET });
  assert.match((await rejection(without.event.reread())).message, /pass the client to `receive`/);
});

test("options may be inherited, as those of a class are", async () => {
  const options = Object.create({ secret: SECRET, limit: 3 });
  assert.equal((await receive(post(ANALYZED), options)).code, "body_too_large");
  await assert.rejects(
    receive(post(ANALYZED), Object.create({ secret: SECRET, secrets: [] })),
    /unknown option secrets/,
  );
});

test("invalid options are named", async () => {
  for (const [options, pattern] of [
    [undefined, /expected an object with options/],
    [{ secret: SECRET, secrets: [] }, /unknown option secrets; the options are secret, header,/],
    [{ secret: SECRET, header: "" }, /header must be the name of a header/],
    [{ secret: SECRET, header: "a b" }, /header must be the name of a header/],
    [{ secret: SECRET, trigger: "labels" }, /trigger must be one of conversation\.analyzed, /],
    [{ secret: SECRET, attention: "x" }, /attention must be a client/],
    [{ secret: SECRET, claim: {} }, /claim must be a function/],
    [{ secret: SECRET, limit: 0 }, /limit must be a whole number of bytes/],
    [{ secret: SECRET, timeout: Infinity }, /timeout must be a number of milliseconds/],
  ]) {
    const error = await rejection(receive(post(ANALYZED), options));
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
    await assertSilent(error);
  }
});

/** A server of Node's, whose handler answers by `send`. */
async function serving(t, options, prepare = () => {}) {
  const kinds = [];
  const server = createServer(async (request, response) => {
    prepare(request);
    const received = await receive(request, options).catch((error) => error);
    kinds.push(received);
    if (received instanceof Error) response.writeHead(500).end();
    else received.send(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  return { kinds, port, url: `http://127.0.0.1:${port}/attention/${SECRET}` };
}

test("in Node, by its own request and response", async (t) => {
  const { kinds, url } = await serving(t, { secret: SECRET });
  const call = (body, headers = JSON_TYPE, method = "POST", to = url) => fetch(to, { method, headers, body });
  assert.equal((await call(JSON.stringify(ANALYZED))).status, 204);
  assert.deepEqual([kinds[0].kind, kinds[0].event.type], ["event", "conversation.analyzed"]);
  assert.equal((await call("{}", JSON_TYPE, "POST", url.replace(SECRET, "somebody-elses-guess"))).status, 401);
  assert.equal((await call(undefined, {}, "GET")).status, 405);
  assert.equal((await call("{}", { "content-type": "text/plain" })).status, 415);
  const big = await call(JSON.stringify("x".repeat(2 * 1024 * 1024)));
  assert.deepEqual([big.status, await big.json()], [413, { code: "body_too_large" }]);
  for (const received of kinds) await assertSilent(received);
});

test("in Node, a body without a length is counted, and one that stops or breaks off is not awaited", async (t) => {
  const { kinds, url, port } = await serving(t, { secret: SECRET, timeout: 100 });
  const { pathname } = new URL(url);
  const chunked = (pieces) =>
    new Promise((resolve, reject) => {
      const call = send({ port, host: "127.0.0.1", path: pathname, method: "POST", headers: JSON_TYPE }, (response) =>
        resolve(response.resume().statusCode),
      );
      call.on("error", reject);
      for (const piece of pieces) call.write(piece);
      if (pieces.length > 1) call.end();
    });
  assert.equal(await chunked(['{"id":', '"a"}']), 204);
  assert.equal(await chunked(["[", ...Array(40).fill(" ".repeat(65_536)), "]"]), 413);
  assert.equal(await chunked(['{"id":']), 408);
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id"`,
  );
  const before = kinds.length;
  setTimeout(() => socket.destroy(), 20);
  while (kinds.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(kinds.at(-1).code, "body_broken");
});

test("in Node, text with an encoding is counted in bytes, and a body that was parsed before is the receiver's mistake", async (t) => {
  const encoded = await serving(t, { secret: SECRET, limit: 20 }, (request) => request.setEncoding("utf8"));
  const call = (url, body) => fetch(url, { method: "POST", headers: JSON_TYPE, body });
  assert.equal((await call(encoded.url, '"äöü"')).status, 204);
  assert.equal((await call(encoded.url, `"${"ä".repeat(10)}"`)).status, 413);
  let read;
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    read = await receive(request, { secret: SECRET }).catch((error) => error);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  await call(`http://127.0.0.1:${server.address().port}/${SECRET}`, "{}");
  assert.ok(read instanceof TypeError && /express\.json/.test(read.message), String(read));
});

test("the secret is compared in full, whatever was sent", async (t) => {
  const digests = [];
  const own = crypto.subtle.digest.bind(crypto.subtle);
  t.mock.method(crypto.subtle, "digest", async (...given) => {
    digests.push(new TextDecoder().decode(given[1]));
    return own(...given);
  });
  // The same work for the first secret, the last one and none: digests of all, and no look at the text itself.
  for (const shown of [SECRET, OLD_SECRET, "x", `${SECRET}${"y".repeat(5000)}`]) {
    digests.length = 0;
    await receive(new Request(`https://hooks.example/${shown}`, { method: "POST" }), { secret: [SECRET, OLD_SECRET] });
    assert.deepEqual(digests, [shown, SECRET, OLD_SECRET]);
  }
});

test("no result contains the client's key", async (t) => {
  const client = new Attention({ apiKey: FAKE_KEY, fetch: async () => Response.json({ id: "a", type: "b" }) });
  t.after(() => client.close());
  const received = await receive(post(ANALYZED), { secret: SECRET, attention: client });
  assert.ok(!`${inspect(received, { depth: 9, showHidden: true })}${JSON.stringify(received)}`.includes(FAKE_KEY));
});

test("a secret in a path that is no whole URL is compared, and no error quotes it", async () => {
  const secret = "an-obviously-fake-secret-of-a-path";
  const headers = new Headers({ "content-type": "application/json" });
  for (const [url, code] of [
    [`/hooks/${secret}`, undefined],
    [`/hooks/${secret}/?x=1#y`, undefined],
    [`hooks/${secret}`, undefined],
    [`http://[/hooks/${secret}`, undefined],
    [`https://app.example/hooks/${secret}`, undefined],
    [`/hooks/${secret}x`, "secret"],
    [undefined, "secret"],
  ]) {
    const body = new Response("{}").body;
    const given = await receive({ method: "POST", url, headers, body }, { secret });
    assert.equal(given.kind, code === undefined ? "event" : "refused", url);
  }
  await assert.rejects(receive(new Request("https://app.example/"), { [secret]: 1 }), (error) => {
    return error instanceof TypeError && !`${error.stack}`.includes(secret);
  });
});
