/**
 * Traces of a client's calls, for OpenTelemetry.
 *
 * ```js
 * import { Attention } from "attention-wasm";
 * import { instrument } from "attention-wasm/opentelemetry";
 *
 * const attention = instrument(new Attention());
 * ```
 *
 * A call is one span of kind CLIENT, by the semantic conventions for HTTP: from its beginning to the end of its answer,
 * retries and waits included. Spans that `fetch` is instrumented with are its children. No attribute has an id, a query
 * or anything else that a caller wrote.
 *
 * @module
 */

import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { CallEvent, EndEvent, Hooks, WaitEvent } from "../src/call/events.js";
import type { Middleware } from "../src/call/middleware.js";
import { VERSION } from "../src/runtime/version.js";

/** What is asked of a client. */
export interface Instrumented {
  readonly baseURL: string;
  use(one: Middleware | Hooks): unknown;
}

/** How a client is traced. */
export interface InstrumentOptions {
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
}

/** A call's span, and the context in which it is the active one. */
interface Traced {
  readonly span: Span;
  readonly context: Context;
}

/** Traces every call that begins from now on; those of clients that `withOptions` makes later, too. */
export function instrument<C extends Instrumented>(client: C, options: InstrumentOptions = {}): C {
  const { tracerProvider = trace } = options;
  const server = attributesOf(client.baseURL);
  const calls = new Map<string, Traced>();

  client.use({
    onStart(event) {
      // Looked up each time: the global provider may be set after this.
      const tracer = tracerProvider.getTracer("attention-wasm", VERSION);
      const attributes = { ...server, ...attributesOfCall(event) };
      const parent = context.active();
      const span = tracer.startSpan(nameOf(event), { kind: SpanKind.CLIENT, attributes }, parent);
      calls.set(event.callId, { span, context: trace.setSpan(parent, span) });
    },
    onWait({ callId, ...event }) {
      calls.get(callId)?.span.addEvent("attention.wait", attributesOfWait(event));
    },
    onKeySwitch({ callId, to }) {
      calls.get(callId)?.span.addEvent("attention.key_switch", { "attention.key.slot": to });
    },
    onEnd(event) {
      const span = calls.get(event.callId)?.span;
      calls.delete(event.callId);
      if (span !== undefined) end(span, event);
    },
  });
  client.use((request, next) => {
    const call = calls.get(request.callId);
    if (call === undefined) return next();
    propagation.inject(call.context, request.headers, { set: (headers, name, value) => headers.set(name, value) });
    return context.with(call.context, next);
  });
  return client;
}

/** As the conventions have it: the method, and the path's template where it is known. */
function nameOf({ method, pathTemplate }: CallEvent): string {
  return pathTemplate === undefined ? method : `${method} ${pathTemplate}`;
}

function attributesOf(baseURL: string): Attributes {
  const { hostname, port, protocol } = new URL(baseURL);
  return {
    "server.address": hostname,
    "server.port": port === "" ? (protocol === "http:" ? 80 : 443) : Number(port),
    "url.scheme": protocol.slice(0, -1),
  };
}

function attributesOfCall({ method, operation, pathTemplate }: CallEvent): Attributes {
  return {
    "http.request.method": method,
    // Below the base URL: where that is, only the deployment knows.
    ...(pathTemplate !== undefined && { "url.template": pathTemplate }),
    ...(operation !== undefined && { "attention.operation": operation }),
  };
}

function attributesOfWait({ wait, attempt, status }: Omit<WaitEvent, "callId">): Attributes {
  return {
    "attention.wait.duration": wait / 1000,
    "attention.wait.attempt": attempt,
    ...(status !== undefined && { "http.response.status_code": status }),
  };
}

function end(span: Span, { outcome, status, attempt, error }: EndEvent): void {
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  if (attempt > 1) span.setAttribute("http.request.resend_count", attempt - 1);
  if (outcome !== "success") {
    // A status, a kind of error of this package, or a class of somebody else's: few values, none of which a caller wrote.
    const isRefused = status !== undefined && status >= 400;
    const kind = outcome === "error" ? ((error as Error | undefined)?.name ?? "_OTHER") : outcome;
    span.setAttribute("error.type", isRefused ? String(status) : kind);
    // Without a description: an error's words may name what was asked for.
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
