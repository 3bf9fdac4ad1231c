/** SCIM 2.0 (RFC 7644): users and groups, for identity providers. */

import { json } from "../answer.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
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
      answer: () =>
        json({
          schemas: [`${CORE}:ServiceProviderConfig`],
          patch: { supported: true },
          bulk: { supported: false },
          filter: { supported: false, maxResults: 0 },
        }),
    },
    ...resources(world, "/scim/Users", "User", users),
    ...resources(world, "/scim/Groups", "Group", groups),
  ];
}

function resources(world: World, path: string, kind: "User" | "Group", all: JsonObject[]): readonly Route[] {
  const find = (call: Call) => {
    const index = all.findIndex(({ id }) => id === call.param("id"));
    if (index < 0) throw new Refused(404, `There is no such ${kind}`);
    return index;
  };
  return [
    {
      method: "GET",
      path,
      answer: () =>
        json({
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
      async answer(call) {
        const body = await call.object(kind === "User" ? { userName: "string!" } : { displayName: "string!" });
        const made = { schemas: [`${CORE}:${kind}`], ...body, id: world.dice.uuid() };
        all.push(made);
        return json(made, 201);
      },
    },
    { method: "GET", path: `${path}/{id}`, answer: (call) => json(all[find(call)]) },
    {
      method: "PUT",
      path: `${path}/{id}`,
      async answer(call) {
        const index = find(call);
        all[index] = { schemas: [`${CORE}:${kind}`], ...(await call.object()), id: call.param("id") };
        return json(all[index]);
      },
    },
    {
      method: "PATCH",
      path: `${path}/{id}`,
      async answer(call) {
        const resource = all[find(call)]!;
        const { Operations } = await call.object({ Operations: "array!" });
        for (const operation of Operations as JsonObject[]) apply(resource, operation);
        return json(resource);
      },
    },
  ];
}

/** One step of a PATCH: the simple attribute paths, which are what identity providers send most. */
function apply(resource: JsonObject, { op, path, value }: JsonObject): void {
  const simple = typeof path === "string" && /^[A-Za-z]+$/.test(path) ? path : undefined;
  if (path !== undefined && simple === undefined) throw new Refused(400, "The mock knows simple attribute paths only");
  if (simple === undefined && (typeof value !== "object" || value === null))
    throw new Refused(400, "value must be an object");
  switch (String(op).toLowerCase()) {
    case "remove":
      if (simple === undefined) throw new Refused(400, "remove needs a path");
      delete resource[simple];
      return;
    case "add":
    case "replace":
      Object.assign(resource, simple === undefined ? value : { [simple]: value });
      return;
    default:
      throw new Refused(400, "op must be add, remove or replace");
  }
}
