/** Routes: a table of method, path pattern and answer. */

import type { MockKey, MockKeyLevel } from "../keys.js";

/** One call, past the door. */
export interface Call {
  readonly url: URL;
  readonly query: URLSearchParams;
  readonly key: MockKey;
  readonly now: number;
  /** The value of `{name}` in the route's path. */
  param(name: string): string;
  /** The body as a JSON object, checked against `fields`; 400 when it is something else. */
  object(fields?: Fields): Promise<JsonObject>;
}

export type JsonObject = { [name: string]: unknown };

/** Name → JSON type; a trailing `!` makes the field required. */
export type Fields = { readonly [name: string]: JsonType | `${JsonType}!` };
type JsonType = "string" | "number" | "boolean" | "array" | "object";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/v2`, such as `/conversations/{id}`. */
  readonly path: string;
  /** The only level of key that it takes; any, when absent. */
  readonly level?: MockKeyLevel;
  answer(call: Call): Response | Promise<Response>;
}

/** An answer other than success, thrown by a route. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the table says of a path. */
export type Match =
  | { readonly route: Route; readonly params: ReadonlyMap<string, string> }
  /** The path exists for these methods only. */
  | { readonly allow: readonly string[] };

export class Router {
  private readonly rows: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    // A literal segment wins over a parameter: /conversations/list is no conversation.
    this.rows = routes
      .map((route) => ({ route, parts: split(route.path) }))
      .sort((a, b) => order(a.parts).localeCompare(order(b.parts)));
  }

  find(method: string, path: string): Match | undefined {
    const parts = split(path);
    const allow = new Set<string>();
    for (const row of this.rows) {
      const params = match(row.parts, parts);
      if (params === undefined) continue;
      if (row.route.method === method) return { route: row.route, params };
      allow.add(row.route.method);
    }
    return allow.size === 0 ? undefined : { allow: [...allow] };
  }
}

function split(path: string): string[] {
  return path.split("/").slice(1);
}

function order(parts: readonly string[]): string {
  return parts.map((part) => (part.startsWith("{") ? "1" : "0")).join("");
}

function match(pattern: readonly string[], parts: readonly string[]): Map<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params = new Map<string, string>();
  for (const [index, wanted] of pattern.entries()) {
    const part = parts[index]!;
    if (!wanted.startsWith("{")) {
      if (part !== wanted) return undefined;
    } else {
      const value = decode(part);
      if (value === undefined || value === "") return undefined;
      params.set(wanted.slice(1, -1), value);
    }
  }
  return params;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** A JSON object with the fields that it must have, of the types they must have. */
export function readObject(text: string, fields: Fields): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused(400, "The body is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refused(400, "The body is not a JSON object");
  }
  for (const [name, type] of Object.entries(fields)) {
    const held: unknown = Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
    if (held === undefined || held === null) {
      if (type.endsWith("!")) throw new Refused(400, `${name} is required`);
    } else if ((Array.isArray(held) ? "array" : typeof held) !== type.replace("!", "")) {
      throw new Refused(400, `${name} must be of type ${type.replace("!", "")}`);
    }
  }
  return value as JsonObject;
}
