/** Streams as request bodies in a page. Browsers that cannot send them fail late, or send something else. */

import { isPage } from "../runtime/environment.js";

/**
 * Throws a TypeError if the page cannot stream a body to this address. Browsers need HTTP/2 for it; over https, only
 * the attempt shows whether the server supports it.
 */
export function mustStream(method: string, url: string): void {
  if (!isPage()) return;
  const why = canStream(url)
    ? url.startsWith("http:") && "browsers send streams only over HTTP/2, which needs https"
    : "this browser cannot send one";
  if (why) throw new TypeError(`${method}: body is a stream; ${why}: pass a Blob`);
}

/** A browser without request streams treats one as text, and does not read `duplex`. */
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
