// A Rust developer: examples/rust-native by the README's command, and a program of one's own by docs/getting-started.md.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPackedMock } from "../runtimes/packed.mjs";
import { repo } from "./document.mjs";
import { Reader } from "./reader.mjs";

let key;
let upstream;
before(async () => {
  ({ key, upstream } = await startPackedMock());
});
after(() => upstream?.close());

const env = () => ({
  ATTENTION_API_KEY: key,
  ATTENTION_BASE_URL: `${upstream.url}/v2`,
  // Built once for everything outside of the workspace.
  CARGO_TARGET_DIR: join(repo, "target/examples"),
});

test("the README's start: the titles of three conversations", async (t) => {
  const reader = await Reader.begin(t, { env: env() });
  await reader.run(`cd ${repo}`);
  await reader.run("cargo build --quiet --locked --manifest-path examples/rust-native/Cargo.toml");
  const printed = await reader.follow("README.md", "Rust");
  const titles = printed.split("\n").filter((line) => line !== "" && !/^ +(Finished|Running|Compiling) /.test(line));
  assert.equal(titles.length, 3, printed);
});

test("getting-started.md: a program of one's own around client.rs", async (t) => {
  const reader = await Reader.begin(t, {
    env: { ...env(), CARGO_NET_OFFLINE: "true" },
    replacements: [
      {
        find: /^cargo run --quiet/,
        put: 'cp "$ATTENTION_WASM/examples/rust-native/Cargo.lock" . && cargo run --quiet',
        why: "no network: the versions that are on this machine",
      },
    ],
  });
  await reader.run(`ATTENTION_WASM=${repo}`);
  const printed = await reader.follow("docs/getting-started.md", "A Rust program");
  assert.match(printed, /^3 conversations$/m);
  assert.ok(!printed.includes(key));
  // Every error that `main` returns is printed in words, without a key.
  const wrong = "obviously-fake-wrong-key-0123456789";
  const failing = (value) => reader.run(`ATTENTION_API_KEY=${value} cargo run --quiet || printf 'status %s\\n' $?`);
  for (const [value, ...told] of [
    [
      wrong,
      /^Error: the credentials were refused \(401\).*most likely/m,
      /^ {2}LIKELY {2}revoked_or_expired: /m,
      /^ {2}next {4}/m,
    ],
    [`'Bearer ${wrong}'`, /^Error: the key begins with .*`Bearer`/m],
    ["", /^Error: the key is empty; /m],
  ]) {
    const refused = await failing(value);
    for (const pattern of [...told, /^status 1$/m]) assert.match(refused, pattern);
    assert.ok(!refused.includes(wrong));
    assert.ok(
      refused.split("\n").every((line) => line.length < 400),
      refused,
    );
  }
});

const slow =
  process.env.ATTENTION_SLOW === "1" ? {} : { skip: "compiles some 300 crates each; ATTENTION_SLOW=1 runs it" };

for (const framework of ["Leptos", "Yew", "Dioxus"]) {
  const name = `getting-started.md: a page in ${framework} compiles (some 300 crates; ATTENTION_SLOW=1 runs it)`;
  test(name, slow, async (t) => {
    const reader = await Reader.begin(t, { env: { CARGO_TARGET_DIR: join(repo, "target/examples") }, minutes: 20 });
    await reader.run(`ATTENTION_WASM=${repo} WORKER=http://127.0.0.1:8787 SESSION=obviously-fake-session`);
    const isShared = ({ file, text }) => file === "src/titles.rs" || text.includes("cargo new");
    await reader.follow("docs/getting-started.md", "A Rust page", isShared);
    await reader.follow("docs/getting-started.md", framework);
  });
}
