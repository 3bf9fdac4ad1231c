// The API on loopback, as servers and as pages see it.
import { startUpstream } from "../upstream/server.mjs";
import { importPacked } from "./packed.mjs";

/** A caller's token, obviously fake. */
export const TOKEN = "obviously-fake-caller-token-of-these-tests-0003";

/** The mock behind a socket, and the environment that leads a client there. */
export async function startApi(t) {
  const { mockAttention, MOCK_API_KEY: key } = await importPacked("attention-wasm/testing");
  const upstream = await startUpstream({ mock: mockAttention() });
  t.after(() => upstream.close());
  return { upstream, key, env: { ATTENTION_API_KEY: key, ATTENTION_BASE_URL: `${upstream.url}/v2` } };
}

/** A Worker for a page: it receives the token and sends the key. */
export async function startGateway(t) {
  const { mockAttention, MOCK_API_KEY } = await importPacked("attention-wasm/testing");
  const mock = mockAttention();
  const handler = (request) => {
    if (request.headers.get("authorization") !== `Bearer ${TOKEN}`)
      return Response.json({ error: "no" }, { status: 401 });
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${MOCK_API_KEY}`);
    return mock.handle(new Request(request, { headers }));
  };
  const upstream = await startUpstream({ handler, cors: true });
  t.after(() => upstream.close());
  return { upstream, options: JSON.stringify({ token: TOKEN, baseURL: `${upstream.url}/v2` }) };
}
