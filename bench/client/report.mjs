// The results as Markdown, the ratios against ours: above 1 we are better.
import { median, table } from "../lib/stats.mjs";

const number = (value, digits = 1) => value.toFixed(digits);
const times = (value, ours) => (ours <= 0 || value <= 0 ? "-" : `${(value / ours).toFixed(2)} ×`);
/** Of each round apart: neighbours disturb a whole round. */
const above = (values, base) => median(values.map((value, round) => value - base[round]));

export function report({ titles, sizes, first, calls, crowd, memory }) {
  const of = (list) => Object.fromEntries(list.map((entry) => [entry.id, entry]));
  const [size, begun, call, many, kept] = [sizes, first, calls, crowd, memory].map(of);
  const ids = Object.keys(titles);
  const bare = call.fetch;
  const overhead = (id) => ({ cpu: above(call[id].cpu, bare.cpu), wall: above(call[id].wall, bare.wall) });
  const section = (title, header, row) =>
    `### ${title}\n\n${table(
      header,
      ids.map((id) => [titles[id], ...row(id)]),
    )}\n`;
  return [
    section("Bytes in a page, KB of min+gzip", ["client", "all", "JS", "wasm", "against ours"], (id) => [
      number(size[id].all / 1024),
      number(size[id].js / 1024),
      number(size[id].wasm / 1024),
      times(size[id].all, size.attention.all),
    ]),
    section(
      "Import to first answer in a fresh Node, ms",
      ["client", "import and set-up", "to the first answer", "above fetch", "against ours"],
      (id) => [
        number(median(begun[id].ready)),
        number(median(begun[id].total)),
        number(above(begun[id].total, begun.fetch.total)),
        times(median(begun[id].total), median(begun.attention.total)),
      ],
    ),
    section(
      "One call after the other, µs a call",
      ["client", "time", "above fetch", "CPU", "CPU above fetch", "CPU above fetch, against ours"],
      (id) => [
        number(median(call[id].wall), 0),
        number(overhead(id).wall, 0),
        number(median(call[id].cpu), 0),
        number(overhead(id).cpu, 0),
        times(overhead(id).cpu, overhead("attention").cpu),
      ],
    ),
    section("1,000 calls at once, ms", ["client", "time", "against ours", "CPU", "CPU against ours"], (id) =>
      ["wall", "cpu"].flatMap((what) => [
        number(median(many[id][what]), 0),
        times(median(many[id][what]), median(many.attention[what])),
      ]),
    ),
    section(
      "Memory of 10,000 calls",
      ["client", "kept on the heap, KB", "peak resident set, MB", "peak against ours"],
      (id) => [
        number(kept[id].kept / 1024, 0),
        number(kept[id].peak / 1024 ** 2, 0),
        times(kept[id].peak, kept.attention.peak),
      ],
    ),
    budgets({ size, begun, overhead, many }),
  ].join("\n");
}

function budgets({ size, begun, overhead, many }) {
  const lines = {
    "bytes in a page with `Client`, KB": [size.attention.client / 1024, 48],
    "import and set-up, ms": [median(begun.attention.ready), 15],
    "CPU of a call above bare `fetch`, µs": [overhead("attention").cpu, 40],
    "that, of the lesser of openai's and ky's": [
      overhead("attention").cpu / Math.min(overhead("openai").cpu, overhead("ky").cpu),
      1,
    ],
    "CPU of 1,000 calls at once, of bare `fetch`'s": [median(many.attention.cpu) / median(many.fetch.cpu), 1.1],
  };
  const rows = Object.entries(lines).map(([what, [value, most]]) => [
    what,
    `${most}`,
    number(value, most < 2 ? 2 : 1),
    value <= most ? "met" : "**not met**",
  ]);
  return `### Against the budgets\n\n${table(["", "at most", "measured", ""], rows)}\n`;
}
