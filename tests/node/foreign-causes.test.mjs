// Redaction of foreign causes: generated objects of this realm and another with a key somewhere in them, compared with
// the output of Node's own `inspect`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { random } from "../random.mjs";
import { attention, FAKE_KEY, rejection } from "./fixture.mjs";

const { Attention } = attention;
const FOREIGN = runInNewContext("globalThis");
const EVERYTHING = {
  depth: Infinity,
  showHidden: true,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Infinity,
  compact: false,
};
const shown = (value) => inspect(value, EVERYTHING);

const withCustomText = (text) => ({ [inspect.custom]: () => `seen(${text})` });

/** Each contains a value somewhere. `text` accepts only strings. */
function holders(realm) {
  const error = (made, held) => realm.Object.assign(made, { held });
  return {
    value: [
      (held) => realm.Object.assign(new realm.Object(), { held }),
      (held) => realm.Array.of(1, held),
      (held) => new realm.Map([["name", held]]),
      (held) => new realm.Map([[held, "name"]]),
      (held) => new realm.Set([held]),
      (held) => new realm.Error("failed", { cause: held }),
      (held) => error(new realm.Error("failed"), held),
      (held) => error(new realm.Date(0), held),
      (held) => error(() => 0, held),
      (held) => realm.Object.assign(realm.Object.create(null), { held }),
      (held) => realm.Object.defineProperty({}, "hidden", { value: held, enumerable: false }),
      (held) => ({ [realm.Symbol("name")]: held }),
      (held) => new AggregateError([held], "failed"),
      (held) => {
        const made = error(new realm.Error("failed"), held);
        return realm.Object.assign(made, { cause: made });
      },
    ],
    text: [
      (text) => new realm.Error(text),
      (text) => error(new realm.Error("failed"), text),
      (text) => new realm.RegExp(text),
      (text) => new realm.String(text),
      (text) => realm.Symbol(text),
      (text) => ({ [text]: 1 }),
      (text) => ({ [realm.Symbol(text)]: 1 }),
      (text) => realm.Object.defineProperty(() => 0, "name", { value: text }),
    ],
  };
}

/** Objects that only the runtime can make. */
const WEB = [
  (text) => new Headers({ authorization: text }),
  (text) => new Request("http://127.0.0.1/", { headers: { authorization: text } }),
  (text) => new Request(`http://127.0.0.1/?key=${text}`),
  (text) => new Response("", { headers: { "x-echo": text } }),
  (text) => new URL(`http://127.0.0.1/?key=${text}`),
  (text) => new URLSearchParams({ key: text }),
  (text) => new DOMException(text, "NetworkError"),
  (text) => new File([], text),
  (text) => {
    const form = new FormData();
    form.set("key", text);
    return form;
  },
  withCustomText,
];

const OWN = holders(globalThis);
const OTHER = holders(FOREIGN);
const VALUES = [...OWN.value, ...OTHER.value];
const TEXTS = [...OWN.text, ...OTHER.text, ...WEB, (text) => text, (text) => `Bearer ${text}`];

/** The error of a call whose `fetch` throws that. */
async function errorOf(cause) {
  const client = new Attention({
    apiKey: FAKE_KEY,
    maxRetries: 0,
    fetch: () => Promise.reject(cause),
  });
  return rejection(client.get("/things")).finally(() => client.close());
}

test("a key anywhere in an exception of fetch is not printed; exceptions without one are kept", async () => {
  const pick = random(20_261_129);
  let held = 0;
  for (let round = 0; round < 600; round++) {
    const isSecret = round % 3 !== 0;
    const names = [];
    const one = (list) => {
      const at = Math.floor(pick() * list.length);
      names.push(at);
      return list[at];
    };
    let cause = one(TEXTS)(isSecret ? FAKE_KEY : "nothing-to-hide");
    for (let depth = Math.floor(pick() * 4); depth > 0; depth--) cause = one(VALUES)(cause);
    const what = `round ${round}: ${names.join(" in ")}`;
    const before = shown(cause);
    assert.equal(before.includes(FAKE_KEY), isSecret, `${what}: the generator shows what it means to: ${before}`);
    const error = await errorOf(cause);
    assert.ok(!shown(error).includes(FAKE_KEY), `${what}: ${shown(error)}`);
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(FAKE_KEY), what);
    if (isSecret) held++;
    else assert.equal(error.cause, cause, `${what}: kept as it was`);
  }
  assert.ok(held > 300);
});

/** Content that only JSON or text shows, not a console. */
const QUIET = {
  "a getter": (text) => ({
    get held() {
      return text;
    },
  }),
  "an error's getter": (text) => Object.defineProperty(new Error("failed"), "config", { get: () => text }),
  "a cause that is a getter": (text) => Object.defineProperty(new Error("failed"), "cause", { get: () => text }),
  "a toJSON of its own": (text) => ({ toJSON: () => ({ held: text }) }),
  "a toJSON of its class": (text) => {
    class Failure extends Error {
      #held = text;
      toJSON() {
        return { held: this.#held };
      }
    }
    return new Failure("failed");
  },
  "a text of its class": (text) => {
    class Failure extends Error {
      #held = text;
      toString() {
        return this.#held;
      }
    }
    return new Failure("failed");
  },
};

test("nor is one that only shows in JSON or as text", async () => {
  const told = (value) => `${JSON.stringify(value)} ${value} ${value?.cause} ${value?.config}`;
  for (const [what, made] of Object.entries(QUIET)) {
    assert.ok(told(made(FAKE_KEY)).includes(FAKE_KEY), what);
    assert.ok(!told((await errorOf(made(FAKE_KEY))).cause).includes(FAKE_KEY), what);
    const deep = await errorOf(Object.assign(new Error("failed"), { list: [made(FAKE_KEY)] }));
    assert.ok(!told(deep.cause?.list?.[0]).includes(FAKE_KEY), `${what}, deep`);
    const harmless = made("nothing-to-hide");
    assert.equal((await errorOf(harmless)).cause, harmless, `${what}: kept as it was`);
  }
});
