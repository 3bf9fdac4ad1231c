// Receives webhooks in a route handler of Next.js: POST /api/attention/SECRET.
import { Attention } from "attention-wasm";
import { receive } from "attention-wasm/webhooks";

/** One client for the process, made when the first call comes: at build time there is no key. */
let attention;

export async function POST(request) {
  attention ??= new Attention({ apiKey: process.env.ATTENTION_API_KEY });
  const received = await receive(request, { secret: process.env.WEBHOOK_SECRET, attention });
  if (received.kind === "event") {
    // Before the answer, since a function may be stopped after it; `after` of next/server lets it go on.
    const fresh = await received.event.reread();
    if (fresh.of === "conversation") console.log(`${received.event.type}: ${fresh.conversation.attributes.title}`);
  }
  return received.response();
}
