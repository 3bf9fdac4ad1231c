/**
 * Faults that are selected by path, for tests behind a proxy, which drops
 * unknown headers but forwards the path.
 *
 * `/v2/_mock/slow/1500/cut/100/conversations` is `GET /v2/conversations`, delayed
 * by 1,500 ms and cut after 100 bytes. Each step takes its arguments from the
 * path; a path that ends after a step answers `{"ok":true}`.
 */

import type { HeaderList } from "./answer.js";
import { type Split, splitBase } from "./base-path.js";
import { ERROR_BODIES, LONGEST_WAIT, type MockErrorBody, type MockFaults } from "./faults.js";

/** Below the base, like the operations. */
export const FAULT_ROOT = "/_mock/";

/** The source of the response, after the faults. */
export type Source =
  /** Without a base, there is no path. */
  | { readonly kind: "route"; readonly path: Split | undefined }
  | { readonly kind: "ok" }
  | { readonly kind: "echo" }
  | { readonly kind: "huge"; readonly size: number }
  | { readonly kind: "events"; readonly count: number; readonly everyMs: number }
  | { readonly kind: "redirect"; readonly status: number; readonly to: string };

/** A parsed path. */
export interface Plan {
  readonly source: Source;
  readonly faults: MockFaults;
  /** Set by `flaky`: the faults apply only to this many first calls of this path and query. */
  readonly failures: number | null;
  /** Set by `early`: answer before reading the body. */
  readonly early: boolean;
}

type Draft = { -readonly [Field in keyof Plan]: Plan[Field] };

/** The syntax of each step, which the refusal of an unknown path prints. */
const STEPS = {
  slow: "slow/MILLISECONDS",
  drip: "drip/BYTES/MILLISECONDS",
  cut: "cut/BYTES",
  status: "status/CODE?body=FORM",
  "retry-after": "retry-after/SECONDS-OR-TEXT, or retry-after/in-SECONDS for a date",
  flaky: "flaky/FAILURES",
  early: "early",
  huge: "huge/BYTES",
  echo: "echo",
  redirect: "redirect/CODE?to=URL",
  sse: "sse/EVENTS?ms=MILLISECONDS",
} as const;

/** The plan of a path, or a string with its problem. */
export function plan(url: URL, now: number, basePath: string | undefined): Plan | string {
  const path = splitBase(url.pathname, basePath);
  if (!path?.rest.startsWith(FAULT_ROOT)) return plain({ kind: "route", path });
  const { base } = path;
  const rest = path.rest
    .slice(FAULT_ROOT.length)
    .split("/")
    .filter((part) => part !== "");
  const draft: Draft = plain({ kind: "ok" });
  try {
    const given: Given = { rest, query: url.searchParams, now, base };
    while (rest.length > 0 && draft.source.kind === "ok") {
      if (Object.hasOwn(STEPS, rest[0]!)) step(draft, rest.shift() as keyof typeof STEPS, given);
      else draft.source = { kind: "route", path: { base, rest: `/${rest.splice(0).join("/")}` } };
    }
    if (rest.length > 0) return `nothing may follow ${draft.source.kind}`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
  return draft;
}

function plain(source: Source): Plan {
  return { source, faults: {}, failures: null, early: false };
}

/** The input of a path's steps. */
interface Given {
  /** The remaining segments. */
  readonly rest: string[];
  readonly query: URLSearchParams;
  readonly now: number;
  readonly base: string;
}

function step(draft: Draft, name: keyof typeof STEPS, { rest, query, now, base }: Given): void {
  const number = (least: number, most: number) => whole(rest.shift(), least, most, name);
  const bytes = () => number(0, Number.MAX_SAFE_INTEGER);
  const add = (faults: MockFaults) => {
    draft.faults = { ...draft.faults, ...faults };
  };
  switch (name) {
    case "slow":
      add({ delayMs: number(0, LONGEST_WAIT) });
      return;
    case "drip":
      add({ drip: { bytes: number(1, Number.MAX_SAFE_INTEGER), ms: number(0, LONGEST_WAIT) } });
      return;
    case "cut":
      add({ cutAfter: bytes() });
      return;
    case "status":
      add({ status: number(200, 599), errorBody: errorBody(query.get("body")) });
      return;
    case "retry-after": {
      // By itself it is a 429; a later status step changes that.
      const headers: HeaderList = [...(draft.faults.headers ?? []), ["retry-after", moment(rest.shift(), now)]];
      add({ status: draft.faults.status ?? 429, headers });
      return;
    }
    case "flaky":
      draft.failures = number(0, Number.MAX_SAFE_INTEGER);
      return;
    case "early":
      draft.early = true;
      return;
    case "huge":
      draft.source = { kind: "huge", size: bytes() };
      return;
    case "echo":
      draft.source = { kind: "echo" };
      return;
    case "redirect":
      draft.source = { kind: "redirect", status: number(300, 399), to: query.get("to") ?? `${base}/users` };
      return;
    case "sse": {
      const everyMs = whole(query.get("ms") ?? "0", 0, LONGEST_WAIT, name);
      draft.source = { kind: "events", count: number(0, Number.MAX_SAFE_INTEGER), everyMs };
    }
  }
}

function whole(text: string | undefined, least: number, most: number, step: keyof typeof STEPS): number {
  const value = /^\d{1,16}$/.test(text ?? "") ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new RangeError(`expected ${STEPS[step]}, with a whole number from ${least} to ${most}`);
}

function errorBody(form: string | null): MockErrorBody {
  if (form === null) return "json";
  if (ERROR_BODIES[0](form)) return form as MockErrorBody;
  throw new RangeError(`body: expected ${ERROR_BODIES[1]}`);
}

function moment(text: string | undefined, now: number): string {
  if (text === undefined) throw new RangeError(`expected ${STEPS["retry-after"]}`);
  const ahead = /^in-(\d{1,9})$/.exec(text);
  if (ahead !== null) return new Date(now + Number(ahead[1]) * 1000).toUTCString();
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("retry-after: the text is not valid percent-encoding");
  }
}
