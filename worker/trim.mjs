// A step of the build: takes out of the Worker's wasm what nothing runs although the tables of functions name it, so that
// no optimiser may. Each of them is made to trap, and what it alone needed goes with it.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const [, , from, to, glue, ...features] = process.argv;

/**
 * Names of functions, without the hashes of crates. A panic's message is never read, since it may quote a caller: so
 * nothing puts one together. The crate's own hook for panics has been replaced before anything can panic, and the classes
 * for streams that it brings are not exported.
 */
const TAKEN_OUT = [
  /\bcore::fmt::/,
  /\balloc::fmt::/,
  /\bcore::unicode::printable\b/,
  /<char>::escape_debug/,
  /\bstd::(io|backtrace|panicking::default_hook)\b|\bstd::sys::backtrace::(?!__rust_end)/,
  /^<?worker::init::init::\{closure#0\}/,
  /\bwasm_streams::/,
];

/** Whoever asks a panic for its message is given one that is not put together. */
const PUT_TOGETHER = /FormatStringPayload as core::panic::PanicPayload>::/;
const CONSTANT = /StaticStrPayload as core::panic::PanicPayload>::get$/;

binaryen.setDebugInfo(true);
const module = binaryen.readBinary(readFileSync(from));
module.setFeatures(features.reduce((all, name) => all | feature(name), 0));

/** What wasm-opt calls `--enable-sign-ext` is `SignExt` here. */
function feature(flag) {
  const words = flag.replace("--enable-", "").replace("float-to-int", "f-p-to-int").split("-");
  const bit = binaryen.Features[words.map((word) => word[0].toUpperCase() + word.slice(1)).join("")];
  if (bit === undefined) throw new Error(`binaryen knows no feature ${flag}`);
  return bit;
}

const plain = (name) => name.replace(/\[[0-9a-f]+\]/g, "");
const functions = Array.from({ length: module.getNumFunctions() }, (_, index) => module.getFunctionByIndex(index))
  .map((pointer) => ({ pointer, ...binaryen.getFunctionInfo(pointer) }))
  .filter(({ base }) => !base);

const isTakenOut = (name) => TAKEN_OUT.some((pattern) => pattern.test(plain(name)));
const constant = functions.find(({ name }) => CONSTANT.test(plain(name)));
const out = new Set();
for (const { pointer, name, params, results } of functions) {
  let body;
  if (constant && PUT_TOGETHER.test(plain(name)) && params === constant.params && results === constant.results) {
    const given = binaryen.expandType(params).map((type, index) => module.local.get(index, type));
    body = module.call(constant.name, given, results);
  } else if (isTakenOut(name) || PUT_TOGETHER.test(plain(name))) {
    body = module.unreachable();
    out.add(name);
  } else continue;
  binaryen.Function.setBody(pointer, body);
}
for (const pattern of TAKEN_OUT) {
  if (![...out].some((name) => pattern.test(plain(name))))
    throw new Error(`nothing is called like ${pattern} any more`);
}

// Nothing that stays may call what is gone.
let caller;
for (const line of module.emitText().split("\n")) {
  caller = /^ \(func \$("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1] ?? caller;
  for (const [, quoted, bare] of line.matchAll(/\((?:return_)?call \$(?:"((?:[^"\\]|\\.)*)"|([^\s)]+))/g)) {
    if (out.has(quoted ?? bare)) {
      throw new Error(`${caller} calls ${quoted ?? bare}, which is taken out of the Worker: see docs/size.md`);
    }
  }
}

// Names of exports are without the hashes of crates too, in the glue as in the module.
let text = readFileSync(glue, "utf8");
const exports = Array.from({ length: module.getNumExports() }, (_, index) => module.getExportByIndex(index));
for (const { name, value, kind } of exports.map(binaryen.getExportInfo)) {
  const short = name.replace(/_[0-9a-f]{12,16}_(?=_)/g, "");
  if (kind !== binaryen.ExternalFunction || short === name) continue;
  module.removeExport(name);
  module.addFunctionExport(value, short);
  text = text.replaceAll(name, short);
}
writeFileSync(glue, text);
writeFileSync(to, module.emitBinary());
