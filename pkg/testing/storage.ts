/**
 * The file storage behind presigned addresses: another service, which uses no
 * API key and, like real ones, refuses a call with one.
 */

import { answer, failure } from "./answer.js";
import { sized, zeros } from "./stream.js";

const ROOT = "/_mock-storage/";
const SIGNATURE = "fake-signature-not-a-key";

export interface StoredFile {
  readonly bytes: number;
  /** The media type, without parameters. */
  readonly type: string;
}

export class Storage {
  private readonly files = new Map<string, StoredFile>();

  /**
   * The address for PUT and GET. On loopback it is the mock itself, below the API's base; elsewhere it is a host that
   * only the mock's `fetch` knows.
   */
  address({ url, base }: { readonly url: URL; readonly base: string }, id: string): string {
    const isLocal = /^(127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname);
    return `${isLocal ? url.origin + base : "https://storage.attention-mock.example"}${ROOT}${id}?signature=${SIGNATURE}`;
  }

  get(id: string): StoredFile | undefined {
    return this.files.get(id);
  }

  /** Files that exist without an upload. */
  keep(id: string, file: StoredFile): void {
    this.files.set(id, file);
  }

  reset(): void {
    this.files.clear();
  }

  owns(url: URL): boolean {
    return url.pathname.includes(ROOT);
  }

  async answer(request: Request, url: URL, body: ReadableStream<Uint8Array> | null): Promise<Response> {
    if (request.headers.has("authorization")) return failure(400, "Only one way to authenticate is allowed");
    if (url.searchParams.get("signature") !== SIGNATURE) return failure(403, "The signature does not match");
    const id = url.pathname.slice(url.pathname.indexOf(ROOT) + ROOT.length);
    switch (request.method) {
      case "PUT":
        return this.put(id, request, body);
      case "GET":
        return this.download(id);
      default:
        return failure(405, "Method not allowed");
    }
  }

  private async put(id: string, request: Request, body: ReadableStream<Uint8Array> | null): Promise<Response> {
    let bytes = 0;
    const reader = body?.getReader();
    for (;;) {
      const { value } = (await reader?.read()) ?? {};
      if (value === undefined) break;
      bytes += value.length;
    }
    const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
    this.files.set(id, { bytes, type: type.trim().toLowerCase() });
    return answer(null, 200);
  }

  /** The same number of zero bytes, because the mock stores no content. */
  private download(id: string): Response {
    const file = this.files.get(id);
    if (file === undefined) return failure(404, "File not found");
    return answer(sized(zeros(file.bytes), file.bytes), 200, [
      ["content-type", file.type === "" ? "application/octet-stream" : file.type],
      ["content-length", String(file.bytes)],
    ]);
  }
}
