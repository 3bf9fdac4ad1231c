/** The responses of special paths that are not the API's. */

import { answer, json } from "./answer.js";
import type { Source } from "./fault-path.js";
import { sha256 } from "./sha256.js";
import { sized, type Wait, zeros } from "./stream.js";

/** The special sources: all but the API's routes. */
export type Special = Exclude<Source, { kind: "route" }>;

/** The input of a special source. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: ReadableStream<Uint8Array> | null;
  readonly wait: Wait;
}

export async function special(source: Special, seen: Seen): Promise<Response> {
  switch (source.kind) {
    case "ok":
      return json({ ok: true });
    case "echo":
      return json({ method: seen.method, url: seen.url, headers: seen.headers, body: await measure(seen.body) });
    case "huge":
      return answer(sized(zeros(source.size), source.size), 200, [
        ["content-type", "application/octet-stream"],
        ["content-length", String(source.size)],
      ]);
    case "redirect":
      return answer(null, source.status, [["location", source.to]]);
    case "events":
      return answer(events(source.count, source.everyMs, seen.wait), 200, [
        ["content-type", "text/event-stream"],
        ["cache-control", "no-store"],
      ]);
  }
}

async function measure(body: ReadableStream<Uint8Array> | null): Promise<{ bytes: number; sha256: string }> {
  const hasher = sha256();
  let bytes = 0;
  const reader = body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) return { bytes, sha256: await hasher.hex() };
    bytes += value.length;
    await hasher.update(value);
  }
}

function events(count: number, everyMs: number, wait: Wait): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let sent = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (sent === count) return controller.close();
        if (everyMs > 0 && sent > 0) await wait(everyMs);
        sent++;
        controller.enqueue(encoder.encode(`id: ${sent}\nevent: message\ndata: {"n":${sent}}\n\n`));
      },
    },
    { highWaterMark: 0 },
  );
}
