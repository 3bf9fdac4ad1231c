/** What was said, as turns. Public clients met these, text and null; the reference has an object without members. */

import type { Guesses } from "../guesses.js";

export interface Turn {
  readonly speaker: { readonly id: string; readonly name: string; readonly email: string };
  /** Each with the space before it: clients put them together as they are. Times are seconds. */
  readonly words: readonly {
    readonly text: string;
    readonly startTimestamp: number;
    readonly endTimestamp: number;
  }[];
}

/** Words of a sentence, spread over the seconds that it takes. */
export function turn(speaker: Turn["speaker"], sentence: string, start: number, end: number): Turn {
  const words = sentence.split(" ");
  const at = (index: number) => Math.round((start + ((end - start) * index) / words.length) * 100) / 100;
  return {
    speaker,
    words: words.map((word, index) => ({
      text: index === 0 ? word : ` ${word}`,
      startTimestamp: at(index),
      endTimestamp: at(index + 1),
    })),
  };
}

export function textOf({ words }: Turn): string {
  return words.map(({ text }) => text).join("");
}

/** A transcript in the form that was asked for, or that the test has chosen. */
export function shown(turns: readonly Turn[] | null, isDetailed: boolean, form: Guesses["transcript"]): unknown {
  const wanted = form === "asked" ? (isDetailed ? "turns" : "text") : form;
  if (turns === null || wanted === "null") return null;
  switch (wanted) {
    case "turns":
      return turns;
    case "text":
      return turns.map((each) => `${each.speaker.name}: ${textOf(each)}`).join("\n");
    case "object":
      return {};
  }
}
