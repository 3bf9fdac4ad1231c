/**
 * What takes several calls, or long: recordings in and out, and waiting for what the API does with them.
 *
 * ```js
 * import { Attention } from "attention-wasm/jobs";
 *
 * const attention = new Attention(); // As the one of "attention-wasm", with the jobs beside the operations.
 * const { uuid } = await attention.conversations.importMedia({ file, userID });
 * await attention.conversations.waitUntil(uuid, { onProgress: ({ status }) => console.log(status) });
 * ```
 *
 * An entry of its own, so that whoever does not import it pays nothing for it.
 *
 * @module
 */

import { fetchOptions, withFetchOptions } from "../src/call/fetch-options.js";
import type { SharedUpstream } from "../src/credentials/shared-upstream.js";
import type { AttentionOptions, Attention as Base, Resources } from "../src/index.js";
import { Attention as Client } from "../src/index.js";
import { type ConversationJobs, conversationJobs } from "./conversations.js";
import { type KnowledgeBaseJobs, knowledgeBaseJobs } from "./knowledge-base.js";

export type { ConversationJobs, MediaImport, MediaOptions, WaitUntilOptions } from "./conversations.js";
export type { Download } from "./download.js";
export type { KnowledgeBaseJobs, WaitUntilIndexedOptions } from "./knowledge-base.js";
export type { WaitProgress } from "./poll.js";
export type { MediaProgress, OnMediaProgress } from "./progress.js";

/** The client, with jobs. What `withOptions` makes of it has them, too. */
export class Attention extends Client {
  declare readonly conversations: Resources["conversations"] & ConversationJobs;
  declare readonly knowledgeBase: Resources["knowledgeBase"] & KnowledgeBaseJobs;

  constructor(options?: AttentionOptions);
  /** @internal */
  constructor(options: AttentionOptions | undefined, shared: SharedUpstream | undefined);
  constructor(options?: AttentionOptions, shared?: SharedUpstream) {
    super(options, shared);
    // As the client's own: what it hands on to `fetch`, a proxy's dispatcher for one, holds for the storage, too.
    const { fetch: own, fetchOptions: given } = options ?? {};
    const bare: typeof globalThis.fetch = own === undefined ? (...call) => fetch(...call) : (...call) => own(...call);
    const toStorage = withFetchOptions(bare, given && fetchOptions(given));
    Object.assign(this.conversations, conversationJobs(this as Base, toStorage));
    Object.assign(this.knowledgeBase, knowledgeBaseJobs(this as Base));
  }
}
