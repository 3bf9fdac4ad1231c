// Every snippet of the README runs unchanged, against the mock.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { packageFolder, project } from "../runtimes/packed.mjs";
import { startUpstream } from "../upstream/server.mjs";
import { attention, testing } from "./fixture.mjs";

const run = promisify(execFile);
const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;

const readme = await readFile(new URL("../../pkg/README.md", import.meta.url), "utf8");
const snippets = [...readme.matchAll(/^## (.*)$|^```js\n([\s\S]*?)^```$/gm)].reduce(
  ({ found, section }, [, title, code]) =>
    title ? { found, section: title } : { found: [...found, { section, code }], section },
  { found: [], section: "first call" },
).found;

/** Every mock has the same people. */
const client = new attention.Attention({ apiKey: MOCK_API_KEY, fetch: mockAttention().fetch });
const [{ uuid: ownerID }] = (await client.users.list()).data;

/** The reader's context: the client of the first snippet, and their own values. */
const MINE = `
  globalThis.callerToken = globalThis.newKey = globalThis.organizationKey = ${JSON.stringify(MOCK_API_KEY)};
  globalThis.revokedKey = "an-obviously-fake-key-that-was-revoked";
  globalThis.WEBHOOK_SECRET = "an-obviously-fake-webhook-secret";
  globalThis.work = (event) => event.reread();
  globalThis.recording = new Uint8Array(1000);
  globalThis.ownerID = ${JSON.stringify(ownerID)};
  globalThis.vault = { read: async () => newKey };
`;

/** A snippet with the import and the client of earlier ones, if it has none of its own. */
function whole(code) {
  const imports = code.includes('from "attention-wasm') ? "" : 'import { Attention } from "attention-wasm";\n';
  const client = code.includes("new Attention") ? "" : "const attention = new Attention();\n";
  return `${imports}${client}${code}`;
}

test("there are snippets", () => assert.ok(snippets.length >= 14, `${snippets.length}`));

for (const [index, { section, code }] of snippets.entries()) {
  test(`${section}, snippet ${index + 1}`, async (t) => {
    const mock = mockAttention();
    // The page's backend and the Worker are one server here.
    const handle = (request) =>
      request.url.endsWith("/api/attention-session")
        ? Response.json({ token: MOCK_API_KEY, expiresAt: Date.now() + 900_000 })
        : mock.handle(request);
    const upstream = await startUpstream({ mock: { handle } });
    const folder = await mkdtemp(join(await project(), "readme-"));
    t.after(async () => {
      await upstream.close();
      await rm(folder, { recursive: true });
    });
    const isCommonJs = code.includes("require(");
    await writeFile(
      join(folder, "mine.cjs"),
      `${MINE}globalThis.location = { origin: globalThis.WORKER = ${JSON.stringify(upstream.url)} };`,
    );
    const end = code.includes("export default") ? "" : "\nexport default {};\n";
    await writeFile(
      join(folder, isCommonJs ? "snippet.cjs" : "snippet.mjs"),
      isCommonJs ? code : `${whole(code)}${end}`,
    );
    await writeFile(
      join(folder, "run.mjs"),
      isCommonJs
        ? 'import "./mine.cjs"; import "./snippet.cjs";'
        : `
      import "./mine.cjs";
      const { default: worker } = await import("./snippet.mjs");
      const works = [];
      const body = JSON.stringify({ id: "00000000-0000-4000-8000-000000000000", attributes: {} });
      const headers = { "content-type": "application/json" };
      const request = new Request("https://worker.example/" + WEBHOOK_SECRET, { method: "POST", headers, body });
      const env = { ATTENTION_API_KEY: newKey, WEBHOOK_SECRET };
      if (worker.fetch) console.log((await worker.fetch(request, env, { waitUntil: (work) => works.push(work) })).status);
      await Promise.allSettled(works);
    `,
    );
    const env = { ...process.env, ATTENTION_API_KEY: MOCK_USER_API_KEY, ATTENTION_BASE_URL: `${upstream.url}/v2` };
    await run(process.execPath, [join(folder, "run.mjs")], { env, timeout: 30_000 });
    // The snippet about tests brings its own mock.
    assert.equal(mock.requests.length > 0, !code.includes("mockAttention"));
  });
}

/** The reader's own values, and the types of a Worker's handler. */
const TYPES = `
declare const WORKER: string, callerToken: string, newKey: string, organizationKey: string, revokedKey: string, ownerID: string;
declare const recording: Uint8Array<ArrayBuffer>;
declare const vault: { read(name: string): Promise<string> };
declare function work(event: unknown): Promise<void>;
interface Env { ATTENTION_API_KEY: string; WEBHOOK_SECRET: string }
interface Handler {
  fetch(request: Request, env: Env, context: { waitUntil(work: Promise<unknown>): void }): Promise<Response>;
}
`;

test("every module among the snippets compiles as strict TypeScript", async (t) => {
  const cwd = await mkdtemp(join(await project(), "strict-"));
  t.after(() => rm(cwd, { recursive: true }));
  await writeFile(join(cwd, "mine.d.ts"), TYPES);
  for (const [index, { code }] of snippets.filter(({ code }) => !code.includes("require(")).entries()) {
    const handler = whole(code).replace("export default {", "export const handler: Handler = {");
    await writeFile(join(cwd, `snippet-${index + 1}.ts`), `${handler}\nexport {};\n`);
  }
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: "es2022",
    module: "nodenext",
    types: ["node"],
    typeRoots: [fileURLToPath(new URL("../../node_modules/@types", import.meta.url))],
  };
  await writeFile(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const told = await run(process.execPath, [tsc, "--project", cwd]).catch(({ stdout, message }) => ({
    stdout: stdout || message,
  }));
  assert.equal(told.stdout, "");
});

test("files that the README links to are in the package", async () => {
  for (const [, path] of readme.matchAll(/\]\((\.\/[^)]+)\)/g)) await readFile(join(await packageFolder(), path));
});
