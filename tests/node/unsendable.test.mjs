// A caller's mistake is reported at once by name: nothing is sent, nothing is retried, and the network is not blamed.
// If the runtime decides, a call is compared with the runtime's own behaviour.
import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runInNewContext } from "node:vm";
import { importPacked } from "../runtimes/packed.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const { Attention } = attention;
const jobs = await importPacked("attention-wasm/jobs");

after(assertNoOpenCalls);

const BYTES = [1, 2, 3, 4, 5, 6, 7, 8];

/** Memory of each kind. */
const MEMORY = {
  plain: (realm) => realm.Uint8Array.from(BYTES).buffer,
  growing: (realm) => {
    const made = new realm.ArrayBuffer(8, { maxByteLength: 64 });
    new realm.Uint8Array(made).set(BYTES);
    return made;
  },
  shared: (realm) => {
    const made = new realm.SharedArrayBuffer(8);
    new realm.Uint8Array(made).set(BYTES);
    return made;
  },
  transferred: (realm) => realm.Uint8Array.from(BYTES).buffer,
};

/** Views of it, and the bytes that each covers. */
const VIEWS = {
  itself: [(buffer) => buffer, BYTES],
  Uint8Array: [(buffer, realm) => new realm.Uint8Array(buffer), BYTES],
  "Uint8Array of its middle": [(buffer, realm) => new realm.Uint8Array(buffer, 2, 3), [3, 4, 5]],
  Uint16Array: [(buffer, realm) => new realm.Uint16Array(buffer, 2, 2), [3, 4, 5, 6]],
  DataView: [(buffer, realm) => new realm.DataView(buffer, 1), BYTES.slice(1)],
  Buffer: [(buffer) => Buffer.from(buffer, 4, 2), [5, 6]],
};

test("bytes arrive, whatever memory they are in, or are reported as gone", async (t) => {
  const { client } = await served(
    t,
    { maxRetries: 5 },
    { handler: async (it) => new Response(await it.arrayBuffer()) },
  );
  for (const realm of [globalThis, runInNewContext("globalThis", { SharedArrayBuffer })]) {
    for (const [memory, made] of Object.entries(MEMORY)) {
      for (const [view, [seen, bytes]] of Object.entries(VIEWS)) {
        const what = `${memory}, ${view}, ${realm === globalThis ? "ours" : "of another realm"}`;
        const buffer = made(realm);
        // Node's own views are of this realm's memory.
        if (view === "Buffer" && realm !== globalThis) continue;
        const body = seen(buffer, realm);
        if (memory === "transferred") structuredClone(buffer, { transfer: [buffer] });
        const call = client.post("/things", { body });
        if (memory === "transferred" || (memory === "shared" && view === "itself")) {
          const error = await rejection(call);
          assert.ok(
            error instanceof TypeError && /^body is (a buffer that has been|a Shared)/.test(error.message),
            what,
          );
        } else {
          const answer = await call;
          assert.deepEqual([...new Uint8Array(await answer.arrayBuffer())], bytes, what);
        }
      }
    }
  }
});

const WRONG_OPTIONS = {
  credentials: ["omit", "include", "sometimes", "", 5],
  cache: ["no-store", "never", "only-if-cached", 0],
  mode: ["cors", "navigate", "websocket", "any"],
  referrer: ["", "about:client", "http://[", "https://example.test/"],
  referrerPolicy: ["no-referrer", "none"],
  integrity: ["", "sha256-AAAA"],
  keepalive: [true, false],
  priority: ["high", "highest"],
  dispatcher: [{}, 5, "x"],
};

test("fetchOptions that the runtime refuses are refused by name at once; all others work", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 5 });
  let refused = 0;
  for (const [name, values] of Object.entries(WRONG_OPTIONS)) {
    for (const value of values) {
      const fetchOptions = { [name]: value };
      const before = upstream.records.length;
      // The reference: the behaviour of the runtime's own `fetch`.
      const bare = await fetch(`${upstream.url}/v2/things`, fetchOptions).then(
        () => true,
        () => false,
      );
      const sentByBare = upstream.records.length - before;
      const error = await client.get("/things", { fetchOptions }).then(
        () => undefined,
        (thrown) => thrown,
      );
      const what = `${name}: ${JSON.stringify(value)}: ${error}`;
      assert.equal(error === undefined, bare, what);
      assert.equal(upstream.records.length - before, 2 * sentByBare, what);
      if (error === undefined) continue;
      refused++;
      assert.ok(error instanceof TypeError, what);
      assert.match(error.message, /^GET: the request cannot be sent: /, what);
    }
  }
  assert.ok(refused > 6);
  const gone = (port) =>
    rejection(
      new Attention({ apiKey: FAKE_KEY, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries: 0 }).get("/things", {
        fetchOptions: { cache: "no-store" },
      }),
    );
  const closed = await startUpstream();
  const { port } = new URL(closed.url);
  await closed.close();
  assert.equal((await gone(port)).code, "connection_refused", "a server that is not there is the network's fault");
});

