// The mock below any path, and on any clock.
import assert from "node:assert/strict";
import { describe, mock as nodeMock, test } from "node:test";
import { testing } from "./bundle.mjs";
import { fill, identifiers, operations, requests } from "./calls.mjs";
import { assertDescribed } from "./described.mjs";

const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;
const headers = { authorization: `Bearer ${MOCK_API_KEY}` };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Whether it settles after some turns of the loop, without a test's timers. */
async function isDone(promise) {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  for (let n = 0; n < 20; n++) await turn();
  return done;
}

describe("any base path", () => {
  const bases = ["/v2", "/chats/v2", "/proxy/attention", "/teams/acme", "", "/v2/v1", "/conversations/list/v2"];
  for (const [row, base] of bases.entries()) {
    // Below the last but one, only the option tells where the operations begin.
    for (const options of base === "/v2/v1" ? [{ basePath: base }] : [{}, { basePath: base }]) {
      test(`${JSON.stringify(base)} with ${JSON.stringify(options)}`, async () => {
        // Each base is used for a third of them, so that together they cover all, more than once.
        for (const operation of operations.filter((_, index) => index % 3 === row % 3)) {
          const mock = mockAttention({ ...options, conversations: 60 });
          const below = { fetch: (url, init) => mock.fetch(moved(url, base), init) };
          const ids = await identifiers(below, MOCK_USER_API_KEY);
          const { body, query } = requests[operation.operationId]?.(ids) ?? {};
          const key = operation["x-key-level"] === "user" ? MOCK_USER_API_KEY : MOCK_API_KEY;
          const path = `/v2${fill(operation.path, ids)}${query ? `?${query}` : ""}`;
          const response = await below.fetch(`https://api.attention.tech${path}`, {
            method: operation.method.toUpperCase(),
            headers: { authorization: `Bearer ${key}` },
            ...(body && { body: JSON.stringify(body) }),
          });
          const answer = { status: response.status, type: response.headers.get("content-type") };
          assertDescribed(operation, { ...answer, body: await response.text() });
          assert.ok(response.ok, `${operation.operationId}: ${response.status}`);
        }
      });
    }
  }

  /** The same address below another path; that of the storage stays. */
  function moved(url, base) {
    return url.replace("https://api.attention.tech/v2", `https://mock.example${base}`);
  }

  test("links, faults and the remote control are below it, too", async () => {
    const mock = mockAttention();
    const get = (path, init) => mock.fetch(`https://mock.example/p/v2${path}`, { headers, ...init });
    const { links } = await (await get("/conversations/list?size=10")).json();
    assert.match(links.related, /^\/p\/v2\/conversations\?/);
    assert.equal((await get("/_mock/status/503/users")).status, 503);
    assert.equal((await get("/_mock/redirect/302")).url, "https://mock.example/p/v2/users");
    const control = await mock.handle(new Request("https://mock.example/p/v2/_mock/requests"));
    assert.equal((await control.json()).length, 4);
    const local = mockAttention();
    const ticket = await local.fetch("http://127.0.0.1:9/p/v2/conversations/upload-url", { headers });
    assert.match((await ticket.json()).url, /^http:\/\/127\.0\.0\.1:9\/p\/v2\/_mock-storage\//);
  });

  test("below another path than the option's there is nothing, nor below the known one at another place", async () => {
    const status = async (mock, path) => (await mock.fetch(`https://mock.example${path}`, { headers })).status;
    const strict = mockAttention({ basePath: "/p/v2/" });
    assert.deepEqual(
      [await status(strict, "/p/v2/users"), await status(strict, "/v2/users"), await status(strict, "/users")],
      [200, 404, 404],
    );
    const free = mockAttention();
    for (const path of ["/v2/nothing", "/v2/nothing/users", "/v2/", "/", "/v2/users/v2/users", "/nothing"]) {
      assert.equal(await status(free, path), 404, path);
    }
    assert.throws(() => mockAttention({ basePath: "v2" }), /mockAttention: basePath must be a path/);
  });
});

/** Two clocks that a test moves by hand, with their `now` and `wait`. */
const clocks = {
  "node:test's mock timers": (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
    return { options: {}, pass: (ms) => t.mock.timers.tick(ms) };
  },
  "a clock by hand": () => {
    let now = 1_000_000;
    let waiting = [];
    const wait = (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        waiting.push({ at: now + ms, resolve });
      });
    const pass = (ms) => {
      now += ms;
      for (const { at, resolve } of waiting) if (at <= now) resolve();
      waiting = waiting.filter(({ at }) => at > now);
    };
    return { options: { now: () => now, wait }, pass };
  },
};

