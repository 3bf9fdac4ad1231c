// `npx attention-wasm` for an operator: the packed program, a project with git, the mock as the API.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { packageFolder } from "../runtimes/packed.mjs";
import { command, projectWith, startApi } from "./bed.mjs";

const WRONG = "obviously-fake-wrong-key-0123456789";
let api;
let key;
let env;

before(async () => {
  api = await startApi();
  key = api.key;
  env = { ATTENTION_BASE_URL: api.base };
});
after(() => api?.close());

/** No output of any command holds one of these. */
function showsNone({ all }, ...secrets) {
  for (const secret of [key, WRONG, ...secrets]) assert.ok(!all.includes(secret), all);
}

describe("the command", () => {
  test("its help fits on a screen, and each command's has an example", async () => {
    const { code, stdout } = await command(["--help"]);
    assert.equal(code, 0);
    const lines = stdout.split("\n");
    assert.ok(lines.length <= 24 && lines.every((line) => line.length <= 100), stdout);
    const names = lines.map((line) => /^ {2}([a-z]+(?: [a-z]+)?) {2,}/.exec(line)?.[1]).filter(Boolean);
    assert.ok(names.length >= 7, stdout);
    for (const name of names) {
      const each = await command([...name.split(" "), "--help"]);
      assert.equal(each.code, 0);
      assert.match(each.stdout, /Example: npx attention-wasm /);
      assert.ok(each.stdout.split("\n").length <= 24, each.stdout);
    }
  });

  test("an unknown argument is refused, and not quoted", async () => {
    for (const args of [[WRONG], ["scan", `--${WRONG}`], ["keys"], ["doctor", "--worker", "nowhere"]]) {
      const ended = await command(args, { env });
      assert.equal(ended.code, 2, ended.all);
      assert.match(ended.stderr, /^error: /);
      if (args[0] === WRONG) showsNone(ended);
    }
  });

  test("a reader that has seen enough, such as head, changes neither the work nor the exit code", async (t) => {
    const commit = { "send.js": `send("${key}");\n`, "policy.txt": "allow GET /v2/nowhere\n" };
    const { root: cwd } = await projectWith(t, {}, [commit]);
    const codes = [];
    for (const args of [
      ["--help"],
      ["scan"],
      ["scan", "--json"],
      ["doctor", "--offline"],
      ["policy", "check", "policy.txt"],
    ]) {
      const options = { cwd, env: { ...env, ATTENTION_API_KEY: key } };
      const [whole, left] = await Promise.all([command(args, options), command(args, { ...options, leaves: true })]);
      assert.deepEqual([left.code, left.stdout, left.stderr], [whole.code, "", whole.stderr], args.join(" "));
      codes.push(left.code);
    }
    // Findings still decide the exit code if the reader stops.
    assert.deepEqual(codes.slice(0, 3), [0, 1, 1]);
  });

  test("a key as an argument is refused, at any position", async () => {
    for (const args of [
      ["scan", key],
      ["keys", "create", "--name", key],
      ["keys", "list", `--key-from=${key}`],
    ]) {
      const ended = await command(args, { env });
      assert.equal(ended.code, 2);
      assert.match(ended.stderr, /must not be an argument/);
      showsNone(ended);
    }
  });

  test("colours are only for terminals", async () => {
    const { stdout } = await command(["--help"], { env: { FORCE_COLOR: "1" } });
    assert.ok(!stdout.includes("\x1b["));
  });

  test("importing the package loads none of it", async () => {
    const folder = join(await packageFolder(), "dist");
    for (const name of await readdir(folder)) {
      if (!/^(index|core|testing|jobs|webhooks)\..*js$/.test(name)) continue;
      assert.doesNotMatch(await readFile(join(folder, name), "utf8"), /operator\.wasm|inspectKey/, name);
    }
  });
});

