// Bodies stream in both directions, keep their bytes, and never look complete if
// they break off.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { until } from "../until.mjs";
import { KEY, useWorkers } from "./worker.mjs";

const workers = useWorkers();
const plain = workers.with({ ATTENTION_POLICY: "allow * /v2/**" });
const redacting = workers.with({ ATTENTION_POLICY: "allow * /v2/** redact=email" });
const impatient = workers.with({ ATTENTION_POLICY: "allow * /v2/** redact=email", ATTENTION_TIMEOUT_MS: "4000" });
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** An event that another part of a test awaits. */
function signal() {
  const made = {};
  made.done = new Promise((resolve) => {
    made.now = resolve;
  });
  return made;
}

describe("down", () => {
  test("the first byte arrives before the upstream has made the second", async () => {
    workers.begin();
    const received = signal();
    workers.respond = () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(Buffer.from("first"));
            await received.done;
            controller.enqueue(Buffer.from("second"));
            controller.close();
          },
        }),
      );
    const wire = await workers.open(plain);
    const answer = await wire.head();
    const pieces = wire.body(answer);
    assert.equal((await pieces.next()).value.toString(), "first");
    received.now();
    assert.equal((await pieces.next()).value.toString(), "second");
    assert.ok((await pieces.next()).done);
    wire.destroy();
  });

  test("the head arrives before any of the body", async () => {
    workers.begin();
    const received = signal();
    workers.respond = () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            await received.done;
            controller.enqueue(Buffer.from("late"));
            controller.close();
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      );
    const wire = await workers.open(plain);
    const answer = await wire.head();
    assert.equal(answer.status, 200);
    received.now();
    assert.equal((await wire.body(answer).next()).value.toString(), "late");
    wire.destroy();
  });

  test("events arrive one by one, each before the next is sent", async () => {
    workers.begin();
    let controller;
    workers.respond = () =>
      new Response(
        new ReadableStream({
          start(made) {
            controller = made;
            made.enqueue(Buffer.from("data: 0\n\n"));
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      );
    const wire = await workers.open(plain, { headers: [["Accept", "text/event-stream"]] });
    const answer = await wire.head();
    assert.equal(answer.get("content-type"), "text/event-stream");
    const pieces = wire.body(answer);
    for (let count = 0; count < 5; count++) {
      assert.equal((await pieces.next()).value.toString(), `data: ${count}\n\n`);
      controller.enqueue(Buffer.from(`data: ${count + 1}\n\n`));
    }
    wire.destroy();
  });

  test("200 MB arrive completely, with their length, and the process does not grow", async () => {
    const size = 200_000_000;
    workers.begin({ body: { zeros: size } });
    await workers.call(plain, { target: "/v2/warm" });
    workers.begin({ body: { zeros: size } });
    const memory = () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${workers.workerd.pid}/status`, "utf8"))?.[1]) * 1024;
    const before = memory();
    let most = before;
    const wire = await workers.open(plain);
    const answer = await wire.head();
    assert.equal(answer.get("content-length"), String(size));
    let got = 0;
    let next = 0;
    for await (const piece of wire.body(answer)) {
      got += piece.length;
      if (got < next) continue;
      next += 10_000_000;
      most = Math.max(most, memory());
    }
    assert.equal(got, size);
    assert.ok(most - before < 64_000_000, `${Math.round((most - before) / 1e6)} MB more`);
    wire.destroy();
  });

  test("a client that stops reading stops the upstream too", async () => {
    workers.begin();
    let made = 0;
    workers.respond = () =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              made += 65536;
              controller.enqueue(Buffer.alloc(65536));
            },
          },
          { highWaterMark: 0 },
        ),
      );
    const wire = await workers.open(plain);
    await wire.head();
    let before = -1;
    // Until the buffers between are full; an unbounded proxy would never get there.
    await until(() => {
      const still = made === before;
      before = made;
      return still || made > 200_000_000;
    }, "the upstream stands still");
    assert.ok(made < 100_000_000, `${made} bytes were taken for a client that read none`);
    wire.destroy();
  });

  test("a client that disconnects ends the upstream's response", async () => {
    workers.begin();
    workers.respond = () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            controller.enqueue(Buffer.from("more"));
          },
        }),
      );
    const wire = await workers.open(plain);
    await wire.body(await wire.head()).next();
    wire.reset();
    await until(() => workers.upstream.records[0].done, "the upstream is told");
    assert.match(workers.upstream.records[0].error, /gone|closed|abort/i);
  });

  test("a client that disconnects while it waits ends the upstream's work", async () => {
    workers.begin({ hang: true });
    const wire = await workers.open(plain);
    await until(() => workers.upstream.records.length === 1, "the upstream is asked");
    wire.reset();
    await until(() => workers.upstream.records[0].done, "the upstream is told");
  });

  for (const [name, entry] of Object.entries({
    "short of its length": { body: "x".repeat(10_000), cutAfter: 5000 },
    "in the middle of chunks": { body: "x".repeat(10_000), chunked: true, cutAfter: 5000 },
    "before its first byte": { body: "x".repeat(10_000), contentLength: 10_000, cutAfter: 0 },
    "with a length that lies upwards": { body: "x".repeat(100), contentLength: 1000 },
    "200 MB announced, 1 MB sent": { body: { zeros: 1_000_000 }, contentLength: 200_000_000 },
    "with a last chunk missing": { raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" },
    "with a chunk size that is none": {
      raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    },
  })) {
    test(`an upstream that breaks off ${name}: the client's transfer breaks off, and never looks complete`, async () => {
      workers.begin(entry);
      const answer = await workers.call(plain);
      if (answer !== null && answer.status === 200) assert.equal(answer.complete, false);
      else if (answer !== null) assert.equal(answer.status, 502);
    });
  }

  test("with a too small Content-Length, only that length is passed on, and the rest reaches nobody", async () => {
    workers.begin({
      body: `{"ok":1}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`,
      contentLength: 8,
      keepAlive: true,
    });
    assert.equal((await workers.call(plain)).text, '{"ok":1}');
    workers.begin({ body: "own" });
    assert.equal((await workers.call(plain)).text, "own");
  });

  for (const [name, entry] of Object.entries({
    "with a length and a body that breaks off": { status: 404, body: '{"message":"not here"}', contentLength: 1000 },
    "in the middle of the key": {
      status: 400,
      body: `{"sent":"${KEY}"}`,
      cutAfter: 12 + KEY.length - 4,
      contentLength: 100,
    },
  })) {
    test(`an error ${name}: an incomplete error never looks complete`, async () => {
      workers.begin(entry);
      const answer = await workers.call(plain);
      assert.ok(!answer.text.includes(KEY.slice(0, 20)), answer.text);
      // Its words are lost; what is left of them may not pass for all of them.
      assert.ok(!answer.complete || answer.status === 502 || answer.text === "", answer.head + answer.text);
    });
  }
});