test("an error in the sending code is not reported as a network error", async () => {
  for (const fail of [
    () => undefined.x,
    () => null(),
    () => notDeclaredAnywhere,
    () => {
      throw new TypeError("fetch failed", { cause: new TypeError("agent.dispatch is not a function") });
    },
  ]) {
    let tries = 0;
    const client = new Attention({
      apiKey: FAKE_KEY,
      maxRetries: 5,
      fetch: async () => {
        tries++;
        return fail();
      },
    });
    const error = await rejection(client.get("/things"));
    assert.ok(error instanceof TypeError && tries === 1, `${tries} tries: ${error}`);
    assert.match(error.message, /^GET: the request cannot be sent: /);
  }
});

test("a file that is gone or has changed since it was opened, as a body, in a form, and in a job", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "attention-files-"));
  t.after(() => rm(folder, { recursive: true }));
  const { upstream, client } = await served(
    t,
    { maxRetries: 5 },
    {
      handler: async (request) => {
        await request.arrayBuffer();
        const url = `${new URL(request.url).origin}/storage/file`;
        return Response.json({ url, downloadUrl: url, key: "k", source_id: "s-1", upload_url: url, uuid: "u" });
      },
    },
  );
  const working = new jobs.Attention({ apiKey: FAKE_KEY, baseURL: `${upstream.url}/v2`, maxRetries: 5 });
  t.after(() => working.close());
  const form = (file) => {
    const made = new FormData();
    made.append("text", "a");
    made.append("file", file, "a.txt");
    return made;
  };
  const ways = {
    "a body": (file) => client.put("/things", { body: file }),
    "a form": (file) => client.put("/things", { body: form(file) }),
    "a media import": (file) => working.conversations.importMedia({ file, userID: "u" }),
    "a media import with progress": (file) =>
      working.conversations.importMedia({ file, userID: "u" }, { onProgress() {} }),
    "an upload": (file) => client.knowledgeBase.upload({ file }),
  };
  const fates = {
    gone: (path) => rm(path),
    longer: (path) => writeFile(path, "a text that is longer than the one before"),
    same: () => undefined,
  };
  for (const [way, send] of Object.entries(ways)) {
    for (const [fate, befall] of Object.entries(fates)) {
      const path = join(folder, "file.txt");
      await writeFile(path, "a text");
      const file = await openAsBlob(path, { type: "text/plain" });
      await befall(path);
      if (fate === "same") await send(file);
      else {
        const error = await rejection(send(file));
        assert.ok(error instanceof TypeError, `${way}, ${fate}: ${error}`);
        assert.match(error.message, /^PUT: the request cannot be sent: a file in its body cannot be read: /);
        assert.ok(error.cause !== undefined);
      }
    }
  }
});

test("a stream that is locked, was read, or fails", async (t) => {
  const { upstream, client } = await served(t, { maxRetries: 5 });
  const full = () => new Blob(["text"]).stream();
  const locked = full();
  locked.getReader();
  const read = full();
  await new Response(read).text();
  for (const body of [locked, read]) {
    const error = await rejection(client.post("/things", { body }));
    assert.ok(error instanceof TypeError && /stream|disturbed/.test(error.message), String(error));
  }
  assert.equal(upstream.records.length, 0);
  const broken = new ReadableStream({
    pull() {
      throw new Error("of the source");
    },
  });
  const error = await rejection(client.post("/things", { body: broken }));
  // Its failure cannot be distinguished from the network's, so the message names both.
  assert.match(error.message, /the stream in `body` failed: see `cause`/);
  assert.equal(error.cause.cause.message, "of the source");
});

