// The output of a rotation.
import { say, tinted } from "../terminal.js";
import type { Stop } from "./driver.js";
import type { End, Outcome, Question, Report, Work } from "./steps.js";

const WELL: ReadonlySet<Report["kind"]> = new Set<Report["kind"]>([
  "keys",
  "created",
  "taken",
  "accepted",
  "delivered",
  "verified",
  "cleared",
  "deleted",
  "not_found",
]);

/** A line of the transcript: a step in the past tense. */
export function titleOf(step: Work): string {
  switch (step.kind) {
    case "list":
      return `listed the keys of the organisation, with the ${step.with} key`;
    case "create":
      return `created a key named ${step.name}`;
    case "take":
      return "received the new key";
    case "try":
      return `called the API with the ${step.key} key (${step.fingerprint})`;
    case "deliver":
      return `${step.place}: delivered the ${step.key} key (${step.fingerprint}) as its ${step.slot} key`;
    case "verify":
      return `${step.place}: verified that ${step.fingerprint} is its ${step.slot} key`;
    case "clear_next":
      return `${step.place}: removed its second key`;
    case "delete":
      return `deleted the ${step.key} key (id ${step.id})`;
  }
}

/** Whether a step succeeded. After a deletion, a refusal is the expected proof. */
export const isWell = (report: Report) => WELL.has(report.kind) || report.kind === "rejected";

export function tellStep(step: Work, { report, why }: Outcome): void {
  const because = why === undefined ? "" : `: ${why}`;
  if (report.kind === "rejected") {
    const key = `the ${step.kind === "try" ? `${step.key} key (${step.fingerprint})` : "key"}`;
    say(`  ${tinted("notice", "401    ")} called the API, which refused ${key}`);
  } else if (WELL.has(report.kind)) say(`  ${tinted("good", "done   ")} ${titleOf(step)}`);
  else say(`  ${tinted("warning", "not yet")} ${titleOf(step)} (${report.kind.replaceAll("_", " ")})${because}`);
}

export function tellQuestion({ message, place, wayOn, wayBack, answers }: Question, why: string | undefined): void {
  say(`\n${tinted("bad", "A decision is needed:")} ${place === null ? "" : `${place}: `}${message}`);
  if (why !== undefined) say(`  message:  ${why}`);
  say(`  continue: ${wayOn}\n  go back:  ${wayBack}`);
  for (const [at, { code, message: does }] of answers.entries()) say(`  ${at + 1}. ${code}: ${does}`);
}

/** How to delete a key in the app, from Attention's page on keys. */
export const DELETION_STEPS = [
  "In the Attention app, open Settings, API keys, as an Admin.",
  "Find the key by its name or id, and check that it is the right one.",
  "Delete it: it stops working at once.",
];

const ENDINGS: Readonly<Record<End["ending"], string>> = {
  rotated: "All places use the new key.",
  rolled_back: "All places use the old key again.",
  abandoned: "Nothing was changed: no place received a key.",
};
const PROOFS = {
  rejected: "The other key is deleted: the API accepted it before, and now answers 401.",
  unlisted: "The other key is deleted: the API's complete list of keys no longer has it.",
  confirmed: "The other key is deleted according to you; there is no other proof.",
} as const;

export function tellEnd({ ending, proof, strays, unaccounted, left }: End): void {
  say(`\n${tinted(ending === "rotated" ? "good" : "notice", ENDINGS[ending])}`);
  if (proof !== null) say(PROOFS[proof]);
  if (left !== null)
    say(tinted("warning", `The ${left} key still exists: delete it in the app when nothing uses it any more.`));
  for (const stray of strays) {
    const named = "id" in stray ? `id ${stray.id}` : `fingerprint ${stray.fingerprint}`;
    say(tinted("warning", `An unused key still exists: ${named}. Delete it in the app.`));
  }
  if (unaccounted > 0)
    say(
      tinted(
        "warning",
        `${unaccounted} more may exist, because a response was lost. Look for the new key's name in the app.`,
      ),
    );
}

export function tellStop(stop: Stop, command: string): void {
  switch (stop.kind) {
    case "ended":
      tellEnd(stop.end);
      return;
    case "asking":
      say(`\n  next: ${command} --answer ${stop.question.answers[0]!.code}, or another of these`);
      return;
    case "waiting":
      say(`\nThe other key must stay unused until ${new Date(stop.until).toISOString()}.\n  next: ${command}`);
  }
}
