/**
 * The sort of a value, whichever realm or polyfill made it. `instanceof` holds for this realm alone, and test runners,
 * frames and server frameworks run this package in another realm than the application.
 */

/** As `Object.prototype.toString` names it: "Date", "Map", "FormData", "Error". */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** An error is one in every realm. */
export const isError = (value: unknown): value is Error => value instanceof Error || tagOf(value) === "Error";
