// Renewal of credentials: random schedules of calls, expiries, failures and delays of a vault, and refusals, compared
// with a reference that recomputes everything at each event. And invariants with clocks that jump.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../random.mjs";
import { assertNoOpenCalls, attention } from "./fixture.mjs";
import { VirtualTime } from "./virtual-time.mjs";

const { Client } = attention;
const HOLD = 1000;
const HUNG = 10_000;

/**
 * A schedule: the starts and timeouts of calls, the vault's results, and when the server stops accepting earlier
 * tokens. Kinds of times differ in their last digit, so that few coincide.
 */
function world(seed) {
  const next = random(seed);
  const pick = (...from) => from[Math.floor(next() * from.length)];
  const calls = [];
  for (let at = 0; calls.length < 40; at += 10 * Math.floor(next() ** 3 * 400)) {
    calls.push({ at, timeout: pick(205, 1505, 4005, 30_005) });
  }
  const answers = Array.from({ length: 200 }, () => ({
    after: pick(13, 13, 13, 113, 1213, 7013, 12_013),
    fails: next() < 0.25,
    repeats: next() < 0.15,
    life: pick(500, 2000, 5000, 20_000, undefined),
  }));
  const revocations = next() < 0.5 ? [] : [pick(1007, 3007, 9007), pick(15_007, 40_007)];
  return { calls, answers, revocations };
}

/** Which of the tokens issued at these times the server accepts. */
const takes = ({ revocations }, issued, now) => !revocations.some((at) => issued < at && at <= now);

/** The client's behaviour. */
async function play({ calls, answers, revocations }, jumps = []) {
  const time = new VirtualTime();
  time.install();
  const [questions, unhandled, ends, issuedAt] = [[], [], [], new Map()];
  const onUnhandled = (error) => unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  try {
    let last;
    const issue = (life, repeats) => {
      if (!repeats || last === undefined) {
        last = {
          token: `fake-token-of-the-model-${issuedAt.size}`,
          until: life === undefined ? Infinity : time.now + life,
        };
        issuedAt.set(last.token, { at: time.now, until: last.until });
      }
      // The vault's clock is right, the client's may be wrong.
      return { token: last.token, expiresAt: last.until === Infinity ? undefined : 1_700_000_000_000 + last.until };
    };
    const token = async () => {
      const { after, fails, repeats, life } = answers[questions.length];
      questions.push({ at: time.now, fails });
      await time.sleep(after);
      if (fails) throw new Error("the vault is down");
      return issue(life, repeats);
    };
    const fetch = async (_, init) => {
      const { at, until } = issuedAt.get(init.headers.authorization.slice("Bearer ".length));
      const isGood = time.now < until && takes({ revocations }, at, time.now);
      return Response.json({ token: [...issuedAt.keys()].length }, { status: isGood ? 200 : 401 });
    };
    const client = new Client({ token, fetch, baseURL: "https://worker.example/v2" });
    for (const [number, { at, timeout }] of calls.entries()) {
      time.at(at, () => {
        client.get("/users", { timeout }).then(
          () => (ends[number] = { at: time.now, end: "ok" }),
          ({ code, kind }) => (ends[number] = { at: time.now, end: kind === "unauthorized" ? kind : code }),
        );
      });
    }
    for (const { at, by } of jumps) time.at(at, () => time.jump(by));
    await time.run();
    client.close();
    assertNoOpenCalls();
    assert.equal(time.waiting, 0);
  } finally {
    time.uninstall();
    process.off("unhandledRejection", onUnhandled);
  }
  assert.deepEqual(unhandled, []);
  return { questions, ends };
}

