// docs/performance-client.md: the tables, and what one has to know to read them.

export function page({ tables, node, processors, rounds, calls, starts }) {
  return `# The client beside others

Measured on ${new Date().toISOString().slice(0, 10)} with Node ${node.replace("v", "")} on ${processors} processors that others used at the same time. **Provisional**: read the ratios, not the
absolute numbers, and differences of a few per cent not at all.

    cargo xtask bench client              # measures and prints
    cargo xtask bench client -- --quick   # a look
    cargo xtask bench client -- --write   # and writes this page

Each client does the same \`GET\` with a key and parses the JSON, against one server on loopback, with its own defaults; versions are pinned in \`bench/client/versions.json\`, the
code of each is in \`bench/client/variants.mjs\`. "Against ours" is the other's number over ours: above 1 ours is better, below 1 the other's is.

${tables}
- Bytes: one call bundled by esbuild for a browser. Ours contains the rules of retries, rate limits, keys and diagnoses as wasm; \`ky\` and \`openapi-fetch\` have no key handling.
- First answer: ${starts} fresh processes each, in turn. It includes the connection and, but for stripe, the first use of Node's \`fetch\`.
- Calls: ${rounds} rounds of ${calls} calls each in one process, every round in another order; "above fetch" is the median of the rounds' own differences. stripe calls through
  \`node:http\` and not \`fetch\`, which is the cheaper of the two in Node: it can stand below bare \`fetch\`.
- Memory: in a process of its own, 50 calls at a time; kept is what a forced collection leaves, below zero when it is less than before.
`;
}
