// The mock answers every operation of openapi/attention.v2.yaml according to the description.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testing } from "./bundle.mjs";
import { api, fill, identifiers, operations, requests } from "./calls.mjs";
import { assertDescribed, bodyError, exampleError, expectedGuesses } from "./described.mjs";

const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;

/** The operation's call, on a mock with these options. */
async function called(operation, options, key) {
  const mock = mockAttention(options);
  const ids = await identifiers(mock, MOCK_USER_API_KEY);
  const { body, query } = requests[operation.operationId]?.(ids) ?? {};
  const own = operation["x-key-level"] === "user" ? MOCK_USER_API_KEY : MOCK_API_KEY;
  const response = await mock.fetch(
    `https://api.attention.tech/v2${fill(operation.path, ids)}${query ? `?${query}` : ""}`,
    {
      method: operation.method.toUpperCase(),
      headers: { authorization: `Bearer ${key ?? own}` },
      ...(body && { body: JSON.stringify(body) }),
    },
  );
  const answer = {
    status: response.status,
    type: response.headers.get("content-type"),
    body: await response.text(),
  };
  return { answer, sent: body, guesses: mock.requests.at(-1).guesses };
}

for (const operation of operations) {
  const { operationId, method, path } = operation;
  test(`${operationId}: ${method.toUpperCase()} ${path}`, async () => {
    const { answer, sent, guesses } = await called(operation);
    assert.ok(answer.status < 300, `${answer.status} ${answer.body}`);
    assertDescribed(operation, answer);
    assert.deepEqual(guesses, expectedGuesses(operation, answer));
    if (sent !== undefined) assert.equal(bodyError(operation, sent), undefined);
  });
}

/** Every choice of every guess. */
const CHOICES = {
  successStatus: [200, 201, 202],
  emptyStatus: [200, 202, 204],
  invalidStatus: [400, 422],
  wrongLevelStatus: [401, 403],
  noRecordingStatus: [403, 404],
  noSubjectStatus: [400, 500],
  transcript: ["asked", "turns", "text", "object", "null"],
  emptyHistory: ["null", "list"],
  keyDeletion: ["any", "query"],
};

describe("guesses that were chosen otherwise keep to the description too", () => {
  // Guesses are independent: each round uses another choice of each guess.
  const rows = Math.max(...Object.values(CHOICES).map(({ length }) => length));
  for (let row = 0; row < rows; row++) {
    const guesses = Object.fromEntries(
      Object.entries(CHOICES).map(([name, values]) => [name, values[row % values.length]]),
    );
    test(JSON.stringify(guesses), async () => {
      for (const operation of operations) {
        const { answer } = await called(operation, { guesses, conversations: 60 });
        assert.ok(answer.status < 300, `${operation.operationId}: ${answer.status} ${answer.body}`);
        assertDescribed(operation, answer);
      }
    });
  }

  test("a choice that is none names itself", () => {
    assert.throws(
      () => mockAttention({ guesses: { successStatus: 404 } }),
      /guesses: successStatus must be 200 or 201/,
    );
    assert.throws(() => mockAttention({ guesses: { sucess: 200 } }), /guesses: unknown option sucess/);
  });
});

test("operations for one level of key refuse the other, with the status that was chosen", async () => {
  const limited = operations.filter((operation) => ["user", "organization"].includes(operation["x-key-level"]));
  assert.equal(limited.length, 8);
  for (const operation of limited) {
    const other = operation["x-key-level"] === "user" ? MOCK_API_KEY : MOCK_USER_API_KEY;
    for (const wrongLevelStatus of [undefined, 401, 403]) {
      const { answer } = await called(operation, { guesses: { wrongLevelStatus } }, other);
      assert.equal(answer.status, wrongLevelStatus ?? 403, operation.operationId);
      assertDescribed(operation, answer);
    }
  }
});

describe("the examples of the description are such as it allows", () => {
  const schemas = Object.entries(api.components.schemas);
  const given = schemas.flatMap(([name, { examples = [] }]) => examples.map((example) => [name, example]));
  test("there are some", () => assert.ok(given.length > 30, `${given.length}`));
  for (const [name, example] of given) {
    test(name, () => assert.equal(exampleError(name, example), undefined));
  }
});
