// Methods, queries, headers, bodies and responses, as the upstream receives them.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { AT_ONCE, FAKE_KEY, rejection, served } from "./fixture.mjs";

test("every verb sends its method and its path", async (t) => {
  const { upstream, client } = await served(t);
  for (const verb of ["get", "post", "put", "patch", "delete", "head"]) await client[verb]("/things/1");
  const lines = (await upstream.settled(6)).map(({ requestLine }) => requestLine);
  assert.deepEqual(
    lines,
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"].map((method) => `${method} /v2/things/1 HTTP/1.1`),
  );
});

test("the key is sent once, as Bearer, with nothing else that names it", async (t) => {
  const { upstream, client } = await served(t);
  await client.get("/things");
  const [record] = upstream.records;
  assert.deepEqual(record.all("authorization"), [`Bearer ${FAKE_KEY}`]);
  assert.equal(record.head.split(FAKE_KEY).length, 2);
  assert.deepEqual(record.all("accept"), ["application/json"]);
  assert.match(record.all("user-agent")[0], /^attention-wasm\/\d/);
});

test("queries: nested names, arrays, dates, nothing for null and undefined", async (t) => {
  const { upstream, client } = await served(t, { defaultQuery: { size: 5, lang: "en" } });
  const sent = async (query) => {
    upstream.clear();
    await client.get("/things", query === undefined ? undefined : { query });
    return upstream.records[0].target.split("?")[1];
  };
  assert.equal(await sent(undefined), "size=5&lang=en");
  assert.equal(
    await sent({
      filter: { title: "Q4 & more", "owner.id": ["a", "b"] },
      fromDateTime: new Date(Date.UTC(2026, 0, 2)),
      page: 1,
      hidden: false,
      none: null,
      missing: undefined,
      size: 10n,
    }),
    "lang=en&filter%5Btitle%5D=Q4+%26+more&filter%5Bowner.id%5D=a&filter%5Bowner.id%5D=b&fromDateTime=2026-01-02T00%3A00%3A00.000Z&page=1&hidden=false&size=10",
  );
  assert.equal(await sent(new URLSearchParams("size=1&a=%20")), "lang=en&size=1&a=+");
  assert.equal(
    await sent([
      ["a", 1],
      ["a", 2],
    ]),
    "size=5&lang=en&a=1&a=2",
  );
});

test("the error of an invalid query names the part", async (t) => {
  const { client } = await served(t);
  for (const [query, message] of [
    [{ page: NaN }, "query.page is NaN, which a query cannot contain"],
    [{ filter: { at: new Date(NaN) } }, "query.filter[at] is an invalid Date, which a query cannot contain"],
    [{ f: () => 1 }, "query.f is a function, which a query cannot contain"],
  ]) {
    const error = await rejection(client.get("/things", { query }));
    assert.ok(error instanceof TypeError);
    assert.equal(error.message, message);
  }
});

test("headers: defaults, a call's own, null removes one, Authorization is refused", async (t) => {
  const { upstream, client } = await served(t, { defaultHeaders: { "X-Team": "one", "X-Other": "1" } });
  await client.get("/things", { headers: { "x-team": "two", "X-Other": null, Accept: "text/plain" } });
  const [record] = upstream.records;
  assert.deepEqual([record.all("x-team"), record.all("x-other"), record.all("accept")], [["two"], [], ["text/plain"]]);
  for (const headers of [{ Authorization: "x" }, new Headers({ authorization: "x" }), [["AUTHORIZATION", "x"]]]) {
    const error = await rejection(client.get("/things", { headers }));
    assert.ok(error instanceof TypeError);
    assert.equal(error.message, "headers: the client sets Authorization; pass the key or token to its constructor");
  }
  assert.equal(upstream.records.length, 1);
});

