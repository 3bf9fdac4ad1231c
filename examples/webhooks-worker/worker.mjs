// Receives webhooks in a Cloudflare Worker; a Durable Object remembers deliveries.
import { DurableObject } from "cloudflare:workers";
import { Attention } from "attention-wasm";
import { receive } from "attention-wasm/webhooks";

/** Remembers deliveries for a day. */
export class Seen extends DurableObject {
  async claim(digest) {
    const { storage } = this.ctx;
    const isNew = (await storage.get(digest)) === undefined;
    await storage.put(digest, Date.now());
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + 3_600_000);
    return isNew;
  }

  async alarm() {
    const { storage } = this.ctx;
    const old = [...(await storage.list())].filter(([, at]) => at < Date.now() - 86_400_000).map(([digest]) => digest);
    while (old.length > 0) await storage.delete(old.splice(0, 128));
    if ((await storage.list({ limit: 1 })).size > 0) await storage.setAlarm(Date.now() + 3_600_000);
  }
}

async function work(event) {
  const fresh = await event.reread();
  if (fresh.of === "conversation") console.log(`${event.type}: ${fresh.conversation.attributes.title}`);
}

export default {
  async fetch(request, env, context) {
    const attention = new Attention({ apiKey: env.ATTENTION_API_KEY, baseURL: env.ATTENTION_BASE_URL });
    const claim = ({ digest }) => env.SEEN.get(env.SEEN.idFromName("deliveries")).claim(digest);
    const received = await receive(request, { secret: env.WEBHOOK_SECRET, attention, claim });
    if (received.kind === "event") context.waitUntil(work(received.event));
    return received.response();
  },
};
