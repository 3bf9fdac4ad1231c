// Discovery for MCP clients: from the 401 alone (RFC 9728), with the official client's own code.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { discoverOAuthProtectedResourceMetadata, extractWWWAuthenticateParams } from "@modelcontextprotocol/client";
import { assertNoSecret, assertProblem, CALLERS, sha256, useWorkers } from "./worker.mjs";

const PAGE = "https://app.example";
const ADMIN = "fake-operator-token-of-the-discovery-tests";
const workers = useWorkers();
const issuing = (terms = {}, bindings = {}) =>
  workers.with({
    ATTENTION_POLICY: "allow * /v2/**\nallow * /mcp",
    ATTENTION_ADMIN_SHA256: sha256(ADMIN),
    ATTENTION_ALLOWED_ORIGINS: JSON.stringify([PAGE]),
    ATTENTION_JWT: JSON.stringify({
      issuer: "https://issuer.example/tenant",
      audience: ["https://proxy.example/mcp"],
      jwks: "https://issuer.example/keys",
      grants: [
        {
          all: [
            { claim: "scope", is: ["mcp:write"] },
            { claim: "groups", is: ["admins"] },
          ],
        },
        { claim: "scp", is: ["mcp:read", "mcp:write"] },
      ],
      ...terms,
    }),
    ...bindings,
  });
const scoped = issuing();
const everybody = issuing({ grants: [{ everybody: true }] });
const inAHeader = issuing({ header: "Cf-Access-Jwt-Assertion" });
const named = issuing({ issuer: "issuer-by-name" });
const without = workers.with({ ATTENTION_POLICY: "allow * /mcp", ATTENTION_CALLERS: CALLERS });

const ROOT = "/.well-known/oauth-protected-resource";
const url = (service, path) => new URL(path, workers.workerd.urls[service]);
const ask = (service, path, init = {}) => fetch(url(service, path), init);
const metadata = async (service, path, init) => (await ask(service, path, init)).json();

describe("the metadata", () => {
  test("names the resource in its path, the issuer and the scopes, and nothing else", async () => {
    const origin = url(scoped, "/").origin;
    for (const [path, resource] of [
      [ROOT, origin],
      [`${ROOT}/mcp`, `${origin}/mcp`],
    ]) {
      const response = await ask(scoped, path);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "application/json");
      const text = await response.text();
      assert.deepEqual(JSON.parse(text), {
        resource,
        authorization_servers: ["https://issuer.example/tenant"],
        bearer_methods_supported: ["header"],
        scopes_supported: ["mcp:write", "mcp:read"],
      });
      assertNoSecret(text + JSON.stringify([...response.headers]));
      const head = await ask(scoped, path, { method: "HEAD" });
      assert.equal(head.status, 200);
      assert.equal(await head.text(), "");
    }
    assert.equal((await metadata(everybody, ROOT)).scopes_supported, undefined);
  });

  test("is read-only", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await workers.call(scoped, { method, target: ROOT, token: null });
      assertProblem(answer, 405, "method_not_allowed");
      assert.equal(answer.get("allow"), "GET, HEAD, OPTIONS");
    }
  });

  test("can be read by allowed pages only", async () => {
    const preflight = await ask(scoped, `${ROOT}/mcp`, {
      method: "OPTIONS",
      headers: { origin: PAGE, "access-control-request-headers": "mcp-protocol-version" },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-headers"), /mcp-protocol-version/i);
    const page = await ask(scoped, `${ROOT}/mcp`, { headers: { origin: PAGE } });
    assert.equal(page.headers.get("access-control-allow-origin"), PAGE);
    const other = await ask(scoped, ROOT, { headers: { origin: "https://evil.example" } });
    assert.equal(other.status, 403);
    assert.equal(other.headers.get("access-control-allow-origin"), null);
  });

  test("does not exist without an issuer that a client can use, nor in another spelling", async () => {
    for (const service of [without, inAHeader, named]) {
      for (const path of [ROOT, `${ROOT}/mcp`]) assert.equal((await ask(service, path)).status, 401, path);
    }
    for (const path of [`${ROOT}/`, `${ROOT}/v2`, `${ROOT}/MCP`, "/.well-known/oauth-authorization-server"]) {
      assert.equal((await ask(scoped, path)).status, 401, path);
    }
  });
});

describe("a challenge", () => {
  const challenge = async (service, path, init) => extractWWWAuthenticateParams(await ask(service, path, init));

  test("leads a client from the 401 to the issuer", async () => {
    for (const headers of [{}, { authorization: "Bearer fake-token-of-nobody" }]) {
      const response = await ask(scoped, "/mcp", { method: "POST", headers });
      assert.equal(response.status, 401);
      const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
      assert.equal(resourceMetadataUrl.href, url(scoped, `${ROOT}/mcp`).href);
      assert.equal(scope, "mcp:write mcp:read");
      const found = await discoverOAuthProtectedResourceMetadata(url(scoped, "/mcp"), { resourceMetadataUrl });
      assert.deepEqual(found.authorization_servers, ["https://issuer.example/tenant"]);
    }
    // By the well-known address alone.
    const found = await discoverOAuthProtectedResourceMetadata(url(scoped, "/mcp"));
    assert.equal(found.resource, url(scoped, "/mcp").href);
    const { resourceMetadataUrl } = await challenge(scoped, "/v2/conversations");
    assert.equal(resourceMetadataUrl.href, url(scoped, ROOT).href);
    assert.equal((await challenge(everybody, "/mcp")).scope, undefined);
  });

  test("does not name an issuer if a client cannot use one, or for the operator's paths", async () => {
    for (const service of [without, inAHeader, named]) {
      const response = await ask(service, "/mcp", { method: "POST" });
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="attention"');
    }
    for (const [path, method] of [
      ["/status", "GET"],
      ["/admin/keys/current/test", "POST"],
    ]) {
      const response = await ask(scoped, path, { method });
      assert.equal(response.status, 401);
      assert.ok(!response.headers.get("www-authenticate").includes("resource_metadata"), path);
    }
  });

  test("can be read by the calling page", async () => {
    const response = await ask(scoped, "/mcp", { method: "POST", headers: { origin: PAGE } });
    assert.equal(response.status, 401);
    assert.match(response.headers.get("access-control-expose-headers"), /WWW-Authenticate/);
  });

  test("contains no text that could end a quoted string", async () => {
    const answer = await workers.call(scoped, {
      target: "/mcp",
      token: null,
      method: "POST",
      host: 'a"b.example',
    });
    assert.ok(!(answer.get("www-authenticate") ?? "").includes('a"b'), answer.head);
  });
});
