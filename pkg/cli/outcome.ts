// How a command ends.

/** Exit codes, as `attention-wasm --help` and docs/keys.md list them. */
export const EXIT = {
  ok: 0,
  /** Something was found that needs a person. */
  found: 1,
  /** The command was called wrongly, or a credential it was given is none. */
  usage: 2,
  /** The API refuses the credential. */
  refused: 3,
  /** The API, a Worker or a program that was asked does not answer as it should. */
  api: 4,
  /** It is not done yet: `--resume` goes on, later. */
  waiting: 5,
  interrupted: 130,
} as const;

export type Exit = keyof typeof EXIT;

/** A command that cannot go on, with a message for a person. Neither holds a secret. */
export class Failed extends Error {
  readonly exit: Exit;
  /** What to do. */
  readonly next: string | undefined;

  constructor(exit: Exit, message: string, next?: string) {
    super(message);
    this.name = "Failed";
    this.exit = exit;
    this.next = next;
  }
}