describe("where a key comes from", () => {
  const list = (options, given = {}) => command(["keys", "list", ...options], { env, ...given });

  test("the environment, standard input, a descriptor, a command", async (t) => {
    const { root, put } = await projectWith(t);
    await put("key.txt", `${key}\n`);
    for (const ended of [
      await list([], { env: { ...env, ATTENTION_API_KEY: key } }),
      await list(["--key-stdin"], { input: `${key}\n` }),
      await list(["--key-fd", "3"], { fd3: key }),
      await list(["--key-from", `cat '${root}/key.txt'`]),
    ]) {
      assert.equal(ended.code, 0, ended.all);
      assert.match(ended.stdout, /^NAME +FINGERPRINT/);
      showsNone(ended);
    }
  });

  test("a missing, second, empty or broken key is reported", async () => {
    for (const [options, given, words] of [
      [[], {}, /no key: set ATTENTION_API_KEY/],
      [["--key-stdin", "--key-fd", "3"], { fd3: key }, /use only one of/],
      [["--key-stdin"], { input: "\n" }, /standard input is empty/],
      [["--key-stdin"], { input: "x".repeat(100_000) }, /longer than any key/],
      [["--key-fd", "0"], {}, /at least 3/],
      [["--key-fd", "9"], {}, /cannot be read/],
      [["--key-stdin"], { input: "Bearer fake" }, /standard input: .*Bearer/],
    ]) {
      const ended = await list(options, given);
      assert.equal(ended.code, 2, ended.all);
      assert.match(ended.stderr, words);
    }
  });

  test("a vault's command that is missing, fails or prints nothing is reported without its output", async () => {
    for (const [script, words] of [
      ["no-such-vault-anywhere read", /ended with 127/],
      [`echo ${WRONG}; echo ${WRONG} >&2; exit 3`, /ended with 3/],
      ["true", /printed nothing/],
    ]) {
      const ended = await list(["--key-from", script]);
      assert.equal(ended.code, 4, ended.all);
      assert.match(ended.stderr, words);
      showsNone(ended);
    }
  });
});

