// Jest and Vitest in each of their environments, with the packed package as somebody's tests have it.
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { command, needs, newerNode, tool } from "./tools.mjs";

const LOAD = `
const { Attention, NotFoundError } = require("attention-wasm");
const { mockAttention, MOCK_API_KEY } = require("attention-wasm/testing");
`;

/** Of a test file that Jest runs. */
async function jest(t, source, { packages = [] } = {}) {
  const folder = await tool("jest");
  const cwd = await makeProject(t, { "app.test.js": source, "jest.config.json": "{}" }, { type: "commonjs" });
  for (const name of ["jest-environment-jsdom", "jest-fixed-jsdom", ...packages])
    await symlink(join(folder, "node_modules", name), join(cwd, "node_modules", name), "junction");
  const config = join(cwd, "jest.config.json");
  const { output } = await run(process.execPath, [await command("jest"), "--config", config, "--no-watchman"], { cwd });
  assert.match(output, /Tests: +\d+ passed, \d+ total/);
}
const environment = (name) => `/** @jest-environment ${name} */\n`;

test("Jest, Node: the mock, an error, a stubbed fetch, fake timers", (t) =>
  jest(
    t,
    `${environment("node")}${LOAD}
test("the mock", async () => {
  const mock = mockAttention({ conversations: 3 });
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  expect((await attention.conversations.list()).data).toHaveLength(3);
  await expect(attention.get("/no-such-thing")).rejects.toThrow(NotFoundError);
  await attention.labels.create({ name: "x" });
});
test("a stub", async () => {
  const stub = jest.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json([]));
  const attention = new Attention({ apiKey: MOCK_API_KEY });
  expect(await attention.get("/users")).toEqual([]);
  stub.mockResolvedValue(undefined);
  await expect(attention.get("/users")).rejects.toThrow("fetch returned undefined, not a Response");
  stub.mockRestore();
});
test("fake timers", async () => {
  jest.useFakeTimers();
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: async () => new Response(null, { status: 503 }) });
  const call = attention.get("/users").catch((error) => error);
  await jest.runAllTimersAsync();
  expect((await call).attempts).toBe(3);
  jest.useRealTimers();
});
test("bytes of another realm", async () => {
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: async (url, init) => new Response(init.body) });
  const buffer = Buffer.from("bytes");
  const sent = await attention.post("/x", { body: buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + 5) });
  expect(await sent.text()).toBe("bytes");
});
`,
  ));

test("Jest, jest-fetch-mock: answers, errors, retries", (t) =>
  jest(
    t,
    `${environment("node")}${LOAD}
const fetchMock = require("jest-fetch-mock");
test("it", async () => {
  fetchMock.enableMocks();
  const attention = new Attention({ apiKey: MOCK_API_KEY });
  fetchMock.mockResponses(["", { status: 503 }], [JSON.stringify({ by: "it" }), { headers: { "content-type": "application/json" } }]);
  expect(await attention.get("/users")).toEqual({ by: "it" });
  fetchMock.mockResponseOnce(JSON.stringify({ message: "says the mock" }), { status: 404 });
  await expect(attention.get("/users")).rejects.toThrow("says the mock");
  fetchMock.disableMocks();
});
`,
    { packages: ["jest-fetch-mock"] },
  ));

test("Jest, jsdom: the import works; a client says what the environment lacks", (t) =>
  jest(
    t,
    `${environment("jsdom")}
test("it", async () => {
  const { Attention, NotFoundError } = require("attention-wasm");
  expect(new Error() instanceof NotFoundError).toBe(false);
  expect(() => new Attention({ apiKey: "obviously-fake-key-of-jsdom" })).toThrow(/TextDecoder .*jest-fixed-jsdom/);
});
`,
  ));

