// An operator, from nothing: the README's start, then docs/deploying.md step by step, with `wrangler dev` in the place
// of Cloudflare.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { installed, QUIET } from "../deploy/wrangler.mjs";
import { startPackedMock } from "../runtimes/packed.mjs";
import { blocksOf, repo } from "./document.mjs";
import { Reader } from "./reader.mjs";

const GUIDE = "docs/deploying.md";

const SILENT = { find: "curl ", put: "curl --silent --show-error ", why: "its progress would stand amid the output" };

let key;
let mock;
let upstream;
let wrangler;
before(async () => {
  ({ key, mock, upstream } = await startPackedMock());
  const { node, script } = await installed();
  wrangler = `exec ${node} ${script}`;
});
after(() => upstream?.close());

/** An operator with the worker/ folder of a clone; the build is in the repository, and the API is the mock. */
async function begin(t, replacements = []) {
  const dev = {
    find: "npx wrangler@4 dev",
    put: `${wrangler} dev --ip 127.0.0.1 --port 0 --inspector-port 0`,
    why: "wrangler is on this machine, and tests run beside each other",
  };
  const reader = await Reader.begin(t, {
    env: { ATTENTION_API_KEY: key, ...QUIET },
    goesOn: /wrangler.* dev /,
    replacements: [dev, ...replacements],
  });
  await mkdir(join(reader.folder, "worker"));
  const build = join(repo, "worker/build");
  const settings = (await readFile(join(repo, "worker/wrangler.toml"), "utf8"))
    .replace('main = "build/index.js"', `main = ${JSON.stringify(join(build, "index.js"))}`)
    .replace('base_dir = "build"', `base_dir = ${JSON.stringify(build)}`)
    .replace(/^\[build\]\n.*\n.*\n/m, "");
  const file = join(reader.folder, "worker/wrangler.toml");
  await writeFile(file, settings);
  await addToVars(file, `ATTENTION_BASE_URL = "${upstream.url}/v2"\n`);
  return { reader, settings: file, secrets: join(reader.folder, "worker/.dev.vars.production") };
}

/** Adds lines to the existing table. */
async function addToVars(file, lines) {
  const text = await readFile(file, "utf8");
  assert.ok(text.includes("[env.production.vars]\n"));
  await writeFile(
    file,
    text.replace("[env.production.vars]\n", (table) => table + lines),
  );
}

const address = async (reader) => (await reader.printed(/Ready on (http:\/\/127\.0\.0\.1:\d+)/))[1];

test("the README's start: a Worker that knows one caller", async (t) => {
  const { reader } = await begin(t, [
    { find: "http://127.0.0.1:8787", put: "$PROXY", why: "tests run beside each other" },
    SILENT,
  ]);
  const isCall = ({ text }) => text.startsWith("curl -H");
  await reader.follow("README.md", "An operator of the Worker", (block) => !isCall(block));
  await reader.run(`PROXY=${await address(reader)}`);
  const answer = await reader.follow("README.md", "An operator of the Worker", isCall);
  assert.equal(JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1)).data.length, 3);
  assert.ok(!reader.output().includes(key));
});