describe("doctor", () => {
  test("a committed key, a CRLF .env and a revoked key are named in one screen", async (t) => {
    const revoked = api.mock.keys.create({ name: "revoked" }).value;
    api.mock.keys.revoke(revoked);
    const project = await projectWith(t, { ".env": `ATTENTION_API_KEY=${revoked}\r\n`, ".gitignore": ".env\n" }, [
      { "src/old.js": `const ATTENTION_API_KEY = "${revoked}";\n` },
      { "src/old.js": null, "readme.md": "gone\n" },
    ]);
    const ended = await command(["doctor"], { cwd: project.root, env });
    assert.equal(ended.code, 1, ended.all);
    const commit = (await project.git("log", "--format=%h")).trim().split("\n").at(-1);
    assert.match(ended.stdout, new RegExp(`wrong .*${commit}:src/old\\.js:1`));
    assert.match(ended.stdout, /wrong .*\.env:1 ATTENTION_API_KEY: its line ends with CR LF/);
    assert.match(ended.stdout, /wrong .*revoked_or_expired: likely/);
    assert.ok(ended.stdout.split("\n").length <= 40, ended.stdout);
    showsNone(ended, revoked);
  });

  test("a project without problems is reported so, with --json too", async (t) => {
    const { root } = await projectWith(t, { ".env": `ATTENTION_API_KEY=${key}\n` }, [{ ".gitignore": ".env\n" }]);
    const ended = await command(["doctor"], { cwd: root, env });
    assert.equal(ended.code, 0, ended.all);
    assert.match(ended.stdout, /answered 200/);
    const json = await command(["doctor", "--json"], { cwd: root, env });
    const { verdict, checks } = JSON.parse(json.stdout);
    assert.equal(verdict, "ok");
    assert.ok(checks.length >= 3 && checks.every(({ area, status, message }) => area && status && message));
    showsNone(ended);
    showsNone(json);
  });

  test("every form of a line is read, and unusual ones are reported", async (t) => {
    const lines = {
      [`export ATTENTION_API_KEY=${key}`]: /export/,
      [`ATTENTION_API_KEY = ${key}`]: /blanks around/,
      [`ATTENTION_API_KEY="${key}"`]: /quotes/,
      [`ATTENTION_API_KEY='${key}' `]: /quotes/,
      [`ATTENTION_API_KEY=${key} # the key`]: /comment/,
      [`ATTENTION_API_KEY="${key}`]: /not closed/,
      [`ATTENTION_API_KEY=“${key}”`]: /typographic/,
      [`ATTENTION_API_KEY=Bearer ${key}`]: /Bearer/,
      "ATTENTION_API_KEY=": /is empty/,
      [`VITE_ATTENTION_API_KEY=${key}`]: /built into pages/,
      [`NEXT_PUBLIC_ATTENTION_TOKEN=${key}`]: /built into pages/,
      [`MY_ATTENTION_KEY=${key}`]: /nothing reads/,
      [`ATTENTION_KEY=${key}`]: /nothing reads a key from that name/,
      [`ATTENTION_TOKEN=${key}`]: /nothing reads a key from that name/,
      [`ATTENTION_APIKEY=${WRONG}`]: /nothing reads a key from that name/,
      [`ATTENTION_SESSION_SECRET=${key}`]: /nothing reads a key from that name/,
    };
    const files = Object.keys(lines).map((line, at) => [`p${at}/.env`, `# a line before\n${line}\n`]);
    const { root, put } = await projectWith(t, Object.fromEntries(files));
    await put("mark/.env", `\uFEFFATTENTION_API_KEY=${key}\n`);
    const ended = await command(["doctor", "--offline"], { cwd: root, env });
    for (const [at, words] of Object.values(lines).entries()) {
      const told = ended.stdout.split("\n").filter((line) => line.includes(`p${at}/.env:2`));
      assert.ok(
        told.some((line) => words.test(line)),
        `${words}\n${ended.stdout}`,
      );
    }
    assert.match(ended.stdout, /mark\/\.env:1 ATTENTION_API_KEY: a byte order mark/);
    showsNone(ended);
  });

  test("a key in a file and its history is reported once, and in each of its files", async (t) => {
    const files = (text) => ({ "a.js": `${text}"${key}"`, "b.js": `"${key}"` });
    const commits = [files(""), files("x\n"), { ...files("x\ny\n"), "b.js": null }];
    const project = await projectWith(t, {}, commits);
    const ended = await command(["doctor", "--offline"], {
      cwd: project.root,
      env: { ...env, ATTENTION_API_KEY: key },
    });
    const first = (await project.git("log", "--format=%h")).trim().split("\n").at(-1);
    const told = ended.stdout.split("\n").filter((line) => /[ab]\.js:/.test(line));
    assert.deepEqual(
      told.map((line) => /(\S+\.js:\d+)/.exec(line)[1]),
      ["a.js:3", `${first}:b.js:1`],
      ended.stdout,
    );
  });

  test("one key in two environments, a file that git does not ignore, a proxy that Node does not use", async (t) => {
    const line = `ATTENTION_API_KEY=${key}\n`;
    const files = { ".env.production": line, ".env.staging": line };
    const { root } = await projectWith(t, files, [{ "readme.md": "x" }]);
    const proxied = { ...env, HTTPS_PROXY: "http://127.0.0.1:1" };
    const ended = await command(["doctor"], { cwd: root, env: proxied });
    assert.match(ended.stdout, /used by production and staging/);
    assert.match(ended.stdout, /\.env\.production is not ignored by git/);
    assert.match(ended.stdout, /HTTPS_PROXY is set/);
  });
});

