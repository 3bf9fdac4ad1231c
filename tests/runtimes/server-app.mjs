// A server app that uses the package, for each way of loading it.

const CALLS = `
async function main() {
  // All from the environment: nothing is configured.
  const attention = new Attention();
  const failure = (promise) => promise.then(() => null, (error) => error);
  const { data } = await attention.get("/conversations/list", { query: { size: 2 } });
  const retried = await attention.get("/_mock/flaky/1/status/503").withResponse();
  const missing = await failure(attention.get("/nothing-here"));
  const aborted = await failure(attention.get("/_mock/slow/5000", { signal: AbortSignal.timeout(50) }));
  const streamed = new Blob(["x".repeat(300_000)]).stream();
  const sent = await attention.post("/_mock/echo", { body: streamed });
  const events = await attention.get("/_mock/sse/3").asResponse();
  const own = mockAttention();
  const offline = await new Attention({ apiKey: MOCK_API_KEY, fetch: own.fetch }).get("/users");
  console.log(JSON.stringify({
    count: data.length,
    attempts: retried.attempts,
    missing: missing instanceof NotFoundError && missing instanceof AttentionError && missing.status,
    aborted: aborted instanceof AttentionError && [aborted.kind, aborted.cause.name],
    bytes: sent.body.bytes,
    events: (await events.text()).split("data: ").length - 1,
    offline: typeof offline,
    shown: String(attention),
    core: new Upstream(undefined, MOCK_API_KEY, undefined, false).baseUrl(),
  }));
  // Every runtime prints objects in its own way, and none the key.
  console.log(attention, missing);
}
// Nothing ends the process: it has to end by itself.
main();
`;

const NAMES = [
  ["attention-wasm", "Attention, AttentionError, NotFoundError"],
  ["attention-wasm/core", "Upstream"],
  ["attention-wasm/testing", "mockAttention, MOCK_API_KEY"],
];

export const APPS = {
  esm: NAMES.map(([from, names]) => `import { ${names} } from "${from}";\n`).join("") + CALLS,
  cjs: NAMES.map(([from, names]) => `const { ${names} } = require("${from}");\n`).join("") + CALLS,
};

/** Its output in every runtime. */
export const TOLD = {
  count: 2,
  attempts: 2,
  missing: 404,
  aborted: ["aborted", "TimeoutError"],
  bytes: 300_000,
  events: 3,
  offline: "object",
  core: "https://api.attention.tech/v2",
};
