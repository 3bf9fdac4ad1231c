// A client at a module's top, in Workers of any age: its state outlives the requests, and the runtime drops a request
// whose visitor leaves, at any point, without a word. So places of calls that nobody can give back must not stay taken.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { workerdModules } from "./edge.mjs";

/** Every year's, and the days around which the runtime changed what matters here. */
const DATES = [
  "2023-01-01",
  "2023-05-18",
  "2023-11-01",
  "2024-01-01",
  "2024-09-23",
  // From here on a promise may be settled by another request.
  "2024-10-13",
  "2024-10-14",
  "2025-04-01",
  // FinalizationRegistry.
  "2025-05-04",
  "2025-05-05",
  "2026-01-01",
  "2026-11-01",
];

const KEY = "obviously-fake-key-of-the-tests-of-leaving";

const WORKER = `
import { Attention } from "./index.workerd.js";
let client;
export default {
  async fetch(request, { KEY, BASE, OPTIONS }) {
    const apiKey = OPTIONS.asked ? () => fetch(BASE + "/key").then((response) => response.text()) : KEY;
    client ??= new Attention({ apiKey, baseURL: BASE, ...OPTIONS.client });
    const { pathname, searchParams } = new URL(request.url);
    try {
      const { data, attempts } = await client.get(pathname, { query: searchParams }).withResponse();
      return Response.json({ data, attempts });
    } catch (error) {
      return Response.json({ name: error.name, code: error.code, message: error.message }, { status: 500 });
    }
  },
};
`;

const SETUPS = {
  narrow: { client: { maxConcurrency: 1, timeout: 2_000 } },
  asked: { asked: true, client: { maxConcurrency: 2, timeout: 2_000 } },
};

let upstream;
let workerd;
let answer = () => new Response("[]");

before(async () => {
  upstream = await startUpstream({ keepRecords: 100, handler: (request) => answer(request) });
  const modules = await workerdModules(WORKER);
  workerd = await startWorkerd({
    services: DATES.flatMap((date) =>
      Object.entries(SETUPS).map(([name, OPTIONS]) => ({
        name: `${name}-${date}`,
        modules,
        compatibilityDate: date,
        bindings: { KEY, BASE: `${upstream.url}/v2`, OPTIONS: { json: OPTIONS } },
      })),
    ),
    startMs: 60_000,
  });
});
after(async () => {
  await workerd?.close();
  await upstream?.close();
});

const ask = async (service, path = "/users") => {
  const response = await fetch(workerd.urls[service] + path);
  return { status: response.status, ...(await response.json()) };
};
const seen = {};

for (const date of DATES) {
  test(`${date}: a call, and six that wait for each other`, async () => {
    answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return Response.json([]);
    };
    for (const name of Object.keys(SETUPS)) {
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(`${name}-${date}`)));
      for (const { status, message } of answers) assert.equal(status, 200, `${name}: ${message}`);
    }
  });
}
