// Responses that a caching Worker could store wrongly, or serve to somebody else. Each row uses its own path.
import { jwt, session } from "../../worker/issuer.mjs";

const FRESH = ["Cache-Control", "public, max-age=3600"];
const PAGE = [["Origin", "https://app.example"]];
let paths = 0;

/** Two requests, of which the second must not get the first one's response. */
function both(name, first, second, { answer = {}, want = {}, target = `/v2/kept/${++paths}` } = {}) {
  const requests = [
    { target, ...first },
    { target, ...second },
  ];
  const up = ({ method = "GET", target: asked }) => ({ method, target: asked });
  return {
    name,
    service: "keeping",
    requests,
    answer: [
      { body: "first", headers: [FRESH], ...answer },
      { body: "second", headers: [FRESH] },
    ],
    want: { status: 200, text: requests[1].method === "HEAD" ? "" : "second", headers: { age: null }, ...want },
    sent: requests.map(up),
  };
}
/** A response that must not be stored. */
const answered = (name, answer, want) => both(name, {}, {}, { answer, want });
const headers = (...pairs) => ({ headers: pairs });
/** The second is refused, whatever is stored. */
function refused(name, first, second, want) {
  const {
    sent: [up],
    ...row
  } = both(name, first, second);
  return { ...row, want, sent: [up] };
}

