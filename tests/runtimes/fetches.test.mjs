// Other implementations of `fetch`, `FormData` and `Response`, and the mocks that people write, with the real packages.
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { needs, newerNode, tool } from "./tools.mjs";

const KEY = "obviously-fake-key-of-the-fetch-tests";
const PACKAGES = {
  fetches: [
    "cross-fetch",
    "form-data",
    "formdata-node",
    "jest-fetch-mock",
    "ky",
    "msw",
    "nock",
    "node-fetch",
    "node-fetch-2",
    "ofetch",
    "undici",
  ],
};

/** What the server answers; a form as it was read. */
async function handle(request) {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith("/missing")) return Response.json({ message: "not found, says the server" }, { status: 404 });
  if (pathname.endsWith("/slow")) await new Promise((resolve) => setTimeout(resolve, 20_000).unref());
  const type = request.headers.get("content-type") ?? "";
  if (type.startsWith("multipart/form-data")) {
    const read = [];
    for (const [name, value] of await request.formData())
      read.push([name, typeof value === "string" ? value : [value.name, value.type, await value.text()]]);
    return Response.json(read);
  }
  return Response.json({ method: request.method, type, body: await request.text() });
}

const HELP = `
import { Attention } from "attention-wasm";
const options = { apiKey: process.env.KEY, baseURL: process.env.BASE, maxRetries: 2 };
const failure = (promise) => promise.then((value) => ({ value }), (error) => ({
  name: error.name, code: error.code, message: error.message, status: error.status, attempts: error.attempts,
}));
const tell = (value) => console.log(JSON.stringify(value));
`;

async function told(t, source, program = process.execPath) {
  const flaky = new Set();
  const upstream = await startUpstream({
    handler: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/flaky") && flaky.size === 0) {
        flaky.add(pathname);
        return new Response("not now", { status: 503 });
      }
      return handle(request);
    },
  });
  t.after(() => upstream.close());
  // node-fetch 2 and its derivatives may keep the connection of an aborted request open, and so the process.
  const end = '\nprocess.stdout.write("", () => process.exit());\n';
  const cwd = await makeProject(t, { "app.mjs": HELP + source + end });
  for (const [name, packages] of Object.entries(PACKAGES)) {
    const folder = join(await tool(name), "node_modules");
    for (const dependency of packages)
      await symlink(join(folder, dependency), join(cwd, "node_modules", dependency), "junction");
  }
  const { stdout, output } = await run(program, ["app.mjs"], {
    cwd,
    env: { KEY, BASE: `${upstream.url}/v2` },
    timeoutMs: 30_000,
  });
  assert.ok(!output.includes(KEY), output);
  return {
    lines: stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    upstream,
    output,
  };
}

/** Each as an option `fetch`. */
const FETCHES = {
  "the runtime's": "const given = undefined;",
  undici: 'import { fetch as given } from "undici";',
  "node-fetch 3": 'import given from "node-fetch";',
  "node-fetch 2": 'import given from "node-fetch-2";',
  "cross-fetch": 'import { fetch as given } from "cross-fetch";',
  "ky, which throws for an error status": 'import ky from "ky"; const given = ky.create({ retry: 0 });',
  "ky that does not throw": 'import ky from "ky"; const given = ky.create({ retry: 0, throwHttpErrors: false });',
  "ofetch's raw": 'import { ofetch } from "ofetch"; const given = ofetch.native;',
  "one that wraps the global": "const given = (...args) => fetch(...args);",
};

for (const [name, made] of Object.entries(FETCHES)) {
  test(`${name}: answers, errors with the server's words, retries, signals`, async (t) => {
    const { lines } = await told(
      t,
      `${made}
const attention = new Attention({ ...options, fetch: given });
tell(await attention.get("/users", { query: { a: "é" } }));
tell(await attention.post("/labels", { body: { name: "é" } }));
tell(await attention.post("/labels", { body: new TextEncoder().encode("bytes") }));
tell(await failure(attention.get("/missing")));
const { attempts } = await attention.get("/flaky").withResponse();
tell(attempts);
tell(await failure(attention.get("/slow", { signal: AbortSignal.timeout(100) })));
`,
    );
    const [got, posted, bytes, missing, attempts, aborted] = lines;
    assert.equal(got.method, "GET");
    assert.deepEqual([posted.type, posted.body], ["application/json", '{"name":"é"}']);
    assert.equal(bytes.body, "bytes");
    assert.deepEqual([missing.name, missing.status, missing.attempts], ["NotFoundError", 404, 1]);
    // ky reads an error's body itself.
    if (!name.includes("which throws")) assert.match(missing.message, /says the server/);
    assert.equal(attempts, 2);
    assert.match(aborted.name, /Abort/);
  });
}

const FORM = [
  ["title", "é"],
  ["file", ["a.txt", "text/plain", "content"]],
];
const FILL =
  'form.append("title", "é"); form.append("file", new File(["content"], "a.txt", { type: "text/plain" }), "a.txt");';
const FORMS = {
  "the runtime's": `const form = new FormData(); ${FILL}`,
  "undici's": `import { FormData, File } from "undici"; const form = new FormData(); ${FILL}`,
  "formdata-node's": `import { FormData, File } from "formdata-node"; const form = new FormData(); ${FILL}`,
};
const PAIRS = [
  ...Object.keys(FORMS).map((form) => [form, "the runtime's"]),
  ["undici's", "undici"],
  ["formdata-node's", "node-fetch 3"],
  ["the runtime's", "node-fetch 3"],
];

