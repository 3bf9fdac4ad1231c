// Reads documents: their sections, and the code blocks in these.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repo = process.env.ATTENTION_REPO ?? fileURLToPath(new URL("../..", import.meta.url));

/** A comment that is the whole first line of a block and names a file. */
const FILE_NAME = /^(?:\/\/|#|<!--) ([\w./-]+\.\w+)(?: -->)?$/;

/**
 * @typedef {object} Block
 * @property {string} language
 * @property {string} text
 * @property {string} [file] what the block is to be written to
 * @property {string} at document and line
 */

/**
 * The blocks below a heading, up to the next heading of the same level or a higher one.
 *
 * @param {string} document its path in the repository
 * @param {string} heading without its `#`
 * @returns {Promise<Block[]>}
 */
export async function blocksOf(document, heading) {
  const found = [];
  let level = 0;
  let block;
  const lines = (await readFile(join(repo, document), "utf8")).split("\n");
  for (const [index, line] of lines.entries()) {
    if (block !== undefined) {
      if (line === "```") {
        if (level > 0) found.push(whole(block));
        block = undefined;
      } else block.lines.push(line);
      continue;
    }
    const [, hashes, title] = /^(#+) (.+)$/.exec(line) ?? [];
    if (hashes !== undefined) {
      if (level === 0 && title === heading) level = hashes.length;
      else if (level > 0 && hashes.length <= level) break;
    }
    const [, language] = /^```(\w+)$/.exec(line) ?? [];
    if (language !== undefined) block = { language, lines: [], at: `${document}:${index + 1}` };
  }
  if (found.length === 0) throw new Error(`${document} has no code below a heading ${heading}`);
  return found;
}

function whole({ language, lines, at }) {
  const [, file] = FILE_NAME.exec(lines[0] ?? "") ?? [];
  return { language, text: `${lines.join("\n")}\n`, file, at };
}
