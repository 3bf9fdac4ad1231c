// The Worker's IO. It decides nothing: it asks the gatekeeper (wasm) what to do
// next, does it, and reports what came of it. Bodies stay streams in both
// directions; two bounded exceptions are a small request body, held so that it
// can be sent again, and an error body, read so that an echoed key goes nowhere.
import { DurableObject } from "cloudflare:workers";
import { Answers } from "./answer.mjs";
import { readBounded } from "./body.mjs";
import * as glue from "./build/glue/attention_bg.js";
import { Cache } from "./cache.mjs";
import module from "./index_bg.wasm";
import { verifier } from "./jwt.mjs";
import { Ledger, page } from "./status.mjs";
import { settled } from "./time.mjs";

// What the gatekeeper asks for; 0 is to send.
const WAIT = 1;
const PASS = 2;
const READ = 3;
const BODY = 5;
const PROBE = 6;
const STATUS = 7;
const REDACT = 8;
// The driver's own: the answer is there.
const DONE = 9;

// As core's MAX_ERROR_BODY_BYTES.
const ERROR_BODY_BYTES = 64 * 1024;
// A request for a session is a few lines.
const SESSION_REQUEST_BYTES = 16 * 1024;
// What is to be redacted is taken apart in memory, of which an isolate has 128 MB.
const REDACTABLE_BYTES = 8 * 1024 * 1024;
const INSPECTED_BYTES = 256 * 1024;
const PROBE_MILLIS = 10_000;
// A Durable Object, a vault or a counter that takes longer is one that does not answer.
const GATE_MILLIS = 3_000;
const VAULT_MILLIS = 5_000;
// The longest period of a Rate Limiting binding, which does not tell its own.
const LIMIT_MILLIS = 60_000;

const { Gatekeeper, SharedGate } = glue;

// Everything that dies with a trap: the next request starts from nothing.
let instance;
let gatekeeper;
let up;
let authorizations;
let verify;
let answers;
// Only where a policy lets answers be given more than once.
let cache;
// What has been counted here and not yet been told to the shared ledger.
const kept = new Ledger();

