// Rotations on hostile machines: links, modes, full disks, read-only folders; and places where a key could be seen.
import assert from "node:assert/strict";
import { chmod, link, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { command, projectWith } from "./bed.mjs";
import { held, journalOf, rotationWorld } from "./rotation-bed.mjs";

const FILE = { name: "file", kind: "file", path: "service.key" };
/** A rotation with only a file. */
async function fileWorld(t, place = {}) {
  const world = await rotationWorld(t, { places: [{ ...FILE, ...place }] });
  await writeFile(world.secrets, "{}");
  return world;
}

describe("files that receive a key", () => {
  test("a symbolic link is refused, and its target is unchanged", async (t) => {
    const world = await fileWorld(t, { path: "link.key" });
    await symlink("service.key", join(world.root, "link.key"));
    const ended = await world.rotate();
    assert.equal(ended.code, 1, ended.all);
    assert.match(ended.stdout, /link\.key is a symbolic link; use the path of its target/);
    assert.ok((await lstat(join(world.root, "link.key"))).isSymbolicLink());
    assert.equal((await held(world)).file, world.old);
  });

  test("a wide mode is narrowed, a hard link keeps the old text, and no partial file remains", async (t) => {
    const world = await fileWorld(t);
    await chmod(join(world.root, "service.key"), 0o644);
    await link(join(world.root, "service.key"), join(world.root, "other-name"));
    // The partial file of a process that was killed while writing.
    await world.project.put("service.key.0123456789ab.part", "a half-written key");
    assert.equal((await world.rotate()).code, 0);
    assert.equal((await stat(join(world.root, "service.key"))).mode & 0o777, 0o600);
    assert.equal((await readFile(join(world.root, "other-name"), "utf8")).trim(), world.old);
    assert.deepEqual(
      (await readdir(world.root)).filter((name) => name.endsWith(".part")),
      [],
    );
  });

  test("a line of a file is replaced, and the others stay byte for byte, with CR LF and comments", async (t) => {
    const world = await fileWorld(t, {
      path: ".env",
      variable: "ATTENTION_API_KEY",
      nextVariable: "ATTENTION_API_KEY_NEXT",
    });
    const before = `# one\r\nexport A=1\r\nATTENTION_API_KEY="${world.old}"\r\nB='x=y'`;
    await world.project.put(".env", before);
    const ended = await world.rotate();
    assert.equal(ended.code, 0, ended.all);
    const made = world.api.mock.keys.list().find(({ name }) => name === "reports 2027").value;
    assert.equal(
      await readFile(join(world.root, ".env"), "utf8"),
      `# one\r\nexport A=1\r\nATTENTION_API_KEY=${made}\nB='x=y'\n`,
    );
  });

  test("a missing folder, a folder in its place and a full disk are reported, and nothing is changed", async (t) => {
    for (const [path, words] of [
      ["nowhere/service.key", /the folder does not exist; create the folder first/],
      ["folder", /folder is not a file/],
      // A device that is always full; its folder accepts no other file.
      ["/dev/full", /is not a file/],
    ]) {
      const world = await fileWorld(t, { path });
      await mkdir(join(world.root, "folder"));
      const ended = await world.rotate();
      assert.equal(ended.code, 1, ended.all);
      assert.match(ended.stdout, words);
      assert.ok(world.api.mock.keys.get(world.old));
    }
  });

  test("a disk that is full in the middle of a key", async (t) => {
    const world = await fileWorld(t);
    const stop = new URL("fakes/full.mjs", import.meta.url).href;
    const ended = await world.rotate([], { node: ["--import", stop] });
    assert.equal(ended.code, 1, ended.all);
    assert.match(ended.stdout, /was not written and is unchanged: the disk is full; make room/);
    assert.equal((await held(world)).file, world.old);
    assert.deepEqual(
      (await readdir(world.root)).filter((name) => name.includes("service.key.")),
      [],
    );
    assert.equal((await world.rotate(["--resume", "--answer", "retry"])).code, 0);
  });
});

describe("places where a key could be seen", () => {
  test("the configuration, and every place's name: a key in it is refused", async (t) => {
    const world = await rotationWorld(t);
    for (const config of [
      { places: [{ ...FILE, name: world.old }] },
      { places: [FILE], create: { name: world.old } },
      { places: [{ name: "x", kind: "command", run: `echo ${world.old}`, read: "true" }] },
    ]) {
      await world.project.put("attention.rotate.json", JSON.stringify(config));
      const ended = await world.rotate();
      assert.equal(ended.code, 2, ended.all);
      assert.match(ended.stderr, /contains a key/);
      assert.ok(!ended.all.includes(world.old));
    }
  });

  test("arguments and environments of every program that is run, and what a program that fails repeats", async (t) => {
    const spy = "tr '\\0' '\\n' < /proc/$$/environ >> seen; tr '\\0' ' ' < /proc/$$/cmdline >> seen";
    const keep = "cat > vault/.new; cat vault/.new >&2; test -e mended && mv vault/.new vault/key";
    const vault = { name: "vault", kind: "command", run: `${spy}; ${keep}`, read: `${spy}; cat vault/key` };
    const world = await rotationWorld(t, { places: ["worker", "file", vault] });
    const given = { env: { ATTENTION_API_KEY_NEXT: "an-obviously-fake-key-of-the-environment" } };
    const failed = await world.rotate([], given);
    assert.equal(failed.code, 1, failed.all);
    assert.match(failed.stdout, /its command ended with 1: \[redacted\]/);
    await world.project.put("mended", "");
    const ended = await world.rotate(["--resume", "--answer", "retry"], given);
    assert.equal(ended.code, 0, ended.all);
    const { file: made } = await held(world);
    const seen = await readFile(join(world.root, "seen"), "utf8");
    assert.ok(seen.includes("PATH="), seen);
    for (const text of [seen, failed.all, ended.all, await journalOf(world)])
      for (const secret of [made, world.old, "an-obviously-fake-key-of-the-environment"])
        assert.ok(!text.includes(secret));
  });
});

test("invalid configurations are refused with the place of the mistake", async (t) => {
  const world = await rotationWorld(t);
  const { vault } = { vault: { name: "v", kind: "command", run: "cat", read: "cat" } };
  for (const [config, words] of [
    ["{", /is not JSON/],
    [[], /is not an object/],
    [{}, /has no places/],
    [{ places: [] }, /the plan has no place/],
    [{ places: [FILE, FILE] }, /has the same name as an earlier place/],
    [{ places: [{ ...FILE, kind: "fax" }] }, /places\[0\]\.kind must be worker/],
    [{ places: [{ ...FILE, pth: "x" }] }, /places\[0\] has an unknown member: pth/],
    [{ places: [{ ...vault, read: undefined }] }, /cannot be verified/],
    [{ places: [{ ...vault, runNext: "cat" }] }, /need each other/],
    [{ places: [{ name: "w", kind: "worker", url: "https://me:secret@a.example" }] }, /without user and password/],
    [
      { places: [{ name: "w", kind: "worker", url: "https://a.example", environment: "a; rm b" }] },
      /environment may have only letters/,
    ],
    [{ places: [FILE], quiet: "soon" }, /quiet must be a time such as/],
  ]) {
    await world.project.put("attention.rotate.json", typeof config === "string" ? config : JSON.stringify(config));
    const ended = await world.rotate();
    assert.equal(ended.code, 2, ended.all);
    assert.match(ended.stderr, words);
  }
});

describe("real repositories", () => {
  const KEY = "ATTENTION_API_KEY";

  test("a sub-package, a worktree, a shallow clone, a renamed file, a binary one", async (t) => {
    const { MOCK_API_KEY } = await import("../runtimes/packed.mjs").then(({ importPacked }) =>
      importPacked("attention-wasm/testing"),
    );
    const env = { [KEY]: MOCK_API_KEY };
    const scan = async (cwd) => JSON.parse((await command(["scan", "--history", "--json"], { cwd, env })).stdout).leaks;
    const binary = `\0\u0001${MOCK_API_KEY}\0`;
    const project = await projectWith(t, {}, [
      { "packages/a/config.js": `"${MOCK_API_KEY}"`, "blob.bin": binary },
      { "packages/a/config.js": null, "packages/a/moved.js": `"${MOCK_API_KEY}"` },
    ]);
    const paths = (leaks) => leaks.map(({ path }) => path).sort();
    const all = ["blob.bin", "packages/a/moved.js"];
    const found = await scan(project.root);
    assert.ok(
      all.every((path) => paths(found).includes(path)),
      JSON.stringify(found),
    );
    await project.git("worktree", "add", "-q", join(project.root, "tree"));
    assert.deepEqual(paths(await scan(join(project.root, "tree"))), paths(found));
    await project.git("clone", "-q", "--depth", "1", `file://${project.root}`, "shallow");
    const shallow = await scan(join(project.root, "shallow"));
    assert.ok(
      all.every((path) => paths(shallow).includes(path)),
      JSON.stringify(shallow),
    );
  });
});