for (const [form, fetch] of PAIRS) {
  test(`a FormData that is ${form}, and a fetch that is ${fetch}: all of it arrives`, async (t) => {
    const { lines } = await told(
      t,
      `${FORMS[form]}
${FETCHES[fetch]}
tell(await new Attention({ ...options, fetch: given }).post("/labels", { body: form }));
`,
    );
    assert.deepEqual(lines, [FORM]);
  });
}

test("a FormData of the package form-data is refused by its name, and nothing is sent", async (t) => {
  const { lines, upstream } = await told(
    t,
    `import Legacy from "form-data";
const form = new Legacy();
form.append("title", "x");
tell(await failure(new Attention(options).post("/labels", { body: form })));
`,
  );
  assert.equal(lines[0].name, "TypeError");
  assert.match(lines[0].message, /^body is a FormData of the package `form-data`/);
  assert.equal(upstream.records.length, 0);
});

test("a Blob, a Node stream and an ArrayBuffer of another realm arrive as they are", async (t) => {
  const { lines } = await told(
    t,
    `import { File } from "formdata-node";
import { runInNewContext } from "node:vm";
import { Readable } from "node:stream";
const attention = new Attention(options);
const post = async (body) => tell(await attention.post("/labels", { body }));
await post(new File(["content"], "a.txt", { type: "text/plain" }));
await post(runInNewContext("Uint8Array.of(98, 121).buffer"));
await post(Readable.from([Buffer.from("node")]));
`,
  );
  assert.deepEqual(
    lines.map(({ type, body }) => [type.split(";")[0], body]),
    [
      ["text/plain", "content"],
      ["", "by"],
      ["", "node"],
    ],
  );
});

const MOCKS = {
  undefined: ["async () => undefined", /^fetch returned undefined, not a Response/],
  null: ["async () => null", /^fetch returned null, not a Response/],
  "a text": ['async () => "[]"', /^fetch returned a string, not a Response/],
  "a plain object": [
    "async () => ({ ok: true, status: 200, json: async () => ({}) })",
    /^fetch returned an Object, not a Response; a mock may return Response\.json/,
  ],
  "the data itself": ["async () => ({ data: [] })", /^fetch returned an Object, not a Response/],
  "not a promise": ["() => undefined", /^fetch returned undefined/],
  "a Request": ["async (url) => new Request(url)", /^fetch returned a Request, not a Response/],
  // 200, to somebody who counts to 65,535.
  "a status that is none": [
    "async () => ({ status: 65736, headers: new Headers() })",
    /^fetch returned an Object, not a/,
  ],
  "an object as its text": [
    "async () => ({ status: 200, headers: new Headers({ 'content-type': 'application/json' }), text: async () => ({}) })",
    /^fetch returned a Response whose text\(\) is an Object; a mock may return Response\.json/,
  ],
};

for (const [name, [fetch, expected]] of Object.entries(MOCKS)) {
  test(`a mock that returns ${name} is told what to return, at once`, async (t) => {
    const { lines } = await told(
      t,
      `let calls = 0;
const mock = ${fetch};
const attention = new Attention({ ...options, fetch: (...args) => { calls++; return mock(...args); } });
tell(await failure(attention.get("/users")));
tell(await failure(attention.users.list()));
tell(calls);
`,
    );
    for (const { name: kind, message } of lines.slice(0, 2)) {
      assert.equal(kind, "TypeError");
      assert.match(message, expected);
    }
    assert.equal(lines[2], 2);
  });
}

test("a mock that returns one Response for all calls: the second is told to make a new one", async (t) => {
  const { lines } = await told(
    t,
    `const one = Response.json([]);
const attention = new Attention({ ...options, fetch: async () => one });
tell(await attention.get("/users"));
tell(await failure(attention.get("/users")));
`,
  );
  assert.deepEqual(lines[0], []);
  assert.equal(lines[1].name, "TypeError");
  assert.match(lines[1].message, /already read: a mock must make one for each call/);
});

test("MSW, undici's MockAgent and a stub that are installed after the client take effect", needs("node"), async (t) => {
  const { lines } = await told(
    t,
    `import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { MockAgent, setGlobalDispatcher } from "undici";
const attention = new Attention({ ...options, baseURL: "https://api.example/v2" });
const first = async () => tell((await attention.users.list()).by);

let tries = 0;
const server = setupServer(http.get("https://api.example/v2/users", () =>
  tries++ === 0 ? new HttpResponse(null, { status: 503 }) : HttpResponse.json({ by: "msw" })));
server.listen();
await first();
server.close();

const agent = new MockAgent();
agent.disableNetConnect();
agent.get("https://api.example").intercept({ path: "/v2/users" }).reply(503, "no");
agent.get("https://api.example").intercept({ path: "/v2/users" }).reply(200, { by: "MockAgent" }, {
  headers: { "content-type": "application/json" },
});
setGlobalDispatcher(agent);
await first();

const before = globalThis.fetch;
globalThis.fetch = async () => Response.json({ by: "stub" });
await first();
globalThis.fetch = before;
`,
    await newerNode(),
  );
  assert.deepEqual(lines, ["msw", "MockAgent", "stub"]);
});

test("nock takes effect if it is installed after the client", needs("node"), async (t) => {
  const { lines } = await told(
    t,
    `const attention = new Attention({ ...options, baseURL: "https://api.example/v2" });
const { default: nock } = await import("nock");
nock("https://api.example").get("/v2/users").reply(503).get("/v2/users").reply(200, { by: "nock" });
tell(await attention.users.list());
`,
    await newerNode(),
  );
  assert.deepEqual(lines, [{ by: "nock" }]);
});