describe("scan", () => {
  const known = () => ({ ...env, ATTENTION_API_KEY: key });

  test("--staged stops a commit of a key, as a hook would", async (t) => {
    const project = await projectWith(t, { "new.js": `// fine\nsend("${key}")\n` }, [{ "a.txt": "x" }]);
    const run = () => command(["scan", "--staged"], { cwd: project.root, env: known() });
    assert.equal((await run()).code, 0);
    await project.git("add", "new.js");
    // What the next commit has counts, not what is in the folder.
    await project.put("new.js", "nothing\n");
    const ended = await run();
    assert.equal(ended.code, 1);
    assert.match(ended.stdout, /^new\.js:2 /);
    showsNone(ended);
  });

  test("--history finds a key that a later commit removed, and names the first commit", async (t) => {
    const commits = [{ "a.js": "x" }, { "deep/b.js": `"${key}"` }, { "deep/b.js": null }, { "c.js": "y" }];
    const project = await projectWith(t, {}, commits);
    const hashes = (await project.git("log", "--format=%h")).trim().split("\n");
    const ended = await command(["scan", "--history", "--json"], { cwd: project.root, env: known() });
    assert.equal(ended.code, 1);
    const { leaks } = JSON.parse(ended.stdout);
    assert.deepEqual(
      leaks.map(({ path, commit, line }) => [path, commit, line]),
      [["deep/b.js", hashes[2], 1]],
    );
    showsNone(ended);
  });

  test("an ordinary tree has none, and a missing file is named", async (t) => {
    const { root } = await projectWith(t, {}, [{ "a.js": "const a = 1;", "b.bin": "\0\xff\n" }]);
    assert.equal((await command(["scan"], { cwd: root, env: known() })).code, 0);
    assert.equal((await command(["scan", "nowhere.txt"], { cwd: root, env: known() })).code, 2);
  });
});

