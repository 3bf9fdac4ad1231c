/** The part of JSON Schema that the description uses for requests. */

export type JsonObject = { [name: string]: unknown };

/** The allowed values. */
export interface Shape {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly properties?: { readonly [name: string]: Shape };
  readonly required?: readonly string[];
  readonly items?: Shape;
}

/** RFC 3339, for `format: date-time`. */
const DATE_TIME = /^(\d{4}-\d{2}-(\d{2}))T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;

/** The problem of a value and its place, in words; undefined if it is valid. */
export function faultOf(value: unknown, shape: Shape, at: string): string | undefined {
  const { type, enum: values } = shape;
  const types = type === undefined ? [] : [type].flat();
  const what = at === "" ? "The body" : at;
  if (types.length > 0 && !types.some((each) => isOf(value, each)))
    return `${what} must be of type ${types.join(" or ")}`;
  if (values !== undefined && !values.includes(value)) return `${what} must be one of ${values.join(", ")}`;
  if (typeof value === "string") return textFault(value, shape, what);
  if (typeof value === "number") {
    const { minimum = -Infinity, maximum = Infinity } = shape;
    return value < minimum || value > maximum ? `${what} must be from ${minimum} to ${maximum}` : undefined;
  }
  if (Array.isArray(value)) return listFault(value, shape, what);
  return typeof value === "object" && value !== null ? objectFault(value as JsonObject, shape, at) : undefined;
}

function isOf(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function textFault(value: string, { format, minLength = 0, maxLength = Infinity }: Shape, what: string) {
  // Counted in code points, as in JSON Schema.
  const { length } = [...value];
  if (length < minLength || length > maxLength) return `${what} must have ${minLength} to ${maxLength} characters`;
  return format === "date-time" && !isDateTime(value) ? `${what} must be an RFC 3339 date and time` : undefined;
}

function isDateTime(value: string): boolean {
  const [, date, day] = DATE_TIME.exec(value) ?? [];
  // `Date.parse` accepts 30 February and returns 2 March.
  return date !== undefined && !Number.isNaN(Date.parse(value)) && new Date(date).getUTCDate() === Number(day);
}

function listFault(value: readonly unknown[], { items, minItems = 0, maxItems = Infinity }: Shape, what: string) {
  if (value.length < minItems || value.length > maxItems) return `${what} must have ${minItems} to ${maxItems} items`;
  if (items === undefined) return undefined;
  return first(value.entries(), ([index, item]) => faultOf(item, items, `${what}[${index}]`));
}

function objectFault(value: JsonObject, { properties = {}, required = [], minProperties = 0 }: Shape, at: string) {
  const named = (name: string) => (at === "" ? name : `${at}.${name}`);
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${named(missing)} is required`;
  if (Object.keys(value).length < minProperties) return `${at || "The body"} must have a member`;
  return first(Object.entries(properties), ([name, each]) =>
    Object.hasOwn(value, name) ? faultOf(value[name], each, named(name)) : undefined,
  );
}

function first<Item>(items: Iterable<Item>, fault: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value without undescribed members. If none are described, all are kept; URNs are always kept. */
export function pruned(value: unknown, shape: Shape | undefined): unknown {
  if (Array.isArray(value)) return value.map((each) => pruned(each, shape?.items));
  if (typeof value !== "object" || value === null || shape?.properties === undefined) return value;
  const { properties } = shape;
  const known = Object.entries(value).filter(([name]) => Object.hasOwn(properties, name) || name.startsWith("urn:"));
  return Object.fromEntries(known.map(([name, each]) => [name, pruned(each, properties[name])]));
}
