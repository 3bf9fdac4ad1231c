/** The jobs of the knowledge base. */

import { checkId } from "../src/api/id.js";
import type { AnswerOf } from "../src/api/paths.js";
import { about } from "../src/api/storage.js";
import type { Attention, operations } from "../src/index.js";
import { checkWait, poll, type WaitOptions } from "./poll.js";

/** How a source's indexing is waited for. */
export interface WaitUntilIndexedOptions extends WaitOptions {}

type Source = AnswerOf<operations["getKbSource"]>;

/** What a client's `knowledgeBase` has besides, with jobs. */
export interface KnowledgeBaseJobs {
  /**
   * Waits until a source is indexed, and resolves to it. The pages show the statuses `indexing` and `indexed` and no
   * other: whatever else comes is waited on until the timeout.
   */
  waitUntilIndexed(id: string, options?: WaitUntilIndexedOptions): Promise<Source>;
}

export function knowledgeBaseJobs(client: Attention): KnowledgeBaseJobs {
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
            look: (call) => client.knowledgeBase.get(id, call),
            statusOf: ({ data }) => data?.attributes?.status,
            isWanted: (status) => status.toLowerCase() === "indexed",
            isEnd: () => false,
          },
          options,
        );
      } catch (error) {
        throw about(error, "source", id);
      }
    },
  };
}
