/**
 * The type of a value, whichever realm or polyfill made it. `instanceof` works only within one realm, and test runners,
 * frames and server frameworks run this package in another realm than the application.
 */

/** As `Object.prototype.toString` names it: "Date", "Map", "FormData", "Error". */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Whether a value is an error, of any realm. */
export const isError = (value: unknown): value is Error => value instanceof Error || tagOf(value) === "Error";
