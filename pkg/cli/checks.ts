// What `doctor` and `init` find, and how it is shown.
import { say, type Tone, tinted } from "./terminal.js";

export type Status = "ok" | "notice" | "warning" | "bad";

/** One finding: what is so, and what to do about it. */
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

/** The findings, area by area, each with its next step beneath. */
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
