// Lists in every style of paging that the API has.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, FAKE_KEY, rejection, testing } from "../node/fixture.mjs";

const { Attention, AbortedError, ProtocolError, ServerError } = attention;
const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;

after(assertNoOpenCalls);

/** A client of a mock with this many conversations. */
function mocked(t, conversations, apiKey = MOCK_API_KEY) {
  const mock = mockAttention({ conversations });
  const client = new Attention({ apiKey, fetch: mock.fetch });
  t.after(() => client.close());
  return {
    mock,
    client,
    paths: () => mock.requests.map(({ path, query }) => `${path.slice("/v2".length)}?${new URLSearchParams(query)}`),
  };
}

/** A client whose server answers with these pages, one after the other. */
function scripted(t, ...pages) {
  const urls = [];
  const client = new Attention({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    fetch: async (url) => {
      urls.push(new URL(url).search);
      const page = pages.shift();
      return page instanceof Response ? page : Response.json(page);
    },
  });
  t.after(() => client.close());
  return { client, urls };
}

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

test("by page number", async (t) => {
  const { client, paths } = mocked(t, 137);
  const found = await all(client.conversations.list({ size: 50, filter: { hide_internal: false } }));
  assert.equal(new Set(found.map(({ id }) => id)).size, 137);
  assert.deepEqual(paths(), [
    "/conversations/list?size=50&filter%5Bhide_internal%5D=false",
    "/conversations/list?size=50&filter%5Bhide_internal%5D=false&page=2",
    "/conversations/list?size=50&filter%5Bhide_internal%5D=false&page=3",
  ]);
});

test("by page number, from another page on", async (t) => {
  const { client, paths } = mocked(t, 25);
  assert.equal((await all(client.conversations.list({ size: 10, page: 2 }))).length, 15);
  // Where it is in the whole is not known here: the empty page tells.
  assert.deepEqual(
    paths().map((path) => path.split("page=")[1]),
    ["2", "3", "4"],
  );
});

test("a list that ends with a full page costs no further call", async (t) => {
  const { client, paths } = mocked(t, 20);
  assert.equal((await all(client.conversations.list({ size: 10 }))).length, 20);
  assert.equal(paths().length, 2);
});

test("below a path of its own", async (t) => {
  const { client } = mocked(t, 5);
  const { uuid } = (await client.fieldConfigurations.list()).data[0];
  const items = await all(client.fieldConfigurations.listItems(uuid, { size: 1 }));
  assert.ok(items.length > 0);
  assert.deepEqual(items, (await client.fieldConfigurations.listItems(uuid)).data);
});

test("by offset, with either place of the total", async (t) => {
  const { client, urls } = scripted(
    t,
    { data: [1, 2], total: 5 },
    { data: [3, 4], total: 5 },
    { data: [5], total: 5 },
    { data: [1, 2], meta: { totalRecords: 3 } },
    { data: [3], meta: { totalRecords: 3 } },
  );
  assert.deepEqual(await all(client.conversations.listWorkflowLogs({ limit: 2 })), [1, 2, 3, 4, 5]);
  assert.deepEqual(await all(client.generalizedInsights.listHistory({ user_uuid: "u", limit: 2 })), [1, 2, 3]);
  assert.deepEqual(urls, [
    "?limit=2",
    "?limit=2&offset=2",
    "?limit=2&offset=4",
    "?user_uuid=u&limit=2",
    "?user_uuid=u&limit=2&offset=2",
  ]);
});

test("by offset against the mock", async (t) => {
  const { client } = mocked(t, 30);
  const whole = (await client.conversations.listWorkflowLogs({ limit: 1000 })).data;
  assert.ok(whole.length > 3);
  assert.deepEqual(await all(client.conversations.listWorkflowLogs({ limit: 3, offset: 1 })), whole.slice(1));
});

test("by cursor, with either spelling", async (t) => {
  const { client, urls } = scripted(
    t,
    { data: [1], next_cursor: "b" },
    { data: [], next_cursor: "c" },
    { data: [2] },
    { items: [1], nextCursor: "b&" },
    { items: [2], nextCursor: null },
  );
  assert.deepEqual(await all(client.actions.list({ size: 1 })), [1, 2]);
  assert.deepEqual(await all(client.recorderMetrics.listMeetings({ fromDateTime: "a", toDateTime: "b" })), [1, 2]);
  assert.deepEqual(
    urls.map((search) => new URLSearchParams(search).get("cursor")),
    [null, "b", "c", null, "b&"],
  );
});

