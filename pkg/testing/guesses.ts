/** What no public page shows and a mock has to choose: named, marked on each call, and open to another choice. */

import { checkOptions, type Rule } from "../src/call/check.js";
import type { Operation } from "./api/operation.js";
import { oneOf } from "./check.js";

/**
 * What of an answer is a guess: the operation as a whole, since the description has none like it; its status, since
 * no page shows it; its body or parts of it, since they are inferred from public clients and siblings, as transcripts
 * are, or undocumented, as the bodies of errors are.
 */
export type MockGuess = "operation" | "status" | "body";

/** What the mock does where the public pages leave it open. Each can be chosen otherwise. */
export interface MockGuesses {
  /** The status of a success with a body, where no page shows one. Default: 200. */
  readonly successStatus?: 200 | 201 | 202;
  /** The same without a body. Default: 204. */
  readonly emptyStatus?: 200 | 202 | 204;
  /** For parameters and bodies that the description does not allow. Default: 400. */
  readonly invalidStatus?: 400 | 422;
  /** For a key of the level that an operation does not take. Clients met 403; the pages have 401 alone. Default: 403. */
  readonly wrongLevelStatus?: 401 | 403;
  /** For a recording that is not there. Clients met both. Default: 404. */
  readonly noRecordingStatus?: 403 | 404;
  /** For a question that names neither conversations nor a deal. A client met 500. Default: 500. */
  readonly noSubjectStatus?: 400 | 500;
  /**
   * The form of a transcript: turns when `detailedTranscript` asks for them, else text; or always one form, `object`
   * being the empty one of the reference's samples. Default: `"asked"`.
   */
  readonly transcript?: "asked" | "turns" | "text" | "object" | "null";
  /** A history without entries: null, as a client met it, or an empty list. Default: `"null"`. */
  readonly emptyHistory?: "null" | "list";
  /**
   * How a deletion is told which key: `/api_keys/{id}`, `/api_keys?id=…`, or either. Default: `"any"`.
   */
  readonly keyDeletion?: "any" | "path" | "query";
}

/** The same, chosen. */
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

/** What of the mock's own answer to an operation is a guess. */
export function guessesOf(operation: Operation | undefined, status: number, hasBody: boolean): readonly MockGuess[] {
  const body: readonly MockGuess[] = hasBody && (status >= 300 || operation?.isInferred !== false) ? ["body"] : [];
  if (operation === undefined) return ["operation", "status", ...body];
  return [...(operation.shown.includes(status) ? [] : (["status"] as const)), ...body];
}