// The wasm of this isolate, which the gate's Durable Object may share with requests.
function instantiate() {
  if (instance !== undefined) return;
  instance = new WebAssembly.Instance(module, { "./attention_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

async function configure(env) {
  instantiate();
  const texts = await Promise.all(Gatekeeper.bindings().map((name) => textOf(env[name])));
  // Another request was quicker, and its calls are under way with what it made.
  if (gatekeeper?.isConfigured) return;
  instantiate();
  const made = new Gatekeeper(texts);
  gatekeeper?.free();
  gatekeeper = made;
  up = Gatekeeper.headersUp();
  const terms = made.jwtTerms();
  verify = terms && verifier(JSON.parse(terms));
  authorizations = [made.authorization(0), made.authorization(1)];
  const keys = authorizations.filter((value) => value !== undefined).map((value) => value.slice("Bearer ".length));
  answers = new Answers(Gatekeeper.headersAlways(), Gatekeeper.headersDown(), keys);
  cache = made.keepsAnswers ? new Cache(Gatekeeper, answers) : undefined;
}

// A variable or secret, a JSON variable, or a Secrets Store binding. `null` says
// that a binding is there and gave no text.
async function textOf(binding) {
  if (binding === undefined || typeof binding === "string") return binding;
  try {
    if (typeof binding.get !== "function") return typeof binding.limit === "function" ? null : JSON.stringify(binding);
    const text = await settled(binding.get(), VAULT_MILLIS);
    return typeof text === "string" ? text : null;
  } catch {
    return null;
  }
}

async function answer(request, env, context, known) {
  if (gatekeeper === undefined || !gatekeeper.isConfigured) await configure(env);
  const own = gatekeeper;
  const started = Date.now();
  const verified = verify && (await verify(request.headers));
  // One by one: a request may have many headers that are of no interest here, and
  // visiting those costs more than asking for some that are not there.
  const { headers: sent } = request;
  const header = (name) => sent.get(name) ?? undefined;
  const headers = {};
  for (const name of up) {
    const value = header(name);
    if (value !== undefined) headers[name] = value;
  }
  const authorization = header("authorization");
  const origin = header("origin");
  const length = header("content-length");
  let requestId = header("x-request-id");
  if (requestId === undefined || !Gatekeeper.acceptsRequestId(requestId)) requestId = crypto.randomUUID();
  known.requestId = requestId;
  let body = length === "0" ? null : request.body;
  const bodyLength = body === null ? -1 : length === undefined ? NaN : Number(length);
  const { method } = request;
  const idempotent = headers["idempotency-key"] !== undefined;
  const number = own.open(
    method,
    request.url,
    authorization,
    verified?.claims,
    verified?.refusal,
    origin,
    sent.has("upgrade"),
    idempotent,
    bodyLength,
    requestId,
    Date.now(),
  );
  if (
    headers.traceparent === undefined ? headers.tracestate !== undefined : !own.onTrace(number, headers.traceparent)
  ) {
    delete headers.traceparent;
    delete headers.tracestate;
  }
  let action = own.action(number);
  let response = null;
  let final;
  const limiter = env.ATTENTION_RATE_LIMIT;
  if (limiter !== undefined && action <= WAIT && !(await mayCall(limiter, own.holder(number)))) {
    action = own.onLimited(number, LIMIT_MILLIS);
  }
  const visit =
    cache !== undefined && method === "GET" && action <= WAIT ? cache.visit(own, number, request) : undefined;
  if (visit?.isHit) {
    final = visit.again();
    action = DONE;
  }
  if (action <= WAIT) {
    const url = own.url(number);
    const gate = gateOf(env);
    visit?.ask(headers);
    if (body !== null && own.inspects(number)) {
      body = await readBounded(request, INSPECTED_BYTES);
      action = own.onMessage(number, body && new TextDecoder().decode(body));
    } else if (body !== null && Gatekeeper.holds(bodyLength)) {
      try {
        body = await request.arrayBuffer();
      } catch {
        action = own.onBrokenUpload(number);
      }
    }
    let placed = false;
    // A call counts once, however often it is sent; and where the platform counts, it counts there.
    let limited = limiter !== undefined;
    while (action <= WAIT) {
      if (response !== null) discard(response);
      if (action === WAIT) {
        response = null;
        await passing(own.millis(number));
        action = own.onWaited(number, Date.now());
      } else if (gate !== undefined && !placed) {
        const place = await placeAt(gate, own.holder(number), limited ? undefined : own.limit(number));
        limited = true;
        if (typeof place === "object") {
          action = own.onLimited(number, place.limited);
          continue;
        }
        placed = place === 0;
        if (placed) continue;
        action = own.onHeldBack(number, Math.abs(place), Date.now());
        if (action > WAIT) continue;
        await passing(Math.abs(place));
        placed = place > 0;
      } else {
        placed = false;
        if (visit !== undefined) visit.asked = Date.now();
        headers.authorization = authorizations[own.slot(number)];
        // The key goes to one origin: a redirect is an answer, not an instruction.
        response = await settled(fetch(url, { method, headers, body, redirect: "manual" }), own.millis(number));
        action =
          typeof response === "boolean"
            ? own.onFailure(number, response, Date.now(), Math.random())
            : own.onResponse(number, response.status, response.headers, Date.now(), Math.random());
        if (typeof response === "boolean") response = null;
        const closed = gate === undefined ? 0 : own.closedFor(Date.now());
        if (closed > 0) context.waitUntil(gate.limited(closed).catch(() => {}));
      }
    }
    // Whatever came of it: it may have been done.
    if (cache !== undefined && method !== "GET" && method !== "HEAD") cache.changed(url);
  }
  if (visit?.asks && response?.status === 304) {
    final = visit.confirmed(response);
  } else if (action === PASS) {
    final = answers.passed(
      response,
      visit === undefined ? response.body : visit.keep(response, response.body, context),
    );
  } else if (action === REDACT) {
    const body = await redacted(response, own.redacted(number), own.millis(number));
    if (body === undefined) own.onUnredactable(number);
    else {
      visit?.keep(response, body, context);
      final = answers.passed(response, body);
      // It was read decoded, and is no longer what the tag names.
      for (const name of ["content-encoding", "etag"]) final.headers.delete(name);
    }
  } else if (action === BODY) {
    const bytes = await readBounded(request, SESSION_REQUEST_BYTES);
    own.onBody(number, bytes && new TextDecoder().decode(bytes), crypto.randomUUID(), Date.now());
  } else if (action === PROBE) {
    const headers = { authorization: authorizations[own.slot(number)], accept: "application/json" };
    const probe = await settled(fetch(own.url(number), { headers, redirect: "manual" }), PROBE_MILLIS);
    if (typeof probe !== "boolean") discard(probe);
    own.onProbe(number, probe.status ?? 0);
  } else if (action === STATUS) {
    const { body, headers } = page(await ledger(gateOf(env)), JSON.parse(own.readiness(Date.now())));
    final = answers.own(200, body, headers);
  } else if (action === READ) {
    const whole = await readInTime(response, ERROR_BODY_BYTES, own.millis(number));
    const bytes = own.rejected(number, whole, Date.now());
    if (bytes !== undefined) {
      final = answers.passed(response, bytes);
      // It was read decoded.
      final.headers.delete("content-encoding");
      // No error is worth keeping, whatever the API says of caches.
      final.headers.set("cache-control", "private, no-store");
    }
  }
  if (final === undefined) {
    const { status, headers, body } = JSON.parse(own.reply(number));
    final = answers.own(status, body, headers);
  } else if (response !== null) {
    final.headers.set("server-timing", `upstream;dur=${own.upstreamMillis(number)}`);
  }
  final.headers.set("x-request-id", requestId);
  if (origin !== undefined) {
    const list = own.headersForPage(number);
    for (let i = 0; i < list.length; i += 2) final.headers.set(list[i], list[i + 1]);
  }
  const now = Date.now();
  // Strangers, probes and the operator are no calls.
  if (own.isCall(number)) kept.note(final.status, now - started, now);
  if (kept.isDue(now)) {
    const gate = gateOf(env);
    if (gate !== undefined) context.waitUntil(ledger(gate));
  }
  if (env.ATTENTION_ANALYTICS !== undefined)
    measure(env.ATTENTION_ANALYTICS, JSON.parse(own.record(number, final.status, now)));
  const line = own.close(number, final.status, now, Math.random());
  if (line !== undefined) console.log(line);
  return final;
}

const passing = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

// The call is over: what measures it cannot fail it any more.
function measure(dataset, record) {
  try {
    dataset.writeDataPoint(dataPoint(record));
  } catch {
    // Analytics shows that there is nothing.
  }
}

// What Analytics Engine keeps of a request; the order is part of the interface.
function dataPoint({ caller, route, method, code, key, requestId, status, ms, upstreamMs, upstreamStatus, tries }) {
  return {
    indexes: [caller ?? ""],
    blobs: [route, method, code, key, requestId].map((text) => text ?? ""),
    doubles: [status, ms, upstreamMs, upstreamStatus, tries].map((number) => number ?? 0),
  };
}

// The gate that all isolates share, when it is bound.
const gateOf = ({ ATTENTION_GATE: bound }) => bound?.get(bound.idFromName("upstream"));

// Asks the gate that all isolates share for a place: the milliseconds until it,
// negative when to ask again then; `{ limited }` when the caller's own limit is
// reached, for so long. A gate that does not answer holds nobody up: the isolate's
// own gate still heeds a 429, and its own buckets the limit.
async function placeAt(gate, holder, limit) {
  try {
    const place = await settled(gate.admit(holder, limit), GATE_MILLIS);
    return typeof place === "number" || place?.limited > 0 ? place : 0;
  } catch {
    return 0;
  }
}

// Asks the platform's counter. One that does not answer holds nobody up either.
async function mayCall(limiter, holder) {
  try {
    return (await settled(limiter.limit({ key: holder }), GATE_MILLIS)).success !== false;
  } catch {
    return true;
  }
}

// What all isolates have counted; what this one has, when the gate does not say.
async function ledger(gate) {
  if (gate === undefined) return kept.snapshot();
  const counted = kept.take();
  try {
    const all = await settled(gate.ledger(counted), GATE_MILLIS);
    if (Array.isArray(all)) return all;
  } catch {
    // As when it says nothing.
  }
  kept.add(counted);
  return kept.snapshot();
}

// A response's body, and `undefined` when it is not whole in this time: who waits
// for it has no other sign of life.
async function readInTime(response, most, millis) {
  const bytes = await settled(readBounded(response, most), millis);
  return typeof bytes === "boolean" ? undefined : bytes;
}

// The JSON of a response without the members of these names, wherever they
// stand; `undefined` when it is no JSON, too large or too slow.
async function redacted(response, names, millis) {
  if (response.body === null) return null;
  const bytes = await readInTime(response, REDACTABLE_BYTES, millis);
  if (bytes === undefined) return undefined;
  const hidden = new Set(names);
  try {
    return JSON.stringify(
      JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), (name, value) =>
        hidden.has(name) ? undefined : value,
      ),
    );
  } catch {
    return undefined;
  }
}

// Frees the connection of a response that nobody will read.
function discard(response) {
  response.body?.cancel().catch(() => {});
}

// A trap leaves wasm in an unknown state. The glue keeps views of the memory and
// would free the old object in the new instance: growing detaches the views, and
// the object is taken from the finalizer's hands.
function forget() {
  gatekeeper?.__destroy_into_raw();
  gatekeeper = undefined;
  instance?.exports.memory.grow(1);
  instance = undefined;
}

export default {
  async fetch(request, env, context) {
    const known = { requestId: undefined };
    try {
      return await answer(request, env, context, known);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) forget();
      return failed(error, known.requestId ?? crypto.randomUUID());
    }
  },
};