test("by cursor against the mock", async (t) => {
  const { client } = mocked(t, 30);
  const between = { fromDateTime: new Date("2026-09-01"), toDateTime: new Date("2026-09-30") };
  const whole = await client.recorderMetrics.listMeetings({ ...between, size: 200 });
  assert.equal(whole.nextCursor, undefined);
  assert.deepEqual(await all(client.recorderMetrics.listMeetings({ ...between, size: 2 })), whole.items);
});

test("a cursor that leads to itself ends the list", async (t) => {
  const { client, urls } = scripted(t, { data: [1], next_cursor: "b" }, { data: [2], next_cursor: "b" });
  assert.deepEqual(await all(client.actions.list()), [1, 2]);
  assert.equal(urls.length, 2);
});

test("a list that is only cut off has one page", async (t) => {
  const { client, mock } = mocked(t, 1, MOCK_USER_API_KEY);
  await client.superAgent.send({ content: "one" });
  await client.superAgent.send({ content: "two" });
  mock.clearRequests();
  assert.equal((await all(client.superAgent.listSessions({ limit: 1 }))).length, 1);
  assert.equal(mock.requests.length, 1);
});

test("without a total, pages are requested until one is empty", async (t) => {
  const { client, urls } = scripted(t, { data: [1, 2] }, { data: [3] }, { data: [] });
  assert.deepEqual(await all(client.chats.list()), [1, 2, 3]);
  assert.deepEqual(urls, ["", "?page=2", "?page=3"]);
});

test("limit counts items and requests no unnecessary page", async (t) => {
  const { client, paths } = mocked(t, 137);
  for (const [limit, pages] of [
    [0, 0],
    [1, 1],
    [10, 1],
    [11, 2],
    [20, 2],
    [1000, 14],
  ]) {
    const before = paths().length;
    assert.equal((await all(client.conversations.list({ size: 10 }, { limit }))).length, Math.min(limit, 137));
    assert.equal(paths().length - before, pages, `limit ${limit}`);
  }
  for (const limit of [-1, 1.5, "5", NaN]) {
    assert.throws(() => client.conversations.list({}, { limit }), {
      name: "TypeError",
      message: "conversations.list: limit must be a whole number from 0",
    });
  }
});

test("pages() returns the responses", async (t) => {
  const { client } = mocked(t, 25);
  const pages = await all(client.conversations.list({ size: 10 }).pages());
  assert.deepEqual(
    pages.map(({ data, meta }) => [data.length, meta.pageNumber]),
    [
      [10, 1],
      [10, 2],
      [5, 3],
    ],
  );
  assert.equal((await all(client.conversations.list({ size: 10 }, { limit: 11 }).pages())).length, 2);
  const none = mocked(t, 0);
  assert.equal((await all(none.client.conversations.list().pages())).length, 1);
});

test("awaiting returns the first response, sent once, and iteration continues from it", async (t) => {
  const { client, mock } = mocked(t, 25);
  const list = client.conversations.list({ size: 10 });
  assert.equal(mock.requests.length, 0);
  assert.equal((await list).data.length, 10);
  const { data, response, attempts } = await list.withResponse();
  assert.deepEqual([data.meta.totalRecords, response.status, attempts], [25, 200, 1]);
  assert.equal((await all(list)).length, 25);
  assert.equal(mock.requests.length, 3);
  assert.equal((await (await client.conversations.list().asResponse()).json()).meta.totalRecords, 25);
});

