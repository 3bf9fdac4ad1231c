// The Worker's IO. It decides nothing: it asks the gatekeeper (wasm) what to do
// next, does it, and reports what came of it. Bodies stay streams in both
// directions where the gatekeeper does not ask for them.
import { DurableObject } from "cloudflare:workers";
import { Answers, discard } from "./answer.mjs";
import { readBounded, readInTime } from "./body.mjs";
import * as glue from "./build/glue/attention_bg.js";
import module from "./index_bg.wasm";
import { KeySet, UNKNOWN_KEY } from "./jwt.mjs";
import { passing, settled } from "./time.mjs";

const { Gatekeeper, Ledger, SharedGate, StepKind } = glue;

// A vault, or the gate's ledger, that takes longer is one that does not answer.
const VAULT_MILLIS = 5_000;
const LEDGER_MILLIS = 3_000;

// The wasm of this isolate, which the gate's Durable Object may share with
// requests, and what requests share. Everything dies with a trap: the next
// request starts from nothing.
let instance;
let isolate;

function instantiate() {
  if (instance !== undefined) return;
  instance = new WebAssembly.Instance(module, { "./attention_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

// What all requests under one configuration share.
class Isolate {
  constructor(texts, names) {
    this.own = new Gatekeeper(texts, names);
    this.up = Gatekeeper.headersUp();
    this.answers = new Answers(Gatekeeper.headersAlways(), Gatekeeper.headersDown(), this.own);
    this.authorizations = [this.own.authorization(0), this.own.authorization(1)];
    this.keySet = new KeySet(this.own.algorithms());
    // The bodies of kept answers, by the gatekeeper's names.
    this.bodies = new Map();
  }

  // Lets go of what the gatekeeper no longer names.
  tidy() {
    for (const entry of this.own.dropped()) this.bodies.delete(entry);
  }
}

async function isolateOf(env) {
  if (isolate?.own.isConfigured) return isolate;
  instantiate();
  const texts = await Promise.all(Gatekeeper.bindings().map((name) => textOf(env[name])));
  // Another request was quicker, and its calls are under way with what it made.
  if (isolate?.own.isConfigured) return isolate;
  instantiate();
  const before = isolate;
  isolate = new Isolate(texts, Object.keys(env));
  before?.own.free();
  return isolate;
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

// One request, from its arrival to its answer.
class Exchange {
  #isolate;
  #own;
  #number;
  #request;
  #env;
  #context;
  // The body to send: the request's own until it is held.
  #body;
  // What goes up of the request's headers, once it is needed.
  #headers;
  #response = null;

  constructor(isolate, request, env, context) {
    this.#isolate = isolate;
    this.#own = isolate.own;
    this.#request = request;
    this.#env = env;
    this.#context = context;
    this.#body = request.body;
    const { method, url, headers, body } = request;
    this.#number = this.#own.open(method, url, headers, body !== null, crypto.randomUUID(), Date.now());
  }

  get requestId() {
    return this.#own.requestId(this.#number);
  }

  async answer() {
    for (let step = this.#own.step(this.#number); ; ) {
      switch (step) {
        case StepKind.FetchKeySet:
          step = await this.#fetchKeySet();
          break;
        case StepKind.VerifyToken:
          step = await this.#verify();
          break;
        case StepKind.ReadRequest:
          step = await this.#readRequest();
          break;
        case StepKind.HoldRequest:
          step = await this.#holdRequest();
          break;
        case StepKind.Count:
          step = await this.#count();
          break;
        case StepKind.AskGate:
          step = await this.#askGate();
          break;
        case StepKind.Wait:
          step = await this.#wait();
          break;
        case StepKind.Send:
          step = await this.#send();
          break;
        case StepKind.ReadResponse:
          step = await this.#readResponse();
          break;
        case StepKind.Pass:
          return this.#finish(this.#pass());
        case StepKind.Serve:
          return this.#finish(this.#serve());
        case StepKind.Reply:
          return this.#finish(this.#reply());
        case StepKind.ShowStatus:
          return this.#finish(await this.#status());
      }
    }
  }

  async #fetchKeySet() {
    const [own, number] = [this.#own, this.#number];
    const got = await this.#isolate.keySet.fetch(own.url(number), own.millis(number), own.limit(number));
    return own.onKeySet(number, this.#request.headers, got, Date.now());
  }

  async #verify() {
    const [own, number, { headers }] = [this.#own, this.#number, this.#request];
    const reason = await this.#isolate.keySet.check(own.token(number));
    if (reason === UNKNOWN_KEY) return own.onUnknownKey(number, headers, Date.now());
    return own.onSignature(number, headers, reason, Date.now());
  }

  async #readRequest() {
    this.#body = await readBounded(this.#request, this.#own.limit(this.#number));
    return this.#own.onRequestBody(this.#number, this.#request.headers, this.#body, crypto.randomUUID(), Date.now());
  }

  async #holdRequest() {
    const held = await this.#request.arrayBuffer().catch(() => undefined);
    this.#body = held ?? null;
    return this.#own.onRequestHeld(this.#number, this.#request.headers, held !== undefined, Date.now());
  }

  // Asks the platform's counter. One that does not answer holds nobody up.
  async #count() {
    const { ATTENTION_RATE_LIMIT: limiter } = this.#env;
    const counted = () => limiter.limit({ key: this.#own.holder(this.#number) });
    const outcome = await answered(counted, this.#own.millis(this.#number));
    return this.#own.onCounted(this.#number, this.#request.headers, outcome?.success !== false, Date.now());
  }

  async #askGate() {
    const ask = () => gateOf(this.#env).admit(this.#own.holder(this.#number), this.#own.callerLimit(this.#number));
    const place = await answered(ask, this.#own.millis(this.#number));
    return this.#own.onPlace(this.#number, this.#request.headers, JSON.stringify(place) ?? "", Date.now());
  }

  async #wait() {
    this.#drop();
    await passing(this.#own.millis(this.#number));
    return this.#own.onWaited(this.#number, this.#request.headers, Date.now());
  }

  async #send() {
    this.#drop();
    const [own, number, { headers: request }] = [this.#own, this.#number, this.#request];
    const headers = this.#headersUp(own.slot(number));
    const method = own.method(number);
    const body = own.carriesBody(number) ? this.#body : null;
    // The key goes to one origin: a redirect is an answer, not an instruction.
    const sent = fetch(own.url(number), { method, headers, body, redirect: "manual" });
    const response = await settled(sent, own.millis(number));
    if (typeof response === "boolean") return own.onNoResponse(number, request, response, Date.now(), Math.random());
    this.#response = response;
    const step = own.onResponse(number, request, response.status, response.headers, Date.now(), Math.random());
    const closing = own.takeGateClosing(number);
    if (closing > 0)
      this.#context.waitUntil(
        gateOf(this.#env)
          .limited(closing)
          .catch(() => {}),
      );
    return step;
  }

  // One by one: a request may have many headers that are of no interest here, and
  // visiting those costs more than asking for some that are not there.
  #headersUp(slot) {
    if (this.#headers === undefined) {
      this.#headers = {};
      const names = this.#own.carriesRequest(this.#number) ? this.#isolate.up : [];
      for (const name of names) {
        const value = this.#request.headers.get(name);
        if (value !== null) this.#headers[name] = value;
      }
      for (const name of this.#own.removed(this.#number)) delete this.#headers[name];
      const set = this.#own.set(this.#number);
      for (let i = 0; i < set.length; i += 2) this.#headers[set[i]] = set[i + 1];
    }
    this.#headers.authorization = this.#isolate.authorizations[slot];
    return this.#headers;
  }

  async #readResponse() {
    const [own, number, { headers }] = [this.#own, this.#number, this.#request];
    const mayHold = (bytes) => own.mayHold(number, bytes, Date.now());
    const bytes = await readInTime(this.#response, own.limit(number), own.millis(number), mayHold);
    return own.onResponseBody(number, headers, bytes, Date.now());
  }

  #pass() {
    const [own, number, { bodies }] = [this.#own, this.#number, this.#isolate];
    let body = own.isEmpty(number) ? null : own.bytes(number);
    if (body === undefined) body = this.#kept(this.#response.body);
    const entry = own.entry(number);
    if (entry !== undefined) bodies.set(entry, body);
    const answer = this.#isolate.answers.passed(this.#response, body);
    for (const name of own.removed(number)) answer.headers.delete(name);
    const set = own.set(number);
    for (let i = 0; i < set.length; i += 2) answer.headers.set(set[i], set[i + 1]);
    this.#response = null;
    return answer;
  }

  // A body that is passed on, and read on the side if the cache wants it.
  #kept(body) {
    const pending = body === null ? undefined : this.#own.pending(this.#number);
    if (pending === undefined) return body;
    const [down, copy] = body.tee();
    const { own, bodies } = this.#isolate;
    const store = (bytes) => {
      const entry = bytes === undefined ? undefined : own.store(pending, bytes.byteLength);
      if (entry !== undefined) bodies.set(entry, bytes);
      this.#isolate.tidy();
    };
    this.#context.waitUntil(readBounded({ body: copy }, own.pendingLimit(pending)).then(store));
    return down;
  }

  #serve() {
    const entry = this.#own.entry(this.#number);
    const body = entry === undefined ? null : this.#isolate.bodies.get(entry);
    const answer = this.#isolate.answers.bare(this.#own.status(this.#number), body);
    const set = this.#own.set(this.#number);
    for (let i = 0; i < set.length; i += 2) answer.headers.set(set[i], set[i + 1]);
    return answer;
  }

  #reply() {
    const { status, headers, body } = JSON.parse(this.#own.reply(this.#number));
    return this.#isolate.answers.own(status, body, headers);
  }

  async #status() {
    const counted = await ledger(this.#own, gateOf(this.#env));
    const { body, headers } = JSON.parse(this.#own.statusPage(counted, crypto.randomUUID(), Date.now()));
    return this.#isolate.answers.own(200, body, headers);
  }

  // What every answer carries, and what is left behind of the request.
  #finish(answer) {
    this.#drop();
    const [own, number, env] = [this.#own, this.#number, this.#env];
    const headers = own.headers(number);
    for (let i = 0; i < headers.length; i += 2) answer.headers.set(headers[i], headers[i + 1]);
    const now = Date.now();
    if (env.ATTENTION_ANALYTICS !== undefined) measure(env.ATTENTION_ANALYTICS, own.point(number, answer.status, now));
    const line = own.finish(number, answer.status, now, Math.random());
    if (line !== undefined) console.log(line);
    const gate = own.isLedgerDue(now) ? gateOf(env) : undefined;
    if (gate !== undefined) this.#context.waitUntil(ledger(own, gate));
    if (this.#isolate.bodies.size > 0) this.#isolate.tidy();
    return answer;
  }

  // Frees the connection of a response that nobody will read.
  #drop() {
    if (this.#response !== null) discard(this.#response);
    this.#response = null;
  }
}

// The call is over: what measures it cannot fail it any more.
function measure(dataset, point) {
  try {
    dataset.writeDataPoint(JSON.parse(point));
  } catch {
    // Analytics shows that there is nothing.
  }
}

// The gate that all isolates share, when it is bound.
const gateOf = ({ ATTENTION_GATE: bound }) => bound?.get(bound.idFromName("upstream"));

// What was asked for, in time; `undefined` when it throws or takes longer.
async function answered(ask, millis) {
  try {
    const outcome = await settled(ask(), millis);
    return typeof outcome === "boolean" ? undefined : outcome;
  } catch {
    return undefined;
  }
}

// What all isolates have counted, as JSON; `undefined` when the gate does not say, and this one keeps what it has.
async function ledger(own, gate) {
  if (gate === undefined) return undefined;
  const counted = own.takeCounted();
  const all = await answered(() => gate.ledger(JSON.parse(counted)), LEDGER_MILLIS);
  if (Array.isArray(all)) return JSON.stringify(all);
  own.addCounted(counted);
  return undefined;
}

// A trap leaves wasm in an unknown state. The glue keeps views of the memory and
// would free the old object in the new instance: growing detaches the views, and
// the object is taken from the finalizer's hands.
function forget() {
  isolate?.own.__destroy_into_raw();
  isolate = undefined;
  instance?.exports.memory.grow(1);
  instance = undefined;
}

export default {
  async fetch(request, env, context) {
    let requestId;
    try {
      const exchange = new Exchange(await isolateOf(env), request, env, context);
      ({ requestId } = exchange);
      return await exchange.answer();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) forget();
      return failed(error, requestId ?? crypto.randomUUID());
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
  return (isolate?.answers ?? new Answers()).own(500, JSON.stringify(problem), headers);
}

// The gate that all isolates share: bind it as ATTENTION_GATE. It keeps across a
// restart when the API wants to be called again.
export class Gate extends DurableObject {
  #instance;
  #gate;
  #ledger;

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
      this.#ledger = new Ledger();
      this.#instance = instance;
    }
    return this.#gate;
  }

  admit(caller, limit) {
    return JSON.parse(this.#shared().admit(caller, limit, Date.now()));
  }

  // Adds what an isolate has counted, and tells what all have.
  ledger(counted) {
    this.#shared();
    this.#ledger.add(JSON.stringify(counted));
    return JSON.parse(this.#ledger.snapshot());
  }

  async limited(millis) {
    await this.ctx.storage.put("opensAt", this.#shared().limited(millis, Date.now()));
  }
}
