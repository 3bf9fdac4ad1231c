// A client at the top of a module, in Workers of any compatibility date: its state outlives requests, and the runtime
// silently drops a request whose visitor leaves. Places of such calls must be recovered.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { random } from "../random.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { workerdModules } from "./edge.mjs";

/** One of every year, and those around relevant changes of the runtime. */
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
    const ask = () => fetch(BASE + "/key").then((response) => response.text());
    client ??= new Attention({ apiKey: OPTIONS.isAsked ? ask : KEY, baseURL: BASE, ...OPTIONS.client });
    const { pathname, searchParams } = new URL(request.url);
    try {
      if (pathname === "/refresh") return Response.json({ changed: await client.refreshCredentials() });
      const { data, attempts } = await client.get(pathname, { query: searchParams }).withResponse();
      return Response.json({ data, attempts });
    } catch (error) {
      return Response.json({ name: error.name, code: error.code, message: error.message }, { status: 500 });
    }
  },
};
`;

const SETUPS = {
  narrow: { client: { maxConcurrency: 1, timeout: 20_000 } },
  wide: { client: { maxConcurrency: 3, timeout: 20_000 } },
  asking: { isAsked: true, client: { maxConcurrency: 3, timeout: 30_000 } },
};

let upstream;
let workerd;
/** Answers that are held until the end. */
const held = [];
let keysAreHeld = true;

/** The path selects the server's behaviour, so that a visitor can choose it. */
async function handle(request) {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith("/key")) {
    await new Promise((resolve) => (keysAreHeld ? held.push(resolve) : setTimeout(resolve, 5)));
    return new Response(KEY);
  }
  if (pathname.endsWith("/silent")) await new Promise((resolve) => held.push(resolve));
  if (pathname.endsWith("/busy")) return new Response("busy", { status: 503, headers: { "retry-after": "5" } });
  if (pathname.endsWith("/limited")) return new Response("slower", { status: 429, headers: { "retry-after": "1" } });
  if (pathname.endsWith("/trickle")) {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("[")),
      pull: () => new Promise((resolve) => held.push(resolve)),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return Response.json([]);
}

before(async () => {
  upstream = await startUpstream({ keepRecords: 100, handler: handle });
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
  for (const release of held) release();
  await workerd?.close();
  await upstream?.close();
});

async function ask(service, path = "/users") {
  const response = await fetch(workerd.urls[service] + path);
  const text = await response.text();
  return { status: response.status, text };
}

async function assertAnswered(service, count) {
  const answers = await Promise.all(Array.from({ length: count }, () => ask(service)));
  for (const { status, text } of answers) assert.equal(status, 200, `${service}: ${text}\n${workerd.output}`);
}

/** A visitor who asks; ends by leaving. */
function visitor(service, path) {
  const socket = connect(workerd.ports[service], "127.0.0.1").on("error", () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: worker\r\n\r\n`);
  return () => socket.resetAndDestroy();
}

/** A visitor who leaves after this many milliseconds. */
async function visit(service, path, millis) {
  const leave = visitor(service, path);
  await new Promise((resolve) => setTimeout(resolve, millis));
  leave();
}

test("if a visitor leaves while the key is requested, the others are answered", async () => {
  const services = DATES.map((date) => `asking-${date}`);
  const visitors = services.map((service) => visitor(service, "/users"));
  while (held.length < services.length) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const leave of visitors) leave();
  keysAreHeld = false;
  await Promise.all(services.map((service) => assertAnswered(service, 3)));
});

test("refreshes of several requests at once, and one whose visitor leaves: all are answered", async () => {
  await Promise.all(
    DATES.map(async (date) => {
      const service = `asking-${date}`;
      const gone = visit(service, "/refresh", 4);
      const paths = ["/refresh", "/users", "/refresh", "/users", "/refresh", "/users"];
      for (const { status, text } of await Promise.all(paths.map((path) => ask(service, path))))
        assert.equal(status, 200, `${service}: ${text}\n${workerd.output}`);
      await gone;
    }),
  );
});

for (const date of DATES) {
  test(`${date}: a call, and twelve that wait for each other across requests`, async () => {
    await assertAnswered(`narrow-${date}`, 1);
    await Promise.all(Object.keys(SETUPS).map((name) => assertAnswered(`${name}-${date}`, 12)));
  });
}

test("visitors who leave at any point hold no resources: the others are answered", async () => {
  const next = random(20_260_101);
  const choose = (list) => list[Math.floor(next() * list.length)];
  const paths = ["/silent", "/busy", "/trickle", "/users", "/limited"];
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      DATES.flatMap((date) => Object.keys(SETUPS).map((name) => `${name}-${date}`)).map(async (service) => {
        // More of them than there are places, so that some leave while they are in line.
        const visits = Array.from({ length: 2 + Math.floor(next() * 6) }, () =>
          visit(service, choose(paths), Math.floor(next() * 60)),
        );
        await Promise.all(visits);
        await assertAnswered(service, 2);
      }),
    );
  }
});
