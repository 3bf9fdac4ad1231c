/** Operations of the API's description, and checks of calls against them. */

import { faultOf, type JsonObject, pruned, type Shape } from "./shape.js";

/** The level of keys that an operation accepts: one, either, or unknown. */
export type OperationLevel = "organization" | "user" | "either" | "unknown";

/** One operation of the description. */
export interface Operation {
  /** The documented statuses. Others are guesses. */
  readonly shown: readonly number[];
  readonly level: OperationLevel;
  /** Whether its page was not read, or a part of its response is undocumented. */
  readonly isInferred: boolean;
  readonly query: { readonly [name: string]: Parameter };
  readonly body?: Shape;
  readonly needsBody?: boolean;
}

/** A parameter of the query. */
export interface Parameter {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  /** For an array, the items' type. */
  readonly enum?: readonly string[];
  readonly required?: boolean;
}

/** The problem of a query, in words; undefined if it is valid. */
export function queryFault(query: URLSearchParams, parameters: Operation["query"]): string | undefined {
  for (const [name, parameter] of Object.entries(parameters)) {
    const given = valuesOf(query, name);
    if (given === undefined) {
      if (parameter.required === true) return `${name} is required`;
      continue;
    }
    const fault = parameterFault(given, parameter);
    if (fault !== undefined) return `${name} ${fault}`;
  }
  return undefined;
}

/** The unknown parameters, each once. */
export function unknownNames(query: URLSearchParams, known: readonly string[]): readonly string[] {
  return [...new Set(query.keys())].filter(
    (name) => !known.includes(name) && !known.includes(name.replace(/\[\]$/, "")),
  );
}

/** The form of arrays is undocumented; repeated names and commas are both accepted. */
export function valuesOf(query: URLSearchParams, name: string): readonly string[] | undefined {
  const all = [...query.getAll(name), ...query.getAll(`${name}[]`)];
  return all.length === 0 ? undefined : all.flatMap((value) => value.split(","));
}

function parameterFault(given: readonly string[], parameter: Parameter): string | undefined {
  const { type, format, minimum = 0, maximum = Infinity, maxItems = Infinity, enum: values } = parameter;
  if (type === "array") {
    if (given.length > maxItems) return `takes ${maxItems} values at most`;
    return values?.length && !given.every((each) => values.includes(each))
      ? `must be of ${values.join(", ")}`
      : undefined;
  }
  const text = given.join(",");
  if (type === "integer") {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= minimum && value <= maximum) return undefined;
    return `must be a whole number from ${minimum}${maximum === Infinity ? "" : ` to ${maximum}`}`;
  }
  if (type === "boolean") return text === "true" || text === "false" ? undefined : "must be true or false";
  if (format === "date-time") return Number.isNaN(Date.parse(text)) ? "must be an ISO 8601 date and time" : undefined;
  if (format === "uri") return URL.canParse(text) ? undefined : "must be a URL";
  return values === undefined || values.includes(text) ? undefined : `must be one of ${values.join(", ")}`;
}

/** The body without undescribed members, or a text with its problem. */
export function readBody(text: string, { body: shape, needsBody }: Operation): JsonObject | string {
  if (shape === undefined || (text === "" && needsBody !== true)) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "The body is not JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body is not a JSON object";
  return faultOf(value, shape, "") ?? (pruned(value, shape) as JsonObject);
}
