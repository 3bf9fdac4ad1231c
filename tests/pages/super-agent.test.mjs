// The super agent's answer: immediate, or polled for.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, rejection, testing } from "../node/fixture.mjs";

const { Attention, AbortedError, ForbiddenError, ProtocolError, ServerError, TimeoutError } = attention;
const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;

after(assertNoOpenCalls);

function mocked(t, superAgentMs, options = {}) {
  const mock = mockAttention({ superAgentMs });
  const client = new Attention({ apiKey: MOCK_USER_API_KEY, fetch: mock.fetch, maxRetries: 0, ...options });
  t.after(() => client.close());
  return { mock, client };
}

test("an immediate answer", async (t) => {
  const { mock, client } = mocked(t, 0);
  const answer = await client.superAgent.send(
    { content: "How many?" },
    { onProgress: () => assert.fail("nothing to wait for") },
  );
  assert.deepEqual([answer.role, answer.content], ["assistant", "Invented answer to: How many?"]);
  const next = await client.superAgent.send({ content: "And now?", session_id: answer.session_id });
  assert.equal(next.session_id, answer.session_id);
  assert.equal(mock.requests.length, 2);
});

test("an answer that is polled for, with progress", async (t) => {
  const { mock, client } = mocked(t, 120);
  const seen = [];
  const answer = await client.superAgent.send(
    { content: "How many?" },
    { pollInterval: 50, onProgress: (progress) => seen.push(progress), idempotencyKey: "one" },
  );
  assert.deepEqual([answer.role, answer.content], ["assistant", "Invented answer to: How many?"]);
  assert.deepEqual(seen[0].messages, []);
  assert.ok(seen.length >= 2 && seen.every(({ sessionId }) => sessionId === answer.session_id), `${seen.length}`);
  assert.deepEqual(
    seen[1].messages.map(({ role }) => role),
    ["user"],
  );
  assert.ok(seen[1].elapsed >= 45);
  assert.equal(mock.requests.filter(({ method }) => method === "POST").length, 1);
  assert.equal(mock.requests.length, seen.length + 1);
  // The polls are calls of their own.
  assert.deepEqual(
    mock.requests.map(({ headers }) => Object.fromEntries(headers)["idempotency-key"]),
    ["one", ...seen.map(() => undefined)],
  );
});

test("the API's pace is the default", async (t) => {
  const { mock, client } = mocked(t, 100);
  const error = await rejection(client.superAgent.send({ content: "?" }, { signal: AbortSignal.timeout(300) }));
  assert.ok(error instanceof AbortedError);
  assert.equal(mock.requests.length, 1);
});

test("the message alone as the answer, which one copy of the documentation shows", async (t) => {
  const { client } = mocked(t, 0, {
    fetch: async () => Response.json({ id: "m", session_id: "s", role: "assistant", content: "Yes" }),
  });
  assert.equal((await client.superAgent.send({ content: "?" })).content, "Yes");
});

test("an abort ends the wait at once and leaves no timer", async (t) => {
  const { client } = mocked(t, 60_000);
  const controller = new AbortController();
  const started = Date.now();
  setTimeout(() => controller.abort(new Error("enough")), 30);
  const error = await rejection(client.superAgent.send({ content: "?" }, { signal: controller.signal }));
  assert.ok(error instanceof AbortedError && error.cause.message === "enough");
  assert.ok(Date.now() - started < 1000);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("a timeout names the session, where the answer may be found later", async (t) => {
  const { client } = mocked(t, 60_000);
  let sessionId;
  const error = await rejection(
    client.superAgent.send(
      { content: "?" },
      {
        timeout: 150,
        pollInterval: 40,
        onProgress: (progress) => {
          sessionId = progress.sessionId;
        },
      },
    ),
  );
  assert.ok(
    error instanceof TimeoutError && error.code === "answer_timeout" && error.message.includes(sessionId),
    String(error),
  );
});

test("failures of a step are thrown", async (t) => {
  const { mock, client } = mocked(t, 60_000);
  const refused = await rejection(client.withOptions({ apiKey: MOCK_API_KEY }).superAgent.send({ content: "?" }));
  assert.ok(refused instanceof ForbiddenError);
  const broken = client.superAgent.send(
    { content: "?" },
    { pollInterval: 20, onProgress: () => mock.set({ status: 500 }) },
  );
  const failed = await rejection(broken);
  assert.ok(failed instanceof ServerError && /\(session .+\)$/.test(failed.message), String(failed));
  mock.set(null);
  const hook = client.superAgent.send(
    { content: "?" },
    {
      onProgress: () => {
        throw new Error("own");
      },
    },
  );
  assert.equal((await rejection(hook)).message, "own");
  const lost = mocked(t, 0, { fetch: async () => Response.json({}, { status: 202 }) });
  const error = await rejection(lost.client.superAgent.send({ content: "?" }));
  assert.ok(error instanceof ProtocolError && error.code === "session_missing");
});

test("invalid options are named", async (t) => {
  const { mock, client } = mocked(t, 0);
  for (const [options, pattern] of [
    ["x", /^superAgent\.send: options must be an object/],
    [{ timeout: "1" }, /^superAgent\.send: timeout must be a number of milliseconds/],
    [{ pollInterval: 0 }, /^superAgent\.send: pollInterval must be a number of milliseconds/],
    [{ onProgress: {} }, /^superAgent\.send: onProgress must be a function/],
    [{ interval: 5 }, /unknown option interval/],
  ]) {
    const error = await rejection(client.superAgent.send({ content: "?" }, options));
    assert.ok(error instanceof TypeError && pattern.test(error.message), String(error));
  }
  assert.equal(mock.requests.length, 0);
});
