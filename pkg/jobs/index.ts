/**
 * Jobs of several calls, or of long duration: importing and downloading recordings, and waiting for their processing.
 *
 * ```js
 * import { Attention } from "attention-wasm/jobs";
 *
 * const attention = new Attention(); // The client of "attention-wasm", with jobs beside the operations.
 * const { uuid } = await attention.conversations.importMedia({ file, userID });
 * await attention.conversations.waitUntil(uuid, { onProgress: ({ status }) => console.log(status) });
 * ```
 *
 * A separate entry, so that bundles without it do not grow.
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

/** The client with jobs, which clients made by `withOptions` have too. */
export class Attention extends Client {
  declare readonly conversations: Resources["conversations"] & ConversationJobs;
  declare readonly knowledgeBase: Resources["knowledgeBase"] & KnowledgeBaseJobs;

  constructor(options?: AttentionOptions);
  /** @internal */
  constructor(options: AttentionOptions | undefined, shared: SharedUpstream | undefined);
  constructor(options?: AttentionOptions, shared?: SharedUpstream) {
    super(options, shared);
    // The client's `fetchOptions`, such as a proxy's dispatcher, apply to the storage too.
    const { fetch: own, fetchOptions: given } = options ?? {};
    const bare: typeof globalThis.fetch = own === undefined ? (...call) => fetch(...call) : (...call) => own(...call);
    const toStorage = withFetchOptions(bare, given && fetchOptions(given));
    const redact = (error: unknown) => this.redact(error);
    Object.assign(this.conversations, conversationJobs(this as Base, toStorage, redact));
    Object.assign(this.knowledgeBase, knowledgeBaseJobs(this as Base, redact));
  }
}
