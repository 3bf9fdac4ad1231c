// Checks whether openapi/attention.v2.yaml allows a response. ajv reads the file itself, independently of the mock.
import assert from "node:assert/strict";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { api } from "./calls.mjs";

/** SCIM extensions are members with the name of their schema. */
const URNS = { "^urn:": {} };

/** Two readings of the description: as written, and without undescribed members and values. */
const open = validator(api);
const closed = validator(narrowed(api));
/** The required members for a mock, without those of inferred operations or inferred members. */
const lenient = validator(unrequired(api));

/** The error of a value at a JSON pointer of the description, as text; undefined when there is none. */
function validator(document) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
  addFormats(ajv);
  ajv.addSchema(document, "api");
  const compiled = new Map();
  return (pointer, value) => {
    if (!compiled.has(pointer)) compiled.set(pointer, ajv.compile({ $ref: `api#${pointer}` }));
    const validate = compiled.get(pointer);
    return validate(value) ? undefined : JSON.stringify(validate.errors.slice(0, 3), null, 1);
  };
}

/** The same schemas, in which objects with named members have no others, and open enumerations are closed. */
function narrowed(node) {
  return mapped(node, (schema) => ({
    ...schema,
    ...(schema.type === "object" && schema.properties && { additionalProperties: false, patternProperties: URNS }),
    ...(schema["x-extensible-enum"] && { enum: schema["x-extensible-enum"] }),
  }));
}

function unrequired(document) {
  const without = (isNeeded) => (node) =>
    mapped(node, (schema) => {
      if (!Array.isArray(schema.required)) return schema;
      return { ...schema, required: schema.required.filter((name) => isNeeded(schema.properties?.[name])) };
    });
  const read = without((member) => member?.["x-confidence"] !== "inferred")(document);
  for (const operation of Object.values(read.paths).flatMap((item) => Object.values(item))) {
    if (operation["x-confidence"] !== "inferred" || operation.requestBody === undefined) continue;
    const content = operation.requestBody.content["application/json"];
    content.schema = without(() => false)(read.components.schemas[content.schema.$ref.split("/").at(-1)]);
  }
  return read;
}

/** Every object of the document, the inner ones first. */
function mapped(node, change) {
  if (Array.isArray(node)) return node.map((each) => mapped(each, change));
  if (typeof node !== "object" || node === null) return node;
  return change(Object.fromEntries(Object.entries(node).map(([name, value]) => [name, mapped(value, change)])));
}

const part = (text) => encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"));
const place = ({ path, method }) => `/paths/${part(path)}/${method}`;

/** Throws unless the operation allows this response. `body` is the text of its body. */
export function assertDescribed({ operationId, responses, ...operation }, { status, type, body }) {
  const name = [String(status), `${Math.floor(status / 100)}XX`, "default"].find((each) => each in responses);
  assert.ok(name, `${operationId}: ${status} is not among ${Object.keys(responses)}`);
  assert.ok(name !== "default" || status >= 300, `${operationId}: ${status} is no success that the description has`);
  if (status >= 300) {
    assert.equal(typeof JSON.parse(body).message, "string");
    return;
  }
  const { content } = responses[name];
  if (content === undefined) {
    assert.equal(body, "", `${operationId}: no body is described for ${status}`);
    return;
  }
  assert.equal(type, "application/json", operationId);
  const pointer = `${place(operation)}/responses/${name}/content/application~1json/schema`;
  const value = JSON.parse(body);
  for (const validate of [open, closed]) {
    const error = validate(pointer, value);
    assert.equal(error, undefined, `${operationId}: ${error}\n${body.slice(0, 500)}`);
  }
}

/** Why the description does not allow the body of a request; undefined when it does. */
export function bodyError(operation, value) {
  if (operation.requestBody === undefined) return undefined;
  return lenient(`${place(operation)}/requestBody/content/application~1json/schema`, value);
}

/** Why an example does not match its schema. */
export function exampleError(name, value) {
  return open(`/components/schemas/${part(name)}`, value) ?? closed(`/components/schemas/${part(name)}`, value);
}

/** Every schema of the operation's responses. */
function* schemasOf(node, seen = new Set()) {
  if (typeof node !== "object" || node === null || seen.has(node)) return;
  seen.add(node);
  if (node.$ref) yield* schemasOf(api.components.schemas[node.$ref.split("/").at(-1)], seen);
  yield node;
  for (const each of Object.values(node)) yield* schemasOf(each, seen);
}

const inferred = new Map();

/** Whether the operation, or a member of its response, is undocumented. */
function isInferred({ operationId, responses, "x-confidence": confidence }) {
  if (!inferred.has(operationId)) {
    const successes = Object.entries(responses).filter(([status]) => status.startsWith("2"));
    const members = successes.flatMap(([, response]) => [...schemasOf(response.content)]);
    const marks = [confidence, ...members.map((schema) => schema["x-confidence"])];
    inferred.set(operationId, marks.includes("inferred"));
  }
  return inferred.get(operationId);
}

/** The guessed parts of a response: its status, its body, or parts of its body are undocumented. */
export function expectedGuesses(operation, { status, body }) {
  return [
    ...(String(status) in operation.responses ? [] : ["status"]),
    ...(body !== "" && (status >= 300 || isInferred(operation)) ? ["body"] : []),
  ];
}
