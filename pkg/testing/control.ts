/**
 * The remote control of a mock that runs as a server: `/v2/_mock/requests`,
 * `/v2/_mock/keys`, `/v2/_mock/set` and `/v2/_mock/reset`. It needs no key and
 * returns fake keys and recorded headers, so use it only in tests on loopback.
 */

import { failure, json } from "./answer.js";
import { FAULT_ROOT } from "./fault-path.js";
import type { MockFaults } from "./faults.js";
import type { MockKeyOptions } from "./keys.js";
import type { MockAttention } from "./mock.js";
import type { MockRate } from "./rate.js";

type Control = (mock: MockAttention, request: Request) => Response | Promise<Response>;

const CONTROLS: { readonly [name: string]: { readonly [method: string]: Control } } = {
  requests: {
    GET: (mock) => json(mock.requests),
    DELETE: (mock) => {
      mock.clearRequests();
      return json({ ok: true });
    },
  },
  keys: {
    GET: (mock) => json(mock.keys.list()),
    POST: async (mock, request) => changeKeys(mock, await body(request)),
  },
  set: {
    POST: async (mock, request) => {
      mock.set((await body(request)) as MockFaults | null);
      return json({ ok: true });
    },
  },
  rate: {
    POST: async (mock, request) => {
      mock.setRate((await body(request)) as MockRate | null);
      return json({ ok: true });
    },
  },
  reset: {
    POST: (mock) => {
      mock.reset();
      return json({ ok: true });
    },
  },
};

/** The response to a control call; undefined if the path below the base is not one. */
export async function control(mock: MockAttention, request: Request, path: string): Promise<Response | undefined> {
  if (!path.startsWith(FAULT_ROOT)) return undefined;
  const name = path.slice(FAULT_ROOT.length);
  const methods = Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined;
  if (methods === undefined) return undefined;
  const run = methods[request.method];
  if (run === undefined) return failure(405, `Allowed here: ${Object.keys(methods).join(", ")}`);
  try {
    return await run(mock, request);
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return failure(400, error.message);
    throw error;
  }
}

async function body(request: Request): Promise<unknown> {
  return JSON.parse(await request.text()) as unknown;
}

/** `{"create": {…}}`, or `{"revoke"|"expire"|"delete": "id or value"}`. */
function changeKeys({ keys }: MockAttention, command: unknown): Response {
  const [action, argument] = Object.entries(command ?? {})[0] ?? [];
  switch (action) {
    case "create":
      return json(keys.create(argument as MockKeyOptions), 201);
    case "revoke":
    case "expire":
      keys[action](String(argument));
      return json({ ok: true });
    case "delete":
      return json({ ok: keys.delete(String(argument)) });
    default:
      throw new TypeError('expected {"create": {…}} or {"revoke" | "expire" | "delete": "id or value"}');
  }
}
