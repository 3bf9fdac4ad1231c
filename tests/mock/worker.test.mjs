// The mock as a Worker in the real workerd, and behind a raw upstream.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { mockService, testing } from "./bundle.mjs";

const { mockAttention, MOCK_API_KEY } = testing;
const headers = { authorization: `Bearer ${MOCK_API_KEY}` };

const hosts = {
  workerd: async () => {
    const workerd = await startWorkerd({ services: [mockService] });
    return { url: workerd.url, close: () => workerd.close() };
  },
  "a Node upstream": () => startUpstream({ mock: mockAttention() }),
};

for (const [name, start] of Object.entries(hosts)) {
  describe(`the mock in ${name}`, () => {
    let host;
    const call = (path, init) => fetch(host.url + path, { headers, ...init });
    const control = async (path, method = "GET", body) =>
      (
        await fetch(`${host.url}/v2/_mock/${path}`, {
          method,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
      ).json();
    before(async () => {
      host = await start();
    });
    after(() => host.close());

    test("answers with data, and remembers the call", async () => {
      await control("requests", "DELETE");
      const { meta } = await (await call("/v2/conversations/list?size=1")).json();
      assert.equal(meta.totalRecords, 137);
      const [seen] = await control("requests");
      assert.deepEqual([seen.path, seen.status], ["/v2/conversations/list", 200]);
    });

    test("keys by remote control", async () => {
      const { value, id } = await control("keys", "POST", { create: { name: "remote" } });
      const status = async () => (await call("/v2/users", { headers: { authorization: `Bearer ${value}` } })).status;
      assert.equal(await status(), 200);
      await control("keys", "POST", { revoke: id });
      assert.equal(await status(), 401);
      assert.match((await control("keys", "POST", { lose: id })).message, /create/);
      await control("reset", "POST");
      assert.equal((await control("keys")).length, 2);
    });

    test("faults and rate by remote control", async () => {
      await control("set", "POST", { times: 1, status: 503 });
      assert.equal((await call("/v2/users")).status, 503);
      await control("rate", "POST", { limit: 1, windowMs: 60_000 });
      assert.deepEqual([(await call("/v2/users")).status, (await call("/v2/users")).status], [200, 429]);
      assert.match((await control("set", "POST", { statos: 1 })).message, /set: unknown option statos/);
      await control("reset", "POST");
    });

    test("a body cut on the wire: the head comes, the end does not", async () => {
      const response = await call("/v2/_mock/cut/1000/conversations");
      assert.equal(response.status, 200);
      await assert.rejects(response.text(), TypeError);
    });

    test("huge has its length on the wire and comes whole", async () => {
      const response = await call("/v2/_mock/huge/20000000");
      assert.equal(response.headers.get("content-length"), "20000000");
      assert.equal((await response.arrayBuffer()).byteLength, 20_000_000);
    });

    test("echo hashes an upload", async () => {
      const body = new Uint8Array(1_000_000).fill(7);
      const echo = await (await call("/v2/_mock/echo", { method: "POST", body })).json();
      const digest = Buffer.from(await crypto.subtle.digest("SHA-256", body)).toString("hex");
      assert.deepEqual(echo.body, { bytes: body.length, sha256: digest });
    });

    test("events come one by one", async () => {
      const response = await call("/v2/_mock/sse/3?ms=40");
      const times = [];
      for await (const _ of response.body) times.push(performance.now());
      assert.equal(times.length, 3);
      assert.ok(times[2] - times[0] >= 60, `${times}`);
    });

    test("a presigned upload reaches the mock itself", async () => {
      const ticket = await (await call("/v2/knowledge-base/sources/upload", { method: "POST", body: "{}" })).json();
      assert.equal(new URL(ticket.upload_url).origin, host.url);
      assert.equal(
        (await fetch(ticket.upload_url, { method: "PUT", body: "x", headers: { "content-type": "text/plain" } }))
          .status,
        200,
      );
    });
  });
}
