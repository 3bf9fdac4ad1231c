/** Checks options at run time, for callers without a type checker. */

import { tagOf } from "../runtime/realms.js";

/** The valid values of an option: a test, and a description for the message. */
export type Rule = readonly [accepts: (value: unknown) => boolean, expected: string];

/** The valid options, by name. */
export type Rules = Readonly<Record<string, Rule>>;

const isFunction = (value: unknown) => typeof value === "function";
const isObject = (value: unknown) => typeof value === "object" && value !== null;
/** An object with members; a Map, or a promise that was not awaited, would have none. */
const hasMembers = (value: unknown) => /^(Object|Module)$/.test(tagOf(value));

export const text: Rule = [(value) => typeof value === "string", "a string"];
export const textOrFunction: Rule = [
  (value) => typeof value === "string" || isFunction(value),
  "a string or a function that returns one, possibly async",
];
export const url: Rule = [(value) => typeof value === "string" || tagOf(value) === "URL", "a string or a URL"];
export const call: Rule = [isFunction, "a function"];
export const flag: Rule = [(value) => typeof value === "boolean", "true or false"];
export const object: Rule = [isObject, "an object"];
export const members: Rule = [hasMembers, "an object with options"];
export const anything: Rule = [() => true, ""];
export const count: Rule = [
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32,
  "a whole number from 0",
];
export const concurrency: Rule = [
  (value) => value === Infinity || (Number.isInteger(value) && (value as number) > 0),
  "a whole number from 1, or Infinity",
];
export const milliseconds: Rule = [
  (value) => typeof value === "number" && value > 0,
  "a number of milliseconds above 0, or Infinity",
];
/** Recognized by its shape, so that signals of another realm or of a polyfill are accepted. */
export const signal: Rule = [
  (value) =>
    isObject(value) &&
    typeof (value as AbortSignal).aborted === "boolean" &&
    isFunction((value as AbortSignal).addEventListener) &&
    isFunction((value as AbortSignal).removeEventListener),
  "an AbortSignal",
];
export const logger: Rule = [
  (value) =>
    isObject(value) &&
    ["debug", "info", "warn", "error"].every((level) => isFunction((value as Record<string, unknown>)[level])),
  "an object with the functions debug, info, warn and error, such as console",
];

/**
 * Throws a TypeError that names the first unknown option, or the first with an invalid value. The message does not
 * quote the value, which may be a key.
 */
export function checkOptions(owner: string, options: unknown, rules: Rules): void {
  if (!hasMembers(options)) throw new TypeError(`${owner}: expected an object with options`);
  for (const name in options as object) {
    const rule = Object.hasOwn(rules, name) ? rules[name]! : undefined;
    if (rule === undefined)
      throw new TypeError(`${owner}: unknown option ${name}; the options are ${Object.keys(rules).join(", ")}`);
    check(owner, name, (options as Record<string, unknown>)[name], rule);
  }
}

/** A copy for `...`, which drops options that are inherited, as those of an object made by `Object.create` are. */
export function plain<T extends object>(options: T | undefined): T {
  const all: Record<string, unknown> = {};
  for (const name in options) all[name] = options[name];
  return all as T;
}

/** Checks one option, which may be undefined. */
export function check(owner: string, name: string, held: unknown, [accepts, expected]: Rule): void {
  if (held !== undefined && !accepts(held)) throw new TypeError(`${owner}: ${name} must be ${expected}`);
}