test("options without members, such as a Map or a promise, are refused instead of ignored", async (t) => {
  const { client, upstream } = await served(t);
  class Options {
    timeout = 5000;
  }
  const wrong = [
    new Map([["timeout", 5000]]),
    Promise.resolve({}),
    new Set(),
    [],
    new Headers(),
    "timeout",
    5,
    () => ({}),
    new Date(),
    /a/,
  ];
  const right = [{}, { timeout: 5000 }, Object.create(null), new Options(), runInNewContext("({ timeout: 5000 })")];
  const ways = {
    "new Attention()": (options) => new Attention(options).close(),
    "withOptions()": (options) => client.withOptions(options).close(),
    "a call": (options) => client.get("/things", options),
    "an operation": (options) => client.labels.get("l-1", options),
    "a list": async (options) => client.users.list(undefined, options),
    fetchOptions: (fetchOptions) => client.get("/things", { fetchOptions }),
  };
  for (const [way, call] of Object.entries(ways)) {
    for (const options of wrong) {
      await assert.rejects(async () => call(options), TypeError, `${way}: ${String(options)}`);
    }
    assert.equal(upstream.records.length, 0);
    for (const options of right) {
      if (way === "new Attention()") Object.assign(options, { apiKey: FAKE_KEY });
      await call(way === "fetchOptions" ? {} : options);
      if (way === "new Attention()") delete options.apiKey;
    }
    upstream.clear();
  }
});

test("a signal without listeners is refused, and one of another library is accepted", async (t) => {
  const { client } = await served(t);
  const half = { aborted: false, addEventListener() {} };
  for (const signal of [
    half,
    { aborted: false },
    { aborted: true, reason: "x" },
    new AbortController(),
    new EventTarget(),
  ])
    await assert.rejects(client.get("/things", { signal }), new TypeError("GET: signal must be an AbortSignal"));
  const listeners = new Set();
  const polyfilled = {
    aborted: false,
    reason: undefined,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
  await client.get("/things", { signal: polyfilled });
  assert.equal(listeners.size, 0);
  const waiting = rejection(client.get("/slow", { signal: polyfilled, fetchOptions: {} }).finally(() => {}));
  Object.assign(polyfilled, { aborted: true, reason: new Error("enough") });
  for (const listener of [...listeners]) listener();
  const error = await waiting;
  assert.deepEqual([error.name, error.cause.message], ["AbortError", "enough"]);
});

/** A value whose members and prototype cannot be read. */
function sealed() {
  const { proxy, revoke } = Proxy.revocable(() => {}, {});
  revoke();
  return proxy;
}

test("an unreadable value is passed on or omitted, and hides no error of ours", async (t) => {
  const { client } = await served(t);
  const thrown = sealed();
  const thrower = () => {
    throw thrown;
  };
  /** Compared where it is caught, because promises and assertions read the value. */
  const of = (promise) =>
    promise.then(
      () => assert.fail("resolved"),
      (error) => assert.ok(error === thrown),
    );
  for (const hook of ["onStart", "onRequest", "onResponse"])
    await of(client.withOptions({ [hook]: thrower, onEnd() {} }).get("/things"));
  await of(client.withOptions({}).use(thrower).get("/things"));
  for (const apiKey of [thrower, () => Promise.reject(thrown)]) {
    const error = await rejection(new Attention({ apiKey }).get("/things"));
    assert.deepEqual([error.code, error.cause], ["key_provider_failed", "[redacted]"]);
  }
  const unreachable = await rejection(
    new Attention({ apiKey: FAKE_KEY, maxRetries: 0, fetch: thrower }).get("/things"),
  );
  assert.deepEqual([unreachable.kind, unreachable.cause], ["connection", "[redacted]"]);
  const aborted = await rejection(client.get("/things", { signal: AbortSignal.abort(thrown) }));
  assert.deepEqual([aborted.name, aborted.cause], ["AbortError", "[redacted]"]);
  assert.equal(thrown instanceof attention.AttentionError, false);
});

test("a getter that throws in a function's result is the function's failure, without the key", async () => {
  for (const member of ["token", "expiresAt"]) {
    const given = {
      token: FAKE_KEY,
      get [member]() {
        throw new Error(`Bearer ${FAKE_KEY}`);
      },
    };
    const error = await rejection(new Attention({ apiKey: () => given }).get("/things"));
    assert.equal(error.code, "key_provider_failed");
    assert.ok(!`${error.stack}${error.cause.stack}`.includes(FAKE_KEY));
  }
});
