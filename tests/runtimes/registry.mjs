// A registry of npm on a loopback port that has the packed package, as if it were published, and nothing else.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageFolder } from "./packed.mjs";

/** @returns {Promise<{ url: string, version: string, close(): void }>} */
export async function startRegistry() {
  const folder = await packageFolder();
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const { name, version } = manifest;
  const tarball = await pack(folder);
  const server = createServer((request, response) => {
    if (request.url.endsWith(".tgz")) return response.end(tarball);
    if (request.url !== `/${name}`) return response.writeHead(404).end("{}");
    const url = `http://${request.headers.host}/${name}/-/${name}-${version}.tgz`;
    const dist = { tarball: url, shasum: digest("sha1", "hex"), integrity: `sha512-${digest("sha512", "base64")}` };
    const versions = { [version]: { ...manifest, _id: `${name}@${version}`, dist } };
    const body = { _id: name, name, "dist-tags": { latest: version }, versions, time: { [version]: PUBLISHED } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  });
  const digest = (algorithm, form) => createHash(algorithm).update(tarball).digest(form);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    version,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Long ago: some package managers take nothing that is new. */
const PUBLISHED = "2020-01-01T00:00:00.000Z";

async function pack(folder) {
  const out = await mkdtemp(join(tmpdir(), "attention-registry-"));
  try {
    const args = ["pack", folder, "--ignore-scripts", "--offline", "--json", "--pack-destination", out];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: out });
    return await readFile(join(out, JSON.parse(stdout)[0].filename));
  } finally {
    await rm(out, { recursive: true });
  }
}
