/** The jobs of the knowledge base. */

import { checkId } from "../src/api/id.js";
import type { AnswerOf } from "../src/api/paths.js";
import { about, type Redact } from "../src/api/storage.js";
import type { Attention, operations } from "../src/index.js";
import { checkWait, poll, type WaitOptions } from "./poll.js";

/** The options of waiting for a source's indexing. */
export interface WaitUntilIndexedOptions extends WaitOptions {}

type Source = AnswerOf<operations["getKbSource"]>;

/** The additional methods of a client's `knowledgeBase`. */
export interface KnowledgeBaseJobs {
  /**
   * Waits until a source is indexed, and resolves to it. Only the statuses `indexing` and `indexed` are documented;
   * with any other, it waits until the timeout.
   */
  waitUntilIndexed(id: string, options?: WaitUntilIndexedOptions): Promise<Source>;
}

export function knowledgeBaseJobs(client: Attention, redact: Redact): KnowledgeBaseJobs {
  return {
    async waitUntilIndexed(id, options = {}) {
      const owner = "knowledgeBase.waitUntilIndexed";
      checkId(`${owner}: id`, id);
      checkWait(owner, options);
      try {
        return await poll<Source>(
          {
            owner,
            what: "source",
            id,
            redact,
            look: (call) => client.knowledgeBase.get(id, call),
            statusOf: ({ data }) => data?.attributes?.status,
            isWanted: (status) => status.toLowerCase() === "indexed",
            isEnd: () => false,
          },
          options,
        );
      } catch (error) {
        throw about(error, "source", id, redact);
      }
    },
  };
}
