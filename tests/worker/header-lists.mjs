// The Worker's allow lists of headers, read where they are decided: crates/gateway/src/answer/header_policy.rs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const source = readFileSync(new URL("../../crates/gateway/src/answer/header_policy.rs", import.meta.url), "utf8");

/** The names in the Rust constant of this name. */
function list(name) {
  const body = new RegExp(`const ${name}: &\\[&str\\] =\\s*&\\[([^\\]]*)\\]`).exec(source)?.[1] ?? "";
  const names = [...body.matchAll(/"([a-z0-9-]+)"/g)].map(([, header]) => header);
  assert.ok(names.length > 10, `header_policy.rs has no list ${name}`);
  return names;
}

/** From the caller to the API. */
export const UP = list("UP");
/** From the API to the caller. */
export const DOWN = list("DOWN");
