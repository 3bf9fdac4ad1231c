/**
 * Reads the values of bodies and queries like `JSON.stringify`: by their `toJSON`, else member by member. A value that
 * `JSON.stringify` would silently drop or alter causes a TypeError that names it.
 */

/** One level of a value; each part is a value itself. */
export type Level =
  | { readonly scalar: string | number | bigint | boolean | null | undefined }
  | { readonly items: readonly unknown[] }
  | { readonly members: readonly (readonly [name: string, value: unknown])[] };

/** Objects with content that no member shows. */
const OPAQUE =
  /^\[object ((Weak)?(Map|Set)|Blob|File|FormData|Arguments|DataView|Promise|ReadableStream|RegExp|Error|.*(Array|Buffer))\]$/;
const BOXED = /^\[object (Number|String|Boolean|BigInt|Symbol)\]$/;

/** A lone surrogate, which UTF-8 cannot encode. */
export const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The text without these characters at its end. Not by an unanchored regular expression, which takes quadratic time.
 */
export function withoutEnd(text: string, each: RegExp): string {
  let end = text.length;
  while (end > 0 && each.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** The path into a value, for messages and to detect cycles. */
export class Trail {
  readonly #owner: string;
  readonly #holder: string;
  readonly #names: (string | number)[] = [];
  readonly #above = new Set<unknown>();

  /** `owner` is the option; `holder` is "JSON" or "a query". */
  constructor(owner: string, holder: string) {
    this.#owner = owner;
    this.#holder = holder;
  }

  /** Passes the readable form of a named value to `write`; a number is an index. */
  visit<T>(name: string | number, value: unknown, write: (level: Level) => T): T {
    this.#names.push(name);
    const written = this.open(name, value, write);
    this.#names.pop();
    return written;
  }

  /** The same for the whole value. */
  open<T>(name: string | number, value: unknown, write: (level: Level) => T): T {
    const [held, level] = this.#look(String(name), value);
    if ("scalar" in level) return write(level);
    if (this.#above.has(held)) throw this.refusal("an object that contains it: a cycle");
    this.#above.add(held);
    const written = write(level);
    this.#above.delete(held);
    return written;
  }

  /** The error for a value of an invalid type. */
  refusal(what: string, cause?: unknown): TypeError {
    const text = cause === undefined ? `is ${what}, which ${this.#holder} cannot contain` : what;
    return new TypeError(`${this.#place()} ${text}`, cause === undefined ? undefined : { cause });
  }

  #place(): string {
    const isQuery = this.#holder !== "JSON";
    return this.#names.reduce<string>((path, name, depth) => {
      if (typeof name === "number") return `${path}[${name}]`;
      if (isQuery ? depth === 0 : /^[\w$]+$/.test(name)) return `${path}.${name}`;
      return `${path}[${isQuery ? name : JSON.stringify(name)}]`;
    }, this.#owner);
  }

  #look(key: string, value: unknown): readonly [unknown, Level] {
    let seen: readonly [unknown, Level, (string | undefined)?];
    try {
      seen = look(key, value);
    } catch (error) {
      throw this.refusal("cannot be read: see `cause`", error);
    }
    const [held, level, fault] = seen;
    if (fault !== undefined) throw this.refusal(fault);
    return [held, level];
  }
}

/** A value after its `toJSON`, its first level, and why it cannot be written, if so. Getters and proxies may throw. */
function look(key: string, value: unknown): readonly [held: unknown, level: Level, fault?: string | undefined] {
  const none: Level = { scalar: undefined };
  const given = value as { toJSON?: unknown; isValid?: unknown } | null | undefined;
  const isRead =
    (typeof value === "object" && value !== null) || typeof value === "function" || typeof value === "bigint";
  const toJSON = isRead ? given!.toJSON : undefined;
  let held = typeof toJSON === "function" ? (toJSON.call(value, key) as unknown) : value;
  // An invalid date of any library has null as its JSON.
  if (held === null && value !== null && isInvalidDate(given!)) return [held, none, "an invalid Date"];
  let tag = "";
  if (typeof held === "object" && held !== null) {
    tag = Object.prototype.toString.call(held);
    if (BOXED.test(tag)) held = held.valueOf();
  }
  if (typeof held === "function" || typeof held === "symbol" || (typeof held === "number" && !Number.isFinite(held)))
    return [held, none, named(held)];
  if (typeof held !== "object" || held === null) return [held, { scalar: held as string }];
  if (Object.getOwnPropertySymbols(held).some((name) => Object.prototype.propertyIsEnumerable.call(held, name)))
    return [held, none, "an object with a symbol as a name"];
  if (Array.isArray(held)) {
    const list: readonly unknown[] = held;
    // The result of `match`, for instance; names follow the indices.
    if (/\D/.test(Object.keys(list).pop() ?? "")) return [held, none, "a list with named members"];
    return [held, { items: Array.from({ length: list.length }, (_, index) => list[index]) }];
  }
  const members = Object.entries(held);
  const hides = OPAQUE.test(tag) || (members.length === 0 && (tag !== "[object Object]" || !isPlain(held)));
  return [held, { members }, hides ? named(held) : undefined];
}

/** An invalid Date, or an invalid date of dayjs, luxon or moment. */
function isInvalidDate(value: { isValid?: unknown }): boolean {
  const { isValid } = value;
  const tells = typeof isValid === "function" ? (isValid.call(value) as unknown) : isValid;
  return tells === false || Object.prototype.toString.call(value) === "[object Date]";
}

/** A plain object of any realm, or one without a prototype; it has no hidden content. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A name for it in messages. */
export function named(value: unknown): string {
  switch (typeof value) {
    case "bigint":
      return "a BigInt";
    case "number":
      return Number.isFinite(value) ? "a number" : String(value);
    case "object": {
      if (value === null) return "null";
      const tag = Object.prototype.toString.call(value).slice(8, -1);
      const own = tag === "Object" ? (value.constructor as { name?: unknown } | undefined)?.name : tag;
      const name = typeof own === "string" && own !== "" ? own : tag;
      return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
    }
    case "undefined":
      return "undefined";
    default:
      return `a ${typeof value}`;
  }
}

/** The names and values of an object, of pairs, or of an iterable of pairs. */
export function namedValues(given: unknown, owner: string, holder: string, expected: string): [string, unknown][] {
  const wrong = () => new TypeError(`${owner}: expected ${expected}`);
  if (typeof given !== "object" || given === null) throw wrong();
  if (Symbol.iterator in given) {
    return Array.from(given as Iterable<unknown>, (pair) => {
      if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string") throw wrong();
      return pair as [string, unknown];
    });
  }
  return new Trail(owner, holder).open("", given, (level) => {
    if (!("members" in level)) throw wrong();
    return level.members as [string, unknown][];
  });
}
