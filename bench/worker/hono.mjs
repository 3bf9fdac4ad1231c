// The Worker's checks as a Hono user would write them, from Hono's own parts
// wherever there is one. Left out, in Hono's favour: retries, the rate gate, and
// reading an error's body in search of an echoed key.
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { proxy } from "hono/proxy";
import { requestId } from "hono/request-id";
import { routePath } from "hono/route";
import { timeout } from "hono/timeout";
import { DOWN, UP } from "./headers.mjs";

// Parsed once per isolate.
let config;
function configOf(env) {
  config ??= {
    base: env.ATTENTION_BASE_URL,
    callers: JSON.parse(env.ATTENTION_CALLERS).map(({ name, sha256 }) => ({ name, hash: bytes(sha256) })),
    origins: env.ATTENTION_ALLOWED_ORIGINS.split(","),
    keys: [env.ATTENTION_API_KEY, env.ATTENTION_API_KEY_NEXT].filter(Boolean).map((key) => `Bearer ${key}`),
  };
  return config;
}
let inUse = 0;

function bytes(hex) {
  return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
}

const encoder = new TextEncoder();

async function verifyToken(token, c) {
  const hash = await crypto.subtle.digest("SHA-256", encoder.encode(token));
  const caller = configOf(c.env).callers.find((caller) => crypto.subtle.timingSafeEqual(hash, caller.hash));
  c.set("caller", caller?.name);
  return caller !== undefined;
}

function problem(c, status, code) {
  return c.json({ type: `urn:problem:${code}`, status, code, requestId: c.get("requestId") }, status, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
  });
}

async function forward(c) {
  const { base, keys } = configOf(c.env);
  const headers = {};
  for (const [name, value] of c.req.raw.headers) if (UP.has(name)) headers[name] = value;
  const url = base + c.req.path.slice("/v2".length) + new URL(c.req.url).search;
  const send = (index) =>
    proxy(url, {
      method: c.req.method,
      body: c.req.raw.body,
      headers: { ...headers, authorization: keys[index] },
      redirect: "manual",
    });
  const first = inUse;
  let response = await send(first);
  if (response.status === 401 && c.req.raw.body === null && keys.length > 1) {
    response = await send(1 - first);
    if (response.status !== 401) inUse = 1 - first;
  }
  if (response.status === 401) return problem(c, 502, "upstream_unauthorized");
  if (response.status >= 500 || (response.status >= 300 && response.status < 400 && response.status !== 304)) {
    return problem(c, 502, "upstream_error");
  }
  for (const [name, value] of [...response.headers]) {
    if (!DOWN.has(name) || keys.some((key) => value.includes(key.slice("Bearer ".length))))
      response.headers.delete(name);
  }
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("x-request-id", c.get("requestId"));
  response.headers.set("vary", "Authorization");
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "private, no-store");
  return response;
}

const app = new Hono();

app.onError((error, c) =>
  error instanceof HTTPException ? error.getResponse() : problem(c, 502, "upstream_unreachable"),
);
app.notFound((c) => problem(c, 403, "route_denied"));
app.use(requestId({ limitLength: 64 }));
app.use(async (c, next) => {
  const started = Date.now();
  await next();
  if (c.env.ATTENTION_LOG !== "all") return;
  // Hono's own logger writes two lines of prose; this is what the Worker says.
  console.log(
    JSON.stringify({
      event: "request",
      level: c.res.status >= 500 ? "error" : "info",
      requestId: c.get("requestId"),
      status: c.res.status,
      method: c.req.method,
      caller: c.get("caller"),
      route: routePath(c),
      ms: Date.now() - started,
    }),
  );
});
app.use(async (c, next) => {
  if (/%2f|%5c|%00|\/\//i.test(c.req.path)) return problem(c, 400, "path");
  const origin = c.req.header("origin");
  if (origin !== undefined && !configOf(c.env).origins.includes(origin)) return problem(c, 403, "origin_not_allowed");
  await next();
});
app.use(cors({ origin: (origin, c) => (configOf(c.env).origins.includes(origin) ? origin : null), maxAge: 600 }));
app.use(bearerAuth({ verifyToken, realm: "attention" }));
app.all("/v2/api_keys/*", (c) => problem(c, 403, "route_denied"));
app.get("/v2/*", timeout(60_000), forward);
app.post("/v2/upload", timeout(60_000), forward);

export default app;
