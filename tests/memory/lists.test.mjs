// A walk through a list stores only three pages' marks: the memory after thousands of pages is the same as after the
// first few hundred, for each style of paging, with identifiers and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { attention, FAKE_KEY } from "../node/fixture.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const SIZE = 50;
const WARM_UP = 1500;
const PAGES = 4500;
/** In bytes. Storing three identifiers of each page would need more. */
const MOST = 400 * (PAGES - WARM_UP);

/** Operations of each style, and the page of a query. */
const STYLES = {
  "by number": {
    list: (client) => client.scorecards.list({ size: SIZE }),
    at: (query) => Number(query.get("page") ?? 1) - 1,
    answer: (data) => ({ data, meta: { totalRecords: SIZE * PAGES } }),
  },
  "by number, without a total": {
    list: (client) => client.scorecards.list({ size: SIZE }),
    at: (query) => Number(query.get("page") ?? 1) - 1,
    answer: (data) => ({ data }),
  },
  "by offset": {
    list: (client) => client.conversations.listWorkflowLogs({ limit: SIZE }),
    at: (query) => Number(query.get("offset") ?? 0) / SIZE,
    answer: (data) => ({ data }),
  },
  "by cursor": {
    list: (client) => client.actions.list(),
    at: (query) => Number(query.get("cursor") ?? 0),
    answer: (data, at) => ({ data, next_cursor: at + 1 < PAGES ? String(at + 1) : undefined }),
  },
};

for (const [style, { list, at, answer }] of Object.entries(STYLES)) {
  for (const hasIds of [true, false]) {
    test(`${style}, ${hasIds ? "with" : "without"} identifiers: ${PAGES} pages keep no more than ${WARM_UP}`, async () => {
      const client = new attention.Attention({
        apiKey: FAKE_KEY,
        fetch: async (url) => {
          const page = at(new URL(url).searchParams);
          const name = (index) => `${page}-${index}-${"x".repeat(100)}`;
          const data = Array.from({ length: page < PAGES ? SIZE : 0 }, (_, index) =>
            hasIds ? { id: name(index) } : { title: name(index) },
          );
          return Response.json(answer(data, page));
        },
      });
      let pages = 0;
      let before = 0;
      let after = 0;
      for await (const _ of list(client).pages()) {
        pages++;
        if (pages !== WARM_UP && pages !== PAGES) continue;
        // Finalizers run in a separate turn.
        for (let turns = 0; turns < 3; turns++) {
          await new Promise((resolve) => setImmediate(resolve));
          collect();
        }
        const { heapUsed } = process.memoryUsage();
        if (pages === PAGES) after = heapUsed;
        else before = heapUsed;
      }
      assert.ok(pages >= PAGES, `${pages} pages`);
      assert.ok(after - before < MOST, `${after - before} bytes more`);
      client.close();
    });
  }
}
