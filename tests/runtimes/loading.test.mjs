// Compilation of the wasm, and the errors where it fails: old browsers, runtimes without WebAssembly, bundlers that
// replace the file.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { packageFolder } from "./packed.mjs";
import { makeProject } from "./project.mjs";
import { run, start } from "./run.mjs";
import { tool } from "./tools.mjs";

const KEY = "obviously-fake-key-of-the-loading-tests";

/** The JSON output of a module in Node. */
async function printed(t, source) {
  const cwd = await makeProject(t, { "app.mjs": source });
  const { stdout, output } = await run(process.execPath, ["app.mjs"], { cwd, env: { KEY } });
  assert.ok(!output.includes(KEY), output);
  return JSON.parse(stdout);
}

const LOAD = `
const { Attention, NotFoundError, ConfigError } = await import("attention-wasm");
const fetch = async () => Response.json([]);
const make = (options) => new Attention({ apiKey: process.env.KEY, fetch, ...options });
const failure = (act) => Promise.resolve().then(act).then((value) => ({ value }), ({ name, code, message }) => ({ name, code, message }));
const tell = (value) => console.log(JSON.stringify(value));
`;

/** The limit of Chromium before 115 on the main thread. */
const LIMITED = `
let compiled = 0;
const { instantiate } = WebAssembly;
const limit = () => { throw new RangeError("WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than 4KB."); };
WebAssembly.Module = class { constructor() { limit(); } };
WebAssembly.Instance = class { constructor() { limit(); } };
WebAssembly.instantiate = async (...given) => { compiled++; await null; return instantiate.apply(WebAssembly, given); };
`;

test("with a limit on synchronous compilation, the first calls wait for one compilation", async (t) => {
  const told = await printed(
    t,
    `${LIMITED}${LOAD}
const attention = make();
const before = [String(attention), attention.baseURL, attention.keys.keys.length, JSON.stringify(attention)];
const refused = await failure(() => new Attention({ apiKey: "Bearer x", fetch }).get("/users"));
const [one, two, three] = await Promise.all([attention.get("/users"), attention.users.list(), attention.withOptions({ timeout: 1000 }).get("/users")]);
const last = await failure(() => new Attention({ apiKey: "Bearer x", fetch }));
const other = make();
other.close();
tell({ before, refused, answers: [one, two, three], compiled, after: attention.keys.keys.length, last });
`,
  );
  assert.deepEqual(told.before.slice(0, 3), ["Attention()", "", 0]);
  assert.equal(told.refused.code, "key_has_scheme");
  assert.deepEqual(told.answers, [[], [], []]);
  assert.equal(told.compiled, 1);
  assert.equal(told.after, 1);
  assert.equal(told.last.code, "key_has_scheme");
});

test("if the compilation fails, each call says so, and the next tries again", async (t) => {
  const told = await printed(
    t,
    `${LIMITED}${LOAD}
const works = WebAssembly.instantiate;
WebAssembly.instantiate = async () => { throw new WebAssembly.CompileError("no"); };
const attention = make();
const first = await Promise.all([failure(() => attention.get("/users")), failure(() => attention.get("/users"))]);
WebAssembly.instantiate = works;
tell({ first, second: await failure(() => attention.get("/users")) });
`,
  );
  for (const { name, code } of told.first) assert.deepEqual([name, code], ["ConfigError", "wasm_refused"]);
  assert.deepEqual(told.second, { value: [] });
});

const REFUSALS = {
  "no WebAssembly": [
    "delete globalThis.WebAssembly;",
    "wasm_missing",
    /React Native's Hermes.*make the call on a server/,
  ],
  "no WebAssembly and other globals, as in React Native": [
    'for (const name of ["WebAssembly", "TextDecoder", "DOMException"]) delete globalThis[name];',
    "wasm_missing",
    /React Native's Hermes.*make the call on a server/,
  ],
  "a policy that forbids it": [
    'WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError("by policy"); } };',
    "wasm_refused",
    /Content-Security-Policy.*by policy/,
  ],
  "no TextDecoder": ["delete globalThis.TextDecoder;", "globals_missing", /this runtime lacks TextDecoder/],
  "neither TextDecoder nor TextEncoder": [
    "delete globalThis.TextDecoder; delete globalThis.TextEncoder;",
    "globals_missing",
    /lacks TextDecoder and TextEncoder/,
  ],
};