test("bodies: JSON for objects and arrays, everything else unchanged", async (t) => {
  const { upstream, client } = await served(t);
  const form = new FormData();
  form.set("a", "b");
  const bytes = new Uint8Array([1, 2, 3]);
  for (const [body, type, text] of [
    [
      { a: [1, { b: null }], c: undefined, d: new Date(0) },
      /^application\/json$/,
      '{"a":[1,{"b":null}],"d":"1970-01-01T00:00:00.000Z"}',
    ],
    [[1, 2], /^application\/json$/, "[1,2]"],
    ["plain", /^text\/plain/, "plain"],
    [new URLSearchParams({ a: "b c" }), /^application\/x-www-form-urlencoded/, "a=b+c"],
    [form, /^multipart\/form-data; boundary=/, /name="a"\r\n\r\nb/],
    [new Blob(["blob"], { type: "text/markdown" }), /^text\/markdown$/, "blob"],
    [bytes.buffer, undefined, "\u0001\u0002\u0003"],
    [bytes.subarray(1), undefined, "\u0002\u0003"],
    [new Blob(["streamed"]).stream(), undefined, "streamed"],
    [Readable.from([Buffer.from("node "), Buffer.from("stream")]), undefined, "node stream"],
  ]) {
    upstream.clear();
    await client.post("/things", { body });
    const [record] = await upstream.settled(1);
    if (type === undefined) assert.deepEqual(record.all("content-type"), []);
    else assert.match(record.all("content-type")[0], type);
    if (text instanceof RegExp) assert.match(record.body.text, text);
    else assert.equal(record.body.text, text);
  }
});

test("the error of an invalid body names the part", async (t) => {
  const { upstream, client } = await served(t);
  const cyclic = { a: {} };
  cyclic.a.b = cyclic;
  for (const [body, message] of [
    [{ items: [1, 2, 3, { price: 5n }] }, "body.items[3].price is a BigInt, which JSON cannot contain"],
    [cyclic, "body.a.b is an object that contains it: a cycle, which JSON cannot contain"],
    [{ "odd name": () => 1 }, 'body["odd name"] is a function, which JSON cannot contain'],
    [{ tags: new Set([1]) }, "body.tags is a Set, which JSON cannot contain"],
    [[{ n: Infinity }], "body[0].n is Infinity, which JSON cannot contain"],
    [5n, /^body is a BigInt; expected an object or array/],
    [() => 1, /^body is a function; expected an object or array/],
  ]) {
    const error = await rejection(client.post("/things", { body }));
    assert.ok(error instanceof TypeError, String(error));
    if (message instanceof RegExp) assert.match(error.message, message);
    else assert.equal(error.message, message);
  }
  assert.equal(upstream.records.length, 0);
});

test("an idempotency key is sent but does not permit a retry of a POST; idempotent does", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ status: 500 }]);
  assert.equal((await rejection(client.post("/things", { body: { a: 1 } }))).attempts, 1);
  upstream.clear();
  upstream.script([{ status: 503, headers: [AT_ONCE] }]);
  const named = { body: { a: 1 }, idempotencyKey: "once-1" };
  assert.equal((await rejection(client.post("/things", named))).attempts, 1);
  upstream.script([{ status: 503, headers: [AT_ONCE] }]);
  await client.post("/things", { ...named, idempotent: true });
  assert.deepEqual(
    upstream.records.map((record) => [record.all("idempotency-key")[0], record.body.text]),
    Array(3).fill(["once-1", '{"a":1}']),
  );
});

test("results by content type", async (t) => {
  const { upstream, client } = await served(t);
  const answered = (entry) => {
    upstream.script([entry]);
    return client.get("/things");
  };
  assert.deepEqual(
    await answered({ headers: { "content-type": "application/vnd.api+json; charset=utf-8" }, body: '{"a":1}' }),
    { a: 1 },
  );
  assert.equal(await answered({ headers: { "content-type": "text/markdown" }, body: "# a" }), "# a");
  assert.equal(await answered({ status: 204 }), undefined);
  assert.equal(await answered({ headers: { "content-type": "application/json" }, body: "" }), undefined);
  const blob = await answered({ headers: { "content-type": "application/pdf" }, body: "%PDF" });
  assert.ok(blob instanceof Blob);
  assert.deepEqual([blob.type, await blob.text()], ["application/pdf", "%PDF"]);
});

