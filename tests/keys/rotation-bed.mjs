// A key in three places with traffic through each: a Worker with two keys, a file, and a vault behind commands.
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { command, projectWith, startApi } from "./bed.mjs";

const FAKES = new URL("fakes/", import.meta.url);
export const STOP = new URL("stop.mjs", FAKES).href;
export const fingerprint = (key) => createHash("sha256").update(key).digest("hex").slice(0, 8);

/** The secrets that a Worker has its keys in. */
const RING = ["ATTENTION_API_KEY", "ATTENTION_API_KEY_NEXT"];
/** Tokens of the Worker's callers and of its operator. */
export const CALLER = "fake-caller-token-of-the-rotation-tests";
export const OPERATOR = "fake-operator-token-of-the-rotation-tests";

/** A separate mock of the API, and the users of the key. */
export async function rotationWorld(
  t,
  { places = ["worker", "file", "vault"], create = true, config = {}, ring = RING, startWorker = startWorkerLike } = {},
) {
  const api = await startApi();
  t.after(() => api.close());
  const project = await projectWith(t);
  const world = { api, project, root: project.root, old: api.key, secrets: join(project.root, "secrets.json") };
  await writeFile(
    world.secrets,
    JSON.stringify({ ATTENTION_API_KEY: api.key, "store-1": api.key, "store-2": api.key }),
  );
  await project.put("service.key", `${api.key}\n`);
  await project.put("vault/key", api.key);
  await tools(world);
  world.ring = ring;
  world.worker = await startWorker(t, world);
  await project.put(
    "attention.rotate.json",
    JSON.stringify({
      ...(create && { create: { name: "reports 2027" } }),
      quiet: "0s",
      places: places.map((name) => (typeof name === "string" ? placesOf(world)[name] : name)),
      ...config,
    }),
  );
  world.env = {
    ATTENTION_BASE_URL: api.base,
    FAKE_SECRETS: world.secrets,
    PATH: `${project.root}/bin:${process.env.PATH}`,
  };
  world.rotate = (args = [], given = {}) =>
    command(["keys", "rotate", ...args], {
      cwd: project.root,
      ...given,
      env: { ...world.env, ATTENTION_API_KEY: api.key, ...given.env },
    });
  return world;
}

export const placesOf = ({ worker }) => ({
  worker: { name: "worker", kind: "worker", url: worker.url, urls: [`${worker.url}/call`] },
  store: {
    name: "store",
    kind: "secrets-store",
    url: worker.url,
    store: "s",
    secret: "store-1",
    nextSecret: "store-2",
  },
  file: { name: "file", kind: "file", path: "service.key" },
  vault: { name: "vault", kind: "command", run: "cat > vault/.new && mv vault/.new vault/key", read: "cat vault/key" },
});

async function tools({ root }) {
  await mkdir(join(root, "bin"));
  const program = fileURLToPath(new URL("wrangler.mjs", FAKES));
  await chmod(program, 0o755);
  await symlink(program, join(root, "bin/wrangler"));
}

/** A Worker with two keys: the second is used if the first is refused. Its secrets are read for each request. */
async function startWorkerLike(t, { api, secrets, ring }) {
  const keys = async () => {
    const all = JSON.parse(await readFile(secrets, "utf8"));
    return [...new Set(ring.map((name) => all[name]).filter(Boolean))];
  };
  const asked = [];
  const server = createServer(async (request, response) => {
    const held = await keys();
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/readyz") {
      const shown = held.map((key, at) => ({
        slot: at === 0 ? "current" : "next",
        fingerprint: fingerprint(key),
        inUse: at === 0,
        lastVerdict: "untested",
      }));
      response.end(JSON.stringify({ status: "ready", keys: shown }));
      return;
    }
    let status = 401;
    const { authorization } = request.headers;
    if (request.url === "/admin/keys/next/test") {
      if (authorization === `Bearer ${OPERATOR}`) status = await callWith(api, held[1]);
      response.end(JSON.stringify({ verdict: status === 200 ? "accepted" : "refused" }));
      return;
    }
    // Callers of the API's paths have a token; /call is a page of the Worker's.
    const mayCall = request.url === "/call" || authorization === `Bearer ${CALLER}`;
    for (const key of mayCall ? held : []) if (status === 401) status = await callWith(api, key);
    response.statusCode = status;
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

/** Calls the mock directly, so that traffic does not use up the upstream's script. */
export async function callWith({ mock, base }, key) {
  const response = await mock.handle(
    new Request(`${base}/conversations/list?page=1&size=1`, { headers: { authorization: `Bearer ${key}` } }),
  );
  await response.body?.cancel();
  return response.status;
}

/** Calls through every place until stopped; returns the statuses of failures. */
export function traffic({ api, root, worker }, callWorker = async () => (await fetch(`${worker.url}/call`)).status) {
  const failed = [];
  let [isRunning, calls] = [true, 0];
  const call = async (name, status) => {
    calls += 1;
    if (status !== 200) failed.push(`${name}: ${status}`);
  };
  const done = (async () => {
    while (isRunning) {
      await call("worker", await callWorker());
      // A service reads its key, and calls at once.
      await call("file", await callWith(api, (await readFile(join(root, "service.key"), "utf8")).trim()));
      await call("vault", await callWith(api, await readFile(join(root, "vault/key"), "utf8")));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return async () => {
    isRunning = false;
    await done;
    return { failed, calls };
  };
}

/** Which key each place has. */
export async function held({ root, secrets }) {
  const { ATTENTION_API_KEY: current, ATTENTION_API_KEY_NEXT: next } = JSON.parse(await readFile(secrets, "utf8"));
  const file = (await readFile(join(root, "service.key"), "utf8")).trim();
  return { worker: current, next, file, vault: await readFile(join(root, "vault/key"), "utf8") };
}

export const journalOf = async ({ root }) => readFile(join(root, "attention.rotate.json.journal"), "utf8");

/** A program of this name that replaces the real one. */
export async function program({ root }, name, script) {
  const path = join(root, "bin", name);
  await writeFile(`${path}.new`, script, { mode: 0o755 });
  await rename(`${path}.new`, path);
}
