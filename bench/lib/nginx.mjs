// The upstream: nginx on loopback, which costs so little that what is measured
// is the Worker before it. It knows the key and nothing else: an answer of 200
// shows that the variant under test put the key in.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { program } from "./programs.mjs";

export const ANSWER = JSON.stringify({
  data: [1, 2, 3].map((n) => ({
    id: `conv_${n}`,
    title: `Call ${n}`,
    durationSeconds: 60 * n,
    labels: ["demo", "bench"],
  })),
  meta: { page: 1, size: 3, total: 3 },
});

/**
 * @param {object} options
 * @param {string} options.key what `Authorization: Bearer` has to hold
 * @param {number} options.downloadBytes the size of `/v2/download`
 * @param {string} options.sink where `/v2/upload` goes
 */
export async function startNginx({ key, downloadBytes, sink }) {
  const nginx = program("nginx");
  const folder = await mkdtemp(join(tmpdir(), "attention-nginx-"));
  const port = await freePort();
  await writeFile(join(folder, "download"), "");
  await truncate(join(folder, "download"), downloadBytes);
  await writeFile(join(folder, "nginx.conf"), config({ key, folder, port, sink }));
  const child = spawn(nginx, ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const exited = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("close", resolve);
  });
  // A bench that ends early must not leave a server behind.
  const kill = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", kill);
  const server = {
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    async close() {
      process.off("exit", kill);
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; !(await listens(port)); tries++) {
    if (child.exitCode !== null || tries === 100) {
      await server.close();
      throw new Error(`nginx does not listen\n${said}`);
    }
    await sleep(50);
  }
  return server;
}

function config({ key, folder, port, sink }) {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n  ");
  // Headers that must not come down cost the variants that remove them.
  return `daemon off;
# One process: were there a master, killing it would leave its workers behind.
master_process off;
pid ${folder}/pid;
events { worker_connections 1024; }
http {
  ${temp}
  access_log off;
  server_tokens off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port};
    default_type application/json;
    add_header x-request-id $request_id;
    add_header x-ratelimit-limit 100;
    add_header x-ratelimit-remaining 99;
    add_header strict-transport-security "max-age=31536000";
    add_header set-cookie "upstream=1; Path=/";
    if ($http_authorization != "Bearer ${key}") { return 401; }
    location /v2/conversations { return 200 '${ANSWER}'; }
    location = /v2/echo { return 200 '{"cookie":"$http_cookie","forwarded":"$http_x_forwarded_for","uri":"$request_uri"}'; }
    location = /v2/api_keys { return 200 '[]'; }
    location = /v2/download { default_type application/octet-stream; alias ${folder}/download; }
    location = /v2/upload {
      client_max_body_size 0;
      proxy_request_buffering off;
      proxy_http_version 1.1;
      proxy_pass ${sink};
    }
  }
}
`;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
