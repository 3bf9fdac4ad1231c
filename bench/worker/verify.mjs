// Before anything is measured: does every variant do what it is measured for?
import assert from "node:assert/strict";
import { request } from "node:http";
import { ANSWER } from "../lib/nginx.mjs";
import { TOKEN } from "./variants.mjs";

const CALLER = { authorization: `Bearer ${TOKEN}` };

export async function verify({ title, checks }, url) {
  const ask = (path, headers, method) => send(`${url}${path}`, { headers, method });
  const expect = async (what, status, answer) => assert.equal((await answer).status, status, `${title}: ${what}`);

  const good = await ask("/v2/conversations?page=1", CALLER);
  assert.equal(good.status, 200, `${title}: a call`);
  assert.equal(good.body, ANSWER, `${title}: its body`);
  assert.equal(good.headers["x-ratelimit-remaining"], "99", `${title}: the rate limit comes down`);
  if (!checks) return;

  assert.match(good.headers["x-request-id"], /^[0-9a-f-]{36}$/, `${title}: a request id of its own`);
  assert.match(good.headers.vary, /authorization/i, `${title}: vary`);
  assert.equal(good.headers["cache-control"], "private, no-store", `${title}: no shared cache`);
  assert.equal(good.headers["set-cookie"], undefined, `${title}: no cookie comes down`);
  assert.equal(good.headers["strict-transport-security"], undefined, `${title}: what is not listed stays away`);

  const echo = await ask("/v2/echo?a=%2F&b", { ...CALLER, cookie: "c=1", "x-forwarded-for": "192.0.2.1" });
  assert.deepEqual(
    JSON.parse(echo.body),
    { cookie: "", forwarded: "", uri: "/v2/echo?a=%2F&b" },
    `${title}: what goes up`,
  );

  const page = await ask("/v2/conversations", { ...CALLER, origin: "https://app.example" });
  assert.equal(page.headers["access-control-allow-origin"], "https://app.example", `${title}: CORS`);

  await expect("a wrong token", 401, ask("/v2/conversations", { authorization: "Bearer wrong" }));
  await expect("no token", 401, ask("/v2/conversations", {}));
  await expect("keys", 403, ask("/v2/api_keys", CALLER));
  await expect("a method that policy does not allow", 403, ask("/v2/conversations", CALLER, "DELETE"));
  await expect("an encoded slash", 400, ask("/v2/x%2f..%2fy", CALLER));
  await expect("another origin", 403, ask("/v2/conversations", { ...CALLER, origin: "https://evil.example" }));
}

/** Not `fetch`: it would put headers of its own in. */
export function send(url, { headers = {}, method = "GET" } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      response.on("error", reject);
    });
    sent.on("error", reject).end();
  });
}
