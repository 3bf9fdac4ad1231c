// docs/security.md, "What grows, and how far": its numbers match the source, its sums are right, and no bound is
// missing.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { limits } from "../worker/rust-limits.mjs";

const WORKER = ["crates/gateway/src", "worker/src"];
const all = limits([...WORKER, "crates/core/src"]);
const bounds = all.filter(({ name }) => /::(MOST\w*|\w*BYTES|REMEMBERED)$/.test(name));

/** Bounds that limit neither lasting memory nor the memory of a request, and why. */
const OTHERS = {
  "a part of a request's own bytes, which the platform bounds": [
    "tools::NAME_BYTES",
    "grant::MOST_ADDRESS_BYTES",
    "token::MAX_OWN_HEADER_BYTES",
    "name::MOST_BYTES",
    "sessions::SIGNATURE_BYTES",
    "message::SUBJECT_BYTES",
    "message::METHOD_BYTES",
    "mirror::MOST_PARAMS",
    "seal::ID_BYTES",
  ],
  "what a text is cut to": [
    "messaging::TOLD_BYTES",
    "problem::REPEATED_BYTES",
    "journal::MOST_CHARS",
    "version::MOST_CHARS",
  ],
  "work, and not memory": ["names::MOST_FORMS", "echo::MOST_WORK", "pattern::MOST_HARMLESS", "Config::MOST_RETRIES"],
  "a time": ["jwt::MOST_LEEWAY_SECONDS"],
  "how many places one lease has: it is two numbers": ["Places::MOST"],
  "a part of the page's journal": ["status_page::MOST_ROWS"],
};

const document = await readFile(new URL("../../docs/security.md", import.meta.url), "utf8");
const [section] = /^## What grows, and how far$.*/ms.exec(document);
const rows = section
  .split("\n")
  .filter((line) => /^\| (?!what \||---)/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const named = [...section.matchAll(/`(\w+::[A-Z_]+)`(?: = ([\d,]+)( [KM]iB)?)?/g)].map(([, name, digits, unit]) => ({
  name,
  value: digits && Number(digits.replaceAll(",", "")) * ({ " KiB": 1024, " MiB": 1024 * 1024 }[unit] ?? 1),
}));

function read(name) {
  const found = all.filter((known) => known.name === name);
  assert.equal(found.length, 1, `${name} is ${found.length} constants`);
  return found[0].value;
}

test("every bound of the Worker is in the table, with its value", () => {
  assert.ok(named.length > 25, `${named.length}`);
  for (const { name, value } of named) assert.equal(value, read(name), name);
  assert.ok(bounds.length > 40, `${bounds.length}`);
  const others = Object.values(OTHERS).flat();
  const known = new Set([...named.map(({ name }) => name), ...others]);
  const ofWorker = bounds.filter(({ file }) => WORKER.some((folder) => file.startsWith(folder)));
  assert.deepEqual(
    ofWorker.filter(({ name }) => !known.has(name)).map(({ name, file }) => `${name} (${file})`),
    [],
    "a bound that neither the table nor the list of others names",
  );
  for (const name of others) read(name);
});

test("its sums are those of its rows", () => {
  const grows = rows.filter((row) => row.length === 6);
  const held = grows.filter(([what]) => !what.startsWith("**"));
  assert.ok(held.length > 15, `${held.length}`);
  const sums = { isolate: 0, deployment: 0, object: 0 };
  for (const [what, bound, each, of, most] of held) {
    const factors = [...bound.matchAll(/`(\w+::[A-Z_]+)` =/g)].map(([, name]) => read(name));
    const [, times] = /^([\d,]+) (?:B|times)$/.exec(each) ?? ["", "1"];
    const bytes = factors.reduce((product, factor) => product * factor, Number(times.replaceAll(",", "")));
    const places = of.split(", ");
    for (const place of places) sums[place] += bytes;
    assert.equal(most, `${((bytes * places.length) / 1e6).toFixed(1)} MB`, what);
  }
  const written = grows.filter(([what]) => what.startsWith("**")).map(([, , , , most]) => most);
  const one = sums.isolate + sums.deployment + sums.object;
  const both = one + (read("deployments::MOST") - 1) * sums.deployment;
  assert.deepEqual(
    written,
    [one, both].map((bytes) => `${Math.round(bytes / 1e6)} MB`),
  );
});
