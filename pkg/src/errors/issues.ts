/**
 * Finds the errors of single fields in an error's body. The API documents no format, so the usual ones are recognized:
 * lists of JSON:API, RFC 9457 and 7807 and several validators, and objects with a member for each field.
 */

import type { Issue } from "./errors.js";

const LISTS = [
  "errors",
  "issues",
  "violations",
  "fieldViolations",
  "invalid-params",
  "invalid_params",
  "details",
  "detail",
  "message",
  "messages",
  "fieldErrors",
];
/** Those that may have a member for each field. */
const BY_FIELD = /rrors$|^messages$/;
const MESSAGES = ["detail", "message", "msg", "defaultMessage", "reason", "description", "title", "error"];
const FIELDS = [
  "pointer",
  "field",
  "parameter",
  "param",
  "path",
  "loc",
  "name",
  "property",
  "attribute",
  "header",
  "propertyPath",
  "instancePath",
  "dataPath",
  "target",
  "location",
];
const CODES = ["code", "type"];

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

/** The reported problems in the server's order; empty if there are none. */
export function issuesOf(body: unknown): Issue[] {
  if (!isObject(body)) return [];
  if (Array.isArray(body)) return listed(body, false);
  const { error } = body;
  const places = [body, error, isObject(error) && error.details].filter(isObject);
  for (const place of places) {
    for (const name of LISTS) {
      const found = listed(place[name], BY_FIELD.test(name));
      if (found.length > 0) return found;
    }
  }
  // Nothing but a list of texts for each field.
  if (Object.values(body).every((held) => Array.isArray(held) && held.every((each) => typeof each === "string")))
    return listed(body, true);
  // A single problem that names its field.
  return places
    .reverse()
    .flatMap((place) => one(place))
    .filter(({ field }) => field !== undefined)
    .slice(0, 1);
}

function listed(list: unknown, isByField: boolean): Issue[] {
  if (Array.isArray(list)) return list.flatMap((item) => one(item));
  if (!isByField || !isObject(list)) return [];
  return Object.entries(list).flatMap(([field, held]) =>
    (Array.isArray(held) ? held : [held]).flatMap((item) => one(item).map((issue) => ({ ...issue, field }))),
  );
}

function one(item: unknown): Issue[] {
  if (typeof item === "string") return [{ field: undefined, message: item, code: undefined }];
  if (!isObject(item)) return [];
  const inner = item.fieldViolations;
  if (Array.isArray(inner)) return listed(inner, false);
  const code = textOf(item, CODES) ?? (isObject(item.extensions) ? textOf(item.extensions, CODES) : undefined);
  const message = textOf(item, MESSAGES) ?? code;
  const field = (isObject(item.source) ? textOf(item.source, FIELDS) : undefined) ?? textOf(item, FIELDS);
  return message === undefined ? [] : [{ field, message, code }];
}

/** The first of these members that is text, or a list of path segments. */
function textOf(item: Json, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = item[name];
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number") return String(value);
    if (names === FIELDS && Array.isArray(value) && value.length > 0) {
      const path = value.map((each: unknown) => (isObject(each) ? each.key : each));
      if (path.every((each) => ["string", "number"].includes(typeof each))) return path.join(".");
    }
  }
  return undefined;
}
