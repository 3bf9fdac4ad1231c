// Answers that may be given again, to who asks later: small ones, in the
// isolate's memory, the least lately used first out. It holds and finds; what may be
// kept, and given, is asked of the gatekeeper. Entries are plain values, which requests
// may share.
import { readBounded } from "./body.mjs";

// One answer, and all of them, of an isolate that has 128 MB.
const ENTRY_BYTES = 256 * 1024;
const ALL_BYTES = 16 * 1024 * 1024;
// What an entry takes beside its body, roughly.
const ENTRY_OVERHEAD = 2048;
// Of so many changes it is remembered what they were of.
const CHANGES = 256;

// Said of one request, and not true of another one.
const MOMENTARY = /^(?:x-)?ratelimit|^retry-after$/;

export class Cache {
  // The gatekeeper's class, for what depends on headers alone.
  rules;
  answers;
  #entries = new Map();
  #bytes = 0;
  #changes = [];
  #forgotten = 0;

  constructor(rules, answers) {
    this.rules = rules;
    this.answers = answers;
  }

  // What the cache has to do with a GET, when it has anything.
  visit(gatekeeper, number, request) {
    const key = gatekeeper.cacheKey(number, request.headers);
    return key && new Visit(this, key, gatekeeper, number, request);
  }

  find(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  keep(key, entry) {
    this.drop(key);
    const size = entry.bytes.byteLength + 2 * key.length + ENTRY_OVERHEAD;
    this.#entries.set(key, { ...entry, size });
    this.#bytes += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= ALL_BYTES) break;
      this.drop(oldest);
    }
  }

  drop(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.size;
  }

  // A call may have changed what is at this URL: with it goes what is above and below
  // it, whoever it was kept for (RFC 9111 §4.4).
  changed(url) {
    const path = pathOf(url);
    this.#changes.push(path);
    if (this.#changes.length > CHANGES) {
      this.#changes.shift();
      this.#forgotten++;
    }
    for (const [key, entry] of this.#entries) if (related(entry.path, path)) this.drop(key);
  }

  // A moment between changes, for `changedSince`.
  get moment() {
    return this.#forgotten + this.#changes.length;
  }

  // What was asked for before a change may be old after it.
  changedSince(moment, path) {
    if (moment < this.#forgotten) return true;
    for (let i = moment - this.#forgotten; i < this.#changes.length; i++)
      if (related(this.#changes[i], path)) return true;
    return false;
  }
}

// One request's way past the cache.
class Visit {
  // The kept answer is the answer: nothing is sent.
  isHit;
  // When it was sent last.
  asked = 0;
  #cache;
  #key;
  #entry;
  #gatekeeper;
  #number;
  #request;
  #path;
  #moment;

  constructor(cache, key, gatekeeper, number, request) {
    this.#cache = cache;
    this.#key = key;
    this.#entry = cache.find(key);
    this.#gatekeeper = gatekeeper;
    this.#number = number;
    this.#request = request;
    this.#path = pathOf(key.split("\n", 1)[0]);
    this.#moment = cache.moment;
    const { born, freshUntil } = this.#entry ?? {};
    this.isHit = born !== undefined && gatekeeper.serves(number, born, freshUntil, request.headers, Date.now());
  }

  // Whether the API is asked if the kept answer is still the same.
  get asks() {
    return this.#entry?.condition.length > 0;
  }

  // Has it asked. The caller's own condition is answered here, once the API has
  // answered this one.
  ask(headers) {
    if (!this.asks) return;
    const [name, value] = this.#entry.condition;
    delete headers["if-none-match"];
    delete headers["if-modified-since"];
    headers[name] = value;
  }

  // The kept answer, or that the caller has it already.
  again() {
    const { rules, answers } = this.#cache;
    const { headers, etag, bytes, born } = this.#entry;
    const isHeld = etag !== undefined && rules.isHeld(etag, this.#request.headers);
    // A 304 says nothing of a body (RFC 9110 §15.4.5).
    const pairs = isHeld ? headers.filter(([name]) => !name.startsWith("content-")) : headers;
    const answer = answers.passed({ status: isHeld ? 304 : 200, headers: new Headers(pairs) }, isHeld ? null : bytes);
    answer.headers.set("age", String(Math.max(0, Math.floor((Date.now() - born) / 1000))));
    return answer;
  }

  // The API says that what is kept is still good: it is given, and kept anew under
  // what the API says of it now. `undefined` when it speaks of something else.
  confirmed(response) {
    this.#cache.drop(this.#key);
    if (!this.#gatekeeper.onConfirmed(this.#number, this.#entry.condition[1], response.headers)) return undefined;
    const headers = new Headers(response.headers);
    for (const [name, value] of this.#entry.headers) {
      if (name.startsWith("content-") || !headers.has(name)) headers.set(name, value);
    }
    const now = Date.now();
    const [born = now, freshUntil] = this.#gatekeeper.keep(this.#number, 200, headers, this.asked, now);
    this.#entry = { ...this.#entry, headers: this.#lasting(headers), born, freshUntil };
    if (freshUntil !== undefined) this.#store(this.#entry);
    return this.again();
  }

  // Has the API's answer kept with this body, as far as it may be; gives the body to pass
  // on. A text is what is left of one that was taken apart.
  keep(response, body, context) {
    this.#cache.drop(this.#key);
    const { rules } = this.#cache;
    const now = Date.now();
    const [born = now, freshUntil] = this.#gatekeeper.keep(
      this.#number,
      response.status,
      response.headers,
      this.asked,
      now,
    );
    const length = response.headers.get("content-length");
    if (freshUntil === undefined || body === null || Number(length) > ENTRY_BYTES) return body;
    const headers = new Headers(this.#lasting(response.headers));
    let etag = headers.get("etag") ?? undefined;
    // It is kept decoded. Then the tag names it only weakly, and not at all what was taken apart.
    if (typeof body === "string") etag = undefined;
    else if (headers.has("content-encoding")) etag = etag?.replace(/^(?!W\/)/, "W/");
    headers.delete("content-encoding");
    if (etag === undefined) headers.delete("etag");
    else headers.set("etag", etag);
    const entry = {
      path: this.#path,
      headers: [...headers],
      etag,
      condition: rules.condition(response.headers),
      born,
      freshUntil,
    };
    const arrived = (bytes) => {
      if (bytes !== undefined && bytes.byteLength <= ENTRY_BYTES) this.#store({ ...entry, bytes });
    };
    if (typeof body === "string") {
      arrived(new TextEncoder().encode(body));
      return body;
    }
    const [down, copy] = body.tee();
    context.waitUntil(readBounded({ body: copy }, ENTRY_BYTES).then(arrived));
    return down;
  }

  // A change in the meantime may have made it old.
  #store(entry) {
    if (!this.#cache.changedSince(this.#moment, this.#path)) this.#cache.keep(this.#key, entry);
  }

  // The headers that are to come down with it each time, as pairs.
  #lasting(headers) {
    const pairs = [];
    headers.forEach((value, name) => {
      if (this.#cache.answers.comesDown(name, value) && !MOMENTARY.test(name)) pairs.push([name, value]);
    });
    return pairs;
  }
}

const within = (inner, outer) => inner === outer || inner.startsWith(`${outer}/`);
const related = (a, b) => within(a, b) || within(b, a);

// Escapes taken out: `/a` and `/%61` are one path. One slash at the end does not count.
const pathOf = (url) => unescape(url.split("?", 1)[0]).replace(/\/$/, "");
