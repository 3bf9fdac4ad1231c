// The findings of `doctor` and `init`, and their output.
import { say, type Tone, tinted } from "./terminal.js";

export type Status = "ok" | "notice" | "warning" | "bad";

/** One finding: a fact, and what to do about it. */
export interface Check {
  readonly area: string;
  readonly status: Status;
  readonly message: string;
  readonly next?: string | undefined;
}

const MARKS: Readonly<Record<Status, readonly [Tone, string]>> = {
  ok: ["good", "ok     "],
  notice: ["notice", "note   "],
  warning: ["warning", "warning"],
  bad: ["bad", "wrong  "],
};

/** Prints the findings by area, each followed by its next step. */
export function show(checks: readonly Check[]): void {
  let area = "";
  for (const { status, message, next, area: its } of checks) {
    if (its !== area) say(`${area === "" ? "" : "\n"}${tinted("strong", its)}`);
    area = its;
    const [tone, mark] = MARKS[status];
    say(`  ${tinted(tone, mark)} ${message}`);
    if (next !== undefined) say(`          ${tinted("soft", `next: ${next}`)}`);
  }
}

export const isBad = (checks: readonly Check[]) => checks.some(({ status }) => status === "bad");
