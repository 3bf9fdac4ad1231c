// The results as tables. Everything is beside bare JavaScript: absolute numbers
// are the machine's.
import { median, medianRatio, quantile, ratios, table } from "../lib/stats.mjs";
import { BUDGETS } from "./variants.mjs";

export function report(results) {
  const sections = [busy, own, single, coldStart, size, memory];
  if (results.counts.size > 0) sections.splice(2, 0, counted);
  if (results.bytes > 0) sections.push(streaming);
  if (beside(results.variants).length > 0) sections.push(pairs);
  return sections.map((section) => section(results)).join("\n\n");
}

const fixed = (digits) => (value) => (Number.isNaN(value) ? "-" : value.toFixed(digits));
const ratio = fixed(2);
const fine = fixed(3);
const kb = (bytes) => (bytes === 0 ? "-" : (bytes / 1024).toFixed(1));
const mib = (bytes) => fixed(1)(bytes / 1024 / 1024);

/** The median of one field over the rounds, and of its ratio to the same of bare JavaScript. */
function over(results, path, field) {
  const column = (id) => path(results.get(id)).map((round) => round[field]);
  const base = column("bare");
  return (id) => ({ value: median(column(id)), ratio: medianRatio(column(id), base) });
}

function busy({ variants, throughput }) {
  const of = (field) => over(throughput, (result) => result.busy, field);
  const [rate, cpu, p50, p99] = ["perSecond", "cpu", "p50", "p99"].map(of);
  return `32 connections\n${table(
    ["variant", "requests/s", "of bare", "CPU µs", "of bare", "p50 ms", "p99 ms"],
    variants.map(({ id, title }) => [
      title,
      fixed(0)(rate(id).value),
      ratio(rate(id).ratio),
      fixed(0)(cpu(id).value),
      ratio(cpu(id).ratio),
      fixed(2)(p50(id).value / 1000),
      fixed(2)(p99(id).value / 1000),
    ]),
  )}`;
}

/** Others only ever add time: the fast slices are the true ones, and the median shows how much was added. */
function own({ variants, own }) {
  const fast = (id) => quantile(own.get(id), 0.1);
  const base = own.get("bare");
  return `own work for a request, without network, in µs of CPU\n${table(
    ["variant", "fast tenth", "beyond bare", "median", "of bare"],
    variants.map(({ id, title }) => [
      title,
      fixed(1)(fast(id)),
      fixed(1)(fast(id) - fast("bare")),
      fixed(1)(median(own.get(id))),
      ratio(medianRatio(own.get(id), base)),
    ]),
  )}`;
}

const COUNTS = ["imports", "exports", "texts", "bytes", "timers", "handlers"];

function counted({ variants, counts }) {
  return `what one call does, in variants with wasm\n${table(
    [
      "variant",
      "calls of imports",
      "of exports",
      "texts to JavaScript",
      "their bytes",
      "timers",
      "handlers of promises",
    ],
    variants
      .filter(({ id }) => counts.has(id))
      .map(({ id, title }) => [title, ...COUNTS.map((name) => String(counts.get(id)[name] ?? 0))]),
  )}`;
}

function single({ variants, throughput }) {
  const of = (field) => over(throughput, (result) => result.single, field);
  const [p50, p99] = [of("p50"), of("p99")];
  const added = (of, id) => fixed(0)(of(id).value - of("bare").value);
  return `1 connection\n${table(
    ["variant", "p50 µs", "added", "p99 µs", "added"],
    variants.map(({ id, title }) => [
      title,
      fixed(0)(p50(id).value),
      added(p50, id),
      fixed(0)(p99(id).value),
      added(p99, id),
    ]),
  )}`;
}

function coldStart({ variants, cold }) {
  const [start, first, second] = ["start", "first", "second"].map((field) => over(cold, (result) => result, field));
  return `cold start, a workerd each\n${table(
    ["variant", "start to answer ms", "added", "first request ms", "second ms"],
    variants.map(({ id, title }) => [
      title,
      fixed(0)(start(id).value),
      fixed(0)(start(id).value - start("bare").value),
      fixed(1)(first(id).value),
      fixed(1)(second(id).value),
    ]),
  )}`;
}

function size({ variants }) {
  return `sizes, KB\n${table(
    ["variant", "JS", "gzip", "wasm", "gzip", "all gzip"],
    variants.map(({ title, sizes: { js, jsGzip, wasm, wasmGzip } }) => [
      title,
      kb(js),
      kb(jsGzip),
      kb(wasm),
      kb(wasmGzip),
      kb(jsGzip + wasmGzip),
    ]),
  )}`;
}

function memory({ variants, bodies }) {
  const base = bodies.get("bare").loaded;
  return `memory (RSS of a workerd each), MiB\n${table(
    ["variant", "started", "after load", "of bare"],
    variants.map(({ id, title }) => [
      title,
      mib(bodies.get(id).idle),
      mib(bodies.get(id).loaded),
      ratio(bodies.get(id).loaded / base),
    ]),
  )}`;
}

function streaming({ variants, bodies, bytes }) {
  const of = (way, field) => over(bodies, (result) => result[way], field);
  const ways = ["down", "up"].map((way) => [of(way, "perSecond"), of(way, "cpu"), of(way, "growth")]);
  const units = "in MiB/s; CPU is workerd's time for it, in ms; growth is that of the RSS at its highest, in MiB";
  return `streaming ${bytes / 1024 / 1024} MiB, ${units}\n${table(
    ["variant", ...["down", "up"].flatMap((way) => [way, "of bare", "CPU", "of bare", "growth"])],
    variants.map(({ id, title }) => [
      title,
      ...ways.flatMap(([rate, cpu, growth]) => [
        fixed(0)(rate(id).value / 2 ** 20),
        ratio(rate(id).ratio),
        fixed(0)(cpu(id).value / 1000),
        ratio(cpu(id).ratio),
        mib(growth(id).value),
      ]),
    ]),
  )}`;
}

/** Variants beside one another. A change is judged by the ratio, and by how far its rounds lie apart. */
function pairs({ variants, throughput, own }) {
  const busy = (field) => (id) => throughput.get(id).busy.map((round) => round[field]);
  const measures = [
    { measure: "requests/s, 32 connections", of: busy("perSecond"), isBudgeted: true },
    { measure: "CPU of a request, 32 connections", of: busy("cpu") },
    { measure: "own work for a request", of: (id) => own.get(id) },
  ];
  const titles = new Map(variants.map(({ id, title }) => [id, title]));
  const rows = beside(variants).flatMap(({ of, to, least }) =>
    measures.map(({ measure, of: values, isBudgeted }) => {
      const each = ratios(values(of), values(to));
      return [
        `${titles.get(of)} to ${titles.get(to)}: ${measure}`,
        fine(median(each)),
        isBudgeted ? `>= ${fixed(2)(least)}` : "",
        fine(quantile(each, 0.25)),
        fine(quantile(each, 0.75)),
        String(each.length),
      ];
    }),
  );
  return `ratios within each round\n${table(
    ["measure", "median", "budget", "lower quartile", "upper quartile", "pairs"],
    rows,
  )}`;
}

/** The pairs of which both have been measured. */
function beside(variants) {
  const has = (id) => variants.some((variant) => variant.id === id);
  return BUDGETS.filter(({ of, to }) => has(of) && has(to));
}