test("asResponse leaves the body unread, withResponse returns both", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ headers: { "content-type": "application/json" }, body: '{"a":1}' }]);
  const response = await client.get("/things").asResponse();
  assert.ok(response instanceof Response && !response.bodyUsed);
  assert.equal(await response.text(), '{"a":1}');

  upstream.script([
    { status: 503, headers: [AT_ONCE] },
    { headers: { "content-type": "application/json", "x-request-id": "req-7" }, body: '{"a":2}' },
  ]);
  const {
    data,
    response: { status },
    requestId,
    attempts,
  } = await client.get("/things").withResponse();
  assert.deepEqual(
    { data, status, requestId, attempts },
    { data: { a: 2 }, status: 200, requestId: "req-7", attempts: 2 },
  );
});

test("a call is a promise", async (t) => {
  const { client } = await served(t);
  let ended = 0;
  const call = client.get("/things").finally(() => ended++);
  assert.deepEqual(await Promise.all([call, client.get("/things")]), [{ ok: true }, { ok: true }]);
  assert.equal(ended, 1);
  const last = client.get("/things");
  assert.equal(Object.prototype.toString.call(last), "[object APIPromise]");
  await last;
  assert.equal(await client.get("/../things").catch(({ code }) => code), "path_dot_segment");
});

test("paths that leave the base are refused, and nothing is sent", async (t) => {
  const { upstream, client } = await served(t);
  for (const path of ["//evil.example/x", "https://evil.example/x", "/a/../b", "/a/%2e%2e/b", "/a\\b", "/v2/things"]) {
    assert.equal((await rejection(client.get(path))).kind, "validation");
  }
  const error = await rejection(client.get(7));
  assert.equal(error.message, "GET: the path must be a string");
  assert.equal(upstream.records.length, 0);
});

test("a redirect is not followed", async (t) => {
  const { upstream, client } = await served(t);
  upstream.script([{ status: 302, headers: { location: "/v2/elsewhere" } }]);
  const error = await rejection(client.get("/things"));
  assert.deepEqual([error.kind, error.status, upstream.records.length], ["protocol", 302, 1]);
});

test("hooks see each attempt without credentials, and may add headers", async (t) => {
  const seen = [];
  const { upstream, client } = await served(t, {
    onRequest: ({ method, url, headers, attempt }) => {
      seen.push(`request ${attempt} ${method} ${new URL(url).pathname} ${headers.get("authorization")}`);
      headers.set("traceparent", `trace-${attempt}`);
    },
    onResponse: ({ status, attempt }) => seen.push(`response ${attempt} ${status}`),
    // `Retry-After: 0` does not permit hammering: the usual back-off of up to half a second applies.
    onRetry: ({ attempt, status, wait }) => seen.push(`retry ${attempt} ${status} ${wait >= 0 && wait <= 500}`),
  });
  upstream.script([{ status: 503, headers: [AT_ONCE] }]);
  await client.get("/things");
  assert.deepEqual(seen, [
    "request 1 GET /v2/things null",
    "response 1 503",
    "retry 1 503 true",
    "request 2 GET /v2/things null",
    "response 2 200",
  ]);
  assert.deepEqual(
    upstream.records.map((record) => [record.all("traceparent")[0], record.all("authorization")[0]]),
    [
      ["trace-1", `Bearer ${FAKE_KEY}`],
      ["trace-2", `Bearer ${FAKE_KEY}`],
    ],
  );
});

test("the call fails with the exception of a hook", async (t) => {
  for (const name of ["onRequest", "onResponse", "onRetry"]) {
    const { upstream, client } = await served(t, {
      [name]: () => {
        throw new RangeError(name);
      },
    });
    upstream.script([{ status: 503, headers: [AT_ONCE] }]);
    const error = await rejection(client.get("/things"));
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, name);
  }
});