describe("bodies keep their bytes", () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256));

  test("down", async () => {
    workers.begin({ body: bytes });
    const answer = await workers.call(plain);
    assert.equal(digest(answer.body), digest(bytes));
  });

  test("gzip is passed on without decoding, with its Content-Encoding", async () => {
    const packed = gzipSync(bytes);
    for (const headers of [[["Accept-Encoding", "gzip"]], []]) {
      workers.begin({
        body: packed,
        headers: [
          ["Content-Encoding", "gzip"],
          ["Content-Type", "application/json"],
        ],
      });
      const answer = await workers.call(plain, { headers });
      assert.equal(answer.get("content-encoding"), "gzip");
      assert.equal(digest(answer.body), digest(packed));
    }
  });

  test("a gzip bomb is passed on as its few bytes", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    workers.begin({ body: bomb, headers: [["Content-Encoding", "gzip"]] });
    const answer = await workers.call(plain);
    assert.equal(answer.body.length, bomb.length);
  });

  test("an unknown encoding is passed on too", async () => {
    workers.begin({ body: bytes, headers: [["Content-Encoding", "x-own"]] });
    const answer = await workers.call(plain);
    assert.equal(answer.get("content-encoding"), "x-own");
    assert.equal(digest(answer.body), digest(bytes));
  });

  test("a compressed error is decoded, searched for keys, and passed on decoded", async () => {
    const said = JSON.stringify({ message: `no such thing for Bearer ${KEY}` });
    workers.begin({
      status: 404,
      body: gzipSync(said),
      headers: [
        ["Content-Encoding", "gzip"],
        ["Content-Type", "application/json"],
      ],
    });
    const answer = await workers.call(plain, { headers: [["Accept-Encoding", "gzip"]] });
    const plainText = answer.get("content-encoding") === "gzip" ? gunzipSync(answer.body).toString() : answer.text;
    assert.deepEqual(
      [answer.status, plainText],
      [404, JSON.stringify({ message: "no such thing for Bearer [redacted]" })],
    );
  });

  test("a bomb as an error is not decoded to its end", async () => {
    workers.begin({ status: 400, body: gzipSync(Buffer.alloc(50_000_000)), headers: [["Content-Encoding", "gzip"]] });
    const answer = await workers.call(plain);
    assert.deepEqual([answer.status, answer.body.length, answer.complete], [400, 0, true]);
  });

  test("HEAD has only a head", async () => {
    workers.begin({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\nConnection: close\r\n\r\n' });
    const answer = await workers.call(plain, { method: "HEAD" });
    assert.deepEqual([answer.status, answer.get("etag"), answer.body.length], [200, '"x"', 0]);
    assert.equal((await workers.received(1))[0].method, "HEAD");
  });

  test("204 and 304 have no body, 304 keeps its ETag", async () => {
    workers.begin({ status: 204 }, { status: 304, headers: [["ETag", '"x"']] });
    const none = await workers.call(plain, { method: "DELETE" });
    assert.deepEqual([none.status, none.body.length, none.complete], [204, 0, true]);
    const same = await workers.call(plain, { headers: [["If-None-Match", '"x"']] });
    assert.deepEqual([same.status, same.get("etag"), same.body.length], [304, '"x"', 0]);
    assert.deepEqual((await workers.received(2))[1].all("if-none-match"), ['"x"']);
  });

  for (const status of [201, 202, 203, 205, 207, 299]) {
    test(`${status} is passed on`, async () => {
      workers.begin({ status, body: status === 205 ? "" : "x" });
      assert.equal((await workers.call(plain)).status, status);
    });
  }

  test("206 has its part and its range", async () => {
    workers.begin({ status: 206, body: "part", headers: [["Content-Range", "bytes 2-5/100"]] });
    const answer = await workers.call(plain, { headers: [["Range", "bytes=2-5"]] });
    assert.deepEqual([answer.status, answer.get("content-range"), answer.text], [206, "bytes 2-5/100", "part"]);
    assert.deepEqual((await workers.received(1))[0].all("range"), ["bytes=2-5"]);
  });
});

