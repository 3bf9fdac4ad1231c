// A developer of a page: `cargo xtask start` and examples/vite, by the README's commands, in Chromium; and the script
// of somebody who has no package at all.
import assert from "node:assert/strict";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startChromium } from "../browser/chromium.mjs";
import { tool } from "../runtimes/tools.mjs";
import { repo } from "./document.mjs";
import { draw, PICTURE } from "./picture.mjs";
import { Reader } from "./reader.mjs";

/** The documents fix the page's port, so only one run at a time can use it. */
const PAGE = "http://localhost:5173";

/** A writable copy of the package and the examples. */
async function clone(folder) {
  await mkdir(folder, { recursive: true });
  const ours = (path) => !/node_modules|\.tgz$|\/(target|build)(\/|$)/.test(path);
  await cp(join(repo, "package.json"), join(folder, "package.json"));
  for (const part of ["pkg", "examples/vite"])
    await cp(join(repo, part), join(folder, part), { recursive: true, filter: ours });
}

const PORT = { find: "cargo xtask start", put: "cargo xtask start --port 0", why: "tests run beside each other" };
const BUILT = { find: "cargo xtask build pkg\n", put: "", why: "the suite has built the package before" };

test("the README's page shows conversations in Chromium, by a session and without a lasting token", async (t) => {
  const vite = join(await tool("vite"), "node_modules/vite");
  const reader = await Reader.begin(t, {
    goesOn: /^(cargo xtask start|npm run dev)/,
    replacements: [
      PORT,
      BUILT,
      {
        find: /^npm install --no-save \.\.\/\.\.\/pkg.*$/,
        put: `mkdir -p node_modules/.bin
ln -s ../../../pkg node_modules/attention-wasm
ln -s ${vite} node_modules/vite
ln -s ../vite/bin/vite.js node_modules/.bin/vite`,
        why: "no network: both are on this machine",
      },
    ],
  });
  await clone(join(reader.folder, "attention-wasm"));
  const isStart = ({ text }) => text.startsWith("cargo xtask start");
  await reader.run(`cd ${repo}`);
  await reader.follow("README.md", "A page in the browser", isStart);
  const [, exports, token] = await reader.printed(/^ {2}(export WORKER=\S+ PROXY_TOKEN=(\S+))$/m);
  await reader.run(`${exports}\ncd ${join(reader.folder, "attention-wasm")}`);
  await reader.follow("README.md", "A page in the browser", (block) => !isStart(block));
  await reader.printed(/ready in/);

  const browser = await startChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const sent = [];
  page.on("request", (request) => sent.push(`${request.url()} ${JSON.stringify(request.headers())}`));
  const printed = [];
  page.on("pageerror", (error) => printed.push(error.stack));
  await page.goto(PAGE);
  await page
    .locator("li")
    .nth(4)
    .waitFor({ timeout: 60_000 })
    .catch(async (error) => {
      throw new Error(`${error.message}\n${await page.content()}\n${printed.join("\n")}\n${reader.output()}`);
    });
  assert.equal(await page.locator("li").count(), 5);
  assert.equal(await page.locator("[role=status]").textContent(), "");
  assert.ok(sent.some((each) => /\/v2\/conversations\/list.*Bearer s1\./.test(each)));
  for (const text of [...sent, await page.content()]) assert.ok(!text.includes(token));
});

/**
 * The origin of examples/browser-through-worker, by the option that its README names, and another by the environment.
 */
const ORIGINS = ["http://localhost:8080", "http://localhost:8081"];

test("the curl lines and origins that start prints work, and so does the script of getting-started.md", async (t) => {
  const [byOption, byEnvironment] = ORIGINS;
  const start = { ...PORT, put: `${PORT.put} --origin ${byOption}` };
  const reader = await Reader.begin(t, {
    env: { ATTENTION_ALLOWED_ORIGINS: byEnvironment },
    goesOn: /^cargo xtask start/,
    replacements: [start, { find: /^cargo xtask test.*$/, put: "", why: "this is one of its suites" }],
  });
  await reader.run(`cd ${repo}`);
  await reader.follow("README.md", "Two commands", ({ text }) => text.includes("start"));
  await reader.printed(/Ctrl-C stops it/);
  const lines = [...reader.output().matchAll(/^ {2}(curl .*)$/gm)].map(([, line]) => line);
  assert.equal(lines.length, 5);
  const answers = [];
  for (const line of lines)
    answers.push(await reader.run(line.replace("curl ", "curl --fail-with-body --silent --show-error ")));
  const [list, session, status, health, ready] = answers;
  assert.equal(JSON.parse(list).data.length, 3);
  assert.match(JSON.parse(session).token, /^s1\./);
  assert.match(status, /<h1>/);
  assert.ok(JSON.parse(health) && JSON.parse(ready));
  const allowed = async (origin) => {
    const told = await reader.run(lines[0].replace("curl ", `curl --silent --include -H 'Origin: ${origin}' `));
    return /^access-control-allow-origin: (\S+)/im.exec(told)?.[1];
  };
  for (const origin of [...ORIGINS, PAGE]) assert.equal(await allowed(origin), origin);
  assert.equal(await allowed("http://localhost:9999"), undefined);
  const [exports] = /^ {2}export WORKER=.*$/m.exec(reader.output());
  await reader.run(`${exports}\ncd ${reader.folder}`);
  const printed = await reader.follow(
    "docs/getting-started.md",
    "Other languages",
    ({ language }) => language !== "powershell",
  );
  assert.equal(printed.trim().split("\n").length, 3, printed);
});

test("the picture in the README is what its command draws: small, and without real keys", async () => {
  const { html, png } = await draw();
  const kept = await readFile(PICTURE);
  const size = (bytes) => [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  assert.deepEqual(size(kept), size(png));
  assert.ok(kept.length < 100_000, `${kept.length}`);
  // Fonts differ between machines but the content does not, so the text beside the picture is compared.
  const readme = await readFile(join(repo, "README.md"), "utf8");
  const [, alt] = /!\[([^\]]*)\]\(docs\/status\.png\)/.exec(readme);
  for (const heading of ["Keys", "Last failures", "Calls a minute"])
    assert.ok(html.includes(`<h2>${heading}`), heading);
  assert.match(alt, /verdict.*figures.*chart.*keys.*failures/);
});
