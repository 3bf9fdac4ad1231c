// Many simultaneous requests in one isolate with different ends: each gets its
// own answer, under its own request id.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { CALLERS, KEY, MODULES, OTHER_TOKEN, TOKEN } from "./worker.mjs";

let upstream;
let workerd;
let respond;

before(async () => {
  upstream = await startUpstream({ handler: (request) => respond(request) });
  const bindings = {
    ATTENTION_API_KEY: KEY,
    ATTENTION_BASE_URL: `${upstream.url}/v2`,
    ATTENTION_CALLERS: CALLERS,
    ATTENTION_POLICY: "allow * /v2/**\ndeny * /v2/denied/**",
    ATTENTION_LOG: "silent",
    ATTENTION_GATE: { durableObject: "Gate" },
  };
  // The gate puts a turn of the event loop between judging and sending.
  workerd = await startWorkerd({
    services: ["mixed", "held-back"].map((name) => ({ name, modules: MODULES, durableObjects: ["Gate"], bindings })),
    startMs: 60_000,
  });
});

after(async () => {
  await workerd?.close();
  await upstream?.close();
});

/** Sends one request and checks that the answer is its own. */
async function own(service, { path, method = "GET", body, token = TOKEN, status, code, echo }) {
  const id = `own-${path.replaceAll("/", "-")}`;
  const headers = { "x-request-id": id, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const answer = await fetch(workerd.urls[service] + path, {
    method,
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  });
  const said = await answer.json();
  const told = `${method} ${path}: ${answer.status} ${JSON.stringify(said)}`;
  assert.equal(answer.status, status, told);
  assert.equal(answer.headers.get("x-request-id"), id, told);
  if (code !== undefined) assert.deepEqual([said.code, said.requestId], [code, id], told);
  else
    assert.deepEqual(
      said,
      echo ?? { path, method, body: typeof body === "string" ? body : body === undefined ? "" : "streamed" },
      told,
    );
}

test("with calls, retries, refusals, stored and streamed bodies at once, no response is mixed up", async () => {
  const tried = new Map();
  respond = async (request) => {
    const { pathname: path } = new URL(request.url);
    const said = { path, method: request.method, body: await request.text() };
    const count = (tried.get(path) ?? 0) + 1;
    tried.set(path, count);
    if (path.includes("/slow/")) await new Promise((resolve) => setTimeout(resolve, 20));
    if (path.includes("/retried/") && count === 1)
      return new Response("", { status: 503, headers: { "retry-after": "0" } });
    return Response.json(said, { status: path.includes("/missing/") ? 404 : 200 });
  };
  const streamed = () => new Response("streamed").body;
  const kinds = [
    (n) => ({ path: `/v2/quick/${n}`, status: 200 }),
    (n) => ({ path: `/v2/slow/${n}`, status: 200, token: OTHER_TOKEN }),
    (n) => ({ path: `/v2/retried/${n}`, status: 200 }),
    (n) => ({ path: `/v2/missing/${n}`, status: 404 }),
    (n) => ({ path: `/v2/stranger/${n}`, status: 401, token: null, code: "authorization_missing" }),
    (n) => ({ path: `/v2/denied/${n}`, status: 403, code: "route_denied" }),
    (n) => ({ path: `/v2/held/${n}`, method: "POST", body: `held ${n}`, status: 200 }),
    (n) => ({ path: `/v2/streamed/${n}`, method: "POST", body: streamed(), status: 200 }),
  ];
  await Promise.all(Array.from({ length: 50 }, (_, n) => kinds.map((kind) => own("mixed", kind(n)))).flat());
  const counts = [...tried].filter(([path, count]) => count !== (path.includes("/retried/") ? 2 : 1));
  assert.deepEqual(counts, [], "each was sent once, or once more after a 503");
});

test("with paused calls and unknown callers between them, each gets its own answer", async () => {
  respond = () => new Response("slow down", { status: 429, headers: { "retry-after": "200" } });
  const calls = ["first", "second"].map((name) =>
    own("held-back", { path: `/v2/${name}`, status: 429, code: "rate_limited" }),
  );
  await Promise.all(calls);
  const sent = upstream.records.length;
  await Promise.all(
    Array.from({ length: 100 }, (_, n) => [
      own("held-back", { path: `/v2/known/${n}`, status: 429, code: "rate_limited" }),
      own("held-back", { path: `/v2/stranger/${n}`, token: null, status: 401, code: "authorization_missing" }),
      own("held-back", { path: `/v2/denied/${n}`, status: 403, code: "route_denied" }),
    ]).flat(),
  );
  assert.equal(upstream.records.length, sent, "nothing more is sent");
});
