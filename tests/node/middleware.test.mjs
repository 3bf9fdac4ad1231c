// use(middleware): nested functions around a call, without its credential.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { inspect } from "node:util";
import { AT_ONCE, attention, FAKE_KEY, rejection, served } from "./fixture.mjs";

const { AbortedError, Attention, AttentionError, NotFoundError, RateLimitedError, TimeoutError } = attention;

test("several async middleware nest in order; their changes of headers are sent on every attempt", async (t) => {
  const order = [];
  const { client, upstream } = await served(t);
  for (const name of ["a", "b", "c"]) {
    client.use(async (request, next) => {
      await later(1);
      order.push(`${name} in ${request.headers.get("x-name")}`);
      request.headers.set("x-name", name);
      const response = await next();
      order.push(`${name} out ${response.status}`);
      return response;
    });
  }
  upstream.script([{ status: 503, headers: [AT_ONCE] }]);
  const { data, attempts } = await client.get("/things", { headers: { "x-name": "call" } }).withResponse();
  assert.deepEqual([data, attempts], [{ ok: true }, 2]);
  assert.deepEqual(order, ["a in call", "b in a", "c in b", "c out 200", "b out 200", "a out 200"]);
  assert.deepEqual(
    upstream.records.map((record) => [record.all("x-name"), record.all("authorization")]),
    Array(2).fill([["c"], [`Bearer ${FAKE_KEY}`]]),
  );
});

test("a request has everything of the call except its credential, which cannot be set or seen", async (t) => {
  let seen;
  const { client, upstream } = await served(t);
  client.use((request, next) => {
    seen = request;
    return next();
  });
  const { signal } = new AbortController();
  await client.conversations.update("0001-fake", { title: "x" }, { signal, query: { a: "b c" } });
  const { method, url, operation, pathTemplate, body, headers, callId } = seen;
  assert.deepEqual(
    [method, operation, pathTemplate, body],
    ["PUT", "conversations.update", "/conversations/{id}", '{"title":"x"}'],
  );
  assert.equal(decodeURIComponent(url.replaceAll("+", " ")), `${upstream.url}/v2/conversations/0001-fake?a=b c`);
  assert.equal(seen.signal, signal);
  assert.ok(callId.length > 5);
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("authorization"), null);
  assert.ok(!inspect(seen, { depth: 9, showHidden: true }).includes(FAKE_KEY));
  client.use((request, next) => {
    request.headers.set("authorization", "Bearer mine");
    return next();
  });
  await assert.rejects(client.get("/things"), /the client sets Authorization/);
  assert.equal(upstream.records.length, 1);
});

test("the URL of a request is the one that is sent, whatever path, query and base URL it is made of", async () => {
  const bases = ["https://api.example.test/v2", "https://api.example.test", "https://api.example.test:8443/a/b/"];
  const paths = ["/users", "users", "/users?", "/users?b=2", "/users?b=2&c", "/a%20b/c", "/conversations/x%20y?q=%3F"];
  const queries = [undefined, {}, { a: 1 }, { a: ["x y", "&?"], b: undefined }, new URLSearchParams(), [["b", "3"]]];
  for (const baseURL of bases) {
    for (const defaultQuery of [undefined, {}, { d: "e" }]) {
      const sent = [];
      const fetch = async (url) => Response.json(sent.push(url));
      const told = [];
      const client = new Attention({ apiKey: FAKE_KEY, baseURL, defaultQuery, fetch });
      client.use({ onRequest: ({ url }) => told.push(url) });
      client.use(({ url }, next) => {
        told.push(url);
        return next();
      });
      for (const path of [...paths, `${client.baseURL}/users`]) {
        for (const query of queries) {
          sent.length = told.length = 0;
          await client.get(path, { query });
          const what = `${baseURL} ${path} ${JSON.stringify(query)} ${JSON.stringify(defaultQuery)}`;
          assert.deepEqual(told, [sent[0], sent[0]], what);
          assert.equal(sent.length, 1, what);
        }
      }
    }
  }
});

test("method, headers and body of a request are those that are sent, of all kinds of calls", async () => {
  let sent;
  const fetch = async (_, { method, headers, body }) => {
    const { authorization, ...others } = headers;
    sent = { method, headers: others, body, isAuthorized: authorization === `Bearer ${FAKE_KEY}` };
    return Response.json([]);
  };
  const told = [];
  const note = ({ headers }) => told.push(Object.fromEntries(headers));
  const defaultHeaders = { "x-default": "a", "user-agent": null };
  const client = new Attention({ apiKey: FAKE_KEY, fetch, defaultHeaders, onRequest: note });
  let request;
  client.use((given, next) => {
    request = given;
    return next();
  });
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    for (const body of method === "GET"
      ? [undefined]
      : [undefined, { a: 1 }, "text", new Uint8Array(2), new URLSearchParams("a=b")]) {
      for (const headers of [undefined, { "x-own": "b" }, { "X-Default": null, "content-type": "text/x" }]) {
        for (const idempotencyKey of [undefined, "once"]) {
          await client.request(method, "/things", { body, headers, idempotencyKey });
          assert.deepEqual(Object.fromEntries(request.headers), sent.headers);
          assert.deepEqual(told.pop(), sent.headers);
          assert.deepEqual([request.method, request.body, sent.isAuthorized], [sent.method, sent.body, true]);
        }
      }
    }
  }
});

