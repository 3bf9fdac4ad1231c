// Checks the documents: their links work, the tests that they name exist, and
// their tables have every binding and every problem code.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = new URL("../../", import.meta.url);
const read = (path) => readFile(new URL(path, ROOT), "utf8");
const exists = (url) =>
  stat(url).then(
    () => true,
    () => false,
  );

/** Link targets that are still to be written. */
const COMING = [];

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "worker/README.md",
  "bench/README.md",
  "tests/README.md",
  "tests/attack/README.md",
  "crates/core/README.md",
  "examples/README.md",
  ...(await readdir(new URL("examples/", ROOT), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/README.md`),
  ...(await readdir(new URL("docs/", ROOT))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

/** Links outside of code: `{ text, target }`. */
function links(markdown) {
  const prose = markdown.replaceAll(/```.*?```/gs, "");
  return [...prose.matchAll(/\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)].map(([, text, target]) => ({
    text: text.replaceAll("`", ""),
    target,
  }));
}

/** The anchors that a document's headings make, as GitHub writes them. */
const anchors = (markdown) =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

for (const path of documents) {
  test(`${path}: every link leads somewhere`, async () => {
    const here = new URL(path, ROOT);
    const dead = [];
    for (const { target } of links(await read(path))) {
      if (/^[a-z]+:/.test(target)) {
        if (!/^https:\/\/[\w.-]+(\/|$)/.test(target)) dead.push(target);
        continue;
      }
      const [file, anchor] = target.split("#");
      const url = file === "" ? here : new URL(file, here);
      const name = fileURLToPath(url).slice(fileURLToPath(ROOT).length);
      const isComing = COMING.includes(name);
      if ((await exists(url)) === isComing)
        dead.push(isComing ? `${target} is there now: take it out of COMING` : target);
      else if (anchor && !anchors(await readFile(url, "utf8")).includes(anchor)) dead.push(target);
    }
    assert.deepEqual(dead, []);
  });
}

const { stdout: listed } = await promisify(execFile)("git", ["ls-files"], { cwd: ROOT, maxBuffer: 1 << 24 });
const files = listed.trim().split("\n");
/** All documents. The changelog names what is gone. */
const pages = files.filter((file) => file.endsWith(".md") && !file.endsWith("CHANGELOG.md"));

/** `a/{b,c}.ts` is two. */
function spread(path) {
  const [, head, list, tail] = /^(.*?)\{(.*?)\}(.*)$/.exec(path) ?? [];
  return list === undefined ? [path] : list.split(",").flatMap((each) => spread(head + each + tail));
}

test("every file that a document names as code is in git, or is one that git ignores", async () => {
  const missing = [];
  for (const document of pages) {
    const prose = (await read(document)).replaceAll(/```.*?```/gs, "");
    for (const [, code] of prose.matchAll(
      /`((?:crates|pkg|tests|worker|xtask|docs|examples|openapi|bench|\.github)\/[\w.{},*@/-]+)`/g,
    ))
      for (const path of spread(code)) {
        const pattern = path
          .replace(/\/$/, "")
          .replaceAll(/[.+]/g, "\\$&")
          .replaceAll("**", ".*")
          .replaceAll("*", "[^/]*");
        if (!files.some((file) => new RegExp(`(^|/)${pattern}(/|$)`).test(file))) missing.push([document, path]);
      }
  }
  const paths = missing.map(([, path]) => path);
  const { stdout } = await promisify(execFile)("git", ["check-ignore", "--no-index", "--", ".env", ...paths], {
    cwd: ROOT,
  });
  const ignored = new Set(stdout.split("\n"));
  const isIgnored = (path) => ignored.has(path) || ignored.has(`${path}/`);
  assert.deepEqual(
    missing.filter(([, path]) => !isIgnored(path)),
    [],
  );
});

