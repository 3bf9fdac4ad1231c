/** Detects functions of the application that call their own client, which calls them again, without end. */

/** More than any program nests on purpose, and less than the calls that may run at once. */
const DEEPEST = 30;

const ENDLESS =
  "a hook or a middleware of this client calls the client, which calls it again, and so on: call another client there, " +
  "or only under a condition";

/** The number of calls around the code that runs now, as far as no function has awaited anything. */
let depth = 0;

/** The depth of a call that begins now. */
export const depthNow = (): number => depth;

/** Runs the synchronous part of a hook or a middleware of a call at this depth. */
export function entering<T>(at: number, act: () => T): T {
  if (at >= DEEPEST) throw new TypeError(ENDLESS);
  const before = depth;
  depth = at + 1;
  try {
    return act();
  } finally {
    depth = before;
  }
}