for (const [what, [before, code, message]] of Object.entries(REFUSALS)) {
  test(`${what}: the import works, and the first client says what to do`, async (t) => {
    const told = await printed(
      t,
      `${before}${LOAD}
tell({ imported: new Error() instanceof NotFoundError, failed: await failure(() => make()), again: await failure(() => make()) });
`,
    );
    assert.equal(told.imported, false);
    for (const failed of [told.failed, told.again]) {
      assert.deepEqual([failed.name, failed.code], ["ConfigError", code]);
      assert.match(failed.message, message);
    }
  });
}

const esbuild = fileURLToPath(new URL("../bin/esbuild", import.meta.resolve("esbuild")));

for (const loader of ["text", "dataurl", "file", "empty"]) {
  test(`an edge bundle whose bundler makes of attention.wasm what its loader ${loader} does: named`, async (t) => {
    const cwd = await makeProject(t, { "app.mjs": `${LOAD}tell(await failure(() => make()));` });
    await run(
      esbuild,
      ["app.mjs", "--bundle", "--format=esm", "--conditions=workerd", "--outfile=out.mjs", `--loader:.wasm=${loader}`],
      { cwd },
    );
    const { stdout } = await run(process.execPath, ["out.mjs"], { cwd, env: { KEY } });
    const { name, code, message } = JSON.parse(stdout);
    assert.deepEqual([name, code], ["ConfigError", "wasm_not_a_module"]);
    assert.match(message, /keep the import of that file as it is/);
  });
}

const slow = process.env.ATTENTION_SLOW === "1" ? {} : { skip: "two browsers of 56 MB; ATTENTION_SLOW=1 runs it" };
const isLinux = process.platform === "linux" && process.arch === "x64";

for (const version of ["110", "114"]) {
  test(
    `Chromium ${version}, which compiles in the background (56 MB; ATTENTION_SLOW=1 runs it)`,
    isLinux ? slow : { skip: "for Linux only" },
    async (t) => {
      const packed = join(await tool(`chromium-${version}`), "node_modules/@sparticuz/chromium/bin/chromium.br");
      const cwd = await mkdtemp(join(tmpdir(), "attention-chromium-"));
      const program = join(cwd, "chromium");
      await writeFile(program, await promisify(brotliDecompress)(await readFile(packed)));
      await chmod(program, 0o755);
      let say;
      const said = new Promise((resolve) => {
        say = resolve;
      });
      const dist = join(await packageFolder(), "dist");
      const server = createServer(async (request, response) => {
        const [, file] = /^\/attention\/([\w.-]+)$/.exec(request.url) ?? [];
        const body = [];
        for await (const part of request) body.push(part);
        if (request.url === "/said") say(JSON.parse(Buffer.concat(body).toString()));
        const type = file ? "text/javascript" : request.url.startsWith("/v2/") ? "application/json" : "text/html";
        response.setHeader("content-type", type);
        response.end(file ? await readFile(join(dist, file)) : request.url.startsWith("/v2/") ? "[]" : OLD_PAGE);
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = `http://127.0.0.1:${server.address().port}/`;
      const flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--single-process",
        "--no-zygote",
        "--disable-dev-shm-usage",
      ];
      const browser = start(
        program,
        [...flags, `--user-data-dir=${join(cwd, "data")}`, "--remote-debugging-port=0", address],
        { cwd },
      );
      t.after(async () => {
        browser.kill("SIGKILL");
        await browser.ended;
        server.closeAllConnections();
        server.close();
        await rm(cwd, { recursive: true, force: true, maxRetries: 5 });
      });
      const { userAgent, ...told } = await said;
      assert.match(userAgent, new RegExp(`Chrome/${version}\\.`));
      assert.deepEqual(told, { isAtOnce: false, answers: [[], []] });
    },
  );
}

const OLD_PAGE = `<!doctype html><script type="module">
import { Attention } from "/attention/index.js";
const say = (said) => fetch("/said", { method: "POST", body: JSON.stringify({ userAgent: navigator.userAgent, ...said }) });
try {
  const attention = new Attention({ token: "obviously-fake-token-of-an-old-page", baseURL: "/v2" });
  const isAtOnce = attention.keys.keys.length > 0;
  say({ isAtOnce, answers: await Promise.all([attention.get("/users"), attention.users.list()]) });
} catch (error) {
  say({ error: String(error.stack) });
}
</script>`;
