// Helpers of several calls: an abort's reason, a failure of `fetch` and the server's own names lose the client's key and
// the storage's address, at whichever step they come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { FAKE_KEY, rejection } from "../node/fixture.mjs";
import { importPacked } from "../runtimes/packed.mjs";

const { Attention } = await importPacked("attention-wasm/jobs");

const SIGNATURE = "an-obviously-fake-signature-0001";
const ADDRESS = `https://storage.example/place?X-Signature=${SIGNATURE}`;
const SECRETS = [FAKE_KEY, SIGNATURE, ADDRESS, Buffer.from(FAKE_KEY).toString("base64"), encodeURIComponent(ADDRESS)];
const file = new Blob(["obviously fake"], { type: "audio/mpeg" });

const JOBS = {
  importMedia: (client, options) => client.conversations.importMedia({ file, userID: "u" }, options),
  downloadMedia: (client, options) => client.conversations.downloadMedia("c-1", options).then((come) => come.blob()),
  upload: (client, options) => client.knowledgeBase.upload({ file: new Blob(["x"], { type: "text/plain" }) }, options),
  waitUntil: (client, options) => client.conversations.waitUntil("c-1", { ...options, pollInterval: 5 }),
  waitUntilIndexed: (client, options) => client.knowledgeBase.waitUntilIndexed("s-1", { ...options, pollInterval: 5 }),
  send: (client, options) => client.superAgent.send({ message: "hello" }, { ...options, pollInterval: 5 }),
};

/** What the API says to each request of a job; `names` are the server's own. */
function answer(url, names) {
  if (url.startsWith("https://storage.example/")) {
    // A download that begins and never ends.
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) }));
  }
  if (url.endsWith("/upload-url"))
    return Response.json({ url: ADDRESS, downloadUrl: `${ADDRESS}&read=1`, key: names.key });
  if (url.endsWith("/sources/upload")) return Response.json({ source_id: names.source, upload_url: ADDRESS });
  if (url.endsWith("/media/download")) return Response.json({ url: ADDRESS });
  if (url.includes("/sessions/")) return Response.json({ messages: [] });
  if (url.endsWith("/super-agent/messages")) return Response.json({ session_id: names.session });
  if (url.includes("/sources/s-1")) return Response.json({ data: { attributes: { status: names.status } } });
  return Response.json({ uuid: "c-1", attributes: { importStatus: names.status } });
}

const NAMES = { key: "up-1", source: "s-2", session: "se-1", status: "RUNNING" };

function clientOf(fetch, options) {
  return new Attention({ apiKey: FAKE_KEY, baseURL: "https://api.example/v2", fetch, maxRetries: 0, ...options });
}

function assertClean(what, error, secrets = SECRETS) {
  const shown = [
    inspect(error, { depth: 9, showHidden: true, getters: true, maxStringLength: null }),
    JSON.stringify(error),
    error.stack,
    error.message,
    inspect(error.cause, { depth: 9 }),
  ].join("\n");
  for (const secret of secrets) assert.ok(!shown.includes(secret), `${what}: ${shown}`);
  return shown;
}

test("an abort's reason and a failure of fetch, at every step of every job", async () => {
  for (const [name, job] of Object.entries(JOBS)) {
    for (let step = 1; step <= 4; step++) {
      for (const isAbort of [true, false]) {
        const what = `${name}, request ${step}, ${isAbort ? "aborted" : "failed"}`;
        const reason = Object.assign(new Error(`enough of ${SECRETS.join(" and ")}`), { held: { list: SECRETS } });
        const controller = new AbortController();
        let asked = 0;
        const client = clientOf(async (url, { signal } = {}) => {
          if (++asked < step) return answer(String(url), NAMES);
          if (!isAbort) throw reason;
          controller.abort(reason);
          signal?.throwIfAborted();
          return answer(String(url), NAMES);
        });
        // A body that never ends, and a wait without an end, are left by the signal.
        const late = setTimeout(() => controller.abort(reason), 60);
        const error = await job(client, { signal: controller.signal, timeout: 5_000 }).then(
          () => undefined,
          (thrown) => thrown,
        );
        clearTimeout(late);
        client.close();
        if (error === undefined) continue;
        assert.ok(["aborted", "connection"].includes(error.kind), `${what}: ${error}`);
        // Before the first answer, nobody but the caller knows the address.
        assertClean(what, error, asked > 1 && /Media|upload/.test(name) ? SECRETS : [FAKE_KEY]);
        assert.match(inspect(error.cause), /enough of \[redacted\]/, `${what}: what is harmless is kept`);
      }
    }
  }
});

test("names that the server gives are cleaned where a message has them", async () => {
  const escapes = "\u001b[31m\u001b]0;title\u0007\r\n2026 INFO forged\u202e\u2066";
  const given = {
    key: `k ${FAKE_KEY}${escapes}`,
    source: `s ${FAKE_KEY}${escapes}`,
    session: `e${escapes}`,
    status: `R ${FAKE_KEY}${escapes}`,
  };
  const failing = { importMedia: "/import", upload: "storage.example", send: "/sessions/", waitUntil: undefined };
  for (const [name, at] of Object.entries(failing)) {
    const client = clientOf(async (url) => {
      if (at !== undefined && String(url).includes(at)) return Response.json({ message: "no" }, { status: 422 });
      return answer(String(url), given);
    });
    const error = await rejection(JOBS[name](client, { timeout: name === "waitUntil" ? 30 : 5_000 }));
    client.close();
    assertClean(name, error);
    assert.doesNotMatch(error.message, /[\p{Cc}\u202e\u2066]/u, name);
    assert.match(error.message, /INFO forged/, `${name}: the name is there`);
  }
});

test("an id that is the key is refused and not repeated", async () => {
  for (const job of [
    (client) => client.conversations.waitUntil(FAKE_KEY),
    (client) => client.conversations.downloadMedia(FAKE_KEY),
    (client) => client.knowledgeBase.waitUntilIndexed(FAKE_KEY),
  ]) {
    const client = clientOf(() => assert.fail("no request"));
    const error = await rejection(job(client));
    client.close();
    assert.equal(error.kind, "validation");
    assertClean("an id", error);
  }
});
