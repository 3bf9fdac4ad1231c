/** The jobs of conversations: a recording in, its processing, and a recording out. */

import { checkId } from "../src/api/id.js";
import type { AnswerOf, BodyOf } from "../src/api/paths.js";
import { about, content, type FileContent, put, transfer, typed } from "../src/api/storage.js";
import * as check from "../src/call/check.js";
import type { CallOptions } from "../src/call/options.js";
import { errorOf } from "../src/errors/errors.js";
import type { Attention, operations } from "../src/index.js";
import { type Download, download } from "./download.js";
import { checkWait, poll, type WaitOptions } from "./poll.js";
import { CountedBlob, type OnMediaProgress } from "./progress.js";

type Imported = AnswerOf<operations["importConversation"]>;
type Conversation = AnswerOf<operations["getConversation"]>;

/** A recording: a file of one's own or an address, and what `conversations.import` takes beside it. */
export type MediaImport = Omit<BodyOf<operations["importConversation"]>, "mediaURL"> &
  (
    | {
        /** Audio or video, of known length. The type of a Blob goes with it; `fs.openAsBlob` opens large files. */
        readonly file: FileContent;
        /** The media type, where the file has none or another. */
        readonly type?: string | undefined;
        readonly url?: undefined;
      }
    | {
        /** Where the API may fetch the recording itself. */
        readonly url: string;
        readonly file?: undefined;
        readonly type?: undefined;
      }
  );

/** How a recording is transferred. */
export interface MediaOptions extends Omit<CallOptions, "query" | "body"> {
  /** For each of the calls; for the transfer it is 600,000 unless it is given. */
  readonly timeout?: number | undefined;
  /**
   * Told of the transfer, and waited for: all along where the runtime streams a Blob (Node), at its beginning and end
   * elsewhere.
   */
  readonly onProgress?: OnMediaProgress | undefined;
}

/** How a conversation's status is waited for. */
export interface WaitUntilOptions extends WaitOptions {
  /** The statuses that are waited for, compared without case. Default: `FINISHED`. */
  readonly status?: string | readonly string[] | undefined;
  /** The member that has it. Default: `importStatus`. */
  readonly field?: "importStatus" | "mediaStorageStatus" | "transcriptStatus" | undefined;
}

/** What a client's `conversations` has besides, with jobs. */
export interface ConversationJobs {
  /**
   * Imports a recording: asks for an address, puts the file there without any credential, and has it imported. With a
   * `url` the API fetches it itself. Resolves to the conversation's `uuid`, before it is processed: see `waitUntil`.
   */
  importMedia(media: MediaImport, options?: MediaOptions): Promise<Imported>;
  /**
   * Waits until a conversation has a status, and resolves to it. An import that has ended otherwise (`DISCARDED`,
   * `FAILED`) is a ServerError `job_ended`. What the statuses are no page lists: these are what clients met.
   */
  waitUntil(id: string, options?: WaitUntilOptions): Promise<Conversation>;
  /** The recording, streamed. Takes an organisation-level key. */
  downloadMedia(id: string, options?: MediaOptions): Promise<Download>;
}

/** After these no other `importStatus` comes. Of the other members nobody knows. */
const ENDS = ["finished", "discarded", "failed"];

export function conversationJobs(client: Attention, fetch: typeof globalThis.fetch): ConversationJobs {
  const storage = () => ({ fetch, isSecure: client.baseURL.startsWith("https:") });

  async function importMedia(media: MediaImport, options: MediaOptions = {}): Promise<Imported> {
    const owner = "conversations.importMedia";
    const { file: _, url, type: __, ...rest } = checkMedia(owner, media);
    const { onProgress, idempotencyKey, ...call } = checkOptions(owner, options);
    // The whole of it is checked before the first call.
    const file = media.file === undefined ? undefined : await typed(owner, media.file, media.type);
    const make = (mediaURL: string) =>
      client.conversations.import({ ...rest, mediaURL } as BodyOf<operations["importConversation"]>, {
        ...call,
        idempotencyKey,
      });
    if (file === undefined) return make(url!);
    const { url: address, downloadUrl, key } = (await client.conversations.getUploadUrl(call)) ?? {};
    if (typeof address !== "string" || typeof downloadUrl !== "string")
      throw missing("upload_address_missing", "the answer has no `url` and `downloadUrl`");
    try {
      const counted = onProgress && new CountedBlob(file, onProgress);
      await counted?.tell(0);
      await put({ ...storage(), address, file: counted ?? file, fault: counted?.fault }, call);
      await counted?.tell(file.size);
      return await make(downloadUrl);
    } catch (error) {
      throw about(error, "upload", key);
    }
  }

  async function waitUntil(id: string, options: WaitUntilOptions = {}): Promise<Conversation> {
    const owner = "conversations.waitUntil";
    checkId(`${owner}: id`, id);
    checkWait(owner, options);
    const { status = "FINISHED", field = "importStatus", ...wait } = options;
    check.check(owner, "status", status, statuses);
    check.check(owner, "field", field, fields);
    const wanted = [status].flat().map((each) => each.toLowerCase());
    try {
      return await poll<Conversation>(
        {
          owner,
          what: "conversation",
          id,
          look: (call) => client.conversations.get(id, undefined, call),
          statusOf: ({ attributes }) => attributes?.[field],
          isWanted: (each) => wanted.includes(each.toLowerCase()),
          isEnd: (each) => field === "importStatus" && ENDS.includes(each.toLowerCase()),
        },
        wait,
      );
    } catch (error) {
      throw about(error, "conversation", id);
    }
  }

  async function downloadMedia(id: string, options: MediaOptions = {}): Promise<Download> {
    const owner = "conversations.downloadMedia";
    checkId(`${owner}: id`, id);
    const { onProgress, ...call } = checkOptions(owner, options);
    try {
      const { url: address } = (await client.conversations.getMediaUrl(id, call)) ?? {};
      if (typeof address !== "string") throw missing("download_address_missing", "the answer has no `url`");
      const come = await transfer({ ...storage(), address, method: "GET" }, call);
      return download(come, { id, secrets: [address], onProgress });
    } catch (error) {
      throw about(error, "conversation", id);
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
  return options;
}

function missing(code: string, message: string) {
  return errorOf({ kind: "protocol", code, message, attempts: 1 });
}
