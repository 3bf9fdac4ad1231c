// docs/performance-client.md: the tables, and what one has to know to read them.

export function page({ tables, node, processors, load, rounds, calls, starts, crowds, bursts }) {
  return `# The client beside others

Measured on ${new Date().toISOString().slice(0, 10)} with Node ${node.replace("v", "")} on ${processors} processors; the load at the end was ${load.toFixed(1)}. Read the ratios, not the absolute
numbers, and differences of a few per cent not at all.

    cargo xtask bench client              # measures and prints
    cargo xtask bench client -- --quick   # a look
    cargo xtask bench client -- --write   # and writes this page

Each client does the same \`GET\` with a key and parses the JSON, against one server on loopback, with its own defaults; versions are pinned in \`bench/client/versions.json\`, the
code of each is in \`bench/client/variants.mjs\`. "Fetch with a timeout" is no peer: it shows what every client with a timeout takes at least. "Against ours" is the other's number over ours: above 1 ours is better, below 1 the other's is.

${tables}
- Bytes: one call bundled by esbuild for a browser. Ours is \`Attention\`, with all operations by name; the budget is that of a
  page with \`Client\`, which has none (docs/size.md). It contains the rules of retries, rate limits, keys and diagnoses as wasm; \`ky\` and \`openapi-fetch\` have no key handling.
- First answer: ${starts} fresh processes each, in turn. It includes the connection and, but for stripe, the first use of Node's \`fetch\`.
- Calls: ${rounds} rounds of ${calls} calls each in one process, every round in another order; "above fetch" is the median of the rounds' own differences. stripe calls through
  \`node:http\` and not \`fetch\`, which is the cheaper of the two in Node: it can stand below bare \`fetch\`.
  Runs differ: three of 2026-11-29 without other load gave 41, 44 and 37 µs of CPU above \`fetch\` for ours, and 1.13, 1.13 and 1.18 of bare \`fetch\`'s at once.
- At once: ${crowds} processes for each client, in turn, ${bursts} bursts in each after five to warm up. In one process for all, as this page had it until 2026-11-23, the
  thousand connections that others left idle in Node's common pool cost a client with a limit 15 to 50 µs of CPU a call. By default ours has 64 calls under way at once, the others have no limit.
- Memory: in a process of its own, 50 calls at a time; kept is what a forced collection leaves, below zero when it is less than before.

## What was tried, and what it bought

Measured on a machine with five to ten runnable processes for its two cores, in alternating rounds.

| what | bought |
| --- | --- |
| calls in line enter together when the turn of the event loop is over (\`setImmediate\`), not one whenever another ends: else sending and reading displace each other in the processor's caches | 1,000 at once: CPU 1.49 → 1.16 of bare \`fetch\`'s, where \`fetch\` with a timeout takes 1.04 to 1.14; as good as no limit at all |
| the members of a request as arguments of one call into wasm, not ten imports that read them | 3 to 7 µs a call |
| the content type matched once, not three times | up to 4 µs a call |
| fewer promises between an answer and its reader | under 1 µs a call |
| one timer for a call's wait in line and its tries, instead of one each of ever other lengths | 1,000 at once: CPU 204 → 168 ms in the lower decile, 274 → 227 in the median |
| the wasm as printable text, its 90 most frequent bytes one character each, instead of deflated base64 with an inflater | 1.4 KB with gzip, 4 with brotli; import and set-up of 32 → 15 ms in the best of 14 fresh processes. zlib alone took 2.3 ms to load |
| the same as base64 | 10 KB more with gzip, 9 with brotli |
| the same as Latin-1 characters | 0.7 to 1 KB more with gzip, and bundlers escape it into 81 KB of text |
| LZMA before the text | 4.3 KB less with gzip, of which a decoder in JavaScript takes more than one, and its time at each import; with brotli, which most servers send, less than 1 KB before the decoder: not done |
| the same with a fixed order of the bytes, without the table of 64 digits | 0.6 KB more |
| mangling the names of inner properties | 0.17 KB of gzip: not done |
| wasm-bindgen's fall-backs out of its glue | 0.08 KB of gzip: not done |
| timers kept and refreshed instead of set and cleared | 0.1 µs a call: not done |
| ending the signal after each call, so that Node forgets it sooner | nothing; in the one rough run 16 µs a call more |
| a limit of 256 instead of 64 calls at once | under a tenth of the CPU of 1,000 at once, for four times as much to be refused by an API that has had enough: not done |
| the timer between head and body released only if nobody waits for the body yet | nothing that could be told: not done |
| wasm compiled by V8's optimising compiler at once (\`--no-liftoff\`) | nothing after 5,000 calls |

## Where a call's CPU goes

Parts taken out of the built package one by one, 60 rounds in one process with two unchanged copies of it (30.2 and 30.7 µs above bare \`fetch\`) and none of the
peers, whose code takes another 10 µs from ours by what it displaces in the processor's caches:

| part | µs |
| --- | ---: |
| a signal and a timer, as every client with a timeout has | 6 |
| rules in wasm: 6.5 when a call begins, 1.5 for its response | 8 |
| the answer: its type, its text within the timeout, JSON | 3 |
| the line of calls | under 1 |
| the rest: options, headers, one promise each of request, call and result | 12 |

Called in a loop without a network, the rules take 2 µs and all of it 3 to 5: between two real calls little of it stays in the caches. So what counts is how much
code a call touches, not how fast that is. The budgets are what earlier versions took, before credentials that live in time, answers and mocks of any kind, and
redaction; the 1.01 that they took of 1,000 calls at once was measured with all clients in one process, a way that this bench has given up.
`;
}
