/** One call, from the request to what is to be answered. */

import { type BodyFault, readBody } from "./body.js";
import { eventOf, TRIGGERS, type Trigger, type WebhookClient, type WebhookEvent } from "./event.js";
import { type Incoming, incoming, type NodeRequest, type NodeResponse } from "./request.js";
import { secretsOf, shown } from "./secret.js";

/** How calls are received. */
export interface ReceiveOptions {
  /** Your own, of at least 16 characters; several while one replaces another. The API documents no signature. */
  readonly secret: string | readonly string[];
  /**
   * The header that the secret is in, with or without `Bearer ` before it. Default: it is the last segment of the
   * path, as in `https://hooks.example/attention/SECRET`, since every sender can do that.
   */
  readonly header?: string | undefined;
  /** What this address is for, if it has a workflow of its own: nothing in a body is documented to tell. */
  readonly trigger?: Trigger | undefined;
  /** For `event.reread()`. */
  readonly attention?: WebhookClient | undefined;
  /**
   * Whether an event is new; false drops it as a repeat. Mark it as seen in the same step, as a unique index or a
   * Durable Object does. When this fails, the event is passed on all the same, with `claimError`: nobody is known to
   * send it again.
   */
  readonly claim?: ((event: WebhookEvent) => boolean | PromiseLike<boolean>) | undefined;
  /** Of the body, in bytes. Default: 1,048,576. */
  readonly limit?: number | undefined;
  /** For the body to come, in milliseconds. Default: 30,000. */
  readonly timeout?: number | undefined;
}

/** Why a call is refused. */
export type Refusal = "method" | "secret_missing" | "secret_wrong" | BodyFault;

interface Answering {
  /** The status to answer with. */
  readonly status: number;
  /** The answer, for whoever answers with a Response. */
  response(): Response;
  /** Sends it by Node's ServerResponse. */
  send(response: NodeResponse): void;
}

/** What a call came to. Answer it, whatever it is. */
export type Received =
  | (Answering & {
      readonly kind: "event";
      readonly event: WebhookEvent;
      /** Which of the secrets was shown: 0 is the first one. */
      readonly secret: number;
      /** What `claim` failed with: then nobody knows whether the event is new. */
      readonly claimError?: unknown;
    })
  | (Answering & { readonly kind: "repeat"; readonly event: WebhookEvent })
  | (Answering & { readonly kind: "refused"; readonly code: Refusal });

const OWNER = "receive";

const STATUS: Readonly<Record<Refusal, number>> = {
  method: 405,
  secret_missing: 401,
  secret_wrong: 401,
  content_type: 415,
  body_coded: 415,
  body_too_large: 413,
  body_timeout: 408,
  body_broken: 400,
  body_empty: 400,
  body_not_utf8: 400,
  body_not_json: 400,
};

/**
 * Receives one call: checks method and secret, then reads the body, once and up to the limit. Whatever a sender does
 * ends as a `kind`; only what you do wrong is thrown, as a TypeError. Nothing that is given back holds the secret.
 */
export async function receive(request: Request | NodeRequest, options: ReceiveOptions): Promise<Received> {
  const { secret, header, trigger, attention, claim, limit, timeout } = checked(options);
  const secrets = secretsOf(OWNER, secret, header);
  const call = incoming(OWNER, request);
  if (call.method !== "POST") return refused("method");
  const given = secretOf(call, header);
  if (given === "") return refused("secret_missing");
  const index = await shown(given, secrets);
  if (index === undefined) return refused("secret_wrong");
  const body = await readBody(call, limit, timeout);
  if (typeof body === "string") return refused(body);
  const event = eventOf(body.value, await hex(body.bytes), trigger, attention);
  const accepted = { kind: "event", event, secret: index, ...answering(204) } as const;
  if (claim === undefined) return accepted;
  let isNew: boolean;
  try {
    isNew = await claim(event);
  } catch (claimError) {
    return { ...accepted, claimError };
  }
  if (typeof isNew !== "boolean") throw new TypeError(`${OWNER}: claim must give true or false`);
  return isNew ? accepted : { kind: "repeat", event, ...answering(204) };
}

function secretOf({ segment, header }: Incoming, name: string | undefined): string {
  return name === undefined ? segment : (header(name.toLowerCase()) ?? "").replace(/^Bearer(?: +|$)/i, "").trim();
}

function refused(code: Refusal): Received {
  const status = STATUS[code];
  return { kind: "refused", code, ...answering(status, { code }, code === "method" ? { allow: "POST" } : {}) };
}

function answering(status: number, told?: object, more: Record<string, string> = {}): Answering {
  const text = told && JSON.stringify(told);
  const headers = {
    "cache-control": "no-store",
    ...(text !== undefined && { "content-type": "application/json" }),
    ...more,
  };
  return {
    status,
    response: () => new Response(text ?? null, { status, headers }),
    send(response) {
      // The rest of a body that was refused is not waited for.
      response.writeHead(status, { ...headers, ...(status === 204 ? {} : { connection: "close" }) });
      response.end(text);
    },
  };
}

async function hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const isAbove = (value: unknown) => typeof value === "number" && value > 0;

/** Each option: whether it is right, and what it has to be. */
const RULES: { readonly [Name in keyof Required<ReceiveOptions>]: readonly [(value: unknown) => boolean, string] } = {
  secret: [() => true, ""],
  header: [(value) => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value), "the name of a header"],
  trigger: [(value) => TRIGGERS.includes(value as Trigger), `one of ${TRIGGERS.join(", ")}`],
  attention: [(value) => typeof value === "object" && value !== null, "a client"],
  claim: [(value) => typeof value === "function", "a function that gives true or false, possibly async"],
  limit: [(value) => isAbove(value) && Number.isInteger(value), "a whole number of bytes above 0"],
  timeout: [(value) => isAbove(value) && (value as number) < 2 ** 31, "a number of milliseconds above 0"],
};

function checked(options: ReceiveOptions) {
  if (typeof options !== "object" || options === null) throw new TypeError(`${OWNER}: expected an object with options`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name))
      throw new TypeError(`${OWNER}: unknown option ${name}; the options are ${Object.keys(RULES).join(", ")}`);
    const [accepts, expected] = RULES[name as keyof ReceiveOptions];
    if (value !== undefined && !accepts(value)) throw new TypeError(`${OWNER}: ${name} must be ${expected}`);
  }
  return { ...options, limit: options.limit ?? 1024 * 1024, timeout: options.timeout ?? 30_000 };
}
