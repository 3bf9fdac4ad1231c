/** Bodies, responses and `fetch` functions of other implementations than the runtime's: packages, polyfills, mocks. */

import { tagOf } from "../runtime/realms.js";
import { named } from "./values.js";

interface ForeignBlob {
  readonly name?: string;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What becomes of a body that is another implementation's: the runtime's `fetch` would send its name as a text. */
const OWN: Readonly<Record<string, (body: never) => unknown>> = {
  FormData: ownForm,
  Blob: ownBlob,
  File: ownBlob,
  URLSearchParams: (body: URLSearchParams) => new URLSearchParams(String(body)),
};

/** Whoever made it. */
export const isForm = (body: unknown): body is FormData => tagOf(body) === "FormData";

/** Whether it is one, so that `own` has to be waited for. */
export function isForeign(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  const tag = tagOf(body);
  if (isLegacyForm(body)) throw new TypeError(LEGACY);
  return Object.hasOwn(OWN, tag) && !isNative(tag, body);
}

/** Whether it is the runtime's own; where the runtime has none, it is not. */
export function isNative(name: string, value: unknown): boolean {
  const native = (globalThis as Record<string, unknown>)[name];
  return typeof native === "function" && value instanceof native;
}

/**
 * Bytes that `fetch` takes: a copy of those that are shared or may grow. Throws a TypeError for those that have been
 * transferred to somebody else.
 */
export function bytes<T extends ArrayBuffer | ArrayBufferView>(body: T): T | Uint8Array<ArrayBuffer> {
  const buffer = ArrayBuffer.isView(body) ? body.buffer : body;
  let held: Uint8Array<ArrayBuffer>;
  try {
    held = new Uint8Array(buffer as ArrayBuffer, ArrayBuffer.isView(body) ? body.byteOffset : 0, body.byteLength);
  } catch (cause) {
    throw new TypeError("body is bytes that have been transferred, and are not here any more", { cause });
  }
  const { resizable } = buffer as { readonly resizable?: boolean };
  if (resizable === true || tagOf(buffer) === "SharedArrayBuffer") return held.slice();
  return ArrayBuffer.isView(body) || isNative("ArrayBuffer", body) ? body : held;
}

/** Why files that are to be sent cannot be read, as when one has changed since it was opened; undefined when they can. */
export async function unreadable(body: unknown): Promise<string | undefined> {
  for (const part of isForm(body) ? body.values() : [body]) {
    try {
      if (isNative("Blob", part)) await (part as Blob).slice(0, 1).arrayBuffer();
    } catch (error) {
      return `a file in its body cannot be read: ${(error as Error).message}`;
    }
  }
  return undefined;
}

/** The same as the runtime's own. */
export async function own(body: object): Promise<object> {
  return (await OWN[tagOf(body)]!(body as never)) as object;
}

/** Of the package form-data, before and after it had the tag. */
function isLegacyForm(body: object): boolean {
  const { getBoundary, getHeaders } = body as { readonly getBoundary?: unknown; readonly getHeaders?: unknown };
  return typeof getBoundary === "function" && typeof getHeaders === "function";
}

const LEGACY =
  "body is a FormData of the package `form-data`, which fetch does not know: use the runtime's own FormData";

async function ownForm(body: Iterable<readonly [string, string | ForeignBlob]>): Promise<FormData> {
  const form = new FormData();
  for (const [name, value] of body) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value instanceof Blob ? value : await ownBlob(value), value.name ?? "blob");
  }
  return form;
}

async function ownBlob(body: ForeignBlob): Promise<Blob> {
  return new Blob([await body.arrayBuffer()], { type: body.type });
}

/** The response in what a wrapper of `fetch` throws for an error status, as ky and ofetch do. */
export function responseIn(thrown: unknown): Response | undefined {
  try {
    const response = (thrown as { readonly response?: unknown } | null | undefined)?.response;
    return isResponse(response) ? response : undefined;
  } catch {
    // It does not let itself be looked at.
    return undefined;
  }
}

/** By its shape, as mocks and polyfills have it. */
export function isResponse(value: unknown): value is Response {
  const { status, headers } = (value ?? {}) as { readonly status?: unknown; readonly headers?: { get?: unknown } };
  return typeof status === "number" && typeof headers?.get === "function";
}

/** Throws a TypeError, which says what a `fetch` has to return, for anything else. */
export function mustBeResponse(given: unknown): asserts given is Response {
  if (!isResponse(given))
    throw new TypeError(`fetch: it gave ${named(given)} and not a Response; a mock may return Response.json(…)`);
  if (given.bodyUsed === true && given.status < 300)
    throw new TypeError(
      "fetch: it gave a Response that was read before; a mock makes one for each call, a wrapper clones",
    );
}

/** The parts of a body: of a web stream, of a Node stream as node-fetch has it, or of a polyfill that has none. */
export async function* chunks(response: Response): AsyncGenerator<Uint8Array> {
  const { body } = response as { readonly body?: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null };
  if (response.bodyUsed || body === null) return;
  if (body === undefined) {
    yield new TextEncoder().encode(await response.text());
  } else if ("getReader" in body) {
    const reader = body.getReader();
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
    } finally {
      reader.cancel().catch(() => {});
    }
  } else {
    yield* body;
  }
}

/** Gives up the stream that is a request's body when nobody has begun to read it: a file behind it stays open otherwise. */
export function letGo(body: unknown): void {
  const { locked, cancel } = body as { readonly locked?: boolean; cancel?(): Promise<unknown> };
  if (locked === false && typeof cancel === "function") cancel.call(body).catch(() => {});
}

/** Gives up a body, so that its connection is free again. */
export function discard(response: Response | undefined): void {
  const body = response?.body as { cancel?(): Promise<unknown>; destroy?(): void } | null | undefined;
  // A body that is broken or being read by somebody else is nobody's loss here.
  if (!body || response!.bodyUsed) return;
  if (typeof body.cancel === "function") body.cancel().catch(() => {});
  else body.destroy?.();
}
