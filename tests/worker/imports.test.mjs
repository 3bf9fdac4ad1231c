// What the Worker's wasm imports: how often a plain call crosses into JavaScript, and that whatever may throw there is
// declared `catch`, since an exception that passes through wasm frames has skipped destructors.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MODULES, useWorkers } from "./worker.mjs";

const [ENTRY, WASM] = MODULES;
const GLUE = readFileSync(new URL("../../worker/build/glue/attention.js", import.meta.url), "utf8");

/** Imports without `catch`, and why they cannot throw. */
const WITHOUT_CATCH = {
  "reads what the platform's own object is: a Request or a Response that the runtime or this Worker made": [
    "arg0.body",
    "arg0.headers",
    "arg0.status",
    "arg1.method",
    "arg1.url",
  ],
  "reads and changes arrays and bytes that this module made, or that the platform promises": [
    "arg0[arg1 >>> 0]",
    "arg0.length",
    "arg0.push(arg1)",
    "value(arg1, arg2 >>> 0)",
    "picked(arg0, arg1, getArrayU32FromWasm0(arg2, arg3))",
    "arg0.subarray(arg1 >>> 0, arg2 >>> 0)",
    "Uint8Array.prototype.set.call(getArrayU8FromWasm0(arg0, arg1), arg2)",
    "new Uint8Array(getArrayU8FromWasm0(arg0, arg1))",
  ],
  "makes a value, from nothing or a text": [
    "new Array()",
    "new Object()",
    "Error(getStringFromWasm0(arg0, arg1))",
    "getStringFromWasm0(arg0, arg1)",
    "arg0",
  ],
  "a clock, and chance": ["Date.now()", "Math.random()"],
  "asks for a value's type": [
    "arg0 === undefined",
    "arg0 instanceof ReadableStream",
    "typeof(arg0) === 'function'",
    "typeof(obj) === 'string' ? obj : undefined",
    "typeof(obj) === 'number' ? obj : undefined",
    "typeof(v) === 'boolean' ? v : undefined",
    "typeof global === 'undefined' ? undefined : global",
    "typeof globalThis === 'undefined' ? undefined : globalThis",
    "typeof self === 'undefined' ? undefined : self",
    "typeof window === 'undefined' ? undefined : window",
  ],
  "wasm-bindgen's own: its futures, whose promises it makes, its closures and tables": [
    "new Promise(cb0)",
    "Promise.resolve(arg0)",
    "arg0.then(arg1)",
    "arg0.queueMicrotask",
    "queueMicrotask(arg0)",
    "makeMutClosure(arg0, arg1, …)",
    "arg0._wbg_cb_unref()",
    "wasm.__wbindgen_externrefs",
  ],
  "is meant to throw: a fault of wasm-bindgen's, and counts as a trap": [
    "throw new Error(getStringFromWasm0(arg0, arg1))",
  ],
  "of the `worker` crate, in what it does when it begins": ["state", "arg0.instanceId", "arg0.instanceId = arg1 >>> 0"],
  "of waits.mjs, which deletes from a map, or adds a handler to a promise of the platform's": ["forget", "ignore"],
};

/** An import's code as text; `undefined` if it catches. */
function done({ module, name }) {
  if (!module.startsWith("./")) return name;
  const at = GLUE.indexOf(`        ${name}: function`);
  assert.notEqual(at, -1, `${name} is in the glue`);
  const code = GLUE.slice(at, GLUE.indexOf("\n        },", at));
  if (/^[^\n]*handleError\(/.test(code)) return undefined;
  // What moves the result is the same everywhere.
  const lines = code
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
  const own = lines.find((line) => /^(const|let|var) ret = (?!result)|^result = |^const table = /.test(line));
  const text = own ?? lines.find((line) => line !== "" && !line.startsWith("//"));
  return text
    .replace(/^((const|let|var) )?(ret|result|table) = /, "")
    .replace(/;$/, "")
    .replace(/wasm_bindgen__\w+/, "…");
}

test("each import that may throw is declared `catch`", () => {
  const allowed = new Set(Object.values(WITHOUT_CATCH).flat());
  const module = new WebAssembly.Module(readFileSync(WASM.file));
  const imports = WebAssembly.Module.imports(module).filter(({ kind }) => kind === "function");
  const bare = imports.map(done).filter((what) => what !== undefined);
  assert.deepEqual(
    [...new Set(bare)].filter((what) => !allowed.has(what)),
    [],
  );
  assert.ok(imports.length - bare.length > 40, "most of them catch");
  assert.deepEqual(
    [...allowed].filter((what) => !bare.includes(what)),
    [],
    "the list names no more than there is",
  );
});

/** Counts calls between the two, both ways, and says how many there were since it was last asked. */
const FRONT = `
import "./counting.js";
import worker, { Gate } from "./index.js";
export { Gate };
export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/counted") return Response.json(globalThis.counted());
    return worker.fetch(request, env, context);
  },
};
`;
const COUNTING = `
let counts = {};
const counting = (functions) =>
  Object.fromEntries(Object.entries(functions).map(([name, held]) => [name, typeof held === "function" ? (...args) => {
    const plain = name.replace(/^__wbg_|_[0-9a-f]{16}$/g, "");
    counts[plain] = (counts[plain] ?? 0) + 1;
    return held(...args);
  } : held]));
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const counted = Object.fromEntries(Object.entries(imports).map(([from, functions]) => [from, counting(functions)]));
  return new Instance(module, counted);
};
globalThis.counted = () => {
  const counted = counts;
  counts = {};
  return counted;
};
`;
const workers = useWorkers();
const counted = workers.with({}, [
  { name: "front.js", text: FRONT },
  { name: "counting.js", text: COUNTING },
  ENTRY,
  WASM,
]);

const sent = [
  ["Accept", "application/json"],
  ["Accept-Encoding", "gzip"],
];
const answered = { "content-type": "application/json", etag: '"a"', server: "nginx", "x-powered-by": "x" };
/** Further headers of a browser and Cloudflare. */
const BROWSER = ["User-Agent", "Cookie", "CF-Ray", "CF-Visitor", "X-Forwarded-For", "Sec-Fetch-Mode", "Sec-Fetch-Site"];

/** The calls of JavaScript that a plain call makes, by their names. */
async function crossings({ headers = [], response = {} } = {}) {
  workers.respond = () => new Response("{}", { headers: { ...answered, ...response } });
  const call = () => workers.call(counted, { target: "/v2/users", headers: [...sent, ...headers] });
  // The first one makes the isolate's configuration, and an answer of this status.
  for (let times = 0; times < 2; times++) assert.equal((await call()).status, 200);
  await workers.call(counted, { target: "/counted" });
  assert.equal((await call()).status, 200);
  return JSON.parse((await workers.call(counted, { target: "/counted" })).text);
}

const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

test("a plain call reads the headers of both messages once, and makes at most forty-six crossings", async () => {
  const counts = await crossings();
  assert.equal(counts.fields, 2);
  assert.ok(sum(counts) <= 46, JSON.stringify(counts));
  assert.ok(sum(counts) > 20, "what is counted are the imports");
});

test("headers that are removed, however many, cost no crossing", async () => {
  const plain = await crossings();
  const headers = BROWSER.map((name) => [name, "x".repeat(40)]);
  const response = Object.fromEntries(
    ["cf-ray", "set-cookie", "report-to", "nel"].map((name) => [name, "y".repeat(40)]),
  );
  assert.deepEqual(await crossings({ headers, response }), plain);
});
