// Sends every row of the table to one workerd, through real sockets.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { startUpstream } from "../upstream/server.mjs";
import { AUDIENCE, ISSUER, KEYS, SESSION_SECRET } from "../worker/issuer.mjs";
import { requestBytes, Wire } from "../worker/wire.mjs";
import { KEY, NEXT_KEY, OTHER_TOKEN, SECRETS, sha256, TOKEN, useWorkers } from "../worker/worker.mjs";
import { judge } from "./judge.mjs";

// Loaded first, because a later load would be too late.
const files = (await readdir(new URL("rows/", import.meta.url))).sort();
const groups = await Promise.all(
  files.map(async (file) => [file.replace(".mjs", ""), (await import(`./rows/${file}`)).default]),
);

// The issuer of JWTs starts before the Workers, which need the address of its keys.
let issuer;
before(async () => {
  issuer = await startUpstream({ handler: () => Response.json(KEYS) });
});
after(() => issuer.close());
/** A Worker that accepts it, with these terms. */
const believing = (terms = {}, more = {}) => ({
  ATTENTION_JWT: () =>
    JSON.stringify({
      issuer: ISSUER,
      audience: [AUDIENCE],
      jwks: `${issuer.url}/keys`,
      algorithms: ["RS256", "ES256", "EdDSA"],
      nameClaim: "email",
      grants: [{ claim: "email", endsWith: "@corp.example" }],
      ...terms,
    }),
  ...more,
});

const workers = useWorkers();
const ANY = { ATTENTION_POLICY: "allow * /v2/**" };
const SESSIONS = {
  ATTENTION_SESSION_SECRET: SESSION_SECRET,
  ATTENTION_ALLOWED_ORIGINS: "https://app.example,https://other.example",
  ATTENTION_POLICY: "allow GET /v2/conversations/**\nallow GET /v2/users",
};
const callers = (...list) => ({ ATTENTION_CALLERS: JSON.stringify(list) });
const app = { name: "app", sha256: sha256(TOKEN) };
const services = {
  plain: workers.with(),
  any: workers.with(ANY),
  pages: workers.with({ ...ANY, ATTENTION_ALLOWED_ORIGINS: "https://app.example" }),
  keeping: workers.with({
    ...believing(),
    ...SESSIONS,
    ATTENTION_POLICY: "allow * /v2/** cache=1h\nallow * /mcp cache=1h",
    ...callers({ ...app, mintsSessions: true }, { name: "other", sha256: sha256(OTHER_TOKEN) }),
  }),
  hasty: workers.with({ ...ANY, ATTENTION_TIMEOUT_MS: "1000" }),
  redacting: workers.with({ ATTENTION_POLICY: "allow GET /v2/** redact=email", ATTENTION_TIMEOUT_MS: "3000" }),
  retrying: workers.with({ ...ANY, ATTENTION_MAX_RETRIES: "2" }),
  jwt: workers.with(believing()),
  access: workers.with(believing({ header: "Cf-Access-Jwt-Assertion" })),
  sessions: workers.with({
    ...SESSIONS,
    ...callers({ ...app, mintsSessions: true }, { name: "other", sha256: sha256(OTHER_TOKEN) }),
    ATTENTION_ADMIN_SHA256: sha256("fake-operator-token"),
    ...believing(),
  }),
  "minting no more": workers.with({ ...SESSIONS, ...callers(app) }),
  "without app": workers.with({
    ...SESSIONS,
    ...callers({ name: "other", sha256: sha256(OTHER_TOKEN), mintsSessions: true }),
  }),
  "app expired": workers.with({ ...SESSIONS, ...callers({ ...app, mintsSessions: true, expires: "2020-01-31" }) }),
};

const table = groups.map(([group, rows]) => ({ group, rows: rows.map((row) => ({ ...row, own: own(row) })) }));

/** A separate Worker for a row with its own bindings or its own issuer. */
function own({ bindings, terms, keys }) {
  if (bindings !== undefined) return workers.with(bindings);
  return keys === undefined && terms === undefined ? undefined : workers.with(believing(terms));
}

let other;
before(async () => {
  other = await startUpstream();
});
after(() => other.close());

for (const { group, rows } of table) {
  describe(group, () => {
    for (const row of rows) {
      test(row.name, async () => {
        const filled = fill(row);
        assert.deepEqual(judge(filled, await play(filled)), []);
      });
    }
  });
}

