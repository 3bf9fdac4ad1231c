// The page's own backend: it knows who is logged in, and requests a session for them from the Worker.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { WORKER, PROXY_TOKEN, PORT = "8080" } = process.env;
if (!WORKER || !PROXY_TOKEN)
  throw new Error("set WORKER to the Worker's address and PROXY_TOKEN to this server's token of it");

const folder = fileURLToPath(new URL(".", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript" };
const FILES = /^\/(app\.mjs|node_modules\/attention-wasm\/dist\/[\w.-]+\.js)$/;

const ROUTES = {
  "GET /api/config": () => Response.json({ worker: WORKER }),
  // Replace this by your own login. `SameSite` prevents other sites' pages from sending this cookie.
  "POST /api/login": () =>
    new Response(null, { status: 204, headers: { "set-cookie": "user=ada; Path=/; HttpOnly; SameSite=Lax" } }),
  "POST /api/attention-session": session,
};

async function session({ headers }) {
  if (!/(^|; )user=ada(;|$)/.test(headers.cookie ?? ""))
    return Response.json({ error: "nobody is logged in" }, { status: 401 });
  const answer = await fetch(`${WORKER}/sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${PROXY_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ minutes: 15, origin: `http://${headers.host}`, routes: ["GET /v2/conversations/list"] }),
  });
  if (!answer.ok) {
    console.error(`no session: ${answer.status} ${await answer.text()}`);
    return Response.json({ error: "no session" }, { status: 502 });
  }
  // { token, expiresAt, id }, which must not be cached.
  return new Response(answer.body, { headers: { "content-type": "application/json", "cache-control": "no-store" } });
}

async function file({ url }) {
  const { pathname } = new URL(url, "http://localhost");
  const name = pathname === "/" ? "/index.html" : FILES.test(pathname) ? pathname : undefined;
  if (name === undefined) return new Response("not found", { status: 404 });
  return new Response(await readFile(join(folder, name)), { headers: { "content-type": TYPES[extname(name)] } });
}

async function answerTo(request) {
  try {
    return await (ROUTES[`${request.method} ${request.url}`] ?? file)(request);
  } catch (error) {
    console.error(error);
    return new Response("failed", { status: 500 });
  }
}

const server = createServer(async (request, response) => {
  const { status, headers, body } = await answerTo(request);
  response.writeHead(status, Object.fromEntries(headers));
  for await (const part of body ?? []) response.write(part);
  response.end();
});
server.listen(Number(PORT), () => console.log(`http://localhost:${server.address().port}`));
