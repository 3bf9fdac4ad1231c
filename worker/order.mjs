// A step of the build: names the functions of the Worker's wasm by their best order, for wasm-opt to sort them. gzip finds
// alike what is at most 32 KB apart, so functions that are alike are put beside one another.
import { readFileSync, writeFileSync } from "node:fs";

const [, , from, to] = process.argv;

/** Two functions are alike by the pieces of so many bytes that both have. */
const PIECE = 6;
/** A piece that more functions have than this says nothing. */
const COMMON = 60;
/** How far back a function is compared, in bytes of code. */
const REACH = 16_000;
/** So many pieces more are taken to be in each function: a short one is not alike for a few that it has. */
const SMOOTHING = 100;

const CODE = 10;
const CUSTOM = 0;

function number(bytes, at) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

function encoded(value) {
  const low = value % 128;
  return value < 128 ? [low] : [low | 128, ...encoded(Math.floor(value / 128))];
}

const sized = (bytes) => [...encoded(bytes.length), ...bytes];

/** The sections of a module: each with its id, all of its bytes, and where its content begins. */
function* sections(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const [size, content] = number(bytes, at + 1);
    yield {
      id: bytes[at],
      whole: bytes.subarray(at, content + size),
      content: bytes.subarray(content, content + size),
    };
    at = content + size;
  }
}

function bodiesOf(code) {
  let [left, at] = number(code, 0);
  const bodies = [];
  for (; left > 0; left--) {
    const [size, start] = number(code, at);
    at = start + size;
    bodies.push(code.subarray(start, at));
  }
  return bodies;
}

/** The pieces of each body that others have too. */
function piecesOf(bodies) {
  const all = bodies.map((body) => {
    const pieces = new Set();
    for (let at = 0; at + PIECE <= body.length; at++) pieces.add(body.toString("latin1", at, at + PIECE));
    return [...pieces];
  });
  const having = new Map();
  all.forEach((pieces, index) => {
    for (const piece of pieces) {
      if (having.has(piece)) having.get(piece).push(index);
      else having.set(piece, [index]);
    }
  });
  const says = (piece) => having.get(piece).length > 1 && having.get(piece).length < COMMON;
  return { own: all.map((pieces) => pieces.filter(says)), having };
}

/** Begins with the longest, and goes on with whatever is most alike to what was last. */
function ordered(bodies) {
  const { own, having } = piecesOf(bodies);
  const left = new Set(bodies.keys());
  const order = [];
  let next = [...left].reduce((longest, index) => (bodies[index].length > bodies[longest].length ? index : longest));
  for (;;) {
    left.delete(next);
    order.push(next);
    if (left.size === 0) return order;
    const alike = likeness(order, left, bodies, own, having);
    let best = -1;
    next = left.values().next().value;
    for (const [index, shared] of alike) {
      const score = shared / (own[index].length + SMOOTHING);
      if (score > best) [best, next] = [score, index];
    }
  }
}

/** How many pieces each of those that are left has of the last bodies: those of the very last count twice. */
function likeness(order, left, bodies, own, having) {
  const alike = new Map();
  const seen = new Set();
  let reach = 0;
  for (let place = order.length - 1; place >= 0 && reach <= REACH; place--) {
    const weight = place === order.length - 1 ? 2 : 1;
    reach += bodies[order[place]].length;
    for (const piece of own[order[place]]) {
      if (seen.has(piece)) continue;
      seen.add(piece);
      for (const index of having.get(piece)) if (left.has(index)) alike.set(index, (alike.get(index) ?? 0) + weight);
    }
  }
  return alike;
}

const bytes = readFileSync(from);
const all = [...sections(bytes)];
const bodies = bodiesOf(all.find(({ id }) => id === CODE).content);
const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter(({ kind }) => kind === "function");
const names = new Map(ordered(bodies).map((index, place) => [index, String(place).padStart(6, "0")]));
const entries = [...bodies.keys()].flatMap((index) => [
  ...encoded(imports.length + index),
  ...sized([...Buffer.from(names.get(index))]),
]);
const functionNames = [1, ...sized([...encoded(bodies.length), ...entries])];
const section = [CUSTOM, ...sized([...sized([...Buffer.from("name")]), ...functionNames])];
const kept = all.filter(({ id }) => id !== CUSTOM).map(({ whole }) => whole);
writeFileSync(to, Buffer.concat([bytes.subarray(0, 8), ...kept, Buffer.from(section)]));
