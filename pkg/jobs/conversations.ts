/** The jobs of conversations: import a recording, wait for its processing, download a recording. */

import { checkId } from "../src/api/id.js";
import type { AnswerOf, BodyOf } from "../src/api/paths.js";
import { about, content, type FileContent, partsOf, put, type Redact, transfer, typed } from "../src/api/storage.js";
import * as check from "../src/call/check.js";
import type { CallOptions } from "../src/call/options.js";
import { redactCause } from "../src/errors/cause.js";
import { errorOf } from "../src/errors/errors.js";
import type { Attention, operations } from "../src/index.js";
import { type Download, download } from "./download.js";
import { checkWait, poll, type WaitOptions } from "./poll.js";
import { CountedBlob, type OnMediaProgress } from "./progress.js";

type Imported = AnswerOf<operations["importConversation"]>;
type Conversation = AnswerOf<operations["getConversation"]>;

/** A recording: a file or an address, with the parameters of `conversations.import`. */
export type MediaImport = Omit<BodyOf<operations["importConversation"]>, "mediaURL"> &
  (
    | {
        /** Audio or video of known length. A Blob's type is used; open large files with `fs.openAsBlob`. */
        readonly file: FileContent;
        /** The media type, if the file has none or a wrong one. */
        readonly type?: string | undefined;
        readonly url?: undefined;
      }
    | {
        /** The address from which the API fetches the recording itself. */
        readonly url: string;
        readonly file?: undefined;
        readonly type?: undefined;
      }
  );

/** The options of a transfer. */
export interface MediaOptions extends Omit<CallOptions, "query" | "body"> {
  /** The timeout of each call in milliseconds; the default for the transfer is 600,000. */
  readonly timeout?: number | undefined;
  /**
   * Receives the progress of the transfer, and is awaited: continuously if the runtime streams a Blob (Node), otherwise
   * at its beginning and end.
   */
  readonly onProgress?: OnMediaProgress | undefined;
}

/** The options of waiting for a conversation's status. */
export interface WaitUntilOptions extends WaitOptions {
  /** The wanted statuses, compared without case. Default: `FINISHED`. */
  readonly status?: string | readonly string[] | undefined;
  /** The member with the status. Default: `importStatus`. */
  readonly field?: "importStatus" | "mediaStorageStatus" | "transcriptStatus" | undefined;
}

/** The additional methods of a client's `conversations`. */
export interface ConversationJobs {
  /**
   * Imports a recording: requests an address, uploads the file there without any credential, and starts the import.
   * With a `url`, the API fetches the recording itself. Resolves to the conversation's `uuid` before it is processed:
   * see `waitUntil`.
   */
  importMedia(media: MediaImport, options?: MediaOptions): Promise<Imported>;
  /**
   * Waits until a conversation has a wanted status, and resolves to the conversation. If the import ends otherwise
   * (`DISCARDED`, `FAILED`), it rejects with a ServerError `job_ended`. The statuses are undocumented; these are the
   * ones that clients received.
   */
  waitUntil(id: string, options?: WaitUntilOptions): Promise<Conversation>;
  /** Streams the recording. Needs an organisation-level key. */
  downloadMedia(id: string, options?: MediaOptions): Promise<Download>;
}

/** The final values of `importStatus`. Those of the other members are unknown. */
const ENDS = ["finished", "discarded", "failed"];

export function conversationJobs(client: Attention, fetch: typeof globalThis.fetch, redact: Redact): ConversationJobs {
  const storage = () => ({ fetch, redact, isSecure: client.baseURL.startsWith("https:") });

  async function importMedia(media: MediaImport, options: MediaOptions = {}): Promise<Imported> {
    const owner = "conversations.importMedia";
    const { file: _, url, type: __, ...rest } = checkMedia(owner, media);
    const { onProgress, idempotencyKey, ...call } = checkOptions(owner, options);
    // All options are checked before the first call.
    const file = media.file === undefined ? undefined : await typed(owner, media.file, media.type);
    const make = (mediaURL: string) =>
      client.conversations.import({ ...rest, mediaURL } as BodyOf<operations["importConversation"]>, {
        ...call,
        idempotencyKey,
      });
    if (file === undefined) return make(url!);
    const { url: address, downloadUrl, key } = (await client.conversations.getUploadUrl(call)) ?? {};
    if (typeof address !== "string" || typeof downloadUrl !== "string")
      throw missing("upload_address_missing", "the response has no `url` and `downloadUrl`");
    try {
      const counted = onProgress && new CountedBlob(file, onProgress);
      await counted?.tell(0);
      await put({ ...storage(), address, file: counted ?? file, fault: counted?.fault }, call);
      await counted?.tell(file.size);
      return await make(downloadUrl);
    } catch (error) {
      throw about(error, "upload", key, redact, address, downloadUrl);
    }
  }

  async function waitUntil(id: string, options: WaitUntilOptions = {}): Promise<Conversation> {
    const owner = "conversations.waitUntil";
    checkId(`${owner}: id`, id);
    checkWait(owner, options);
    const { status = "FINISHED", field = "importStatus", ...wait } = check.plain(options);
    check.check(owner, "status", status, statuses);
    check.check(owner, "field", field, fields);
    const wanted = [status].flat().map((each) => each.toLowerCase());
    try {
      return await poll<Conversation>(
        {
          owner,
          what: "conversation",
          id,
          redact,
          look: (call) => client.conversations.get(id, undefined, call),
          statusOf: ({ attributes }) => attributes?.[field],
          isWanted: (each) => wanted.includes(each.toLowerCase()),
          isEnd: (each) => field === "importStatus" && ENDS.includes(each.toLowerCase()),
        },
        wait,
      );
    } catch (error) {
      throw about(error, "conversation", id, redact);
    }
  }

  async function downloadMedia(id: string, options: MediaOptions = {}): Promise<Download> {
    const owner = "conversations.downloadMedia";
    checkId(`${owner}: id`, id);
    const { onProgress, ...call } = checkOptions(owner, options);
    try {
      const { url: address } = (await client.conversations.getMediaUrl(id, call)) ?? {};
      if (typeof address !== "string") throw missing("download_address_missing", "the response has no `url`");
      const come = await transfer({ ...storage(), address, method: "GET" }, call);
      return download(come, { id, clean: (cause) => redactCause(redact(cause), partsOf(address)), onProgress });
    } catch (error) {
      throw about(error, "conversation", id, redact);
    }
  }

  return { importMedia, waitUntil, downloadMedia };
}

const statuses: check.Rule = [
  (value) => {
    const all = [value].flat();
    return all.length > 0 && all.every((each) => typeof each === "string" && each !== "");
  },
  "a status or a list of them",
];
const fields: check.Rule = [
  (value) => ["importStatus", "mediaStorageStatus", "transcriptStatus"].includes(value as string),
  "importStatus, mediaStorageStatus or transcriptStatus",
];

function checkMedia(owner: string, media: MediaImport): MediaImport {
  check.check(owner, "media", media ?? null, check.object);
  const { file, url, type } = media;
  if ((file === undefined) === (url === undefined))
    throw new TypeError(`${owner}: expected either \`file\` or \`url\``);
  check.check(owner, "file", file, content);
  check.check(owner, "url", url, check.text);
  check.check(owner, "type", type, check.text);
  return media;
}

function checkOptions(owner: string, options: MediaOptions): MediaOptions {
  check.check(owner, "options", options, check.members);
  check.check(owner, "onProgress", options.onProgress, check.call);
  return check.plain(options);
}

function missing(code: string, message: string) {
  return errorOf({ kind: "protocol", code, message, attempts: 1 });
}
