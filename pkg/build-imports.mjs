// The names of a wasm module's imports, shortened. wasm-bindgen's hold a hash each, which no compression shortens, and
// a bundler keeps them: half a kilobyte of a page. wasm-opt shortens names only together with those of the exports,
// which are the rules' own and stay.

const IMPORTS = 2;
const FUNCTION = 0;
const MODULE = "a";

/**
 * The module with `imports` from one module called `shortModule`, each named `short`, in their order.
 *
 * @throws {Error} when it imports anything but functions
 */
export function withShortImports(bytes) {
  const reader = new Reader(bytes);
  reader.at = 8; // Behind the magic number and the version.
  while (bytes[reader.at] !== IMPORTS) {
    reader.at++;
    reader.skip();
  }
  const start = reader.at++;
  const size = reader.number();
  const end = reader.at + size;
  const imports = [];
  const written = [];
  for (let left = reader.number(); left > 0; left--) {
    const [module, name] = [reader.name(), reader.name()];
    const kind = reader.at++;
    if (bytes[kind] !== FUNCTION) throw new Error(`the wasm imports ${module} ${name}, which is no function`);
    reader.number(); // Its type.
    const short = letters(imports.length);
    written.push(...named(MODULE), ...named(short), ...bytes.subarray(kind, reader.at));
    imports.push({ module, name, shortModule: MODULE, short });
  }
  if (reader.at !== end) throw new Error("the wasm's imports end elsewhere than they say");
  const section = [...number(imports.length), ...written];
  const short = Buffer.concat([
    bytes.subarray(0, start),
    Buffer.from([IMPORTS, ...number(section.length), ...section]),
    bytes.subarray(end),
  ]);
  return { bytes: short, imports };
}

/** a to z, then aa and so on. */
function letters(index) {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** A length and a text, as wasm writes a name. */
const named = (text) => [...number(text.length), ...Buffer.from(text)];

/** LEB128, as wasm writes a number. */
function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >> 7)];
}

class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  number() {
    const byte = this.bytes[this.at++];
    return byte < 0x80 ? byte : (byte & 0x7f) | (this.number() << 7);
  }

  /** Passes over bytes whose number precedes them; returns where they begin. */
  skip() {
    const length = this.number();
    this.at += length;
    return this.at - length;
  }

  name() {
    const start = this.skip();
    return this.bytes.toString("utf8", start, this.at);
  }
}
