// What one call makes a variant with wasm do, counted. Time moves with the neighbours; this does not.
import { startWorkerd } from "../../tests/upstream/workerd.mjs";
import { HEADERS, PATH } from "./request.mjs";
import { send } from "./verify.mjs";

const COUNTED = "/counted";
/** The first calls make what later ones use again. */
const WARM_UP = 3;

/** Is imported first, so that it counts what the others take from the runtime when they begin. */
const COUNTING = `
let counts = {};
const count = (name, by = 1) => { counts[name] = (counts[name] ?? 0) + by; };
const each = (functions, name) => Object.fromEntries(Object.entries(functions).map(([key, value]) => [key,
  typeof value === "function" ? (...args) => { count(name); return value(...args); } : value]));
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const counted = Object.fromEntries(Object.entries(imports).map(([from, all]) => [from, each(all, "imports")]));
  return { exports: each(new Instance(module, counted).exports, "exports") };
};
const around = (holder, key, before) => {
  const own = holder[key];
  holder[key] = function (...args) { before(...args); return own.apply(this, args); };
};
around(TextDecoder.prototype, "decode", (bytes) => {
  count("texts");
  count("bytes", bytes?.length ?? 0);
});
around(globalThis, "setTimeout", () => count("timers"));
around(Promise.prototype, "then", () => count("handlers"));
globalThis.takeCounts = () => {
  const taken = counts;
  counts = {};
  return taken;
};
`;
const FRONT = `
import "./counting.mjs";
import worker from "./index.js";
export * from "./index.js";
export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "${COUNTED}") return Response.json(takeCounts());
    return worker.fetch(request, env, context);
  },
};
`;

/**
 * For each variant with wasm whose entry is an object: calls of wasm's imports and exports, texts that go to JavaScript
 * with their bytes, timers, and handlers of promises.
 */
export async function counts(variants, { say }) {
  const counted = variants.filter(({ id, sizes }) => sizes.wasm > 0 && id !== "workers-rs");
  const front = [
    { name: "front.mjs", text: FRONT },
    { name: "counting.mjs", text: COUNTING },
  ];
  const services = counted.map(({ service }) => ({ ...service, modules: [...front, ...service.modules] }));
  const results = new Map();
  if (counted.length === 0) return results;
  const workerd = await startWorkerd({ services });
  try {
    for (const { id } of counted) {
      const url = workerd.urls[id];
      const call = async () => {
        const { status } = await send(url + PATH, { headers: HEADERS });
        if (status !== 200) throw new Error(`counts of ${id}: answered ${status}`);
      };
      for (let times = 0; times < WARM_UP; times++) await call();
      await send(url + COUNTED);
      await call();
      results.set(id, JSON.parse((await send(url + COUNTED)).body));
    }
  } finally {
    await workerd.close();
  }
  say("counts: done");
  return results;
}
