/** How our objects show themselves on a Node, Deno or Bun console. */

type Inspect = (value: unknown) => string;

/** Property descriptors, for a prototype, that make `util.inspect` print what `show` says. */
export function printable<T>(show: (self: T, inspect: Inspect) => string): PropertyDescriptorMap {
  const custom: PropertyDescriptor = {
    // Node hands over its own `inspect`; Deno's call has it in the options' place.
    value(this: T, _depth: unknown, options: object, inspect?: (value: unknown, options: object) => string): string {
      return show(this, (value) => (inspect === undefined ? String(value) : inspect(value, options)));
    },
    configurable: true,
  };
  return { [Symbol.for("nodejs.util.inspect.custom")]: custom };
}
