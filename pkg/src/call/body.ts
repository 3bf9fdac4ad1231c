/** Request bodies: what is sent as it is, what becomes JSON, and what cannot be sent. */

import { tagOf } from "../runtime/realms.js";
import { bytes, isNative } from "./foreign.js";
import { type Level, LONE_SURROGATE, named, Trail } from "./values.js";

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
  /** What its own source has failed with; for one that iterates. Runtimes hand on as much as they like of it. */
  readonly fault?: () => { readonly error: unknown } | undefined;
}

const AS_THEY_ARE = ["URLSearchParams", "FormData", "Blob"];

/** Encodes a body, or throws a TypeError that says which part of it cannot be sent. */
export function encodeBody(body: Body): Encoded {
  if (typeof body === "string") {
    if (LONE_SURROGATE.test(body)) throw new TypeError("body is text with half a character, which UTF-8 cannot hold");
    return { content: body, oneShot: false };
  }
  if (typeof body !== "object" || body === null) {
    throw new TypeError(
      `body is ${named(body)}; expected an object or array (sent as JSON), ` +
        "or a string, URLSearchParams, FormData, Blob, ArrayBuffer, view or stream",
    );
  }
  if (ArrayBuffer.isView(body) || tagOf(body) === "ArrayBuffer")
    return { content: bytes(body as ArrayBufferView<ArrayBuffer>), oneShot: false };
  if (AS_THEY_ARE.some((name) => isNative(name, body))) return { content: body as BodyInit, oneShot: false };
  if (isNative("ReadableStream", body)) {
    if ((body as ReadableStream).locked) throw new TypeError("body is a stream that somebody is reading already");
    return { content: body as BodyInit, oneShot: true };
  }
  if (Symbol.asyncIterator in body) return streamOf(body as AsyncIterable<Uint8Array>);
  return { content: json(body), type: "application/json", oneShot: false };
}

/** As JSON.stringify writes it; undefined for what is absent. */
function write(trail: Trail, name: string | number, level: Level): string | undefined {
  const part = (inner: string | number, value: unknown) =>
    trail.visit(inner, value, (held) => write(trail, inner, held));
  if ("items" in level) return `[${level.items.map((item, index) => part(index, item)).join()}]`;
  if ("members" in level) {
    const texts: string[] = [];
    for (const [inner, value] of level.members) {
      const text = part(inner, value);
      if (text !== undefined) texts.push(`${JSON.stringify(inner)}:${text}`);
    }
    return `{${texts.join()}}`;
  }
  const { scalar } = level;
  if (typeof scalar === "bigint") throw trail.refusal("a BigInt");
  // In a list it would be null, or move what follows.
  if (scalar === undefined && typeof name === "number") throw trail.refusal("undefined");
  return JSON.stringify(scalar);
}

function json(body: object): string {
  const trail = new Trail("body", "JSON");
  try {
    const text = trail.open("", body, (level) => write(trail, "", level));
    if (text === undefined) throw trail.refusal("undefined");
    return text;
  } catch (error) {
    throw error instanceof RangeError ? new TypeError("body is too deep or too large", { cause: error }) : error;
  }
}

function streamOf(chunks: AsyncIterable<Uint8Array>): Encoded {
  const iterator = chunks[Symbol.asyncIterator]();
  let fault: { readonly error: unknown } | undefined;
  const content = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else if (ArrayBuffer.isView(value)) controller.enqueue(value);
        else throw new TypeError(`body: a part of the stream is ${named(value)}; expected a Uint8Array`);
      } catch (error) {
        fault = { error };
        throw error;
      }
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  });
  return { content, oneShot: true, fault: () => fault };
}
