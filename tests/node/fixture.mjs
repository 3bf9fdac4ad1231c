// Shared helpers of the suites of the packed package in Node.
import assert from "node:assert/strict";
import { importPacked } from "../runtimes/packed.mjs";
import { startUpstream } from "../upstream/server.mjs";

export const attention = await importPacked();
export const { Upstream } = await importPacked("attention-wasm/core");
export const testing = await importPacked("attention-wasm/testing");

/** Obviously fake, and valid in form. */
export const FAKE_KEY = "an-obviously-fake-key-for-tests-0001";
export const FAKE_NEXT_KEY = "an-obviously-fake-key-for-tests-0002";

// The client and `./core` share an instance, so the client's calls are seen here.
const begun = new Set();
const { begin, free } = Upstream.prototype;
Upstream.prototype.begin = function (...args) {
  begun.add(this);
  return begin.apply(this, args);
};

// A freed upstream cannot be used any more.
Upstream.prototype.free = function () {
  assert.equal(this.openCalls(), 0);
  begun.delete(this);
  free.call(this);
};

/** Fails if a call is still open in core, however it ended. */
export function assertNoOpenCalls() {
  for (const upstream of begun) assert.equal(upstream.openCalls(), 0);
}

/** An upstream for one test, closed at its end, and a client for it. */
export async function served(t, options = {}, upstreamOptions = {}) {
  const upstream = await startUpstream(upstreamOptions);
  const client = new attention.Attention({ apiKey: FAKE_KEY, baseURL: `${upstream.url}/v2`, ...options });
  t.after(async () => {
    client.close();
    await upstream.close();
    assertNoOpenCalls();
  });
  return { upstream, client };
}

/** The error that a promise rejects with. */
export async function rejection(promise) {
  return promise.then(
    (value) => assert.fail(`resolved to ${JSON.stringify(value)}`),
    (error) => error,
  );
}

/** A retry with a short wait. */
export const AT_ONCE = ["retry-after", "0"];
