// Responses that a cache could serve to somebody else.
const store = { "cache-control": "no-store" };
const get = { target: "/v2/x" };

export default [
  {
    name: "two callers, one URL: two calls",
    requests: [get, { ...get, token: "{other-token}" }],
    answer: [
      {
        body: '{"of":"app"}',
        headers: [
          ["Cache-Control", "public, max-age=3600"],
          ["ETag", '"1"'],
        ],
      },
      { body: '{"of":"other"}' },
    ],
    want: { status: 200, text: '{"of":"other"}' },
    sent: [get, get],
  },
  {
    name: "one caller twice: two calls",
    requests: [get, get],
    answer: [{ body: "1", headers: [["Cache-Control", "public, max-age=3600, immutable"]] }, { body: "2" }],
    want: { status: 200, text: "2" },
    sent: [get, get],
  },
  {
    name: "GET and then HEAD: two calls",
    requests: [get, { ...get, method: "HEAD" }],
    answer: [{ body: "1", headers: [["Cache-Control", "max-age=3600"]] }, { body: "" }],
    want: { status: 200 },
    sent: [get, { ...get, method: "HEAD" }],
  },
  {
    name: "a good call and then one without a token",
    requests: [get, { ...get, token: null }],
    answer: [{ body: "1", headers: [["Cache-Control", "public, max-age=3600"]] }],
    want: { status: 401 },
    sent: [get],
  },
  {
    name: "a part and then the whole",
    requests: [{ ...get, headers: [["Range", "bytes=0-0"]] }, get],
    answer: [
      {
        status: 206,
        body: "1",
        headers: [
          ["Content-Range", "bytes 0-0/2"],
          ["Cache-Control", "max-age=9"],
        ],
      },
      { body: "12" },
    ],
    want: { status: 200, text: "12" },
    sent: [
      { ...get, headers: { range: "bytes=0-0" } },
      { ...get, headers: { range: null } },
    ],
  },
  {
    name: "a response without cache headers is private",
    request: get,
    answer: [{ body: "{}" }],
    want: { status: 200, headers: { "cache-control": "private, no-store", vary: "Origin, Authorization" } },
    sent: [get],
  },
  {
    name: "the upstream's Vary does not weaken ours",
    request: get,
    answer: [{ body: "{}", headers: [["Vary", "Accept"]] }],
    want: { status: 200, headers: { vary: "Origin, Authorization, Accept" } },
    sent: [get],
  },
  {
    name: "the upstream's CDN headers are not passed on",
    request: get,
    answer: [
      {
        body: "{}",
        headers: [
          ["CDN-Cache-Control", "max-age=9"],
          ["Surrogate-Control", "max-age=9"],
          ["Surrogate-Key", "x"],
          ["Cache-Tag", "x"],
        ],
      },
    ],
    want: { status: 200 },
    sent: [get],
  },
  { name: "a 401 of ours is not stored", request: { token: "x" }, want: { status: 401, headers: store } },
  { name: "a 403 of ours is not stored", request: { target: "/v2/api_keys" }, want: { status: 403, headers: store } },
  { name: "a 404 of ours is not stored", request: { target: "/x.css" }, want: { status: 404, headers: store } },
  {
    name: "the Worker's own 502 is not stored",
    request: get,
    answer: [{ status: 500, headers: [["Cache-Control", "public, max-age=3600"]] }],
    want: { status: 502, headers: store },
    sent: [get],
  },
  {
    name: "an upstream error is not stored, whatever its headers say",
    request: get,
    answer: [{ status: 404, body: "{}", headers: [["Cache-Control", "public, max-age=3600"]] }],
    want: { status: 404 },
    sent: [get],
  },
  {
    name: "a path with a style sheet's name does not count as static",
    request: { target: "/v2/conversations/x.css" },
    answer: [{ body: "{}" }],
    want: { status: 200, headers: { "cache-control": "private, no-store", "x-content-type-options": "nosniff" } },
    sent: [{ target: "/v2/conversations/x.css" }],
  },
  {
    name: "the caller's cache headers are removed",
    request: {
      ...get,
      headers: [
        ["Cache-Control", "only-if-cached"],
        ["Pragma", "x"],
        ["X-Cache-Key", "x"],
      ],
    },
    want: { status: 200 },
    // The Worker has a word of its own, with each call.
    sent: [{ ...get, headers: { "cache-control": "no-cache", pragma: "no-cache", "x-cache-key": null } }],
  },
];
