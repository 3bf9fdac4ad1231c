// Lists of generated servers: any page sizes, empty and null pages, invalid totals, lists that grow and shrink while
// they are read, servers that ignore parameters or repeat pages. A walk always ends, and either returns every item
// that was there all the time, or fails.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertNoOpenCalls, attention, FAKE_KEY } from "../node/fixture.mjs";
import { dice } from "../random.mjs";

const { Attention, ProtocolError } = attention;

after(assertNoOpenCalls);

const CASES = process.env.ATTENTION_SLOW ? 30_000 : 1500;

/** Far more than any of these lists needs. */
const MOST_REQUESTS = 1500;

/** The operations, and how each style is asked and answered. */
const STYLES = {
  page: {
    list: (client, query) => client.scorecards.list(query),
    size: "size",
    from: (query, size) => (Number(query.get("page") ?? 1) - 1) * size,
  },
  offset: {
    list: (client, query) => client.conversations.listWorkflowLogs(query),
    size: "limit",
    from: (query) => Number(query.get("offset") ?? 0),
  },
};

/** A server for one case; `kept` are the items that it always has. */
class Server {
  requests = 0;
  constructor(world) {
    this.world = world;
    this.list = world.items.map((name) => (world.hasIds ? { id: name } : { name }));
    this.ever = [...this.list];
    this.fresh = 0;
  }

  answer(query) {
    const { style, total, obeys, sizes, changes, counters } = this.world;
    if (this.requests++ > MOST_REQUESTS) throw new Error("it does not end");
    const change = changes[this.requests];
    if (change === "grows") {
      const item = this.world.hasIds ? { id: `new${this.fresh++}` } : { name: `new${this.fresh++}` };
      this.list.unshift(item);
      this.ever.push(item);
    } else if (change === "shrinks") this.list.shift();
    const size = this.size(query);
    const count = this.list.length;
    const pages = Math.max(1, Math.ceil(count / size));
    let from = STYLES[style].from(query, size);
    if (obeys === "ignores") from = 0;
    if (obeys === "clamps") from = Math.min(from, (pages - 1) * size);
    if (obeys === "wraps") from %= pages * size;
    const items = this.list.slice(from, from + size).filter((item) => !this.world.hidden.has(item.id));
    const told = this.told(total, count, items.length);
    const meta = style === "page" ? { meta: { totalRecords: told } } : { total: told };
    if (told === undefined) delete (meta.meta ?? meta)[style === "page" ? "totalRecords" : "total"];
    if (counters && style === "page")
      Object.assign(meta.meta, { pageCount: pages, pageNumber: from / size + 1, pageSize: size });
    const data = items.length > 0 ? items : sizes.none;
    // A list that is left out is known by what stands beside it.
    if (data === undefined && style === "offset" && told === undefined) return { data: null };
    return { ...(data !== undefined && { data }), ...meta };
  }

  size(query) {
    const { style, sizes } = this.world;
    const asked = Number(query.get(STYLES[style].size));
    return sizes.isHonoured && asked > 0 ? asked : sizes.own;
  }

  told(total, count, here) {
    const held = { right: count, null: null, text: String(count), negative: -1, missing: undefined, here, huge: 1e9 };
    return total in held ? held[total] : total;
  }
}

function world(seed) {
  const { below, pick, chance } = dice(seed);
  const count = below(13);
  const own = 1 + below(5);
  const hasIds = chance(80);
  const items = Array.from({ length: count }, (_, at) => `i${at}`);
  const total = pick(["right", "right", "right", "null", "text", "negative", "missing", "here", "huge", below(14)]);
  const isRight = total === "right";
  const change = pick(["stays", "stays", "grows", ...(isRight ? ["shrinks"] : [])]);
  const changes = Array.from({ length: 30 }, (_, at) =>
    at > 1 && change !== "stays" && chance(50) ? change : "stays",
  );
  const obeys = change === "stays" ? pick(["asked", "asked", "asked", "ignores", "clamps", "wraps"]) : "asked";
  const isPlain = change === "stays" && obeys === "asked";
  const style = pick(Object.keys(STYLES));
  // Taken out after the page was cut; with an offset the next place would then be anybody's guess.
  const hasHoles = isPlain && isRight && hasIds && style === "page";
  const hidden = new Set(hasHoles ? items.filter(() => chance(20)) : []);
  return {
    seed,
    style,
    items,
    hasIds,
    total,
    change,
    changes,
    obeys,
    hidden,
    asked: chance(50) ? 1 + below(5) : undefined,
    start: isPlain && hidden.size === 0 && chance(30) ? below(6) : 0,
    sizes: { own, isHonoured: chance(50), none: pick([[], null, undefined]) },
    counters: isPlain && isRight && hidden.size === 0 && chance(50),
  };
}

/** The items of a walk, and its end. */
async function walked(list) {
  const given = [];
  try {
    for await (const item of list) given.push(item);
  } catch (error) {
    return { given, error };
  }
  return { given };
}

/** A client of the current server. */
function clientOf(present) {
  return new Attention({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    fetch: async (url) => Response.json(present().answer(new URL(url).searchParams)),
  });
}

const name = (item) => item.id ?? item.name;

/** Whether a server shows its whole list at the first place, so that ignoring the others hides nothing. */
function isOnePage(server, size) {
  return server.list.length <= size;
}

