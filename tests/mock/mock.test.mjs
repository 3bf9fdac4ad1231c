// The mock as a fetch.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { testing } from "./bundle.mjs";

const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY, MockNetworkError } = testing;
const API = "https://api.attention.tech";
const bearer = (key = MOCK_API_KEY) => ({ authorization: `Bearer ${key}` });
const get = (mock, path, init) => mock.fetch(API + path, { headers: bearer(), ...init });

test("the keys are the literals of other languages, and say that they are fake", () => {
  const [header, claims, signature] = MOCK_API_KEY.split(".");
  assert.deepEqual(JSON.parse(atob(header)), { alg: "HS256", typ: "JWT" });
  assert.deepEqual(Object.keys(JSON.parse(atob(claims))), ["sub", "org", "level", "iat", "exp"]);
  assert.equal(signature, "fake-signature-not-a-key-default");
  assert.match(MOCK_USER_API_KEY, /\.fake-signature-not-a-key-user$/);
  assert.equal(
    MOCK_API_KEY,
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI1ZWVkMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEiLCJvcmciOiIwZjBlMGQwYy0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMGZhNGUiLCJsZXZlbCI6Im9yZ2FuaXphdGlvbiIsImlhdCI6MTc2NzYwMzYwMCwiZXhwIjo0MTAyMzU4NDAwfQ.fake-signature-not-a-key-default",
  );
});

describe("the door", () => {
  const cases = [
    ["missing", undefined],
    ["missing", ""],
    ["malformed", "Basic dXNlcjpwYXNz"],
    ["malformed", "Bearer"],
    ["malformed", "Bearer two words"],
    ["no_bearer", MOCK_API_KEY],
    ["unknown", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.fake-and-unknown"],
  ];
  for (const [refusal, authorization] of cases) {
    test(`${refusal}: ${String(authorization).slice(0, 20)}`, async () => {
      const mock = mockAttention();
      const response = await get(mock, "/v2/users", { headers: authorization === undefined ? {} : { authorization } });
      assert.equal(response.status, 401);
      assert.equal((await response.json()).error, "unauthorized");
      assert.equal(mock.requests[0].refusal, refusal);
    });
  }

  test("the scheme's case does not matter", async () => {
    const { status } = await get(mockAttention(), "/v2/users", {
      headers: { authorization: `bearer ${MOCK_API_KEY}` },
    });
    assert.equal(status, 200);
  });

  test("revoked, expired and deleted keys are refused at once, all with one answer", async () => {
    const mock = mockAttention();
    const bodies = new Set();
    for (const [end, refusal] of [
      ["revoke", "revoked"],
      ["expire", "expired"],
      ["delete", "unknown"],
    ]) {
      const key = mock.keys.create({ name: end });
      assert.equal((await get(mock, "/v2/users", { headers: bearer(key.value) })).status, 200);
      mock.keys[end](key.id);
      const refused = await get(mock, "/v2/users", { headers: bearer(key.value) });
      assert.equal(refused.status, 401);
      assert.equal(mock.requests.at(-1).refusal, refusal);
      bodies.add(await refused.text());
    }
    assert.equal(bodies.size, 1);
    assert.throws(() => mock.keys.revoke("nobody"), TypeError);
  });

  test("a key ends when its time is over, and its claims say when", async () => {
    let now = Date.UTC(2026, 10, 1);
    const mock = mockAttention({ now: () => now });
    const { value } = mock.keys.create({ expiresAt: now + 60_000 });
    assert.equal(JSON.parse(atob(value.split(".")[1])).exp * 1000, now + 60_000);
    assert.equal((await get(mock, "/v2/users", { headers: bearer(value) })).status, 200);
    now += 60_000;
    assert.equal((await get(mock, "/v2/users", { headers: bearer(value) })).status, 401);
  });
});

test("rotation through the API: create, both work, delete, the old one stops", async () => {
  const mock = mockAttention();
  const made = await get(mock, "/v2/api_keys", {
    method: "POST",
    body: JSON.stringify({ name: "next", orgLevel: true }),
  });
  const { value } = await made.json();
  assert.equal((await get(mock, "/v2/users")).status, 200);
  const keys = await (await get(mock, "/v2/api_keys", { headers: bearer(value) })).json();
  assert.deepEqual(
    keys.map(({ name }) => name),
    ["Default mock key", "Mock user key", "next"],
  );
  assert.ok(keys.every((key) => typeof key.value === "string"));
  const old = keys.find((key) => key.value === MOCK_API_KEY);
  assert.equal((await get(mock, `/v2/api_keys/${old.id}`, { method: "DELETE", headers: bearer(value) })).status, 204);
  assert.equal((await get(mock, "/v2/users")).status, 401);
  assert.equal((await get(mock, "/v2/users", { headers: bearer(value) })).status, 200);
});

describe("the rate limit", () => {
  test("counts each key apart and opens again after the window", async () => {
    let now = 1_000_000;
    const mock = mockAttention({ now: () => now, rate: { limit: 2, windowMs: 1500, headers: "ratelimit" } });
    const first = await get(mock, "/v2/users");
    assert.equal(first.headers.get("ratelimit"), '"default";r=1;t=2');
    assert.equal((await get(mock, "/v2/users")).status, 200);
    const refused = await get(mock, "/v2/users");
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "2");
    assert.equal((await get(mock, "/v2/users", { headers: bearer(MOCK_USER_API_KEY) })).status, 200);
    now += 1500;
    assert.equal((await get(mock, "/v2/users")).status, 200);
  });

  test("dates, other headers, none at all", async () => {
    const now = Date.UTC(2026, 10, 1);
    const rate = { limit: 0, windowMs: 5000 };
    const mock = mockAttention({ now: () => now });
    mock.setRate({ ...rate, retryAfter: "date", headers: "x-ratelimit" });
    const dated = await get(mock, "/v2/users");
    assert.equal(Date.parse(dated.headers.get("retry-after")), now + 5000);
    assert.equal(dated.headers.get("x-ratelimit-remaining"), "0");
    mock.setRate({ ...rate, retryAfter: "none" });
    assert.deepEqual([...(await get(mock, "/v2/users")).headers.keys()], ["content-type", "x-request-id"]);
    mock.setRate(null);
    assert.equal((await get(mock, "/v2/users")).status, 200);
  });
});

