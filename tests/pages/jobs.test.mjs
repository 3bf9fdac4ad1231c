// Importing and downloading recordings, and waiting: the requests to the API and the storage, and all failures.
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection, served, testing } from "../node/fixture.mjs";
import { importPacked } from "../runtimes/packed.mjs";

const { AbortedError, ConnectionError, NotFoundError, ProtocolError, ServerError, TimeoutError } = attention;
const { mockAttention, MOCK_API_KEY } = testing;
const { Attention } = await importPacked("attention-wasm/jobs");

after(assertNoOpenCalls);

const AUDIO = new Blob(["# not really audio"], { type: "audio/mpeg" });

/** A storage that records its requests, and answers as configured. */
async function storage(t, answer = (_, response) => response.end()) {
  const seen = [];
  const server = createServer((request, response) => {
    const entry = { method: request.method, url: request.url, headers: request.rawHeaders, bytes: 0 };
    seen.push(entry);
    request.on("data", (chunk) => {
      entry.bytes += chunk.length;
    });
    request.on("end", () => answer(request, response, seen.length));
    request.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, url: `http://127.0.0.1:${server.address().port}/bucket/file?X-Signature=fake-signature` };
}

/** An API in front of that storage, with a client that has jobs. */
async function bed(t, url, options = {}) {
  const { upstream } = await served(
    t,
    {},
    {
      handler: (request) => {
        const { pathname } = new URL(request.url);
        if (pathname.endsWith("/upload-url")) return Response.json({ url, downloadUrl: `${url}&read=1`, key: "up-1" });
        if (pathname.endsWith("/media/download")) return Response.json({ url });
        return Response.json({ uuid: "conversation-1" });
      },
    },
  );
  const client = new Attention({ apiKey: FAKE_KEY, baseURL: `${upstream.url}/v2`, ...options });
  t.after(() => client.close());
  const calls = () => upstream.records.map(({ method, target }) => `${method} ${target}`);
  return { upstream, client, calls };
}

function mocked(t, options = {}, more = {}) {
  const mock = mockAttention(options);
  const client = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch, maxRetries: 0, ...more });
  t.after(() => client.close());
  return { mock, client };
}

const IMPORT = ["GET /v2/conversations/upload-url", "POST /v2/conversations/import"];

test("the client with jobs is a full client, and so are clients that withOptions makes", (t) => {
  const { client } = mocked(t);
  assert.ok(client instanceof attention.Attention && client instanceof Attention);
  for (const one of [client, client.withOptions({ timeout: 5 })]) {
    assert.equal(typeof one.conversations.importMedia, "function");
    assert.equal(typeof one.conversations.list, "function");
    assert.equal(typeof one.knowledgeBase.waitUntilIndexed, "function");
    assert.equal(typeof one.knowledgeBase.upload, "function");
  }
  const plain = new attention.Attention({ apiKey: FAKE_KEY });
  assert.equal(plain.conversations.importMedia, undefined);
  plain.close();
});

test("importMedia: the storage gets the file and none of the client's headers", async (t) => {
  const store = await storage(t);
  const { upstream, client, calls } = await bed(t, store.url, { defaultHeaders: { "x-own": "one" } });
  const progress = [];
  const answer = await client.conversations.importMedia(
    { file: AUDIO, userID: "u", conversationTitle: "A call" },
    { headers: { "x-call": "two" }, idempotencyKey: "three", onProgress: (each) => progress.push(each) },
  );
  assert.deepEqual(answer, { uuid: "conversation-1" });
  assert.deepEqual(calls(), IMPORT);
  assert.deepEqual(JSON.parse(upstream.records[1].body.text), {
    userID: "u",
    conversationTitle: "A call",
    mediaURL: `${store.url}&read=1`,
  });
  assert.deepEqual(
    upstream.records.map((record) => record.all("idempotency-key")),
    [[], ["three"]],
  );
  const [{ method, headers, bytes }] = store.seen;
  assert.deepEqual([store.seen.length, method, bytes], [1, "PUT", AUDIO.size]);
  const sent = headers.join(" ").toLowerCase();
  assert.match(sent, /content-type audio\/mpeg/);
  assert.match(sent, new RegExp(`content-length ${AUDIO.size}`));
  assert.doesNotMatch(sent, /authorization|bearer|x-own|x-call|idempotency|cookie|referer|attention/);
  assert.ok(!sent.includes(FAKE_KEY));
  assert.deepEqual(
    [progress[0], progress.at(-1)],
    [0, AUDIO.size].map((loaded) => ({ loaded, total: AUDIO.size })),
  );
});