/** The expected behaviour: the rules without promises. Undefined if too much happens at once. */
function reference({ calls, answers, revocations }) {
  const questions = [];
  const ends = [];
  let held;
  let last;
  let issued = 0;
  let free = 0;
  let least = 0;
  let pending = calls.map((call, number) => ({ ...call, number, state: "new" }));
  const ask = (now, refused) => {
    const { after, fails, life, repeats } = answers[questions.length];
    const number = questions.length;
    questions.push({ at: now, fails, answersAt: now + after, life, repeats, number, refused, state: "open" });
    free = now + HOLD;
    return number;
  };
  const latest = () => questions.at(-1);
  const isJoinable = (now) => latest()?.state === "open" && now < latest().at + HUNG;
  const later = () =>
    Math.min(
      ...pending.flatMap(({ at, timeout, until = Infinity, state }) =>
        state === "new" ? [at] : [at + timeout, until],
      ),
      ...questions.flatMap(({ state, answersAt }) => (state === "open" ? [answersAt] : [])),
    );
  for (let now = 0; now !== Infinity; now = Math.max(now + 1, later())) {
    const happens = new Set();
    for (const question of questions) {
      if (question.state !== "open" || question.answersAt !== now) continue;
      happens.add(`answer ${question.number}`);
      question.state = question.fails ? "failed" : "over";
      if (question.fails) continue;
      if (!question.repeats || last === undefined)
        last = { id: issued++, at: now, until: now + (question.life ?? Infinity) };
      if (question.number < least) continue;
      least = question.number + 1;
      const life = last.until > now ? last.until - now : Infinity;
      const isNews = held?.id !== last.id || now + life > held.end;
      held = {
        ...last,
        due: now + 0.8 * life,
        end: now + life,
        serial: (held?.serial ?? 0) + (held?.id === last.id ? 0 : 1),
      };
      question.state = "taken";
      if (isNews && !question.refused && latest() === question) free = now;
    }
    for (const call of pending) {
      if (now < call.at) continue;
      const end = (how) => {
        ends[call.number] = { at: now, end: how };
        call.state = "over";
      };
      const send = (again) => {
        call.serial = held.serial;
        call.again = again;
        if (now < held.until && takes({ revocations }, held.at, now)) return end("ok");
        if (again) return end("unauthorized");
        refused(now);
      };
      const refused = () => {
        if (isJoinable(now)) call.waitsFor = latest().number;
        else if (now >= free) call.waitsFor = ask(now, true);
        else return end("unauthorized");
        questions[call.waitsFor].refused = true;
        call.state = "refused";
        call.until = questions[call.waitsFor].at + HUNG;
      };
      const need = () => {
        if (held !== undefined && now < held.end) {
          if (now >= held.due && !isJoinable(now) && now >= free) ask(now, false);
          return send(false);
        }
        if (isJoinable(now)) call.waitsFor = latest().number;
        else if (now >= free) call.waitsFor = ask(now, false);
        else call.waitsFor = undefined;
        call.state = "waits";
        call.until = call.waitsFor === undefined ? free : questions[call.waitsFor].at + HUNG;
      };
      if (call.state === "new") {
        happens.add("call");
        need();
        continue;
      }
      const own = questions[call.waitsFor];
      // A valid result serves every waiting call, whichever request it belongs to.
      const isTaken = questions.some(({ state, answersAt }) => state === "taken" && answersAt === now);
      if (now >= call.at + call.timeout) {
        happens.add("timeout");
        end("key_provider_timeout");
      } else if (own?.state === "failed" && own.answersAt === now) end("key_provider_failed");
      else if (isTaken) {
        if (call.state === "waits") send(false);
        else if (held.serial === call.serial) end("unauthorized");
        else send(true);
      } else if (own?.state === "over" && own.answersAt === now) {
        if (call.state === "waits") need();
        else refused();
      } else if (now >= call.until) {
        happens.add("pause");
        if (call.state === "waits") need();
        else refused();
      }
    }
    pending = pending.filter(({ state }) => state !== "over");
    if (happens.size > 1) return undefined;
  }
  return { questions: questions.map(({ at, fails }) => ({ at, fails })), ends };
}

test("requests and expiries match a reference that recomputes everything each time", async () => {
  let compared = 0;
  const seen = new Set();
  for (let seed = 1; seed <= 150; seed++) {
    const made = world(seed);
    const expected = reference(made);
    if (expected === undefined) continue;
    compared++;
    assert.deepEqual(await play(made), expected, `seed ${seed}`);
    for (const { end } of expected.ends) seen.add(end);
  }
  assert.ok(compared > 60, `${compared} of 150 compared`);
  assert.deepEqual([...seen].sort(), ["key_provider_failed", "key_provider_timeout", "ok", "unauthorized"]);
});

test("a vault that fails, has nothing new or is refused is asked at most once a second; no call exceeds its timeout", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const made = world(1000 + seed);
    const { questions, ends } = await play(made);
    for (const [index, { at }] of questions.entries()) {
      if (index > 0 && questions[index - 1].fails && at - questions[index - 1].at < HOLD)
        assert.fail(`seed ${seed}, at ${at}`);
    }
    for (const [number, { at, timeout }] of made.calls.entries())
      assert.ok(ends[number].at <= at + timeout, `seed ${seed}`);
  }
});

