// How it goes: counts by the minute, and a page that draws them. The page holds
// no script and asks for nothing from elsewhere.

const MINUTE = 60_000;
const MINUTES_KEPT = 6 * 60;
// Upper bounds of latency classes in milliseconds; the last class has none.
const BOUNDS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
// An isolate tells the shared ledger this often, or after so many calls.
const TELL_MILLIS = 10_000;
const TELL_CALLS = 200;

const empty = () => ({ calls: 0, errors: 0, limited: 0, refused: 0, latency: new Array(BOUNDS.length + 1).fill(0) });

// Counts by the minute: `[[minute, { calls, errors, limited, refused, latency }]]`.
export class Ledger {
  #minutes = new Map();
  #calls = 0;
  #toldAt = 0;

  note(status, millis, now) {
    const counts = this.#at(Math.floor(now / MINUTE));
    counts.calls += 1;
    if (status >= 500) counts.errors += 1;
    else if (status === 429) counts.limited += 1;
    else if (status >= 400) counts.refused += 1;
    const index = BOUNDS.findIndex((bound) => millis <= bound);
    counts.latency[index < 0 ? BOUNDS.length : index] += 1;
    this.#calls += 1;
    this.#toldAt ||= now;
  }

  isDue(now) {
    return this.#calls >= TELL_CALLS || (this.#calls > 0 && now - this.#toldAt >= TELL_MILLIS);
  }

  // Everything counted since the last time.
  take() {
    const taken = [...this.#minutes];
    this.#minutes = new Map();
    this.#calls = 0;
    this.#toldAt = 0;
    return taken;
  }

  snapshot() {
    return [...this.#minutes].sort(([a], [b]) => a - b);
  }

  add(taken) {
    for (const [minute, counts] of taken) {
      const sum = this.#at(minute);
      for (const name of ["calls", "errors", "limited", "refused"]) sum[name] += counts[name];
      for (const [index, count] of counts.latency.entries()) sum.latency[index] += count;
    }
  }

  #at(minute) {
    let counts = this.#minutes.get(minute);
    if (counts === undefined) {
      counts = empty();
      this.#minutes.set(minute, counts);
      for (const old of this.#minutes.keys()) if (old <= minute - MINUTES_KEPT) this.#minutes.delete(old);
    }
    return counts;
  }
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#6a737d;--line:#d8dee4;--paper:#fff;
--calls:#4c78a8;--errors:#c0392b;--limited:#d98e04;--good:#2e7d4f}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--line:#30363d;--paper:#0d1117;
--calls:#79a8d8;--errors:#ff7b72;--limited:#e3b341;--good:#56d364}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem;margin:0 0 1rem}h2{font-size:1rem;margin:2rem 0 .5rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:1rem;margin:0}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.5rem;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;border-bottom:1px solid var(--line)}
.calls{fill:var(--calls)}.errors{fill:var(--errors)}.limited{fill:var(--limited)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:normal}
.good{color:var(--good)}.bad{color:var(--errors)}p{color:var(--soft);font-size:.85rem}
.swatch{display:inline-block;width:.7em;height:.7em;margin:0 .3em 0 1em}
.swatch svg{border:0;display:block;width:.7em;height:.7em}`;

// The page's body and headers.
export function page(ledger, readiness, now = Date.now()) {
  const nonce = crypto.randomUUID();
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": policy.join("; "),
    "referrer-policy": "no-referrer",
  };
  return { body: html(ledger, readiness, nonce, now), headers };
}

function html(ledger, readiness, nonce, now) {
  const total = empty();
  for (const [, counts] of ledger) {
    for (const name of ["calls", "errors", "limited", "refused"]) total[name] += counts[name];
    for (const [index, count] of counts.latency.entries()) total.latency[index] += count;
  }
  const share = (count) => (total.calls === 0 ? "0 %" : `${((100 * count) / total.calls).toFixed(1)} %`);
  const facts = [
    ["calls", total.calls.toLocaleString("en")],
    ["failed (5xx)", share(total.errors)],
    ["too many (429)", share(total.limited)],
    ["refused (other 4xx)", share(total.refused)],
    ["median", percentile(total.latency, 0.5)],
    ["95 of 100 within", percentile(total.latency, 0.95)],
    ["99 of 100 within", percentile(total.latency, 0.99)],
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Attention proxy: status</title><style nonce="${nonce}">${STYLE}</style></head><body>
<h1>Attention proxy</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join("")}</dl>
<h2>Calls a minute, the last ${MINUTES_KEPT / 60} hours</h2>
${chart(ledger, now)}
<p>${legend()}</p>
<h2>Keys</h2>
${keys(readiness)}
<p>Counted since the isolates started; ${new Date(now).toISOString()}.</p>
</body></html>`;
}

function legend() {
  const names = { calls: "answered", errors: "failed (5xx)", limited: "too many (429)" };
  const swatch = (name) =>
    `<svg viewBox="0 0 1 1" aria-hidden="true"><rect class="${name}" width="1" height="1"/></svg>`;
  return Object.entries(names)
    .map(([name, meaning]) => `<span class="swatch">${swatch(name)}</span>${meaning}`)
    .join("");
}

function chart(ledger, now) {
  const last = Math.floor(now / MINUTE);
  const [width, height] = [MINUTES_KEPT * 2, 160];
  const most = Math.max(1, ...ledger.map(([, { calls }]) => calls));
  const bars = ledger
    .filter(([minute]) => minute > last - MINUTES_KEPT)
    .flatMap(([minute, { calls, errors, limited }]) => {
      const x = (minute - last + MINUTES_KEPT - 1) * 2;
      let y = height;
      return [
        ["errors", errors],
        ["limited", limited],
        ["calls", calls - errors - limited],
      ].map(([name, count]) => {
        const h = (count / most) * (height - 10);
        y -= h;
        return h > 0 ? `<rect class="${name}" x="${x}" y="${y.toFixed(2)}" width="1.6" height="${h.toFixed(2)}"/>` : "";
      });
    });
  const label = `calls a minute, at most ${most}`;
  const svg = `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${bars.join("")}</svg>`;
  return `${svg}<p>at most ${most} a minute</p>`;
}

function keys({ keys = [] }) {
  const rows = keys.map(({ slot, fingerprint, inUse, lastVerdict, expired, expiresAt }) => {
    const good = !expired && lastVerdict !== "refused";
    const expiry = expiresAt === undefined ? "not told" : new Date(expiresAt).toISOString();
    const cells = [slot, fingerprint, inUse ? "in use" : "", expired ? "expired" : lastVerdict, expiry];
    const marks = { 3: ` class="${good ? "good" : "bad"}"` };
    return `<tr>${cells.map((cell, index) => `<td${marks[index] ?? ""}>${escaped(cell)}</td>`).join("")}</tr>`;
  });
  const head = ["place", "fingerprint", "", "last verdict", "expires"].map((name) => `<th>${name}</th>`);
  return `<table><tr>${head.join("")}</tr>${rows.join("")}</table>`;
}

// The bound of the class in which this part of all latencies lies.
function percentile(latency, part) {
  const total = latency.reduce((sum, count) => sum + count, 0);
  if (total === 0) return "-";
  let sum = 0;
  const index = latency.findIndex((count) => {
    sum += count;
    return sum >= part * total;
  });
  return index >= BOUNDS.length ? `> ${BOUNDS.at(-1)} ms` : `${BOUNDS[index]} ms`;
}

const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
