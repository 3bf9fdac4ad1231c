// The Worker's entry: Rust answers, and this is around it for what Rust cannot do itself. It answers when wasm has
// trapped, and gives the gate's Durable Object its class.
import { DurableObject } from "cloudflare:workers";
import * as rust from "./build/glue/attention.js";
import { answered, currentInstance, forget, guarded } from "./waits.mjs";

export default {
  async fetch(request, env, context) {
    try {
      const answer = await answered(request, env, context);
      return answer instanceof Response ? answer : failed(request, answer);
    } catch (error) {
      return failed(request, error);
    } finally {
      forget(request);
    }
  },
};

// The last resort. It asks nothing of wasm, which may be what failed.
function failed(request, error) {
  const own = request.headers.get("x-request-id") ?? "";
  const requestId = /^[\w.-]{8,64}$/.test(own) ? own : crypto.randomUUID();
  console.error(
    JSON.stringify({ event: "internal", level: "error", requestId, error: error?.constructor?.name ?? "unknown" }),
  );
  const problem = {
    type: "urn:attention-wasm:problem:internal",
    title: "Internal Server Error",
    status: 500,
    code: "internal",
    detail: "the proxy failed, and the call may have been done; its operator finds the reason in its log",
    requestId,
  };
  return new Response(JSON.stringify(problem), {
    status: 500,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      vary: "Origin, Authorization",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
    },
  });
}

/** Counts that are lost with the object are those of the last seconds. */
const WRITE_EVERY_MS = 10_000;
/** The line of the log when they could not be stored. */
const NOT_STORED = {
  event: "counts_not_stored",
  level: "warn",
  fault: "the counts of the status page were not stored, and are lost should the gate's object end before they are",
};

/** The line of the log when the end of what is handed out could not be stored. */
const NOT_RESERVED = {
  event: "reservation_not_stored",
  level: "warn",
  fault:
    "the end of the places that are handed out was not stored: should the gate's object end before it is, the next one may hand out places of the same moments",
};

/** Writes to the object's storage. Nobody waits who could be told of a failure, so it is a line of the log. */
async function stored(write, line) {
  try {
    await write();
  } catch (error) {
    console.warn(JSON.stringify({ ...line, error: error?.constructor?.name ?? "unknown" }));
  }
}

// The gate that all isolates share: bind it as ATTENTION_GATE. It keeps across a restart when the API wants to be
// called again.
export class Gate extends DurableObject {
  #instance;
  #state;
  #opensAt;
  #reserved;
  #record;
  #recordInstance;
  /** What is stored, as texts of Rust's. */
  #revoked;
  #counted;
  #written = 0;
  #writing = false;

  constructor(context, env) {
    super(context, env);
    context.blockConcurrencyWhile(async () => {
      const stored = await context.storage.get(["opensAt", "reserved", "revoked", "counted"]);
      this.#opensAt = stored.get("opensAt");
      this.#reserved = stored.get("reserved");
      // Whatever is there and is no text of ours is one that cannot be read.
      const text = (name) => (stored.has(name) ? String(stored.get(name)) : undefined);
      this.#revoked = text("revoked");
      this.#counted = text("counted");
    });
  }

  /** Asks Rust's object, which is made again after a trap. */
  #ask(question) {
    return guarded(() => {
      if (this.#instance !== currentInstance()) {
        this.#state = new rust.SharedGate(this.env.ATTENTION_BUDGET);
        this.#instance = currentInstance();
        this.#state.restore(this.#opensAt, this.#reserved);
      }
      return question(this.#state);
    });
  }

  /** The same for what is kept beside places. */
  #askRecord(question) {
    return guarded(() => {
      if (this.#recordInstance !== currentInstance()) {
        this.#record = new rust.SharedRecord(this.#revoked, this.#counted);
        this.#recordInstance = currentInstance();
      }
      return question(this.#record);
    });
  }

  /** How a session stands: `good`, `revoked` or `unknown`. */
  standing(session) {
    return this.#askRecord((record) => record.standing(session));
  }

  /** Revokes a session for all isolates; gives the time at which that lapses, 0 when no more can be kept. */
  async revoke(session) {
    const [lapses, revoked] = this.#askRecord((record) => [record.revoke(session), record.revoked()]);
    this.#revoked = revoked;
    await this.ctx.storage.put("revoked", revoked);
    return lapses;
  }

  /**
   * Places for a holder. A lease does not leave before the storage knows until when it lasts, though nothing is awaited
   * here: the runtime holds back what an object returns until the writes before it are durable, and never sends it when
   * one of them fails (its output gate: `OutputGate` in workerd's src/workerd/io/io-gate.h, for which the result of a
   * method waits in src/workerd/api/worker-rpc.c++).
   */
  admit(holder, limit, wanted) {
    const [place, reserved] = this.#ask((state) => [state.admit(holder, limit, wanted), state.reserved()]);
    if (reserved > (this.#reserved ?? 0)) {
      this.#reserved = reserved;
      // A place is returned even if the write could not begin: otherwise all isolates would go without the gate. A
      // reservation lasts a second or more, and the next one is written again.
      stored(() => this.ctx.storage.put("reserved", reserved), NOT_RESERVED);
    }
    return JSON.parse(place);
  }

  /** What the API has shut. */
  news() {
    return JSON.parse(this.#ask((state) => state.news()));
  }

  /** Adds what an isolate has counted; tells what all have, if that is asked: it is up to 128 KiB for the page alone. */
  ledger(counted, isAsked = true) {
    const all = this.#askRecord((record) => {
      record.count(counted);
      return isAsked ? record.counted() : undefined;
    });
    this.#write();
    return all;
  }

  /** Stores the counts: at once when it is long ago, else when it is. */
  #write() {
    if (this.#writing) return;
    this.#writing = true;
    setTimeout(() => this.#store(), Math.max(0, this.#written + WRITE_EVERY_MS - Date.now()));
  }

  /** Counts that are not stored now are stored with the next ones. */
  #store() {
    this.#writing = false;
    this.#written = Date.now();
    return stored(() => {
      this.#counted = this.#askRecord((record) => record.counted());
      return this.ctx.storage.put("counted", this.#counted);
    }, NOT_STORED);
  }

  async limited(millis, caller, route) {
    this.#opensAt = this.#ask((state) => state.limited(millis, caller, route));
    await this.ctx.storage.put("opensAt", this.#opensAt);
  }
}
