// Uploads to the knowledge base: the requests to the API and to the storage.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection, served, testing } from "../node/fixture.mjs";

const { Attention, AbortedError, ConnectionError, ProtocolError, ServerError, TimeoutError } = attention;
const { mockAttention, MOCK_API_KEY } = testing;

after(assertNoOpenCalls);

/** A storage that records every byte. */
async function storage(t, answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n") {
  const kept = { bytes: Buffer.alloc(0) };
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      kept.bytes = Buffer.concat([kept.bytes, chunk]);
      const text = kept.bytes.toString("latin1");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.includes("\r\n\r\n") && kept.bytes.length >= text.indexOf("\r\n\r\n") + 4 + length && answer !== "")
        socket.end(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  kept.url = `http://127.0.0.1:${server.address().port}/bucket/file?X-Signature=fake-signature`;
  return kept;
}

const answering = (url) => ({
  handler: (request) =>
    Response.json(
      new URL(request.url).pathname.endsWith("/upload")
        ? { source_id: "s 1", upload_url: url }
        : { data: { id: "s 1", attributes: { status: "indexing" } } },
    ),
});

test("the storage gets the file and none of the client's headers", async (t) => {
  const store = await storage(t);
  const { upstream, client } = await served(
    t,
    { defaultHeaders: { "x-own": "one" }, defaultQuery: { own: "one" } },
    answering(store.url),
  );
  const answer = await client.knowledgeBase.upload(
    { title: "Battlecard", file: new Blob(["# Facts"], { type: "text/markdown" }) },
    { headers: { "x-call": "two" }, idempotencyKey: "three" },
  );
  assert.deepEqual(answer, { data: { id: "s 1", attributes: { status: "indexing" } } });
  const sent = store.bytes.toString();
  assert.match(sent, /^PUT \/bucket\/file\?X-Signature=fake-signature HTTP\/1\.1\r\n/);
  assert.ok(sent.endsWith("\r\n\r\n# Facts"));
  assert.match(sent, /content-type: text\/markdown\r\n/i);
  assert.match(sent, /content-length: 7\r\n/i);
  assert.doesNotMatch(sent, /authorization|bearer|x-own|x-call|idempotency|cookie|referer|own=|attention/i);
  assert.ok(!sent.includes(FAKE_KEY));
  const calls = upstream.records.map(({ method, target }) => `${method} ${target}`);
  assert.deepEqual(calls, [
    "POST /v2/knowledge-base/sources/upload?own=one",
    "POST /v2/knowledge-base/sources/s%201/confirm-upload?own=one",
  ]);
  assert.deepEqual(
    upstream.records.map((record) => record.all("x-call")),
    [["two"], ["two"]],
  );
  // Two calls of one name would be one call to a server that knows such names.
  assert.deepEqual(
    upstream.records.map((record) => record.all("idempotency-key")),
    [["three"], []],
  );
});

test("against the mock, whose storage refuses a call with a key", async () => {
  const mock = mockAttention();
  const client = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  const { data } = await client.knowledgeBase.upload({
    title: "Battlecard",
    file: new File(["# Facts"], "facts.md", { type: "text/markdown" }),
  });
  assert.equal(data.attributes.title, "Battlecard");
  assert.deepEqual(
    mock.requests.map(({ method }) => method),
    ["POST", "PUT", "POST"],
  );
  client.close();
});

/** A file's content, in each form that has no type of its own. */
const typeless = (text) => {
  const bytes = new TextEncoder().encode(text);
  return [bytes, bytes.buffer, Buffer.from(text), new Blob([text]), new File([text], "a.md")];
};

test("bytes with their type and text, with the title left to the file", async (t) => {
  for (const file of [...typeless("plain"), "plain", new Blob(["plain"], { type: "text/html" })]) {
    const store = await storage(t);
    const { upstream, client } = await served(t, {}, answering(store.url));
    await client.knowledgeBase.upload(file === "plain" ? { file } : { file, type: "text/markdown" });
    assert.ok(store.bytes.toString().endsWith("\r\n\r\nplain"));
    const [, type] = /content-type: (.*)\r\n/i.exec(store.bytes.toString());
    assert.equal(type, file === "plain" ? "text/plain" : "text/markdown");
    assert.equal(upstream.records[0].body.text, "{}");
  }
});

test("a file without a type is refused before anything is sent, and the error says what to pass", async (t) => {
  const { upstream, client } = await served(t);
  for (const file of typeless("plain")) {
    const error = await rejection(client.knowledgeBase.upload({ file }));
    assert.ok(error instanceof TypeError, String(error));
    assert.match(
      error.message,
      /^knowledgeBase\.upload: (the Blob has|bytes have) no type; pass `type`, as in \{ file, type: "application\/pdf" \}/,
    );
  }
  assert.equal(upstream.records.length, 0);
});

