// Remarks about operations for JSDoc, pkg/api.md and the README of this folder.
import { operations } from "./describe.mjs";

/** By `x-key-level`. */
const LEVELS = {
  organization: "Key: organisation-level only; a user-level key is refused.",
  user: "Key: user-level only; an organisation-level key is refused.",
  either: "Key: of either level.",
  unknown: "Key: the level is not documented.",
};

/** By `x-effect`. */
const EFFECTS = {
  secret: "The response contains API keys: keep it out of logs, and away from callers.",
  "hands-out-access": "The response grants access by itself: keep it out of logs.",
};

const SHORT_EFFECTS = { secret: "hands out keys", "hands-out-access": "hands out access" };

/** Sentences for JSDoc, each a separate paragraph. */
export function remarks({ description, keyLevel, effect, confidence, isRepeatable, isDeprecated }) {
  return [
    description,
    LEVELS[keyLevel],
    EFFECTS[effect],
    confidence === "inferred" ? "Its own page was not available: inferred from others." : undefined,
    isRepeatable ? undefined : "Not safe to repeat: see the README on retries.",
    isDeprecated ? "@deprecated The API's own index says so." : undefined,
  ].filter((remark) => remark !== undefined);
}

/** The same in a few words, for a list. */
export function marks({ keyLevel, effect, confidence, pagination, isDeprecated }) {
  return [
    pagination && "list",
    `key: ${keyLevel}`,
    SHORT_EFFECTS[effect],
    confidence === "inferred" && "*inferred*",
    isDeprecated && "deprecated",
  ].filter(Boolean);
}

/** `97 operations: 58 documented, 39 inferred`. */
export function counts() {
  const of = (wanted) => operations.filter(({ confidence }) => confidence === wanted).length;
  return `${operations.length} operations: ${of("documented")} documented, ${of("inferred")} inferred`;
}

/** Splits a text into lines of at most `width` letters. */
export function lines(text, width) {
  return text.match(new RegExp(`\\S.{0,${width - 1}}(?=\\s|$)|\\S+`, "g"));
}

const MARK = { begin: "<!-- operations: generated -->", end: "<!-- operations: end -->" };

/** The README of this folder with the current list of operations. */
export function readme(text) {
  const [before, rest] = text.split(MARK.begin);
  const [, after] = (rest ?? "").split(MARK.end);
  if (after === undefined) throw new Error("openapi/README.md lacks the marks around its list of operations");
  const page = (address) => address.replace("https://docs.attention.com/", "");
  const rows = operations.map(
    ({ method, path, operationId, confidence, keyLevel, effect, documentation }) =>
      `| ${method} | \`${path}\` | \`${operationId}\` | ${confidence} | ${keyLevel} | ${effect} | ` +
      `[${page(documentation)}](${documentation}) |`,
  );
  return [
    `${before}${MARK.begin}`,
    `${counts()}.\n`,
    "| method | path | operationId | confidence | key level | effect | page |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    `${MARK.end}${after}`,
  ].join("\n");
}