describe("the table itself", () => {
  test("has hundreds of rows with unique names, and no unused field", () => {
    const rows = table.flatMap(({ group, rows: all }) => all.map((row) => ({ ...row, name: `${group}: ${row.name}` })));
    assert.ok(rows.length >= 850, `${rows.length} rows`);
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    const known = {
      row: [
        "name",
        "raw",
        "request",
        "requests",
        "steps",
        "service",
        "bindings",
        "terms",
        "keys",
        "own",
        "answer",
        "want",
        "sent",
        "secrets",
      ],
      want: ["status", "before", "code", "fault", "asked", "headers", "text", "lacks", "broken", "answers"],
      sent: ["method", "target", "headers", "body", "broken"],
    };
    for (const row of rows) {
      const unknown = [
        ...unread(row, known.row),
        ...unread(row.want, known.want),
        ...[row.sent ?? []]
          .flat()
          .filter((each) => typeof each === "object")
          .flatMap((each) => unread(each, known.sent)),
      ];
      assert.deepEqual(unknown, [], row.name);
      assert.ok(row.service === undefined || row.service in services, row.name);
    }
  });

  /** Forbidden outcomes, derived from a good one. */
  const bad = {
    "the key in an answer": (seen) => {
      seen.answers.push(answer({ text: `x ${KEY}` }));
    },
    "the key percent-encoded in an answer": (seen) => {
      seen.answers.push(answer({ text: `%66${KEY.slice(1)}` }));
    },
    "the token in a header": (seen) => {
      seen.answers.push(answer({ head: `HTTP/1.1 200 OK\r\nX: ${TOKEN}\r\n\r\n` }));
    },
    "the token in the log": (seen) => {
      seen.log.push(`{"x":"${TOKEN}"}`);
    },
    "the token upstream": (seen) => {
      seen.records.push(record({ headers: [["Accept", TOKEN]] }));
    },
    "a request too many": (seen) => {
      seen.records.push(record(), record(), record(), record());
    },
    "another status": (seen) => {
      seen.answers.push(answer({ status: 299 }));
    },
    "a cookie": (seen) => {
      seen.answers.push(answer({ headers: [["Set-Cookie", "a=1"]] }));
    },
    "two lines in one of the log": (seen) => {
      seen.log.push("a\nb");
    },
    "a call elsewhere": (seen) => {
      seen.otherConnections = 1;
    },
    "a Worker that is dead": (seen) => {
      seen.isAlive = false;
    },
  };
  for (const [name, spoil] of Object.entries(bad)) {
    test(`every row can fail: ${name}`, () => {
      for (const { group, rows } of table) {
        for (const row of rows) {
          // Rows that ignore the sent requests still check everything else.
          if (["any", "broken"].includes(row.sent) && name === "a request too many") continue;
          const seen = {
            answers: [],
            records: [],
            log: [],
            otherConnections: 0,
            isAlive: true,
            asked: [row.want.asked].flat()[0],
            host: "upstream",
            key: KEY,
          };
          const before = judge(row, seen);
          spoil(seen);
          const found = judge(row, seen).filter((complaint) => !before.includes(complaint));
          assert.ok(found.length > 0, `${group}: ${row.name}: the judge lets it pass`);
        }
      }
    });
  }

  test("every row checks its own outcome: neither an empty result nor the opposite satisfies it", () => {
    for (const { group, rows } of table) {
      for (const row of rows) {
        const opposite = [row.want.status].flat().includes(500) ? 204 : 500;
        for (const answers of [[], [answer({ status: opposite })]]) {
          if (answers.length === 0 && [row.want.status].flat().includes(0)) continue;
          const seen = {
            answers,
            records: [],
            log: [],
            otherConnections: 0,
            isAlive: true,
            asked: -1,
            host: "upstream",
            key: KEY,
          };
          const found = judge(row, seen);
          const minds = (start) =>
            assert.ok(
              found.some((complaint) => complaint.startsWith(start)),
              `${group}: ${row.name}: ${start}`,
            );
          minds("status ");
          if (row.want.before !== undefined) minds("before ");
          if (row.want.asked !== undefined) minds("the issuer ");
          if (row.want.fault !== undefined && answers.length > 0) minds("the log ");
        }
      }
    }
  });
});

const unread = (object, known) => Object.keys(object).filter((name) => !known.includes(name));

function answer({ status = 200, head = "", text = "", headers = [] }) {
  const all = (name) =>
    [["x-request-id", "fake-id-1"], ...headers]
      .filter(([held]) => held.toLowerCase() === name)
      .map(([, value]) => value);
  return { status, head, text, headers, complete: true, all, get: (name) => all(name)[0] ?? null, json: () => ({}) };
}

function record({ headers = [] } = {}) {
  const head = headers.map(([name, value]) => `${name}: ${value}`).join("\r\n");
  return { requestLine: "GET /unwanted HTTP/1.1", head, headers, all: () => [], body: { text: "", complete: true } };
}

