// The mock answers every operation of openapi/attention.v2.yaml, in its shapes.
import assert from "node:assert/strict";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { testing } from "./bundle.mjs";
import { api, caller, fill, identifiers, operations, requests } from "./calls.mjs";

const { mockAttention, MOCK_API_KEY, MOCK_USER_API_KEY } = testing;

/** Two readings of the document: as written, and without room for fields that it does not name. */
const open = validator(api);
const closed = validator(closeObjects(api));

/** Fields that the mock needs to be of use, though no page was read that names them. */
const UNNAMED = { changeConversationLabels: ["labels"], updateConversation: ["labels"] };

test("the description has operations", () => assert.ok(operations.length >= 80, `${operations.length} operations`));

for (const operation of operations) {
  const { operationId, method, path, responses } = operation;
  test(`${operationId}: ${method.toUpperCase()} ${path}`, async () => {
    const mock = mockAttention();
    const ids = await identifiers(mock, MOCK_USER_API_KEY);
    const call = caller(mock, operation["x-key-level"] === "user" ? MOCK_USER_API_KEY : MOCK_API_KEY);
    const { body, query } = requests[operationId]?.(ids) ?? {};
    const response = await call(method, `${fill(path, ids)}${query ? `?${query}` : ""}`, body);
    assert.ok(response.ok, `${response.status} ${JSON.stringify(response.body)}`);
    const name = [String(response.status), "2XX"].find((each) => each in responses);
    assert.ok(name, `${response.status} is not among ${Object.keys(responses)}`);
    if (responses[name].content === undefined) return assert.equal(response.body, undefined);
    const pointer = `/paths/${pointerPart(path)}/${method}/responses/${name}/content/application~1json/schema`;
    open(pointer, response.body);
    closed(pointer, without(response.body, UNNAMED[operationId]));
  });
}

test("operations for one level of key refuse the other", async () => {
  const mock = mockAttention();
  const limited = operations.filter((operation) => operation["x-key-level"]);
  assert.ok(limited.length > 0);
  for (const { path, method, operationId, "x-key-level": level } of limited) {
    const other = level === "user" ? MOCK_API_KEY : MOCK_USER_API_KEY;
    const { status } = await caller(mock, other)(
      method,
      fill(path, { session: "s" }),
      requests[operationId]?.({}).body,
    );
    assert.equal(status, 403, operationId);
  }
});

function validator(document) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
  addFormats(ajv);
  ajv.addSchema(document, "api");
  return (pointer, value) => {
    const validate = ajv.compile({ $ref: `api#${pointer}` });
    assert.ok(validate(value), JSON.stringify(validate.errors?.slice(0, 5), null, 1));
  };
}

function pointerPart(path) {
  return encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** The same schemas, where an object that names its fields has no others. */
function closeObjects(node) {
  if (Array.isArray(node)) return node.map(closeObjects);
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closeObjects(value)]));
  return copy.type === "object" && copy.properties !== undefined ? { ...copy, additionalProperties: false } : copy;
}

function without(value, names = []) {
  return JSON.parse(JSON.stringify(value, (name, held) => (names.includes(name) ? undefined : held)));
}
