/**
 * Transfers files to and from the storage behind presigned addresses: another host, which receives the file and none of
 * the client's headers. Retries and timeouts follow the same rules as API calls.
 */

import type { Rule } from "../call/check.js";
import type { Deadline } from "../call/deadline.js";
import { type Attempted, exchange } from "../call/driver.js";
import { fetchOptions, withFetchOptions } from "../call/fetch-options.js";
import { bytes, discard, isForeign, own } from "../call/foreign.js";
import type { CallOptions } from "../call/options.js";
import { SharedUpstream } from "../credentials/shared-upstream.js";
import { redactCause } from "../errors/cause.js";
import { AttentionError, type ErrorKind, errorOf } from "../errors/errors.js";
import { isBrowser } from "../runtime/environment.js";
import { oneLine } from "../runtime/print.js";
import { tagOf } from "../runtime/realms.js";
import { urlOf } from "../runtime/url.js";

/** The default timeout of a transfer, since files are large. */
export const TRANSFER_TIMEOUT = 600_000;

/**
 * The types of files. Their length is known, because storages require it. In Node, use `fs.openAsBlob` for large files.
 */
export type FileContent = Blob | ArrayBuffer | ArrayBufferView | string;

export const content: Rule = [
  (value) => typeof value === "string" || ArrayBuffer.isView(value) || /^(Blob|File|ArrayBuffer)$/.test(tagOf(value)),
  "a Blob, File, ArrayBuffer, view or string; not a stream",
];

/**
 * The file with its media type, which the API requires. A string is plain text; anything else must have a type or be
 * given one, since it is never guessed.
 */
export async function typed(owner: string, given: FileContent, type: string | undefined): Promise<Blob> {
  const near = isForeign(given) ? ((await own(given as object)) as Blob | Uint8Array<ArrayBuffer>) : given;
  const file = typeof near === "string" || near instanceof Blob ? near : bytes(near);
  const known = type || (typeof file === "string" ? "text/plain" : file instanceof Blob ? file.type : "");
  if (known === "") {
    const what = file instanceof Blob ? "the Blob has no type" : "bytes have no type";
    throw new TypeError(
      `${owner}: ${what}; pass \`type\`, as in { file, type: "application/pdf" }, or a Blob with one`,
    );
  }
  return file instanceof Blob && file.type === known ? file : new Blob([file as BlobPart], { type: known });
}

/** A foreign error, or a text, without a client's credentials. */
export type Redact = (error: unknown) => unknown;

/** A text of the server, as a part of a message. */
export const quoted = (text: string, redact: Redact): string => oneLine(String(redact(text)));

/** One transfer. */
export interface Transfer {
  readonly method: "PUT" | "GET";
  /** The presigned address, which allows anybody to read or write there. */
  readonly address: string;
  readonly file?: Blob;
  /** The error of reading the file: the caller's problem, which is not retried. */
  readonly fault?: (() => { readonly error: unknown } | undefined) | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** Whether the API's address is https, so that the storage's must be too. */
  readonly isSecure: boolean;
  /** Removes the client's credentials from foreign errors; the transfer itself has none. */
  readonly redact: Redact;
}

/** A placeholder credential for the storage, which is never sent. */
const NOBODY = "storage-is-told-no-credential";

/** Makes the transfer, and resolves to the storage's response with an unread body. */
export async function transfer(given: Transfer, options: CallOptions): Promise<Attempted> {
  const url = parsed(given);
  const shared = new SharedUpstream(undefined, NOBODY, undefined, true);
  const { method, file } = given;
  const fetch = withFetchOptions(given.fetch, options.fetchOptions && fetchOptions(options.fetchOptions));
  try {
    return await exchange(
      shared,
      {
        method,
        path: "/file",
        isOneShot: false,
        idempotent: true,
        maxRetries: options.maxRetries,
        maxConcurrency: 1,
        timeout: options.timeout ?? TRANSFER_TIMEOUT,
        attemptTimeout: options.attemptTimeout ?? Infinity,
        signal: options.signal,
        body: file,
        fault: given.fault,
        headers: () => ({}),
        // Core decides on retries and waits; its address and credential are not used for the storage.
        fetch: (_, { headers: __, ...init } = {}) => fetch(url.href, { ...init, ...discreet(file) }),
        events: undefined,
      },
      Date.now(),
    );
  } catch (error) {
    throw told(error, given);
  } finally {
    shared.close();
  }
}

