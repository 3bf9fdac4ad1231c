/**
 * A function that gives a credential must not call the client that it gives it to: the call would wait for the
 * function, and the function for the call.
 */

import type { Credential } from "./provider.js";

/** A question to a function, and the one that led to it. */
interface Question {
  readonly source: unknown;
  readonly before: Question | undefined;
  isRunning: boolean;
}

/** Of Node's `AsyncLocalStorage`, which Deno, Bun and most edge runtimes have too. */
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

/** What runs in a function before its first `await`. */
let inside: Question | undefined;
/** What runs in one after that, where the runtime can tell; null where it cannot. */
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

/** Node before 24 pays for it at every promise as long as it is enabled; workerd has it enabled always. */
function disable(): void {
  try {
    storage?.disable();
  } catch {
    // Not implemented there.
  }
}

/** Whether the code that runs now belongs to a question to one of these functions that has yet to be answered. */
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
  // By its name at run time: an import would have bundlers look for it.
  const Made = here.AsyncLocalStorage ?? here.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
  return Made === undefined ? null : new Made();
}
