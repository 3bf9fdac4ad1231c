/**
 * Receives what workflows of the Attention app and the super agent send to an address of yours.
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
 * **The API documents no signature**, so none is checked. What is checked is a secret of your own, which you put into
 * the address or a header when you set the workflow up. Whoever knows it can send anything: take a call for a hint,
 * and let `event.reread()` ask the API how things are.
 *
 * @module
 */

export type { ConversationAnalyzed, Rereading, Trigger, WebhookClient, WebhookEvent } from "./event.js";
export { type Received, type ReceiveOptions, receive } from "./receive.js";
export type { NodeRequest, NodeResponse } from "./request.js";
