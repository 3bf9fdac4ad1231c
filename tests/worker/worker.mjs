// The built Worker in workerd, with many configurations side by side, in front
// of one upstream.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { after, before } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { startWorkerd } from "../upstream/workerd.mjs";
import { requestBytes, send, Wire } from "./wire.mjs";

const BUILD = new URL("../../worker/build/", import.meta.url);
/** The built Worker, as `startWorkerd` takes it. */
export const MODULES = [
  { name: "index.js", file: new URL("index.js", BUILD) },
  { name: "index_bg.wasm", type: "wasm", file: new URL("index_bg.wasm", BUILD) },
];

export const KEY = "fake-current-key-of-the-worker-tests";
export const NEXT_KEY = "fake-next-key-of-the-worker-tests";
export const TOKEN = "fake-caller-token-of-the-worker-tests";
export const OTHER_TOKEN = "fake-other-token-of-the-worker-tests";
export const SECRETS = [KEY, NEXT_KEY, TOKEN, OTHER_TOKEN];

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");
export const fingerprint = (text) => sha256(text).slice(0, 8);
/** ATTENTION_CALLERS of a map from name to token. */
export const callers = (tokens) =>
  JSON.stringify(Object.entries(tokens).map(([name, token]) => ({ name, sha256: sha256(token) })));
export const CALLERS = callers({ app: TOKEN, other: OTHER_TOKEN });

/** The unsigned look of a JWT with these claims. */
export function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.fake-signature`;
}

/** The Workers of a test file, started before the first test and closed after the last. */
export function useWorkers() {
  const workers = new Workers();
  before(() => workers.start());
  after(() => workers.close());
  return workers;
}

export class Workers {
  workerd;
  upstream;
  /** The handler when the script is empty: `(request, record) => Response`. */
  respond;
  #services = {};

  /**
   * One more Worker, with the usual bindings but for these; `undefined` takes one away, a function makes its text once
   * the upstream listens. Gives the name to call it by. Key ring and gate are a Worker's own, so a test that moves them
   * has its own. `modules` are for a Worker that is not just the built one.
   */
  with(bindings = {}, modules = MODULES) {
    const name = `worker-${Object.keys(this.#services).length}`;
    this.#services[name] = { bindings, modules };
    return name;
  }

  async start() {
    await access(new URL("index.js", BUILD)).catch(() => {
      throw new Error("worker/build is not there: run `cargo xtask build worker` first");
    });
    this.upstream = await startUpstream({ handler: (request, record) => this.#answer(request, record) });
    const usual = {
      ATTENTION_API_KEY: KEY,
      ATTENTION_BASE_URL: `${this.upstream.url}/v2`,
      ATTENTION_CALLERS: CALLERS,
      ATTENTION_MAX_RETRIES: "0",
    };
    const made = (value) => (typeof value === "function" ? value(this.upstream) : value);
    const bindings = (own) =>
      Object.fromEntries(
        Object.entries({ ...usual, ...own })
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => [name, made(value)]),
      );
    this.workerd = await startWorkerd({
      services: Object.entries(this.#services).map(([name, own]) => ({
        name,
        modules: own.modules,
        bindings: bindings(own.bindings),
      })),
      startMs: 60_000,
    });
  }

  async #answer(request, record) {
    if (this.respond !== undefined) return this.respond(request, record);
    await request.arrayBuffer();
    return Response.json({ ok: true });
  }

  port(service) {
    const port = this.workerd.ports[service];
    assert.ok(port, `there is no service ${service}`);
    return port;
  }

  /** A request with the caller's token, unless `token` says otherwise; `null` for none. */
  bytes({ token = TOKEN, headers = [], ...request }) {
    return requestBytes({
      target: "/v2/conversations",
      ...request,
      headers: token === null ? headers : [["Authorization", `Bearer ${token}`], ...headers],
    });
  }

  /** Sends a request on a connection of its own and gives the answer. */
  async call(service, request = {}) {
    return send(this.port(service), Object.assign(this.bytes(request), { method: request.method }));
  }

  /** A connection on which a request has been sent. */
  async open(service, request = {}) {
    const wire = await Wire.open(this.port(service));
    await wire.write(this.bytes(request));
    return wire;
  }

  /** The log line of an answered request. */
  async log(answer) {
    const id = answer.get("x-request-id");
    assert.ok(id, "the answer has no X-Request-Id");
    return JSON.parse(await this.workerd.line((text) => text.includes(`"requestId":"${id}"`)));
  }

  /** What the upstream received since `begin`, once it is whole. */
  async received(count) {
    return this.upstream.settled(count);
  }

  /** Clears the state of other tests; these script entries answer the next calls. */
  begin(...script) {
    this.respond = undefined;
    this.upstream.clear();
    this.upstream.script(script);
  }

  async close() {
    await this.workerd?.close();
    await this.upstream?.close();
  }
}

/** Fails if a text contains a key or a token, plain or in base64. */
export function assertNoSecret(text, secrets = SECRETS) {
  for (const secret of secrets) {
    for (const form of [
      secret,
      Buffer.from(secret).toString("base64").replace(/=+$/, ""),
      encodeURIComponent(secret),
    ]) {
      assert.ok(!text.includes(form), `a secret stands in ${text.slice(0, 300)}`);
    }
  }
}

/** Fails unless the response is this problem. */
export function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.head + answer.text);
  assert.equal(answer.get("content-type"), "application/problem+json");
  const problem = answer.json();
  assert.deepEqual(Object.keys(problem).sort(), ["code", "detail", "requestId", "status", "title", "type"]);
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  assert.equal(problem.requestId, answer.get("x-request-id"));
  assert.equal(problem.type, `urn:attention-wasm:problem:${code}`);
  assert.equal(answer.get("cache-control"), "no-store");
  assert.ok(answer.complete);
  return problem;
}
