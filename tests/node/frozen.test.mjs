// Programs that freeze shared objects: by Node's own switch, SES's lockdown, and by hand. And how a process ends.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { project } from "../runtimes/packed.mjs";
import { tool } from "../runtimes/tools.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { FAKE_KEY } from "./fixture.mjs";

const run = promisify(execFile);

/**
 * Runs a module in the project; returns its exit code and output. A module that does not end is killed, and an error.
 */
async function module(source, { flags = [], url } = {}) {
  const env = { ...process.env, NO_COLOR: "1", ATTENTION_API_KEY: FAKE_KEY, ATTENTION_BASE_URL: url };
  const given = [...flags, "--input-type=module", "--eval", source];
  return run(process.execPath, given, { cwd: await project(), env, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, signal, stdout, stderr }) => ({ code: code ?? signal, stdout, stderr }),
  );
}

async function answering(t) {
  const upstream = await startUpstream();
  t.after(() => upstream.close());
  return upstream;
}

/** A short program that uses the package. */
const STORY = `
const { Attention, NotFoundError, UnauthorizedError } = await import("attention-wasm");
const { Attention: Jobs } = await import("attention-wasm/jobs");
const { mockAttention, MOCK_API_KEY, MOCK_NEXT_API_KEY } = await import("attention-wasm/testing");
const { receive } = await import("attention-wasm/webhooks");
const { inspect } = await import("node:util");
const mock = mockAttention({ conversations: 3 });
const told = [];
const hooks = { onStart: () => told.push("start"), onEnd: ({ outcome }) => told.push(outcome) };
const attention = new Jobs({ apiKey: async () => MOCK_API_KEY, fetch: mock.fetch, ...hooks });
attention.use(async (request, next) => {
  request.headers.set("x-team", "revenue");
  return next();
});
let count = 0;
for await (const _ of attention.conversations.list()) count++;
const missing = await attention.get("/no-such-thing", { headers: { "x-odd": "a" }, query: { a: [1, { toJSON: () => 2 }] } }).catch((error) => error);
await attention.labels.create({ name: "x" });
const refused = await new Attention({ apiKey: "an-obviously-fake-key-of-nobody", fetch: mock.fetch }).users.list().catch((error) => error);
const wrong = await attention.get("/x", { timeot: 5 }).catch((error) => error);
const real = await new Attention().get("/things");
inspect(missing);
structuredClone(missing.toJSON());
await receive(new Request("http://x.test", { method: "POST", body: "{}" }), { secret: "no" }).catch((error) => error);
console.log(JSON.stringify([count, missing instanceof NotFoundError, refused instanceof UnauthorizedError, refused.diagnosis !== undefined, wrong.name, real, told.includes("start"), told.includes("not_found")]));
`;
const TOLD = JSON.stringify([3, true, true, true, "TypeError", { ok: true }, true, true]);

/** All intrinsics that a program can freeze. */
const BY_HAND = `
const seen = new Set();
const freeze = (value) => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
  seen.add(value);
  const held = Object.values(Object.getOwnPropertyDescriptors(value)).flatMap(({ value, get, set }) => [value, get, set]);
  try {
    Object.freeze(value);
  } catch {}
  freeze(Object.getPrototypeOf(value));
  for (const each of held) freeze(each);
};
for (const name of ["Object", "Function", "Array", "String", "Number", "Boolean", "Symbol", "BigInt", "Error", "TypeError",
  "RangeError", "AggregateError", "Promise", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Date",
  "RegExp", "Math", "JSON", "Reflect", "Proxy", "ArrayBuffer", "Uint8Array", "DataView", "Iterator", "WebAssembly", "Headers",
  "Request", "Response", "URL", "URLSearchParams", "Blob", "FormData", "ReadableStream", "AbortController", "AbortSignal",
  "TextDecoder", "TextEncoder"])
  freeze(globalThis[name]);
`;

