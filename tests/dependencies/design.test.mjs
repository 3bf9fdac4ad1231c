// docs/design.md matches the tree: the modules and files that it names exist, every module of the gateway has a row,
// and the table of chosen packages agrees with the manifests, the sources and the suites.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFile(join(repo, path), "utf8");
const isThere = (path) => stat(join(repo, path)).then(Boolean, () => false);

let design;
let files;
before(async () => {
  design = await read("docs/design.md");
  files = [];
  for (const folder of ["crates", "worker", "pkg", "openapi", "examples", "tests", "xtask", "docs", "bench"]) {
    const entries = await readdir(join(repo, folder), { recursive: true });
    files.push(
      ...entries.filter((file) => !/(^|\/)(node_modules|target|dist)\//.test(file)).map((file) => `${folder}/${file}`),
    );
  }
});

const code = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, inner]) => inner);

/** The rows of the table whose first head is this. */
function table(head) {
  const lines = design.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  assert.notEqual(at, -1, `no table begins with ${head}`);
  const after = lines.slice(at + 2);
  return after
    .slice(
      0,
      after.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => line.split("|").slice(1, -1));
}

test("every file that the document names exists", () => {
  // `{a,b}.ts` and `a/{b,c}` are several, `wasm/*.ts` is any.
  const spread = (path) => {
    const [, head, list, tail] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [];
    return list === undefined ? [path] : list.split(",").flatMap((each) => spread(head + each + tail));
  };
  const named = code(design)
    .filter(
      (text) =>
        /^[\w./{},*-]+$/.test(text) &&
        (/\.(rs|ts|mjs|yaml)$/.test(text) || /^(crates|pkg|tests|examples)\//.test(text)),
    )
    .flatMap(spread);
  assert.ok(named.length > 30, `${named.length} names`);
  const missing = named.filter((name) => {
    const pattern = name.replaceAll(/[.+]/g, "\\$&").replaceAll("*", "[^/]*");
    return !files.some((file) => new RegExp(`(^|/)${pattern}$`).test(file));
  });
  assert.deepEqual(missing, []);
});

test("the table of the gateway has exactly its modules", async () => {
  const declared = [...(await read("crates/gateway/src/lib.rs")).matchAll(/^(?:pub )?mod (\w+);/gm)].map(
    ([, name]) => name,
  );
  const rows = table("question").map(([, module]) => module.replace(/\(.*\)/, ""));
  assert.deepEqual(rows.flatMap(code).sort(), declared.sort());
  for (const [, module] of table("question")) {
    const [parent, ...children] = code(module.replace(/`cargo[^`]*`/, ""));
    const missing = module.includes("(one module per")
      ? children.filter(
          (child) => !files.some((file) => new RegExp(`gateway/src/${parent}/${child}(\\.rs)?$`).test(file)),
        )
      : [];
    assert.deepEqual(missing, [], parent);
  }
});

const CHOSEN = ["gloo-net", "js-sys", "serde-wasm-bindgen", "wasm-bindgen", "wasm-bindgen-test", "web-sys", "worker"];

test("the table of the chosen packages has each of them, used by the code of each place, and no place is missing", async () => {
  const rows = table("package");
  assert.deepEqual(rows.map(([name]) => name.trim()).sort(), CHOSEN);
  const places = ["core", "gateway", "wasm", "operator", "client"].map((crate) => `crates/${crate}`);
  places.push("worker", "examples/workers-rs");
  const using = Object.fromEntries(CHOSEN.map((name) => [name, []]));
  for (const place of places) {
    const [shipped, forTests = ""] = (await read(`${place}/Cargo.toml`)).split("[dev-dependencies]");
    const own = files.filter((file) => file.startsWith(`${place}/`) && file.endsWith(".rs"));
    const sources = (await Promise.all(own.map(read))).join("\n").replaceAll(/^\s*\/\/.*$/gm, "");
    for (const name of CHOSEN) {
      if (!new RegExp(`^${name}( =|\\.)`, "m").test(name === "wasm-bindgen-test" ? forTests : shipped)) continue;
      const ident = name.replaceAll("-", "_");
      assert.match(sources, new RegExp(`\\b${ident}::`), `${place} does not use ${name}`);
      using[name].push(place);
    }
  }
  for (const [name, where] of rows) {
    const told = code(where);
    const here = using[name.trim()].filter((place) => told.includes(place) || !place.startsWith("examples/"));
    assert.deepEqual(told.sort(), here.sort(), name);
  }
});

test("each package in each place has a file that uses it and a test that runs it, by names that are there", async () => {
  const places = table("package").flatMap(([name, where]) => code(where).map((place) => `${place} ${name.trim()}`));
  const rows = table("place");
  assert.deepEqual(rows.map(([place, name]) => `${code(place)[0]} ${name.trim()}`).sort(), places.sort());
  for (const [place, name, , file, shown] of rows) {
    const [folder, [source], [named, holder]] = [code(place)[0], code(file), code(shown)];
    const ident = name.trim().replaceAll("-", "_");
    assert.match(await read(`${folder}/${source}`), new RegExp(`\\b${ident}::`), `${folder}/${source}: ${ident}`);
    const text = await read(holder);
    const isTest = holder.endsWith(".rs")
      ? new RegExp(`#\\[wasm_bindgen_test\\]\\s*(?:async )?fn ${named}\\(`).test(text)
      : text.includes(`test("${named}"`);
    assert.ok(isTest, `${holder} has no test ${named}`);
  }
});

test("the suites of that table exist", async () => {
  const folders = await readdir(join(repo, "tests"));
  const suites = [...(await read("xtask/src/suites.rs")).matchAll(/\b(?:cargo|suite)\(\s*"([\w-]+)"/g)].map(
    ([, name]) => name,
  );
  for (const [name, , tests] of table("package")) {
    assert.ok(code(tests).length > 0, name);
    for (const suite of code(tests)) {
      const isFolder = folders.includes(suite) && (await isThere(`tests/${suite}`));
      assert.ok(isFolder || suites.includes(suite), `${name}: there is no suite ${suite}`);
    }
  }
});

test("crates/client has at most 300 lines of code", async () => {
  const own = files.filter((file) => /^crates\/client\/src\/.*\.rs$/.test(file));
  const lines = (await Promise.all(own.map(read))).flatMap((text) => text.split("\n"));
  const count = lines.filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length;
  assert.ok(count <= 300, `${count} lines`);
});