test("every chore, suite and script that a document names is there", async () => {
  const scripts = Object.keys(JSON.parse(await read("package.json")).scripts);
  const chores = [...(await read("xtask/src/main.rs")).matchAll(/Chore::(\w+)\(options\)/g)].map(([, name]) =>
    name.toLowerCase(),
  );
  const suites = [
    ...[...(await read("xtask/src/suites.rs")).matchAll(/\b(?:cargo|suite)\(\s*"([\w-]+)"/g)].map(([, name]) => name),
    ...(await readdir(new URL("tests/", ROOT))),
  ];
  const wrong = [];
  let named = 0;
  for (const document of pages) {
    const text = await read(document);
    for (const [, chore, rest] of text.matchAll(/cargo xtask (\w+)([^`#\n&;|()]*)/g)) {
      named++;
      if (!chores.includes(chore)) wrong.push(`${document}: cargo xtask ${chore}`);
      // Up to the first option; an upper-case word is a place for a name.
      const words =
        chore === "test"
          ? rest
              .split(" -")[0]
              .split(/[\s,…]+/)
              .filter((word) => /^[a-z]/.test(word))
          : [];
      for (const word of words) if (!suites.includes(word)) wrong.push(`${document}: the suite ${word}`);
    }
    for (const [, script] of text.matchAll(/npm run (\w+)/g)) {
      named++;
      const isOther = ["generate", "dev", "build"].includes(script); // Of openapi/ and of examples.
      if (!isOther && !scripts.includes(script)) wrong.push(`${document}: npm run ${script}`);
    }
  }
  assert.ok(named > 40, `${named}`);
  assert.deepEqual(wrong, []);
});

test("each single test that a document shows how to run is there", async () => {
  const rows = await readdir(new URL("tests/attack/rows/", ROOT));
  const tables = await Promise.all(rows.map((name) => import(new URL(`tests/attack/rows/${name}`, ROOT))));
  const names = tables.flatMap(({ default: table }) => table.map(({ name }) => name));
  const vectors = [];
  for (const file of files.filter((each) => /^tests\/vectors\/\w+\.json$/.test(each))) {
    const { cases } = JSON.parse(await read(file));
    vectors.push(...cases.map(({ name }) => `${file.replace(/^.*\/|\.json$/g, "")}: ${name}`));
  }
  let shown = 0;
  for (const document of ["CONTRIBUTING.md", "tests/attack/README.md"]) {
    const text = await read(document);
    const isThere = (found, all) => {
      shown++;
      assert.ok(
        all.some((each) => each.includes(found)),
        `${document}: ${found}`,
      );
    };
    for (const [, pattern] of text.matchAll(/--test-name-pattern='(.+?)'/g)) isThere(pattern, names);
    for (const [, name] of text.matchAll(/--test vectors -- "(.+?)"/g)) isThere(name, vectors);
    for (const [, crate, name] of text.matchAll(/cargo test -p attention-(\w+) --test (\w+) /g))
      isThere(`crates/${crate}/tests/${name}`, files);
    for (const [, file] of text.matchAll(/node --test (?:--\S+='.+?' )?(tests\/\S+)/g)) isThere(file, files);
  }
  assert.ok(shown >= 6, `${shown}`);
});

/** The target of a link: a document's text below the anchor, or a folder's files. */
async function behind(target, from) {
  const [file, anchor] = target.split("#");
  const url = new URL(file, new URL(from, ROOT));
  if ((await stat(url)).isDirectory()) return (await readdir(url)).join("\n");
  const text = await readFile(url, "utf8");
  if (anchor === undefined) return text;
  const heading = [...text.matchAll(/^#+ (.+)$/gm)].find((found) => anchors(found[0])[0] === anchor);
  return text.slice(heading.index);
}

for (const [question, answer] of [
  ["how to run one attack row", /node --test --test-name-pattern=.* tests\/attack\/attack\.test\.mjs/],
  ["where a policy is judged", /^conditions\.rs$[\s\S]*^rule\.rs$/m],
  ["how to add an operation", /openapi\/attention\.v2\.yaml[\s\S]*npm run generate/],
]) {
  test(`README.md: ${question} is one click away`, async () => {
    const local = links(await read("README.md")).filter(({ target }) => !/^[a-z]+:|\.png$/.test(target));
    const found = [];
    for (const { target } of local) if (answer.test(await behind(target, "README.md"))) found.push(target);
    assert.ok(found.length > 0);
  });
}

describe("docs/security.md", () => {
  /** Whether a file has a test of this name, a table of attacks has such a row, or the file itself is named. */
  async function hasTest(text, target) {
    const url = new URL(target, new URL("docs/", ROOT));
    if (target.endsWith(".mjs") && target.endsWith(`/${text}.mjs`)) return exists(url);
    if (target.includes("/rows/")) return (await import(url)).default.some(({ name }) => name.includes(text));
    const source = await readFile(url, "utf8");
    if (target.endsWith(".mjs"))
      return source
        .split("\n")
        .some((line) => /["'`]/.test(line) && !/^\s*(\/\/|\*)/.test(line) && line.includes(text));
    // In Rust, a function with the attribute of a test, and only other attributes between.
    return new RegExp(`#\\[test\\]\\s*(?:#\\[[^\\n]*\\]\\s*(?://[^\\n]*\\s*)?)*fn ${text}\\(`).test(source);
  }

  test("every test that it names exists", async () => {
    const named = links(await read("docs/security.md")).filter(
      ({ target }) => /\.(mjs|rs)$/.test(target) && !/^\.\.\/tests\/deploy\/links/.test(target),
    );
    assert.ok(named.length > 150, `${named.length}`);
    const missing = [];
    for (const { text, target } of named) if (!(await hasTest(text, target))) missing.push(`${text} (${target})`);
    assert.deepEqual(missing, []);
    assert.ok(!(await hasTest("no test has this name", named[0].target)));
  });

  test("every threat has its test", async () => {
    const threats = /^## Threats.*?(?=^## What is not defended)/ms.exec(await read("docs/security.md"))[0];
    const tables = threats.split("\n").filter((line) => /^\| (?!threat \||---)/.test(line));
    assert.ok(tables.length > 35, `${tables.length}`);
    for (const row of tables) assert.match(row.split(" | ")[2], /\]\(\.\.\//, row);
  });
});

describe("worker/README.md", () => {
  test("its table has every binding that the Worker reads, and no other", async () => {
    const [config, driver, readme] = await Promise.all(
      ["crates/gateway/src/deployment/bindings.rs", "worker/src/js.rs", "worker/README.md"].map(read),
    );
    const table = [...readme.matchAll(/^\| `(ATTENTION_[A-Z_0-9]+)` \|/gm)].map(([, name]) => name);
    const known = [
      ...config.matchAll(/const [A-Z_]+: &str = "(ATTENTION_[A-Z_0-9]+)"/g),
      ...driver.matchAll(/js_name = (ATTENTION_[A-Z_0-9]+)/g),
    ].map(([, name]) => name);
    assert.deepEqual(table.sort(), [...new Set(known)].sort());
  });

  test("it names every header that a page may send", async () => {
    const [cors, readme] = await Promise.all(["crates/gateway/src/authorize/cors.rs", "worker/README.md"].map(read));
    const [, allowed] = /ALLOW_HEADERS: &str = "([^"]+)"/.exec(cors);
    const [sentence] = /The headers that they may send are [^.]*:/.exec(readme);
    const named = [...sentence.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
    assert.deepEqual(named.sort(), allowed.split(", ").sort());
    // Headers in the examples of the package's README are allowed from a page too.
    const examples = [...(await read("pkg/README.md")).matchAll(/headers\.set\("([\w-]+)"/g)].map(([, name]) => name);
    assert.ok(examples.length > 0);
    for (const name of examples) assert.ok(allowed.toLowerCase().split(", ").includes(name), name);
  });

  test("its table has every problem code", async () => {
    const readme = await read("worker/README.md");
    const table = new Set([...readme.split("## Problems")[1].matchAll(/`([a-z_]+)`/g)].map(([, code]) => code));
    const own = [
      ...(await read("crates/gateway/src/answer/problem.rs")).matchAll(/Self::new\(\s*\d{3},\s*"([a-z_]+)"/g),
    ].map(([, code]) => code);
    assert.ok(own.length > 20, `${own.length}`);
    const core = [];
    for (const [file, error] of [
      ["url/path", "PathError"],
      ["url/query", "QueryError"],
      ["credential/bearer", "AuthorizationError"],
      ["url/request_error", "RequestError"],
    ]) {
      const source = await read(`crates/core/src/${file}.rs`);
      const body = new RegExp(`impl ${error} \\{[^]*?fn code\\([^]*?\\n    \\}`).exec(source)[0];
      core.push(...[...body.matchAll(/=> "([a-z_]+)"/g)].map(([, code]) => code));
    }
    assert.ok(core.length > 15, `${core.length}`);
    // The Worker makes URLs from paths, and checks methods before.
    const elsewhere = ["url_other_origin", "method_unknown"];
    assert.deepEqual(
      [...new Set([...own, ...core])].filter((code) => !table.has(code) && !elsewhere.includes(code)),
      [],
    );
  });

  test("the button's address is a placeholder, and says so", async () => {
    const readme = await read("worker/README.md");
    assert.match(
      readme,
      /deploy\.workers\.cloudflare\.com\/\?url=https:\/\/github\.com\/YOUR-ACCOUNT\/YOUR-REPOSITORY\)/,
    );
    assert.match(readme, /replace `YOUR-ACCOUNT\/YOUR-REPOSITORY`/);
  });
});
