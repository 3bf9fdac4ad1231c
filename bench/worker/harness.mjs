// Stands before a variant's own entry: asks it again and again with a `fetch` that
// answers at once, so that nothing but the variant's own work takes time. Workers
// have no clock that runs while they do; the one who asks measures.
import worker from "./index.js";

// The classes of Durable Objects, where there are any.
export * from "./index.js";

const realFetch = globalThis.fetch.bind(globalThis);
let answer;

// What `fetch` makes of its arguments is a cost of those who call it.
globalThis.fetch = (input, init) => {
  new Request(input, init);
  return Promise.resolve(answer);
};

// The workers-rs build exports a class, the others an object.
const serve =
  typeof worker.fetch === "function"
    ? (request, env, context) => worker.fetch(request, env, context)
    : (request, env, context) => new worker(context, env).fetch(request);

export default {
  async fetch(request, env, context) {
    const headers = new Headers(request.headers);
    const times = Number(headers.get("bench-times"));
    headers.delete("bench-times");
    // A HEAD: its answer has the headers, and no body that could be used only once.
    const authorization = `Bearer ${env.ATTENTION_API_KEY}`;
    answer = await realFetch(`${env.UPSTREAM_ORIGIN}/v2/conversations`, { method: "HEAD", headers: { authorization } });
    const inner = new Request(request.url, { headers });
    let last;
    for (let i = 0; i < times; i++) last = await serve(inner, env, context);
    return new Response(null, { status: last.status });
  },
};