for (const [name, start] of Object.entries(clocks)) {
  describe(name, () => {
    const get = (mock, path, init) => mock.fetch(`https://api.attention.tech/v2${path}`, { headers, ...init });

    test("an answer without a delay needs no time", async (t) => {
      const { options } = start(t);
      const mock = mockAttention(options);
      assert.equal((await (await get(mock, "/users")).json()).data.length, 12);
    });

    test("a delay ends when its time has passed, and not before", async (t) => {
      const { options, pass } = start(t);
      const mock = mockAttention(options);
      mock.set({ delayMs: 60_000 });
      const answer = get(mock, "/users");
      assert.equal(await isDone(answer), false);
      pass(59_999);
      assert.equal(await isDone(answer), false);
      pass(1);
      assert.equal((await answer).status, 200);
    });

    test("an aborted delay ends without any time", async (t) => {
      const { options } = start(t);
      const mock = mockAttention(options);
      mock.set({ delayMs: 60_000 });
      const controller = new AbortController();
      const answer = get(mock, "/users", { signal: controller.signal });
      assert.equal(await isDone(answer), false);
      controller.abort(new Error("enough"));
      await assert.rejects(answer, /enough/);
    });

    test("pieces and events come with the time", async (t) => {
      const { options, pass } = start(t);
      const mock = mockAttention(options);
      for (const path of ["/_mock/drip/6/1000", "/_mock/sse/3?ms=1000"]) {
        const text = (await get(mock, path)).text();
        let waits = 0;
        while (!(await isDone(text))) {
          pass(1000);
          assert.ok(++waits < 10);
        }
        assert.equal(waits, 2, path);
      }
    });

    test("a body breaks off without any time", async (t) => {
      const { options } = start(t);
      const response = await get(mockAttention(options), "/_mock/cut/100/users");
      await assert.rejects(response.text(), TypeError);
    });

    test("limits, keys and thoughts go by it", async (t) => {
      const { options, pass } = start(t);
      const mock = mockAttention({ ...options, superAgentMs: 20_000 });
      mock.setRate({ limit: 1, windowMs: 5000 });
      assert.deepEqual([(await get(mock, "/users")).status, (await get(mock, "/users")).status], [200, 429]);
      pass(5000);
      assert.equal((await get(mock, "/users")).status, 200);
      mock.setRate(null);

      const brief = mock.keys.create({ expiresAt: 1_000_000 + 10_000 });
      const own = { authorization: `Bearer ${brief.value}` };
      assert.equal((await get(mock, "/users", { headers: own })).status, 200);
      pass(5000);
      assert.equal((await get(mock, "/users", { headers: own })).status, 401);

      const agent = { headers: { authorization: `Bearer ${MOCK_USER_API_KEY}` } };
      const sent = await get(mock, "/super-agent/messages", { ...agent, method: "POST", body: '{"content":"?"}' });
      assert.equal(sent.status, 202);
      const { session_id } = await sent.json();
      const roles = async () => {
        const history = await get(mock, `/super-agent/sessions/${session_id}/messages`, agent);
        return (await history.json()).messages.map(({ role }) => role);
      };
      assert.deepEqual(await roles(), ["user"]);
      pass(20_000);
      assert.deepEqual(await roles(), ["user", "assistant"]);
    });
  });
}

test("timers that are faked after a delay has begun leave it alone", async () => {
  const mock = mockAttention();
  mock.set({ delayMs: 30 });
  const controller = new AbortController();
  const answer = mock.fetch("https://api.attention.tech/v2/users", { headers, signal: controller.signal });
  const other = mock.fetch("https://api.attention.tech/v2/users", { headers });
  await turn();
  nodeMock.timers.enable({ apis: ["setTimeout"] });
  try {
    controller.abort(new Error("enough"));
    await assert.rejects(answer, /enough/);
    assert.equal((await other).status, 200);
  } finally {
    nodeMock.timers.reset();
  }
});