export default [
  // By caller.
  both("another caller", {}, { token: "{other-token}" }),
  both("a session of the caller's own", {}, { token: () => session({ jti: "kept-1" }), headers: PAGE }),
  both("the caller, after its session", { token: () => session({ jti: "kept-2" }), headers: PAGE }, {}),
  both(
    "another session of the same backend",
    { token: () => session({ jti: "kept-3" }), headers: PAGE },
    { token: () => session({ jti: "kept-4" }), headers: PAGE },
  ),
  both(
    "another person of the issuer",
    { token: () => jwt({ email: "ann@corp.example" }) },
    { token: () => jwt({ email: "bob@corp.example" }) },
  ),
  both("a person of the issuer whom it calls like a caller", {}, { token: () => jwt({ email: "app@corp.example" }) }),
  refused("nobody", {}, { token: null }, { status: 401, code: "authorization_missing" }),
  refused("an unknown token", {}, { token: "fake-token" }, { status: 401, code: "invalid_token" }),
  refused(
    "a session that is over",
    {},
    { token: () => session({ exp: 1 }), headers: PAGE },
    { status: 401, code: "token_expired" },
  ),
  refused(
    "a page that may not call",
    {},
    { headers: [["Origin", "https://evil.example"]] },
    { status: 403, code: "origin_not_allowed" },
  ),
  refused(
    "a token in the query is none",
    {},
    { token: null, target: "/v2/kept/q?access_token={token}" },
    { status: 401 },
  ),

  // By request.
  both("another query", { target: "/v2/kept/query?a=1" }, { target: "/v2/kept/query?a=2" }),
  both("the query in another order", { target: "/v2/kept/order?a=1&b=2" }, { target: "/v2/kept/order?b=2&a=1" }),
  both(
    "another token in the query",
    { target: "/v2/kept/tokens?access_token=a" },
    { target: "/v2/kept/tokens?access_token=b" },
  ),
  both("the path with another case", { target: "/v2/kept/case" }, { target: "/v2/kept/CASE" }),
  both("the path with a slash behind it", { target: "/v2/kept/slash" }, { target: "/v2/kept/slash/" }),
  both("the path in escapes", { target: "/v2/kept/escapes" }, { target: "/v2/kept/%65scapes" }),
  both(
    "a line break in the query, as in a key of several lines",
    { target: "/v2/kept/lines?a%0aapp" },
    { target: "/v2/kept/lines?a" },
  ),
  both("HEAD and then GET", { method: "HEAD" }, {}, { answer: { body: "" } }),
  both("GET and then HEAD", {}, { method: "HEAD" }, { answer: { body: "x" } }),
  both(
    "a part and then the whole",
    { headers: [["Range", "bytes=0-0"]] },
    {},
    { answer: { status: 206, headers: [FRESH, ["Content-Range", "bytes 0-0/6"]] } },
  ),
  both(
    "a part that calls itself whole",
    { headers: [["Range", "bytes=0-0"]] },
    {},
    { answer: { headers: [FRESH, ["Content-Range", "bytes 0-0/6"]] } },
  ),
  both("a range that the API does not heed, and then the whole", { headers: [["Range", "bytes=0-0"]] }, {}),
  both("the whole and then a part", {}, { headers: [["Range", "bytes=0-0"]] }),
  both("another language", { headers: [["Accept-Language", "de"]] }, { headers: [["Accept-Language", "fr"]] }),
  both("another type", { headers: [["Accept", "text/html"]] }, { headers: [["Accept", "application/json"]] }),
  both("another coding", { headers: [["Accept-Encoding", "br"]] }, { headers: [["Accept-Encoding", "gzip"]] }),
  both("another preference", { headers: [["Prefer", "return=minimal"]] }, {}),
  both(
    "two values that are one value elsewhere",
    {
      headers: [
        ["Accept", "a"],
        ["Accept-Language", "b"],
      ],
    },
    { headers: [["Accept", "a, b"]] },
  ),

  // By response.
  answered("an error that may be stored, it says", { status: 404 }),
  answered("a gone one", { status: 410 }),
  answered("a failure", { status: 500 }),
  answered("a redirect that is permanent", { status: 301, headers: [FRESH, ["Location", "/v2/elsewhere"]] }),
  answered("a redirect with 308", { status: 308, headers: [FRESH, ["Location", "https://{other}/"]] }),
  answered("a 304 that nobody asked for", { status: 304, body: "", headers: [FRESH, ["ETag", '"a"']] }),
  answered("a 203", { status: 203 }),
  answered("a 204", { status: 204, body: "" }),
  answered("a cookie", headers(FRESH, ["Set-Cookie", "session=fake"])),
  answered("Vary: *", headers(FRESH, ["Vary", "*"])),
  answered("Vary: *, among others", headers(FRESH, ["Vary", "Accept"], ["Vary", "Origin, *"])),
  answered("varying by what is not in the key", headers(FRESH, ["Vary", "Traceparent"])),
  answered("no-store", headers(["Cache-Control", "no-store"], FRESH)),
  answered("no-store behind a quotation", headers(["Cache-Control", 'max-age=60, x="a,b", no-store'])),
  answered("no-store in a quotation without an end", headers(["Cache-Control", 'max-age=60, x="a, no-store'])),
  answered("NO-STORE", headers(["Cache-Control", "max-age=60, NO-STORE"])),
  answered("an age that is no number", headers(FRESH, ["Age", "-1"])),
  answered("an age beyond all", headers(FRESH, ["Age", "99999999999999999999"])),
  answered("a time of minus one", headers(["Cache-Control", "max-age=-1"])),
  answered("for shared caches only", headers(["Cache-Control", "s-maxage=60"])),
  answered("for a CDN only", headers(["CDN-Cache-Control", "max-age=60"], ["Surrogate-Control", "max-age=60"])),
  answered("an Expires of the past", headers(["Expires", "Thu, 01 Jan 1970 00:00:00 GMT"])),
  answered("an Expires that is none", headers(["Expires", "0"])),
  // It has the age of its date; both requests were forwarded.
  answered("a date long gone", headers(FRESH, ["Date", "Thu, 01 Jan 1970 00:00:00 GMT"]), { headers: {} }),
  ...["zstd", "deflate", "x-gzip", "gzip, br", "GZIP"].map((coding) =>
    answered(`in a coding that is not decoded: ${coding}`, headers(FRESH, ["Content-Encoding", coding])),
  ),
  answered("events", headers(FRESH, ["Content-Type", "text/event-stream"])),
  answered("half of it", { body: "xxxxxx", cutAfter: 3 }),
  answered("half of it, in chunks", { body: "xxxxxx", chunked: true, cutAfter: 3 }),
  both("what an agent gets", {}, {}, { target: "/mcp" }),

  // A change.
  both("a change of it, and then itself", { method: "DELETE" }, {}),
  {
    name: "stored, changed, requested again",
    service: "keeping",
    requests: [
      { target: "/v2/kept/changed" },
      { method: "PUT", target: "/v2/kept/changed", body: "x" },
      { target: "/v2/kept/changed" },
    ],
    answer: [{ body: "old", headers: [FRESH] }, {}, { body: "new", headers: [FRESH] }],
    want: { status: 200, text: "new" },
    sent: [
      { method: "GET", target: "/v2/kept/changed" },
      { method: "PUT", target: "/v2/kept/changed" },
      { method: "GET", target: "/v2/kept/changed" },
    ],
  },
  {
    name: "stored, and changed by another caller",
    service: "keeping",
    requests: [
      { target: "/v2/kept/theirs/7" },
      { method: "PATCH", target: "/v2/kept/theirs", token: "{other-token}", body: "x" },
      { target: "/v2/kept/theirs/7" },
    ],
    answer: [{ body: "old", headers: [FRESH] }, {}, { body: "new", headers: [FRESH] }],
    want: { status: 200, text: "new" },
    sent: [
      { method: "GET", target: "/v2/kept/theirs/7" },
      { method: "PATCH", target: "/v2/kept/theirs" },
      { method: "GET", target: "/v2/kept/theirs/7" },
    ],
  },
  {
    name: "possibly changed by a failed call",
    service: "keeping",
    requests: [
      { target: "/v2/kept/failed" },
      { method: "POST", target: "/v2/kept/failed", body: "x" },
      { target: "/v2/kept/failed" },
    ],
    answer: [{ body: "old", headers: [FRESH] }, { close: true }, { body: "new", headers: [FRESH] }],
    want: { status: 200, text: "new" },
    sent: [
      { method: "GET", target: "/v2/kept/failed" },
      { method: "POST", target: "/v2/kept/failed" },
      { method: "GET", target: "/v2/kept/failed" },
    ],
  },

  // A condition.
  {
    name: "an ETag with the key is passed on neither time",
    service: "keeping",
    requests: [{ target: "/v2/kept/tag" }, { target: "/v2/kept/tag", headers: [["Cache-Control", "no-store"]] }],
    answer: [
      { headers: [FRESH, ["ETag", '"{key}"'], ["Link", "<https://x.example/{key}>"]] },
      { headers: [["ETag", '"{key}"']] },
    ],
    want: { status: 200, headers: { etag: null, link: null } },
    sent: [{ target: "/v2/kept/tag" }, { target: "/v2/kept/tag" }],
  },
  {
    name: "a caller's ETag without a stored response",
    service: "keeping",
    requests: [{ target: "/v2/kept/no-tag", headers: [["If-None-Match", '"a"']] }, { target: "/v2/kept/no-tag" }],
    answer: [
      { status: 304, headers: [FRESH, ["ETag", '"a"']] },
      { body: "whole", headers: [FRESH] },
    ],
    want: { status: 200, text: "whole", headers: { age: null } },
    sent: [
      { target: "/v2/kept/no-tag", headers: { "if-none-match": '"a"' } },
      { target: "/v2/kept/no-tag", headers: { "if-none-match": null } },
    ],
  },
  {
    name: "If-None-Match: * is forwarded to the API",
    service: "keeping",
    requests: [{ target: "/v2/kept/star" }, { target: "/v2/kept/star", headers: [["If-None-Match", "*"]] }],
    answer: [{ body: "1", headers: [FRESH, ["ETag", '"a"']] }, { body: "2" }],
    want: { status: 200, text: "2" },
    sent: [{ target: "/v2/kept/star" }, { target: "/v2/kept/star", headers: { "if-none-match": "*" } }],
  },
  {
    name: "another caller's ETag reveals nothing",
    service: "keeping",
    requests: [
      { target: "/v2/kept/their-tag" },
      { target: "/v2/kept/their-tag", token: "{other-token}", headers: [["If-None-Match", '"a"']] },
    ],
    answer: [
      { body: "1", headers: [FRESH, ["ETag", '"a"']] },
      { body: "2", headers: [FRESH] },
    ],
    want: { status: 200, text: "2" },
    sent: [{ target: "/v2/kept/their-tag" }, { target: "/v2/kept/their-tag", headers: { "if-none-match": '"a"' } }],
  },
];