describe("conversations", () => {
  test("137 of them, in pages without overlap, the last without a next", async () => {
    const mock = mockAttention();
    const seen = new Set();
    let page = 1;
    for (let last = false; !last; page++) {
      const { data, links, meta } = await (await get(mock, `/v2/conversations/list?size=50&page=${page}`)).json();
      assert.equal(meta.totalRecords, 137);
      for (const { id } of data) seen.add(id);
      last = links.related === undefined;
    }
    assert.equal(page - 1, 3);
    assert.equal(seen.size, 137);
  });

  test("the same data in every mock", async () => {
    const texts = await Promise.all([1, 2].map(async () => (await get(mockAttention(), "/v2/conversations")).text()));
    assert.equal(texts[0], texts[1]);
  });

  for (const [query, holds] of [
    ["filter[title]=RENEWAL", ({ title }) => /renewal/i.test(title)],
    ["filter[hide_internal]=true", ({ isInternal }) => !isInternal],
    [
      "filter[owner.email]=bram.lanternwick@attention-mock.example,fenn.copperpot@attention-mock.example",
      ({ user }) => ["Bram", "Fenn"].includes(user.firstName),
    ],
    [
      "fromDateTime=2026-09-01T00:00:00Z&toDateTime=2026-09-15T00:00:00Z",
      ({ createdAt }) => createdAt.startsWith("2026-09") && createdAt < "2026-09-16",
    ],
  ]) {
    test(`filtered by ${query}`, async () => {
      const { data, meta } = await (await get(mockAttention(), `/v2/conversations/list?${query}`)).json();
      assert.ok(meta.totalRecords > 0 && meta.totalRecords < 137);
      assert.ok(data.every(({ attributes }) => holds(attributes)));
    });
  }

  test("bad queries and bodies are 400, unknown ones 404, other methods 405", async () => {
    const mock = mockAttention();
    const status = async (path, method = "GET", body) => (await get(mock, path, { method, body })).status;
    assert.equal(await status("/v2/conversations/list?size=51"), 400);
    assert.equal(await status("/v2/conversations/list?page=0"), 400);
    assert.equal(await status("/v2/conversations/list?fromDateTime=yesterday"), 400);
    assert.equal(await status("/v2/conversations/none"), 404);
    assert.equal(await status("/v2/nothing"), 404);
    assert.equal(await status("/v2/users", "PUT", "{}"), 405);
    assert.equal(await status("/v2/conversations/import", "POST", "{}"), 400);
    assert.equal(await status("/v2/conversations/import", "POST", "{"), 400);
    assert.equal(await status("/v2/conversations/import", "POST", "[]"), 400);
  });

  test("HEAD has the head of GET", async () => {
    const response = await get(mockAttention(), "/v2/users", { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
  });
});

test("ask_attention takes exactly one of conversations and deal", async () => {
  const mock = mockAttention();
  const [{ id, attributes }] = (await (await get(mock, "/v2/conversations/list?size=1")).json()).data;
  const ask = (body) =>
    get(mock, "/v2/ask_attention/v2", { method: "POST", body: JSON.stringify({ prompt: "?", ...body }) });
  assert.equal((await ask({ conversations_ids: [id], deal_id: "d" })).status, 400);
  assert.equal((await ask({})).ok, false);
  assert.deepEqual(
    (await (await ask({ deal_id: attributes.dealUUID })).json()).map((each) => each.conversation_id),
    [id],
  );
  const [good, bad] = await (await ask({ conversations_ids: [id, "none"], deal_id: "" })).json();
  assert.equal(good.error, "");
  assert.notEqual(bad.error, "");
});

test("the super agent answers at once, or 202 and later", async () => {
  let now = Date.UTC(2026, 10, 1);
  const mock = mockAttention({ now: () => now, superAgentMs: 20_000 });
  const call = async (path, init) => {
    const response = await get(mock, path, { headers: bearer(MOCK_USER_API_KEY), ...init });
    return { status: response.status, body: await response.json() };
  };
  const sent = await call("/v2/super-agent/messages", { method: "POST", body: JSON.stringify({ content: "Hello" }) });
  assert.equal(sent.status, 202);
  const path = `/v2/super-agent/sessions/${sent.body.session_id}/messages`;
  assert.deepEqual(
    (await call(path)).body.messages.map(({ role }) => role),
    ["user"],
  );
  now += 20_000;
  assert.deepEqual(
    (await call(path)).body.messages.map(({ role }) => role),
    ["user", "assistant"],
  );
});

test("a presigned upload takes the file and no key", async () => {
  const mock = mockAttention();
  const post = async (path, body = "{}") => (await get(mock, path, { method: "POST", body })).json();
  const { source_id, upload_url } = await post("/v2/knowledge-base/sources/upload");
  assert.equal(new URL(upload_url).host === new URL(API).host, false);
  const put = (headers) =>
    mock.fetch(upload_url, { method: "PUT", body: "# File", headers: { "content-type": "text/markdown", ...headers } });
  const confirm = `/v2/knowledge-base/sources/${source_id}/confirm-upload`;
  assert.equal((await get(mock, confirm, { method: "POST" })).status, 400);
  assert.equal((await put(bearer())).status, 400);
  assert.equal((await put()).status, 200);
  assert.equal((await post(confirm)).data.attributes.status, "indexing");
  const status = async () =>
    (await (await get(mock, `/v2/knowledge-base/sources/${source_id}`)).json()).data.attributes.status;
  assert.deepEqual([await status(), await status()], ["indexing", "indexed"]);
});

describe("recorded requests", () => {
  test("method, path, query, headers, body, status", async () => {
    const mock = mockAttention();
    await get(mock, "/v2/conversations/import?a=1&a=2", {
      method: "POST",
      body: '{"x":"é"}',
      headers: { ...bearer(), "X-Test": "yes" },
    });
    const { method, path, query, headers, body, bodyTruncated, status } = mock.requests[0];
    assert.deepEqual(
      { method, path, query, body, bodyTruncated, status },
      {
        method: "POST",
        path: "/v2/conversations/import",
        query: [
          ["a", "1"],
          ["a", "2"],
        ],
        body: '{"x":"é"}',
        bodyTruncated: false,
        status: 400,
      },
    );
    assert.deepEqual(
      headers.find(([name]) => name === "x-test"),
      ["x-test", "yes"],
    );
    assert.deepEqual(
      headers.find(([name]) => name === "authorization"),
      ["authorization", `Bearer ${MOCK_API_KEY}`],
    );
  });

  test("bodies and entries up to their bounds", async () => {
    const mock = mockAttention({ recordBodyBytes: 4, recordRequests: 2 });
    for (const body of ["one", "three", "eleven"]) await get(mock, "/v2/_mock/echo", { method: "POST", body });
    assert.deepEqual(
      mock.requests.map((each) => [each.body, each.bodyTruncated]),
      [
        ["thre", true],
        ["elev", true],
      ],
    );
    mock.clearRequests();
    assert.equal(mock.requests.length, 0);
  });

  test("reset makes everything new", async () => {
    const mock = mockAttention();
    mock.set({ status: 503 });
    mock.keys.revoke(MOCK_API_KEY);
    mock.reset();
    assert.equal((await get(mock, "/v2/users")).status, 200);
    assert.equal(mock.requests.length, 1);
  });
});

describe("faults by set", () => {
  test("a number of times, for matching calls only", async () => {
    const mock = mockAttention();
    mock.set({ only: { method: "get", path: "/v2/conv*" }, times: 2, status: 503, headers: [["retry-after", "1"]] });
    const status = async (path) => (await get(mock, path)).status;
    assert.deepEqual(
      [await status("/v2/users"), await status("/v2/conversations"), await status("/v2/conversations/list")],
      [200, 503, 503],
    );
    assert.equal(await status("/v2/conversations"), 200);
  });

  test("a network error rejects as fetch does", async () => {
    const mock = mockAttention();
    mock.set({ networkError: true, times: 1 });
    await assert.rejects(
      get(mock, "/v2/users"),
      (error) => error instanceof TypeError && error instanceof MockNetworkError,
    );
    assert.equal(mock.requests[0].status, null);
  });

  for (const [form, holds] of Object.entries({
    json: (text) => JSON.parse(text).error === "internal_server_error",
    errors: (text) => JSON.parse(text).errors[0].status === "500",
    text: (text) => !text.startsWith("{"),
    html: (text) => text.startsWith("<!doctype html>"),
    empty: (text) => text === "",
    broken: (text) => {
      try {
        JSON.parse(text);
      } catch {
        return true;
      }
      return false;
    },
    long: (text) => text.length > 1_000_000,
    leak: (text) => text.includes(MOCK_API_KEY),
  })) {
    test(`error body: ${form}`, async () => {
      const mock = mockAttention();
      mock.set({ status: 500, errorBody: form });
      const response = await get(mock, "/v2/users");
      assert.equal(response.status, 500);
      assert.ok(holds(await response.text()));
    });
  }
});

describe("faults by path", () => {
  const at = (path, init) => get(mockAttention(), `/v2/_mock/${path}`, init);

  test("they want a key", async () => assert.equal((await at("status/503", { headers: {} })).status, 401));

  test("status", async () => {
    for (const status of [204, 304, 403, 503, 599]) assert.equal((await at(`status/${status}`)).status, status);
  });

  test("slow, in front of a real path", async () => {
    const start = performance.now();
    const response = await at("slow/80/users");
    assert.ok(performance.now() - start >= 75);
    assert.equal((await response.json()).data.length, 12);
  });

  test("drip", async () => {
    const pieces = [];
    for await (const piece of (await at("drip/4/1")).body) pieces.push(piece.length);
    assert.deepEqual(pieces, [4, 4, 3]);
  });

  test("cut", async () => {
    let bytes = 0;
    await assert.rejects(async () => {
      for await (const piece of (await at("cut/1000/conversations")).body) bytes += piece.length;
    }, TypeError);
    assert.equal(bytes, 1000);
  });

  test("retry-after, alone and with a status", async () => {
    assert.deepEqual(
      [(await at("retry-after/7")).status, (await at("retry-after/7")).headers.get("retry-after")],
      [429, "7"],
    );
    const dated = await at("retry-after/in-60/status/503");
    assert.equal(dated.status, 503);
    assert.ok(Math.abs(Date.parse(dated.headers.get("retry-after")) - Date.now() - 60_000) < 3000);
    assert.equal((await at("retry-after/not%20soon")).headers.get("retry-after"), "not soon");
  });

  test("flaky: so many first calls of each path and query", async () => {
    const mock = mockAttention();
    const statuses = [];
    for (const id of ["a", "a", "b", "a"])
      statuses.push((await get(mock, `/v2/_mock/flaky/2/status/502?id=${id}`)).status);
    assert.deepEqual(statuses, [502, 502, 502, 200]);
  });

  test("echo, with the hash of a streamed body", async () => {
    const body = new Uint8Array(300_001).map((_, index) => index * 7);
    const stream = new ReadableStream({
      start(controller) {
        for (let from = 0; from < body.length; from += 1013) controller.enqueue(body.slice(from, from + 1013));
        controller.close();
      },
    });
    const echo = await (await at("echo", { method: "POST", body: stream, duplex: "half" })).json();
    assert.deepEqual(echo.body, { bytes: body.length, sha256: createHash("sha256").update(body).digest("hex") });
    assert.equal(echo.method, "POST");
  });

  test("echo: hashes at every border of a block", async () => {
    for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128]) {
      const body = "a".repeat(size);
      const echo = await (await at("echo", { method: "POST", body })).json();
      assert.equal(echo.body.sha256, createHash("sha256").update(body).digest("hex"), `${size} bytes`);
    }
  });

  test("huge is made as it is read", async () => {
    const response = await at("huge/1099511627776");
    assert.equal(response.headers.get("content-length"), "1099511627776");
    const reader = response.body.getReader();
    assert.ok((await reader.read()).value.every((byte) => byte === 0));
    await reader.cancel();
    assert.equal((await (await at("huge/70000")).arrayBuffer()).byteLength, 70_000);
    assert.equal((await (await at("huge/0")).arrayBuffer()).byteLength, 0);
  });

  test("sse", async () => {
    const response = await at("sse/2?ms=1");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.deepEqual(
      (await response.text())
        .split("\n\n")
        .slice(0, 2)
        .map((event) => event.split("\n")[2]),
      ['data: {"n":1}', 'data: {"n":2}'],
    );
  });

  test("early answers without the body", async () => {
    let pulled = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(65_536));
        },
      },
      { highWaterMark: 0 },
    );
    assert.equal((await at("early/status/413", { method: "POST", body, duplex: "half" })).status, 413);
    assert.ok(pulled <= 1);
  });

  test("the error of a wrong one shows its syntax", async () => {
    for (const path of ["slow/soon", "status/99", "status/503?body=jpeg", "cut/-1", "huge/1/users", "retry-after/%"]) {
      const response = await at(path);
      assert.equal(response.status, 404, path);
      assert.match((await response.json()).message, /^No such mock path: /);
    }
  });
});