describe("keys", () => {
  const run = (args, given) => command(["keys", ...args], { env: { ...env, ATTENTION_API_KEY: key }, ...given });

  test("create: into a file that only its owner can read, and the key works", async (t) => {
    const { root } = await projectWith(t);
    const ended = await run(["create", "--name", "to a file", "--to-file", "new.key"], { cwd: root });
    assert.equal(ended.code, 0, ended.all);
    const made = (await readFile(join(root, "new.key"), "utf8")).trim();
    assert.equal((await stat(join(root, "new.key"))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(root), ["new.key"]);
    assert.equal((await command(["keys", "list"], { env: { ...env, ATTENTION_API_KEY: made } })).code, 0);
    showsNone(ended, made);
  });

  test("create: to a command's standard input; a failure is reported with the key's id", async (t) => {
    const { root } = await projectWith(t);
    const kept = await run(["create", "--name", "to a command", "--to-command", "cat > kept"], { cwd: root });
    assert.equal(kept.code, 0, kept.all);
    showsNone(kept, (await readFile(join(root, "kept"), "utf8")).trim());
    const failed = await run(["create", "--name", "to nobody", "--to-command", "exit 9"], { cwd: root });
    assert.equal(failed.code, 4);
    assert.match(failed.stderr, /was created \(id .*\), but could not be delivered: the command ended with 9/);
  });

  test("create: a name that is taken, no way to keep it, a refusal, an answer that is lost", async (t) => {
    const { root } = await projectWith(t);
    const taken = await run(["create", "--name", "Default mock key", "--to-file", "k"], { cwd: root });
    assert.deepEqual([taken.code, /exists/.test(taken.stderr)], [2, true], taken.all);
    assert.equal((await run(["create", "--name", "x"], { cwd: root })).code, 2);
    const refused = await command(["keys", "create", "--name", "x", "--to-file", "k"], {
      cwd: root,
      env: { ...env, ATTENTION_API_KEY: WRONG },
    });
    assert.equal(refused.code, 3);
    showsNone(refused);
    const lost = await withLostAnswer(() => run(["create", "--name", "lost", "--to-file", "k"], { cwd: root }));
    assert.equal(lost.code, 4, lost.all);
    assert.match(lost.stderr, /response was lost, but a key named lost exists now \(id /);
    assert.deepEqual(await readdir(root), []);
  });

  /** The name is free, the POST creates a key, and its response never arrives. */
  async function withLostAnswer(act) {
    const { upstream, mock } = api;
    mock.keys.create({ name: "lost" });
    const json = { "content-type": "application/json" };
    upstream.script([{ status: 200, headers: json, body: "[]" }, { close: true }]);
    try {
      return await act();
    } finally {
      upstream.script([]);
    }
  }

  test("audit: stale, unused and shared keys, with the next step, and an exit code", async (t) => {
    const { root } = await projectWith(t, {
      ".env.a": `ATTENTION_API_KEY=${key}\n`,
      ".env.b": `ATTENTION_API_KEY=${key}\n`,
    });
    const ended = await run(["audit"], { cwd: root });
    assert.equal(ended.code, 1, ended.all);
    assert.match(ended.stdout, /more than one environment; in use: a, b/);
    assert.match(ended.stdout, /next: /);
    const { findings } = JSON.parse((await run(["audit", "--json"], { cwd: root })).stdout);
    assert.ok(
      findings.some(({ code }) => code === "shared_by_environments"),
      JSON.stringify(findings),
    );
    showsNone(ended);
  });
});

test("callers new: a token once, and an entry with its digest", async () => {
  const { code, stdout } = await command(["callers", "new", "dashboard", "--limit", "100/min", "--mints", "--json"]);
  assert.equal(code, 0);
  const { token, entry } = JSON.parse(stdout);
  const sha256 = createHash("sha256").update(token).digest("hex");
  assert.deepEqual(entry, { name: "dashboard", sha256, limit: "100/min", mintsSessions: true });
  assert.ok(token.length >= 43);
  const said = await command(["callers", "new", "dashboard"]);
  assert.ok(said.stdout.includes('"name":"dashboard"'));
  assert.equal((await command(["callers", "new", "no blanks"])).code, 2);
});

test("init: idempotent, keeps existing lines, and tests the key", async (t) => {
  const { root } = await projectWith(t, { ".gitignore": "dist" });
  const run = () => command(["init"], { cwd: root, env: { ...env, ATTENTION_API_KEY: key } });
  const first = await run();
  assert.equal(first.code, 0, first.all);
  const files = async () =>
    Promise.all([".gitignore", ".env.example"].map((name) => readFile(join(root, name), "utf8")));
  const [ignored, example] = await files();
  assert.match(ignored, /^dist\n\.env\n/);
  for (const line of [".dev.vars*", "!.env.example"]) assert.ok(ignored.includes(`${line}\n`));
  assert.match(example, /^ATTENTION_API_KEY=$/m);
  assert.match(first.stdout, /answered 200/);
  await run();
  assert.deepEqual(await files(), [ignored, example]);
  showsNone(first);
});

describe("keys revoke", () => {
  const revoke = (args, given) =>
    command(["keys", "revoke", ...args], { env: { ...env, ATTENTION_API_KEY: key }, ...given });

  test("shows what uses the key, deletes it, and proves the deletion", async (t) => {
    const { id, value } = api.mock.keys.create({ name: "a lost laptop" });
    const { root } = await projectWith(t, { ".env.staging": `X=1\nATTENTION_API_KEY=${value}\n` });
    const unasked = await revoke([id], { cwd: root });
    assert.deepEqual([unasked.code, /confirm with --yes/.test(unasked.stderr)], [2, true], unasked.all);
    assert.ok(api.mock.keys.get(id));
    const ended = await revoke([sha(value), "--yes"], { cwd: root });
    assert.equal(ended.code, 0, ended.all);
    assert.match(ended.stdout, /used by \.env\.staging:2 ATTENTION_API_KEY/);
    assert.match(ended.stdout, /a lost laptop is deleted: the API accepted it before, and now answers 401/);
    assert.equal(api.mock.keys.get(id), undefined);
    showsNone(ended, value);
  });

  test("an unknown key, an ambiguous name, its own key or a refused one deletes nothing", async () => {
    for (let twice = 0; twice < 2; twice += 1) api.mock.keys.create({ name: "twins" });
    const count = api.mock.keys.list().length;
    for (const [wanted, words] of [
      ["nothing-like-it", /lists no key/],
      ["twins", /2 keys match.*\n.*use an id/],
      [sha(key), /its own deletion/],
    ]) {
      const ended = await revoke([wanted, "--yes"]);
      assert.equal(ended.code, 2, ended.all);
      assert.match(ended.stderr, words);
      showsNone(ended);
    }
    assert.equal((await revoke(["twins", "--yes"], { env: { ...env, ATTENTION_API_KEY: WRONG } })).code, 3);
    assert.equal(api.mock.keys.list().length, count);
  });

  test("if the API does not delete, the app's steps are shown, with an exit code", async () => {
    const { id, value } = api.mock.keys.create({ name: "by hand" });
    api.judge(({ method }) => (method === "DELETE" ? new Response("", { status: 405 }) : undefined));
    const ended = await revoke([id, "--yes"]);
    const json = await revoke([id, "--yes", "--json"]);
    api.judge(() => undefined);
    assert.equal(ended.code, 1, ended.all);
    assert.match(ended.stdout, /Delete it: it stops working at once/);
    const told = JSON.parse(json.stdout);
    assert.deepEqual([json.code, told.deleted, told.proof, told.steps.length], [1, false, null, 3]);
    showsNone(ended, value);
    showsNone(json, value);
  });

  const sha = (text) => createHash("sha256").update(text).digest("hex").slice(0, 8);
});

describe("policy", () => {
  const TEXT = "allow GET /v2/conversations/list query=page\n[reports]\nallow GET /v2/scorecards/**\n";
  const ask = (args, given = { input: TEXT }) => command(["policy", ...args], given);

  test("check and explain: in words and in JSON, with exit codes", async (t) => {
    const checked = await ask(["check", "-"]);
    assert.equal(checked.code, 0, checked.all);
    assert.match(checked.stdout, /^policy default: 1 of \d+ known operations allowed$/m);
    const allowed = await ask(["explain", "-", "GET", "/v2/conversations/list?page=1"]);
    assert.deepEqual(
      [allowed.code, allowed.stdout.split("\n")[1].trim()],
      [0, "line 1: allow GET /v2/conversations/list query=page"],
    );
    const refused = await ask(["explain", "-", "GET", "/v2/users", "--json"]);
    const { allowed: isAllowed, lines } = JSON.parse(refused.stdout);
    assert.deepEqual([refused.code, isAllowed], [1, false]);
    assert.match(lines[1], /403 route_denied/);
    assert.equal((await ask(["explain", "-", "GET", "/v2/scorecards", "--policy", "reports"])).code, 0);
    const { root } = await projectWith(t, { "warns.txt": "allow GET /v2/users body=1kb\n" });
    const warned = (args) => ask(["check", "warns.txt", ...args], { cwd: root });
    assert.deepEqual([(await warned([])).code, (await warned(["--strict"])).code], [0, 1]);
    assert.equal((await ask(["check", "built-in"], {})).code, 0);
  });

  test("an invalid policy, a missing file, an unknown policy name", async () => {
    for (const [args, input] of [
      [["check", "-"], "let everything through\n"],
      [["check", "nowhere.txt"], ""],
      [["explain", "-", "GET", "/v2/users", "--policy", "nobody"], TEXT],
      [["explain", "-"], TEXT],
    ]) {
      const ended = await ask(args, { input });
      assert.equal(ended.code, 2, ended.all);
      assert.match(ended.stderr, /^error: /);
    }
  });
});
