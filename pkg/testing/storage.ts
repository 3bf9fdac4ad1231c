/**
 * The file store behind presigned upload addresses: another service, which
 * knows no API key and, like the real ones, refuses a call that shows one.
 */

import { answer, failure } from "./answer.js";

const ROOT = "/_mock-storage/";
const SIGNATURE = "fake-signature-not-a-key";

export interface StoredFile {
  readonly bytes: number;
  /** The media type, without parameters. */
  readonly type: string;
}

export class Storage {
  private readonly files = new Map<string, StoredFile>();

  /** Where to PUT the file. On loopback it is the mock itself, elsewhere a host that only the mock's `fetch` knows. */
  address(api: URL, id: string): string {
    const local = /^(127\.0\.0\.1|localhost|\[::1\])$/.test(api.hostname);
    return `${local ? api.origin : "https://storage.attention-mock.example"}${ROOT}${id}?signature=${SIGNATURE}`;
  }

  get(id: string): StoredFile | undefined {
    return this.files.get(id);
  }

  reset(): void {
    this.files.clear();
  }

  owns(url: URL): boolean {
    return url.pathname.startsWith(ROOT);
  }

  async put(request: Request, url: URL, body: ReadableStream<Uint8Array> | null): Promise<Response> {
    if (request.method !== "PUT") return failure(405, "Only PUT");
    if (request.headers.has("authorization")) return failure(400, "Only one way to authenticate is allowed");
    if (url.searchParams.get("signature") !== SIGNATURE) return failure(403, "The signature does not match");
    let bytes = 0;
    const reader = body?.getReader();
    for (;;) {
      const { value } = (await reader?.read()) ?? {};
      if (value === undefined) break;
      bytes += value.length;
    }
    const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
    this.files.set(url.pathname.slice(ROOT.length), { bytes, type: type.trim().toLowerCase() });
    return answer(null, 200);
  }
}