describe("as a fetch", () => {
  test("redirects: followed, without the key to another origin, or not", async () => {
    const mock = mockAttention();
    const followed = await get(mock, "/v2/_mock/redirect/302?to=/v2/users");
    assert.deepEqual([followed.status, followed.redirected, followed.url], [200, true, `${API}/v2/users`]);
    const away = await get(mock, "/v2/_mock/redirect/307?to=https://evil.example/v2/users");
    assert.equal(away.status, 401);
    assert.equal(mock.requests.at(-1).refusal, "missing");
    assert.equal((await get(mock, "/v2/_mock/redirect/302", { redirect: "manual" })).status, 302);
    await assert.rejects(get(mock, "/v2/_mock/redirect/302", { redirect: "error" }), TypeError);
    await get(mock, "/v2/_mock/redirect/303?to=/v2/_mock/echo", { method: "POST", body: "x" });
    assert.equal(mock.requests.at(-1).method, "GET");
    const again = await get(mock, "/v2/_mock/redirect/308?to=/v2/_mock/echo", { method: "POST", body: "again" });
    assert.equal((await again.json()).body.bytes, 5);
  });

  test("abort before, during the wait, during the body", async () => {
    const mock = mockAttention();
    const reason = new Error("enough");
    await assert.rejects(get(mock, "/v2/users", { signal: AbortSignal.abort(reason) }), reason);
    const waiting = new AbortController();
    const slow = get(mock, "/v2/_mock/slow/60000", { signal: waiting.signal });
    setTimeout(() => waiting.abort(reason), 10);
    await assert.rejects(slow, reason);
    const reading = new AbortController();
    const response = await get(mock, "/v2/_mock/drip/1/20/users", { signal: reading.signal });
    const text = response.text();
    setTimeout(() => reading.abort(reason), 30);
    await assert.rejects(text, reason);
  });

  test("a Request is taken as well", async () => {
    const { status } = await mockAttention().fetch(new Request(`${API}/v2/users`, { headers: bearer() }));
    assert.equal(status, 200);
  });
});

