/** Routes: a table of method, path pattern and answer. */

import type { Guesses } from "../guesses.js";
import type { MockKey } from "../keys.js";
import type { JsonObject } from "./shape.js";

export type { JsonObject } from "./shape.js";

/** One call that was admitted and keeps to the description. */
export interface Call {
  /** What stands before the operation in the path, such as `/v2`. */
  readonly base: string;
  readonly url: URL;
  readonly query: URLSearchParams;
  /** The members that the description names; empty when there is no body. */
  readonly body: JsonObject;
  readonly key: MockKey;
  readonly now: number;
  readonly guesses: Guesses;
  /** The value of `{name}` in the route's path. */
  param(name: string): string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the base, such as `/conversations/{id}`. */
  readonly path: string;
  /** Parameters that it takes although no page names them: the mock's guess. */
  readonly guessedQuery?: readonly string[];
  /** What the body of the answer holds, undefined for none. The status is the description's. */
  answer(call: Call): unknown;
}

/** An answer with a status of its own, where an operation has two kinds of success. */
export class Answered {
  readonly status: number;
  readonly value: unknown;
  constructor(status: number, value: unknown) {
    this.status = status;
    this.value = value;
  }
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
