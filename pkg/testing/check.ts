/** Rules for the mock's options, in addition to the client's. */

import type { Rule } from "../src/call/check.js";

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Rule => [
  (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`,
];

export const oneOf = (...names: readonly string[]): Rule => [
  (value) => names.includes(value as string),
  names.map((name) => JSON.stringify(name)).join(" or "),
];

export const list: Rule = [Array.isArray, "an array"];

export const basePath: Rule = [
  (value) => typeof value === "string" && /^(\/[^?#]*)?$/.test(value),
  'a path that begins with a slash, such as "/proxy/v2", or "" for the root',
];