test("a loop that is left early requests nothing more and leaves no timer", async (t) => {
  const { client, mock } = mocked(t, 137);
  const { signal } = new AbortController();
  for await (const item of client.conversations.list({ size: 10 }, { signal })) {
    assert.ok(item.id);
    break;
  }
  assert.equal(mock.requests.length, 1);
  assert.equal(getEventListeners(signal, "abort").length, 0);
  const iterator = client.conversations.list({ size: 10 }).pages()[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.return();
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  assert.equal(mock.requests.length, 2);
});

test("a signal aborts it between pages and within one", async (t) => {
  const { client, mock } = mocked(t, 137);
  for (const delayMs of [0, 5000]) {
    const controller = new AbortController();
    const had = [];
    const error = await rejection(
      (async () => {
        for await (const { id } of client.conversations.list({ size: 10 }, { signal: controller.signal })) {
          had.push(id);
          if (had.length === 10) {
            mock.set({ delayMs });
            if (delayMs === 0) controller.abort(new Error("enough"));
            else setTimeout(() => controller.abort(new Error("enough")), 20);
          }
        }
      })(),
    );
    assert.ok(error instanceof AbortedError && error.cause.message === "enough", String(error));
    assert.equal(had.length, 10);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    mock.set(null);
  }
});

test("an error follows after the items before it", async (t) => {
  const { client } = scripted(
    t,
    { data: [1, 2], meta: { totalRecords: 4 } },
    Response.json({ message: "no" }, { status: 500 }),
  );
  const had = [];
  const error = await rejection(
    (async () => {
      for await (const item of client.conversations.list()) had.push(item);
    })(),
  );
  assert.ok(error instanceof ServerError);
  assert.deepEqual(had, [1, 2]);
});

test("a response without the list does not count as an empty one", async (t) => {
  for (const page of [{ items: [] }, "text", null, { data: "no" }]) {
    const { client } = scripted(t, page);
    const error = await rejection(all(client.conversations.list()));
    assert.ok(error instanceof ProtocolError && error.code === "list_missing", String(error));
  }
});

test("an empty list may be null, or missing beside its total", async (t) => {
  for (const none of [{ data: null, meta: { totalRecords: 0 } }, { meta: { totalRecords: 0 } }]) {
    const { client, urls } = scripted(t, none);
    assert.deepEqual(await all(client.chats.list()), []);
    assert.equal(urls.length, 1);
    const second = scripted(t, { data: [1] }, { data: null });
    assert.deepEqual(await all(second.client.chats.list()), [1]);
  }
});

test("an invalid total, or one that only counts the page, does not end a list", async (t) => {
  for (const totals of [
    [null, null],
    ["2", "1"],
    [2, 1],
    [-1, -1],
    [1, 1],
  ]) {
    const { client, urls } = scripted(
      t,
      { data: [{ id: "a" }, { id: "b" }], meta: { totalRecords: totals[0] } },
      { data: [{ id: "c" }], meta: { totalRecords: totals[1] } },
      ...Array(3).fill({ data: [], meta: { totalRecords: totals[1] } }),
    );
    const found = await all(client.conversations.list());
    assert.deepEqual([...new Set(found.map(({ id }) => id))], ["a", "b", "c"], `${totals} ${urls}`);
  }
});

test("archiving items while reading a list skips none", async () => {
  const left = Array.from({ length: 47 }, (_, at) => ({ id: `c${at}` }));
  const archived = [];
  const client = new Attention({
    apiKey: FAKE_KEY,
    fetch: async (url, { method }) => {
      const { pathname, searchParams } = new URL(url);
      if (method === "DELETE") {
        const id = pathname.split("/").at(-1);
        left.splice(
          left.findIndex((each) => each.id === id),
          1,
        );
        archived.push(id);
        return new Response(null, { status: 204 });
      }
      const from = (Number(searchParams.get("page") ?? 1) - 1) * 10;
      return Response.json({ data: left.slice(from, from + 10), meta: { totalRecords: left.length } });
    },
  });
  for await (const { id } of client.conversations.list({ size: 10 })) await client.conversations.archive(id);
  assert.deepEqual([left.length, archived.length, new Set(archived).size], [0, 47, 47]);
  client.close();
});

test("a server that repeats the same page is an error if there are more items", async (t) => {
  const page = { data: [{ id: "a" }, { id: "b" }], meta: { totalRecords: 5 } };
  const { client } = scripted(t, ...Array(4).fill(page));
  const had = [];
  const error = await rejection(
    (async () => {
      for await (const { id } of client.conversations.list()) had.push(id);
    })(),
  );
  assert.ok(error instanceof ProtocolError && error.code === "list_repeats", String(error));
  assert.deepEqual(had, ["a", "b"]);
  // Where nothing tells of more, the list is taken to be whole: this server does not page.
  const whole = scripted(t, ...Array(4).fill({ data: [{ uuid: "a" }, { uuid: "b" }] }));
  assert.deepEqual(await all(whole.client.scorecards.list()), [{ uuid: "a" }, { uuid: "b" }]);
  // A page that could not hold more may have been cut off.
  const cut = scripted(t, ...Array(4).fill({ data: [{ uuid: "a" }, { uuid: "b" }] }));
  assert.equal((await rejection(all(cut.client.scorecards.list({ size: 2 })))).code, "list_repeats");
});

test("the 51st session is requested by a higher limit", async (t) => {
  const sessions = Array.from({ length: 60 }, (_, at) => ({ session_id: `s${at}` }));
  const asked = [];
  const client = new Attention({
    apiKey: FAKE_KEY,
    fetch: async (url) => {
      const limit = new URL(url).searchParams.get("limit");
      asked.push(limit);
      return Response.json({ sessions: sessions.slice(0, Number(limit ?? 50)) });
    },
  });
  t.after(() => client.close());
  assert.deepEqual(await all(client.superAgent.listSessions()), sessions);
  assert.equal((await all(client.superAgent.listSessions({ limit: 50 }))).length, 50);
  assert.equal((await all(client.superAgent.listSessions({}, { limit: 50 }))).length, 50);
  assert.deepEqual(asked, [null, "1000", "50", null]);
});

test("unpaged lists are iterable too, and a partial response is an error", async (t) => {
  const { client } = mocked(t, 3);
  for (const [list, length] of [
    [client.users.list(), (await client.users.list()).data.length],
    [client.teams.list(), (await client.teams.list()).data.length],
    [client.labels.list(), (await client.labels.list()).data.length],
    [client.apiKeys.list(), (await client.apiKeys.list()).length],
    [client.scim.listUsers(), (await client.scim.listUsers()).Resources.length],
  ]) {
    const found = await all(list);
    assert.ok(length > 0);
    assert.equal(found.length, length);
  }
  assert.equal((await all(client.users.list({}, { limit: 1 }))).length, 1);
  for (const part of [
    { data: [1], meta: { totalRecords: 2 } },
    { data: [1], total: 2 },
    { data: [1], next_cursor: "b" },
    { data: [1], links: { next: "/v2/labels?page=2" } },
    { data: [1], meta: { pageCount: 2 } },
  ]) {
    const { client, urls } = scripted(t, part);
    const had = [];
    const error = await rejection(
      (async () => {
        for await (const item of client.labels.list()) had.push(item);
      })(),
    );
    assert.ok(error instanceof ProtocolError && error.code === "list_cut", String(error));
    assert.deepEqual([had, urls.length], [[1], 1]);
  }
});

test("a failed page is requested again by the next use", async (t) => {
  const failing = () => Response.json({ message: "no" }, { status: 500 });
  const good = { data: [1, 2], meta: { totalRecords: 3 } };
  const { client, urls } = scripted(t, failing(), failing(), failing(), good, failing(), { data: [3] }, { data: [] });
  const list = client.chats.list();
  assert.ok((await rejection(all(list))) instanceof ServerError);
  assert.ok((await rejection(Promise.all([list, list]))) instanceof ServerError);
  assert.ok((await rejection(list.asResponse())) instanceof ServerError);
  assert.equal(urls.length, 3);
  assert.ok((await rejection(all(list))) instanceof ServerError);
  assert.deepEqual(await all(list), [1, 2, 3]);
  assert.deepEqual(urls.slice(3), ["", "?page=2", "?page=2", "?page=3"]);
});

test("a list can be used as a promise", async (t) => {
  const { client } = mocked(t, 3);
  const list = client.conversations.list();
  assert.equal(Object.prototype.toString.call(list), "[object Listing]");
  assert.equal((await list.then(({ data }) => data)).length, 3);
  assert.equal((await list.catch(() => {}).finally(() => {})).data.length, 3);
});
