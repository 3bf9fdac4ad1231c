// One way to wait in tests for what another process does.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a condition holds, which may be async. Fails if it hangs; not a measure of speed. */
export async function until(condition, what) {
  for (const end = Date.now() + 60_000; !(await condition()); await sleep(5))
    assert.ok(Date.now() < end, `still not: ${what}`);
}
