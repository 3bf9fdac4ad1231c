/** Undocumented behaviour that a mock must choose. Each guess is named, marked on each call, and can be changed. */

import { checkOptions, type Rule } from "../src/call/check.js";
import type { Operation } from "./api/operation.js";
import { oneOf } from "./check.js";

/**
 * The guessed part of a response: the whole operation, if the description does not have it; its status, if it is
 * undocumented; its body or a part of it, if it is inferred from public clients and similar operations (transcripts) or
 * undocumented (error bodies).
 */
export type MockGuess = "operation" | "status" | "body";

/** The mock's behaviour where the documentation is silent. Each choice can be changed. */
export interface MockGuesses {
  /** The status of a success with a body, if it is undocumented. Default: 200. */
  readonly successStatus?: 200 | 201 | 202;
  /** The same without a body. Default: 204. */
  readonly emptyStatus?: 200 | 202 | 204;
  /** For parameters and bodies that the description does not allow. Default: 400. */
  readonly invalidStatus?: 400 | 422;
  /**
   * For a key of a level that the operation does not accept. Clients received 403; only 401 is documented. Default:
   * 403.
   */
  readonly wrongLevelStatus?: 401 | 403;
  /** For a missing recording. Clients received both. Default: 404. */
  readonly noRecordingStatus?: 403 | 404;
  /** For a question without conversations and deal. A client received 500. Default: 500. */
  readonly noSubjectStatus?: 400 | 500;
  /**
   * The form of a transcript: turns if `detailedTranscript` requests them, else text; or always one form. `object` is
   * the empty one of the reference's samples. Default: `"asked"`.
   */
  readonly transcript?: "asked" | "turns" | "text" | "object" | "null";
  /** A history without entries: null, as a client received it, or an empty list. Default: `"null"`. */
  readonly emptyHistory?: "null" | "list";
  /**
   * How a deletion names its key: `/api_keys/{id}`, `/api_keys?id=…`, or either. Default: `"any"`.
   */
  readonly keyDeletion?: "any" | "path" | "query";
}

/** The same with defaults filled in. */
export type Guesses = { readonly [Name in keyof MockGuesses]-?: Exclude<MockGuesses[Name], undefined> };

const among = (...values: readonly number[]): Rule => [
  (value) => values.includes(value as number),
  values.join(" or "),
];

const RULES: { readonly [Name in keyof Guesses]: Rule } = {
  successStatus: among(200, 201, 202),
  emptyStatus: among(200, 202, 204),
  invalidStatus: among(400, 422),
  wrongLevelStatus: among(401, 403),
  noRecordingStatus: among(403, 404),
  noSubjectStatus: among(400, 500),
  transcript: oneOf("asked", "turns", "text", "object", "null"),
  emptyHistory: oneOf("null", "list"),
  keyDeletion: oneOf("any", "path", "query"),
};

const DEFAULTS: Guesses = {
  successStatus: 200,
  emptyStatus: 204,
  invalidStatus: 400,
  wrongLevelStatus: 403,
  noRecordingStatus: 404,
  noSubjectStatus: 500,
  transcript: "asked",
  emptyHistory: "null",
  keyDeletion: "any",
};

export function chosen(guesses: MockGuesses): Guesses {
  checkOptions("mockAttention.guesses", guesses, RULES);
  const given = Object.entries(guesses).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}

/** The guessed parts of the mock's own response to an operation. */
export function guessesOf(operation: Operation | undefined, status: number, hasBody: boolean): readonly MockGuess[] {
  const body: readonly MockGuess[] = hasBody && (status >= 300 || operation?.isInferred !== false) ? ["body"] : [];
  if (operation === undefined) return ["operation", "status", ...body];
  return [...(operation.shown.includes(status) ? [] : (["status"] as const)), ...body];
}
