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
 * A call is one span of kind CLIENT, according to the semantic conventions for HTTP. It lasts until the end of the
 * response, with retries and waits. Spans of an instrumented `fetch` are its children. No attribute contains an id, a
 * query or any other text of the caller.
 *
 * @module
 */

import {
  type Attributes,
  type Context,
  context,
  diag,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { CallEvent, EndEvent, Hooks, KeySwitchEvent, WaitEvent } from "../src/call/events.js";
import type { Middleware, MiddlewareRequest } from "../src/call/middleware.js";
import { VERSION } from "../src/runtime/version.js";

/** The part of a client that is used. */
export interface Instrumented {
  readonly baseURL: string;
  use(one: Middleware | Hooks): unknown;
}

/** The options of tracing. */
export interface InstrumentOptions {
  /** The tracer provider. Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
}

/** A call's span, and the context in which it is active. */
interface Traced {
  readonly span: Span;
  readonly context: Context;
}

/** The most calls in progress; more are calls that a Worker dropped when their visitors left, which never end. */
const MOST = 10_000;

function forgetFirst(calls: Map<string, Traced>): void {
  for (const [callId, { span }] of calls) {
    calls.delete(callId);
    span.end();
    return;
  }
}

/** Traces every call that starts from now on, including those of clients that `withOptions` makes later. */
export function instrument<C extends Instrumented>(client: C, options: InstrumentOptions = {}): C {
  const { tracerProvider = trace } = options;
  const calls = new Map<string, Traced>();

  client.use({
    onStart: harmless((event: CallEvent) => {
      // Looked up each time, because the global provider may be set later.
      const tracer = tracerProvider.getTracer("attention-wasm", VERSION);
      const attributes = { ...attributesOf(client.baseURL), ...attributesOfCall(event) };
      const parent = context.active();
      const span = tracer.startSpan(nameOf(event), { kind: SpanKind.CLIENT, attributes }, parent);
      calls.set(event.callId, { span, context: trace.setSpan(parent, span) });
      if (calls.size > MOST) forgetFirst(calls);
    }),
    onWait: harmless(({ callId, ...event }: WaitEvent) => {
      calls.get(callId)?.span.addEvent("attention.wait", attributesOfWait(event));
    }),
    onKeySwitch: harmless(({ callId, to }: KeySwitchEvent) => {
      calls.get(callId)?.span.addEvent("attention.key_switch", { "attention.key.slot": to });
    }),
    onEnd(event) {
      const span = calls.get(event.callId)?.span;
      calls.delete(event.callId);
      if (span !== undefined) end(span, event);
    },
  });
  client.use((request, next) => {
    const call = calls.get(request.callId);
    if (call === undefined) return next();
    sent(call, request);
    return context.with(call.context, next);
  });
  return client;
}

/** A propagator, a sampler or a processor of the application may throw; the call goes on. */
function harmless<E extends unknown[]>(act: (...given: E) => void): (...given: E) => void {
  return (...given) => {
    try {
      act(...given);
    } catch (error) {
      diag.error("attention-wasm: a call is not traced as it should be", error);
    }
  };
}

const sent = harmless((call: Traced, { url, headers }: MiddlewareRequest) => {
  // A client that `withOptions` made may have another server.
  call.span.setAttributes(attributesOf(url));
  propagation.inject(call.context, headers, { set: (carrier, name, value) => carrier.set(name, value) });
});

/** The span's name according to the conventions: the method, and the path's template if it is known. */
function nameOf({ method, pathTemplate }: CallEvent): string {
  return pathTemplate === undefined ? method : `${method} ${pathTemplate}`;
}

/** The server of a URL; empty while the client does not know it, because its wasm is still being compiled. */
function attributesOf(url: string): Attributes {
  if (url === "") return {};
  const { hostname, port, protocol } = new URL(url);
  return {
    "server.address": hostname,
    "server.port": port === "" ? (protocol === "http:" ? 80 : 443) : Number(port),
    "url.scheme": protocol.slice(0, -1),
  };
}

function attributesOfCall({ method, operation, pathTemplate }: CallEvent): Attributes {
  return {
    "http.request.method": method,
    // Relative to the base URL, whose own path depends on the deployment.
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

/** The name of an error's class. A program may throw anything, and write anything into a name. */
function classOf(error: unknown): string {
  try {
    const { name } = error as Error;
    if (typeof name === "string" && /^[A-Z][A-Za-z]{0,49}$/.test(name)) return name;
  } catch {
    // It is not an object, or a getter threw.
  }
  return "_OTHER";
}

function end(span: Span, { outcome, status, attempt, error }: EndEvent): void {
  if (status !== undefined) span.setAttribute("http.response.status_code", status);
  if (attempt > 1) span.setAttribute("http.request.resend_count", attempt - 1);
  if (outcome !== "success") {
    // A status, this package's kind of error, or another class name: few values, none of them a caller's text.
    const isRefused = status !== undefined && status >= 400;
    const kind = outcome === "error" ? classOf(error) : outcome;
    span.setAttribute("error.type", isRefused ? String(status) : kind);
    // Without a description, because an error's message may contain a caller's text.
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
