// A key that a server echoes, in whatever notation, is in nothing that an error carries. Writers nest notations; readers
// that share no code with the package, and decode with Node's own decoders, try to recover the key from the error.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { dice } from "../random.mjs";
import { attention, rejection } from "./fixture.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 400);

/** A random key, as keys are. */
function keyOf({ below, pick }) {
  const of = (alphabet, length) => Array.from({ length }, () => pick([...alphabet])).join("");
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  return `fake${of(`${letters}._~+/-`, 12 + below(24))}${of(letters, 8)}${pick(["", "=", "=="])}`;
}

const hex = (c, width) => c.charCodeAt(0).toString(16).padStart(width, "0");
const each =
  (write, share = () => true) =>
  (text) =>
    [...text].map((c) => (share() ? write(c) : c)).join("");

/** The ways to write a text, each made anew for a text. */
function writers({ below, pick, chance }) {
  const some = () => chance(60);
  // A character that would begin an escape is always written as one, as serializers do.
  const escaping = (write, signs) => (text) =>
    [...text].map((c) => (c <= "\x7f" && (signs.includes(c) || some()) ? write(c) : c)).join("");
  const before = () => pick(["", "x", "xy", "xyz", "Bearer ", "Authorization: Bearer ", '{"key":"']);
  const wrapped = (text) => (chance(30) ? text.replace(/.{19}/g, "$&\r\n") : text);
  return {
    json: escaping((c) => pick([`\\u${hex(c, 4)}`, `\\u${hex(c, 4).toUpperCase()}`]), '\\"'),
    "json, all": each((c) => `\\u${hex(c, 4)}`),
    solidus: (text) => JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"),
    script: escaping((c) => pick([`\\x${hex(c, 2)}`, `\\u{${hex(c, 2)}}`, `\\U${hex(c, 8)}`]), "\\"),
    percent: escaping((c) => `%${pick([hex(c, 2), hex(c, 2).toUpperCase()])}`, "%"),
    "percent, only what must": encodeURIComponent,
    escape: escaping((c) => `%u${hex(c, 4)}`, "%"),
    html: escaping((c) => pick([`&#${c.charCodeAt(0)};`, `&#x${hex(c, 2)};`, `&#0${c.charCodeAt(0)};`]), "&"),
    "html, only what must": (text) =>
      text.replace(
        /[&<>"+/=]/g,
        (c) =>
          ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "+": "&#43;", "/": "&#x2F;", "=": "&equals;" })[c],
      ),
    "quoted-printable": (text) =>
      escaping((c) => `=${hex(c, 2).toUpperCase()}`, "=")(text).replace(/(?:=[\dA-F]{2}|[^=]){17}/g, "$&=\r\n"),
    base64: (text) => wrapped(Buffer.from(before() + text).toString("base64")),
    base64url: (text) => Buffer.from(before() + text).toString("base64url"),
    "base64 of UTF-16": (text) => Buffer.from(before() + text, "utf16le").toString("base64"),
    hex: (text) => (pick([0, 1]) ? Buffer.from(text).toString("hex") : Buffer.from(text).toString("hex").toUpperCase()),
    "hex, apart": (text) =>
      Buffer.from(text)
        .toString("hex")
        .match(/../g)
        .join(pick([":", " ", "-", ", 0x"])),
    "a buffer in JSON": (text) => JSON.stringify([...Buffer.from(text)]),
    "other letters' case": (text) =>
      pick([text.toUpperCase(), text.toLowerCase(), [...text].map((c) => (some() ? c.toUpperCase() : c)).join("")]),
    "invisible characters": each((c) => c + pick(["\u00ad", "\u200b", "\u2060", ""])),
    lines: (text) => text.replace(new RegExp(`.{${7 + below(9)}}`, "g"), "$&\n"),
  };
}

