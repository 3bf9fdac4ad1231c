// Here Vite's server is the page's backend. In production, your own server answers POST /api/attention-session.
import { defineConfig } from "vite";

const { WORKER, PROXY_TOKEN } = process.env;
if (!WORKER) throw new Error("set WORKER to the Worker's address");

// Give a session only to users who are logged in; here everybody is.
async function session(request, response) {
  if (request.method !== "POST") return response.writeHead(405).end();
  const answer = await fetch(`${WORKER}/sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${PROXY_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({
      minutes: 15,
      origin: "http://localhost:5173",
      routes: ["GET /v2/conversations/list"],
    }),
  });
  const body = await answer.text();
  if (!answer.ok) console.error(`no session: ${answer.status} ${body}`);
  response.writeHead(answer.ok ? 200 : 502, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(answer.ok ? body : '{"error":"no session"}');
}

export default defineConfig({
  define: { "import.meta.env.WORKER": JSON.stringify(WORKER) },
  // The session is for pages of this origin: another port would be refused.
  server: { port: 5173, strictPort: true },
  plugins: [
    {
      name: "attention-session",
      configureServer({ middlewares }) {
        if (!PROXY_TOKEN) throw new Error("set PROXY_TOKEN to this server's token of the Worker");
        middlewares.use("/api/attention-session", session);
      },
    },
  ],
});