test("importMedia: with an address, the API fetches the file itself", async (t) => {
  const { upstream, client, calls } = await bed(t, "http://127.0.0.1:1/none");
  await client.conversations.importMedia({ url: "https://files.example/call.mp3", userID: "u" });
  assert.deepEqual(calls(), IMPORT.slice(1));
  assert.deepEqual(JSON.parse(upstream.records[0].body.text), {
    userID: "u",
    mediaURL: "https://files.example/call.mp3",
  });
});

test("importMedia: a large file is streamed from the disk, with its length", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "attention-jobs-"));
  t.after(() => rm(folder, { recursive: true }));
  const size = 48 * 1024 * 1024;
  await writeFile(join(folder, "call.mp4"), Buffer.alloc(size));
  const bytes = { read: 0 };
  let resume;
  const server = createServer((request, response) => {
    // Nothing is read at first, so only the buffers' size is taken from the file.
    resume = () => request.on("data", (chunk) => (bytes.read += chunk.length)).on("end", () => response.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { client } = await bed(t, `http://127.0.0.1:${server.address().port}/file`);
  const progress = [0];
  const imported = client.conversations.importMedia(
    { file: await openAsBlob(join(folder, "call.mp4"), { type: "video/mp4" }), userID: "u" },
    { onProgress: ({ loaded }) => loaded > 0 && progress.push(loaded) },
  );
  // Until no more is taken.
  for (let before = -1; before !== progress.at(-1) || resume === undefined; ) {
    before = progress.at(-1);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(progress.at(-1) < size / 2, `${progress.at(-1)} bytes were taken`);
  resume();
  await imported;
  assert.equal(bytes.read, size);
  assert.ok(progress.length > 10 && progress.every((loaded, at) => at === 0 || loaded > progress[at - 1]));
  assert.equal(progress.at(-1), size);
});

test("importMedia: mistakes are reported before anything is sent", async (t) => {
  const { upstream, client } = await bed(t, "http://127.0.0.1:1/none");
  const bytes = new Uint8Array(3);
  for (const [media, options, pattern] of [
    [undefined, undefined, /^conversations\.importMedia: media must be an object$/],
    [{ userID: "u" }, undefined, /expected either `file` or `url`$/],
    [{ file: AUDIO, url: "https://a.example" }, undefined, /expected either `file` or `url`$/],
    [{ file: bytes }, undefined, /bytes have no type; pass `type`/],
    [{ file: bytes.buffer }, undefined, /bytes have no type; pass `type`/],
    [{ file: Buffer.from("a") }, undefined, /bytes have no type; pass `type`/],
    [{ file: new Blob(["a"]) }, undefined, /the Blob has no type; pass `type`/],
    [{ file: AUDIO.stream() }, undefined, /file must be a Blob, File, .*; not a stream/],
    [{ file: AUDIO, type: 5 }, undefined, /type must be a string/],
    [{ url: 5 }, undefined, /url must be a string/],
    [{ file: AUDIO }, 5, /options must be an object/],
    [{ file: AUDIO }, { onProgress: {} }, /onProgress must be a function/],
    [{ file: AUDIO }, { retries: 1 }, /unknown option retries/],
  ]) {
    const error = await rejection(client.conversations.importMedia(media, options));
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
  assert.equal(upstream.records.length, 0);
});

test("importMedia: the storage is retried; a refused file is not imported, and errors name the upload", async (t) => {
  t.mock.method(Math, "random", () => 0);
  let answers = [];
  const store = await storage(t, (_, response) => {
    const status = answers.shift();
    response.writeHead(status, status === 307 ? { location: "http://127.0.0.1:1/elsewhere" } : {});
    response.end("<Error>fake-signature</Error>");
  });
  const { upstream, client, calls } = await bed(t, store.url);
  for (const [list, code] of [
    [[503, 500, 200], undefined],
    [[403], "upload_refused"],
    [[307], "upload_refused"],
    [[503, 503, 503], "upload_refused"],
  ]) {
    upstream.clear();
    store.seen.length = 0;
    answers = [...list];
    const progress = [];
    const imported = client.conversations.importMedia(
      { file: AUDIO, userID: "u" },
      { onProgress: ({ loaded }) => progress.push(loaded) },
    );
    const error = code === undefined ? await imported.then(() => undefined) : await rejection(imported);
    assert.equal(error?.code, code);
    assert.deepEqual(calls(), code === undefined ? IMPORT : IMPORT.slice(0, 1));
    assert.deepEqual(
      store.seen.map(({ bytes }) => bytes),
      list.map(() => AUDIO.size),
    );
    assert.deepEqual(progress, [0, AUDIO.size]);
    if (error === undefined) continue;
    assert.ok(error instanceof ServerError && /\(upload up-1\)$/.test(error.message), String(error));
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes("fake-signature"));
  }
});

test("importMedia: the API's refusal names the upload too, and a callback's exception is passed on", async (t) => {
  const { mock, client } = mocked(t);
  mock.set({ status: 404, only: { path: "/v2/conversations/import" } });
  const error = await rejection(client.conversations.importMedia({ file: AUDIO, userID: "u" }));
  assert.ok(error instanceof NotFoundError && /\(upload uploads\/.+\)$/.test(error.message), String(error));
  assert.ok(error.stack.includes(error.message));
  mock.set(null);
  const own = client.conversations.importMedia(
    { file: AUDIO, userID: "u" },
    {
      onProgress: () => {
        throw new Error("own");
      },
    },
  );
  assert.equal((await rejection(own)).message, "own");
  // In the middle, and late: the file is not sent again.
  mock.clearRequests();
  const late = client.conversations.importMedia(
    { file: AUDIO, userID: "u" },
    {
      maxRetries: 2,
      onProgress: async ({ loaded }) => {
        await null;
        if (loaded > 0) throw new Error("own, later");
      },
    },
  );
  assert.equal((await rejection(late)).message, "own, later");
  assert.ok(mock.requests.filter(({ method }) => method === "PUT").length <= 1);
  const odd = mocked(t, {}, { fetch: async () => Response.json({}) });
  const missing = await rejection(odd.client.conversations.importMedia({ file: AUDIO, userID: "u" }));
  assert.ok(missing instanceof ProtocolError && missing.code === "upload_address_missing");
});

test("importMedia: a signal aborts each of the three steps", async () => {
  for (const [step, path] of [
    "/v2/conversations/upload-url",
    "/_mock-storage/",
    "/v2/conversations/import",
  ].entries()) {
    const controller = new AbortController();
    const mock = mockAttention();
    const client = new Attention({
      apiKey: MOCK_API_KEY,
      fetch: (input, init) => {
        if (!String(input).includes(path)) return mock.fetch(input, init);
        setTimeout(() => controller.abort(new Error("enough")), 10);
        return new Promise((_, reject) => {
          init.signal.addEventListener("abort", () => reject(init.signal.reason));
        });
      },
    });
    const error = await rejection(
      client.conversations.importMedia({ file: AUDIO, userID: "u" }, { signal: controller.signal }),
    );
    assert.ok(error instanceof AbortedError && error.cause.message === "enough", `${path}: ${error}`);
    assert.equal(mock.requests.length, step);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    client.close();
  }
});

test("progress callbacks are awaited in uploads, downloads and waits", async (t) => {
  const { client } = mocked(t);
  const [user] = (await client.users.list()).data;
  const seen = [];
  const onProgress = async (each) => {
    seen.push("begins");
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(each.loaded ?? each.status);
  };
  const { uuid } = await client.conversations.importMedia({ file: AUDIO, userID: user.uuid }, { onProgress });
  await client.conversations.waitUntil(uuid, { pollInterval: 5, onProgress });
  const file = await client.conversations.downloadMedia(uuid, { onProgress });
  await file.blob();
  assert.deepEqual(seen, ["begins", 0, "begins", AUDIO.size, "begins", "IN_PROGRESS", "begins", file.size]);
  const own = await client.conversations.downloadMedia(uuid, {
    onProgress: async () => {
      throw new Error("own");
    },
  });
  assert.equal((await rejection(own.blob())).message, "own");
  const never = client.conversations.waitUntil("00000000-0000-4000-8000-000000000000", { onProgress: () => {} });
  await rejection(never);
  const stuck = looking(t, "importStatus", "PENDING");
  const late = stuck.client.conversations.waitUntil("c-1", { timeout: 50, onProgress: () => new Promise(() => {}) });
  assert.equal((await rejection(late)).code, "hook_timeout");
});

test("an address that is invalid, has a user, or is less secure than the API's is neither used nor quoted", async () => {
  for (const address of [
    "http://storage.example/fake-place",
    "https://somebody:fake-place@storage.example/",
    "ftp://storage.example/fake-place",
    "fake-place",
    "",
  ]) {
    const sent = [];
    const client = new Attention({
      apiKey: FAKE_KEY,
      fetch: async (url) => {
        sent.push(url);
        return Response.json({ url: address, downloadUrl: "https://storage.example/read" });
      },
    });
    const up = await rejection(client.conversations.importMedia({ file: AUDIO, userID: "u" }));
    assert.ok(up instanceof ProtocolError && up.code === "upload_address_insecure", String(up));
    const down = await rejection(client.conversations.downloadMedia("c-1"));
    assert.ok(down instanceof ProtocolError && down.code === "download_address_insecure", String(down));
    assert.match(down.message, /\(conversation c-1\)$/);
    assert.ok(![up, down].some((error) => `${error.stack}${JSON.stringify(error)}`.includes("fake-place")));
    assert.equal(sent.length, 2);
    client.close();
  }
});

/**
 * A client whose conversation or source has these statuses, one per poll; errors are thrown, HTTP statuses answered.
 */
function looking(t, member, ...statuses) {
  let looks = 0;
  const client = new Attention({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    fetch: async (url) => {
      const status = statuses[Math.min(looks++, statuses.length - 1)];
      if (status instanceof Error) throw status;
      if (typeof status === "number") return Response.json({ message: "no" }, { status });
      const attributes = status === undefined ? {} : { [member]: status };
      const source = { id: "s", type: "kb_sources", attributes };
      return Response.json(String(url).includes("/sources/") ? { data: source } : { id: "c", attributes });
    },
  });
  t.after(() => client.close());
  return { client, looks: () => looks };
}

/** Lets fake time pass until a promise is settled; returns the duration. */
async function timed(t, promise) {
  const started = Date.now();
  let settled = false;
  promise
    .finally(() => {
      settled = true;
    })
    .catch(() => {});
  for (let steps = 0; !settled && steps < 20_000; steps++) {
    for (let turns = 0; turns < 20; turns++) await null;
    await new Promise((resolve) => setImmediate(resolve));
    if (!settled) t.mock.timers.tick(1000);
  }
  return Date.now() - started;
}

test("waitUntil: polls every five seconds to a minute until the status occurs, in any case", async (t) => {
  t.mock.method(Math, "random", () => 0.5);
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { client, looks } = looking(t, "importStatus", undefined, ...Array(14).fill("in_progress"), "finished");
  const seen = [];
  const done = client.conversations.waitUntil("c-1", { onProgress: (each) => seen.push(each) });
  const took = await timed(t, done);
  assert.equal((await done).attributes.importStatus, "finished");
  assert.equal(looks(), 16);
  assert.deepEqual(
    [seen[0], seen[1].status, seen[1].id],
    [{ id: "c-1", status: undefined, elapsed: 0 }, "in_progress", "c-1"],
  );
  const pauses = seen.map(({ elapsed }, at) => elapsed - (seen[at - 1]?.elapsed ?? 0)).slice(1);
  assert.ok(pauses[0] >= 5_000 && pauses[0] < 7_000, `${pauses}`);
  assert.ok(
    pauses.every((pause, at) => pause <= 61_000 && (at === 0 || pause >= pauses[at - 1] - 1_000)),
    `${pauses}`,
  );
  assert.ok(took > 9 * 60_000 && took < 15 * 60_000, `${took}`);
});

test("waitUntil: other statuses, other members, and another final status", async (t) => {
  const wait = { pollInterval: 5 };
  for (const [member, statuses, options, wanted] of [
    ["importStatus", ["PENDING", "DISCARDED"], { status: ["FINISHED", "DISCARDED"] }, "DISCARDED"],
    [
      "mediaStorageStatus",
      ["IMPORTING", "UNAVAILABLE", "READY"],
      { field: "mediaStorageStatus", status: "ready" },
      "READY",
    ],
    ["transcriptStatus", ["x", "completed"], { field: "transcriptStatus", status: "completed" }, "completed"],
    ["importStatus", ["something new", "FINISHED"], {}, "FINISHED"],
  ]) {
    const { client, looks } = looking(t, member, ...statuses);
    const answer = await client.conversations.waitUntil("c-1", { ...wait, ...options });
    assert.deepEqual([answer.attributes[member], looks()], [wanted, statuses.length]);
  }
  for (const status of ["FAILED", "discarded"]) {
    const { client } = looking(t, "importStatus", "PENDING", status);
    const error = await rejection(client.conversations.waitUntil("c-1", wait));
    assert.ok(error instanceof ServerError && error.code === "job_ended", String(error));
    assert.ok(error.message.includes("conversation c-1") && error.message.includes(status), error.message);
  }
});

test("waitUntil: temporary failures are waited out, others are thrown, and each names the conversation", async (t) => {
  const wait = { pollInterval: 5 };
  const seen = [];
  const passing = looking(t, "importStatus", 503, new TypeError("reset"), 429, "FINISHED");
  await passing.client.conversations.waitUntil("c-1", { ...wait, onProgress: (each) => seen.push(each) });
  assert.deepEqual(
    seen.map(({ error }) => error?.kind),
    ["server", "connection", "rate_limited"],
  );
  const down = looking(t, "importStatus", 500);
  const error = await rejection(down.client.conversations.waitUntil("c-1", wait));
  assert.ok(
    error instanceof ServerError && down.looks() === 5 && error.message.endsWith("(conversation c-1)"),
    error.message,
  );
  const gone = looking(t, "importStatus", "PENDING", 404);
  const missing = await rejection(gone.client.conversations.waitUntil("c-1", wait));
  assert.ok(missing instanceof NotFoundError && missing.message.includes("c-1") && gone.looks() === 2);
  const hook = looking(t, "importStatus", "PENDING");
  const own = hook.client.conversations.waitUntil("c-1", {
    ...wait,
    onProgress: () => {
      throw new Error("own");
    },
  });
  assert.equal((await rejection(own)).message, "own");
});

test("waitUntil: a timeout reports the last status, and a signal leaves no timer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { client } = looking(t, "importStatus", "PENDING");
  const late = client.conversations.waitUntil("c-1", { timeout: 90_000 });
  assert.equal(await timed(t, late), 90_000);
  const error = await rejection(late);
  assert.ok(error instanceof TimeoutError && error.code === "job_timeout", String(error));
  assert.match(error.message, /conversation c-1 is still PENDING/);
  const hour = client.conversations.waitUntil("c-1");
  assert.equal(await timed(t, hour), 3_600_000);
  await rejection(hour);
  const controller = new AbortController();
  const waiting = client.conversations.waitUntil("c-1", { signal: controller.signal });
  waiting.catch(() => {});
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Error("enough"));
  const aborted = await rejection(waiting);
  assert.ok(aborted instanceof AbortedError && aborted.cause.message === "enough", String(aborted));
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  const telling = new AbortController();
  const told = rejection(client.conversations.waitUntil("c-1", { signal: telling.signal }));
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  telling.abort(new Error(`the key is ${FAKE_KEY}`));
  assert.equal((await told).cause.message, "the key is [redacted]");
});