describe("up", () => {
  test("chunks reach the upstream before the client has sent the last", async () => {
    workers.begin();
    const wire = await workers.open(plain, { method: "POST", headers: [["Transfer-Encoding", "chunked"]] });
    await wire.write(chunk("first"));
    await until(() => workers.upstream.records[0]?.body?.bytes === 5, "the first chunk is there");
    await wire.write(chunk("second"));
    await until(() => workers.upstream.records[0].body.bytes === 11, "the second chunk is there");
    assert.equal(workers.upstream.records[0].body.complete, false);
    await wire.write("0\r\n\r\n");
    assert.equal((await wire.answer()).status, 200);
    const [{ body }] = await workers.received(1);
    assert.deepEqual([body.text, body.complete, body.framing], ["firstsecond", true, "chunked"]);
    wire.destroy();
  });

  test("a large body of known length streams, and keeps its length", async () => {
    workers.begin();
    const size = 20_000_000;
    const wire = await workers.open(plain, { method: "PUT", headers: [["Content-Length", String(size)]] });
    const part = Buffer.alloc(1_000_000, 7);
    await wire.write(part);
    await until(() => workers.upstream.records[0]?.body?.bytes > 0, "bytes are there before the rest is sent");
    for (let sent = part.length; sent < size; sent += part.length) await wire.write(part);
    assert.equal((await wire.answer()).status, 200);
    const [record] = await workers.received(1);
    assert.deepEqual(record.all("content-length"), [String(size)]);
    assert.deepEqual([record.body.bytes, record.body.sha256], [size, digest(Buffer.alloc(size, 7))]);
    wire.destroy();
  });

  for (const [name, body] of [
    ["small", "{}"],
    ["empty", ""],
    ["bytes of all kinds", Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
    ["just held", Buffer.alloc(256 * 1024, 1)],
    ["just streamed", Buffer.alloc(256 * 1024 + 1, 1)],
  ]) {
    test(`a body keeps its bytes and its length: ${name}`, async () => {
      workers.begin();
      assert.equal((await workers.call(plain, { method: "POST", body })).status, 200);
      const [record] = await workers.received(1);
      assert.deepEqual(
        [record.body.bytes, record.all("content-length")],
        [Buffer.byteLength(body), [String(Buffer.byteLength(body))]],
      );
      if (body.length > 0) assert.equal(record.body.sha256, digest(body));
    });
  }

  for (const [name, length, sent] of [
    ["a held body", 1000, 400],
    ["a streamed body", 1_000_000, 400_000],
  ]) {
    test(`an upload that breaks off never looks complete to the upstream: ${name}`, async () => {
      workers.begin();
      const wire = await workers.open(plain, { method: "POST", headers: [["Content-Length", String(length)]] });
      await wire.write(Buffer.alloc(sent, 1));
      if (length > 256 * 1024) await until(() => workers.upstream.records[0]?.body?.bytes > 0, "the upstream sees it");
      wire.destroy();
      const { records } = workers.upstream;
      if (length > 256 * 1024) await until(() => records[0].done, "the upstream is told");
      // The Worker is well afterwards.
      assert.equal((await workers.call(plain, { target: "/v2/after" })).status, 200);
      for (const record of records.filter(({ target }) => target !== "/v2/after"))
        assert.equal(record.body.complete, false);
      assert.equal(records.filter(({ target }) => target !== "/v2/after").length, length > 256 * 1024 ? 1 : 0);
    });
  }

  test("an upload whose chunks break off never looks complete to the upstream", async () => {
    workers.begin();
    const wire = await workers.open(plain, { method: "POST", headers: [["Transfer-Encoding", "chunked"]] });
    await wire.write(chunk("half"));
    await until(() => workers.upstream.records[0]?.body?.bytes === 4, "the upstream sees it");
    wire.destroy();
    await until(() => workers.upstream.records[0].done, "the upstream is told");
    assert.equal(workers.upstream.records[0].body.complete, false);
  });

  test("invalid chunks never look complete to the upstream, and however many there are, they exclude nobody else", async () => {
    workers.begin();
    for (let count = 0; count < 30; count++) {
      const answer = await workers.call(plain, {
        method: "POST",
        headers: [["Transfer-Encoding", "chunked"]],
        body: "4\r\nhalf\r\nzz\r\n",
      });
      assert.ok(answer === null || answer.status === 400, answer?.head);
    }
    assert.equal((await workers.call(plain, { target: "/v2/after" })).status, 200);
    for (const { target, body } of workers.upstream.records)
      if (target !== "/v2/after") assert.equal(body.complete, false);
  });

  test("if an upload stops half way, the upstream's answer is passed on without waiting", async () => {
    workers.begin({ early: true, status: 413, body: '{"message":"too large"}' });
    const wire = await workers.open(plain, { method: "POST", headers: [["Transfer-Encoding", "chunked"]] });
    await wire.write(chunk("half"));
    const answer = await wire.answer();
    assert.deepEqual([answer.status, answer.text], [413, '{"message":"too large"}']);
    wire.destroy();
  });

  for (const method of ["GET", "HEAD"]) {
    test(`${method} with a body gets 400, since fetch does not allow it, and nothing is sent`, async () => {
      for (const request of [
        { body: "{}" },
        { headers: [["Transfer-Encoding", "chunked"]], body: "2\r\n{}\r\n0\r\n\r\n" },
      ]) {
        workers.begin();
        const answer = await workers.call(plain, { method, ...request });
        assert.equal(answer.status, 400, answer.head);
        assert.deepEqual(workers.upstream.records, []);
      }
    });

    test(`${method} with a length of zero is a plain ${method}`, async () => {
      workers.begin();
      assert.equal((await workers.call(plain, { method, headers: [["Content-Length", "0"]] })).status, 200);
      assert.equal((await workers.received(1))[0].body.bytes, 0);
    });
  }

  test("DELETE may have a body", async () => {
    workers.begin();
    assert.equal((await workers.call(plain, { method: "DELETE", body: "{}" })).status, 200);
    assert.equal((await workers.received(1))[0].body.text, "{}");
  });
});

describe("simultaneously redacted responses", () => {
  const MIB = 1024 * 1024;

  /** Responses of 7 MiB, whose last bytes are sent on demand. */
  function largeAnswers(mayEnd) {
    const begun = { count: 0 };
    workers.begin();
    workers.respond = () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            const encode = (text) => new TextEncoder().encode(text);
            controller.enqueue(
              encode(`{"email":"ann@corp.example","n":9007199254740993,"text":"${"x".repeat(7 * MIB)}`),
            );
            begun.count++;
            await mayEnd;
            try {
              controller.enqueue(encode('"}'));
              controller.close();
            } catch {
              // Nobody reads it any more.
            }
          },
        }),
        { headers: { "Content-Type": "application/json" } },
      );
    return begun;
  }

  test("share one memory limit: calls beyond it get an error, and the others are answered", async () => {
    const mayEnd = signal();
    largeAnswers(mayEnd.done);
    const answers = [];
    const calls = Array.from({ length: 9 }, async () => answers.push(await workers.call(redacting)));
    // Four of them fit.
    await until(() => answers.length >= 5, "those that do not fit are refused");
    mayEnd.now();
    await Promise.all(calls);
    const refused = answers.filter(({ status }) => status === 503);
    for (const answer of refused)
      assert.deepEqual([answer.json().code, answer.get("retry-after")], ["redaction_busy", "1"]);
    const passed = answers.filter(({ status }) => status === 200);
    assert.deepEqual([refused.length, passed.length], [5, 4]);
    for (const { text } of passed) assert.equal(text.slice(0, 40), `{"n":9007199254740993,"text":"${"x".repeat(10)}`);
    assert.equal((await workers.call(redacting)).status, 200);
  });

  test("a call that changed something is not advised to be repeated", async () => {
    const mayEnd = signal();
    largeAnswers(mayEnd.done);
    const answers = [];
    const post = { method: "POST", body: "{}" };
    const calls = Array.from({ length: 5 }, async () => answers.push(await workers.call(redacting, post)));
    await until(() => answers.length >= 1, "one is refused");
    mayEnd.now();
    await Promise.all(calls);
    const refused = answers.filter(({ status }) => status !== 200);
    assert.deepEqual(
      refused.map((answer) => [answer.status, answer.json().code, answer.get("retry-after")]),
      [[502, "redaction_busy", null]],
    );
  });

  test("callers that disconnect release their memory in time", async () => {
    const begun = largeAnswers(new Promise(() => {}));
    const wires = await Promise.all(Array.from({ length: 4 }, () => workers.open(impatient)));
    await until(() => begun.count === 4, "all are being read");
    for (const wire of wires) wire.destroy();
    largeAnswers(Promise.resolve());
    const end = Date.now() + 60_000;
    for (;;) {
      const { status } = await workers.call(impatient);
      if (status === 200) break;
      assert.equal(status, 503);
      assert.ok(Date.now() < end, "the room is lost");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
});