test("the storage is retried like the API, and every error names the source", async (t) => {
  // No back-off.
  t.mock.method(Math, "random", () => 0);
  const sent = [];
  const answers = [];
  const { client } = await served(
    t,
    {
      fetch: async (url, init) => {
        if (!String(url).startsWith("http://storage.test/")) return fetch(url, init);
        sent.push([init.method, await new Response(init.body).text(), init.redirect, [...new Headers(init.headers)]]);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return new Response("<Error>fake-signature</Error>", { status: answer, headers: { "retry-after": "0" } });
      },
    },
    answering("http://storage.test/file?X-Signature=fake-signature"),
  );
  const upload = (...list) => {
    sent.length = 0;
    answers.push(...list);
    return client.knowledgeBase.upload({ file: "x" });
  };
  for (const bad of [503, 500, 429, 408, new TypeError("reset")]) {
    await upload(bad, 200);
    assert.deepEqual(sent, Array(2).fill(["PUT", "x", "manual", [["content-type", "text/plain"]]]), String(bad));
  }
  for (const [list, code, tries] of [
    [[403], "upload_refused", 1],
    [[400], "upload_refused", 1],
    [[401], "upload_refused", 1],
    [[503, 503, 503], "upload_refused", 3],
    [[new TypeError("a"), new TypeError("b"), new TypeError("fake-signature")], "upload_broken", 3],
  ]) {
    const error = await rejection(upload(...list));
    assert.deepEqual([error.code, error.attempts, sent.length], [code, tries, tries], String(error));
    assert.match(error.message, /\(source s 1\)$/);
    assert.match(error.stack, /\(source s 1\)/);
    const shown = `${error.stack}${JSON.stringify(error)}${error.cause?.stack}`;
    assert.ok(!shown.includes("fake-signature"), shown);
  }
});

test("a file that the storage refuses is not confirmed", async (t) => {
  const store = await storage(t, "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  const { upstream, client } = await served(t, {}, answering(store.url));
  const error = await rejection(client.knowledgeBase.upload({ file: "x" }));
  assert.ok(error instanceof ServerError && error.code === "upload_refused" && error.status === 403, String(error));
  assert.equal(upstream.records.length, 1);
});

test("a redirect of the storage is not followed", async (t) => {
  const store = await storage(
    t,
    "HTTP/1.1 307 Elsewhere\r\nlocation: /other\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
  );
  const { client } = await served(t, {}, answering(store.url));
  assert.equal((await rejection(client.knowledgeBase.upload({ file: "x" }))).code, "upload_refused");
  assert.equal(store.bytes.toString().match(/PUT/g).length, 1);
});

test("an unreachable storage, a slow one and an abort do not reveal the address", async (t) => {
  const slow = await storage(t, "");
  const cases = [
    ["http://127.0.0.1:1/file?X-Signature=fake-signature", {}, ConnectionError, "upload_broken"],
    [slow.url, { timeout: 400 }, TimeoutError, "upload_timeout"],
    [slow.url, { signal: AbortSignal.timeout(400) }, AbortedError, "aborted"],
  ];
  for (const [url, options, Kind, code] of cases) {
    const { client } = await served(t, {}, answering(url));
    const error = await rejection(client.knowledgeBase.upload({ file: "x" }, options));
    assert.ok(error instanceof Kind && error.code === code, String(error));
    assert.ok(!`${error.stack}${error.cause?.stack}${JSON.stringify(error)}`.includes("fake-signature"));
  }
});

test("an address that is less secure than the API's is not used", async () => {
  const sent = [];
  const client = new Attention({
    apiKey: FAKE_KEY,
    fetch: async (url) => {
      sent.push(url);
      return Response.json({ source_id: "s", upload_url: "http://storage.example/file" });
    },
  });
  const error = await rejection(client.knowledgeBase.upload({ file: "x" }));
  assert.ok(error instanceof ProtocolError && error.code === "upload_address_insecure", String(error));
  assert.equal(sent.length, 1);
  client.close();
});

test("invalid arguments are named before anything is sent", async (t) => {
  const { upstream, client } = await served(t);
  for (const [given, options, pattern] of [
    [undefined, undefined, /^knowledgeBase\.upload: expected an object/],
    [{}, undefined, /^knowledgeBase\.upload: file is missing$/],
    [
      { file: 5 },
      undefined,
      /^knowledgeBase\.upload: file must be a Blob, File, ArrayBuffer, view or string; not a stream$/,
    ],
    [{ file: new ReadableStream() }, undefined, /not a stream/],
    [{ file: "x", title: 5 }, undefined, /title must be a string/],
    [{ file: "x", name: "n" }, undefined, /unknown option name; the options are title, file/],
    [{ file: "x" }, 5, /options must be an object/],
    [{ file: "x" }, { retries: 1 }, /unknown option retries/],
  ]) {
    const error = await rejection(client.knowledgeBase.upload(given, options));
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
  assert.equal(upstream.records.length, 0);
});
