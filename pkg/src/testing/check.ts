/** Says which option is wrong, and what it may be, to callers without a type checker too. */

/** What one field may hold: a test, and its description for the message. */
export type Rule = readonly [accepts: (value: unknown) => boolean, expected: string];

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Rule => [
  (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`,
];

export const oneOf = (...names: readonly string[]): Rule => [
  (value) => names.includes(value as string),
  names.map((name) => JSON.stringify(name)).join(" or "),
];

export const ofType = (type: "string" | "boolean" | "function" | "object"): Rule => [
  (value) => typeof value === type && value !== null,
  type === "object" ? "an object" : `a ${type}`,
];

export const list: Rule = [Array.isArray, "an array"];

/** Throws a TypeError that names the first field which is unknown or holds something else. */
export function checkFields(owner: string, value: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${owner}: expected an object`);
  }
  for (const [name, held] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      throw new TypeError(`${owner}.${name}: no such option; there are ${Object.keys(rules).join(", ")}`);
    }
    if (held !== undefined && !rule[0](held)) throw new TypeError(`${owner}.${name}: expected ${rule[1]}`);
  }
}
