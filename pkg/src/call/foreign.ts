/** Bodies, responses and `fetch` functions that are not the runtime's own: from packages, polyfills or mocks. */

import { tagOf } from "../runtime/realms.js";
import { named } from "./values.js";

interface ForeignBlob {
  readonly name?: string;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Converts a body of another implementation, which the runtime's `fetch` would send as the text `[object …]`. */
const OWN: Readonly<Record<string, (body: never) => unknown>> = {
  FormData: ownForm,
  Blob: ownBlob,
  File: ownBlob,
  URLSearchParams: (body: URLSearchParams) => new URLSearchParams(String(body)),
};

/** The type, whichever implementation made it. */
export const isForm = (body: unknown): body is FormData => tagOf(body) === "FormData";

/** Whether it is one, so that `own` must be awaited. */
export function isForeign(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  const tag = tagOf(body);
  if (isLegacyForm(body)) throw new TypeError(LEGACY);
  return Object.hasOwn(OWN, tag) && !isNative(tag, body);
}

/** Whether the runtime's own implementation made it; false if the runtime has none. */
export function isNative(name: string, value: unknown): boolean {
  const native = (globalThis as Record<string, unknown>)[name];
  return typeof native === "function" && value instanceof native;
}

/**
 * Bytes that `fetch` accepts: a copy if the memory is shared or resizable. Throws a TypeError if the buffer has been
 * transferred.
 */
export function bytes<T extends ArrayBuffer | ArrayBufferView>(body: T): T | Uint8Array<ArrayBuffer> {
  const buffer = ArrayBuffer.isView(body) ? body.buffer : body;
  let held: Uint8Array<ArrayBuffer>;
  try {
    held = new Uint8Array(buffer as ArrayBuffer, ArrayBuffer.isView(body) ? body.byteOffset : 0, body.byteLength);
  } catch (cause) {
    throw new TypeError("body is a buffer that has been transferred, so its bytes are gone", { cause });
  }
  const { resizable } = buffer as { readonly resizable?: boolean };
  if (resizable === true || tagOf(buffer) === "SharedArrayBuffer") return held.slice();
  return ArrayBuffer.isView(body) || isNative("ArrayBuffer", body) ? body : held;
}

/** Why a file in the body cannot be read (it changed since it was opened, for instance); undefined if all can. */
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

/** Converts it to the runtime's own. */
export async function own(body: object): Promise<object> {
  return (await OWN[tagOf(body)]!(body as never)) as object;
}

/** A FormData of the package form-data, in versions with and without the tag. */
function isLegacyForm(body: object): boolean {
  const { getBoundary, getHeaders } = body as { readonly getBoundary?: unknown; readonly getHeaders?: unknown };
  return typeof getBoundary === "function" && typeof getHeaders === "function";
}

const LEGACY =
  "body is a FormData of the package `form-data`, which `fetch` does not support: use the runtime's own FormData";

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

/** The response in the exception that wrappers such as ky and ofetch throw for an error status. */
export function responseIn(thrown: unknown): Response | undefined {
  try {
    const response = (thrown as { readonly response?: unknown } | null | undefined)?.response;
    return isResponse(response) ? response : undefined;
  } catch {
    // A getter or a proxy threw.
    return undefined;
  }
}

/** Recognized by its shape, which mocks and polyfills share. */
export function isResponse(value: unknown): value is Response {
  try {
    // The other two are read as well, because what follows does not expect them to throw.
    const { status, headers, type: _, bodyUsed: __ } = (value ?? {}) as Partial<Response>;
    // Core would read other numbers modulo 65,536.
    return typeof status === "number" && status >= 0 && status < 1000 && typeof headers?.get === "function";
  } catch {
    // A getter or a proxy threw.
    return false;
  }
}

/** Throws a TypeError for `Response.error()`, as which mocks and service workers write a network error. */
export function mustHaveArrived(response: Response | undefined): void {
  if (response?.status === 0 && response.type === "error")
    throw new TypeError("fetch returned Response.error(): a network error");
}

/** Throws a TypeError unless it is a Response that a server can have sent; `instead` says what to return. */
export function mustBeResponse(who: string, given: unknown, instead: string): asserts given is Response {
  if (!isResponse(given)) throw new TypeError(`${who} returned ${named(given)}, not a Response${instead}`);
  const { status } = given;
  // With `redirect: "manual"`, a page shows a redirect as an `opaqueredirect` with the status 0.
  if (status < 200 && given.type !== "opaqueredirect")
    throw new TypeError(`${who} returned a Response with the status ${status}, which no server sends${instead}`);
}

/** Throws a TypeError unless `fetch` returned an unread Response. */
export function mustBeFetched(given: unknown): asserts given is Response {
  mustBeResponse("fetch", given, "; a mock may return Response.json(…)");
  if (given.bodyUsed === true && given.status < 300)
    throw new TypeError(
      "fetch returned a Response that was already read: a mock must make one for each call, a wrapper must clone it",
    );
}

/**
 * The chunks of a body: a web stream, a Node stream (node-fetch), or a polyfill or mock without streams. Streams of
 * mocks may consist of text.
 */
export async function* chunks(response: Response): AsyncGenerator<Uint8Array | string> {
  const { body } = response as { readonly body?: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null };
  if (response.bodyUsed || body === null) return;
  if (body === undefined) {
    yield await response.text();
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

/** Cancels a request's body that nobody has begun to read, which closes the file or connection behind it. */
export function letGo(body: unknown): void {
  const { locked, cancel } = body as { readonly locked?: boolean; cancel?(): Promise<unknown> };
  if (locked === false && typeof cancel === "function") cancel.call(body).catch(() => {});
}

/** Cancels a body, which frees its connection. */
export function discard(response: Response | undefined): void {
  try {
    const body = response?.body as { cancel?(): Promise<unknown>; destroy?(): void } | null | undefined;
    // A body that is broken or locked by another reader needs no cancelling.
    if (!body || response!.bodyUsed) return;
    if (typeof body.cancel === "function") body.cancel().catch(() => {});
    else body.destroy?.();
  } catch {
    // A getter or a proxy threw, or `cancel` returned no promise.
  }
}
