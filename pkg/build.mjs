// Builds the published package from the bound wasm (pkg/dist/.wasm, made by
// `cargo xtask build pkg`) and the sources: ESM and CommonJS bundles, another
// pair for each edge runtime, and declarations.
import { spawn } from "node:child_process";
import { chmod, copyFile, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { build } from "esbuild";
import { withShortImports } from "./build-imports.mjs";

const pkg = fileURLToPath(new URL(".", import.meta.url));
const dist = join(pkg, "dist");
const bound = join(dist, ".wasm");
const { bytes: wasm, imports: importsOfWasm } = withShortImports(await readFile(join(bound, "attention_bg.wasm")));
/** The rules of the command line, which neither pages nor servers load. */
const operator = join(dist, ".operator");
const { version } = JSON.parse(await readFile(join(pkg, "package.json"), "utf8"));

/**
 * `Symbol.dispose`, for projects whose `lib` or TypeScript is older than `using`. These are the lines of
 * lib.esnext.disposable itself, which merge with it; a reference to that library is an error before TypeScript 5.2.
 */
const DISPOSABLE = `interface SymbolConstructor {
  readonly dispose: unique symbol;
}
interface Disposable {
  [Symbol.dispose](): void;
}
`;

await clear();
await Promise.all([bundles(), declarations(), documents()]);
await report();

/** The functions that the wasm imports, each by name, because a whole namespace would stay in every bundle. */
function importsModule() {
  const held = importsOfWasm.map(({ name, short }) => `${short}: ${name}`).join(", ");
  return [
    ...importsOfWasm.map(({ module, name }) => `import { ${name} } from "${module}";`),
    `export const imports = () => ({ ${importsOfWasm[0].shortModule}: { ${held} } });`,
  ].join("\n");
}

/** Everything except the two wasm modules, which are this build's input. */
async function clear() {
  const inputs = [".wasm", ".operator"];
  for (const name of await readdir(dist)) if (!inputs.includes(name)) await rm(join(dist, name), { recursive: true });
}

async function bundles() {
  await Promise.all([
    bundle("index", "js"),
    bundle("core", "js"),
    bundle("testing", "js", "testing/index.ts"),
    ...["js", "cjs", "workerd.js", "edge-light.js"].map((suffix) => bundle("jobs", suffix, "jobs/index.ts")),
    ...["js", "cjs"].map((suffix) => bundle("webhooks", suffix, "webhooks/index.ts")),
    bundle("opentelemetry", "js", "opentelemetry/index.ts"),
    bundle("opentelemetry", "cjs", "opentelemetry/index.ts"),
    bundle("index", "cjs"),
    bundle("core", "cjs"),
    bundle("testing", "cjs", "testing/index.ts"),
    bundle("index", "workerd.js"),
    bundle("core", "workerd.js"),
    bundle("index", "edge-light.js"),
    bundle("core", "edge-light.js"),
    writeFile(join(dist, "attention.wasm"), wasm),
    command(),
    copyFile(join(operator, "attention_bg.wasm"), join(dist, "operator.wasm")),
  ]);
}

/**
 * Bundles one entry for the runtime of `suffix`. The client imports core as a module, so that both share one instance
 * and the error classes. `own` overrides the usual options.
 */
async function bundle(name, suffix, source = `src/${name}.ts`, own = {}) {
  const { outputFiles } = await build({
    absWorkingDir: pkg,
    entryPoints: [source],
    outfile: join(dist, `${name}.${suffix}`),
    bundle: true,
    format: suffix === "cjs" ? "cjs" : "esm",
    target: "es2022",
    // Not minified, so that an uncaught error shows a readable line; the page's bundler minifies.
    sourcemap: "linked",
    write: false,
    define: { __VERSION__: JSON.stringify(version) },
    plugins: [parts(name, suffix)],
    // A peer dependency, because its single instance has the application's setup.
    external: ["@opentelemetry/api"],
    logLevel: "warning",
    ...own,
  });
  for (const { path, text } of outputFiles) await writeFile(path, path.endsWith(".map") ? readable(text) : text);
}

/** A source map without the embedded wasm text, which would be there twice. */
function readable(map) {
  const { sources, sourcesContent, ...rest } = JSON.parse(map);
  const kept = sourcesContent.map((text, at) => (sources[at].endsWith("bytes:bytes") ? null : text));
  return JSON.stringify({ ...rest, sources, sourcesContent: kept });
}

/** `npx attention-wasm`: a program for Node, which imports the client. */
async function command() {
  await bundle("cli", "js", "cli/index.ts", {
    platform: "node",
    target: "node20",
    banner: { js: "#!/usr/bin/env node" },
    plugins: [
      {
        name: "command",
        setup({ onResolve }) {
          onResolve({ filter: /\/src\/index\.js$/ }, () => ({ path: "./index.js", external: true }));
          onResolve({ filter: /^#operator$/ }, () => ({ path: join(operator, "attention_bg.js") }));
        },
      },
    ],
  });
  await chmod(join(dist, "cli.js"), 0o755);
}

/** Resolves the `#` imports of the sources for this bundle. */
function parts(name, suffix) {
  const isEmbedded = suffix === "js" || suffix === "cjs";
  const runtimeModule = suffix === "edge-light.js" ? "./attention.wasm?module" : "./attention.wasm";
  return {
    name: "parts",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/(runtime\/rules|errors)\.js$/ }, () =>
        name === "core" ? undefined : { path: `./core.${suffix}`, external: true },
      );
      // Jobs use the client's bundle.
      onResolve({ filter: /\/src\/index\.js$/ }, () => ({ path: `./index.${suffix}`, external: true }));
      onResolve({ filter: /^#(glue|binding)$/ }, () => ({ path: join(bound, "attention_bg.js") }));
      onResolve({ filter: /^#imports$/ }, () => ({ path: "imports", namespace: "imports" }));
      onLoad({ filter: /.*/, namespace: "imports" }, () => ({
        contents: importsModule(),
        resolveDir: bound,
      }));
      onLoad({ filter: /attention_bg\.js$/ }, async ({ path }) => ({ contents: ours(await readFile(path, "utf8")) }));
      onResolve({ filter: /^#module$/ }, () => ({
        path: join(pkg, `src/runtime/wasm/${isEmbedded ? "embedded" : "imported"}.ts`),
      }));
      onResolve({ filter: /^#runtime-module$/ }, () => ({ path: runtimeModule, external: true }));
      onResolve({ filter: /^#bytes$/ }, () => ({ path: "bytes", namespace: "bytes" }));
      onLoad({ filter: /.*/, namespace: "bytes" }, () => ({ contents: embedded() }));
    },
  };
}

/** The generated glue, without side effects of the import, and without the tasks of `runtime/rules.ts`. */
function ours(glue) {
  const changes = [
    // A top-level statement would keep the class and its dependencies in pages that use neither.
    [/^if \(Symbol\.dispose\).*$/m, ""],
    // Lets bundlers drop unused enums.
    [/(?<== )Object\.freeze\(/g, "/* @__PURE__ */ Object.freeze("],
    // It would free in the wrong instance after a trap.
    [/^const UpstreamFinalization = [^;]*;$/m, "const UpstreamFinalization = { register() {}, unregister() {} };"],
    // Jest's jsdom has neither, so they are made on first use, not by the import.
    [
      /^let cachedTextDecoder = (new TextDecoder\(.*\));\ncachedTextDecoder\.decode\(\);$/m,
      "const newDecoder = () => $1;\nlet cachedTextDecoder;",
    ],
    [/return cachedTextDecoder\.decode\(bytes\)/, "return (cachedTextDecoder ??= newDecoder()).decode(bytes)"],
    [
      /^const cachedTextEncoder = new TextEncoder\(\);\n\nif \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[\s\S]*?^\}$/m,
      "let encoder;\nconst cachedTextEncoder = {\n" +
        "  encode: (text) => (encoder ??= new TextEncoder()).encode(text),\n" +
        "  encodeInto: (text, view) => (encoder ??= new TextEncoder()).encodeInto(text, view),\n};",
    ],
  ];
  return changes.reduce((text, [from, to]) => {
    if (!from.test(text)) throw new Error(`wasm-bindgen's output has changed: ${from}`);
    return text.replace(from, to);
  }, glue);
}

/** Encodes the wasm as the text that `src/runtime/wasm/text.ts` decodes. */
function embedded() {
  const { text, singles } = asText(wasm);
  return `export const text = "${text}"; export const singles = "${singles}"; export const size = ${wasm.length};`;
}

/** `src/runtime/wasm/text.ts` describes the encoding. */
function asText(bytes) {
  const characters = Array.from({ length: 127 - 32 }, (_, at) => String.fromCharCode(32 + at)).filter(
    (character) => !'"<\\'.includes(character),
  );
  const [first, second] = characters.slice(90);
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]++;
  const byCount = [...counts.keys()].sort((one, other) => counts[other] - counts[one] || one - other);
  const single = new Set(byCount.slice(0, 90));
  const digits = new Uint8Array(64);
  for (const byte of single) digits[byte >> 2] |= 1 << (byte & 3);
  const codes = [];
  let [singles, pairs] = [0, 0];
  for (let byte = 0; byte < 256; byte++)
    codes[byte] = single.has(byte) ? characters[singles++] : (pairs < 83 ? first : second) + characters[pairs++ % 83];
  return {
    text: Array.from(bytes, (byte) => codes[byte]).join(""),
    singles: Array.from(digits, (digit) => digit.toString(16)).join(""),
  };
}

async function declarations() {
  const types = join(dist, "types");
  const tsc = fileURLToPath(import.meta.resolve("typescript/package.json"));
  await run(process.execPath, [
    join(dirname(tsc), "bin/tsc"),
    "--project",
    pkg,
    "--noEmit",
    "false",
    "--emitDeclarationOnly",
    "--declaration",
    "--outDir",
    types,
  ]);
  // Published at the root, beside testing/, under the names in package.json.
  for (const name of await readdir(join(types, "src"))) await rename(join(types, "src", name), join(types, name));
  await rmdir(join(types, "src"));
  await copyFile(join(bound, "attention.d.ts"), join(types, "runtime/binding.d.ts"));
  const texts = new Map();
  for (const file of await readdir(types, { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const text = (await readFile(join(types, file), "utf8"))
      .replaceAll(/(["'])#binding\1/g, () => JSON.stringify(toBinding(file)))
      .replaceAll(/(["'](?:\.\.\/)+)src\//g, "$1")
      // Types that only lib.dom names, expressed by globals that Node's types have too.
      .replaceAll(/\bBodyInit\b/g, 'NonNullable<RequestInit["body"]>')
      .replaceAll(/\bRequestInfo \| URL\b/g, "Parameters<typeof fetch>[0]")
      // Typed arrays have no type parameter before TypeScript 5.7.
      .replaceAll(/\bUint8Array<ArrayBuffer(?:Like)?>/g, "Uint8Array");
    texts.set(file.replaceAll("\\", "/"), text);
  }
  const needed = reachable(
    ["index", "core", "testing/index", "jobs/index", "webhooks/index", "opentelemetry/index"].map(
      (name) => `${name}.d.ts`,
    ),
    texts,
  );
  await writeFile(join(types, "disposable.d.ts"), DISPOSABLE);
  for (const [file, declared] of texts) {
    const path = join(types, file);
    if (!needed.has(file)) {
      await rm(path);
      continue;
    }
    // ESM may take types from CommonJS, though not the other way round: the largest ones, which are no values,
    // are there once.
    let text = declared.replaceAll(/(["']\.{1,2}\/(?:[^"']+\/)?schema)\.js(["'])/g, "$1.cjs$2");
    if (text.includes("Symbol.dispose")) text = `/// <reference path="${toDisposable(file)}" />\n${text}`;
    if (file === "api/schema.d.ts") await rm(path);
    else await writeFile(path, text);
    // CommonJS needs separate declarations.
    await writeFile(
      path.replace(/\.d\.ts$/, ".d.cts"),
      text.replaceAll(/(["']\.{1,2}\/[^"']+)\.js(["'])/g, "$1.cjs$2"),
    );
  }
}

function toDisposable(file) {
  return "../"
    .repeat(file.split("/").length - 1)
    .concat("disposable.d.ts")
    .replace(/^(?!\.)/, "./");
}

/** The path from a declaration to wasm-bindgen's. */
function toBinding(file) {
  const path = relative(dirname(file), "runtime/binding.js").replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** The declarations that the entries reach; others are not published. */
function reachable(entries, texts) {
  const found = new Set(entries);
  for (const file of found) {
    for (const [, path] of texts.get(file).matchAll(/["'](\.{1,2}\/[^"']+)\.js["']/g)) {
      found.add(posix.join(posix.dirname(file), `${path}.d.ts`));
    }
  }
  return found;
}

/** Copies of the files at the repository's root that a package needs. */
async function documents() {
  for (const name of ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"]) {
    await copyFile(join(pkg, "..", name), join(pkg, name)).catch((error) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    spawn(command, args, { stdio: "inherit" })
      .once("error", reject)
      .once("close", (code) =>
        code === 0 ? resolve() : reject(new Error(`${relative(pkg, args[0])} ended with ${code}`)),
      );
  });
}

/** The size for the user of a bundler: minified, then gzip. */
async function report() {
  const gzip = promisify(zlib.gzip);
  const packed = async (bytes) => (await gzip(bytes, { level: 9 })).length;
  const minified = async (contents, external) => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: dist },
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      write: false,
      external,
    });
    return outputFiles[0].contents;
  };
  const everything = await minified('export * from "./index.js"', []);
  const edge = await minified('export * from "./index.workerd.js"', ["./attention.wasm"]);
  const wasmGzip = await packed(wasm);
  const line = (what, size) => console.log(`${what.padEnd(52)}${(size / 1024).toFixed(1).padStart(8)} KB`);
  line("wasm", wasm.length);
  line("wasm, gzip", wasmGzip);
  line("JS beside the wasm (workerd), min", edge.length);
  line("JS beside the wasm (workerd), min+gzip", await packed(edge));
  line("all with the wasm beside (workerd), min+gzip", (await packed(edge)) + wasmGzip);
  line("all with the wasm embedded, min", everything.length);
  line("all with the wasm embedded, min+gzip", await packed(everything));
  line("  the embedded wasm in it: text, gzip", await packed(asText(wasm).text));
}
