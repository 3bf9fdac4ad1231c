/** SCIM 2.0 (RFC 7644): users and groups, for identity providers. */

import { OPERATIONS } from "./operations.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import { faultOf, pruned, type Shape } from "./shape.js";
import type { World } from "./world.js";

const CORE = "urn:ietf:params:scim:schemas:core:2.0";

export function scimRoutes(world: World): readonly Route[] {
  const users: JsonObject[] = world.users.map(({ uuid, email, firstName, lastName }) => ({
    schemas: [`${CORE}:User`],
    id: uuid,
    userName: email,
    displayName: `${firstName} ${lastName}`,
    name: { givenName: firstName, familyName: lastName },
    active: true,
    emails: [{ value: email, type: "work", primary: true }],
    groups: [],
    meta: { resourceType: "User" },
  }));
  const groups: JsonObject[] = world.teams.map((team) => ({
    schemas: [`${CORE}:Group`],
    id: team.uuid,
    displayName: team.name,
    members: world.users
      .filter(({ teams }) => teams.includes(team))
      .map(({ uuid, email }) => ({ value: uuid, display: email })),
  }));
  return [
    {
      method: "GET",
      path: "/scim/ServiceProviderConfigs",
      // As in the documentation's sample, although PATCH is documented.
      answer: () => ({
        schemas: [`${CORE}:ServiceProviderConfig`],
        patch: { supported: false },
        bulk: { supported: false },
        filter: { supported: false },
      }),
    },
    ...resources(world, "/scim/Users", "User", users),
    ...resources(world, "/scim/Groups", "Group", groups),
  ];
}

function resources(world: World, path: string, kind: "User" | "Group", all: JsonObject[]): readonly Route[] {
  const find = (call: Call) => {
    const index = all.findIndex(({ id }) => id === call.param("id"));
    if (index < 0) throw new Refused(404, `${kind} not found`);
    return index;
  };
  const schemas = [`${CORE}:${kind}`];
  return [
    {
      method: "GET",
      path,
      answer: () => ({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        totalResults: all.length,
        startIndex: 1,
        itemsPerPage: all.length,
        Resources: all,
      }),
    },
    {
      method: "POST",
      path,
      answer({ body, guesses }) {
        const name = kind === "User" ? "userName" : "displayName";
        if (body[name] === undefined) throw new Refused(guesses.invalidStatus, `${name} is required`);
        const made = { schemas, ...body, id: world.dice.uuid() };
        all.push(made);
        return made;
      },
    },
    { method: "GET", path: `${path}/{id}`, answer: (call) => all[find(call)] },
    {
      method: "PUT",
      path: `${path}/{id}`,
      answer(call) {
        const index = find(call);
        all[index] = { schemas, ...call.body, id: call.param("id") };
        return all[index];
      },
    },
    {
      method: "PATCH",
      path: `${path}/{id}`,
      answer(call) {
        const index = find(call);
        const { invalidStatus } = call.guesses;
        const { body: shape } = OPERATIONS[`PUT ${path}/{id}`]!;
        const operations = (call.body.Operations ?? []) as readonly JsonObject[];
        // All of them or none (RFC 7644, section 3.5.2).
        const changed = operations.reduce((held, each) => applied(held, each, invalidStatus), all[index]!);
        const fault = faultOf(changed, shape as Shape, "");
        if (fault !== undefined) throw new Refused(invalidStatus, fault);
        all[index] = { ...(pruned(changed, shape) as JsonObject), id: call.param("id") };
        return all[index];
      },
    },
  ];
}

/** One step of a PATCH, with a simple attribute path, the usual form of identity providers. */
function applied(resource: JsonObject, { op, path, value }: JsonObject, status: number): JsonObject {
  const simple = typeof path === "string" && /^[A-Za-z]+$/.test(path) ? path : undefined;
  if (path !== undefined && simple === undefined) {
    throw new Refused(status, "The mock supports only simple attribute paths");
  }
  if (op === "remove") {
    if (simple === undefined) throw new Refused(status, "remove needs a path");
    return Object.fromEntries(Object.entries(resource).filter(([name]) => name !== simple));
  }
  if (op !== "add" && op !== "replace") throw new Refused(status, "op must be add, remove or replace");
  if (simple !== undefined) return Object.fromEntries([...Object.entries(resource), [simple, value]]);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refused(status, "value must be an object");
  }
  return Object.fromEntries([...Object.entries(resource), ...Object.entries(value)]);
}