test("with a vault that answers, no call fails, whichever way and how far the clock jumps", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const next = random(seed);
    const answers = Array.from({ length: 300 }, () => ({ after: 13, fails: false, repeats: false, life: 3000 }));
    const calls = Array.from({ length: 60 }, (_, number) => ({ at: number * 250, timeout: 30_005 }));
    const jumps = Array.from({ length: 4 }, () => ({
      at: Math.floor(next() * 15_000) + 0.5,
      by: (next() < 0.5 ? -1 : 1) * Math.floor(10 ** (1 + next() * 8)),
    }));
    const { questions, ends } = await play({ calls, answers, revocations: [] }, jumps);
    for (const [number, { at, end }] of ends.entries()) {
      // For a call in progress, a clock that jumps ahead counts as passed time.
      const isHit = jumps.some((jump) => jump.by > 0 && jump.at >= calls[number].at && jump.at <= at);
      assert.ok(end === "ok" || (isHit && /timeout$/.test(end)), `seed ${seed}, call ${number}: ${end}`);
    }
    // One every 2.4 s of 15, one more for each jump, and one more where a jump hides the end of what was issued then.
    assert.ok(questions.length <= 7 + 3 * jumps.length, `seed ${seed}: ${questions.length} questions`);
  }
});

/** Random calls of refreshCredentials, alone and in storms, beside calls, with a vault of one of these moods. */
async function refreshing(seed, mood) {
  const next = random(seed);
  const below = (bound) => Math.floor(next() * bound);
  const time = new VirtualTime();
  time.install();
  const [questions, refreshes, sent] = [[], [], []];
  try {
    const token = async () => {
      const question = {
        at: time.now,
        answered: Infinity,
        fails: mood === "down" || (mood === "mixed" && next() < 0.3),
      };
      questions.push(question);
      await time.sleep([3, 40, 400, 1500][below(4)]);
      question.answered = time.now;
      if (question.fails) throw new Error("down");
      return mood === "same" ? "fake-token-same" : `fake-token-${questions.indexOf(question)}`;
    };
    const fetch = async (_, init) => {
      sent.push({ at: time.now, number: Number(init.headers.authorization.split("-").at(-1)) });
      return Response.json([]);
    };
    const client = new Client({ token, fetch, baseURL: "https://worker.example/v2", timeout: 20_000 });
    let last = 0;
    for (let burst = 0; burst < 12; burst++) {
      last += 10 * below(250);
      for (let count = 1 + below(2) * below(30); count > 0; count--, last += below(2) * below(30)) {
        const refresh = { at: last, end: undefined };
        refreshes.push(refresh);
        time.at(last, async () => {
          await client.refreshCredentials().catch(({ code }) => (refresh.failed = code));
          refresh.end = time.now;
        });
      }
    }
    const calls = Array.from({ length: 30 }, () => ({ at: below(last) + 0.5 }));
    for (const call of calls) {
      time.at(call.at, () =>
        client.get("/users").then(
          () => (call.end = "ok"),
          ({ code }) => (call.end = code),
        ),
      );
    }
    await time.run();
    client.close();
    assert.equal(time.waiting, 0);
    return { questions, refreshes, sent, calls };
  } finally {
    time.uninstall();
  }
}

for (const mood of ["new", "same", "down", "mixed"]) {
  test(`refreshCredentials, in storms too, gets a credential requested afterwards; the vault: ${mood}`, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const what = `seed ${seed}`;
      const { questions, refreshes, sent, calls } = await refreshing(seed, mood);
      for (const { at, end, failed } of refreshes) {
        assert.ok(end !== undefined, what);
        if (failed !== undefined) assert.ok(mood === "down" || mood === "mixed", `${what}: ${failed}`);
        else
          assert.ok(
            questions.some((one) => !one.fails && one.at >= at && one.answered <= end),
            `${what}: refreshed at ${at}, until ${end}`,
          );
      }
      // No request uses a credential from before the last refresh.
      for (const { at, number } of mood === "new" || mood === "mixed" ? sent : []) {
        const since = Math.max(0, ...refreshes.filter((one) => one.at <= at).map((one) => one.at));
        assert.ok(questions[number].at >= since, `${what}: at ${at} of ${questions[number].at}, not of ${since}`);
      }
      for (const { end } of calls) assert.ok(end === "ok" || mood === "down" || mood === "mixed", `${what}: ${end}`);
      // Each second, one request for the first refresh, one for all that came during it, and one for calls.
      if (mood === "new") continue;
      for (const { at } of questions)
        assert.ok(questions.filter((one) => one.at >= at && one.at < at + HOLD).length <= 3, `${what}: at ${at}`);
    }
  });
}