/** Its name until Node 23.5. */
const PERMISSION = ["--permission", "--experimental-permission"].find((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
);

/** Before the package is loaded, or while it is in use. */
const LOADED = `await import("attention-wasm"); await import("attention-wasm/testing");\n`;

const WAYS = {
  "node --frozen-intrinsics": { flags: ["--frozen-intrinsics"], before: "" },
  "Node's other locks: no eval, no __proto__, no access but to files": {
    flags: ["--disallow-code-generation-from-strings", "--disable-proto=throw", PERMISSION, "--allow-fs-read=*"],
    before: "",
  },
  "what the language gives, frozen by hand": { before: BY_HAND },
  "the same when the package is loaded already": { before: `${LOADED}${BY_HAND}` },
  // Node makes some of its own on first use, which is no longer possible.
  "globalThis frozen": {
    before:
      "for (const name of Object.getOwnPropertyNames(globalThis)) void globalThis[name];\nObject.freeze(globalThis);\n",
  },
  "no prototype may grow": {
    before: "for (const made of [Object, Function, Array, Error, Promise]) Object.preventExtensions(made.prototype);\n",
  },
};

for (const [way, { flags, before }] of Object.entries(WAYS)) {
  test(`${way}: all works`, async (t) => {
    const { url } = await answering(t);
    const { code, stdout, stderr } = await module(before + STORY, { flags, url: `${url}/v2` });
    assert.equal(stdout, `${TOLD}\n`, stderr);
    assert.equal(code, 0);
  });
}

test("SES's lockdown: all works", async (t) => {
  const { url } = await answering(t);
  const ses = pathToFileURL(join(await tool("ses"), "node_modules/ses/index.js"));
  const before = `await import(${JSON.stringify(ses)});\nlockdown({ consoleTaming: "unsafe", errorTaming: "unsafe" });\n`;
  const { code, stdout, stderr } = await module(before + STORY, { url: `${url}/v2` });
  assert.equal(stdout, `${TOLD}\n`, stderr);
  assert.equal(code, 0);
});

/** Programs that leave something open, and their output until they end by themselves. */
const ENDINGS = {
  "clients that nobody closes, with functions that give keys, used and unused": `
    new Attention();
    const attention = new Attention({ apiKey: () => ({ token: "${FAKE_KEY}", expiresAt: Date.now() + 3_600_000 }) });
    await attention.get("/things");
    await attention.refreshCredentials();
    console.log("done");`,
  "a call that begins when nothing else is left": `
    const attention = new Attention();
    process.once("beforeExit", async () => {
      await attention.get("/things");
      console.log("done");
    });`,
  "a signal that is never aborted": `
    const { signal } = new AbortController();
    await new Attention().get("/things", { signal, timeout: 500_000 });
    console.log("done");`,
  "a list that nobody reads to its end": `
    const { mockAttention, MOCK_API_KEY } = await import("attention-wasm/testing");
    const attention = new Attention({ apiKey: MOCK_API_KEY, fetch: mockAttention({ conversations: 50 }).fetch });
    for await (const _ of attention.conversations.list({ size: 5 })) break;
    console.log("done");`,
  "process.exit in a call, in a hook and in a function that gives a key": `
    process.on("exit", () => console.log("done"));
    new Attention({ onResponse: () => process.exit(0) }).get("/things");`,
  "a thread that is ended in the middle of a call, and one that ends itself": `
    const { Worker } = await import("node:worker_threads");
    const source = (path) => \`import("attention-wasm").then(async ({ Attention }) => {
      const { parentPort } = await import("node:worker_threads");
      const call = new Attention().get("\${path}");
      parentPort.postMessage("begun");
      parentPort.postMessage(await call);
    })\`;
    const ended = new Worker(source("/hang"), { eval: true });
    await new Promise((resolve) => ended.once("message", resolve));
    await ended.terminate();
    const whole = new Worker(source("/things"), { eval: true });
    const messages = [];
    whole.on("message", (message) => messages.push(message));
    await new Promise((resolve) => whole.once("exit", resolve));
    if (JSON.stringify(messages) !== '["begun",{"ok":true}]') throw new Error(JSON.stringify(messages));
    console.log("done");`,
};

test("the process ends by itself, and with nothing to say", async (t) => {
  const upstream = await startUpstream({
    handler: ({ url }) => (url.endsWith("/hang") ? new Promise(() => {}) : Response.json({ ok: true })),
  });
  t.after(() => upstream.close());
  const ends = Object.entries(ENDINGS).map(async ([name, source]) => {
    const imports = 'const { Attention } = await import("attention-wasm");\n';
    const { code, stdout, stderr } = await module(imports + source, { url: `${upstream.url}/v2` });
    assert.deepEqual([code, stdout, stderr], [0, "done\n", ""], name);
  });
  await Promise.all(ends);
});
