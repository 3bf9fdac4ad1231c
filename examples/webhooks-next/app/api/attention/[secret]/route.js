// Receives webhooks in a route handler of Next.js: POST /api/attention/SECRET.
import { Attention } from "attention-wasm";
import { receive } from "attention-wasm/webhooks";

/** One client for the process, made by the first call, since there is no key at build time. */
let attention;

export async function POST(request) {
  attention ??= new Attention({ apiKey: process.env.ATTENTION_API_KEY });
  const received = await receive(request, { secret: process.env.WEBHOOK_SECRET, attention });
  if (received.kind === "event") {
    // Before the answer, because a function may be stopped after it; `after` of next/server would continue it.
    const fresh = await received.event.reread();
    if (fresh.of === "conversation") console.log(`${received.event.type}: ${fresh.conversation.attributes.title}`);
  }
  return received.response();
}
