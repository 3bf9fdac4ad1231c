// An unavailable API is not called: callers get an answer at once, and the API is tried again after a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem, useWorkers } from "./worker.mjs";

const workers = useWorkers();
// The number of consecutive failures in `crates/gateway/src/limits/breaker.rs`.
const FAILURES = 20;
const [away, closing, troubled] = Array.from({ length: 3 }, () =>
  workers.with({ ATTENTION_POLICY: "allow GET /v2/**", ATTENTION_MAX_RETRIES: "0" }),
);

test("after consecutive failures nothing is sent, and the answer has Retry-After; then one call tries", {
  timeout: 60_000,
}, async () => {
  workers.begin({ status: 503, times: FAILURES });
  for (let i = 0; i < FAILURES; i++) assertProblem(await workers.call(away), 503, "upstream_unavailable");
  const refused = await workers.call(away);
  assertProblem(refused, 503, "upstream_down");
  assert.match(refused.get("retry-after"), /^[1-5]$/);
  assert.equal(workers.upstream.records.length, FAILURES);
  // The script has ended, so the API works again.
  let answer = refused;
  while (answer.status === 503) {
    await sleep(50);
    answer = await workers.call(away);
  }
  assert.equal(answer.status, 200);
  assert.equal((await workers.call(away)).status, 200);
  assert.equal(workers.upstream.records.length, FAILURES + 2, "the refused calls were not sent");
});

test("connections that end are failures too", async () => {
  workers.begin({ close: true, times: 10 * FAILURES });
  for (let i = 0; i < FAILURES; i++) assertProblem(await workers.call(closing), 502, "upstream_unreachable");
  workers.begin();
  assertProblem(await workers.call(closing), 503, "upstream_down");
  assert.deepEqual(workers.upstream.records, []);
});

test("a route that fails with 500 closes no other route", async () => {
  workers.begin({ status: 500, times: 2 * FAILURES });
  for (let i = 0; i < 2 * FAILURES; i++) assertProblem(await workers.call(troubled), 502, "upstream_error");
  assert.equal((await workers.call(troubled, { target: "/v2/users" })).status, 200);
});
