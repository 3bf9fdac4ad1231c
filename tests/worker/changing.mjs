// The built Worker in one isolate whose `env` changes, as Cloudflare's does when a deployment changes bindings alone.
//
// A module in front of the built entry calls it with the `env` that a request selects: `x-env: NAME` is the one
// that `set` made under that name. Vaults are real objects with a `get`, and the isolate's clock can be set forward.
import { MODULES } from "./worker.mjs";

const FRONT = `
import worker, { Gate } from "./index.js";
export { Gate };

const envs = new Map();
const vaults = new Map();
const real = Date.now;
let ahead = 0;
Date.now = () => real() + ahead;
let asked = 0;

/** A Secrets Store binding, whose value is looked up on each read. */
const vault = (name) => ({
  async get() {
    asked += 1;
    const { value, fails, hangs } = vaults.get(name) ?? { fails: true };
    if (hangs) await new Promise(() => {});
    if (fails) throw new Error("the store is away");
    return value;
  },
});

function made(values, env) {
  const own = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "object" || value === null) own[name] = value;
    else if ("vault" in value) own[name] = vault(value.vault);
    else if ("json" in value) own[name] = value.json;
    else if ("bound" in value) own[name] = env[value.bound];
  }
  return own;
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bed") {
      const { sets, changes, vault: put, forward } = await request.json();
      if (sets) envs.set(sets.name, made(sets.values, env));
      // In place: the same object holds something else.
      if (changes) Object.assign(envs.get(changes.name), made(changes.values, env));
      if (put) vaults.set(put.name, put);
      if (forward) ahead += forward;
      return Response.json({ asked });
    }
    const name = request.headers.get("x-env");
    if (name === null) return worker.fetch(request, env, context);
    const own = envs.get(name);
    // A copy holds the same values in another object.
    return worker.fetch(request, request.headers.has("x-copy") ? { ...own } : own, context);
  },
};
`;

/** The modules of a Worker whose `env` changes. */
export const CHANGING = [{ name: "front.js", text: FRONT }, ...MODULES];

/** A test's interface to the module in front of the Worker. */
export class Bed {
  #workers;
  #service;

  constructor(workers, service) {
    this.#workers = workers;
    this.#service = service;
  }

  async #tell(order) {
    const response = await fetch(`http://127.0.0.1:${this.#workers.port(this.#service)}/bed`, {
      method: "POST",
      body: JSON.stringify(order),
    });
    return response.json();
  }

  /** From now on `x-env: name` is an `env` of these values: texts, `{ json }`, `{ vault: name }`, `{ bound: name }`. */
  set(name, values) {
    return this.#tell({ sets: { name, values } });
  }

  /** Changes the values of the same object. */
  change(name, values) {
    return this.#tell({ changes: { name, values } });
  }

  /** Sets a vault's behaviour: `{ value }`, `{ fails: true }` or `{ hangs: true }`. */
  vault(name, gives) {
    return this.#tell({ vault: { name, ...gives } });
  }

  /** Sets the isolate's clock forward. */
  forward(millis) {
    return this.#tell({ forward: millis });
  }

  /** How often vaults were read. */
  async asked() {
    return (await this.#tell({})).asked;
  }

  /** A request under an `env`. */
  call(name, { headers = [], ...request } = {}) {
    return this.#workers.call(this.#service, { ...request, headers: [["x-env", name], ...headers] });
  }

  open(name, { headers = [], ...request } = {}) {
    return this.#workers.open(this.#service, { ...request, headers: [["x-env", name], ...headers] });
  }
}