describe("errors name invalid options", () => {
  for (const [options, message] of [
    [{ rates: {} }, /mockAttention: unknown option rates; the options are /],
    [{ conversations: -1 }, /mockAttention: conversations must be a whole number/],
    [{ now: 5 }, /mockAttention: now must be a function/],
    [{ rate: { limit: 1 } }, /mockAttention\.rate\.windowMs: missing/],
    [{ rate: { limit: 1, windowMs: 1, headers: "x" } }, /mockAttention\.rate: headers must be "none" or/],
    [{ keys: [{ level: "admin" }] }, /key: level must be "organization" or "user"/],
    [null, /mockAttention: expected an object/],
  ]) {
    test(String(message), () =>
      assert.throws(
        () => mockAttention(options),
        (error) => error instanceof TypeError && message.test(error.message),
      ),
    );
  }

  test("errors of set too, and of handle", async () => {
    const mock = mockAttention();
    assert.throws(() => mock.set({ statos: 500 }), /set: unknown option statos/);
    assert.throws(() => mock.set({ status: 100 }), /set: status must be a whole number from 200 to 599/);
    assert.throws(() => mock.set({ only: { verb: "GET" } }), /set\.only: unknown option verb/);
    assert.throws(() => mock.set({ drip: { bytes: 0, ms: 1 } }), /set\.drip: bytes must be/);
    assert.throws(() => mock.set({ drip: { bytes: 1 } }), /set\.drip\.ms: missing/);
    for (const header of [
      "retry-after",
      ["retry-after"],
      ["retry-after", 5],
      ["retry after", "5"],
      ["x", "1\n2"],
      ["x", "☃"],
    ])
      assert.throws(() => mock.set({ headers: [["x-fine", "1"], header] }), /^TypeError: set\.headers\[1\]: /);
    for (const given of [undefined, "https://api.example/v2/users", {}])
      await assert.rejects(mock.handle(given), /^TypeError: mockAttention: handle expects a Request/);
  });
});

