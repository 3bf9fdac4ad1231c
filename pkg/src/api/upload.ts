/** Uploads a file to the knowledge base: requests an address, uploads to the storage, confirms. */

import * as check from "../call/check.js";
import type { CallOptions } from "../call/options.js";
import { type Client, internals } from "../client.js";
import { errorOf } from "../errors/errors.js";
import { isId } from "./id.js";
import type { AnswerOf } from "./paths.js";
import type { components, operations } from "./schema.js";
import { about, content, type FileContent, put, typed } from "./storage.js";

/** A file and its name. */
export interface KnowledgeBaseFile {
  /** Default: the file's own name, else a placeholder. */
  readonly title?: string | undefined;
  /** PDF, Markdown, HTML or plain text, up to 100 MB. A Blob's type is used; a string is plain text. */
  readonly file: FileContent;
  /** The media type, if the file has none or a wrong one. Bytes have none. */
  readonly type?: string | undefined;
}

/** The additional methods of a client's `knowledgeBase`. */
export interface KnowledgeBaseHelpers {
  /**
   * Uploads a file for indexing: requests an address, uploads the file there and
   * confirms it. The storage is another host, and receives no credential or
   * header of this client.
   */
  upload(
    file: KnowledgeBaseFile,
    options?: Omit<CallOptions, "body" | "query">,
  ): Promise<AnswerOf<operations["confirmKbSourceUpload"]>>;
}

export function knowledgeBaseHelpers(client: Client): KnowledgeBaseHelpers {
  return {
    upload: (file, options) =>
      upload(client, file, options).catch((error: unknown) => {
        throw internals(client).redact(error);
      }),
  };
}

async function upload(
  client: Client,
  given: KnowledgeBaseFile,
  options: Omit<CallOptions, "body" | "query"> = {},
): Promise<AnswerOf<operations["confirmKbSourceUpload"]>> {
  check.checkOptions("knowledgeBase.upload", given, { title: check.text, file: content, type: check.text });
  if (given.file === undefined) throw new TypeError("knowledgeBase.upload: file is missing");
  check.check("knowledgeBase.upload", "options", options, check.members);
  const { title } = given;
  const file = await typed("knowledgeBase.upload", given.file, given.type);
  const ticket = (await client.request("POST", "/knowledge-base/sources/upload", {
    ...check.plain(options),
    body: title === undefined ? {} : { title },
  })) as components["schemas"]["KbUploadTicket"] | null | undefined;
  const { source_id: id, upload_url: address } = ticket ?? {};
  if (!isId(id) || typeof address !== "string") {
    throw errorOf({
      kind: "protocol",
      code: "upload_address_missing",
      message: "the response has no `source_id` and `upload_url`",
      attempts: 1,
    });
  }
  const { fetch, redact } = internals(client);
  const isSecure = client.baseURL.startsWith("https:");
  try {
    await put({ address, file, fetch, isSecure, redact }, options);
    // The error names the call before this one.
    const { idempotencyKey: _, ...rest } = check.plain(options);
    return (await client.request(
      "POST",
      `/knowledge-base/sources/${encodeURIComponent(id)}/confirm-upload`,
      rest,
    )) as AnswerOf<operations["confirmKbSourceUpload"]>;
  } catch (error) {
    throw about(error, "source", id, redact, address);
  }
}