test("Jest, jsdom with TextDecoder alone: JSON goes to a fetch of one's own, and a key is no key in a page", (t) =>
  jest(
    t,
    `${environment("jsdom")}
Object.assign(globalThis, { TextDecoder: require("node:util").TextDecoder, TextEncoder: require("node:util").TextEncoder });
test("it", async () => {
  const { Attention } = require("attention-wasm");
  const sent = [];
  const fetch = async (url, init) => {
    sent.push(init);
    return { status: 200, headers: { get: (name) => (name === "content-type" ? "application/json" : null) }, text: async () => "{}" };
  };
  const attention = new Attention({ apiKey: "obviously-fake-key-of-jsdom", fetch });
  expect(await attention.post("/labels", { body: { name: "x" } })).toEqual({});
  expect(sent[0].body).toBe('{"name":"x"}');
  const bare = new Attention({ apiKey: "obviously-fake-key-of-jsdom", maxRetries: 0 });
  await expect(bare.get("/users")).rejects.toThrow(/this runtime has no \`fetch\`/);
});
`,
  ));

test("Jest, jsdom with Node's globals (jest-fixed-jsdom): the mock", (t) =>
  jest(
    t,
    `${environment("jest-fixed-jsdom")}${LOAD}
test("it", async () => {
  const mock = mockAttention({ conversations: 3 });
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  expect((await attention.conversations.list()).data).toHaveLength(3);
});
`,
  ));

test("Jest, edge-runtime: CommonJS is there, and the mock answers", (t) =>
  jest(
    t,
    `${environment("@edge-runtime/jest-environment")}${LOAD}
test("it", async () => {
  const mock = mockAttention({ conversations: 3 });
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  expect((await attention.conversations.list()).data).toHaveLength(3);
});
`,
    { packages: ["@edge-runtime"] },
  ));

const VITEST = `
import { expect, test, vi } from "vitest";
import { Attention } from "attention-wasm";
import { mockAttention, MOCK_API_KEY } from "attention-wasm/testing";
test("the mock", async () => {
  const mock = mockAttention({ conversations: 3 });
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  expect((await attention.conversations.list()).data).toHaveLength(3);
});
test("vi.fn and vi.stubGlobal", async () => {
  const attention = new Attention({ apiKey: MOCK_API_KEY });
  const stub = vi.fn(async () => Response.json([]));
  vi.stubGlobal("fetch", stub);
  expect(await attention.get("/users")).toEqual([]);
  stub.mockResolvedValue({ ok: true, status: 200, json: async () => [] });
  await expect(attention.get("/users")).rejects.toThrow("fetch returned an Object, not a Response");
  vi.unstubAllGlobals();
});
test("fake timers: with a mock of one's own, and with this package's, which needs the clock to be advanced", async () => {
  vi.useFakeTimers();
  const mock = mockAttention({ conversations: 3 });
  const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mock.fetch });
  const advanced = attention.conversations.list();
  await vi.advanceTimersByTimeAsync(1000);
  expect((await advanced).data).toHaveLength(3);
  const run = attention.conversations.list();
  await vi.runAllTimersAsync();
  expect((await run).data).toHaveLength(3);
  const busy = new Attention({ apiKey: MOCK_API_KEY, fetch: async () => new Response(null, { status: 503 }) });
  const refused = busy.get("/users").catch((error) => error);
  await vi.runAllTimersAsync();
  expect((await refused).attempts).toBe(3);
  vi.useRealTimers();
});
`;

for (const environment of ["node", "jsdom", "happy-dom"]) {
  test(`Vitest, ${environment}: the mock, stubs, fake timers`, needs("node"), async (t) => {
    const cwd = await makeProject(t, {
      "app.test.js": VITEST,
      "vitest.config.js": `export default { test: { environment: "${environment}" } };`,
    });
    const folder = join(await tool("vitest"), "node_modules");
    for (const name of ["vitest", "vite", "jsdom", "happy-dom"])
      await symlink(join(folder, name), join(cwd, "node_modules", name), "junction");
    const { output } = await run(await newerNode(), [join(folder, "vitest/vitest.mjs"), "run"], { cwd });
    assert.match(output, /3 passed/);
  });
}
