/**
 * Receives the webhooks of the Attention app's workflows and of the super agent.
 *
 * ```js
 * import { receive } from "attention-wasm/webhooks";
 *
 * export default {
 *   async fetch(request, env, context) {
 *     const received = await receive(request, { secret: env.WEBHOOK_SECRET });
 *     if (received.kind === "event") context.waitUntil(work(received.event));
 *     return received.response();
 *   },
 * };
 * ```
 *
 * **The API documents no signature**, so none is checked. Instead, `receive` checks a secret of your own, which you put
 * into the address or a header when you set up the workflow. Whoever knows it can send anything: treat an event as a
 * hint, and ask the API by `event.reread()`.
 *
 * @module
 */

export type { ConversationAnalyzed, Rereading, Trigger, WebhookClient, WebhookEvent } from "./event.js";
export { type Received, type ReceiveOptions, receive } from "./receive.js";
export type { NodeRequest, NodeResponse } from "./request.js";
