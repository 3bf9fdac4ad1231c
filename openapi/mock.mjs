// The mock's (pkg/testing) data from the description: documented statuses, key levels and the schemas of requests, so
// that the mock has no rules of its own about them.
import { api, operations } from "./describe.mjs";

/** The file pkg/testing/api/operations.ts. */
export function mockTable(note) {
  const entries = operations.map((operation) => [`${operation.method} ${operation.path}`, described(operation)]);
  return [
    `/**\n * ${note}\n *\n * @module\n */\n`,
    'import type { Operation } from "./operation.js";\n',
    "/** Every operation of the description, by method and path below the base. */",
    `export const OPERATIONS: { readonly [operation: string]: Operation } = ${JSON.stringify(Object.fromEntries(entries))};`,
    "",
  ].join("\n");
}

function described({ method, path, confidence, keyLevel }) {
  const { responses, parameters = [], requestBody } = api.paths[path][method.toLowerCase()];
  const isInferred = confidence === "inferred";
  const query = parameters.filter((parameter) => parameter.in === "query");
  const body = requestBody?.content["application/json"].schema;
  return {
    shown: Object.keys(responses)
      .filter((status) => /^\d+$/.test(status))
      .map(Number),
    level: keyLevel,
    isInferred: isInferred || isPartlyInferred(responses),
    query: Object.fromEntries(query.map(({ name, schema, required }) => [name, parameter(schema, required)])),
    ...(body && { body: shape(body, isInferred), needsBody: requestBody.required === true }),
  };
}

/** Whether a successful response has an undocumented part, at any depth. */
function isPartlyInferred(responses) {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  const seen = new Set();
  const isFound = (node) => {
    if (typeof node !== "object" || node === null || seen.has(node)) return false;
    seen.add(node);
    if (node["x-confidence"] === "inferred") return true;
    return (node.$ref !== undefined && isFound(resolved(node))) || Object.values(node).some(isFound);
  };
  return successes.some(([, { content }]) => isFound(content));
}

function parameter(schema, required) {
  const { type, format, minimum, maximum, maxItems, enum: values, items } = resolved(schema);
  const enumeration = values ?? items?.enum;
  return { type, format, minimum, maximum, maxItems, enum: enumeration, ...(required && { required }) };
}

const CHECKED = ["type", "format", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];

/**
 * A schema without descriptions. The mock does not require undocumented members: those of operations whose page was
 * not available, and inferred members.
 */
function shape(schema, isInferred) {
  const found = resolved(schema);
  const { properties, items, required = [], minProperties } = found;
  const isRead = (name) => !isInferred && properties?.[name]?.["x-confidence"] !== "inferred";
  const needed = required.filter(isRead);
  return {
    ...Object.fromEntries(CHECKED.filter((name) => name in found).map((name) => [name, found[name]])),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, shape(each, isInferred)])),
    }),
    ...(items && { items: shape(items, isInferred) }),
    ...(needed.length > 0 && { required: needed }),
    ...(minProperties && { minProperties }),
  };
}

function resolved(schema) {
  if (schema.$ref === undefined) return schema;
  return resolved(api.components.schemas[schema.$ref.replace("#/components/schemas/", "")]);
}
