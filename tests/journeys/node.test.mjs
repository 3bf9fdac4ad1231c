// A developer of a Node service: the README's start, and docs/getting-started.md, on the packed package.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPackedMock } from "../runtimes/packed.mjs";
import { tool } from "../runtimes/tools.mjs";
import { repo } from "./document.mjs";
import { Reader } from "./reader.mjs";

let key;
let mock;
let upstream;
before(async () => {
  ({ key, mock, upstream } = await startPackedMock());
});
after(() => upstream?.close());

/** The folder of the repository, as far as the documents need one that can be written to. */
async function cloned(reader, ...parts) {
  for (const part of ["pkg", ...parts])
    await cp(join(repo, part), join(reader.folder, "attention-wasm", part), {
      recursive: true,
      filter: (path) => !/node_modules|\.tgz$/.test(path),
    });
  return join(reader.folder, "attention-wasm");
}

const BUILT = {
  find: "cargo xtask build pkg && ",
  put: "",
  why: "the suite has built the package before",
};
const OFFLINE = { find: "npm install ", put: "npm install --offline --no-audit --no-fund ", why: "no network" };

async function begin(t, replacements, goesOn) {
  const env = { ATTENTION_API_KEY: key, ATTENTION_BASE_URL: `${upstream.url}/v2` };
  const reader = await Reader.begin(t, { env, replacements, goesOn });
  await reader.run(`ATTENTION_WASM=${await cloned(reader)}`);
  return reader;
}

test("the README's start: three conversations from the packed package", async (t) => {
  const reader = await begin(t, [BUILT, OFFLINE]);
  const isPacking = ({ text }) => text.includes("npm pack");
  const start = (only) => reader.follow("README.md", "A server, in JavaScript", only);
  await reader.run('cd "$ATTENTION_WASM"');
  await start(isPacking);
  await reader.run("mkdir ../project && cd ../project");
  const printed = await start((block) => !isPacking(block));
  const lines = printed.trim().split("\n");
  assert.equal(lines.filter((line) => /^[0-9a-f-]{36} /.test(line)).length, 3, printed);
});

for (const [example, heading, printed] of [
  ["node-first-call", "The first call, from Node", /^(?:.+\n){3}$/m],
  ["rotate-a-key", "Rotate a key without a failed call", /\d+ calls, 0 failed\n$/],
]) {
  test(`examples/${example}: installed and run as its README says, before the package is published`, async (t) => {
    // One of them deletes its key.
    t.after(() => mock.reset());
    const given = { find: /^(ATTENTION_\w+=\S+ )+/, put: "", why: "the reader has them in the environment" };
    const reader = await begin(t, [BUILT, OFFLINE, given]);
    await reader.run(`cd ${join(await cloned(reader, `examples/${example}`), "examples", example)}`);
    const told = await reader.follow(`examples/${example}/README.md`, heading);
    assert.match(told, printed);
    assert.ok(!told.includes(key));
  });
}

test("every example of the package has one line that installs it", async () => {
  const lines = [];
  for (const { name } of await readdir(join(repo, "examples"), { withFileTypes: true })) {
    if (!existsSync(join(repo, "examples", name, "package.json"))) continue;
    const text = await readFile(join(repo, "examples", name, "README.md"), "utf8");
    lines.push([
      name,
      /npm install --no-save \.\.\/\.\.\/pkg .*once the package is published: npm install$/m.test(text),
    ]);
  }
  assert.ok(lines.length >= 7);
  assert.deepEqual(
    lines.filter(([, hasIt]) => !hasIt),
    [],
  );
});

test("getting-started.md: a service in strict TypeScript, with its tests", async (t) => {
  const typescript = join(await tool("typescript-5.9"), "node_modules/typescript");
  const links = {
    find: /^npm install .*--save-dev typescript @types\/node$/,
    put: [
      "mkdir -p node_modules/@types",
      `ln -s ${join(repo, "node_modules/@types/node")} node_modules/@types/node`,
      `ln -s ${typescript} node_modules/typescript`,
      "ln -s ../typescript/bin/tsc node_modules/.bin/tsc",
    ].join("\n"),
    why: "no network: both are on this machine",
  };
  const reader = await begin(t, [OFFLINE, links], /^node build\/main\.js/);
  await reader.run('(cd "$ATTENTION_WASM/pkg" && npm pack --silent); export PORT=0');
  const printed = await reader.follow("docs/getting-started.md", "A Node service, in TypeScript");
  assert.match(printed, /pass 3\n/);
  assert.match(printed, /fail 0\n/);
  const [, port] = await reader.printed(/port: (\d+)/);
  const url = `http://localhost:${port}`;
  const answer = await fetch(`${url}/?size=2`);
  assert.deepEqual([answer.status, (await answer.json()).length], [200, 2]);
  assert.equal((await fetch(`${url}/?size=many`)).status, 400);
  assert.ok(!reader.output().includes(key));
});
