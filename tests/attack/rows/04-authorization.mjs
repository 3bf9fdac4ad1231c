// Attempts without a token, or with a partial one.
const no = (name, values, status, code) => ({
  name,
  request: { token: null, headers: values.map((value) => ["Authorization", value]) },
  want: { status, code },
});
const elsewhere = (name, headers, target) => ({
  name: `a token in ${name}`,
  request: { token: null, headers, ...(target && { target }) },
  want: { status: 401, code: "authorization_missing", headers: { "www-authenticate": 'Bearer realm="attention"' } },
});
const T = "{token}";

export default [
  no("none", [], 401, "authorization_missing"),
  no("the header twice, both good", [`Bearer ${T}`, `Bearer ${T}`], 400, "authorization_repeated"),
  no("a good one and another", [`Bearer ${T}`, "Bearer x"], 400, "authorization_repeated"),
  no("another and a good one", ["Basic eDp5", `Bearer ${T}`], 400, "authorization_repeated"),
  no("a list", [`Bearer ${T}, Bearer ${T}`], 400, "authorization_repeated"),
  no("Basic", ["Basic YXBwOng="], 401, "authorization_scheme"),
  no("the scheme alone", ["Bearer"], 401, "authorization_no_token"),
  no("the bare token", [T], 401, "authorization_scheme"),
  no("a tab for the blank", [`Bearer\t${T}`], 401, "authorization_scheme"),
  no("the scheme twice", [`Bearer Bearer ${T}`], 400, "authorization_malformed"),
  no("a quoted token", [`Bearer "${T}"`], 400, "authorization_malformed"),
  no("a prefix", ["Bearer fake-caller-token-of-the-worker-test"], 401, "invalid_token"),
  no("one letter more", [`Bearer ${T}s`], 401, "invalid_token"),
  no("one letter other", ["Bearer fake-caller-token-of-the-worker-testt"], 401, "invalid_token"),
  no("other capitals", ["Bearer FAKE-CALLER-TOKEN-OF-THE-WORKER-TESTS"], 401, "invalid_token"),
  no("the key itself", ["Bearer {key}"], 401, "invalid_token"),
  no("a name of a caller", ["Bearer app"], 401, "invalid_token"),
  no("undefined", ["Bearer undefined"], 401, "invalid_token"),
  no("__proto__", ["Bearer __proto__"], 401, "invalid_token"),
  no("only padding", ["Bearer =="], 400, "authorization_malformed"),
  no("a NUL percent-encoded", [`Bearer ${T}%00`], 400, "authorization_malformed"),
  no("bytes beyond ASCII", [`Bearer ${T}\xff`], 400, "authorization_malformed"),
  elsewhere("the query", [], `/v2/x?access_token=${T}`),
  elsewhere("a cookie", [["Cookie", `Authorization=Bearer ${T}`]]),
  elsewhere("X-Forwarded-Authorization", [["X-Forwarded-Authorization", `Bearer ${T}`]]),
  elsewhere("Proxy-Authorization", [["Proxy-Authorization", `Bearer ${T}`]]),
  elsewhere("the userinfo of an absolute target", [], `http://app:${T}@worker.example/v2/x`),
  elsewhere("a name that is nearly Authorization", [
    ["Authorization_", `Bearer ${T}`],
    ["X-Authorization", `Bearer ${T}`],
  ]),
  // The log describes the token's form, never its content.
  ...[
    [
      "the key itself",
      "{key}",
      "the token is the API key itself: the key has leaked, so rotate it; callers have tokens of their own",
    ],
    ["a token of nobody", "fake-token-of-nobody", "no caller has this token: its SHA-256 is not in ATTENTION_CALLERS"],
    [
      "a JWT where none is believed",
      "eyJhbGciOiJub25lIn0.e30.",
      "the token looks like a JWT, and ATTENTION_JWT is not set",
    ],
    [
      "a session where there are none",
      "s1.e30.AAAA",
      "the token looks like a session, and ATTENTION_SESSION_SECRET is not set",
    ],
  ].map(([name, token, fault]) => ({
    name: `the log's reason for ${name}`,
    request: { token: null, headers: [["Authorization", `Bearer ${token}`]] },
    want: { status: 401, code: "invalid_token", fault },
  })),
  {
    name: "the scheme in lower case is a scheme",
    request: { token: null, headers: [["authorization", `bearer ${T}`]] },
    want: { status: 200 },
    sent: [{ target: "/v2/conversations" }],
  },
  {
    name: "a token in the query of an allowed call is forwarded, but not logged",
    request: { target: "/v2/x?q=private-word" },
    secrets: [],
    want: { status: 200 },
    sent: [{ target: "/v2/x?q=private-word" }],
  },
];
