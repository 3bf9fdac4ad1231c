/** Reads a JSON body once, within a limit. */

import type { Incoming } from "./request.js";

/** The reasons to refuse a body. */
export type BodyFault =
  | "content_type"
  | "body_coded"
  | "body_too_large"
  | "body_timeout"
  | "body_broken"
  | "body_empty"
  | "body_not_utf8"
  | "body_not_json";

/** A body, as bytes and as its value. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly value: unknown;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/** Reads the body, or returns the reason to refuse it. */
export async function readBody(request: Incoming, limit: number, timeout: number): Promise<Body | BodyFault> {
  if (!JSON_TYPE.test(request.header("content-type") ?? "")) return "content_type";
  if (!/^(identity)?$/i.test(request.header("content-encoding") ?? "")) return "body_coded";
  // A large `Content-Length` is refused at once; a small one is not trusted, the bytes are counted.
  if (Number(request.header("content-length") ?? 0) > limit) return "body_too_large";
  const bytes = await bounded(request, limit, timeout);
  return typeof bytes === "string" ? bytes : parsed(bytes);
}

async function bounded(request: Incoming, limit: number, timeout: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeout);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    await request.read((given) => {
      const chunk = typeof given === "string" ? new TextEncoder().encode(given) : given;
      size += chunk.byteLength;
      if (size <= limit) chunks.push(chunk);
      return size <= limit;
    }, controller.signal);
  } catch {
    // The error of a broken connection is not reported.
    return controller.signal.aborted ? "body_timeout" : "body_broken";
  } finally {
    clearTimeout(timer);
  }
  if (size > limit) return "body_too_large";
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function parsed(bytes: Uint8Array<ArrayBuffer>): Body | BodyFault {
  if (bytes.length === 0) return "body_empty";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "body_not_utf8";
  }
  try {
    return { bytes, value: JSON.parse(text) as unknown };
  } catch {
    return "body_not_json";
  }
}