/** The storage receives neither a page's cookies nor its address. */
function discreet(file: Blob | undefined): RequestInit {
  return {
    ...(file && { headers: { "content-type": file.type } }),
    ...(isBrowser() && { credentials: "omit", referrerPolicy: "no-referrer" }),
  };
}

function parsed({ address, isSecure, method }: Transfer): URL {
  const name = method === "PUT" ? "upload" : "download";
  const url = urlOf(address);
  // `fetch` would quote an address with a user name in its error.
  if (url?.username === "" && (url.protocol === "https:" || (url.protocol === "http:" && !isSecure))) return url;
  const message = `the address for the ${name} is invalid, or http although the API's is https`;
  throw errorOf({ kind: "protocol", code: `${name}_address_insecure`, message, attempts: 1 });
}

/** The address, and each part of it that could give access to the storage; nothing if it is no URL. */
export function partsOf(address: string): string[] {
  const url = urlOf(address);
  if (url === undefined) return [];
  const { href, search, searchParams } = url;
  const values = [...searchParams.values()].filter((value) => value.length >= 8);
  return [address, href, search, ...values, ...values.map(encodeURIComponent)].filter((part) => part.length > 1);
}

function told(error: unknown, { method, address, redact }: Transfer): unknown {
  const clean = (cause: unknown) => redactCause(redact(cause), partsOf(address));
  if (!(error instanceof AttentionError)) return clean(error);
  if (error.kind === "aborted") return errorOf(error.toJSON(), clean(error.cause));
  const { status, attempts, retryAfter } = error;
  const name = method === "PUT" ? "upload" : "download";
  const failed = (kind: ErrorKind, what: string, message: string) =>
    errorOf({ kind, code: `${name}_${what}`, message, attempts, status, retryAfter }, clean(error.cause));
  if (error.kind === "timeout") {
    const where = method === "PUT" ? "in the storage" : "there";
    return failed("timeout", "timeout", `the file was not ${where} within the timeout; raise \`timeout\``);
  }
  if (error.kind === "connection" || status === undefined)
    return failed("connection", "broken", "the storage could not be reached, or the connection broke");
  return failed("server", "refused", `the storage refused the file with ${status}`);
}

/** Cancels an unused body. */
export function done({ response, deadline }: { readonly response: Response; readonly deadline: Deadline }): void {
  discard(response);
  deadline.end();
}

/** Uploads a file. */
export async function put(given: Omit<Transfer, "method"> & { readonly file: Blob }, options: CallOptions) {
  done(await transfer({ ...given, method: "PUT" }, options));
}

/**
 * Adds the identifier of the affected thing to an error; it may come from the server. Removes the storage's addresses
 * from the cause: the calls of the API do not know them.
 */
export function about(
  error: unknown,
  what: string,
  given: string | undefined,
  redact: Redact,
  ...addresses: readonly string[]
): unknown {
  if (!(error instanceof AttentionError)) return error;
  const cause = redactCause(error.cause, addresses.flatMap(partsOf));
  if (cause !== error.cause)
    Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
  if (given === undefined) return error;
  const id = quoted(given, redact);
  if (error.message.includes(id)) return error;
  const message = `${error.message} (${what} ${id})`;
  const stack = typeof error.stack === "string" ? error.stack.replace(error.message, () => message) : undefined;
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperties(error, {
    message: { value: message, ...hidden },
    ...(stack !== undefined && { stack: { value: stack, ...hidden } }),
  });
  return error;
}
