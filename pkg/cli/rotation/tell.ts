// A rotation in words.
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

/** What a step does, in the past tense: a line of the transcript. */
export function titleOf(step: Work): string {
  switch (step.kind) {
    case "list":
      return `listed the keys of the organisation, with the ${step.with} key`;
    case "create":
      return `made a key named ${step.name}`;
    case "take":
      return "took the new key";
    case "try":
      return `called the API with the ${step.key} key (${step.fingerprint})`;
    case "deliver":
      return `${step.place}: delivered the ${step.key} key (${step.fingerprint}) as the ${step.slot} one`;
    case "verify":
      return `${step.place}: verified that ${step.fingerprint} is its ${step.slot} key`;
    case "clear_next":
      return `${step.place}: took the key out of the second place`;
    case "delete":
      return `deleted the ${step.key} key (id ${step.id})`;
  }
}

/** Whether a step did what its title says. After a deletion, a refusal is the proof that was wanted. */
export const isWell = (report: Report) => WELL.has(report.kind) || report.kind === "rejected";

export function tellStep(step: Work, { report, why }: Outcome): void {
  const because = why === undefined ? "" : `: ${why}`;
  if (report.kind === "rejected") {
    const key = `the ${step.kind === "try" ? `${step.key} key (${step.fingerprint})` : "key"}`;
    say(`  ${tinted("notice", "401    ")} called the API, which does not accept ${key}`);
  } else if (WELL.has(report.kind)) say(`  ${tinted("good", "done   ")} ${titleOf(step)}`);
  else say(`  ${tinted("warning", "not yet")} ${titleOf(step)} (${report.kind.replaceAll("_", " ")})${because}`);
}

export function tellQuestion({ message, place, wayOn, wayBack, answers }: Question, why: string | undefined): void {
  say(`\n${tinted("bad", "A person has to decide:")} ${place === null ? "" : `${place}: `}${message}`);
  if (why !== undefined) say(`  said: ${why}`);
  say(`  on:   ${wayOn}\n  back: ${wayBack}`);
  for (const [at, { code, message: does }] of answers.entries()) say(`  ${at + 1}. ${code}: ${does}`);
}

/** How a person deletes a key, as Attention's page on keys has it. */
export const DELETION_STEPS = [
  "In the Attention app, open Settings and its API keys, as an Admin.",
  "Find the key by its name or id, and see that it is the right one.",
  "Delete it: it stops working at once.",
];

const ENDINGS: Readonly<Record<End["ending"], string>> = {
  rotated: "All places use the new key.",
  rolled_back: "All places use the old key again.",
  abandoned: "Nothing was changed: no place was given a key.",
};
const PROOFS = {
  rejected: "The other key is dead: the API accepted it before the deletion, and answers 401 since.",
  unlisted: "The other key is dead: the API's list, which shows all keys, does not have it any more.",
  confirmed: "The other key is dead, as you say: nothing else shows it.",
} as const;

export function tellEnd({ ending, proof, strays, unaccounted, left }: End): void {
  say(`\n${tinted(ending === "rotated" ? "good" : "notice", ENDINGS[ending])}`);
  if (proof !== null) say(PROOFS[proof]);
  if (left !== null)
    say(tinted("warning", `The ${left} key was left alive: delete it in the app once nobody uses it.`));
  for (const stray of strays) {
    const named = "id" in stray ? `id ${stray.id}` : `fingerprint ${stray.fingerprint}`;
    say(tinted("warning", `A key that nobody uses was left: ${named}. Delete it in the app.`));
  }
  if (unaccounted > 0)
    say(
      tinted("warning", `${unaccounted} more may exist: its answer was lost. Look for the new key's name in the app.`),
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
      say(`\nThe other key has to go unused until ${new Date(stop.until).toISOString()}.\n  next: ${command}`);
  }
}