// The last resort. It asks nothing of wasm, which may be what failed.
function failed(error, requestId) {
  console.error(
    JSON.stringify({ event: "internal", level: "error", requestId, error: error?.constructor?.name ?? "unknown" }),
  );
  const problem = {
    type: "urn:attention-wasm:problem:internal",
    title: "Internal Server Error",
    status: 500,
    code: "internal",
    detail: "the proxy failed; its operator finds the reason in its log",
    requestId,
  };
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-request-id": requestId,
  };
  return (answers ?? new Answers()).own(500, JSON.stringify(problem), headers);
}

// The gate that all isolates share: bind it as ATTENTION_GATE. It keeps across a
// restart when the API wants to be called again.
export class Gate extends DurableObject {
  #gate;
  #instance;
  #ledger = new Ledger();

  constructor(context, env) {
    super(context, env);
    context.blockConcurrencyWhile(async () => {
      const opensAt = await context.storage.get("opensAt");
      if (opensAt !== undefined) this.#shared().restore(opensAt, Date.now());
    });
  }

  #shared() {
    instantiate();
    if (this.#gate === undefined || this.#instance !== instance) {
      this.#gate = new SharedGate(this.env.ATTENTION_BUDGET);
      this.#instance = instance;
    }
    return this.#gate;
  }

  admit(caller, limit) {
    return JSON.parse(this.#shared().admit(caller, limit, Date.now()));
  }

  // Adds what an isolate has counted, and tells what all have.
  ledger(counted) {
    this.#ledger.add(counted);
    return this.#ledger.snapshot();
  }

  async limited(millis) {
    await this.ctx.storage.put("opensAt", this.#shared().limited(millis, Date.now()));
  }
}
