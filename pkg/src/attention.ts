/** The client with a method for each operation. */

import { described } from "./api/described.js";
import { OPERATIONS, type Resources } from "./api/operations.js";
import { resource } from "./api/resources.js";
import { superAgentHelpers } from "./api/super-agent.js";
import { knowledgeBaseHelpers } from "./api/upload.js";
import type { Described } from "./call/story.js";
import { type AttentionOptions, Client } from "./client.js";
import type { SharedUpstream } from "./credentials/shared-upstream.js";

/** Methods that some resources have besides their operations. */
const HELPERS: Readonly<Record<string, (client: Client) => object>> = {
  superAgent: superAgentHelpers,
  knowledgeBase: knowledgeBaseHelpers,
};

export interface Attention extends Resources {}

/**
 * A client of the Attention API.
 *
 * ```js
 * import { Attention } from "attention-wasm";
 *
 * const attention = new Attention(); // The key is in ATTENTION_API_KEY.
 * for await (const conversation of attention.conversations.list()) console.log(conversation.id);
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: `install` defines what the interface promises.
export class Attention extends Client {
  constructor(options?: AttentionOptions);
  /** @internal */
  constructor(options: AttentionOptions | undefined, shared: SharedUpstream | undefined);
  constructor(options?: AttentionOptions, shared?: SharedUpstream) {
    super(options, shared);
    // By the first client, not by the import, so that a bundle without `Attention` drops the operations.
    if (!Object.hasOwn(Attention.prototype, "conversations")) install(Attention.prototype);
  }

  /** @internal */
  protected override describe(method: string, path: string): Described | undefined {
    return described(method, path);
  }
}

/** Each resource is made on first use. */
function install(prototype: object): void {
  for (const [name, operations] of Object.entries(OPERATIONS)) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: Client) {
        const value = { ...resource(this, name, operations), ...HELPERS[name]?.(this) };
        Object.defineProperty(this, name, { value });
        return value;
      },
    });
  }
}
