/** The URL that a text is; undefined if it is none. Not by `URL.canParse`, which the oldest supported browsers lack. */
export function urlOf(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
