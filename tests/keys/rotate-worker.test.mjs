// `keys rotate` with this repository's Worker as its place: the built one in workerd, deployed anew whenever its
// secrets change, as Cloudflare does after each `wrangler secret put`.
import assert from "node:assert/strict";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { test } from "node:test";
import { startWorkerd } from "../upstream/workerd.mjs";
import { callers, MODULES, sha256 } from "../worker/worker.mjs";
import { CALLER, fingerprint, held, OPERATOR, placesOf, rotationWorld, traffic } from "./rotation-bed.mjs";

/** One address for the Worker with its current secrets. A request in progress ends at the Worker that it began at. */
async function startRealWorker(t, { api, secrets }) {
  const deployed = [];
  let asked = Promise.resolve();
  let text;
  const deploy = async () => {
    // The project's folder is removed before this is closed.
    const now = await readFile(secrets, "utf8").catch(() => text);
    if (now === text) return;
    text = now;
    const { ATTENTION_API_KEY, ATTENTION_API_KEY_NEXT } = JSON.parse(now);
    const bindings = {
      ATTENTION_API_KEY,
      ...(ATTENTION_API_KEY_NEXT !== undefined && { ATTENTION_API_KEY_NEXT }),
      ATTENTION_BASE_URL: api.base,
      ATTENTION_CALLERS: callers({ app: CALLER }),
      ATTENTION_ADMIN_SHA256: sha256(OPERATOR),
    };
    const services = [{ name: "worker", modules: MODULES, bindings }];
    deployed.push(await startWorkerd({ services, startMs: 60_000 }));
  };
  const changed = () => {
    asked = asked.then(deploy);
  };
  await deploy();
  const watcher = watch(dirname(secrets), changed);
  const server = createServer(async (request, response) => {
    const { authorization } = request.headers;
    const answer = await fetch(new URL(request.url, deployed.at(-1).url), {
      method: request.method,
      headers: authorization === undefined ? {} : { authorization },
    });
    response.statusCode = answer.status;
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    watcher.close();
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
    await asked;
    await Promise.all(deployed.map((each) => each.close()));
  });
  return { url: `http://127.0.0.1:${server.address().port}`, deployed };
}

test("the Worker of this repository: its readyz and its calls verify each step, and no call fails", async (t) => {
  const world = await rotationWorld(t, { startWorker: startRealWorker });
  const { url, deployed } = world.worker;
  await world.project.put("caller", CALLER);
  await world.project.put("operator", OPERATOR);
  const { urls: _, ...worker } = placesOf(world).worker;
  const places = [
    { ...worker, tokenFrom: "cat caller", adminTokenFrom: "cat operator" },
    placesOf(world).file,
    placesOf(world).vault,
  ];
  const config = { create: { name: "reports 2027" }, quiet: "0s", places };
  await world.project.put("attention.rotate.json", JSON.stringify(config));

  const headers = { authorization: `Bearer ${CALLER}` };
  const stop = traffic(world, async () => {
    const answer = await fetch(`${url}/v2/conversations/list?page=1&size=1`, { headers });
    await answer.body?.cancel();
    return answer.status;
  });
  const ended = await world.rotate(["--json"]);
  assert.equal(JSON.parse(ended.stdout).end?.ending, "rotated", ended.all);
  const { failed, calls } = await stop();
  assert.deepEqual(failed, []);
  assert.ok(calls > 20, `${calls}`);

  const { worker: made, next } = await held(world);
  assert.equal(next, undefined);
  assert.equal(world.api.mock.keys.get(made)?.revoked, false);
  assert.equal(world.api.mock.keys.get(world.old), undefined);
  // Its own report after the last secret was removed: only the new key, in use.
  const end = Date.now() + 30_000;
  while (deployed.length < 4 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  const { keys } = await (await fetch(`${url}/readyz`)).json();
  assert.deepEqual(
    keys.map((key) => [key.slot, key.fingerprint, key.inUse]),
    [["current", fingerprint(made), true]],
  );
  const logs = deployed.map(({ output }) => output).join("\n");
  for (const secret of [world.old, made, CALLER, OPERATOR]) {
    assert.ok(!ended.all.includes(secret));
    assert.ok(!logs.includes(secret));
  }
});
