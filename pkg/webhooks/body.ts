/** The body: bounded, read once, JSON. */

import type { Incoming } from "./request.js";

/** What a body is refused for. */
export type BodyFault =
  | "content_type"
  | "body_coded"
  | "body_too_large"
  | "body_timeout"
  | "body_broken"
  | "body_empty"
  | "body_not_utf8"
  | "body_not_json";

/** A body, as it came and as it reads. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly value: unknown;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/** Reads it, or says what is wrong with it. */
export async function readBody(request: Incoming, limit: number, timeout: number): Promise<Body | BodyFault> {
  if (!JSON_TYPE.test(request.header("content-type") ?? "")) return "content_type";
  if (!/^(identity)?$/i.test(request.header("content-encoding") ?? "")) return "body_coded";
  // What it says of itself can only shut it out; what is counted decides.
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
    // What a broken connection says is nobody's concern here.
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
