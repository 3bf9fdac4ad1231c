/** Streams as bodies in a page: browsers that cannot send them say so late, or send something else. */

import { isPage } from "../runtime/environment.js";

/**
 * Throws a TypeError when the page is known not to be able to stream a body to this address. Over https only the
 * attempt tells whether the server speaks HTTP/2, without which no browser does it.
 */
export function mustStream(method: string, url: string): void {
  if (!isPage()) return;
  const why = canStream(url)
    ? url.startsWith("http:") && "a browser sends a stream over HTTP/2 only, which needs https"
    : "this browser sends none";
  if (why) throw new TypeError(`${method}: body is a stream; ${why}: pass a Blob`);
}

/** A browser that does not know streams takes one for text, and does not ask for `duplex`. */
function canStream(url: string): boolean {
  let isAsked = false;
  const init = {
    method: "POST",
    body: new ReadableStream(),
    get duplex() {
      isAsked = true;
      return "half" as const;
    },
  };
  const isText = new Request(url, init).headers.has("content-type");
  return isAsked && !isText;
}
