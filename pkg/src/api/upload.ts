/** A file for the knowledge base: asked for, put into the storage, confirmed. */

import * as check from "../call/check.js";
import { Deadline } from "../call/deadline.js";
import { aborted } from "../call/driver.js";
import type { CallOptions } from "../call/options.js";
import { type Client, internals } from "../client.js";
import { redactCause } from "../errors/cause.js";
import { errorOf } from "../errors/errors.js";
import type { AnswerOf } from "./paths.js";
import type { components, operations } from "./schema.js";

/** A file and what it is to be called. */
export interface KnowledgeBaseFile {
  /** Default: what the file itself says, else a placeholder. */
  readonly title?: string | undefined;
  /** PDF, Markdown, HTML or plain text, up to 100 MB. The type of a Blob goes with it. */
  readonly file: Blob | ArrayBuffer | ArrayBufferView | string;
}

/** What a client's `knowledgeBase` has besides the operations. */
export interface KnowledgeBaseHelpers {
  /**
   * Uploads a file and has it indexed: asks for an address, puts the file there
   * and confirms it. The storage is another host: it gets the file, and no
   * credential or header of this client.
   */
  upload(
    file: KnowledgeBaseFile,
    options?: Omit<CallOptions, "body" | "query">,
  ): Promise<AnswerOf<operations["confirmKbSourceUpload"]>>;
}

/** For the transfer, unless `timeout` is given: files are large. */
const TRANSFER_TIMEOUT = 600_000;

const content: check.Rule = [
  (value) =>
    typeof value === "string" || value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value),
  // A storage wants to know the length beforehand.
  "a Blob, File, ArrayBuffer, view or string; not a stream",
];

export function knowledgeBaseHelpers(client: Client): KnowledgeBaseHelpers {
  return { upload: (file, options) => upload(client, file, options) };
}

async function upload(
  client: Client,
  given: KnowledgeBaseFile,
  options: Omit<CallOptions, "body" | "query"> = {},
): Promise<AnswerOf<operations["confirmKbSourceUpload"]>> {
  check.checkOptions("knowledgeBase.upload", given, { title: check.text, file: content });
  if (given.file === undefined) throw new TypeError("knowledgeBase.upload: file is missing");
  check.check("knowledgeBase.upload", "options", options, check.object);
  const { title, file } = given;
  const ticket = (await client.request("POST", "/knowledge-base/sources/upload", {
    ...options,
    body: title === undefined ? {} : { title },
  })) as components["schemas"]["KbUploadTicket"];
  const { source_id: id, upload_url: address } = ticket;
  if (typeof id !== "string" || typeof address !== "string") {
    throw errorOf({
      kind: "protocol",
      code: "upload_address_missing",
      message: "the answer has no `source_id` and `upload_url`",
      attempts: 1,
    });
  }
  await put(client, address, file as BodyInit, options);
  // Its name is that of the call before, not of this one.
  const { idempotencyKey: _, ...rest } = options;
  return client.request("POST", `/knowledge-base/sources/${encodeURIComponent(id)}/confirm-upload`, rest) as Promise<
    AnswerOf<operations["confirmKbSourceUpload"]>
  >;
}

async function put(
  client: Client,
  address: string,
  body: BodyInit,
  { signal, timeout = TRANSFER_TIMEOUT }: CallOptions,
): Promise<void> {
  const { fetch, secrets } = internals(client);
  const failed = (
    kind: "connection" | "server" | "timeout" | "protocol",
    code: string,
    message: string,
    status?: number,
    cause?: unknown,
  ) =>
    // Whoever has the address may write there: it is a secret, too.
    errorOf({ kind, code, message, attempts: 1, status }, redactCause(cause, [...secrets(), address]));
  if (client.baseURL.startsWith("https:") && !address.startsWith("https:")) {
    throw failed(
      "protocol",
      "upload_address_insecure",
      "the address for the upload is not an https one, though the API's is",
    );
  }
  const deadline = new Deadline(signal);
  try {
    if (deadline.aborted) throw aborted(deadline.reason, 1, { secrets });
    const ofTry = deadline.begin(timeout);
    const response = await fetch(address, {
      method: "PUT",
      body,
      redirect: "manual",
      ...(ofTry && { signal: ofTry }),
    }).catch((cause: unknown) => {
      if (deadline.aborted) throw aborted(deadline.reason, 1, { secrets });
      if (deadline.timedOut)
        throw failed(
          "timeout",
          "upload_timeout",
          "the file was not in the storage within the timeout; raise `timeout`",
        );
      throw failed(
        "connection",
        "upload_broken",
        "the storage could not be reached, or the connection broke",
        undefined,
        cause,
      );
    });
    response.body?.cancel().catch(() => {});
    if (!response.ok)
      throw failed("server", "upload_refused", `the storage refused the file with ${response.status}`, response.status);
  } finally {
    deadline.end();
  }
}
