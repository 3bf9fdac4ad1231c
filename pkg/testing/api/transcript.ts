/** Transcripts. Public clients received turns, text and null; the reference shows an empty object. */

import type { Guesses } from "../guesses.js";

export interface Turn {
  readonly speaker: { readonly id: string; readonly name: string; readonly email: string };
  /** Each word begins with a space, because clients concatenate them. Times are seconds. */
  readonly words: readonly {
    readonly text: string;
    readonly startTimestamp: number;
    readonly endTimestamp: number;
  }[];
}

/** The words of a sentence, spread over its duration. */
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

/** A transcript in the requested form, or in the form that the test has set. */
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
