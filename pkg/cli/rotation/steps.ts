// The steps and reports of a rotation's rules, with the driver's explanations.

export type Role = "old" | "new";
export type Slot = "current" | "next";

export type Step =
  | { readonly kind: "list"; readonly with: Role }
  | { readonly kind: "create"; readonly name: string; readonly orgLevel: boolean; readonly with: Role }
  | { readonly kind: "take" }
  | { readonly kind: "try"; readonly key: Role; readonly fingerprint: string }
  | {
      readonly kind: "deliver";
      readonly place: string;
      readonly slot: Slot;
      readonly key: Role;
      readonly fingerprint: string;
    }
  | { readonly kind: "verify"; readonly place: string; readonly slot: Slot; readonly fingerprint: string }
  | { readonly kind: "clear_next"; readonly place: string; readonly key: Role }
  | { readonly kind: "delete"; readonly id: string; readonly key: Role; readonly with: Role }
  | { readonly kind: "wait"; readonly millis: number }
  | Question
  | End;

export interface Question {
  readonly kind: "ask";
  readonly problem: string;
  readonly message: string;
  readonly place: string | null;
  readonly wayOn: string;
  readonly wayBack: string;
  readonly answers: readonly { readonly code: string; readonly message: string }[];
}

export interface End {
  readonly kind: "end";
  readonly ending: "rotated" | "rolled_back" | "abandoned";
  readonly proof: "rejected" | "unlisted" | "confirmed" | null;
  readonly strays: readonly ({ readonly id: string } | { readonly fingerprint: string })[];
  readonly unaccounted: number;
  readonly left: Role | null;
}

/** The steps other than questions, waits and the end. */
export type Work = Exclude<Step, { kind: "wait" | "ask" | "end" }>;

/** Reports without further data. */
type PlainReport =
  | "accepted"
  | "rejected"
  | "delivered"
  | "verified"
  | "not_verified"
  | "cleared"
  | "deleted"
  | "not_found"
  | "waited"
  | "denied"
  | "lost"
  | "failed";

export type Report =
  | { readonly kind: "keys"; readonly list: string }
  | { readonly kind: "created"; readonly id: string; readonly fingerprint: string | null }
  | { readonly kind: "taken"; readonly fingerprint: string }
  | { readonly kind: "answer"; readonly answer: string }
  | { readonly kind: "refused"; readonly retryMillis: number | undefined }
  | { readonly kind: "key_missing"; readonly key: Role }
  | { readonly kind: PlainReport };

/** The result of a step: a report for the rules, and an explanation if it failed. */
export interface Outcome {
  readonly report: Report;
  readonly why?: string | undefined;
}

export const outcome = (kind: PlainReport, why?: string): Outcome => ({ report: { kind }, why });
