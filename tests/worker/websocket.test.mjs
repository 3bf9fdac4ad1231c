// A WebSocket where a rule allows one: the key goes up with the handshake, frames go both ways.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { assertNoSecret, assertProblem, KEY, SECRETS, useWorkers } from "./worker.mjs";
import { Wire } from "./wire.mjs";

const HANDSHAKE = [["Connection", "Upgrade"], ["Upgrade", "WebSocket"], ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="], ["Sec-WebSocket-Version", "13"]];
const MASK = [1, 2, 3, 4];

/** A text frame of fewer than 126 bytes (RFC 6455 §5.2); a client's is masked. */
const frame = (text, mask) => Buffer.from([0x81, text.length | (mask ? 0x80 : 0), ...(mask ?? []), ...Buffer.from(text).map((byte, at) => byte ^ (mask?.[at % 4] ?? 0))]);

/** Answers each text with itself, in capitals. */
function speaking() {
  const asked = [];
  const sockets = new Set();
  const server = createServer((request, response) => response.writeHead(426).end());
  server.on("upgrade", (request, socket) => {
    asked.push(request);
    sockets.add(socket);
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: caps", "Set-Cookie: a=b", `X-Echo: ${request.headers.authorization}`];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if ((bytes[0] & 0x0f) !== 1) return;
      const [length, mask] = [bytes[1] & 0x7f, bytes.subarray(2, 6)];
      socket.write(frame(Buffer.from(bytes.subarray(6, 6 + length)).map((byte, at) => byte ^ mask[at % 4]).toString().toUpperCase()));
    });
  });
  return { server, asked, close: () => { for (const socket of sockets) socket.destroy(); server.close(); } };
}

const live = speaking();
before(() => new Promise((resolve) => live.server.listen(0, "127.0.0.1", resolve)));
after(() => live.close());

const POLICY = "allow GET /v2/live upgrade=websocket\nallow GET /v2/plain\nallow GET /v2/kept upgrade=websocket cache=1min";
const workers = useWorkers();
const service = workers.with({ ATTENTION_POLICY: POLICY, ATTENTION_BASE_URL: () => `http://127.0.0.1:${live.server.address().port}/v2` });
const still = workers.with({ ATTENTION_POLICY: POLICY });

test("where a rule allows one: connected, with the key instead of the token, and no more of the API's headers than the protocol", { timeout: 60_000 }, async () => {
  const wire = await workers.open(service, { target: "/v2/live?room=1", headers: [...HANDSHAKE, ["Sec-WebSocket-Protocol", "caps, other"], ["Cookie", "c=d"]] });
  const answer = await wire.head();
  assert.deepEqual([answer.status, answer.get("sec-websocket-protocol"), answer.get("set-cookie"), answer.get("x-echo")], [101, "caps", null, null]);
  assert.ok(answer.get("x-request-id"));
  assertNoSecret(answer.head);
  await wire.write(frame("hello", MASK));
  assert.deepEqual(await wire.exactly(7), frame("HELLO"));
  await wire.write(frame("again", MASK));
  assert.deepEqual(await wire.exactly(7), frame("AGAIN"));
  wire.destroy();
  const { url, headers } = live.asked.at(-1);
  assert.deepEqual([url, headers.authorization, headers["sec-websocket-protocol"], headers.cookie], ["/v2/live?room=1", `Bearer ${KEY}`, "caps, other", undefined]);
  assertNoSecret(JSON.stringify(headers), SECRETS.filter((secret) => secret !== KEY));
});

test("a rule that also keeps answers keeps none of these", { timeout: 60_000 }, async () => {
  for (let i = 0; i < 2; i++) {
    const asked = live.asked.length;
    const wire = await workers.open(service, { target: "/v2/kept", headers: HANDSHAKE });
    assert.equal((await wire.head()).status, 101);
    wire.destroy();
    assert.equal(live.asked.length, asked + 1);
  }
});

test("refused where no rule allows one, for any other method or protocol, and to strangers: nothing is sent", async () => {
  const asked = live.asked.length;
  const call = (request) => workers.call(service, { headers: HANDSHAKE, ...request });
  assertProblem(await call({ target: "/v2/plain" }), 400, "upgrade_not_supported");
  assertProblem(await call({ target: "/v2/live", headers: [["Connection", "Upgrade"], ["Upgrade", "h2c"]] }), 400, "upgrade_not_supported");
  assertProblem(await call({ target: "/v2/live", headers: [["Connection", "Upgrade"], ["Upgrade", "websocket, h2c"]] }), 400, "upgrade_not_supported");
  assertProblem(await call({ target: "/v2/live", token: "fake-token-of-nobody" }), 401, "invalid_token");
  assertProblem(await call({ target: "/v2/live", token: null }), 401, "authorization_missing");
  assertProblem(await call({ target: "/v2/live", headers: [...HANDSHAKE, ["Origin", "https://evil.example"]] }), 403, "origin_not_allowed");
  assertProblem(await call({ target: "/v2/api_keys" }), 403, "route_denied");
  assert.equal(live.asked.length, asked);
});

test("an API that does not switch: its answer, as any other", async () => {
  workers.begin({ status: 200, body: "no frames here" });
  const answer = await workers.call(still, { target: "/v2/live", headers: HANDSHAKE });
  assert.deepEqual([answer.status, answer.text], [200, "no frames here"]);
  workers.begin({ status: 426, body: "{}" });
  assert.equal((await workers.call(still, { target: "/v2/live", headers: HANDSHAKE })).status, 426);
});
