/** Routes: a table of methods, path patterns and responses. */

import type { Guesses } from "../guesses.js";
import type { MockKey } from "../keys.js";
import type { JsonObject } from "./shape.js";

export type { JsonObject } from "./shape.js";

/** An admitted call that follows the description. */
export interface Call {
  /** The part of the path before the operation, such as `/v2`. */
  readonly base: string;
  readonly url: URL;
  readonly query: URLSearchParams;
  /** The described members; empty without a body. */
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
  /** Undocumented parameters that it accepts: a guess of the mock. */
  readonly guessedQuery?: readonly string[];
  /** The body of the response, or undefined. The status comes from the description. */
  answer(call: Call): unknown;
}

/** A response with its own status, for operations with two kinds of success. */
export class Answered {
  readonly status: number;
  readonly value: unknown;
  constructor(status: number, value: unknown) {
    this.status = status;
    this.value = value;
  }
}

/** A refusal, thrown by a route. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The result of looking up a path. */
export type Match =
  | { readonly route: Route; readonly params: ReadonlyMap<string, string> }
  /** The path exists only for these methods. */
  | { readonly allow: readonly string[] };

export class Router {
  private readonly rows: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    // A literal segment precedes a parameter: /conversations/list is not a conversation.
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
