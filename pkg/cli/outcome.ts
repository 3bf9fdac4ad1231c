// The results of commands.

/** Exit codes, as `attention-wasm --help` and docs/keys.md list them. */
export const EXIT = {
  ok: 0,
  /** A finding, or a decision that a person must make. */
  found: 1,
  /** Wrong usage, or the given key is not a key. */
  usage: 2,
  /** The API refuses the credential. */
  refused: 3,
  /** The API, a Worker or another program failed. */
  api: 4,
  /** Not finished: run it again later with `--resume`. */
  waiting: 5,
  interrupted: 130,
} as const;

export type Exit = keyof typeof EXIT;

/** A command that cannot continue, with a message and a next step. Neither contains a secret. */
export class Failed extends Error {
  readonly exit: Exit;
  /** What to do next. */
  readonly next: string | undefined;

  constructor(exit: Exit, message: string, next?: string) {
    super(message);
    this.name = "Failed";
    this.exit = exit;
    this.next = next;
  }
}
