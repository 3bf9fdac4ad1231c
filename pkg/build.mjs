// Turns the bound wasm (pkg/dist/.wasm, made by `cargo xtask build pkg`) and the
// sources in pkg/src and pkg/testing into what is published: ESM and CommonJS
// bundles, one pair more for each edge runtime, and declarations.
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
/** The rules of the command line, which no page and no server loads. */
const operator = join(dist, ".operator");
const { version } = JSON.parse(await readFile(join(pkg, "package.json"), "utf8"));

/**
 * `Symbol.dispose`, for projects whose `lib`, or whose TypeScript, is older than `using`. The lines of lib.esnext.disposable
 * itself, which merge with it; a reference to that library is an error before TypeScript 5.2.
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

/** The functions that the wasm imports, each by its name: a namespace as a whole would stay in every bundle. */
function importsModule() {
  const held = importsOfWasm.map(({ name, short }) => `${short}: ${name}`).join(", ");
  return [
    ...importsOfWasm.map(({ module, name }) => `import { ${name} } from "${module}";`),
    `export const imports = () => ({ ${importsOfWasm[0].shortModule}: { ${held} } });`,
  ].join("\n");
}

/** Everything but the two modules of wasm, which are this build's input. */
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
 * One entry for one runtime: `suffix` says which. The client imports its core, so that both share one instance and the
 * classes of errors. `own` takes the place of what is usual.
 */
async function bundle(name, suffix, source = `src/${name}.ts`, own = {}) {
  const { outputFiles } = await build({
    absWorkingDir: pkg,
    entryPoints: [source],
    outfile: join(dist, `${name}.${suffix}`),
    bundle: true,
    format: suffix === "cjs" ? "cjs" : "esm",
    target: "es2022",
    // Not minified: an uncaught error shows the line that threw it, and a bundler minifies for the page.
    sourcemap: "linked",
    write: false,
    define: { __VERSION__: JSON.stringify(version) },
    plugins: [parts(name, suffix)],
    // A peer: one instance of it holds what the application has set up.
    external: ["@opentelemetry/api"],
    logLevel: "warning",
    ...own,
  });
  for (const { path, text } of outputFiles) await writeFile(path, path.endsWith(".map") ? readable(text) : text);
}

/** A source map without the wasm that is embedded as text, which would be there a second time. */
function readable(map) {
  const { sources, sourcesContent, ...rest } = JSON.parse(map);
  const kept = sourcesContent.map((text, at) => (sources[at].endsWith("bytes:bytes") ? null : text));
  return JSON.stringify({ ...rest, sources, sourcesContent: kept });
}

/** `npx attention-wasm`: a program for Node, beside the client that it calls with. */
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

/** What the `#` imports of the sources are in this bundle. */
function parts(name, suffix) {
  const isEmbedded = suffix === "js" || suffix === "cjs";
  const runtimeModule = suffix === "edge-light.js" ? "./attention.wasm?module" : "./attention.wasm";
  return {
    name: "parts",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/(runtime\/rules|errors)\.js$/ }, () =>
        name === "core" ? undefined : { path: `./core.${suffix}`, external: true },
      );
      // The jobs are of the client beside them.
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

/** The generated glue, without the things that it does at the import, and those that `runtime/rules.ts` does. */
function ours(glue) {
  const changes = [
    // A statement of the module's own keeps the class, and what it calls, in pages that take neither.
    [/^if \(Symbol\.dispose\).*$/m, ""],
    // A bundler leaves out the enums of a page that has none of them.
    [/(?<== )Object\.freeze\(/g, "/* @__PURE__ */ Object.freeze("],
    // It would free in another instance after a trap.
    [/^const UpstreamFinalization = [^;]*;$/m, "const UpstreamFinalization = { register() {}, unregister() {} };"],
    // Jest's jsdom has neither: they are made at their first use, and not at the import.
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
    if (!from.test(text)) throw new Error(`wasm-bindgen writes something else now: ${from}`);
    return text.replace(from, to);
  }, glue);
}

/** The wasm as the text that `src/runtime/wasm/text.ts` reads. */
function embedded() {
  const { text, singles } = asText(wasm);
  return `export const text = "${text}"; export const singles = "${singles}"; export const size = ${wasm.length};`;
}

/** `src/runtime/wasm/text.ts` says how, and why. */
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
  // Published at the root, beside testing/: the names that package.json has for the entries.
  for (const name of await readdir(join(types, "src"))) await rename(join(types, "src", name), join(types, name));
  await rmdir(join(types, "src"));
  await copyFile(join(bound, "attention.d.ts"), join(types, "runtime/binding.d.ts"));
  const texts = new Map();
  for (const file of await readdir(types, { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const text = (await readFile(join(types, file), "utf8"))
      .replaceAll(/(["'])#binding\1/g, () => JSON.stringify(toBinding(file)))
      .replaceAll(/(["'](?:\.\.\/)+)src\//g, "$1")
      // Types that only lib.dom names, said by way of globals that Node's types have too.
      .replaceAll(/\bBodyInit\b/g, 'NonNullable<RequestInit["body"]>')
      .replaceAll(/\bRequestInfo \| URL\b/g, "Parameters<typeof fetch>[0]")
      // Arrays of bytes have no parameter before TypeScript 5.7.
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
    // CommonJS resolves to declarations that say they are CommonJS.
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

/** The way from a declaration to the ones that wasm-bindgen writes. */
function toBinding(file) {
  const path = relative(dirname(file), "runtime/binding.js").replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** The declarations that the entries lead to: those of inner modules would only be ballast. */
function reachable(entries, texts) {
  const found = new Set(entries);
  for (const file of found) {
    for (const [, path] of texts.get(file).matchAll(/["'](\.{1,2}\/[^"']+)\.js["']/g)) {
      found.add(posix.join(posix.dirname(file), `${path}.d.ts`));
    }
  }
  return found;
}

/** These are at the root of the repository; a package needs its own. */
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

/** What the user of a bundler pays: minified as a bundler does it, then gzip. */
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
