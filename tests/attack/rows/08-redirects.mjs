// Answers that would carry the key elsewhere.
const to = (name, status, location, more = {}) => ({ name: `${status} ${name}`, service: "retrying", request: {}, ...more, answer: [{ status, headers: [["Location", location], ...(more.headers ?? [])], times: 5 }],
  want: { status: 502, code: "upstream_protocol", headers: { location: null } }, sent: [{ target: "/v2/conversations" }] });

export default [
  to("to another host", 301, "http://{other}/v2/x"),
  to("to another host", 302, "http://{other}/v2/x"),
  to("to another host", 303, "http://{other}/v2/x"),
  to("to another host", 307, "http://{other}/v2/x"),
  to("to another host", 308, "http://{other}/v2/x"),
  to("to another host without a scheme", 302, "//{other}/v2/x"),
  to("to another host with a back slash", 302, "/\\{other}/v2/x"),
  to("to another host behind a user", 302, "http://{self}@{other}/v2/x"),
  to("to the list of keys", 302, "/v2/api_keys"),
  to("to itself, for ever", 302, "/v2/conversations"),
  to("to plain http", 302, "http://{self}/v2/x"),
  to("to a script", 302, "javascript:alert(1)"),
  to("to a data URL", 302, "data:text/html,x"),
  to("to nowhere", 302, ""),
  to("of its own invention", 399, "http://{other}/v2/x"),
  { name: "Refresh", request: {}, answer: [{ body: "{}", headers: [["Refresh", "0; url=http://{other}/"]] }], want: { status: 200, headers: { refresh: null } }, sent: [{ target: "/v2/conversations" }] },
  { name: "Content-Location", request: {}, answer: [{ body: "{}", headers: [["Content-Location", "http://{other}/"]] }], want: { status: 200, headers: { "content-location": null } }, sent: [{ target: "/v2/conversations" }] },
  { name: "Alt-Svc to another host", request: {}, answer: [{ body: "{}", headers: [["Alt-Svc", 'h2="{other}"']] }], want: { status: 200, headers: { "alt-svc": null } }, sent: [{ target: "/v2/conversations" }] },
  { name: "early hints of another host", request: {}, answer: [{ body: "{}", interim: ["HTTP/1.1 103 Early Hints\r\nLink: <http://{other}/x>; rel=preconnect"] }], want: { status: 200, headers: { link: null } }, sent: [{ target: "/v2/conversations" }] },
];
