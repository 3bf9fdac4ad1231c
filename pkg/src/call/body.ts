/** Request bodies: which are sent unchanged, which become JSON, and which cannot be sent. */

import { tagOf } from "../runtime/realms.js";
import { bytes, isNative } from "./foreign.js";
import { type Level, LONE_SURROGATE, named, Trail } from "./values.js";

/**
 * The types of `body`. Any other object is sent as JSON. The type is `object` so that interfaces are accepted, which
 * have no index signature.
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
  /** The Content-Type, where `fetch` does not set it itself. */
  readonly type?: string;
  /** A stream, which can be sent only once. */
  readonly oneShot: boolean;
  /** The error of an iterable's own source. Runtimes pass on only some of it. */
  readonly fault?: () => { readonly error: unknown } | undefined;
}

const AS_THEY_ARE = ["URLSearchParams", "FormData", "Blob"];

/** Encodes a body. Throws a TypeError that names the part that cannot be sent. */
export function encodeBody(body: Body): Encoded {
  if (typeof body === "string") {
    if (LONE_SURROGATE.test(body)) throw new TypeError("body is text with a lone surrogate, which UTF-8 cannot encode");
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
    if ((body as ReadableStream).locked) throw new TypeError("body is a stream that is locked to another reader");
    return { content: body as BodyInit, oneShot: true };
  }
  if (Symbol.asyncIterator in body) return streamOf(body as AsyncIterable<Uint8Array>);
  return { content: json(body), type: "application/json", oneShot: false };
}

/** As JSON.stringify writes it; undefined for an absent value. */
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
  // In an array it would become null, or shift the following items.
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
    throw error instanceof RangeError
      ? new TypeError("body is nested too deeply, or too large", { cause: error })
      : error;
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
