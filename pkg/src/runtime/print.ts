/** The output of this package's objects on a Node, Deno or Bun console. */

/** Characters that end a line, control a terminal or change the direction of a text, as in core. */
const OF_A_TERMINAL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** A text of the server, as a part of a line. */
export const oneLine = (text: string): string => text.replace(OF_A_TERMINAL, " ");

type Inspect = (value: unknown) => string;

/** Property descriptors for a prototype, which make `util.inspect` print the result of `show`. */
export function printable<T>(show: (self: T, inspect: Inspect) => string): PropertyDescriptorMap {
  const custom: PropertyDescriptor = {
    // Node passes its `inspect` as the third argument, Deno as the second.
    value(this: T, _depth: unknown, options: object, inspect?: (value: unknown, options: object) => string): string {
      return show(this, (value) => (inspect === undefined ? String(value) : inspect(value, options)));
    },
    configurable: true,
  };
  return { [Symbol.for("nodejs.util.inspect.custom")]: custom };
}