/** The row with its placeholders replaced; a function makes a token, which counts as a secret. */
function fill({ bindings, ...row }) {
  const secrets = [...(row.secrets ?? [])];
  const values = {
    token: TOKEN,
    "other-token": OTHER_TOKEN,
    key: KEY,
    next: NEXT_KEY,
    other: `127.0.0.1:${other.port}`,
    self: `127.0.0.1:${workers.upstream.port}`,
  };
  const inside = (value) => {
    if (typeof value === "function") {
      const made = value();
      secrets.push(...made.split(".").filter((piece) => piece.length > 30));
      return made;
    }
    if (typeof value === "string") return value.replace(/\{([a-z-]+)\}/g, (whole, name) => values[name] ?? whole);
    if (Array.isArray(value)) return value.map(inside);
    if (value === null || typeof value !== "object" || Buffer.isBuffer(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, inside(held)]));
  };
  return { ...inside(row), bindings, secrets };
}

/** Sends the row, and returns its outcome. */
async function play(row) {
  workers.begin(...(row.answer ?? []));
  issuer.clear();
  issuer.script(row.keys ?? []);
  const { port: otherPort } = other;
  assert.ok(otherPort > 0);
  const connectionsBefore = other.connections;
  const linesBefore = workers.workerd.lines.length;
  const service = row.own ?? services[row.service ?? "plain"];
  const port = workers.port(service);
  const answers = [];
  if (row.steps !== undefined) answers.push(...(await walk(row.steps, port)));
  else if (row.raw !== undefined) answers.push(...(await exchange(port, row.raw, row.raw.split(" ")[0])));
  else
    for (const request of row.requests ?? [row.request])
      answers.push(...(await exchange(port, bytesOfRequest(request), request.method)));
  const isAlive = (await workers.call(service, { target: "/healthz", token: null }))?.status === 200;
  const isProbe = ["/healthz", "/readyz"].includes(row.request?.target);
  // workerd's own answers have no request id, and a successful probe is not logged.
  for (const each of answers)
    if (each.get("x-request-id") !== null && !(isProbe && each.status < 400)) await workers.log(each);
  await workers.upstream.settled(0);
  return {
    answers,
    // An aborted request may reach the upstream after its row; then it counts for the next such row.
    records: workers.upstream.records.filter(({ target }) => row.sent === "broken" || target !== "/v2/broken"),
    log: workers.workerd.lines
      .slice(linesBefore)
      .map(({ text }) => text)
      .filter((text) => !isWorkerdsOwn(text)),
    otherConnections: other.connections - connectionsBefore,
    asked: issuer.records.length,
    isAlive,
    host: `127.0.0.1:${workers.upstream.port}`,
    key: row.bindings?.ATTENTION_API_KEY?.trim() ?? KEY,
  };
}

/** workerd's own output is not a log line of the Worker; at the end, all output is searched for secrets. */
const isWorkerdsOwn = (text) => !text.startsWith("{");

function bytesOfRequest({ token = TOKEN, headers = [], ...request }) {
  return requestBytes({
    target: "/v2/conversations",
    ...request,
    headers: token === null ? headers : [["Authorization", `Bearer ${token}`], ...headers],
  });
}

async function exchange(port, bytes, method) {
  const wire = await Wire.open(port);
  try {
    // The peer may close before everything is sent.
    await wire.write(bytes).catch(() => {});
    wire.end();
    return await wire.answers([method, "GET"]);
  } finally {
    wire.destroy();
  }
}

async function walk(steps, port) {
  const wire = await Wire.open(port);
  const crowd = [];
  try {
    for (const { send, upstream, crowd: size, end, destroy } of steps) {
      if (send !== undefined) await wire.write(send).catch(() => {});
      if (upstream !== undefined) await reached(upstream);
      for (let count = 0; count < (size ?? 0); count++) {
        const idle = await Wire.open(port);
        await idle.write("GET /v2/x HTTP/1.1\r\nHost:");
        crowd.push(idle);
      }
      if (end) wire.end();
      if (destroy) {
        wire.reset();
        await reached(0);
        return [];
      }
    }
    return await wire.answers();
  } finally {
    for (const idle of crowd) idle.destroy();
    wire.destroy();
  }
}

/** Waits until the upstream has this many bytes of a body, or (0) until it knows that no more will arrive. */
async function reached(bytes) {
  const end = Date.now() + 60_000;
  const there = () =>
    workers.upstream.records.some(({ body, done }) => (bytes === 0 ? done : (body?.bytes ?? 0) >= bytes));
  while (!there()) {
    assert.ok(Date.now() < end, `the upstream has not got ${bytes} bytes`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("the whole output of workerd holds no key and no token", () => {
  for (const secret of SECRETS) assert.ok(!workers.workerd.output.includes(secret));
});
