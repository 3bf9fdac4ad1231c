// Numbers of several rounds, and tables of them.

/** The value that the share `part` of the values does not exceed. */
export function quantile(values, part) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * part)];
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The ratio of each round apart: on a shared machine both sides of a round
 * suffer from the same neighbour. Its median is not the ratio of the medians.
 */
export function ratios(values, base) {
  return values.map((value, round) => value / base[round]);
}

export function medianRatio(values, base) {
  return median(ratios(values, base));
}

/** A Markdown table, so that it can be pasted into docs/. Numbers are right-aligned. */
export function table(header, rows) {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rules = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(header), `| ${rules.join(" | ")} |`, ...rows.map(line)].join("\n");
}
