// Requests of this Worker's own.

/** For `js.rs`. What is sent is for one origin, a key above all: a redirect is an answer, not an instruction. */
export function send(url, method, headers, body) {
  return globalThis.fetch(url, { method, headers, body, redirect: "manual" });
}
