/** Receives one request and makes its answer. */

import { plain } from "../src/call/check.js";
import { type BodyFault, readBody } from "./body.js";
import { eventOf, TRIGGERS, type Trigger, type WebhookClient, type WebhookEvent } from "./event.js";
import { type Incoming, incoming, type NodeRequest, type NodeResponse } from "./request.js";
import { secretsOf, shown } from "./secret.js";

/** The options of `receive`. */
export interface ReceiveOptions {
  /** Your own secret, at least 16 characters, or several while you replace one. The API documents no signature. */
  readonly secret: string | readonly string[];
  /**
   * The header with the secret, with or without `Bearer `. Default: the secret is the last segment of the path, as in
   * `https://hooks.example/attention/SECRET`, which every sender supports.
   */
  readonly header?: string | undefined;
  /** The trigger of this address, if only one workflow uses it; no documented member of a body identifies it. */
  readonly trigger?: Trigger | undefined;
  /** For `event.reread()`. */
  readonly attention?: WebhookClient | undefined;
  /**
   * Returns whether an event is new; false reports it as a repeat. Mark the event in the same atomic step, with a
   * unique index or a Durable Object. If this fails, the event is passed on with `claimError`, since no retry is
   * documented.
   */
  readonly claim?: ((event: WebhookEvent) => boolean | PromiseLike<boolean>) | undefined;
  /** The largest body, in bytes. Default: 1,048,576. */
  readonly limit?: number | undefined;
  /** The time to receive the body, in milliseconds. Default: 30,000. */
  readonly timeout?: number | undefined;
}

/** Why a request is refused. */
export type Refusal = "method" | "secret_missing" | "secret_wrong" | BodyFault;

interface Answering {
  /** The status to answer with. */
  readonly status: number;
  /** The answer as a Response. */
  response(): Response;
  /** Sends the answer by Node's ServerResponse. */
  send(response: NodeResponse): void;
}

/** The result of a request, which must always be answered. */
export type Received =
  | (Answering & {
      readonly kind: "event";
      readonly event: WebhookEvent;
      /** The index of the secret that matched, from 0. */
      readonly secret: number;
      /** The error of `claim`; it is then unknown whether the event is new. */
      readonly claimError?: unknown;
    })
  | (Answering & { readonly kind: "repeat"; readonly event: WebhookEvent })
  | (Answering & { readonly kind: "refused"; readonly code: Refusal });

const OWNER = "receive";

/** No option's name is as long, but a secret is. */
const LONGEST_NAME = 12;

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
 * Receives one request: checks method and secret, then reads the body once, up to the limit. A sender's mistakes are
 * results with the kind `refused`; only your own are thrown, as a TypeError. No result contains the secret.
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
  if (typeof isNew !== "boolean") throw new TypeError(`${OWNER}: claim must return true or false`);
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
      // The connection is closed, so the rest of a refused body is not awaited.
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

/** The rule of each option: a test, and a description for the message. */
const RULES: { readonly [Name in keyof Required<ReceiveOptions>]: readonly [(value: unknown) => boolean, string] } = {
  secret: [() => true, ""],
  header: [(value) => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value), "the name of a header"],
  trigger: [(value) => TRIGGERS.includes(value as Trigger), `one of ${TRIGGERS.join(", ")}`],
  attention: [(value) => typeof value === "object" && value !== null, "a client"],
  claim: [(value) => typeof value === "function", "a function that returns true or false, possibly async"],
  limit: [(value) => isAbove(value) && Number.isInteger(value), "a whole number of bytes above 0"],
  timeout: [(value) => isAbove(value) && (value as number) < 2 ** 31, "a number of milliseconds above 0"],
};

function checked(given: ReceiveOptions) {
  if (typeof given !== "object" || given === null) throw new TypeError(`${OWNER}: expected an object with options`);
  const options = plain(given);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name))
      throw new TypeError(
        `${OWNER}: unknown option ${name.slice(0, LONGEST_NAME)}; the options are ${Object.keys(RULES).join(", ")}`,
      );
    const [accepts, expected] = RULES[name as keyof ReceiveOptions];
    if (value !== undefined && !accepts(value)) throw new TypeError(`${OWNER}: ${name} must be ${expected}`);
  }
  return { ...options, limit: options.limit ?? 1024 * 1024, timeout: options.timeout ?? 30_000 };
}
