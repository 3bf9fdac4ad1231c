// Runs the snippets of docs/transport.md unchanged, against a proxy and a TLS server on loopback.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { importPacked } from "./packed.mjs";
import { makeProject } from "./project.mjs";
import { run } from "./run.mjs";
import { needs, newerNode, tool } from "./tools.mjs";

const page = await readFile(new URL("../../docs/transport.md", import.meta.url), "utf8");
const snippets = Object.fromEntries(
  [...page.matchAll(/```js\n(\/\/ ([\w.]+): npm install (undici@\d+).*\n[\s\S]*?)```/g)].map(
    ([, code, file, dependency]) => [file, { code, dependency: dependency.replace("@", "-") }],
  ),
);
const [, environment] = /```sh\n(NODE_USE_ENV_PROXY=1) HTTPS_PROXY=\S+ node app\.mjs\n```/.exec(page);

/** Certificates of an authority of this test's own: the server's, and a client's. */
let certificates;
before(async () => {
  certificates = await mkdtemp(join(tmpdir(), "attention-certificates-"));
  const openssl = (...args) => execFileSync("openssl", args, { cwd: certificates, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Authority of these tests");
  for (const [name, more] of [
    ["server", ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]],
    ["client", []],
  ]) {
    const issuer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-subj", `/CN=${name} of these tests`];
    openssl("req", "-x509", ...key, ...issuer, "-keyout", `${name}.key`, "-out", `${name}.pem`, ...more);
  }
});
const certificate = (name) => join(certificates, name);

/** The mock behind TLS. `mtls`: for those who have a certificate. */
async function startTls(t, { mtls = false, headers = {} } = {}) {
  const { mockAttention, MOCK_API_KEY: key } = await importPacked("attention-wasm/testing");
  const mock = mockAttention();
  const requests = [];
  const server = createTlsServer(
    {
      cert: await readFile(certificate("server.pem")),
      key: await readFile(certificate("server.key")),
      ca: await readFile(certificate("ca.pem")),
      requestCert: mtls,
      rejectUnauthorized: mtls,
    },
    async (request, response) => {
      requests.push({ url: request.url, client: request.socket.getPeerCertificate()?.subject?.CN });
      const address = `https://127.0.0.1:${server.address().port}${request.url}`;
      const answer = await mock.fetch(address, { method: request.method, headers: request.headers });
      response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...headers });
      response.end(await answer.text());
    },
  );
  await listening(t, server);
  const { port } = server.address();
  const env = {
    ATTENTION_API_KEY: key,
    ATTENTION_BASE_URL: `https://127.0.0.1:${port}/v2`,
    NODE_EXTRA_CA_CERTS: certificate("ca.pem"),
  };
  return { env, requests, port, key };
}

/** A proxy that only tunnels. */
async function startProxy(t) {
  const tunnels = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  let seen = "";
  server.on("connect", ({ url, headers }, socket, head) => {
    tunnels.push({ url, headers });
    const [host, port] = url.split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket);
      socket.on("data", (chunk) => {
        seen += chunk.toString("latin1");
      });
      socket.pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on("error", () => {});
  });
  await listening(t, server);
  return { tunnels, url: `http://127.0.0.1:${server.address().port}`, seen: () => seen };
}

async function listening(t, server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
}

/** A project with this snippet of the page, and its dependency. */
async function project(t, file) {
  const { code, dependency } = snippets[file];
  const cwd = await makeProject(t, { [file]: code });
  await cp(join(await tool(dependency), "node_modules/undici"), join(cwd, "node_modules/undici"), { recursive: true });
  return cwd;
}

test("the page has these snippets", () => {
  assert.deepEqual(Object.keys(snippets), ["proxy.mjs", "mtls.mjs", "patient.mjs", "cached.mjs"]);
});

function assertTunnelled({ tunnels, seen }, { port, requests, key }) {
  assert.ok(tunnels.length >= 1);
  for (const { url, headers } of tunnels) {
    assert.equal(url, `127.0.0.1:${port}`);
    assert.equal(headers.authorization, undefined);
  }
  assert.ok(!seen().includes(key));
  assert.ok(requests.length >= 1);
}

test("a CONNECT proxy by a dispatcher on Node 20: it sees the call's host and not the key", async (t) => {
  const [proxy, api] = [await startProxy(t), await startTls(t)];
  const cwd = await project(t, "proxy.mjs");
  const { stdout } = await run(process.execPath, ["proxy.mjs"], { cwd, env: { ...api.env, PROXY: proxy.url } });
  assert.match(stdout, /^\d+\n$/);
  assertTunnelled(proxy, api);
});

test(
  "a CONNECT proxy by NODE_USE_ENV_PROXY on Node 24, and hosts that NO_PROXY names without",
  needs("node"),
  async (t) => {
    const api = await startTls(t);
    const cwd = await makeProject(t, {
      "app.mjs": `import { Attention } from "attention-wasm";\nconsole.log((await new Attention().users.list()).data.length);\n`,
    });
    const [name, value] = environment.split("=");
    for (const [more, tunnelled] of [
      [{}, true],
      [{ NO_PROXY: "127.0.0.1" }, false],
    ]) {
      const proxy = await startProxy(t);
      const env = { ...api.env, [name]: value, HTTPS_PROXY: proxy.url, ...more };
      const { stdout } = await run(await newerNode(), ["app.mjs"], { cwd, env });
      assert.match(stdout, /^\d+\n$/);
      if (tunnelled) assertTunnelled(proxy, api);
      else assert.equal(proxy.tunnels.length, 0);
    }
  },
);

test("a client certificate by a dispatcher, without which the server answers nobody", async (t) => {
  const api = await startTls(t, { mtls: true });
  const cwd = await project(t, "mtls.mjs");
  const ours = { CERT: certificate("client.pem"), KEY: certificate("client.key"), CA: certificate("ca.pem") };
  const { stdout } = await run(process.execPath, ["mtls.mjs"], { cwd, env: { ...api.env, ...ours } });
  assert.match(stdout, /^\d+\n$/);
  assert.deepEqual(
    api.requests.map(({ client }) => client),
    ["client of these tests"],
  );
  const bare = `import { Attention } from "attention-wasm";\nawait new Attention({ maxRetries: 0 }).users.list();\n`;
  await assert.rejects(
    run(process.execPath, ["bare.mjs"], { cwd: await makeProject(t, { "bare.mjs": bare }), env: api.env }),
    /ConnectionError/,
  );
  assert.equal(api.requests.length, 1);
});

test("an agent without undici's own timeouts", async (t) => {
  const api = await startTls(t);
  const cwd = await project(t, "patient.mjs");
  const env = { ...api.env, NODE_EXTRA_CA_CERTS: certificate("ca.pem") };
  assert.match((await run(process.execPath, ["patient.mjs"], { cwd, env })).stdout, /^\d+\n$/);
});

test("undici's cache on Node 24: the second call is answered by it", needs("node"), async (t) => {
  const api = await startTls(t, { headers: { "cache-control": "public, max-age=60" } });
  const cwd = await project(t, "cached.mjs");
  const { stdout } = await run(await newerNode(), ["cached.mjs"], { cwd, env: api.env });
  assert.match(stdout, /^(\d+)\n\1\n$/);
  assert.equal(api.requests.length, 1);
  const own = await startTls(t, { headers: { "cache-control": "private, max-age=60" } });
  await run(await newerNode(), ["cached.mjs"], { cwd, env: own.env });
  assert.equal(own.requests.length, 2, "of a private one");
});

test("the certificates are removed", () => rm(certificates, { recursive: true }));