test(`by number and by offset: every item at least once, or an error that says so, ${CASES} servers`, async () => {
  const outcomes = {};
  let server;
  const client = clientOf(() => server);
  for (let seed = 1; seed <= CASES; seed++) {
    const made = world(seed);
    server = new Server(made);
    const query = made.asked === undefined ? {} : { [STYLES[made.style].size]: made.asked };
    // From a later page on, as the caller wants.
    if (made.start > 0) query[made.style] = made.start + (made.style === "page" ? 1 : 0);
    const { given, error } = await walked(STYLES[made.style].list(client, query));
    const story = `${JSON.stringify({ ...made, hidden: [...made.hidden] })}\n${given.map(name)}\n${error}`;
    const size = server.size(new URLSearchParams(Object.entries(query).map(([each, value]) => [each, String(value)])));
    const gave = new Set(given.map(name));
    const skipped = made.start * (made.style === "page" ? size : 1);
    const all = server.list
      .slice(skipped)
      .map(name)
      .filter((each) => !made.hidden.has(each) && made.items.includes(each));
    const lacks = all.filter((each) => !gave.has(each));
    const ever = new Set(server.ever.map(name));
    assert.ok(
      [...gave].every((each) => ever.has(each)),
      story,
    );
    assert.ok(error === undefined || (error instanceof ProtocolError && error.code === "list_repeats"), story);
    outcomes[`${made.obeys} ${made.change} ${error === undefined ? "ends" : "fails"}`] = true;
    if (made.obeys === "asked") {
      assert.equal(error, undefined, story);
      assert.deepEqual(lacks, [], story);
    } else if (made.obeys === "ignores") {
      // Impossible to know: neither a total nor the page size shows that there is more.
      const isKnown = made.total === "right" || (made.hasIds && made.asked === size && typeof made.total !== "number");
      if (isOnePage(server, size)) assert.deepEqual(lacks, [], story);
      else if (isKnown && made.total !== "here") assert.ok(error, story);
    } else assert.deepEqual(lacks, [], story);
    const isPlain = made.obeys === "asked" && made.change === "stays" && made.hidden.size === 0;
    if (isPlain && made.total === "right") {
      assert.deepEqual(given.map(name), made.items.slice(skipped), story);
      const pages = Math.max(1, Math.ceil((made.items.length - skipped) / size));
      assert.ok(
        server.requests <= pages + (made.counters && made.style === "page" && made.start === 0 ? 0 : 1),
        `${server.requests} requests, ${story}`,
      );
    }
  }
  client.close();
  // The generator covers the intended cases.
  for (const wanted of ["asked grows ends", "asked shrinks ends", "ignores stays fails", "ignores stays ends"])
    assert.ok(outcomes[wanted], `${wanted}: ${Object.keys(outcomes)}`);
});

/** Pages, and which page each one names as the next: mostly the one behind it, sometimes one that was there. */
function book(seed) {
  const { below, pick, chance } = dice(seed);
  const style = pick([
    { items: "data", next: "next_cursor", list: (client) => client.actions.list() },
    { items: "items", next: "nextCursor", list: (client) => client.recorderMetrics.listMeetings({}) },
  ]);
  let fresh = 0;
  const pages = Array.from({ length: 1 + below(9) }, () =>
    Array.from({ length: chance(25) ? 0 : 1 + below(3) }, () => ({ id: `i${fresh++}` })),
  );
  const next = pages.map((_, at) => (chance(8) ? below(pages.length) : at + 1));
  return { seed, style, pages, next, isNumber: chance(30), none: pick([null, undefined, ""]), ignores: chance(10) };
}

/** What can be reached from the first page, and whether one comes to an end: a set of what was seen tells. */
function reached({ pages, next, ignores }) {
  if (ignores) return { items: pages[0].map(({ id }) => id), isLoop: next[0] < pages.length };
  const seen = new Set();
  let at = 0;
  for (; at < pages.length && !seen.has(at); at = next[at]) seen.add(at);
  return { items: [...seen].flatMap((each) => pages[each].map(({ id }) => id)), isLoop: at < pages.length };
}

test(`by cursor: everything that can be reached, and an end, ${CASES} servers`, async () => {
  const outcomes = new Set();
  let made;
  let requests;
  const answer = ({ style, pages, next, isNumber, none, ignores }, asked) => {
    if (requests++ > MOST_REQUESTS) throw new Error("it does not end");
    const at = asked === null || ignores ? 0 : Number(asked.replace("c", "")) - 1;
    const last = next[at] >= pages.length;
    const cursor = last ? none : isNumber ? next[at] + 1 : `c${next[at] + 1}`;
    return { [style.items]: pages[at].length === 0 ? null : pages[at], [style.next]: cursor };
  };
  const client = new Attention({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    fetch: async (url) => Response.json(answer(made, new URL(url).searchParams.get("cursor"))),
  });
  for (let seed = 1; seed <= CASES; seed++) {
    made = book(seed);
    requests = 0;
    const { given, error } = await walked(made.style.list(client));
    const story = `${JSON.stringify(made)}\n${given.map(({ id }) => id)}\n${error}`;
    const { items, isLoop } = reached(made);
    const gave = new Set(given.map(({ id }) => id));
    assert.deepEqual([...gave].sort(), [...items].sort(), story);
    assert.ok(error === undefined || (error instanceof ProtocolError && error.code === "list_repeats"), story);
    // A server that goes on although nothing is new hides what comes behind; one that names the same place ends there.
    if (!isLoop) assert.equal(error, undefined, story);
    if (!isLoop) assert.equal(given.length, items.length, story);
    const isOwnNext = made.next.some((to, at) => to === at);
    if (isLoop && !isOwnNext && made.pages[0].length > 0) assert.ok(error, story);
    outcomes.add(`${made.ignores ? "ignores" : isLoop ? "loops" : "ends"} ${error === undefined ? "ends" : "fails"}`);
  }
  client.close();
  for (const wanted of ["ends ends", "loops fails", "ignores fails"]) assert.ok(outcomes.has(wanted), wanted);
});