test("a call with the key in its URL is refused before a middleware sees it", async (t) => {
  const { client } = await served(t);
  client.use(() => assert.fail("it was shown"));
  for (const call of [
    () => client.get("/things", { query: { key: FAKE_KEY } }),
    () => client.get(`/things/${FAKE_KEY}`),
    () => client.get(`/things/${encodeURIComponent(FAKE_KEY).replace("k", "%6b")}`),
  ]) {
    const error = await rejection(call());
    assert.equal(error.code, "url_holds_secret", inspect(error));
  }
});

test("one may return its own response: nothing is sent, the key's state stays, and the response is read as usual", async (t) => {
  const ends = [];
  const { client, upstream } = await served(t, {
    onEnd: ({ outcome, attempt, status }) => ends.push([outcome, attempt, status]),
  });
  client.use(() => Response.json({ cached: true }));
  const { data, attempts } = await client.get("/things").withResponse();
  assert.deepEqual([data, attempts], [{ cached: true }, 0]);
  assert.equal(await (await client.get("/things").asResponse()).text(), '{"cached":true}');
  assert.equal(client.keys.keys[0].verdict, "untested");
  assert.equal(upstream.records.length, 0);
  assert.deepEqual(ends, Array(2).fill(["success", 0, 200]));
});

test("its own response with an error status is the call's error, in the class of its status", async (t) => {
  const { client } = await served(t);
  let answer;
  client.use(() => answer());
  answer = () => Response.json({ message: "mine" }, { status: 404, headers: { "x-request-id": "r-1" } });
  const missing = await rejection(client.get("/things"));
  assert.ok(
    missing instanceof NotFoundError && missing.requestId === "r-1" && missing.attempts === 0,
    inspect(missing),
  );
  answer = () => new Response("", { status: 429, headers: { "retry-after": "100" } });
  const limited = await rejection(client.get("/things"));
  assert.ok(limited instanceof RateLimitedError && limited.retryAfter === 100_000, inspect(limited));
  answer = () => new Response("", { status: 401 });
  const refused = await rejection(client.get("/things"));
  assert.deepEqual(
    [refused.kind, refused.diagnosis, client.keys.keys[0].verdict],
    ["unauthorized", undefined, "untested"],
  );
  // The middleware's own 429 delays nobody.
  answer = () => Response.json({});
  assert.deepEqual(await client.get("/things"), {});
});

test("one may change the response, replace an error, or call again", async (t) => {
  const { client, upstream } = await served(t);
  client.use(async (request, next) => {
    try {
      return Response.json({ changed: await (await next()).json() });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return request.method === "GET" ? next() : Response.json(null);
    }
  });
  assert.deepEqual(await client.get("/things"), { changed: { ok: true } });
  upstream.script([{ status: 404 }]);
  const { data, attempts } = await client.get("/things").withResponse();
  assert.deepEqual([data, attempts], [{ ok: true }, 2]);
  upstream.script([{ status: 404 }]);
  assert.equal(await client.delete("/things"), null);
  upstream.script([{ status: 404 }, { status: 403 }]);
  const error = await rejection(client.get("/things"));
  assert.deepEqual([error.kind, error.attempts], ["forbidden", 2]);
});

