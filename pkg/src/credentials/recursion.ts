/**
 * Detects a credential function that calls its own client: the call would wait for the function, and the function for
 * the call.
 */

import type { Credential } from "./provider.js";

/** A call of a credential function, and the one that it was made in. */
interface Question {
  readonly source: unknown;
  readonly before: Question | undefined;
  isRunning: boolean;
}

/** The part of Node's `AsyncLocalStorage` that is used; Deno, Bun and most edge runtimes have it too. */
interface Storage {
  run<T>(question: Question, act: () => T): T;
  getStore(): Question | undefined;
  disable(): void;
}

interface Globals {
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: new () => Storage } | undefined;
  };
  readonly AsyncLocalStorage?: new () => Storage;
}

/** The synchronous part of a function, before its first `await`. */
let inside: Question | undefined;
/** The rest of a function, if the runtime can track it; otherwise null. */
let storage: Storage | null | undefined;
let running = 0;

/** Calls the function. */
export async function asking(source: Exclude<Credential, string>): Promise<unknown> {
  storage ??= open();
  const question: Question = { source, before: innermost(), isRunning: true };
  const begin = (): unknown => {
    const before = inside;
    inside = question;
    try {
      return source();
    } finally {
      inside = before;
    }
  };
  running++;
  try {
    return await (storage === null ? begin() : storage.run(question, begin));
  } finally {
    question.isRunning = false;
    if (--running === 0) disable();
  }
}

/** In Node before 24, it slows down every promise while it is enabled; in workerd, it is always enabled. */
function disable(): void {
  try {
    storage?.disable();
  } catch {
    // Not implemented there.
  }
}

/** Whether the current code runs within an unfinished call of one of these functions. */
export function isAsked(sources: readonly unknown[]): boolean {
  if (running === 0) return false;
  for (let question = innermost(); question !== undefined; question = question.before) {
    if (question.isRunning && sources.includes(question.source)) return true;
  }
  return false;
}

function innermost(): Question | undefined {
  return inside ?? storage?.getStore();
}

function open(): Storage | null {
  const here = globalThis as unknown as Globals;
  // Loaded by name at run time; bundlers would try to resolve an import.
  const Made = here.AsyncLocalStorage ?? here.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
  return Made === undefined ? null : new Made();
}