/** Whoever sees a text may read it in each of these ways. */
const READERS = [
  (text) => text.replace(/[\u00ad\u200b\u2060]/g, ""),
  (text) => text.replace(/[\r\n]/g, ""),
  (text) =>
    text.replace(/%u([\da-f]{4})|%([\da-f]{2})/gi, (_, unit, byte) =>
      String.fromCodePoint(Number.parseInt(unit ?? byte, 16)),
    ),
  (text) => text.replace(/\\u[\da-fA-F]{4}|\\["\\/bfnrt]/g, (found) => JSON.parse(`"${found.replace("\\U", "\\u")}"`)),
  (text) =>
    text.replace(/\\x([\da-f]{2})|\\u\{([\da-f]+)\}|\\U([\da-f]{8})/g, (_, x, u, long) =>
      String.fromCodePoint(Number.parseInt(x ?? u ?? long, 16)),
    ),
  (text) =>
    text.replace(/&#(\d+);|&#x([\da-f]+);|&(amp|plus|equals|quot|lt|gt);/gi, (_, ten, sixteen, name) =>
      name
        ? { amp: "&", plus: "+", equals: "=", quot: '"', lt: "<", gt: ">" }[name.toLowerCase()]
        : String.fromCharCode(ten ? Number(ten) : Number.parseInt(sixteen, 16)),
    ),
  (text) =>
    text
      .replace(/=[ \t]*\r?\n/g, "")
      .replace(/=([\dA-F]{2})/gi, (_, byte) => Buffer.from(byte, "hex").toString("latin1")),
  ...[0, 1, 2, 3].map(
    (skipped) => (text) =>
      [...text.replace(/[\r\n]/g, "").matchAll(/[\w+/-]{10,}/g)]
        .map(([run]) => Buffer.from(run.slice(skipped), "base64").toString("latin1").replaceAll("\0", ""))
        .join(" "),
  ),
  (text) =>
    [...text.matchAll(/(?:(?:0x)?[\da-f]{2}[ :,-]{0,2}){8,}/gi)]
      .map(([run]) => Buffer.from(run.replace(/0x|[^\da-f]/gi, ""), "hex").toString("latin1"))
      .join(" "),
  (text) =>
    [...text.matchAll(/(?:\d{2,3}[,\s]*){8,}/g)]
      .map(([run]) => Buffer.from(run.match(/\d+/g).map(Number)).toString("latin1"))
      .join(" "),
];

const letters = (text) => text.replace(/[^a-zA-Z0-9]/g, "").toLowerCase();

/** How a text gives a key away; undefined if it does not. */
function recovered(text, key, depth = 3) {
  if (letters(text).includes(letters(key))) return [text];
  if (depth === 0 || text.length < 8) return undefined;
  for (const read of READERS) {
    const seen = read(text);
    const found = seen === text || seen === "" ? undefined : recovered(seen, key, depth - 1);
    if (found !== undefined) return [text, ...found];
  }
  return undefined;
}

/** Everything of an error that a program can print. */
function texts(error) {
  const headers = [...(error.headers ?? [])].flat();
  const { body, issues, cause } = error;
  return [
    ...headers,
    ...[body, issues, error, cause?.message].map((part) =>
      typeof part === "string" ? part : (JSON.stringify(part) ?? ""),
    ),
    inspect(error, { showHidden: true, depth: 9, maxStringLength: null, maxArrayLength: null }),
    String(error.stack),
    String(error.requestId),
  ];
}

/** The responses that an echo may be in, and what else of them must be kept. */
const PLACES = {
  "text/plain": (echo) => ({ body: `sooner ${echo} later`, kept: ["sooner", "later"] }),
  json: (echo) => ({
    body: JSON.stringify({ note: "sooner", message: `you sent ${echo} to us`, z: "later" }),
    kept: ["sooner", "later"],
  }),
  issues: (echo) => ({
    body: JSON.stringify({ errors: [{ detail: `no ${echo} here`, field: "size" }], [echo]: "later" }),
    kept: ["size", "later"],
  }),
  header: (echo) => ({
    body: "sooner, later",
    headers: { "x-echo": echo.replace(/[^\x20-\xff]/g, ""), "x-request-id": echo.replace(/[^\w.-]/g, "") || "r" },
    kept: ["sooner"],
  }),
  "json in json": (echo) => ({
    body: JSON.stringify({ raw: JSON.stringify({ a: echo }), z: "later" }),
    kept: ["later"],
  }),
};

test("no reader recovers a key from an error, however the server wrote it", async () => {
  const { below, pick, chance } = dice(20_261_129);
  const seen = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    const key = keyOf({ below, pick });
    const ways = writers({ below, pick, chance });
    const names = Array.from({ length: 1 + (round % 3 === 0 ? below(2) : 0) }, () => pick(Object.keys(ways)));
    // Nothing breaks lines within an escape, or hides anything in one.
    if (/^(invisible|lines)/.test(names[1]) && !/^(base64|hex$)/.test(names[0])) names.length = 1;
    const echo = names.reduce((text, name) => ways[name](text), key);
    const place = pick(Object.keys(PLACES));
    const { body, headers, kept } = PLACES[place](echo);
    const what = `round ${round}: ${names.join(" in ")}, in ${place}: ${key}`;
    // Letters of base64 have a meaning in their case.
    if (names.indexOf("other letters' case") > 0 && !recovered(echo, key)) continue;
    assert.ok(recovered(echo, key), `${what}: the readers can read what the writers write: ${echo}`);
    const type = body.startsWith("{") ? "application/json" : "text/plain";
    const fetch = async () => new Response(body, { status: 422, headers: { "content-type": type, ...headers } });
    const client = new attention.Client({ apiKey: key, fetch, maxRetries: 0 });
    const error = await rejection(client.get("/things")).finally(() => client.close());
    const told = texts(error);
    for (const text of told) assert.equal(recovered(text, key), undefined, what);
    for (const word of kept)
      assert.ok(
        told.some((text) => text.includes(word)),
        `${what}: ${word} is kept: ${inspect(error.body)}`,
      );
    if (type === "application/json") assert.equal(typeof error.body, "object", `${what}: ${error.body}`);
    for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  assert.equal(seen.size, Object.keys(writers(dice(1))).length);
});

test("nor from a cause: what fetch throws, and the reason of an abort", async () => {
  const { below, pick, chance } = dice(9);
  for (let round = 0; round < 40; round++) {
    const key = keyOf({ below, pick });
    const ways = writers({ below, pick, chance });
    const name = pick(Object.keys(ways));
    const reason = Object.assign(new Error(`sooner ${ways[name](key)} later`), { held: [ways[name](key)] });
    for (const options of [{ fetch: () => Promise.reject(reason) }, { signal: AbortSignal.abort(reason) }]) {
      const { signal, fetch = () => assert.fail() } = options;
      const client = new attention.Client({ apiKey: key, fetch, maxRetries: 0 });
      const error = await rejection(client.get("/things", { signal })).finally(() => client.close());
      for (const text of [...texts(error), inspect(error.cause)]) assert.equal(recovered(text, key), undefined, name);
      assert.match(error.cause.message, /^sooner .*\[redacted\].* later$/s, name);
    }
  }
});

test("texts without a key are kept as they are: prose, numbers, base64, escapes, of 64 KiB", async () => {
  const { below, pick, chance } = dice(7);
  const client = (body) =>
    new attention.Client({ apiKey: KEPT, maxRetries: 0, fetch: async () => new Response(body, { status: 400 }) });
  for (const [name, write] of Object.entries(writers({ below, pick, chance }))) {
    const body = `x ${write("another-obviously-fake-text/0123456789+that=is,longer than a key".repeat(3))} y`;
    const { body: kept } = await rejection(client(body).get("/things"));
    assert.deepEqual(kept, body, name);
  }
  const filling = "QUJD".repeat(16_000);
  assert.equal((await rejection(client(filling).get("/things"))).body, filling);
});

test("texts that are made to be slow take linear time, with an echo in them and without", async () => {
  const limit = 64 * 1024;
  const parts = [
    "\\",
    "&",
    "&amp;",
    "&a",
    "=",
    "= ",
    " ",
    "\n",
    "%",
    "%2",
    "aa!",
    "99!",
    "99",
    "0x",
    "A",
    "QUFB",
    "QQ==\n",
    "\\u",
    "\\x{a",
    "eyJ",
    "eyJ.",
    "Bearer ",
  ];
  const echo = `%25${[...KEPT].map((c) => c.charCodeAt(0).toString(16)).join("%25")} x`;
  for (const part of parts) {
    for (const end of ["", "!", echo]) {
      const body = part.repeat(Math.floor((limit - end.length - 1) / part.length)) + end;
      const fetch = async () => new Response(body, { status: 400, headers: { "content-type": "text/plain" } });
      const client = new attention.Client({ apiKey: KEPT, maxRetries: 0, fetch });
      const error = await rejection(client.get("/things"));
      assert.equal(recovered(String(error.body).slice(-500), KEPT), undefined, part);
      client.close();
    }
  }
});

test("the id of a success is undefined if it gives the key away, in its result as in its event", async () => {
  for (const id of [KEPT, Buffer.from(KEPT).toString("hex"), `req-${KEPT.toUpperCase()}`, "req-7"]) {
    const told = [];
    const fetch = async () => Response.json({}, { headers: { "x-request-id": id } });
    const client = new attention.Client({ apiKey: KEPT, fetch, onEnd: ({ requestId }) => told.push(requestId) });
    const { requestId } = await client.get("/things").withResponse();
    const kept = id === "req-7" ? id : undefined;
    assert.deepEqual([requestId, ...told], [kept, kept]);
    client.close();
  }
});

const KEPT = "an-obviously-fake-key-for-tests-0001";