test("the call fails with its exception, and nothing leaks", async (t) => {
  const { client, upstream } = await served(t);
  const controller = new AbortController();
  let after = false;
  client.use(async (_, next) => {
    if (after) await next();
    throw new RangeError("of a middleware");
  });
  for (after of [false, true]) await assert.rejects(client.get("/things", { signal: controller.signal }), RangeError);
  assert.equal(upstream.records.length, 1);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("one that hangs ends with the call's timeout or signal; a call that times out itself says so", async (t) => {
  const { client, upstream } = await served(t, { timeout: 1000 });
  let where = "before";
  client.use(async (_, next) => {
    if (where === "before") return new Promise(() => {});
    const response = await next();
    if (where === "after") await new Promise(() => {});
    return response;
  });
  for (where of ["before", "after"]) {
    const error = await rejection(client.get("/things"));
    assert.ok(error instanceof TimeoutError && error.code === "middleware_timeout", inspect(error));
    assert.equal(error.attempts, where === "before" ? 0 : 1);
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 50);
    const gone = await rejection(client.get("/things", { signal: controller.signal }));
    assert.ok(gone instanceof AbortedError && gone.cause === "enough", inspect(gone));
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  }
  where = "nowhere";
  upstream.script([{ hang: true }]);
  const slow = await rejection(client.get("/things"));
  assert.deepEqual([slow.name, slow.code, slow.attempts], ["TimeoutError", "timeout", 1]);
});

test("a result that is not a Response, and one that was read, are named", async (t) => {
  const { client } = await served(t);
  let act;
  client.use((_, next) => act(next));
  for (const [given, says] of [
    [() => undefined, /a middleware returned undefined, not a Response: return the result of `next\(\)`/],
    [async (next) => void (await next()), /returned undefined/],
    [() => ({ data: 1 }), /returned an? \w+, not a Response/],
    [
      async (next) => {
        const response = await next();
        await response.json();
        return response;
      },
      /read the body of the response that it returned: read `response.clone\(\)`/,
    ],
  ]) {
    act = given;
    await assert.rejects(client.get("/things"), (error) => error instanceof TypeError && says.test(error.message));
  }
  act = async (next) => {
    const response = await next();
    assert.deepEqual(await response.clone().json(), { ok: true });
    return response;
  };
  assert.deepEqual(await client.get("/things"), { ok: true });
});

test("a stream is sent by one next() only, even if that failed; one that sent nothing does not count", async (t) => {
  const { client, upstream } = await served(t, { maxRetries: 0 });
  const body = () => new Blob(["once"]).stream();
  const again = async (_, next) => {
    await next().catch(() => {});
    return next();
  };
  upstream.script([{ status: 503 }]);
  for (const middleware of [again, (_, next) => Promise.all([next(), next()]).then(([first]) => first)]) {
    const before = upstream.records.length;
    const error = await rejection(client.withOptions({}).use(middleware).post("/things", { body: body() }));
    assert.ok(error instanceof TypeError, String(error));
    assert.match(error.message, /called `next\(\)` again, but the call's body is a stream/);
    assert.ok(upstream.records.length <= before + 1);
  }
  let isFirst = true;
  const provider = () => {
    if (!isFirst) return FAKE_KEY;
    isFirst = false;
    throw new Error("vault");
  };
  const patient = client.withOptions({ apiKey: provider }).use(async (_, next) => {
    await next().catch(({ code }) => assert.equal(code, "key_provider_failed"));
    await later(1000);
    return next();
  });
  assert.deepEqual(await patient.post("/things", { body: body() }), { ok: true });
  assert.equal(upstream.records.at(-1).body.text, "once");
});

test("hooks and middleware that call their own client without end fail by name; under a condition they may", async (t) => {
  const { client, upstream } = await served(t);
  for (const use of [
    (own) => own.use(async (_, next) => (await own.get("/again")) && next()),
    (own) => own.use({ onStart: () => own.get("/again") }),
    // After which a call is no longer synchronous.
    (own) => own.use({ onStart() {} }).use(async (_, next) => (await own.get("/again")) && next()),
    (own) => own.use({ onRequest: () => own.get("/again") }),
    (own) => own.use({ onRequest() {} }).use({ onRequest: async () => own.get("/again") }),
  ]) {
    const own = client.withOptions({});
    const error = await rejection(use(own).get("/things"));
    assert.ok(error instanceof TypeError, String(error));
    assert.match(error.message, /^a hook or a middleware of this client calls the client, which calls it again/);
  }
  assert.equal(upstream.records.length, 0);
  const layered = client.withOptions({});
  for (let layer = 0; layer < 90; layer++) layered.use((_, next) => next());
  layered.use(async ({ url }, next) => {
    if (!url.endsWith("/again")) assert.deepEqual(await layered.get("/again"), { ok: true });
    return next();
  });
  assert.deepEqual(await layered.get("/things"), { ok: true });
});

test("lists, helpers and later clients use it; earlier clients do not", async (t) => {
  const paths = [];
  const { client } = await served(t, {}, { handler: () => Response.json({ data: [], meta: { totalRecords: 0 } }) });
  const before = client.withOptions({});
  client.use((request, next) => {
    paths.push(request.pathTemplate);
    return next();
  });
  for await (const _ of client.conversations.list());
  await client.withOptions({ maxRetries: 0 }).users.list();
  await before.users.list();
  assert.deepEqual(paths, ["/conversations/list", "/users"]);
});

test("a middleware's errors are not confused with the API's", async (t) => {
  const { client } = await served(t);
  client.use(() => {
    throw new AttentionError({ kind: "config", code: "mine", message: "mine", attempts: 0 });
  });
  assert.equal((await rejection(client.get("/things"))).code, "mine");
});