test("invalid options of a wait are named before anything is sent", async (t) => {
  const { client, looks } = looking(t, "importStatus", "FINISHED");
  for (const [id, options, pattern] of [
    ["", undefined, /^conversations\.waitUntil: id must be a non-empty string$/],
    [undefined, undefined, /id must be a non-empty string/],
    ["c-\ud800", undefined, /^conversations\.waitUntil: id is text with a lone surrogate$/],
    ["c", 5, /options must be an object/],
    ["c", { status: 5 }, /status must be a status or a list of them/],
    ["c", { status: [] }, /status must be a status or a list of them/],
    ["c", { field: "title" }, /field must be importStatus, mediaStorageStatus or transcriptStatus/],
    ["c", { timeout: 0 }, /timeout must be a number of milliseconds/],
    ["c", { pollInterval: "5" }, /pollInterval must be a number of milliseconds/],
    ["c", { interval: 5 }, /unknown option interval/],
  ]) {
    const error = await rejection(client.conversations.waitUntil(id, options));
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
  assert.equal(looks(), 0);
});

test("waitUntilIndexed: until the source is indexed; the mock's is at the second poll", async (t) => {
  const { client } = mocked(t);
  const { data } = await client.knowledgeBase.upload({ file: "# Facts", type: "text/markdown" });
  const source = await client.knowledgeBase.waitUntilIndexed(data.id, { pollInterval: 5 });
  assert.equal(source.data.attributes.status, "indexed");
  const error = await rejection(client.knowledgeBase.waitUntilIndexed("00000000-0000-4000-8000-000000000000"));
  assert.ok(error instanceof NotFoundError && error.message.endsWith("(source 00000000-0000-4000-8000-000000000000)"));
  const stuck = looking(t, "status", "something new");
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const waiting = stuck.client.knowledgeBase.waitUntilIndexed("s-1", { timeout: 40_000 });
  await timed(t, waiting);
  const late = await rejection(waiting);
  assert.ok(late.code === "job_timeout" && /source s-1 is still something new/.test(late.message), late.message);
});

test("downloadMedia: streamed, with progress, and without the key", async (t) => {
  const size = 300_000;
  const store = await storage(t, (_, response) => {
    response.writeHead(200, { "content-type": "video/mp4", "content-length": size });
    response.end(Buffer.alloc(size, 7));
  });
  const { client, calls } = await bed(t, store.url, { defaultHeaders: { "x-own": "one" } });
  const progress = [];
  const file = await client.conversations.downloadMedia("c 1", { onProgress: (each) => progress.push(each) });
  assert.deepEqual([file.type, file.size, progress.length], ["video/mp4", size, 0]);
  const blob = await file.blob();
  assert.deepEqual([blob.size, blob.type, new Uint8Array(await blob.arrayBuffer())[size - 1]], [size, "video/mp4", 7]);
  assert.deepEqual(progress.at(-1), { loaded: size, total: size });
  assert.deepEqual(calls(), ["POST /v2/conversations/c%201/media/download"]);
  const [{ method, headers }] = store.seen;
  assert.equal(method, "GET");
  assert.doesNotMatch(headers.join(" ").toLowerCase(), /authorization|bearer|x-own|cookie|referer|attention/);
  assert.ok(!headers.join(" ").includes(FAKE_KEY));
});

test("downloadMedia: failures before and during the transfer, and by abort", async (t) => {
  t.mock.method(Math, "random", () => 0);
  let answered;
  const hangs = (_, response) => {
    answered = response;
    response.writeHead(200, { "content-length": 1000 });
    response.write(Buffer.alloc(10));
  };
  const refuses = (_, response) => {
    response.writeHead(403);
    response.end("<Error>fake-signature</Error>");
  };
  const controller = new AbortController();
  const timers = ({ timeout }) => timeout !== undefined && t.mock.timers.enable({ apis: ["setTimeout"] });
  // What happens once the head has come, so that nothing depends on how long that takes.
  for (const [answer, options, then, Kind, code, tries] of [
    [hangs, {}, () => answered.destroy(), ConnectionError, "download_broken", 1],
    [hangs, { timeout: 60_000 }, () => t.mock.timers.tick(60_000), TimeoutError, "download_timeout", 1],
    [hangs, { signal: controller.signal }, () => controller.abort(new Error("enough")), AbortedError, "aborted", 1],
    [refuses, {}, undefined, ServerError, "download_refused", 1],
    [(_, response) => response.destroy(), {}, undefined, ConnectionError, "download_broken", 3],
  ]) {
    const store = await storage(t, answer);
    const { client } = await bed(t, store.url);
    timers(options);
    const error = await rejection(
      client.conversations.downloadMedia("c-1", options).then((file) => {
        then();
        return file.blob();
      }),
    );
    t.mock.timers.reset();
    assert.ok(error instanceof Kind && error.code === code, `${code}: ${error}`);
    assert.equal(store.seen.length, tries, code);
    if (code !== "aborted") assert.match(error.message, /\(conversation c-1\)$/);
    assert.ok(!`${error.stack}${JSON.stringify(error)}${error.cause?.stack}`.includes("fake-signature"));
  }
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("downloadMedia: cancelling the body cancels the storage's response, and removes its timer", async (t) => {
  let closed;
  const gone = new Promise((resolve) => {
    closed = resolve;
  });
  const store = await storage(t, (_, response) => {
    response.writeHead(200, { "content-length": 10_000_000 });
    response.write(Buffer.alloc(1000));
    response.on("close", closed);
  });
  const { client } = await bed(t, store.url);
  const { signal } = new AbortController();
  const file = await client.conversations.downloadMedia("c-1", { signal });
  await file.body.cancel();
  await gone;
  assert.equal(getEventListeners(signal, "abort").length, 0);
});