test("deploying.md: callers, origin, policy, rotation, log and /status", async (t) => {
  const { reader, settings, secrets } = await begin(t, [
    {
      find: "npx attention-wasm ",
      put: `node ${join(repo, "pkg/dist/cli.js")} `,
      why: "the package is not published: the command that it has is built",
    },
    { find: /^PROXY=.*$/, put: ":", why: "there is no deployed Worker" },
    SILENT,
  ]);

  await reader.follow(GUIDE, "1. Make a token for each caller");
  await reader.run("REPORTS=$TOKEN");
  await reader.follow(GUIDE, "1. Make a token for each caller");
  const tokens = { dashboard: await reader.variable("TOKEN"), reports: await reader.variable("REPORTS") };
  assert.match(tokens.dashboard, /^[0-9a-f]{64}$/);
  assert.notEqual(tokens.dashboard, tokens.reports);

  const [callers] = (await blocksOf(GUIDE, "2. Say who may call")).filter(({ language }) => language === "toml");
  const digest = async (token) => (await reader.run(`printf %s ${token} | openssl dgst -sha256 -r`)).slice(0, 64);
  const digests = [await digest(tokens.dashboard), await digest(tokens.reports)];
  const lines = callers.text
    .replace("[env.production.vars]\n", "")
    .replaceAll("<sha256 of its token>", () => digests.shift())
    // The date in the document will pass one day.
    .replace(/expires = "[^"]+"/, 'expires = "2999-12-31"');
  await addToVars(settings, lines);

  const judged = await reader.follow(
    GUIDE,
    "3. Say what they may do",
    ({ file, language }) => file || language === "sh",
  );
  assert.match(judged, /policy default: 3 of \d+ known operations allowed/);
  await reader.follow(GUIDE, "First on this machine");
  let proxy = await address(reader);
  await reader.run(`PROXY=${proxy}`);

  const called = await reader.follow(GUIDE, "5. Call it");
  assert.match(called, /"data":\[/);
  assert.doesNotMatch(called, /"(transcript|email)":/);
  const get = (path, token, headers) =>
    fetch(`${proxy}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } });
  const list = (headers) => get("/v2/conversations/list?page=1", tokens.dashboard, headers);
  assert.equal((await get("/v2/scorecards", tokens.reports)).status, 200);
  assert.equal((await (await get("/v2/conversations/list", tokens.reports)).json()).code, "route_denied");
  const [, origin] = /ATTENTION_ALLOWED_ORIGINS = "(.*)"/.exec(callers.text);
  assert.equal((await list({ origin })).headers.get("access-control-allow-origin"), origin);
  assert.equal((await (await list({ origin: "https://elsewhere.example" })).json()).code, "origin_not_allowed");

  await rotate(reader, secrets, async () => {
    proxy = await address(reader);
    assert.equal((await list()).status, 200, "no call fails at any step");
  });

  const log = await reader.printed(/^.*\{"event":"request".*"caller":"dashboard".*\}/m);
  assert.match(log[0], /"status":200.*"route":"\/v2\/conversations\/list"/);
  const status = await reader.follow(GUIDE, "/status");
  assert.match(status, /<p class="verdict good">ready<\/p>/);
  for (const secret of [key, ...Object.values(tokens)]) {
    assert.ok(!reader.output().includes(secret));
    assert.ok(!status.includes(secret));
  }
});

/** The rotation of the guide. Here a secret is a line of the file, and takes effect when `wrangler dev` restarts. */
async function rotate(reader, secrets, afterEach) {
  const next = mock.keys.create({ name: "next" }).value;
  const [{ text }] = await blocksOf(GUIDE, "Rotating a key");
  const [dev] = (await blocksOf(GUIDE, "First on this machine")).map((block) => block.text.split("\n").at(-2));
  const setSecret = async (name, value) => {
    const others = (await readFile(secrets, "utf8")).split("\n").filter((line) => !line.startsWith(`${name}=`));
    await writeFile(secrets, [...(value === undefined ? [] : [`${name}="${value}"`]), ...others].join("\n"));
    await reader.leaveOff();
    await reader.do({ language: "sh", text: dev, at: GUIDE });
    await reader.run(`PROXY=${await address(reader)}`);
  };
  let steps = 0;
  for (const line of text.split("\n")) {
    const [, chore, name] = /^wrangler secret (put|delete) (\w+) --env production$/.exec(line) ?? [];
    if (chore !== undefined) await setSecret(name, chore === "put" ? next : undefined);
    else if (line.startsWith("curl")) {
      const answer = await reader.do({ language: "sh", text: line, at: GUIDE });
      if (line.includes("/test")) assert.equal(JSON.parse(answer).verdict, "accepted");
      else assert.match(answer, /"accepted"|"lastVerdict"/);
    } else continue;
    steps++;
    await afterEach();
  }
  assert.equal(steps, 5);
  // Step 4: the old key is deleted in Attention.
  mock.keys.revoke(key);
  await afterEach();
}
