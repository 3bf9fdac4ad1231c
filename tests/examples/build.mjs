// Builds the Rust examples. Each is a separate workspace, so cargo in the
// repository's root does not include them.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));
const bin = (name) => join(repo, "node_modules/.bin", name);

/** The folder of `index.js` and `index_bg.wasm`. */
export function buildWorkersRs() {
  return build("workers-rs", "worker-build", ["--release"]);
}

/** The folder of `client.js` and `client_bg.wasm`. */
export function buildGloo() {
  return build("rust-gloo", "wasm-pack", [
    "build",
    "--target",
    "web",
    "--release",
    "--mode",
    "no-install",
    "--no-pack",
    "--no-typescript",
    "--out-dir",
    "build",
    "--out-name",
    "client",
  ]);
}

/** The program. */
export async function buildNative() {
  const folder = join(repo, "examples/rust-native");
  await run("cargo", ["build", "--quiet", "--locked"], folder);
  return join(repo, "target/examples/debug/attention-native-example");
}

async function build(example, command, args) {
  const folder = join(repo, "examples", example);
  const out = join(folder, "build");
  const stamp = join(out, ".stamp");
  const inputs = await hash([
    join(folder, "src"),
    join(folder, "Cargo.toml"),
    join(folder, "Cargo.lock"),
    ...["core", "client", "gateway"].map((crate) => join(repo, "crates", crate, "src")),
  ]);
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === inputs) return out;
  await run(command, args, folder);
  await writeFile(stamp, inputs);
  return out;
}

function run(command, args, cwd) {
  // As `cargo xtask` has it: its tools first, and its own compiler where the
  // machine's has no wasm target.
  const first = [join(repo, ".tools/bin")];
  const compiler = join(repo, ".tools/toolchain/bin");
  const env = { ...process.env, CARGO_TARGET_DIR: join(repo, "target/examples") };
  if (existsSync(compiler)) {
    first.unshift(compiler);
    for (const name of ["RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC"]) delete env[name];
  }
  env.PATH = [...first, env.PATH].join(delimiter);
  Object.assign(env, {
    WASM_BINDGEN_BIN: join(repo, ".tools/bin/wasm-bindgen"),
    WASM_OPT_BIN: bin("wasm-opt"),
    ESBUILD_BIN: bin("esbuild"),
  });
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.once("error", (error) => reject(new Error(`${command}: ${error.message}\n  next: cargo xtask doctor`)));
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} in ${cwd} ended with ${code}\n${output}`)),
    );
  });
}

async function hash(paths) {
  const sum = createHash("sha256");
  for (const path of paths) {
    const files = path.endsWith("src")
      ? (await readdir(path, { recursive: true })).filter((name) => name.endsWith(".rs")).sort()
      : [""];
    for (const name of files) sum.update(name).update(await readFile(join(path, name)));
  }
  return sum.digest("hex");
}