test("every answer has a request id, as the entries of `requests` do", async () => {
  const mock = mockAttention({ rate: { limit: 3, windowMs: 60_000 } });
  const answers = [
    await get(mock, "/v2/users"),
    await get(mock, "/v2/nowhere"),
    await get(mock, "/v2/users", { headers: {} }),
    await get(mock, "/v2/_mock/status/503/users"),
    await get(mock, "/v2/users", { method: "HEAD" }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 401, 503, 429],
  );
  const ids = answers.map(({ headers }) => headers.get("x-request-id"));
  assert.deepEqual(ids, ["mock-1", "mock-2", "mock-3", "mock-4", "mock-5"]);
  assert.deepEqual(
    mock.requests.map(({ requestId }) => requestId),
    ids,
  );
  mock.set({ status: 500, headers: [["x-request-id", "one of the test's own"]] });
  mock.setRate(null);
  assert.equal((await get(mock, "/v2/users")).headers.get("x-request-id"), "one of the test's own");
});

test("an undocumented parameter is reported in the entry, once on the console, and as a 400 if the mock is strict", async (t) => {
  const told = [];
  t.mock.method(console, "warn", (text) => told.push(text));
  const loose = mockAttention();
  for (const query of [
    "filter[titel]=x&size=2&made-up=1",
    "filter[titel]=y",
    "filter[owner.email][]=a&filter[title]=x",
  ])
    assert.equal((await get(loose, `/v2/conversations/list?${query}`)).status, 200);
  assert.deepEqual(
    loose.requests.map(({ unknownParameters }) => unknownParameters),
    [["filter[titel]", "made-up"], ["filter[titel]"], []],
  );
  assert.equal(told.length, 1);
  assert.match(
    told[0],
    /GET \/conversations\/list: .* no parameter filter\[titel\], made-up; its parameters .*filter\[title\]/,
  );
  const strict = mockAttention({ strict: true });
  const refused = await get(strict, "/v2/conversations/list?filter[titel]=x");
  assert.equal(refused.status, 400);
  const { message } = await refused.json();
  assert.match(
    message,
    /the documentation of this operation has no parameter filter\[titel\]; its parameters are .*filter\[title\]/,
  );
  assert.equal((await get(strict, "/v2/teams?page=2")).status, 400);
  assert.equal((await get(strict, "/v2/conversations/list?filter[title]=x&page=1")).status, 200);
  // The mock's own guesses are not a caller's mistake.
  const { id } = strict.keys.create({ name: "old" });
  assert.equal((await get(strict, `/v2/api_keys?id=${id}`, { method: "DELETE" })).status, 204);
  assert.equal(told.length, 1);
  assert.throws(() => mockAttention({ strict: "yes" }), /mockAttention: strict must be true or false/);
});
