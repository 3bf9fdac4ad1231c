// An uncaught error, which Node prints with the line that threw it, must fit on a screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startApi } from "./api.mjs";
import { makeProject } from "./project.mjs";
import { start } from "./run.mjs";
import { needs, newerNode, node22 } from "./tools.mjs";

const MOST = 1_500;

const MISTAKES = {
  "no key": [
    { env: { ATTENTION_API_KEY: "" } },
    "await new Attention().users.list()",
    /no credential: set ATTENTION_API_KEY/,
  ],
  "an option that there is not": [
    {},
    "new Attention({ apikey: process.env.ATTENTION_API_KEY })",
    /unknown option apikey/,
  ],
  "an option that is wrong": [{}, "new Attention({ timeout: -1 })", /timeout must be/],
  "a key that is malformed": [{}, 'new Attention({ apiKey: "Bearer obviously-fake" })', /InvalidKeyError/],
  "a base URL that is none": [{}, 'new Attention({ baseURL: "nonsense" })', /base URL/],
  "a path that is none": [{}, 'await new Attention().get("nonsense")', /Path not found/],
  "a body that JSON cannot hold": [{}, "await new Attention().labels.create({ a: () => 1 })", /body\.a is a function/],
  "a 404": [{}, 'await new Attention().get("/no-such-thing")', /NotFoundError/],
  "a 404 of a call that nobody waits for": [
    {},
    'new Attention().get("/no-such-thing").then(() => {})',
    /NotFoundError/,
  ],
  "a server that is not there": [
    { env: { ATTENTION_BASE_URL: "http://127.0.0.1:1/v2" } },
    "await new Attention({ maxRetries: 0 }).users.list()",
    /ConnectionError/,
  ],
  "an error of the core": [
    {},
    'new (await import("attention-wasm/core")).Upstream(undefined, "Bearer x", undefined, false)',
    /InvalidKeyError/,
  ],
};

const ESM = (source) => `import { Attention } from "attention-wasm";\n${source};\n`;
const CJS = (source) => `const { Attention } = require("attention-wasm");\n(async () => {\n  ${source};\n})();\n`;

const NODES = [
  [`Node ${process.versions.node}`, () => process.execPath, {}],
  ["Node 22", node22, needs("node")],
  ["Node 24", newerNode, needs("node")],
];

for (const [name, program, options] of NODES) {
  test(`${name}: an uncaught error prints less than ${MOST} characters, and no key`, options, async (t) => {
    const { env, key } = await startApi(t);
    for (const [what, [more, source, expected]] of Object.entries(MISTAKES)) {
      for (const [file, text] of [
        ["app.mjs", ESM(source)],
        ["app.cjs", CJS(source)],
      ]) {
        const cwd = await makeProject(t, { [file]: text });
        const child = start(await program(), [file], { cwd, env: { ...env, ...more.env } });
        const code = await child.ended;
        const printed = child.output();
        assert.equal(code, 1, `${what}, ${file}: ${printed}`);
        assert.match(printed, expected, `${what}, ${file}`);
        // The runtime makes causes.
        const [own] = printed.split("[cause]", 1);
        assert.ok(own.length < MOST, `${what}, ${file}: ${own.length} characters\n${printed}`);
        assert.ok(printed.length < 3 * MOST, printed);
        assert.ok(!printed.includes(key), what);
      }
    }
  });
}

test("with --enable-source-maps the stack names our sources", async (t) => {
  const { env } = await startApi(t);
  for (const [file, text] of [
    ["app.mjs", ESM("new Attention({ timeout: -1 })")],
    ["app.cjs", CJS("new Attention({ timeout: -1 })")],
  ]) {
    const cwd = await makeProject(t, { [file]: text });
    const child = start(process.execPath, ["--enable-source-maps", file], { cwd, env });
    assert.equal(await child.ended, 1);
    assert.match(child.output(), /attention-wasm\/src\/client\.ts:\d+/);
    // The line itself, out of the map.
    assert.match(child.output(), /throw new TypeError\(`\$\{owner\}: \$\{name\} must be/);
  }
});
