// The deployed Worker with a trap in each of its functions, none of which is armed: the bytes of worker/build, patched.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "binaryen";
import { MODULES } from "../worker.mjs";

const [ENTRY, WASM] = MODULES;
const FEATURES = [
  "BulkMemory",
  "BulkMemoryOpt",
  "Multivalue",
  "MutableGlobals",
  "NontrappingFPToInt",
  "ReferenceTypes",
  "SignExt",
].reduce((all, name) => all | binaryen.Features[name], 0);

/**
 * The module's bytes, with a trap at the start of each function. Function number `n` traps while the exported global
 * `armed` is `n`. Also the numbers of exported functions, by name, and how many functions there are.
 */
export function patched(file) {
  const module = binaryen.readBinary(readFileSync(file));
  module.setFeatures(FEATURES);
  module.addGlobal("armed", binaryen.i32, true, module.i32.const(0));
  module.addGlobalExport("armed", "armed");
  const numbers = new Map();
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const pointer = module.getFunctionByIndex(index);
    const { name, base, body, results } = binaryen.getFunctionInfo(pointer);
    if (base) continue;
    numbers.set(name, numbers.size + 1);
    const isArmed = module.i32.eq(module.global.get("armed", binaryen.i32), module.i32.const(numbers.get(name)));
    const trap = module.if(isArmed, module.unreachable());
    binaryen.Function.setBody(pointer, module.block(null, [trap, body], results));
  }
  const exported = {};
  for (let index = 0; index < module.getNumExports(); index++) {
    const { name, value } = binaryen.getExportInfo(module.getExportByIndex(index));
    if (numbers.has(value)) exported[name] = numbers.get(value);
  }
  const bytes = module.emitBinary();
  module.dispose();
  return { bytes, exported, functions: numbers.size };
}

/** A module in front of the deployed entry: arms the function that a request names, and reports on the instances. */
const FRONT = `
import "./instances.js";
import worker, { Gate } from "./index.js";
export { Gate };
export default {
  async fetch(request, env, context) {
    const armed = request.headers.get("x-arm");
    const breaks = request.headers.get("x-break");
    if (armed !== null) globalThis.instances.arm(Number(armed));
    if (new URL(request.url).pathname === "/instances") return Response.json(globalThis.instances.state());
    if (breaks !== null) globalThis.instances.break(breaks);
    if (request.headers.has("x-panic")) globalThis.instances.panic();
    return worker.fetch(request, env, context);
  },
};
`;

const INSTANCES = `
const { Instance } = WebAssembly;
let made = 0;
let last;
WebAssembly.Instance = function (module, imports) {
  made += 1;
  last = new Instance(module, imports);
  return last;
};

// Each throws once when it is armed.
let broken = null;
function check(name) {
  if (broken !== name) return;
  broken = null;
  throw new TypeError("an import that throws");
}
const thrower = (name, real) =>
  new Proxy(real, {
    apply(target, self, args) {
      check(name);
      return Reflect.apply(target, self, args);
    },
    construct(target, args) {
      check(name);
      return Reflect.construct(target, args);
    },
  });
Headers.prototype.forEach = thrower("Headers.forEach", Headers.prototype.forEach);
Headers.prototype.set = thrower("Headers.set", Headers.prototype.set);
Request.prototype.arrayBuffer = thrower("arrayBuffer", Request.prototype.arrayBuffer);
console.log = thrower("console.log", console.log);
crypto.randomUUID = thrower("randomUUID", crypto.randomUUID.bind(crypto));
globalThis.fetch = thrower("fetch", fetch);
globalThis.Response = thrower("Response", Response);
globalThis.setTimeout = thrower("setTimeout", setTimeout);

// Bytes that have another length whenever they are asked for it: what copies them into wasm panics, with a message.
let uneven = false;
const { getReader } = ReadableStream.prototype;
ReadableStream.prototype.getReader = function (...options) {
  if (!uneven) return Reflect.apply(getReader, this, options);
  uneven = false;
  let length = 0;
  const value = { get length() { return ++length; }, subarray: () => value };
  return { read: async () => ({ done: false, value }), cancel: async () => {} };
};

globalThis.instances = {
  arm: (number) => void (last.exports.armed.value = number),
  break: (name) => void (broken = name),
  panic: () => void (uneven = true),
  state: () => ({ made, memory: last.exports.memory.buffer.byteLength, broken }),
};
`;

/** Which functions of the runtime can be made to throw. */
export const BREAKABLE = [...INSTANCES.matchAll(/thrower\("([^"]+)"/g)].map(([, name]) => name);

/** The modules of a Worker that can be made to trap, and the numbers of its functions. */
export function trapping() {
  const { bytes, ...functions } = patched(WASM.file);
  const folder = mkdtempSync(join(tmpdir(), "attention-trapping-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "index_bg.wasm");
  writeFileSync(file, bytes);
  const modules = [
    { name: "front.js", text: FRONT },
    { name: "instances.js", text: INSTANCES },
    ENTRY,
    { ...WASM, file },
  ];
  return { modules, ...functions };
}
