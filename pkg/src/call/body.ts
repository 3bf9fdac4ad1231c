/** Request bodies: what is sent as it is, what becomes JSON, and what cannot be sent. */

/**
 * What `body` may be. Any other object is sent as JSON: `object`, so that interfaces fit, which have no index
 * signature.
 */
export type Body =
  | string
  | URLSearchParams
  | FormData
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | object;

/** A body, ready for `fetch`. */
export interface Encoded {
  readonly content: BodyInit;
  /** The Content-Type, where `fetch` does not find it out itself. */
  readonly type?: string;
  /** A stream: it can be sent once. */
  readonly oneShot: boolean;
}

/** Object.prototype.toString's names of objects that JSON would turn into `{}`. */
const NOT_JSON =
  /^\[object ((Weak)?(Map|Set)|Blob|File|FormData|ArrayBuffer|DataView|Promise|ReadableStream|RegExp|Error|.*Array)\]$/;

/** Encodes a body, or throws a TypeError that says which part of it cannot be sent. */
export function encodeBody(body: Body): Encoded {
  if (typeof body === "string") return { content: body, oneShot: false };
  if (typeof body !== "object" || body === null) {
    throw new TypeError(
      `body is ${named(body)}; expected an object or array (sent as JSON), ` +
        "or a string, URLSearchParams, FormData, Blob, ArrayBuffer, view or stream",
    );
  }
  if (
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  ) {
    return { content: body as BodyInit, oneShot: false };
  }
  if (body instanceof ReadableStream) return { content: body, oneShot: true };
  if (Symbol.asyncIterator in body) return { content: streamOf(body as AsyncIterable<Uint8Array>), oneShot: true };
  checkJson(body, "body", []);
  return { content: JSON.stringify(body), type: "application/json", oneShot: false };
}

/** Finds what JSON.stringify would throw at, or drop without a word. */
function checkJson(value: unknown, path: string, above: readonly unknown[]): void {
  if (typeof value === "object" && value !== null) {
    if (above.includes(value))
      throw new TypeError(`${path} is the object that holds it: a cycle, which JSON cannot hold`);
    if (typeof (value as { toJSON?: unknown }).toJSON === "function") return;
    if (Array.isArray(value)) {
      const inside = [...above, value];
      for (let index = 0; index < value.length; index++) checkJson(value[index], `${path}[${index}]`, inside);
      return;
    }
    if (NOT_JSON.test(Object.prototype.toString.call(value)))
      throw new TypeError(`${path} is ${named(value)}, which JSON cannot hold`);
    const inside = [...above, value];
    for (const [name, held] of Object.entries(value)) {
      checkJson(held, /^[\w$]+$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`, inside);
    }
    return;
  }
  const isLost =
    typeof value === "number" ? !Number.isFinite(value) : ["bigint", "function", "symbol"].includes(typeof value);
  if (isLost) throw new TypeError(`${path} is ${named(value)}, which JSON cannot hold`);
}

function named(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return "a BigInt";
    case "number":
      return Number.isFinite(value) ? "a number" : String(value);
    case "object":
      return value === null ? "null" : `a ${Object.prototype.toString.call(value).slice(8, -1)}`;
    case "undefined":
      return "undefined";
    default:
      return `a ${typeof value}`;
  }
}

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  });
}
