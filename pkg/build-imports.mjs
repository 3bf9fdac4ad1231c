// Shortens the names of a wasm module's imports. wasm-bindgen's contain hashes, which do not compress, and
// bundlers keep them: half a kilobyte of a page. wasm-opt shortens names only together with those of the exports,
// which must stay.

const IMPORTS = 2;
const FUNCTION = 0;
const MODULE = "a";

/**
 * The module with all `imports` from one module `shortModule`, each named `short`, in order.
 *
 * @throws {Error} if it imports anything but functions
 */
export function withShortImports(bytes) {
  const reader = new Reader(bytes);
  reader.at = 8; // After the magic number and the version.
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
    if (bytes[kind] !== FUNCTION) throw new Error(`the wasm imports ${module} ${name}, which is not a function`);
    reader.number(); // Its type.
    const short = letters(imports.length);
    written.push(...named(MODULE), ...named(short), ...bytes.subarray(kind, reader.at));
    imports.push({ module, name, shortModule: MODULE, short });
  }
  if (reader.at !== end) throw new Error("the wasm's import section does not have its declared length");
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

/** A name in wasm: a length and a text. */
const named = (text) => [...number(text.length), ...Buffer.from(text)];

/** A number in wasm: LEB128. */
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

  /** Skips bytes that are preceded by their number; returns their start. */
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
